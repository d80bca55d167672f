-- name: signal_file_get
-- How far was a file read?
select f.key, f.path, f.head, f.head_bytes, f.position, f.tail, f.lines, f.read_at from signal_file as f
where f.namespace = :namespace and f.key = :key

-- name: signal_file_put
-- A file was read so far.
insert into signal_file ({columns of signal_file}) values ({values of signal_file})
on conflict (namespace, key) do update set path = excluded.path, head = excluded.head,
    head_bytes = excluded.head_bytes, position = excluded.position, tail = excluded.tail, lines = excluded.lines,
    read_at = excluded.read_at

-- name: log_template_of_source
-- The templates that the lines of a source may fit, the oldest first.
select {log_template as t} from log_template as t
where t.namespace = :namespace and t.source = :source and t.merged_into is null
order by t.first_at, t.id limit :limit

-- name: log_template_put
-- Lines of a template came; the first of them stays as its exemplar. A time of 0 is not known.
insert into log_template (namespace, source, id, tokens, level, error, count, first_at, last_at, exemplar, latest)
values (:namespace, :source, :id, :tokens, :level, :error, :count, :first_at, :last_at, :exemplar, :latest)
on conflict (namespace, source, id) do update set count = log_template.count + excluded.count,
    first_at = case when log_template.first_at = 0 then excluded.first_at
        when excluded.first_at = 0 then log_template.first_at
        else least(log_template.first_at, excluded.first_at) end,
    last_at = greatest(log_template.last_at, excluded.last_at),
    error = greatest(log_template.error, excluded.error), level = coalesce(excluded.level, log_template.level),
    latest = excluded.latest, merged_into = null

-- name: log_template_identify
-- What a template tells of is this error, which is this memory.
update log_template set fingerprint = :fingerprint, error_memory_id = :error_memory_id
where namespace = :namespace and source = :source and id = :id

-- name: log_template_merge
-- A template turned out to be part of a wider one, which has counted it.
update log_template set merged_into = :into, count = 0 where namespace = :namespace and source = :source and id = :id

-- name: log_template_one
-- One template as it stands.
select {log_template as t} from log_template as t
where t.namespace = :namespace and t.source = :source and t.id = :id

-- name: log_template_list
-- The templates that were seen since, those that tell of errors first, then the most frequent.
select {log_template as t} from log_template as t
where t.namespace = any (:namespaces::text[]) and t.merged_into is null and t.last_at >= :since
    and (:source::text is null or t.source = :source) and (:error = 0 or t.error = 1)
order by t.error desc, t.count desc, t.source, t.id limit :limit

-- name: log_template_since
-- When were templates last seen, of those seen since?
select t.source, t.id, t.last_at from log_template as t
where t.namespace = any (:namespaces::text[]) and t.last_at >= :since and t.merged_into is null
order by t.last_at desc limit :limit

-- name: log_count_add
-- So many lines of a template in a bucket of time.
insert into log_count ({columns of log_count}) values ({values of log_count})
on conflict (namespace, source, template_id, bucket) do update set count = log_count.count + excluded.count

-- name: log_count_move
-- The counts of a merged template are those of the wider one.
insert into log_count (namespace, source, template_id, bucket, count)
select c.namespace, c.source, :into, c.bucket, c.count from log_count as c
where c.namespace = :namespace and c.source = :source and c.template_id = :id
on conflict (namespace, source, template_id, bucket) do update set count = log_count.count + excluded.count

-- name: log_count_drop
-- They were moved.
delete from log_count where namespace = :namespace and source = :source and template_id = :id

-- name: log_count_sums
-- How often was each template seen in two stretches of time that meet?
select t.source, t.id, t.tokens, t.level, t.error, t.first_at, t.exemplar, t.error_memory_id,
    cast(sum(case when c.bucket < :at then c.count else 0 end) as bigint) as before,
    cast(sum(case when c.bucket >= :at then c.count else 0 end) as bigint) as after,
    max(case when c.bucket < :at then c.bucket end) as last_before
from log_count as c
join log_template as t on t.namespace = c.namespace and t.source = c.source and t.id = c.template_id
where c.namespace = any (:namespaces::text[]) and c.bucket >= :since and c.bucket < :until
    and (:error = 0 or t.error = 1)
group by t.source, t.id, t.tokens, t.level, t.error, t.first_at, t.exemplar, t.error_memory_id
order by after desc, t.source, t.id limit :limit

-- name: log_count_buckets
-- When were lines that say warning or worse seen?
select c.source, c.template_id, c.bucket, c.count from log_count as c
join log_template as t on t.namespace = c.namespace and t.source = c.source and t.id = c.template_id
where c.namespace = any (:namespaces::text[]) and c.bucket >= :since and c.bucket < :until
    and (t.error = 1 or t.level in ('warning', 'error', 'critical'))
order by c.bucket desc limit :limit

-- name: log_count_steps
-- How often was each of these templates seen in each step of a time?
select c.source, c.template_id, (c.bucket - :since::bigint) / :step::bigint as step,
    cast(sum(c.count) as bigint) as count
from log_count as c
where c.namespace = any (:namespaces::text[]) and c.bucket >= :since::bigint and c.bucket < :until
    and c.template_id = any (:ids::text[])
group by c.source, c.template_id, (c.bucket - :since::bigint) / :step::bigint

-- name: log_count_fold
-- Minutes long ago are kept as hours.
insert into log_count (namespace, source, template_id, bucket, count)
select c.namespace, c.source, c.template_id, c.bucket - c.bucket % :wide, sum(c.count) from log_count as c
where c.namespace = :namespace and c.bucket < :before and c.bucket % :wide <> 0
group by c.namespace, c.source, c.template_id, c.bucket - c.bucket % :wide
on conflict (namespace, source, template_id, bucket) do update set count = log_count.count + excluded.count

-- name: log_count_folded
-- They are part of their hour.
delete from log_count where namespace = :namespace and bucket < :before and bucket % :wide <> 0

-- name: metric_series_put
-- A series, and when it was last seen.
insert into metric_series ({columns of metric_series}) values ({values of metric_series})
on conflict (namespace, id) do update set first_at = least(metric_series.first_at, excluded.first_at),
    last_at = greatest(metric_series.last_at, excluded.last_at)

-- name: metric_series_ids
-- Which series are known?
select s.id from metric_series as s where s.namespace = :namespace order by s.id limit :limit

-- name: metric_series_list
-- The series that were seen since, the newest first.
select {metric_series as s} from metric_series as s
where s.namespace = any (:namespaces::text[]) and s.last_at >= :since order by s.last_at desc, s.id limit :limit

-- name: metric_series_one
-- One series.
select {metric_series as s} from metric_series as s where s.namespace = any (:namespaces::text[]) and s.id = :id

-- name: metric_point_add
-- A value of a series in a bucket of time; one that is not newer than what the bucket holds was counted before.
insert into metric_point ({columns of metric_point}) values ({values of metric_point})
on conflict (namespace, series, bucket) do update set count = metric_point.count + excluded.count,
    total = metric_point.total + excluded.total, last = excluded.last, last_at = excluded.last_at
where excluded.last_at > metric_point.last_at

-- name: metric_point_list
-- The newest points of a series in a stretch of time.
select p.bucket, p.count, p.total, p.last from metric_point as p
where p.namespace = any (:namespaces::text[]) and p.series = :series and p.bucket >= :since and p.bucket < :until
order by p.bucket desc limit :limit

-- name: metric_point_fold
-- Minutes long ago are kept as hours.
insert into metric_point (namespace, series, bucket, count, total, last, last_at)
select p.namespace, p.series, p.bucket - p.bucket % :wide, sum(p.count), sum(p.total), max(p.last), max(p.last_at)
from metric_point as p where p.namespace = :namespace and p.bucket < :before and p.bucket % :wide <> 0
group by p.namespace, p.series, p.bucket - p.bucket % :wide
on conflict (namespace, series, bucket) do update set count = metric_point.count + excluded.count,
    total = metric_point.total + excluded.total, last = excluded.last, last_at = excluded.last_at

-- name: metric_point_folded
-- They are part of their hour.
delete from metric_point where namespace = :namespace and bucket < :before and bucket % :wide <> 0

-- name: precursor_put
-- What precedes failure.
insert into precursor (namespace, id, events, operation, probability, base, cases, failed, chance, within_us, learnt_at)
values (:namespace, :id, :events, :operation, :probability, :base, :cases, :failed, :chance, :within_us, :learnt_at)
on conflict (namespace, id) do update set probability = excluded.probability, base = excluded.base,
    cases = excluded.cases, failed = excluded.failed, chance = excluded.chance, within_us = excluded.within_us,
    learnt_at = excluded.learnt_at

-- name: precursor_forget
-- What was learnt before is learnt anew.
delete from precursor where namespace = :namespace

-- name: precursor_list
-- What precedes failure, the surest first.
select p.id, p.events, p.operation, p.probability, p.base, p.cases, p.failed, p.chance, p.within_us, p.learnt_at
from precursor as p where p.namespace = any (:namespaces::text[]) order by p.chance, p.id limit :limit

-- name: signal_failures
-- Which errors did operations end in, how often lately, before that, and when last before?
select o.fingerprint, max(o.error) as error, max(o.name) as name, max(o.id) as example,
    cast(sum(case when o.finished_at >= :at then 1 else 0 end) as bigint) as after,
    cast(sum(case when o.finished_at < :at then 1 else 0 end) as bigint) as before,
    min(o.finished_at) as first_at, max(case when o.finished_at < :at then o.finished_at end) as last_before,
    max(o.finished_at) as last_at
from operation as o
where o.namespace = any (:namespaces::text[]) and o.outcome = 'failed' and o.fingerprint is not null
    and o.finished_at >= :since and o.finished_at < :until
group by o.fingerprint order by after desc, o.fingerprint limit :limit

-- name: signal_operations
-- Which operations ended in a stretch of time?
select o.id, o.name, o.target, o.action_class, o.started_at, o.finished_at, o.outcome, o.contradicted_at, o.error
from operation as o
where o.namespace = any (:namespaces::text[]) and o.started_at >= :since and o.started_at < :until
    and o.outcome is not null
    and (:changing = 0 or o.action_class <> 'read_only')
order by o.started_at desc limit :limit
