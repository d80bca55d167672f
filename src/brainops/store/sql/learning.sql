-- name: cycle_enter
-- A cycle of the written namespace is known from its first claim on.
insert into cycle (namespace, cycle) values (:namespace, :cycle) on conflict (namespace, cycle) do nothing

-- name: cycle_get
-- How far did a cycle go, and who is at it?
select cycle, through_at, ran_at, epoch, owner, lease_until from cycle
where namespace = :namespace and cycle = :cycle

-- name: cycle_list
-- How far did each cycle of the written namespace go?
select cycle, through_at, ran_at, epoch, owner, lease_until from cycle where namespace = :namespace

-- name: cycle_claim
-- Takes a cycle that nobody is at, or whose lease has passed: its epoch rises, and whoever had it commits nothing more.
-- A lease, or a mark, that lies further ahead than one can was written before the clock was set back, and holds nobody up.
update cycle set owner = :owner, epoch = epoch + 1, lease_until = :lease_until
where namespace = :namespace and cycle = :cycle
    and (owner is null or lease_until <= :now or lease_until > :lease_until + 60000000)
    and (through_at is null or through_at < :to_at or through_at > :now + 300000000)

-- name: cycle_renew
-- The owner of this epoch is still at it.
update cycle set lease_until = :lease_until
where namespace = :namespace and cycle = :cycle and owner = :owner and epoch = :epoch

-- name: cycle_advance
-- The owner of this epoch went through: the mark moves, and it lets go. Whatever it found is written with this.
update cycle set through_at = :to_at, ran_at = :ran_at, owner = null, lease_until = null
where namespace = :namespace and cycle = :cycle and owner = :owner and epoch = :epoch
    and (through_at is null or through_at < :to_at or through_at > :now + 300000000)

-- name: cycle_release
-- The owner of this epoch gives up, and the next may try at once.
update cycle set owner = null, lease_until = null
where namespace = :namespace and cycle = :cycle and owner = :owner and epoch = :epoch

-- name: cycle_report_insert
-- What a cycle found and did; a report of the same time that came with an import gives way.
insert into cycle_report ({columns of cycle_report}) values ({values of cycle_report})
on conflict (namespace, cycle, to_at) do update set from_at = excluded.from_at, ended_at = excluded.ended_at,
    missed = excluded.missed, body = excluded.body

-- name: cycle_report_list
-- The reports of a cycle, or of all, newest first.
select namespace, cycle, to_at, from_at, ended_at, missed, body from cycle_report
where namespace = any (:namespaces::text[]) and (:cycle::text is null or cycle = :cycle)
    {pages to_at::bigint desc, cycle::text desc, namespace::text desc}

-- name: cycle_report_prune
-- Reports are made of the record, and of the oldest nobody asks.
delete from cycle_report where namespace = :namespace and cycle = :cycle and to_at in (
    select r.to_at from cycle_report as r where r.namespace = :namespace and r.cycle = :cycle
    order by r.to_at desc limit 1000 offset :keep)

-- name: insight_of_source
-- What was found before under this key, whatever became of it since; of several the newest.
select {memory as m} from memory as m
where m.namespace = :namespace and m.source_key = :source_key and m.superseded_by is null
order by m.key desc limit 1

-- name: insight_end
-- It was not found again: it holds no longer.
update memory set valid_to = greatest(:now::bigint, created_at), updated_at = greatest(updated_at, :now::bigint)
where id = :id and namespace = :namespace and valid_to is null

-- name: insight_reopen
-- It was found again.
update memory set valid_to = null, updated_at = greatest(updated_at, now_us()) where id = :id and namespace = :namespace

-- name: operation_unlearnt
-- Operations that ended before a time and that no cycle has looked at, however late their commit was.
select o.key, o.id, o.name, o.target, o.outcome, o.started_at, o.finished_at, o.duration_us, o.fingerprint,
    o.error_memory_id, o.guidance_id, o.actor_kind, o.actor_id, o.contradicted_at
from operation as o
where o.namespace = :namespace and o.finished_at is not null and o.finished_at < :until and o.learnt_at is null
    and o.imported_at is null and o.key > :after
order by o.key limit :limit

-- name: operation_learnt
-- These were looked at; each is counted once.
update operation set learnt_at = :at
where namespace = :namespace and key = any (:keys::bigint[]) and learnt_at is null

-- name: operation_hours
-- How the operations of each name and target ended, hour by hour, up to a time.
select o.name, o.target, o.finished_at / 3600000000 as hour, count(*) as ended,
    sum(case when o.outcome = 'failed' or o.contradicted_at is not null then 1 else 0 end) as failed
from operation as o
where o.namespace = :namespace and o.started_at >= :since and o.finished_at >= :since and o.finished_at < :until
    and o.imported_at is null
group by o.name, o.target, o.finished_at / 3600000000
order by o.name, o.target, o.finished_at / 3600000000

-- name: operation_examples
-- The latest operations of a name and target that failed since a time: what an insight rests on.
select o.id from operation as o
where o.namespace = :namespace and o.name = :name and o.target is not distinct from :target::text
    and o.started_at >= :since
    and o.finished_at < :until and (o.outcome = 'failed' or o.contradicted_at is not null) and o.imported_at is null
order by o.finished_at desc, o.id desc limit :limit

-- name: errors_known
-- What is known of these errors: their memories, and when one that was looked at before was seen last.
select m.id, m.title, m.fingerprint, m.created_at, m.last_seen_at, m.occurrences,
    (select max(o.finished_at) from operation as o where o.namespace = :namespace and o.fingerprint = m.fingerprint
        and o.learnt_at is not null and o.finished_at is not null) as before_at
from memory as m
where m.namespace = :namespace and m.type = 'error_pattern' and m.state = 'active' and m.superseded_by is null
    and m.fingerprint = any (:fingerprints::text[])
order by m.key

-- name: errors_captured
-- Errors that became memories in a stretch of time, whoever reported them.
select m.id, m.title, m.fingerprint, m.created_at, m.occurrences from memory as m
where m.namespace = :namespace and m.type = 'error_pattern' and m.state = 'active' and m.superseded_by is null
    and m.created_at >= :since and m.created_at < :until
order by m.created_at, m.key limit :limit

-- name: operation_usual
-- How long does an operation of this name usually take: the mean of its last ones that succeeded?
select count(*) as ended, cast(avg(d.duration_us) as double precision) as duration_us
from (select o.duration_us from operation as o
    where o.namespace = :namespace and o.name = :name and o.outcome = 'succeeded' and o.duration_us is not null
        and o.learnt_at is not null
    order by o.started_at desc limit :limit) as d

-- name: insight_list
-- What holds at present of what the cycles found, the newest first.
select {memory as m} from memory as m
where m.namespace = any (:namespaces::text[]) and m.source_key >= 'learning:'
    and m.source_key < 'learning;' and m.state = 'active' and m.superseded_by is null
    and (m.valid_to is null or m.valid_to > greatest(now_us(), m.updated_at))
    {pages m.importance::double precision desc, m.updated_at::bigint desc, m.key::bigint desc}

-- name: insight_untold
-- Insights that nobody was told of, however late they were committed.
select m.id, m.title from memory as m
where m.namespace = :namespace and m.source_key >= 'learning:' and m.source_key < 'learning;'
    and m.state = 'active' and m.superseded_by is null and (m.valid_to is null or m.valid_to > greatest(now_us(),
        m.updated_at))
    and not exists (select 1 from learning_told as t where t.namespace = :namespace and t.memory_id = m.id)
order by m.key limit :limit

-- name: learning_tell
-- Somebody was told of it.
insert into learning_told ({columns of learning_told}) values ({values of learning_told})
on conflict (namespace, memory_id) do nothing

-- name: operation_totals
-- How the operations of each name and target ended since a time: how many, how long, and when it failed last.
select o.name, o.target, count(*) as ended,
    sum(case when o.outcome = 'failed' or o.contradicted_at is not null then 1 else 0 end) as failed,
    max(case when o.outcome = 'failed' or o.contradicted_at is not null then o.finished_at end) as failed_at,
    min(o.finished_at) as first_at, max(o.finished_at) as last_at,
        cast(avg(o.duration_us) as double precision) as duration_us
from operation as o
where o.namespace = :namespace and o.started_at >= :since and o.finished_at >= :since and o.finished_at < :until
    and o.imported_at is null
    and o.name <> 'handle ' || coalesce(o.context::jsonb ->> 'event', '') -- an event that was written down is nothing that somebody did
group by o.name, o.target order by count(*) desc, o.name, o.target limit :limit

-- name: operation_after_failures
-- The operations of a name and target since its last failure, oldest first: what ended the trouble.
select o.id, o.finished_at, o.followed_id, o.guidance_id, o.actor_id from operation as o
where o.namespace = :namespace and o.name = :name and o.target is not distinct from :target::text
    and o.finished_at > :since
    and o.finished_at < :until and o.outcome = 'succeeded' and o.contradicted_at is null
order by o.finished_at, o.id limit :limit

-- name: run_review
-- How each procedure's runs ended since a time, those of its parts not counted.
select r.procedure_name as name, count(*) as ended,
    sum(case when r.state = 'succeeded' then 1 else 0 end) as succeeded
from run as r
where r.namespace = :namespace and r.created_at >= :since and r.created_at < :until
    and r.state in ('succeeded', 'failed') and r.parent_run_id is null and r.imported_at is null
group by r.procedure_name order by r.procedure_name

-- name: fix_review
-- What each fix did since a time, as was seen or checked.
select f.id, f.title as name, f.mode, sum(case when e.effect = 'helped' then 1 else 0 end) as succeeded,
    count(*) as ended
from evidence as e join fix as f on f.id = e.fix_id
where e.namespace = :namespace and f.namespace = :namespace and f.detached_at is null and e.at >= :since
    and e.at < :until and e.imported_at is null and (e.effect <> 'helped' or e.basis <> 'claimed')
group by f.id, f.title, f.mode order by f.title, f.id

-- name: rule_review
-- How each rule's judged decisions were judged since a time: a false block counts against it.
select max(d.rule_name) as name, count(*) as ended, sum(case when d.judged = 'right' then 1 else 0 end) as succeeded
from decision as d
where d.namespace = :namespace and d.at >= :since and d.at < :until and d.judged is not null
    and d.imported_at is null
group by d.rule_id order by d.rule_id

-- name: agent_review
-- How each agent's attempts ended since a time, with what they took.
select a.agent as name, count(*) as ended, sum(case when a.success >= 0.5 then 1 else 0 end) as succeeded,
    cast(avg(a.duration_us) as double precision) as duration_us, sum(coalesce(a.cost, 0)) as cost
from attempt as a
where a.namespace = :namespace and a.started_at >= :since and a.ended_at < :until and a.success is not null
    and a.imported_at is null
group by a.agent order by a.agent

-- name: memory_archivable
-- Successes that are old, that nobody ever retrieved, valued or found important, and that no cycle looks after.
select m.id, m.title, length(m.content) as characters from memory as m
where m.namespace = :namespace and m.type in ('success_pattern', 'performance_metric')
    and m.state = 'active' and m.superseded_by is null and m.created_at < :before and m.last_seen_at < :before
    and m.retrieved_count = 0 and m.feedback = 0 and m.flag is null and m.importance <= 0.5
    and (m.source_key is null or m.source_key not like 'learning:%')
order by m.created_at, m.id limit :limit

-- name: memory_foldable
-- Memories with many old occurrences, those with the most first.
select m.id, m.key, m.title, count(*) as seen from occurrence as c join memory as m on m.key = c.memory_key
where c.namespace = :namespace and m.namespace = :namespace and c.at < :before
group by m.id, m.key, m.title having count(*) > :least order by count(*) desc, m.id limit :limit

-- name: occurrence_old
-- When a memory was seen again before a time, oldest first.
select c.at, c.actor_kind, c.actor_id, c.session_id, c.operation_id, c.uri, c.detail, c.namespace
from occurrence as c where c.namespace = :namespace and c.memory_key = :memory_key and c.at < :before
order by c.at

-- name: occurrence_fold
-- These occurrences lie folded elsewhere.
delete from occurrence where namespace = :namespace and memory_key = :memory_key and at > :after and at < :before

-- name: set_aside_insert
-- An improvement archived this memory, or folded occurrences of it.
insert into set_aside ({columns of set_aside}) values ({values of set_aside}) on conflict (namespace, improvement_id,
    memory_id) do nothing

-- name: set_aside_list
-- What an improvement archived or folded.
select memory_id, data from set_aside where namespace = :namespace and improvement_id = :improvement_id
order by memory_id

-- name: set_aside_count
-- How much did an improvement archive or fold, and how much of it did somebody bring back?
select count(*) as set_aside, coalesce(sum(case when m.state = 'active' then 1 else 0 end), 0) as active
from set_aside as s left join memory as m on m.id = s.memory_id and m.namespace = s.namespace
where s.namespace = :namespace and s.improvement_id = :improvement_id

-- name: set_aside_delete
-- It was all put back.
delete from set_aside where namespace = :namespace and improvement_id = :improvement_id

-- name: set_aside_purge
-- Removes what was folded of a purged memory.
delete from set_aside where namespace = :namespace and memory_id = :memory_id

-- name: cycle_report_purge
-- Removes the reports that name a purged memory, by its id or its title (as JSON has it).
delete from cycle_report
where namespace = :namespace and (strpos(body, :memory_id) > 0 or strpos(body, :memory_title) > 0)
