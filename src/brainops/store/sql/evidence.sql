-- fragment: evidence_row
insert into evidence (id, namespace, fingerprint, remedy, effect, basis, target, context, fix_id, operation_id, seconds,
    source, note, at, judged_at, actor_kind, actor_id, actor_proof, idempotency_key)
values (:id, :namespace, :fingerprint, :remedy, :effect, :basis, :target, :context, :fix_id, :operation_id, :seconds,
    :source, :note, :at, :judged_at, :actor_kind, :actor_id, :actor_proof, :idempotency_key)

-- fragment: evidence_stands
(e.source <> 'feedback' or not exists (select 1 from feedback as given where given.id = e.id
    and (given.undone_at is not null or exists (select 1 from feedback as later where later.memory_id = given.memory_id
        and later.actor_kind = given.actor_kind and later.actor_id = given.actor_id and later.undone_at is null
        and (later.at > given.at or (later.at = given.at and later.id > given.id))))))

-- name: evidence_insert
-- A remedy was tried; what was told under the same key stands there already.
{evidence_row}
on conflict do nothing

-- name: evidence_get
-- One piece of evidence, if it is readable.
select {evidence as e} from evidence as e where e.id = :id and e.namespace = any (:namespaces::text[])

-- name: evidence_of_key
-- What was told under a key.
select {evidence as e} from evidence as e where e.namespace = :namespace and e.idempotency_key = :idempotency_key

-- name: evidence_list
-- What remedies did, the newest first: for these fingerprints or for all, of one remedy or of all.
select {evidence as e} from evidence as e
where e.namespace = any (:namespaces::text[])
    and (:anywhere = 1 or e.fingerprint = any (:fingerprints::text[]))
    and (:remedy::text is null or e.remedy = :remedy) and {evidence_stands}
order by e.at desc, e.id desc limit :limit

-- name: evidence_for
-- What remedies did for these fingerprints, the newest first; what came from elsewhere was seen in other places.
select {evidence as e} from evidence as e
where e.namespace = any (:namespaces::text[]) and e.fingerprint = any (:fingerprints::text[])
    and e.imported_at is null and {evidence_stands}
order by e.at desc, e.id desc limit :limit

-- name: evidence_with
-- Which of these fingerprints have any evidence?
select distinct e.fingerprint from evidence as e
where e.namespace = any (:namespaces::text[]) and e.fingerprint = any (:fingerprints::text[])
    and e.imported_at is null and {evidence_stands}

-- fragment: evidence_since
(select min(n.at) from (select n.at from evidence as n where n.namespace = any (:namespaces::text[])
    and n.imported_at is null order by n.at desc limit :limit) as n)

-- name: evidence_first
-- Of the newest remedies that were tried against an error for the first time there, by somebody who is no person: how
-- many, and how many helped?
select count(*) as tried, coalesce(sum(case when e.effect = 'helped' then 1 else 0 end), 0) as helped
from evidence as e
where e.namespace = any (:namespaces::text[]) and e.imported_at is null and e.at >= {evidence_since}
    and e.actor_kind <> 'person' and not exists (select 1 from evidence as b
    where b.namespace = e.namespace and b.fingerprint = e.fingerprint and b.remedy = e.remedy and b.at < e.at)

-- name: evidence_records
-- How often did each remedy help against each error on one target where that was seen or checked, of those that did there?
select e.fingerprint, e.remedy, e.target, sum(case when e.effect = 'helped' then 1 else 0 end) as helped, count(*) as tried
from evidence as e
where e.namespace = any (:namespaces::text[]) and e.imported_at is null and e.at >= {evidence_since}
    and (e.effect <> 'helped' or e.basis <> 'claimed') and {evidence_stands}
group by e.fingerprint, e.remedy, e.target
having sum(case when e.effect = 'helped' then 1 else 0 end) >= :least

-- name: evidence_judge
-- What seemed to have helped did not, or the other way round.
update evidence set effect = :effect, basis = :basis, note = :note, judged_at = :judged_at
where id = :id and namespace = :namespace

-- name: evidence_back
-- What seemed to help against these errors on a target a short time ago, and was told: they are back.
select {evidence as e} from evidence as e
where e.namespace = :namespace and e.fingerprint = any (:fingerprints::text[]) and e.effect = 'helped'
    and e.source <> 'application' and e.at >= :since and e.imported_at is null
    and coalesce(e.target, '') = coalesce(:target::text, '')

-- name: evidence_of_application
-- An application of a fix was judged: what it shows, under its own id.
{evidence_row}
on conflict (id) do update set effect = excluded.effect, basis = excluded.basis, note = excluded.note,
    judged_at = excluded.judged_at

-- name: operation_context
-- Where was an operation carried out?
select o.context from operation as o where o.id = :id and o.namespace = :namespace

-- name: evidence_rewrite
-- Redaction took something out of what was told of a remedy.
update evidence set remedy = :remedy, target = :target, context = :context, note = :note
where id = :id and namespace = :namespace

-- name: evidence_purge
-- Takes out of evidence what it says of a purged memory.
update evidence set note = :purged, context = '{}'
where namespace = :namespace and (fingerprint = :fingerprint::text or note like '%' || :memory_id || '%'
    or context like '%' || :memory_id || '%')

-- name: cause_change_insert
-- Somebody, or what helped, said of two errors whether they have one cause.
insert into cause_change ({columns of cause_change}) values ({values of cause_change})
on conflict (id) do nothing

-- name: cause_change_get
-- One such saying, if it is readable.
select {cause_change as c} from cause_change as c where c.id = :id and c.namespace = any (:namespaces::text[])

-- name: cause_changes
-- What was said of these errors, the latest first; each side by its own index.
select {cause_change as c} from (
    select a.* from cause_change as a
    where a.namespace = any (:namespaces::text[]) and a.fingerprint = any (:fingerprints::text[])
    union
    select b.* from cause_change as b
    where b.namespace = any (:namespaces::text[]) and b.other = any (:fingerprints::text[])
) as c order by c.at desc, c.id desc limit :limit

-- name: errors_seen
-- The errors that are remembered, those first that came last: when before a time, and when a remedy last helped?
select m.key, m.id, m.fingerprint, m.title, m.occurrences, m.created_at as first_at, m.last_seen_at as last_at,
    (select max(o.finished_at) from operation as o where o.namespace = m.namespace and o.fingerprint = m.fingerprint
        and o.finished_at < :day) as failed_before,
    case when m.occurrences <= :kept then (select max(c.at) from occurrence as c where c.memory_key = m.key
        and c.at < :day) end as seen_before,
    (select max(e.at) from evidence as e where e.namespace = m.namespace and e.fingerprint = m.fingerprint
        and e.effect = 'helped' and e.basis <> 'claimed' and e.imported_at is null and {evidence_stands}) as mended_at
from memory as m
where m.namespace = any (:namespaces::text[]) and m.type = 'error_pattern' and m.fingerprint is not null
    and m.state = 'active' and m.superseded_by is null and m.last_seen_at >= :since
order by m.last_seen_at desc, m.key desc limit :limit

-- name: errors_failed
-- How many operations failed with each of these errors in each step of a time?
select o.fingerprint, (o.finished_at - :since::bigint) / :step::bigint as step, count(*) as failed
from operation as o
where o.namespace = any (:namespaces::text[]) and o.fingerprint = any (:fingerprints::text[])
    and o.finished_at >= :since::bigint and o.finished_at < :until
group by o.fingerprint, (o.finished_at - :since::bigint) / :step::bigint

-- name: errors_last
-- Which operation did each of these errors end last?
select o.fingerprint, o.id, o.name, o.target, o.finished_at from operation as o
where o.namespace = any (:namespaces::text[]) and o.id in (
    select (select i.id from operation as i where i.namespace = any (:namespaces::text[])
        and i.fingerprint = given.value and i.finished_at is not null order by i.finished_at desc limit 1)
    from unnest(:fingerprints::text[]) as given (value))

-- name: cause_changes_joined
-- The latest errors that were said to have one cause.
select {cause_change as c} from cause_change as c
where c.namespace = any (:namespaces::text[]) and c.undone_at is null and c.standing = 'joined'
order by c.at desc, c.id desc limit :limit

-- name: cause_change_undo
-- It does not count any more.
update cause_change set undone_at = :undone_at where id = :id and namespace = :namespace and undone_at is null

-- name: cause_change_rewrite
-- Redaction took something out of why errors have one cause.
update cause_change set why = :why where id = :id and namespace = :namespace

-- name: cause_change_purge
-- Takes out of causes what they say of a purged memory.
update cause_change set why = :purged
where namespace = :namespace and (fingerprint = :fingerprint::text or other = :fingerprint::text
    or why like '%' || :memory_id || '%')
