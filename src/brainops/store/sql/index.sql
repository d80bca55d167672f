-- name: vector_insert
-- Keeps one passage's vector.
insert into memory_vector (memory_key, namespace, model_id, passage, vector)
values (:memory_key, :namespace, :model_id, :passage, :vector::halfvec)
on conflict (memory_key, model_id, passage) do nothing

-- name: vector_mark
-- Says which model a memory's vectors belong to.
update memory set vector_model = :model_id
where key = :memory_key and namespace = :namespace and content_hash = :content_hash

-- name: vector_delete_others
-- Every memory has vectors of this model; those of earlier ones go.
delete from memory_vector where model_id <> :model_id and namespace = :namespace
