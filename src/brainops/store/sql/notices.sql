-- name: notice_insert
-- Somebody must be told.
insert into notice (id, namespace, kind, subject, body, created_at, next_attempt_at)
values (:id, :namespace, :kind, :subject, :body, :created_at, :created_at)

-- name: notice_list
-- Notices, newest first; of those that were delivered only where all are asked for.
select {notice as n} from notice as n
where n.namespace = any (:namespaces::text[]) and (:every = 1 or n.delivered_at is null)
    {pages n.created_at::bigint desc, n.id::text desc}

-- name: notice_due
-- What is to be delivered now, oldest first.
select {notice as n} from notice as n
where n.namespace = :namespace and n.delivered_at is null and n.attempts < :attempts and (n.next_attempt_at <= :now
        or n.next_attempt_at > :now + 3900000000) -- further ahead than any wait: the clock was set back
    and (n.lease_until is null or n.lease_until <= :now or n.lease_until > :now + 240000000)
order by n.next_attempt_at, n.id limit :limit

-- name: notice_claim
-- Takes a notice in hand for a while; of two that try, one does.
update notice set lease_until = :lease_until, attempts = attempts + 1
where id = :id and namespace = :namespace and delivered_at is null and attempts = :attempts
    and (lease_until is null or lease_until <= :now or lease_until > :now + 240000000)

-- name: notice_delivered
-- Every channel took it.
update notice set delivered_at = :now, delivered_to = :delivered_to, lease_until = null, error = null
where id = :id and namespace = :namespace and delivered_at is null

-- name: notice_failed
-- Some channel did not take it: it is tried again later, unless somebody else has it in hand by now.
update notice set delivered_to = :delivered_to, error = :error, next_attempt_at = :next_attempt_at, lease_until = null
where id = :id and namespace = :namespace and delivered_at is null and lease_until = :lease_until

-- name: notice_counts
-- How many notices wait, since when, and how many were given up?
select count(*) as pending, min(n.created_at) as since,
    coalesce(sum(case when n.attempts >= :attempts then 1 else 0 end), 0) as given_up
from notice as n where n.namespace = any (:namespaces::text[]) and n.delivered_at is null

-- name: channel_put
-- A way by which notices leave.
insert into channel ({columns of channel}) values ({values of channel})
on conflict (namespace, name) do update set id = excluded.id, kind = excluded.kind, settings = excluded.settings,
    kinds = excluded.kinds, created_at = excluded.created_at, created_by_kind = excluded.created_by_kind,
    created_by_id = excluded.created_by_id, created_by_proof = excluded.created_by_proof

-- name: channel_list
-- The ways by which the namespace's notices leave.
select c.id, c.namespace, c.name, c.kind, c.settings, c.kinds, c.created_at, c.created_by_kind, c.created_by_id,
    c.created_by_proof
from channel as c where c.namespace = :namespace order by c.name

-- name: channel_delete
-- Removes a way.
delete from channel where namespace = :namespace and name = :name

-- name: delivery_add
-- A notice was handed to a channel, which took it or did not.
insert into delivery (id, namespace, notice_id, channel, at, seconds, problem)
values (:id, :namespace, :notice_id, :channel, :at, :seconds, :problem)

-- name: delivery_list
-- The attempts at one notice, or at all, newest first.
select {delivery as d} from delivery as d
where d.namespace = any (:namespaces::text[]) and (:notice_id::text is null or d.notice_id = :notice_id)
    {pages d.at::bigint desc, d.id::text desc}

-- name: delivery_trim
-- Takes out some of those that are long past.
delete from delivery where namespace = :namespace and id in (select d.id from delivery as d
    where d.namespace = :namespace and d.at < :before order by d.at limit 100)
