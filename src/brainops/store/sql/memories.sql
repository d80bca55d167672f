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
    :idempotency_key, :fingerprint, :message_fingerprint, :now, :now, :now, coalesce(:valid_from::bigint, :now),
    :valid_to, :supersedes, :vector_model)
on conflict (namespace, content_hash) where state = 'active' and superseded_by is null
do update set occurrences = memory.occurrences + 1, last_seen_at = greatest(memory.last_seen_at, excluded.last_seen_at),
    importance = greatest(memory.importance, excluded.importance), subject = coalesce(memory.subject, excluded.subject),
    fingerprint = coalesce(memory.fingerprint, excluded.fingerprint),
    valid_from = least(memory.valid_from, excluded.valid_from),
    valid_to = case when memory.valid_to is not null and excluded.valid_to is not null
        then greatest(memory.valid_to, excluded.valid_to) end
where (memory.subject is null or excluded.subject is null or memory.subject = excluded.subject)
    and (memory.valid_to is null or excluded.valid_to <= :now::bigint or memory.valid_to > greatest(:now::bigint,
        memory.updated_at))
    and (memory.trust <> 'verified' or :asked)
returning key, id, occurrences, created_at

-- name: memory_count
-- Counts a memory again that stays as it is.
update memory set occurrences = occurrences + 1, last_seen_at = greatest(last_seen_at, :now::bigint)
where id = :id and namespace = :namespace
returning key, id, occurrences, created_at

-- name: capture_key_insert
-- Under which key was a memory captured, and what was said then?
insert into capture_key ({columns of capture_key}) values ({values of capture_key})
on conflict do nothing

-- name: memory_same
-- Is the same memory current in the namespace?
select {memory as m} from memory as m
where m.namespace = :namespace and m.content_hash = :content_hash and m.state = 'active' and m.superseded_by is null

-- name: memory_get
-- One memory by id, in any state, if it is readable.
select {memory as m} from memory as m
where m.id = :id and m.namespace = any (:namespaces::text[])

-- name: memory_get_writable
-- One memory by id if it is in the written namespace.
select {memory as m} from memory as m where m.id = :id and m.namespace = :namespace

-- name: memory_by_keys
-- The full rows of admitted candidates.
select {memory as m} from memory as m
where m.key = any (:keys::bigint[]) and m.namespace = any (:namespaces::text[])

-- name: memory_admit
-- Which of these candidates pass every filter?
select m.key from memory as m where m.key = any (:keys::bigint[]) and {memory_filter}

-- name: memory_facts
-- What ranking needs to know of admitted candidates.
select m.key, m.type, m.importance, m.created_at, m.feedback from memory as m
where m.key = any (:keys::bigint[]) and m.namespace = any (:namespaces::text[])

-- name: memory_keys
-- The keys of the newest memories that pass the filter.
select m.key from memory as m where {memory_filter} order by m.key desc limit :limit

-- name: memory_list
-- Memories of a namespace that pass the filter, newest first: from the end of an index, whatever the planner knows.
select {memory as m} from memory as m where m.namespace = :of_namespace and {memory_filter}
    {pages m.created_at::bigint desc, m.key::bigint desc}

-- name: memory_list_of_type
-- The same of one type.
select {memory as m} from memory as m
where m.namespace = :of_namespace and m.type = :of_type and {memory_filter}
    {pages m.created_at::bigint desc, m.key::bigint desc}

-- name: memory_neighbours
-- The memories captured directly before and after each of these in its session.
select m.key,
    (select max(n.key) from memory as n where n.session_id = m.session_id and n.key < m.key
        and n.namespace = m.namespace) as previous_key,
    (select min(n.key) from memory as n where n.session_id = m.session_id and n.key > m.key
        and n.namespace = m.namespace) as next_key
from memory as m
where m.key = any (:keys::bigint[]) and m.session_id is not null
    and m.namespace = any (:namespaces::text[])

-- name: memory_by_source
-- Memories whose source key begins like this, those set aside too, but none that was superseded.
select {memory as m} from memory as m
where m.namespace = :namespace and m.source_key >= :prefix and m.source_key < :prefix_end
    and m.superseded_by is null
order by m.source_key limit :limit

-- name: memory_of_sources
-- The current memories with these source keys, as bindings name them.
select {memory as m} from memory as m
where m.namespace = any (:namespaces::text[]) and m.source_key = any (:source_keys::text[])
    and m.state = 'active' and m.superseded_by is null and (m.valid_to is null or m.valid_to > greatest(now_us(),
        m.updated_at))
order by m.key

-- name: memory_by_subject
-- Every memory about a subject in the written namespace, in any state.
select {memory as m} from memory as m where m.namespace = :namespace and m.subject = :subject
order by m.key limit :limit

-- name: memory_page
-- Every readable memory after a key, in key order: for export and for walking the whole store.
select {memory as m} from memory as m
where m.namespace::text = any (:namespaces::text[]) and m.key > :after order by m.key limit :limit

-- name: memory_chain
-- The memories that this one replaced and those that replaced it.
with recursive chain (id) as (
    select :id::text collate "C"
    union
    select m.id from memory as m join chain as c on m.superseded_by = c.id or m.supersedes = c.id
)
select {memory as m} from memory as m join chain as c on c.id = m.id
where m.namespace = any (:namespaces::text[]) order by m.valid_from, m.key

-- name: memory_set_state
-- Archives, forgets or restores a memory that is in the expected state.
update memory set state = :state, updated_at = greatest(updated_at, now_us()),
    forgotten_at = case when :state::text = 'forgotten' then now_us() end
where id = :id and namespace = :namespace and state = :expected

-- name: memory_supersede
-- Marks a memory as replaced, once.
update memory set superseded_by = :superseded_by, valid_to = least(coalesce(valid_to, :valid_to), :valid_to),
    updated_at = greatest(updated_at, now_us())
where id = :id and namespace = :namespace and superseded_by is null

-- name: memory_link_supersedes
-- A memory that stood there already replaces another.
update memory set supersedes = coalesce(supersedes, :supersedes::text), updated_at = greatest(updated_at, now_us())
where id = :id and namespace = :namespace

-- name: memory_set_source
-- A source was renamed: the memory moves with it.
update memory set source_key = :source_key, uri = :uri, updated_at = greatest(updated_at, now_us()) where id = :id
    and namespace = :namespace

-- name: memory_set_tags
-- Replaces the tags of a memory.
update memory set tags = :tags, updated_at = greatest(updated_at, now_us()) where id = :id and namespace = :namespace

-- name: memory_set_metadata
-- Replaces the metadata of a memory.
update memory set metadata = :metadata, updated_at = greatest(updated_at, now_us()) where id = :id
    and namespace = :namespace

-- name: memory_join
-- A memory also holds of whom another one of the same content is about, and for as long as that one is valid.
update memory set subject = coalesce(subject, :subject::text), fingerprint = coalesce(fingerprint, :fingerprint::text),
    valid_from = least(valid_from, :valid_from::bigint),
    valid_to = case when valid_to is not null and :valid_to::bigint is not null then greatest(valid_to,
        :valid_to::bigint) end,
    updated_at = greatest(updated_at, now_us())
where id = :id and namespace = :namespace

-- name: memory_set_hash
-- Gives a memory an identity that no other current one has.
update memory set content_hash = :content_hash where id = :id and namespace = :namespace

-- name: memory_set_flag
-- Marks a memory for review, or clears the mark.
update memory set flag = :flag, updated_at = greatest(updated_at, now_us()) where id = :id and namespace = :namespace

-- name: memory_clear_flag
-- Clears the mark that says this, and no other.
update memory set flag = null, updated_at = greatest(updated_at, now_us())
where id = :id and namespace = :namespace and flag = :flag

-- name: memory_add_feedback
-- Adds to a memory's feedback; ends its validity where it was called outdated, or opens what that verdict ended.
update memory set feedback = feedback + :change,
    valid_to = case when :ends then greatest(:now::bigint, created_at)
        when :ended_at::bigint is not null and valid_to = greatest(:ended_at::bigint, created_at)
            and superseded_by is null then null
        else valid_to end,
    updated_at = greatest(updated_at, :now::bigint)
where id = :id and namespace = :namespace

-- name: memory_rewrite
-- Redaction took something out of a memory's text.
update memory set title = :title, content = :content, metadata = :metadata, tags = :tags, content_hash = :content_hash,
    updated_at = greatest(updated_at, now_us()), vector_model = null
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
select key from memory where id = :id and namespace = any (:namespaces::text[])

-- name: memory_junk
-- Current memories that make memory worse to read: flagged, stale, oversized or never retrieved.
select m.id, m.title, m.flag, length(m.content) as characters, m.retrieved_count, m.created_at, m.last_seen_at,
    m.valid_to
from memory as m
where m.namespace::text = any (:namespaces::text[]) and m.state = 'active' and m.superseded_by is null
    and (m.flag is not null or length(m.content) > :oversized
        or (m.retrieved_count = 0 and m.created_at < :unused_before)
        or (m.valid_to is not null and m.valid_to < greatest(now_us(), m.updated_at)))
order by m.key limit :limit

-- name: memory_used
-- How often was a memory, in any of its versions, handed out, advised first and followed, and how did that end?
select
    (select coalesce(sum(m.retrieved_count), 0) from memory as m
        where m.id = any (:ids::text[]) and m.namespace = any (:namespaces::text[])) as retrieved,
    (select count(*) from guidance as g where g.namespace = any (:namespaces::text[])
        and g.primary_id = any (:ids::text[]) and g.imported_at is null) as given,
    count(*) as followed,
    coalesce(sum(case when o.outcome = 'succeeded' and o.contradicted_at is null then 1 else 0 end), 0) as "right",
    coalesce(sum(case when o.outcome = 'failed' or o.contradicted_at is not null then 1 else 0 end), 0) as wrong
from operation as o
where o.namespace = any (:namespaces::text[]) and o.followed_id = any (:ids::text[]) and o.imported_at is null

-- name: memory_followers
-- The newest operations that followed a memory, in any of its versions.
select o.id from operation as o
where o.namespace = any (:namespaces::text[]) and o.followed_id = any (:ids::text[])
order by o.started_at desc, o.id desc limit :limit

-- name: memory_kinds
-- Of which types and of which trust are these memories?
select m.type, m.trust, count(*) as memories from memory as m
where m.key = any (:keys::bigint[]) and m.namespace = any (:namespaces::text[])
group by m.type, m.trust

-- name: memory_tags_of
-- Which tags do these memories have, the most frequent first?
select g.tag, count(*) as memories from memory_tag as g
where g.memory_key = any (:keys::bigint[]) and g.namespace = any (:namespaces::text[])
group by g.tag order by memories desc, g.tag limit :limit

-- name: occurrence_insert
-- The same memory was seen again.
insert into occurrence (memory_key, namespace, at, actor_kind, actor_id, session_id, operation_id, uri, detail)
values (:memory_key, :namespace, :now, :actor_kind, :actor_id, :session_id, :operation_id, :uri, :detail)

-- name: occurrence_count
-- How many occurrences of a memory are kept?
select count(*) as occurrences from occurrence
where memory_key = :memory_key and namespace = any (:namespaces::text[])

-- name: occurrence_list
-- When a memory was seen again, newest first.
select o.at, o.actor_kind, o.actor_id, o.session_id, o.operation_id, o.uri, o.detail
from occurrence as o join memory as m on m.key = o.memory_key
where m.id = :id and m.namespace = any (:namespaces::text[]) order by o.at desc limit :limit

-- name: occurrence_page
-- Every occurrence of the readable memories, for export.
select m.id as memory_id, m.namespace, o.at, o.actor_kind, o.actor_id, o.session_id, o.operation_id, o.uri, o.detail
from occurrence as o join memory as m on m.key = o.memory_key
where m.namespace::text = any (:namespaces::text[]) and m.key > :after and m.key <= :until_key
order by m.key, o.at

-- name: memory_restore_row
-- Puts an exported row back as it was; an id that stands there already is left alone.
insert into memory ({columns of memory}) values ({values of memory}) on conflict do nothing returning key

-- name: occurrence_restore_row
-- Puts an exported occurrence back.
insert into occurrence (memory_key, {columns of occurrence}) select m.key, {values of occurrence}
from memory as m where m.id = :memory_id and m.namespace = :namespace

-- name: occurrence_rewrite
-- Redaction looks at what occurrences say, too.
update occurrence set detail = :detail, uri = :uri
where memory_key = :memory_key and at = :at and namespace = any (:namespaces::text[])

-- name: tag_insert
-- Makes a memory findable by a tag.
insert into memory_tag (memory_key, namespace, tag) values (:memory_key, :namespace, :tag) on conflict do nothing

-- name: tag_delete
-- Forgets the tags of a memory.
delete from memory_tag where memory_key = :memory_key and namespace = :namespace
