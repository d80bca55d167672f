-- fragment: counted
(select c.namespace, c.at, c.type, c.state, c.vector_model, c.memories, c.occurrences, c.characters
from memory_count as c where c.namespace = any (:namespaces::text[])
union all
select d.namespace, d.at, d.type, d.state, d.vector_model, d.memories, d.occurrences, d.characters
from memory_delta as d where d.namespace = any (:namespaces::text[])) as counted

-- name: memory_counts
-- How many memories of each type, state and model are there, how often were they seen, and how long are they?
select namespace, type, state, vector_model, cast(sum(memories) as bigint) as memories,
    cast(sum(occurrences) as bigint) as occurrences, cast(sum(characters) as bigint) as characters
from {counted} group by namespace, type, state, vector_model having sum(memories) <> 0
order by namespace, type, state, vector_model

-- name: memory_growth
-- How many memories were captured since the beginning of an hour, and how large are they?
select cast(coalesce(sum(memories), 0) as bigint) as memories,
    cast(coalesce(sum(characters), 0) as bigint) as characters
from {counted} where at >= :since

-- name: memory_counts_at
-- All that was counted, in its finest parts.
select namespace, at, type, state, vector_model, memories, occurrences, characters from {counted}

-- name: memory_counts_of_keys
-- What the memories themselves say of those with keys in (after, until].
select m.namespace, m.created_at - m.created_at % 60000000 as at, m.type, m.state,
    coalesce(m.vector_model, '') as vector_model, count(*) as memories,
    cast(sum(m.occurrences) as bigint) as occurrences, sum(length(m.content) + length(m.title)) as characters
from memory as m
where m.key > :after and m.key <= :until_key and m.namespace::text = any (:namespaces::text[])
group by m.namespace, m.created_at - m.created_at % 60000000, m.type, m.state, coalesce(m.vector_model, '')

-- name: memory_last
-- When was the newest memory captured? The end of each namespace's index.
select max(newest.at) as at from (
    select (select max(m.created_at) from memory as m
        where m.namespace = n.value and m.namespace = any (:namespaces::text[])) as at
    from unnest(:namespaces::text[]) as n (value)) as newest

-- name: delta_insert
-- Appends what a count is to change by.
insert into memory_delta ({columns of memory_delta}) values ({values of memory_delta})

-- name: delta_take
-- Takes what was appended, to add it up.
delete from memory_delta where namespace = :namespace
returning at, type, state, vector_model, memories, occurrences, characters

-- name: count_take
-- Takes the counts of a time whose parts are finer than they are to be, to add them up.
delete from memory_count where namespace = :namespace and at < :before and at % :width <> 0
returning at, type, state, vector_model, memories, occurrences, characters

-- name: count_add
-- Adds to a count.
insert into memory_count ({columns of memory_count}) values ({values of memory_count})
on conflict (namespace, at, type, state, vector_model) do update set
    memories = memory_count.memories + excluded.memories,
    occurrences = memory_count.occurrences + excluded.occurrences,
    characters = memory_count.characters + excluded.characters

-- name: count_prune
-- Takes away counts of what is no more.
delete from memory_count where namespace = :namespace and memories = 0 and occurrences = 0 and characters = 0
