-- name: vector_insert
-- Keeps one passage's vector.
insert into memory_vector (memory_key, namespace, model_id, passage, vector)
values (:memory_key, :namespace, :model_id, :passage, :vector::halfvec)
on conflict (memory_key, model_id, passage) do nothing

-- name: vector_mark
-- Says which model the vectors of memories belong to, of those whose text is still the one that was embedded.
update memory set vector_model = :model_id
where namespace = :namespace and key = any (:keys::bigint[]) and key || ' ' || content_hash = any (:texts::text[])
returning key

-- name: vector_delete_others
-- Every memory has vectors of this model; those of earlier ones go.
delete from memory_vector where model_id <> :model_id and namespace = :namespace

-- name: vector_pending
-- Memories that have no vector yet, in key order.
select m.key, m.namespace, m.title, m.content, m.content_format, m.content_hash from memory as m
where m.vector_model is null and m.key > :after and m.namespace::text = any (:namespaces::text[])
order by m.key limit :limit

-- name: vector_outdated
-- Memories whose vectors are of another model, in key order.
select m.key, m.namespace, m.title, m.content, m.content_format, m.content_hash from memory as m
where m.vector_model <> :model_id and m.key > :after and m.namespace::text = any (:namespaces::text[])
order by m.key limit :limit

-- name: vector_sample
-- The newest readable memories that have a vector of this model, to compare it with a fresh one.
select m.key, m.id, m.title, m.content, m.content_format from (
    select v.memory_key from memory_vector as v
    where v.model_id = :model_id and v.passage = 0 and v.namespace = any (:namespaces::text[])
    order by v.sequence desc limit :limit) as newest
    join memory as m on m.key = newest.memory_key
where m.vector_model = :model_id and m.namespace = any (:namespaces::text[])
