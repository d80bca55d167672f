-- name: operation_begin
-- Something is about to be done.
insert into operation (
    id, namespace, name, target, context, action_class, actor_kind, actor_id, actor_proof, session_id, parent_id,
    guidance_id, started_at)
values (
    :id, :namespace, :name, :target, :context, :action_class, :actor_kind, :actor_id, :actor_proof, :session_id,
    :parent_id, :guidance_id, :started_at)
on conflict (id) do nothing

-- name: operation_archive
-- Takes operations out of the log that a verified segment holds.
delete from operation where key in (select value from json_each(:keys)) and namespace = :namespace

-- name: operation_restore_row
-- Puts an exported or archived operation back: it is history, and the guard counts on nothing of it.
insert into operation ({columns of operation}) values ({values of operation})
on conflict do nothing

-- name: operation_discard
-- The growth policy does not keep this success; the tally counted it.
delete from operation where id = :id and namespace = :namespace and finished_at is null

-- fragment: operation_partition
true
