-- name: approval_insert
-- A question to a person; of one subject at most one is open.
insert into approval (
    id, namespace, kind, subject, run_id, step_id, question, reason, requested_by_kind, requested_by_id,
    requested_by_proof, requested_at, expires_at, escalate_at)
values (
    :id, :namespace, :kind, :subject, :run_id, :step_id, :question, :reason, :requested_by_kind, :requested_by_id,
    :requested_by_proof, :requested_at, :expires_at, :escalate_at)
on conflict do nothing

-- name: approval_get
-- One approval, if it is readable.
select {approval as p} from approval as p where p.id = :id and p.namespace = any (:namespaces::text[])

-- name: approval_open
-- The question on a subject that waits for its answer, or its answer that waits to be used.
select {approval as p} from approval as p
where p.namespace = :namespace and p.kind = :kind and p.subject = :subject and p.state in ('pending', 'granted')

-- name: approval_list
-- Approvals in a state (null: any), newest first.
select {approval as p} from approval as p
where p.namespace = any (:namespaces::text[]) and (:state::text is null or p.state = :state)
    {pages p.requested_at::bigint desc, p.id::text desc}

-- name: approval_granted
-- Approvals of the written namespace that are granted, unused and valid: what the guard knows.
select {approval as p} from approval as p
where p.namespace = :namespace and p.state = 'granted' and p.expires_at > :now
    and p.requested_at <= :now + 60000000 -- what was asked later than now waits until the clock that was set back is right
order by p.requested_at limit :limit

-- name: approval_decide
-- A person answers, once, while the question stands.
update approval set state = :state, decided_by_kind = :decided_by_kind, decided_by_id = :decided_by_id,
    decided_by_proof = :decided_by_proof, decided_at = :decided_at, decision_reason = :decision_reason,
    expires_at = :expires_at
where id = :id and namespace = :namespace and state = 'pending' and expires_at > :decided_at

-- name: approval_use
-- What was granted is used up; of two that try, one does.
update approval set state = 'used', used_at = :now
where id = :id and namespace = :namespace and state = 'granted' and expires_at > :now
    and requested_at <= :now + 60000000

-- name: approval_withdraw
-- What it was for is over, so nobody needs to answer.
update approval set state = 'expired', decision_reason = :decision_reason
where namespace = :namespace and run_id = :run_id and state in ('pending', 'granted')
    and (:subject::text is null or subject = :subject)

-- name: approval_expire
-- Nobody answered, or nobody used the answer, in time.
update approval set state = 'expired', decision_reason = :decision_reason
where id = :id and namespace = :namespace and state in ('pending', 'granted') and expires_at <= :now

-- name: approval_void
-- It says that it was granted, and the trail does not know by whom.
update approval set state = 'refused', decision_reason = :decision_reason
where id = :id and namespace = :namespace and state = 'granted'

-- name: approval_overdue
-- What has passed its time, oldest first.
select {approval as p} from approval as p
where p.namespace = :namespace and p.state in ('pending', 'granted') and p.expires_at <= :now
order by p.expires_at limit :limit

-- name: approval_to_escalate
-- What has waited so long that somebody must be told again.
select {approval as p} from approval as p
where p.namespace = :namespace and p.state = 'pending' and p.escalate_at <= :now and p.escalated_at is null
order by p.escalate_at limit :limit

-- name: approval_escalate
-- They were told again, once.
update approval set escalated_at = :now
where id = :id and namespace = :namespace and state = 'pending' and escalated_at is null

-- name: approval_counts
-- How many approvals stand in which state?
select p.state, count(*) as approvals from approval as p where p.namespace = any (:namespaces::text[]) group by p.state

-- name: approval_page
-- Every approval of the readable namespaces after an id, in order.
select {approval as p} from approval as p
where p.namespace::text = any (:namespaces::text[]) and p.id > :after order by p.id limit :limit

-- name: approver_insert
-- Somebody may approve from now on.
insert into approver (
    id, namespace, name, kind, secret_hash, enrolled_at, enrolled_by_kind, enrolled_by_id, enrolled_by_proof, first_use)
values (
    :id, :namespace, :name, :kind, :secret_hash, :enrolled_at, :enrolled_by_kind, :enrolled_by_id,
    :enrolled_by_proof, :first_use)
on conflict do nothing

-- name: approver_find
-- The one who may approve by this name and kind of secret.
select {approver as v} from approver as v
where v.namespace = :namespace and v.name = :name and v.kind = :kind and v.revoked_at is null

-- name: approver_get
-- One entry, revoked or not.
select {approver as v} from approver as v where v.namespace = :namespace and v.id = :id

-- name: approver_list
-- Everybody who may or might approve, oldest first.
select {approver as v} from approver as v where v.namespace = :namespace order by v.enrolled_at, v.id

-- name: approver_try
-- A proof is about to be checked: it counts as wrong until it is right, so that nobody tries two at once.
update approver set failures = :failures + 1, locked_until = :locked_until
where id = :id and namespace = :namespace and revoked_at is null and failures = :failures
    and (locked_until is null or locked_until <= :now)

-- name: approver_lock
-- It was wrong, and nobody may try for a while.
update approver set failures = :failures, locked_until = :locked_until where id = :id and namespace = :namespace

-- name: approver_proven
-- It was right.
update approver set failures = 0, locked_until = null, used_at = :now
where id = :id and namespace = :namespace and revoked_at is null

-- name: approver_revoke
-- Somebody may no longer approve.
update approver set revoked_at = :now where id = :id and namespace = :namespace and revoked_at is null

-- name: approval_setting_get
-- Which coding clients' own dialogs does the namespace accept?
select clients from approval_setting where namespace = :namespace

-- name: approval_setting_put
-- Says which coding clients' own dialogs the namespace accepts.
insert into approval_setting ({columns of approval_setting}) values ({values of approval_setting})
on conflict (namespace) do update set clients = excluded.clients
