-- name: lexical_insert
-- Indexes the words of a memory.
insert into memory_fts (rowid, title, body, filters) values (:key, :title, :body, :filters)

-- name: lexical_delete
-- Takes a memory out of the word index.
delete from memory_fts where rowid = :key

-- name: lexical_search
-- The best matches by words; the filters are part of the expression.
select rowid as key, -rank as score from memory_fts
where memory_fts match :expression and rank match 'bm25(2.0, 1.0, 0.0)' order by rank limit :limit

-- name: lexical_texts
-- The indexed words of found memories, to look for common ones in them.
select rowid as key, title, body from memory_fts where rowid in (select value from json_each(:keys))

-- name: lexical_frequency
-- In how many of the memories after a key does a word stand?
select count(*) as documents from memory_fts where memory_fts match :expression and rowid > :after

-- name: lexical_last
-- The newest key, which bounds how many memories there are.
select max(key) as key from memory

-- name: lexical_prune
-- Takes words out of the index that belong to no memory.
delete from memory_fts where rowid not in (select key from memory)

-- name: vector_delete
-- Takes a memory's vectors away.
delete from memory_vector where memory_key = :memory_key

-- name: vector_since
-- Vectors stored after a mark, in the order in which they were committed.
select sequence, memory_key, vector from memory_vector
where model_id = :model_id and sequence > :after order by sequence limit :limit

-- name: vector_of_keys
-- The vectors of these memories' passages, in order.
select memory_key, vector from memory_vector
where model_id = :model_id and memory_key in (select value from json_each(:keys)) order by memory_key, passage

-- name: vector_admit
-- Which of these vectors belong to memories that pass every filter?
select v.sequence, m.key from memory_vector as v join memory as m on m.key = v.memory_key
where v.sequence in (select value from json_each(:sequences)) and {memory_filter}

-- name: vector_keys
-- The vectors of all memories that pass the filter, up to a limit.
select v.sequence, m.key from memory as m join memory_vector as v on v.memory_key = m.key and v.model_id = :model_id
where {memory_filter} limit :limit

-- name: vector_sequences
-- Where do the vectors of these memories lie? (The rows are looked at once the best of them are known.)
select sequence from memory_vector
where model_id = :model_id and memory_key in (select value from json_each(:keys))

-- name: filter_search
-- The memories whose filter tokens match, up to a limit.
select rowid as key from memory_fts where memory_fts match :expression limit :limit

-- name: other_namespace
-- Does the store hold a namespace that is not read here?
with recursive present (namespace) as (
    select min(namespace) from memory
    union all
    select (select min(m.namespace) from memory as m where m.namespace > p.namespace)
    from present as p where p.namespace is not null
)
select p.namespace from present as p
where p.namespace is not null and p.namespace not in (select value from json_each(:namespaces)) limit 1
