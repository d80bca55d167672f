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
update cycle set owner = :owner, epoch = epoch + 1, lease_until = :lease_until
where namespace = :namespace and cycle = :cycle and (owner is null or lease_until <= :now)
    and (through_at is null or through_at < :to_at)

-- name: cycle_renew
-- The owner of this epoch is still at it.
update cycle set lease_until = :lease_until
where namespace = :namespace and cycle = :cycle and owner = :owner and epoch = :epoch

-- name: cycle_advance
-- The owner of this epoch went through: the mark moves, and it lets go. Whatever it found is written with this.
update cycle set through_at = :to_at, ran_at = :ran_at, owner = null, lease_until = null
where namespace = :namespace and cycle = :cycle and owner = :owner and epoch = :epoch
    and (through_at is null or through_at < :to_at)

-- name: cycle_release
-- The owner of this epoch gives up, and the next may try at once.
update cycle set owner = null, lease_until = null
where namespace = :namespace and cycle = :cycle and owner = :owner and epoch = :epoch

-- name: cycle_report_insert
-- What a cycle found and did.
insert into cycle_report (namespace, cycle, to_at, from_at, ended_at, missed, body)
values (:namespace, :cycle, :to_at, :from_at, :ended_at, :missed, :body)

-- name: cycle_report_list
-- The reports of a cycle, or of all, newest first.
select namespace, cycle, to_at, from_at, ended_at, missed, body from cycle_report
where namespace = any (cast(:namespaces as text[])) and (cast(:cycle as text) is null or cycle = cast(:cycle as text))
order by to_at desc, cycle limit :limit

-- name: cycle_report_prune
-- Reports are made of the record, and of the oldest nobody asks.
delete from cycle_report where namespace = :namespace and cycle = :cycle and to_at < :before

-- name: insight_of_source
-- What was found before under this key, whatever became of it since; of several the newest.
select {memory_columns} from memory as m
where m.namespace = :namespace and m.source_key = :source_key and m.superseded_by is null
order by m.key desc limit 1

-- name: insight_end
-- It was not found again: it holds no longer.
update memory set valid_to = now_us(), updated_at = now_us()
where id = :id and namespace = :namespace and valid_to is null

-- name: insight_reopen
-- It was found again.
update memory set valid_to = null, updated_at = now_us() where id = :id and namespace = :namespace

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
where namespace = :namespace and key = any (cast(:keys as bigint[])) and learnt_at is null

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
where o.namespace = :namespace and o.name = :name and o.target is not distinct from cast(:target as text) and o.started_at >= :since
    and o.finished_at < :until and (o.outcome = 'failed' or o.contradicted_at is not null) and o.imported_at is null
order by o.finished_at desc, o.id desc limit :limit

