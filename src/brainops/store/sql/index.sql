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

-- name: vector_models
-- How many readable memories have vectors of which model (null: of none yet)?
select m.vector_model as model_id, count(*) as memories from memory as m
where m.namespace = any (:namespaces::text[]) group by m.vector_model

-- name: vector_sample
-- The newest readable memories that have a vector of this model, to compare it with a fresh one.
select m.key, m.id, m.title, m.content, m.content_format from memory as m
where m.vector_model = :model_id and m.namespace = any (:namespaces::text[])
order by m.key desc limit :limit
