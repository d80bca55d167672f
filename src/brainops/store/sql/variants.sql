-- name: variant_steps
-- How each step of a version went, skipped ones too, in the newest runs that have ended.
select s.run_id, s.step_id, s.state, s.attempts, s.failures, s.skipped_because, s.started_at, s.finished_at,
    r.state as run_state, r.started_at as run_started_at, r.finished_at as run_finished_at
from run_step as s join run as r on r.id = s.run_id
where r.namespace = :namespace and s.namespace = :namespace and r.procedure_name = :procedure_name
    and r.procedure_hash = :procedure_hash and r.finished_at >= :since and r.finished_at < :until
    and r.started_at is not null and r.taken_over = 0 and r.imported_at is null and s.role = 'do'
    and r.state in ('succeeded', 'failed')
order by r.finished_at desc, s.run_id, s.step_id limit :limit

-- name: variant_beside
-- What changed something and succeeded, as was seen or verified, on a run's target within a time before it and after it.
select r.id as run_id, o.name, o.context, o.actor_kind,
    case when o.started_at >= r.finished_at then 1 else 0 end as follows
from run as r join operation as o on o.namespace = r.namespace and o.target = r.target
where r.namespace = :namespace and o.namespace = :namespace and r.procedure_name = :procedure_name
    and r.procedure_hash = :procedure_hash and r.finished_at >= :since and r.finished_at + :window < :until
    and r.started_at is not null and r.taken_over = 0 and r.imported_at is null
    and r.state in ('succeeded', 'failed')
    and o.started_at >= r.started_at - :window and o.started_at <= r.finished_at + :window
    and (o.started_at >= r.finished_at or o.started_at < r.started_at)
    and o.outcome = 'succeeded' and o.evidence in ('observed', 'verified') and o.contradicted_at is null
    and o.action_class <> 'read_only' and o.imported_at is null and (r.operation_id is null or o.id <> r.operation_id)
order by r.finished_at desc, r.id, o.started_at limit :limit

-- name: variant_trial_runs
-- How the runs of each side ended, and whether the repair was done on their target all the same soon afterwards.
select t.challenger, r.state, case when exists (
        select 1 from operation as o where o.namespace = :namespace and o.name = :repair and o.target = r.target
            and o.started_at >= r.finished_at and o.started_at <= r.finished_at + :window
    ) then 1 else 0 end as repaired, count(*) as runs
from improvement_trial as t join run as r on r.id = t.unit
where t.improvement_id = :improvement_id and t.share = :share and t.namespace = :namespace
    and r.namespace = :namespace and r.finished_at is not null and r.finished_at + :window <= :now
    and r.taken_over = 0 and r.imported_at is null
group by t.challenger, r.state, repaired
