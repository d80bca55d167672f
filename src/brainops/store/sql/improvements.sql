-- name: improvement_insert
-- Something would be better; nothing happens where the same stands open already.
insert into improvement (id, namespace, kind, key, subject, title, reason, before, after, evidence, state,
    probability_better, trust, by_itself, basis, proposed_at, trial_at, apply_at, applied_at, ended_at, outcome)
values (:id, :namespace, :kind, :key, :subject, :title, :reason, :before, :after, :evidence, :state,
    :probability_better, :trust, :by_itself, :basis, :proposed_at,
    :trial_at, :apply_at,
    :applied_at, :ended_at, :outcome)
on conflict do nothing

-- name: improvement_get
-- One improvement, if it is readable.
select {improvement as i} from improvement as i
where i.id = :id and i.namespace = any (:namespaces::text[])

-- name: improvement_open
-- The improvement of a key that has not ended.
select {improvement as i} from improvement as i
where i.namespace = :namespace and i.key = :key and i.ended_at is null

-- name: improvement_last
-- The newest improvement of a key; what came with an import neither forces nor forbids anything here.
select {improvement as i} from improvement as i
where i.namespace = :namespace and i.key = :key and i.imported_at is null
order by i.proposed_at desc, i.id desc limit 1

-- name: improvement_under_way
-- What has not ended, oldest first.
select {improvement as i} from improvement as i
where i.namespace = :namespace and i.ended_at is null order by i.proposed_at, i.id limit :limit

-- name: improvement_tried
-- What is tried, or watched, of a subject at present.
select {improvement as i} from improvement as i
where i.namespace = :namespace and i.subject = :subject and i.ended_at is null and i.state in ('trial', 'applied')
    and i.trial_at is not null
order by i.trial_at, i.id limit 1

-- name: improvement_list
-- Improvements, newest first; of one kind or state where one is named.
select {improvement as i} from improvement as i
where i.namespace = any (:namespaces::text[])
    and (:kind::text is null or i.kind = :kind)
    and (:state::text is null or i.state = :state)
    {pages i.proposed_at::bigint desc, i.id::text desc}

-- name: improvement_move
-- From one state to the next; nobody else may have moved it.
update improvement set state = :state, outcome = :outcome, by_itself = :by_itself, decided_basis = :basis,
    evidence = :evidence, probability_better = :probability_better,
    trial_at = :trial_at,
    apply_at = :apply_at, applied_at = :applied_at, ended_at = :ended_at
where id = :id and namespace = :namespace and state = :from_state

-- name: improvement_refresh
-- What is known of an improvement that nobody has decided, or that is tried or watched.
update improvement set title = :title, reason = :reason, before = :before, after = :after, evidence = :evidence,
    probability_better = :probability_better, trust = :trust, basis = :basis
where id = :id and namespace = :namespace and state = :state and ended_at is null

-- name: improvement_trial_insert
-- A unit of work was given to what is tried, or to what it would replace.
insert into improvement_trial ({columns of improvement_trial}) values ({values of improvement_trial})
on conflict do nothing

-- name: improvement_trial_runs
-- How the runs ended that were given to each side while it had this share: counted by what came of them.
select t.challenger, r.state, count(*) as runs, sum(r.finished_at - r.started_at) as micros,
    sum(case when r.finished_at - r.started_at <= :reference::bigint then 1 else 0 end) as quick
from improvement_trial as t join run as r on r.id = t.unit
where t.improvement_id = :improvement_id and t.share = :share and t.namespace = :namespace
    and r.namespace = :namespace and r.finished_at is not null and r.taken_over = 0 and r.imported_at is null
group by t.challenger, r.state

-- name: improvement_steps
-- How the steps of a procedure's version went since a time, in the newest runs that have ended.
select s.run_id, s.step_id, s.state, s.attempts, s.failures, s.error, s.started_at, s.finished_at,
    r.state as run_state, r.started_at as run_started_at, r.finished_at as run_finished_at
from run_step as s join run as r on r.id = s.run_id
where r.namespace = :namespace and s.namespace = :namespace and r.procedure_name = :procedure_name
    and r.procedure_hash = :procedure_hash and r.finished_at >= :since and r.finished_at < :until
    and r.taken_over = 0 and r.imported_at is null and s.role = 'do' and s.attempts > 0
order by r.finished_at desc, s.run_id, s.step_id limit :limit

-- name: improvement_fixes
-- What fixes, or one, did since each was last demoted, or since a time: an operation of an agent verifies nothing here,
-- because an agent would vouch for itself.
select e.fix_id, sum(case when e.effect = 'helped' then 1 else 0 end) as verified,
    sum(case when e.effect <> 'helped' then 1 else 0 end) as contradicted
from evidence as e join fix as f on f.id = e.fix_id
where e.namespace = :namespace and f.namespace = :namespace and f.detached_at is null and e.imported_at is null
    and (:fix_id::text is null or e.fix_id = :fix_id)
    and e.judged_at > :since and (:all_since = 1 or e.judged_at > coalesce(f.demoted_at, 0))
    and (e.effect <> 'helped' or e.basis = 'verified' or e.basis = 'observed' and e.actor_kind <> 'agent')
group by e.fix_id

-- name: improvement_judged
-- Which memory was followed by operations that then succeeded, as was seen or verified: what a question was to find.
select o.id, m.key from operation as o join memory as m on m.id = o.followed_id
where o.namespace = :namespace and m.namespace = any (:namespaces::text[]) and o.finished_at > :since
    and o.finished_at < :until
    and o.outcome = 'succeeded' and o.evidence in ('observed', 'verified') and o.contradicted_at is null
    and o.followed_id is not null and o.imported_at is null
order by o.finished_at desc, o.id desc limit :limit

-- name: improvement_agents
-- How the attempts of each agent at each class of task went since a time, as was seen or verified.
select t.agent, t.task_class, count(*) as attempts,
    sum(case when t.success >= 0.5 then 1 else 0 end) as succeeded
from attempt as t
where t.namespace = :namespace and t.ended_at > :since and t.ended_at < :until and t.success is not null
    and t.imported_at is null
    and (t.verified is not null or t.evidence in ('observed', 'verified'))
group by t.agent, t.task_class
