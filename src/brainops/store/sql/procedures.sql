-- name: procedure_change
-- Says that something changed in the namespace; until the transaction ends nobody else changes anything there.
insert into procedure_change (namespace, counter) values (:namespace, 1)
on conflict (namespace) do update set counter = procedure_change.counter + 1

-- name: procedure_changes
-- How often did anything change in each readable namespace?
select namespace, counter from procedure_change where namespace = any (:namespaces::text[])

-- name: procedure_insert
-- Keeps a new version.
insert into procedure (
    id, namespace, name, number, hash, body, source, path, owner, trust, state, created_at, created_kind, created_by,
    created_proof, reason)
values (
    :id, :namespace, :name, :number, :hash, :body, :source, :path, :owner, :trust, 'draft', :created_at, :created_kind,
    :created_by, :created_proof, :reason)

-- name: procedure_activate
-- A version holds from now on.
update procedure set state = 'active', activated_at = :at, activated_kind = :actor_kind, activated_by = :actor_id,
    activated_proof = :actor_proof, retired_at = null, reason = :reason
where id = :id and namespace = :namespace and state <> 'active'

-- name: procedure_retire
-- The active version of a name holds no longer.
update procedure set state = 'retired', retired_at = :at, reason = :reason
where namespace = :namespace and name = :name and state = 'active'

-- name: procedure_own
-- Says where a version changes, and from which file it comes.
update procedure set owner = :owner, path = :path where id = :id and namespace = :namespace

-- name: procedure_by_id
-- One version, if it is readable.
select {procedure as p} from procedure as p where p.id = :id and p.namespace = any (:namespaces::text[])

-- name: procedure_versions
-- Every readable version of a name, newest first.
select {procedure as p} from procedure as p
where p.name = :name and p.namespace = any (:namespaces::text[]) order by p.number desc limit :limit

-- name: procedure_active
-- The active versions of the readable namespaces.
select {procedure as p} from procedure as p
where p.state = 'active' and p.namespace = any (:namespaces::text[]) order by p.name limit :limit

-- name: procedure_list
-- The newest version of each name and state, by name.
select {procedure as p} from procedure as p
where p.namespace = any (:namespaces::text[]) and (:state::text is null or p.state = :state)
    and not exists (select 1 from procedure as newer where newer.namespace = p.namespace and newer.name = p.name
        and newer.number > p.number and (newer.state = p.state or :state::text is null and p.state <> 'active'))
order by p.name, p.number desc limit :limit

-- name: procedure_page
-- Every readable version after an id, in id order.
select {procedure as p} from procedure as p
where p.namespace::text = any (:namespaces::text[]) and p.id > :after order by p.id limit :limit
