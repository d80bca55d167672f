-- fragment: memory_filter
m.namespace = any (:namespaces::text[])
and (:types::text[] is null or m.type = any (:types::text[]))
and (:trust::text[] is null or m.trust = any (:trust::text[]))
and (:session_id::text is null or m.session_id = :session_id)
and (:since::bigint is null or m.created_at >= :since::bigint)
and (:until::bigint is null or m.created_at < :until::bigint)
and (:tags::text[] is null or m.key = any (array(
    select g.memory_key from memory_tag as g where g.tag = any (:tags::text[])
    group by g.memory_key
    having count(*) = (select count(distinct wanted) from unnest(:tags::text[]) as wanted))))
and (case when :as_of::bigint is null
    then (m.state = 'active' or (:include_archived and m.state = 'archived'))
        and (:include_superseded or (m.superseded_by is null and (m.valid_to is null
            or m.valid_to > greatest((select now_us()), m.updated_at))))
        and m.valid_from <= greatest((select now_us()), m.created_at)
    else m.created_at <= :as_of::bigint and m.valid_from <= :as_of::bigint
        and (m.valid_to is null or m.valid_to > :as_of::bigint)
        and (m.forgotten_at is null or m.forgotten_at > :as_of::bigint)
    end)

-- name: memory_by_idempotency
-- Was this capture acknowledged before, and what did it say? One without a key has the memory's id for it. An `or` would
-- read the whole namespace.
select {memory as m}, k.said from memory as m
    left join capture_key as k on k.memory_key = m.key and k.namespace = :namespace and k.key_hash = :key_hash
where m.namespace = :namespace and m.key in (
    select i.key from memory as i where i.namespace = :namespace and i.idempotency_key = :idempotency_key
    union all select o.key from memory as o where o.namespace = :namespace and o.id = :idempotency_key
    union all select c.memory_key from capture_key as c where c.namespace = :namespace and c.key_hash = :key_hash)
order by k.said is null limit 1

-- name: memory_by_fingerprint
-- The memories that are bound to an error's fingerprint, or say its text, and pass the filter, the most useful first.
select {memory as m} from memory as m
where (m.fingerprint = :fingerprint or m.message_fingerprint = any (:texts::text[]))
    and {memory_filter}
order by coalesce(m.fingerprint = :fingerprint, false) desc, m.feedback desc, m.occurrences desc, m.key limit :limit

-- name: memory_count_retrieved
-- Use is counted in batches.
select brainops_count_retrieved(:key, :times, :namespaces::text[])
