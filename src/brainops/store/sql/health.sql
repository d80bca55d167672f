-- name: vector_models
-- How many readable memories have vectors of which model (null: of none yet)?
select m.vector_model as model_id, count(*) as memories from memory as m
where m.namespace = any (:namespaces::text[]) group by m.vector_model

-- name: vector_sample
-- The newest readable memories that have a vector of this model, to compare it with a fresh one.
select m.key, m.id, m.title, m.content, m.content_format from memory as m
where m.vector_model = :model_id and m.namespace = any (:namespaces::text[])
order by m.key desc limit :limit

-- name: audit_length
-- How long is a namespace's trail?
select count(*) as lines from audit
where namespace = :of_namespace and namespace = any (:namespaces::text[])
