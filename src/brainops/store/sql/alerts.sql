-- name: alert_get
-- How one alert stands.
select {alert as a} from alert as a where a.namespace = any (:namespaces::text[]) and a.key = :key

-- name: alert_written
-- The same in the namespace that is written.
select {alert as a} from alert as a where a.namespace = :namespace and a.key = :key

-- name: alert_list
-- Alerts, the one that changed last first.
select {alert as a} from alert as a
where a.namespace = any (:namespaces::text[]) and (:state::text is null or a.state = :state::text)
    {pages a.changed_at::bigint desc, a.key::text desc}

-- name: alert_put
-- An alert fires, or is resolved.
insert into alert ({columns of alert}) values ({values of alert})
on conflict (namespace, key) do update set event = excluded.event, target = excluded.target,
    severity = excluded.severity, labels = excluded.labels, link = excluded.link, group_key = excluded.group_key,
    identity = excluded.identity, state = excluded.state, told = excluded.told, fired_at = excluded.fired_at,
    changed_at = excluded.changed_at, seen_at = excluded.seen_at, said_at = excluded.said_at,
    operation_id = excluded.operation_id

-- name: alert_seen
-- It was told again.
update alert set told = told + :more, seen_at = :now where namespace = :namespace and key = :key

-- name: alert_trim
-- Takes out some that were resolved long ago, with what they began; the log has them.
delete from alert where namespace = :namespace and key in (select a.key from alert as a
    where a.namespace = :namespace and a.state = 'resolved' and a.changed_at < :before order by a.changed_at limit 20)

-- name: alert_run_trim
-- Which runs alerts began that are known no longer.
delete from alert_run where namespace = :namespace and key in (select b.key from alert_run as b
    where b.namespace = :namespace
        and not exists (select 1 from alert as a where a.namespace = :namespace and a.key = b.key) limit 100)

-- name: alert_run_add
-- A run is for an alert.
insert into alert_run (namespace, run_id, key) values (:namespace, :run_id, :key) on conflict do nothing

-- name: alert_run_forget
-- An alert fires anew: the runs that it began before are over and done.
delete from alert_run where namespace = :namespace and key = :key

-- name: alert_runs_of
-- The runs that are for an alert.
select b.run_id, r.procedure_name from alert_run as b join run as r on r.id = b.run_id
where b.namespace = :namespace and b.key = :key and r.namespace = :namespace order by b.run_id

-- name: alert_of_run
-- How many alerts is a run for, and how many of them fire?
select count(*) as alerts, coalesce(sum(case when a.state = 'firing' then 1 else 0 end), 0) as firing,
    max(a.changed_at) as changed_at
from alert_run as b join alert as a on a.namespace = b.namespace and a.key = b.key
where b.namespace = :namespace and b.run_id = :run_id

-- name: alert_wake
-- Runs that wait for their alerts to be resolved, one of which is this, are due; so are those that they began.
update run set due_at = :now
where namespace = :namespace and state = 'waiting' and owner is null and (due_at is null or due_at > :now) and id in (
    select s.run_id from run_step as s where s.namespace = :namespace and s.state = 'waiting'
        and s.waits_for = 'resolved' and s.waits_on in (
            select b.run_id from alert_run as b where b.namespace = :namespace and b.key = :key))

-- name: inbox_add
-- Something came in, and is worked on later.
insert into inbox (id, namespace, sender, body, at, attempts, actor_kind, actor_id, actor_proof)
values (:id, :namespace, :sender, :body, :at, 0, :actor_kind, :actor_id, :actor_proof)

-- name: inbox_next
-- What came in first.
select {inbox as i} from inbox as i
where i.namespace = :namespace and i.error is null order by i.at, i.id limit :limit

-- name: inbox_take
-- It is worked on in this transaction; nothing happens where somebody else did.
delete from inbox where id = :id and namespace = :namespace

-- name: inbox_failed
-- It could not be worked on; after so many attempts it is set aside, with the error.
update inbox set attempts = attempts + 1, error = case when attempts + 1 >= :most then :error::text else null end
where id = :id and namespace = :namespace

-- name: inbox_counts
-- How much waits, since when, and how much was set aside?
select coalesce(sum(case when i.error is null then 1 else 0 end), 0) as pending,
    min(case when i.error is null then i.at end) as since,
    coalesce(sum(case when i.error is not null then 1 else 0 end), 0) as set_aside
from inbox as i where i.namespace = any (:namespaces::text[])

-- name: inbox_aside
-- What was set aside, the last that came in first.
select {inbox as i} from inbox as i
where i.namespace = any (:namespaces::text[]) and i.error is not null
    {pages i.at::bigint desc, i.id::text desc}

-- name: inbox_retry
-- One that was set aside, or all of them, are worked on again.
update inbox set attempts = 0, error = null
where namespace = :namespace and error is not null and (:id::text is null or id = :id::text)
