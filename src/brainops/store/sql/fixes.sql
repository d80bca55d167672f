-- name: fix_insert
-- A solution is bound to an error.
insert into fix ({columns of fix}) values ({values of fix})
on conflict (id) do nothing

-- name: fix_get
-- One fix, if it is readable.
select {fix as f} from fix as f where f.id = :id and f.namespace = any (:namespaces::text[])

-- name: fix_of_fingerprints
-- The fixes bound to any of these fingerprints.
select {fix as f} from fix as f
where f.fingerprint = any (:fingerprints::text[]) and f.detached_at is null
    and f.namespace = any (:namespaces::text[])
order by f.created_at, f.id

-- name: fix_list
-- Every fix, newest first; of one mode where one is named.
select {fix as f} from fix as f
where f.namespace = any (:namespaces::text[])
    and (:mode::text is null or f.mode = :mode) and (f.detached_at is null or :detached = 1)
    {pages f.created_at::bigint desc, f.id::text desc}

-- name: fix_set_mode
-- It may go further, or less far, by itself.
update fix set mode = :mode, reason = :reason, demoted_at = :demoted_at
where id = :id and namespace = :namespace and detached_at is null

-- name: fix_detach
-- It is no longer bound; its record stays.
update fix set detached_at = :detached_at, mode = 'suggest', reason = :reason
where id = :id and namespace = :namespace and detached_at is null

-- name: fix_trust
-- Somebody vouched for it; why stands in the trail, for a fix's own reason is that of its mode.
update fix set trust = :trust where id = :id and namespace = :namespace and detached_at is null

-- name: fix_verdicts
-- How often each fix helped, as was seen or checked, and how often it did not: by its applications, and by what was told
-- of its remedy against its error.
select w.fix_id, w.kind, sum(case when w.effect = 'helped' then 1 else 0 end) as verified,
    sum(case when w.effect <> 'helped' then 1 else 0 end) as contradicted
from (select f.id as fix_id, f.kind, e.effect, e.basis from evidence as e join fix as f on f.id = e.fix_id
        where e.namespace = f.namespace and f.namespace = any (:namespaces::text[])
            and e.imported_at is null and {evidence_stands}
    union all
    select f.id as fix_id, f.kind, e.effect, e.basis from fix as f join evidence as e on e.fingerprint = f.fingerprint
        and e.fix_id is null and e.remedy = coalesce(f.procedure, f.title)
        where e.namespace = f.namespace and f.namespace = any (:namespaces::text[])
            and e.imported_at is null and {evidence_stands}) as w
where w.effect <> 'helped' or w.basis <> 'claimed'
group by w.fix_id, w.kind

-- name: fix_application_insert
-- A fix is due, or was suggested.
insert into fix_application (id, namespace, fix_id, fingerprint, operation_id, target, mode, automatic, state,
    run_id, reason,
    actor_kind, actor_id, actor_proof, created_at, applied_at, decided_at, verified_by, evidence)
values (:id, :namespace, :fix_id, :fingerprint, :operation_id, :target, :mode, :automatic, :state, :run_id, :reason,
    :actor_kind, :actor_id, :actor_proof, :created_at, :applied_at, :decided_at, :verified_by, :evidence)
on conflict (id) do nothing

-- name: fix_application_get
-- One application, if it is readable.
select {fix_application as a} from fix_application as a where a.id = :id
    and a.namespace = any (:namespaces::text[])

-- name: fix_application_list
-- The applications of a fix, or of all, newest first.
select {fix_application as a} from fix_application as a
where a.namespace = any (:namespaces::text[])
    and (:fix_id::text is null or a.fix_id = :fix_id)
    and (:state::text is null or a.state = :state)
    and (:operation_id::text is null or a.operation_id = :operation_id)
    {pages a.created_at::bigint desc, a.id::text desc}

-- name: fix_application_open
-- What is still to be done: applications that are due or under way, oldest first.
select {fix_application as a} from fix_application as a
where a.namespace = :namespace and a.state in ('due', 'applying')
order by a.created_at, a.id limit :limit

-- name: fix_application_move
-- From one state to the next; nobody else may have moved it.
update fix_application set state = :state, run_id = coalesce(:run_id::text, run_id), reason = :reason,
    applied_at = coalesce(:applied_at::bigint, applied_at),
    decided_at = coalesce(:decided_at::bigint, decided_at),
    verified_by = coalesce(:verified_by::text, verified_by), evidence = coalesce(:evidence::text,
    evidence)
where id = :id and namespace = :namespace and state = :from_state

-- name: fix_application_same
-- An application of this fix for this operation, or one on this target that has not been judged.
select a.id from fix_application as a
where a.namespace = any (:namespaces::text[]) and a.fix_id = :fix_id
    and ((a.operation_id is not null and a.operation_id = :operation_id::text)
        or (a.state in ('due', 'applying') and coalesce(a.target, '') = coalesce(:target::text, '')))
limit 1

-- name: fix_application_radius
-- How often fixes were applied by themselves since then: this one, this one on this target, any.
select coalesce(sum(case when a.fix_id = :fix_id then 1 else 0 end), 0) as of_fix,
    coalesce(sum(case when a.fix_id = :fix_id and coalesce(a.target, '') = coalesce(:target::text,
    '') then 1 else 0 end), 0)
        as of_target,
    count(*) as of_namespace
from fix_application as a
where a.namespace = :namespace and a.automatic = 1 and a.applied_at >= :since

-- name: fix_application_helped
-- Applications for this fingerprint on this target that seem to have helped, and are young enough to be contradicted.
select {fix_application as a} from fix_application as a
where a.namespace = :namespace
    and a.fingerprint = any (:fingerprints::text[])
    and a.state in ('applied', 'verified') and a.decided_at >= :since
    and coalesce(a.target, '') = coalesce(:target::text, '')

-- name: fix_application_awaiting
-- Applications on this target after which the same operation went well: it verifies them.
select {fix_application as a} from fix_application as a
join operation as o on o.id = a.operation_id
where a.namespace = :namespace and o.namespace = :namespace and a.state = 'applied' and a.applied_at >= :since
    and o.name = :name and coalesce(a.target, '') = coalesce(:target::text, '')
