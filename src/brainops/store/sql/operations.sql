-- name: operation_finish
-- It ended; the first end is the one that counts.
update operation set finished_at = :finished_at, outcome = :outcome, result = :result, error = :error,
    fingerprint = :fingerprint, error_memory_id = :error_memory_id, duration_us = :duration_us, cost = :cost,
    evidence = :evidence, followed_id = :followed_id
where id = :id and namespace = :namespace and finished_at is null and {operation_partition}

-- name: operation_contradict
-- What looked like a success was none.
update operation set contradicted_at = now_us(), contradiction = :contradiction
where id = :id and namespace = :namespace and finished_at is not null and contradicted_at is null
    and {operation_partition}

-- name: operation_verify
-- A later check confirmed the outcome.
update operation set evidence = 'verified'
where id = :id and namespace = :namespace and finished_at is not null and {operation_partition}

-- name: operation_get
-- One operation, if it is readable.
select {operation as o} from operation as o
where o.id = :id and o.namespace = any (:namespaces::text[]) and {operation_partition}

-- name: operation_list
-- The log, newest first.
select {operation as o} from operation as o
where o.namespace = any (:namespaces::text[])
    and (:name::text is null or o.name = :name)
    and (:target::text is null or o.target = :target)
    and (:outcome::text is null or o.outcome = :outcome::text or (:outcome::text = 'open' and o.outcome is null))
    and (:since::bigint is null or o.started_at >= :since::bigint)
    {pages o.started_at::bigint desc, o.key::bigint desc}

-- name: operation_similar
-- Finished operations of this name, those on the same target first, newest first.
select {operation as o} from operation as o
where o.namespace = any (:namespaces::text[]) and o.name = any (:names::text[]) and o.outcome is not null
order by coalesce(o.target = :target::text, false) desc, o.started_at desc limit :limit

-- name: operation_record
-- How operations of this name ended, on this target and on any.
select count(*) as finished,
    count(*) filter (where o.outcome = 'failed' or o.contradicted_at is not null) as failed,
    count(*) filter (where o.target = :target::text) as finished_here,
    count(*) filter (where o.target = :target::text
        and (o.outcome = 'failed' or o.contradicted_at is not null)) as failed_here
from (select * from operation where namespace = any (:namespaces::text[]) and name = any (:names::text[])
    and outcome is not null order by started_at desc limit :limit) as o

-- name: operation_failures_kept
-- How many failures of this fingerprint does the log keep since then?
select count(*) as kept from operation as o
where o.namespace = :namespace and o.fingerprint = :fingerprint and o.started_at >= :since

-- name: operation_followed
-- Guidance that was followed and how it turned out: what calibration is fitted on. It was followed where an operation
-- said so, or where the procedure that it recommended was run for its target or in its session; never counted twice.
select * from (
    select o.started_at, g.raw_confidence, o.outcome, o.evidence, o.contradicted_at
    from operation as o join guidance as g on g.id = o.guidance_id
    where o.namespace = any (:namespaces::text[]) and o.followed_id is not null
        and o.followed_id = g.primary_id and o.outcome is not null
    order by o.started_at desc limit :limit) as followed
union all
select * from (
    select r.created_at, g.raw_confidence, r.state, 'verified', o.contradicted_at
    from run as r
    join guidance as g on g.id = (
        select n.id from guidance as n where n.namespace = r.namespace and n.primary_id = r.procedure_id
            and n.created_at <= r.created_at and n.expires_at > r.created_at
            and (n.target is not distinct from r.target or n.session_id = r.session_id)
        order by n.created_at desc limit 1)
    left join operation as o on o.id = r.operation_id
    where r.namespace = any (:namespaces::text[]) and r.state in ('succeeded', 'failed')
        and r.parent_run_id is null
        and (o.followed_id is null or o.followed_id <> g.primary_id)
    order by r.created_at desc limit :limit) as executed
order by 1 desc limit :limit

-- name: operation_page
-- Every readable operation after a key, in key order.
select {operation as o} from operation as o
where o.namespace::text = any (:namespaces::text[]) and o.key > :after order by o.key limit :limit

-- name: operation_before
-- The oldest finished operations before a time: what goes into an archive segment.
select {operation as o} from operation as o
where o.namespace = :namespace and o.finished_at is not null and o.started_at < :before
order by o.started_at, o.key limit :limit

-- name: operation_rewrite
-- Redaction took something out of an operation.
update operation set name = :name, target = :target, context = :context, result = :result, error = :error,
    contradiction = :contradiction
where id = :id and namespace = :namespace and {operation_partition}

-- name: operation_purge
-- Removes what the log holds of a purged memory.
update operation set error = null, error_memory_id = null, result = null, context = '{}'
where namespace = :namespace and error_memory_id = :memory_id

-- name: operation_growth
-- How many operations are there, and how many since?
select count(*) as operations, count(*) filter (where o.started_at >= :since) as recent, max(o.started_at) as last_at,
    count(*) filter (where o.outcome is null) as open
from operation as o where o.namespace = any (:namespaces::text[])

-- name: operation_tally
-- Counts an operation of a day, whether or not its row is kept.
insert into operation_count ({columns of operation_count}) values ({values of operation_count})
on conflict (namespace, name, day) do update set succeeded = operation_count.succeeded + excluded.succeeded,
    failed = operation_count.failed + excluded.failed, recorded = operation_count.recorded + excluded.recorded

-- name: operation_counts
-- How often did each operation run, by day?
select namespace, name, day, succeeded, failed, recorded from operation_count
where namespace = any (:namespaces::text[]) and day >= :since_day order by day, name

-- name: operation_count_delete
-- Redaction gave an operation another name, and its counts went there.
delete from operation_count where namespace = :namespace and name = :name and day = :day

-- name: policy_get
-- The growth policy of an operation name, or the namespace's own under ''.
select operation_name, mode, rate, failures_per_fingerprint from growth_policy
where namespace = :namespace and operation_name in (:operation_name, '') order by operation_name desc limit 1

-- name: policy_put
-- Sets a growth policy.
insert into growth_policy ({columns of growth_policy}) values ({values of growth_policy})
on conflict (namespace, operation_name) do update set mode = excluded.mode, rate = excluded.rate,
    failures_per_fingerprint = excluded.failures_per_fingerprint

-- name: policy_list
-- Every growth policy of the readable namespaces.
select namespace, operation_name, mode, rate, failures_per_fingerprint from growth_policy
where namespace = any (:namespaces::text[]) order by namespace, operation_name

-- name: guidance_insert
-- A receipt: memory was consulted.
insert into guidance (
    id, namespace, operation_name, target, action_class, actor_kind, actor_id, session_id, created_at, expires_at,
    confidence, raw_confidence, failure_probability, primary_id, body)
values (
    :id, :namespace, :operation_name, :target, :action_class, :actor_kind, :actor_id, :session_id, :created_at,
    :expires_at, :confidence, :raw_confidence, :failure_probability, :primary_id, :body)
on conflict do nothing

-- name: guidance_get
-- One receipt, if it is readable.
select id, namespace, body, raw_confidence from guidance
where id = :id and namespace = any (:namespaces::text[])

-- name: guidance_recent
-- The newest receipt for this operation and target that has not expired.
select id, body from guidance
where namespace = :namespace and operation_name = :operation_name and target is not distinct from :target::text
    and expires_at > :now
    and created_at <= :now + 60000000
order by created_at desc limit 1

-- name: guidance_page
-- Every readable receipt after an id, for export.
select {guidance as g} from guidance as g
where g.namespace::text = any (:namespaces::text[]) and g.id > :after order by g.id limit :limit

-- name: guidance_count
-- How many receipts were given since?
select count(*) as receipts from guidance as g
where g.namespace = any (:namespaces::text[]) and g.created_at >= :since

-- name: guidance_rewrite
-- Redaction took something out of a receipt.
update guidance set operation_name = :operation_name, target = :target, body = :body
where id = :id and namespace = :namespace

-- name: guidance_purge
-- Removes the receipts that named a purged memory, and those of operations that ended in it: they hold its context.
delete from guidance where namespace = :namespace and (body like '%' || :memory_id || '%' or id in (
    select o.guidance_id from operation as o where o.namespace = :namespace and o.error_memory_id = :memory_id))

-- name: operation_failed_since
-- Did this operation fail on this target since then?
select 1 as failed from operation as o
where o.namespace = any (:namespaces::text[]) and o.name = :name and o.target is not distinct from :target::text
    and o.outcome = 'failed' and o.finished_at > :since
limit 1

-- name: operation_ended
-- The newest operations that ended before then: what is learned from of when they fail.
select o.name, o.target, o.actor_id, o.context, o.started_at, o.finished_at, o.outcome, o.contradicted_at,
    o.fingerprint, o.error
from operation as o
where o.namespace = :namespace and o.outcome is not null and o.finished_at < :until::bigint
order by o.started_at desc, o.id desc limit :limit

-- name: operation_failed_lately
-- What failed since then, the newest first.
select o.name, o.target, o.fingerprint, o.finished_at from operation as o
where o.namespace = :namespace and o.outcome = 'failed' and o.finished_at >= :since
order by o.finished_at desc limit :limit

-- name: guidance_insights
-- What learning found about an operation or its target: current insights that are tagged so, the newest first.
select {memory as m} from memory as m
where m.namespace = any (:namespaces::text[]) and m.state = 'active' and m.superseded_by is null
    and (m.valid_to is null or m.valid_to > greatest((select now_us()), m.updated_at))
    and m.key in (
        select i.memory_key from memory_tag as i
        where i.tag = 'insight' and i.namespace = any (:namespaces::text[])
            and exists (select 1 from memory_tag as g
                where g.memory_key = i.memory_key and g.tag in (:name::text, :target::text)))
order by m.updated_at desc limit :limit

-- name: guidance_memories
-- Those of these memories that hold now, or were superseded.
select {memory as m} from memory as m
where m.id = any (:ids::text[]) and m.namespace = any (:namespaces::text[])
    and m.state = 'active'
    and (m.superseded_by is not null or m.valid_to is null or m.valid_to > (select now_us()))

-- name: guidance_followings
-- What became of following these memories and versions, of the runs of these procedures that no operation counts
-- already, and who called them helpful or not: by id, and by name for runs.
select f.id, cast(sum(f.good) as integer) as "right", cast(sum(f.bad) as integer) as wrong,
    cast(sum(f.good * f.claimed) as integer) as claimed_right, cast(sum(f.bad * f.claimed) as integer) as claimed_wrong,
    cast(sum(f.helpful) as integer) as helpful, cast(sum(f.unhelpful) as integer) as unhelpful
from (
    select * from (
        select o.followed_id as id,
            case when o.outcome = 'succeeded' and o.contradicted_at is null then 1 else 0 end as good,
            case when o.outcome = 'succeeded' and o.contradicted_at is null then 0 else 1 end as bad,
            case when o.evidence = 'claimed' then 1 else 0 end as claimed, 0 as helpful, 0 as unhelpful
        from operation as o
        where o.namespace = any (:namespaces::text[]) and o.followed_id = any (:ids::text[])
            and o.outcome is not null and o.imported_at is null
        order by o.started_at desc limit :limit) as followed
    union all
    select * from (
        select r.procedure_name, case when r.state = 'succeeded' and o.contradicted_at is null then 1 else 0 end,
            case when r.state = 'succeeded' and o.contradicted_at is null then 0 else 1 end, 0, 0, 0
        from run as r left join operation as o on o.id = r.operation_id
        where r.namespace = any (:namespaces::text[]) and r.procedure_name = any (:names::text[])
            and r.state in ('succeeded', 'failed') and r.parent_run_id is null
            and (o.followed_id is null or o.followed_id <> r.procedure_id)
        order by r.created_at desc limit :limit) as executed
    union all
    select * from (
        select b.memory_id, 0, 0, 0, count(distinct case when b.verdict = 'helpful' then b.actor_kind || ':' || b.actor_id end),
            count(distinct case when b.verdict <> 'helpful' then b.actor_kind || ':' || b.actor_id end)
        from feedback as b
        where b.namespace = any (:namespaces::text[]) and b.memory_id = any (:ids::text[])
            and b.undone_at is null
        group by b.memory_id) as judged
) as f
group by f.id

-- name: segment_insert
-- Keeps an archive segment.
insert into segment ({columns of segment}) values ({values of segment})
on conflict do nothing

-- name: segment_get
-- One archive segment.
select id, namespace, kind, created_at, first_at, last_at, row_count, sha256, data from segment
where id = :id and namespace = any (:namespaces::text[])

-- name: segment_list
-- The archive segments of the readable namespaces, without their data.
select id, namespace, kind, created_at, first_at, last_at, row_count, sha256, length(data) as bytes from segment
where namespace = any (:namespaces::text[]) and (:kind::text is null or kind = :kind) order by first_at, id

-- name: segment_delete
-- Removes a segment whose rows were restored or purged.
delete from segment where id = :id and namespace = :namespace
