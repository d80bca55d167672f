-- name: lexical_insert
-- Indexes the words of a memory; `spoken` holds them as text where BM25 ranks them.
insert into memory_fts (memory_key, namespace, words, spoken)
values (
    :key, :namespace,
    setweight(to_tsvector('brainops', :title), 'A') || setweight(to_tsvector('brainops', :body), 'B')
        || array_to_tsvector(string_to_array(:filters, ' ')),
    :spoken)

-- name: lexical_delete
-- Takes a memory out of the word index.
delete from memory_fts where memory_key = :key and namespace = :namespace

-- name: lexical_search
-- The best matches by words; filters stand in the expression, and are asked again of the row.
select m.key, w.score
from brainops_words(to_tsquery('brainops', :expression), to_tsquery('brainops', :terms), :depth) as w
join memory as m on m.key = w.memory_key
where {memory_filter} order by w.score desc, m.key limit :limit

-- name: lexical_ranked
-- The best matches by words where pg_textsearch ranks them by BM25.
select m.key, w.score from brainops_ranked(:spoken, :depth) as w join memory as m on m.key = w.memory_key
where w.score > 0 and {memory_filter} order by w.score desc, m.key limit :limit

-- name: lexical_ranked_all
-- The same for a filter that leaves few rows: those that match are found by their words first, and then ranked.
with matching as materialized (
    select m.key, f.spoken
    from brainops_words(to_tsquery('brainops', :expression), to_tsquery('brainops', :terms), :depth) as w
    join memory as m on m.key = w.memory_key
    join memory_fts as f on f.memory_key = m.key and f.namespace = any (:namespaces::text[])
    where {memory_filter})
select key, -(spoken <@> to_bm25query(:spoken, 'memory_fts_spoken')) as score
from matching order by score desc, key limit :limit

-- name: lexical_frequency
-- In how many of the newest readable memories after a key does each word stand, and how many are those?
with newest as materialized (
    select f.words from memory_fts as f
    where f.memory_key > :after and f.namespace = any (:namespaces::text[])
    order by f.memory_key desc limit :sample)
select asked.word, count(n.words) filter (where n.words @@ asked.query) as documents, count(n.words) as sampled
from (select word, to_tsquery('brainops', word) as query from unnest(:words::text[]) as word) as asked
    left join newest as n on true
group by asked.word

-- name: lexical_last
-- The newest key, which bounds how many memories there are.
select max(m.key) as key from memory as m where m.namespace = any (:namespaces::text[])

-- name: lexical_prune
-- Takes words out of the index that belong to no memory.
delete from memory_fts as f where f.namespace = :namespace
    and not exists (select 1 from memory as m where m.key = f.memory_key)

-- name: index_ready
-- Can this store hold vectors, does it keep words for BM25, and does it have them of every memory that is read here?
select exists (select 1 from pg_attribute where attrelid = to_regclass('memory_vector')
    and attname = 'vector') as vectors,
    to_regclass('memory_fts_spoken') is not null as spoken,
    to_regclass('memory_fts_spoken') is not null and not exists (
        select 1 from memory_fts as f where f.spoken is null and f.namespace = any (:namespaces::text[])) as ranked

-- name: vector_index
-- Makes the index over a model's vectors where there is none.
select brainops_index_vectors(:model_id, :dimension)

-- name: vector_delete
-- Takes a memory's vectors away.
delete from memory_vector where memory_key = :memory_key and namespace = :namespace

-- name: vector_near
-- The nearest vectors by the model's index; the filter is asked of each row while the index is read.
select m.key, 1 - (v.vector::halfvec(:dimension) <=> :vector::halfvec(:dimension)) as score
from memory_vector as v join memory as m on m.key = v.memory_key
where v.model_id = :model_id and v.namespace = any (:namespaces::text[]) and {memory_filter}
order by v.vector::halfvec(:dimension) <=> :vector::halfvec(:dimension) limit :limit

-- name: vector_nearest
-- The nearest vectors of all that pass the filter, compared one by one.
select m.key, 1 - (v.vector <=> :vector::halfvec) as score
from memory as m join memory_vector as v on v.memory_key = m.key and v.model_id = :model_id
where {memory_filter} order by v.vector <=> :vector::halfvec limit :limit

-- name: filter_count
-- How many memories pass the filter, counted up to a limit?
select count(*) as memories from (select 1 from memory as m where {memory_filter} limit :limit) as passing

-- name: vector_since
-- Vectors stored after a mark, in the order of their numbers, as text.
select v.sequence, v.memory_key, cast(v.vector as text) as vector from memory_vector as v
where v.model_id = :model_id and v.sequence > :after and v.namespace = any (:namespaces::text[])
order by v.sequence limit :limit

-- name: vector_of_keys
-- How near are the passages of these memories to a vector?
select v.memory_key as key, 1 - (v.vector <=> :vector::halfvec) as score
from memory_vector as v
where v.model_id = :model_id and v.memory_key = any (:keys::bigint[])
    and v.namespace = any (:namespaces::text[])
order by v.memory_key, v.passage

-- name: other_namespace
-- Does the store hold a namespace that is not read here? (Row-level security shows none.)
select m.namespace from memory as m where not m.namespace = any (:namespaces::text[]) limit 1
