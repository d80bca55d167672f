-- name: run_insert
-- A run begins; nothing happens where its idempotency key is taken, or its group has an active run that it would join.
insert into run (
    id, namespace, procedure_id, procedure_name, procedure_hash, mode, target, inputs, state, epoch, owner, due_at,
    actor_kind, actor_id, actor_proof, session_id, operation_id, parent_run_id, parent_step_id, depth,
    concurrency_group, holds_group, idempotency_key, created_at, started_at)
values (
    :id, :namespace, :procedure_id, :procedure_name, :procedure_hash, :mode, :target, :inputs, :state, :epoch, :owner,
    :due_at, :actor_kind, :actor_id, :actor_proof, :session_id, :operation_id, :parent_run_id, :parent_step_id, :depth,
    :concurrency_group, :holds_group, :idempotency_key, :created_at, :started_at)
on conflict do nothing

-- name: run_get
-- One run, if it is readable.
select {run as r} from run as r where r.id = :id and r.namespace = any (:namespaces::text[])

-- name: run_by_idempotency
-- The run that was started under this key, or has it for its id: it was made without one, and who began it repeats it.
select {run as r} from run as r
where r.namespace = :namespace and (r.idempotency_key = :idempotency_key or r.id = :idempotency_key)

-- name: run_active_of_group
-- The run that keeps others of its group out.
select {run as r} from run as r
where r.namespace = :namespace and r.concurrency_group = :concurrency_group and r.holds_group = 1

-- name: run_list
-- Runs, newest first.
select {run as r} from run as r
where r.namespace = any (:namespaces::text[])
    and (:state::text is null or r.state = :state::text or (:state::text = 'active' and r.finished_at is null))
    and (:procedure_name::text is null or r.procedure_name = :procedure_name)
    and (:target::text is null or r.target = :target)
    and (:since::bigint is null or r.created_at >= :since::bigint)
    {pages r.created_at::bigint desc, r.id::text desc}

-- name: run_claim
-- Takes a due run: its epoch rises, and whoever had it commits nothing from now on.
update run set owner = :owner, epoch = epoch + 1, due_at = :lease_until, started_at = coalesce(started_at,
    :now::bigint),
    state = case when state = 'compensating' then state else 'running' end
where id = :id and namespace = :namespace and due_at <= :now
    and state in ('queued', 'running', 'waiting', 'compensating')
    and (concurrency_group is null or holds_group = 1 or requested is not null)

-- name: run_fence
-- The owner's every commit begins here: it is still the owner of this epoch, and its lease is renewed.
update run set due_at = :lease_until
where id = :id and namespace = :namespace and epoch = :epoch and owner = :owner and finished_at is null

-- name: run_save
-- Where the run stands now; the owner of this epoch says so, and may let go of it.
update run set state = :state, owner = :next_owner, due_at = :due_at, requested = :requested, outputs = :outputs,
    error = :error, fingerprint = :fingerprint, reason = :reason, finished_at = :finished_at,
    holds_group = :holds_group
where id = :id and namespace = :namespace and epoch = :epoch and owner = :owner

-- name: run_steer
-- Somebody else than the owner changes where a run stands, and thereby ends the ownership.
update run set state = :state, epoch = epoch + 1, owner = null, due_at = :due_at, requested = :requested,
    error = :error, fingerprint = :fingerprint, reason = :reason, finished_at = :finished_at,
    holds_group = :holds_group, actor_kind = :actor_kind, actor_id = :actor_id, actor_proof = :actor_proof,
    taken_over = :taken_over, operation_id = :operation_id
where id = :id and namespace = :namespace and epoch = :epoch and state = :seen_state

-- name: run_request
-- Asks the owner of a run to pause or to cancel it.
update run set requested = :requested, reason = :reason
where id = :id and namespace = :namespace and finished_at is null

-- name: run_wake
-- Something came for a run that nobody owns: it is due.
update run set due_at = :now
where id = :id and namespace = :namespace and state in ('waiting', 'queued') and owner is null
    and (due_at is null or due_at > :now)

-- name: run_waiting_on
-- Which runs wait for this run?
select distinct s.run_id from run_step as s
where s.namespace = :namespace and s.state = 'waiting' and s.waits_for = 'run' and s.waits_on = :waits_on

-- name: run_wake_answered
-- Runs that wait for an approval that was decided, or for a run that ended, are due.
update run set due_at = :now
where namespace = :namespace and state = 'waiting' and (due_at is null or due_at > :now) and id in (
    select s.run_id from run_step as s join approval as a on a.id = s.waits_on
    where s.namespace = :namespace and s.state = 'waiting' and s.waits_for = 'approval' and a.state <> 'pending'
    union all
    select s.run_id from run_step as s join run as c on c.id = s.waits_on
    where s.namespace = :namespace and s.state = 'waiting' and s.waits_for = 'run' and c.finished_at is not null)

-- name: run_look
-- When is the next run due, is there an answer that a run waits for, is there any run that has not ended, is there a
-- fix to be applied or judged, and is there a job that nobody has in hand?
select (select min(r.due_at) from run as r where r.namespace = :namespace and r.due_at is not null) as due_at,
    exists (select 1 from run_step as s join approval as a on a.id = s.waits_on join run as r on r.id = s.run_id
        where s.namespace = :namespace and s.state = 'waiting' and s.waits_for = 'approval' and a.state <> 'pending'
        and r.state = 'waiting' and (r.due_at is null or r.due_at > :now)) as answered,
    exists (select 1 from run as r where r.namespace = :namespace and r.finished_at is null) as open,
    exists (select 1 from fix_application as a left join run as r on r.id = a.run_id
        where a.namespace = :namespace and (a.state = 'due' or (a.state = 'applying' and r.finished_at is not null)))
        as fixes,
    exists (select 1 from job as j where j.namespace = :namespace and j.finished_at is null
        and (j.state = 'waiting' or j.lease_until <= :now)) as jobs

-- name: run_due
-- Which runs may be taken now?
select r.id from run as r where r.namespace = :namespace and r.due_at <= :now order by r.due_at limit :limit

-- name: run_timers
-- The runs that are due first, and whether that is the end of a lease.
select r.id, r.due_at, r.owner from run as r
where r.namespace = :namespace and r.due_at is not null order by r.due_at limit :limit

-- name: run_ripen
-- The clock was set back: what is due at this time is due now.
update run set due_at = :now where id = :id and namespace = :namespace and due_at = :due_at and due_at > :now

-- name: run_step_ripen
-- The same for the steps that wait for it.
update run_step set wake_at = :now
where run_id = :run_id and namespace = :namespace and wake_at <= :due_at and wake_at > :now

-- name: run_queue_first
-- The group is free: which run queues for it longest?
select q.id from run as q
where q.namespace = :namespace and q.concurrency_group = :concurrency_group and q.state = 'queued' and q.holds_group = 0
order by q.created_at, q.id limit 1

-- name: run_hand_over
-- A run that queued has its group now, and is due.
update run set holds_group = 1, due_at = :now where id = :id and namespace = :namespace

-- name: run_children
-- The runs under way that a run started.
select {run as r} from run as r
where r.namespace = :namespace and r.parent_run_id = :parent_run_id and r.finished_at is null

-- name: run_remove_ended
-- Retention: runs that ended before a time, and their steps with them.
delete from run where namespace = :namespace and id in (
    select e.id from run as e where e.namespace = :namespace and e.finished_at < :before
    order by e.finished_at limit :limit)

-- name: run_step_list
-- The steps of a run of which anything is known.
select {run_step as s} from run_step as s
where s.run_id = :run_id and s.namespace = any (:namespaces::text[])
order by coalesce(s.started_at, s.finished_at, 0), s.completion is null, s.completion, s.step_id, s.role

-- name: run_step_put
-- Where a step stands now; its run was fenced in the same transaction.
insert into run_step ({columns of run_step}) values ({values of run_step})
on conflict (run_id, step_id, role) do update set state = excluded.state, stage = excluded.stage,
    epoch = excluded.epoch, attempts = excluded.attempts, failures = excluded.failures, round = excluded.round,
    idempotency_key = excluded.idempotency_key, input = excluded.input, output = excluded.output,
    error = excluded.error, waits_for = excluded.waits_for, waits_on = excluded.waits_on, detail = excluded.detail,
    wake_at = excluded.wake_at, skipped_because = excluded.skipped_because, evidence = excluded.evidence,
    started_at = excluded.started_at, finished_at = excluded.finished_at, completion = excluded.completion

-- name: run_step_remove
-- A step is as if it had never begun: it is to be done again.
delete from run_step where run_id = :run_id and step_id = :step_id and role = :role and namespace = :namespace

-- name: worker_seen
-- A worker lives.
insert into worker ({columns of worker}) values ({values of worker})
on conflict (id, namespace) do update set seen_at = excluded.seen_at

-- name: worker_list
-- The workers that were seen since.
select w.id, w.namespace, w.host, w.version, w.started_at, w.seen_at from worker as w
where w.namespace = any (:namespaces::text[]) and w.seen_at >= :since order by w.started_at

-- name: worker_remove
-- Workers that were not seen since, and the one that leaves.
delete from worker where namespace = :namespace and (id = :id or seen_at < :since)
