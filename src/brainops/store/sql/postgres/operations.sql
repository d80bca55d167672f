-- fragment: operation_partition
started_at = (select k.started_at from operation_key as k where k.id = :id)

-- name: operation_begin
-- Something is about to be done.
with taken as (
    insert into operation_key (id, namespace, started_at) values (:id, :namespace, :started_at)
    on conflict (id) do nothing returning key)
insert into operation (
    key, id, namespace, name, target, context, action_class, actor_kind, actor_id, actor_proof, session_id, parent_id,
    guidance_id, started_at)
select
    taken.key, :id, :namespace, :name, :target, :context, :action_class, :actor_kind, :actor_id, :actor_proof,
    :session_id, :parent_id, :guidance_id, :started_at
from taken

-- name: operation_archive
-- Takes operations out of the log that a verified segment holds.
with taken as (
    delete from operation_key where key = any (:keys::bigint[]) and namespace = :namespace
    returning id, started_at)
delete from operation as o using taken
where o.id = taken.id and o.started_at = taken.started_at and o.namespace = :namespace

-- name: operation_restore_row
-- Puts an exported or archived operation back: it is history, and the guard counts on nothing of it.
with taken as (
    insert into operation_key (id, namespace, started_at) values (:id, :namespace, :started_at)
    on conflict (id) do nothing returning key)
insert into operation (key, {columns of operation}) select taken.key, {values of operation}
from taken

-- name: operation_discard
-- The growth policy does not keep this success; the tally counted it.
with taken as (
    delete from operation
    where id = :id and namespace = :namespace and finished_at is null and {operation_partition}
    returning id)
delete from operation_key as k using taken where k.id = taken.id and k.namespace = :namespace
