-- fragment: memory_filter
m.namespace in (select value from json_each(:namespaces))
and (:types is null or m.type in (select value from json_each(:types)))
and (:trust is null or m.trust in (select value from json_each(:trust)))
and (:session_id is null or m.session_id = :session_id)
and m.created_at >= coalesce(:since, 0) and m.created_at < coalesce(:until, 9223372036854775807)
and (:tags is null or not exists (
    select 1 from json_each(:tags) as wanted
    where not exists (select 1 from memory_tag as g where g.tag = wanted.value and g.memory_key = m.key)))
and (case when :as_of is null
    then (m.state = 'active' or (:include_archived and m.state = 'archived'))
        and (:include_superseded or (m.superseded_by is null and (m.valid_to is null or m.valid_to > max((select now_us()), m.updated_at))))
        and m.valid_from <= max((select now_us()), m.created_at)
    else m.created_at <= :as_of and m.valid_from <= :as_of and (m.valid_to is null or m.valid_to > :as_of)
        and (m.forgotten_at is null or m.forgotten_at > :as_of)
    end)

-- name: memory_by_idempotency
-- Was this capture acknowledged before, and what did it say? One without a key has the memory's id for it. An `or` would
-- read the whole namespace.
select {memory as m}, k.said from (
    select i.key from memory as i where i.namespace = :namespace and i.idempotency_key = :idempotency_key
    union select o.key from memory as o where o.namespace = :namespace and o.id = :idempotency_key
    union select c.memory_key from capture_key as c where c.namespace = :namespace and c.key_hash = :key_hash) as found
    cross join memory as m on m.key = found.key and m.namespace = :namespace
    left join capture_key as k on k.memory_key = m.key and k.namespace = :namespace and k.key_hash = :key_hash
order by k.said is null limit 1

-- name: memory_by_fingerprint
-- The memories that are bound to an error's fingerprint, or say its text, and pass the filter, the most useful first.
select {memory as m} from (
    select f.key from memory as f
    where f.namespace in (select value from json_each(:namespaces)) and f.fingerprint = :fingerprint
    union select t.key from memory as t
    where t.namespace in (select value from json_each(:namespaces))
        and t.message_fingerprint in (select value from json_each(:texts))) as found
    cross join memory as m on m.key = found.key
where {memory_filter}
order by m.fingerprint = :fingerprint desc, m.feedback desc, m.occurrences desc, m.key limit :limit

-- name: memory_count_retrieved
-- Use is counted in batches.
update memory set retrieved_count = retrieved_count + :times
where key = :key and namespace in (select value from json_each(:namespaces))
