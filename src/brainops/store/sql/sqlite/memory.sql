-- fragment: memory_columns
m.key, m.id, m.namespace, m.type, m.title, m.content, m.content_format, m.tags, m.importance, m.metadata, m.trust,
m.actor_kind, m.actor_id, m.actor_proof, m.session_id, m.operation_id, m.run_id, m.uri, m.source_key, m.subject,
m.content_hash, m.idempotency_key, m.fingerprint, m.message_fingerprint, m.occurrences, m.state, m.created_at, m.updated_at, m.last_seen_at,
m.valid_from, m.valid_to, m.forgotten_at, m.supersedes, m.superseded_by, m.feedback, m.flag, m.retrieved_count, m.segment_id

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

-- name: memory_insert
-- Captures a memory, or counts the same one again; nothing where its equal has ended, is about another subject, or is
-- verified and nobody asked yet whether it may change.
insert into memory (
    id, namespace, type, title, content, content_format, tags, importance, metadata, trust, actor_kind, actor_id,
    actor_proof, session_id, operation_id, run_id, uri, source_key, subject, content_hash, idempotency_key, fingerprint,
    message_fingerprint, created_at, updated_at, last_seen_at, valid_from, valid_to, supersedes, vector_model)
values (
    :id, :namespace, :type, :title, :content, :content_format, :tags, :importance, :metadata, :trust, :actor_kind,
    :actor_id, :actor_proof, :session_id, :operation_id, :run_id, :uri, :source_key, :subject, :content_hash,
    :idempotency_key, :fingerprint, :message_fingerprint, :now, :now, :now, coalesce(:valid_from, :now), :valid_to, :supersedes, :vector_model)
on conflict (namespace, content_hash) where state = 'active' and superseded_by is null
do update set occurrences = memory.occurrences + 1, last_seen_at = max(memory.last_seen_at, excluded.last_seen_at),
    importance = max(memory.importance, excluded.importance), subject = coalesce(memory.subject, excluded.subject),
    fingerprint = coalesce(memory.fingerprint, excluded.fingerprint),
    valid_from = min(memory.valid_from, excluded.valid_from),
    valid_to = case when memory.valid_to is not null and excluded.valid_to is not null
        then max(memory.valid_to, excluded.valid_to) end
where (memory.subject is null or excluded.subject is null or memory.subject = excluded.subject)
    and (memory.valid_to is null or excluded.valid_to <= :now or memory.valid_to > max(:now, memory.updated_at))
    and (memory.trust <> 'verified' or :asked)
returning key, id, occurrences, created_at

-- name: memory_count
-- Counts a memory again that stays as it is.
update memory set occurrences = occurrences + 1, last_seen_at = max(last_seen_at, :now)
where id = :id and namespace = :namespace
returning key, id, occurrences, created_at

-- name: memory_restore_row
-- Puts an exported row back as it was; an id that stands there already is left alone.
insert into memory (
    id, namespace, type, title, content, content_format, tags, importance, metadata, trust, actor_kind, actor_id,
    actor_proof, session_id, operation_id, run_id, uri, source_key, subject, content_hash, idempotency_key, fingerprint,
    message_fingerprint, occurrences, state, created_at, updated_at, last_seen_at, valid_from, valid_to, forgotten_at, supersedes,
    superseded_by, feedback, flag, retrieved_count)
values (
    :id, :namespace, :type, :title, :content, :content_format, :tags, :importance, :metadata, :trust, :actor_kind,
    :actor_id, :actor_proof, :session_id, :operation_id, :run_id, :uri, :source_key, :subject, :content_hash,
    :idempotency_key, :fingerprint, :message_fingerprint, :occurrences, :state, :created_at, :updated_at, :last_seen_at, :valid_from,
    :valid_to, :forgotten_at, :supersedes, :superseded_by, :feedback, :flag, :retrieved_count)
on conflict do nothing
returning key

-- name: memory_by_idempotency
-- Was this capture acknowledged before, and what did it say? An `or` would read the whole namespace.
select {memory_columns}, k.said from (
    select i.key from memory as i where i.namespace = :namespace and i.idempotency_key = :idempotency_key
    union select c.memory_key from capture_key as c where c.namespace = :namespace and c.key_hash = :key_hash) as found
    cross join memory as m on m.key = found.key and m.namespace = :namespace
    left join capture_key as k on k.memory_key = m.key and k.namespace = :namespace and k.key_hash = :key_hash
order by k.said is null limit 1

-- name: capture_key_insert
-- Under which key was a memory captured, and what was said then?
insert into capture_key (namespace, key_hash, memory_key, said) values (:namespace, :key_hash, :memory_key, :said)
on conflict do nothing

-- name: memory_same
-- Is the same memory current in the namespace?
select {memory_columns} from memory as m
where m.namespace = :namespace and m.content_hash = :content_hash and m.state = 'active' and m.superseded_by is null

-- name: memory_get
-- One memory by id, in any state, if it is readable.
select {memory_columns} from memory as m
where m.id = :id and m.namespace in (select value from json_each(:namespaces))

-- name: memory_get_writable
-- One memory by id if it is in the written namespace.
select {memory_columns} from memory as m where m.id = :id and m.namespace = :namespace

-- name: memory_by_keys
-- The full rows of admitted candidates.
select {memory_columns} from memory as m
where m.key in (select value from json_each(:keys)) and m.namespace in (select value from json_each(:namespaces))

-- name: memory_admit
-- Which of these candidates pass every filter?
select m.key from memory as m where m.key in (select value from json_each(:keys)) and {memory_filter}

-- name: memory_facts
-- What ranking needs to know of admitted candidates.
select m.key, m.type, m.importance, m.created_at, m.feedback from memory as m
where m.key in (select value from json_each(:keys)) and m.namespace in (select value from json_each(:namespaces))

-- name: memory_keys
-- The keys of all memories that pass the filter, up to a limit.
select m.key from memory as m where {memory_filter} limit :limit

-- name: memory_list
-- Memories that pass the filter, newest first.
select {memory_columns} from memory as m where {memory_filter} order by m.created_at desc, m.key desc limit :limit

-- name: memory_neighbours
-- The memories captured directly before and after each of these in its session.
select m.key,
    (select max(n.key) from memory as n where n.session_id = m.session_id and n.key < m.key
        and n.namespace = m.namespace) as previous_key,
    (select min(n.key) from memory as n where n.session_id = m.session_id and n.key > m.key
        and n.namespace = m.namespace) as next_key
from memory as m
where m.key in (select value from json_each(:keys)) and m.session_id is not null
    and m.namespace in (select value from json_each(:namespaces))

-- name: memory_by_fingerprint
-- The memories that are bound to an error's fingerprint, or say its text, and pass the filter, the most useful first.
select {memory_columns} from (
    select f.key from memory as f
    where f.namespace in (select value from json_each(:namespaces)) and f.fingerprint = :fingerprint
    union select t.key from memory as t
    where t.namespace in (select value from json_each(:namespaces))
        and t.message_fingerprint in (select value from json_each(:texts))) as found
    cross join memory as m on m.key = found.key
where {memory_filter}
order by m.fingerprint = :fingerprint desc, m.feedback desc, m.occurrences desc, m.key limit :limit

-- name: memory_by_source
-- Memories whose source key begins like this, those set aside too, but none that was superseded.
select {memory_columns} from memory as m
where m.namespace = :namespace and m.source_key >= :prefix and m.source_key < :prefix_end
    and m.superseded_by is null
order by m.source_key limit :limit

-- name: memory_of_sources
-- The current memories with these source keys, as bindings name them.
select {memory_columns} from memory as m
where m.namespace in (select value from json_each(:namespaces)) and m.source_key in (select value from json_each(:source_keys))
    and m.state = 'active' and m.superseded_by is null and (m.valid_to is null or m.valid_to > max(now_us(), m.updated_at))
order by m.key

-- name: memory_by_subject
-- Every memory about a subject in the written namespace, in any state.
select {memory_columns} from memory as m where m.namespace = :namespace and m.subject = :subject order by m.key limit :limit

-- name: memory_page
-- Every readable memory after a key, in key order: for export and for walking the whole store.
select {memory_columns} from memory as m
where m.namespace in (select value from json_each(:namespaces)) and m.key > :after order by m.key limit :limit

-- name: memory_chain
-- The memories that this one replaced and those that replaced it.
with recursive chain (id) as (
    select :id
    union
    select m.id from memory as m join chain as c on m.superseded_by = c.id or m.supersedes = c.id
)
select {memory_columns} from memory as m join chain as c on c.id = m.id
where m.namespace in (select value from json_each(:namespaces)) order by m.valid_from, m.key

-- name: memory_set_state
-- Archives, forgets or restores a memory that is in the expected state.
update memory set state = :state, updated_at = max(updated_at, now_us()),
    forgotten_at = case when :state = 'forgotten' then now_us() end
where id = :id and namespace = :namespace and state = :expected

-- name: memory_supersede
-- Marks a memory as replaced, once.
update memory set superseded_by = :superseded_by, valid_to = min(coalesce(valid_to, :valid_to), :valid_to),
    updated_at = max(updated_at, now_us())
where id = :id and namespace = :namespace and superseded_by is null

-- name: memory_link_supersedes
-- A memory that stood there already replaces another.
update memory set supersedes = coalesce(supersedes, :supersedes), updated_at = max(updated_at, now_us())
where id = :id and namespace = :namespace

-- name: memory_set_source
-- A source was renamed: the memory moves with it.
update memory set source_key = :source_key, uri = :uri, updated_at = max(updated_at, now_us()) where id = :id and namespace = :namespace

-- name: memory_set_tags
-- Replaces the tags of a memory.
update memory set tags = :tags, updated_at = max(updated_at, now_us()) where id = :id and namespace = :namespace

-- name: memory_set_metadata
-- Replaces the metadata of a memory.
update memory set metadata = :metadata, updated_at = max(updated_at, now_us()) where id = :id and namespace = :namespace

-- name: memory_join
-- A memory also holds of whom another one of the same content is about, and for as long as that one is valid.
update memory set subject = coalesce(subject, :subject), fingerprint = coalesce(fingerprint, :fingerprint),
    valid_from = min(valid_from, :valid_from),
    valid_to = case when valid_to is not null and :valid_to is not null then max(valid_to, :valid_to) end,
    updated_at = max(updated_at, now_us())
where id = :id and namespace = :namespace

-- name: memory_set_hash
-- Gives a memory an identity that no other current one has.
update memory set content_hash = :content_hash where id = :id and namespace = :namespace

-- name: memory_set_flag
-- Marks a memory for review, or clears the mark.
update memory set flag = :flag, updated_at = max(updated_at, now_us()) where id = :id and namespace = :namespace

-- name: memory_clear_flag
-- Clears the mark that says this, and no other.
update memory set flag = null, updated_at = max(updated_at, now_us())
where id = :id and namespace = :namespace and flag = :flag

-- name: memory_add_feedback
-- Adds to a memory's feedback; ends its validity where it was called outdated, or opens what that verdict ended.
update memory set feedback = feedback + :change,
    valid_to = case when :ends then max(:now, created_at)
        when :ended_at is not null and valid_to = max(:ended_at, created_at) and superseded_by is null then null
        else valid_to end,
    updated_at = max(updated_at, :now)
where id = :id and namespace = :namespace

-- name: memory_rewrite
-- Redaction took something out of a memory's text.
update memory set title = :title, content = :content, metadata = :metadata, tags = :tags, content_hash = :content_hash,
    updated_at = max(updated_at, now_us()), vector_model = null
where id = :id and namespace = :namespace

-- name: memory_delete
-- Purges one memory; tags, vectors and occurrences go with it.
delete from memory where id = :id and namespace = :namespace

-- name: memory_unlink
-- A purged memory leaves no dangling link: its neighbours are linked to each other, and what it replaced stays replaced.
update memory set
    supersedes = case when supersedes = :id then (select p.supersedes from memory as p where p.id = :id)
        else supersedes end,
    superseded_by = case when superseded_by = :id
        then coalesce((select p.superseded_by from memory as p where p.id = :id), 'purged') else superseded_by end
where namespace = :namespace and (supersedes = :id or superseded_by = :id)

-- name: memory_key
-- The key of a readable memory.
select key from memory where id = :id and namespace in (select value from json_each(:namespaces))

-- name: memory_count_retrieved
-- Use is counted in batches.
update memory set retrieved_count = retrieved_count + :times
where key = :key and namespace in (select value from json_each(:namespaces))

-- name: memory_counts
-- How many memories of each type and state are there, and when was the last one captured?
select namespace, type, state, count(*) as memories, sum(occurrences) as occurrences, max(created_at) as last_at,
    min(created_at) as first_at, sum(length(content) + length(title)) as characters
from memory as m where m.namespace in (select value from json_each(:namespaces)) group by namespace, type, state

-- name: memory_growth
-- How many memories were captured since, and how large are they?
select count(*) as memories, coalesce(sum(length(content) + length(title)), 0) as characters
from memory as m where m.namespace in (select value from json_each(:namespaces)) and m.created_at >= :since

-- name: memory_junk
-- Current memories that make memory worse to read: flagged, stale, oversized or never retrieved.
select m.id, m.title, m.flag, length(m.content) as characters, m.retrieved_count, m.created_at, m.last_seen_at, m.valid_to
from memory as m
where m.namespace in (select value from json_each(:namespaces)) and m.state = 'active' and m.superseded_by is null
    and (m.flag is not null or length(m.content) > :oversized
        or (m.retrieved_count = 0 and m.created_at < :unused_before)
        or (m.valid_to is not null and m.valid_to < max(now_us(), m.updated_at)))
order by m.key limit :limit

-- name: occurrence_insert
-- The same memory was seen again.
insert into occurrence (memory_key, namespace, at, actor_kind, actor_id, session_id, operation_id, uri, detail)
values (:memory_key, :namespace, :now, :actor_kind, :actor_id, :session_id, :operation_id, :uri, :detail)

-- name: occurrence_count
-- How many occurrences of a memory are kept?
select count(*) as occurrences from occurrence
where memory_key = :memory_key and namespace in (select value from json_each(:namespaces))

-- name: occurrence_list
-- When a memory was seen again, newest first.
select o.at, o.actor_kind, o.actor_id, o.session_id, o.operation_id, o.uri, o.detail
from occurrence as o join memory as m on m.key = o.memory_key
where m.id = :id and m.namespace in (select value from json_each(:namespaces)) order by o.at desc limit :limit

-- name: occurrence_page
-- Every occurrence of the readable memories, for export.
select m.id as memory_id, m.namespace, o.at, o.actor_kind, o.actor_id, o.session_id, o.operation_id, o.uri, o.detail
from occurrence as o join memory as m on m.key = o.memory_key
where m.namespace in (select value from json_each(:namespaces)) and m.key > :after and m.key <= :until_key
order by m.key, o.at

-- name: occurrence_restore_row
-- Puts an exported occurrence back.
insert into occurrence (memory_key, namespace, at, actor_kind, actor_id, session_id, operation_id, uri, detail)
select m.key, m.namespace, :at, :actor_kind, :actor_id, :session_id, :operation_id, :uri, :detail
from memory as m where m.id = :memory_id and m.namespace = :namespace

-- name: occurrence_rewrite
-- Redaction looks at what occurrences say, too.
update occurrence set detail = :detail, uri = :uri
where memory_key = :memory_key and at = :at and namespace in (select value from json_each(:namespaces))

-- name: tag_insert
-- Makes a memory findable by a tag.
insert into memory_tag (memory_key, namespace, tag) values (:memory_key, :namespace, :tag) on conflict do nothing

-- name: tag_delete
-- Forgets the tags of a memory.
delete from memory_tag where memory_key = :memory_key and namespace = :namespace
