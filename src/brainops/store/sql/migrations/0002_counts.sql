-- What would otherwise be counted over all memories each time: how many there are, by when they were captured and how
-- they stand. Whoever changes a memory appends what that changes, so that no two writers wait for one row; upkeep adds
-- it up (`store/counts.py`). Triggers append it, so no statement and no older program forgets to.

create table memory_count ( -- `at` is where a minute, an hour, a day or thirty days begin; the older, the wider
    namespace text collate "C" not null,
    at bigint not null,
    type text collate "C" not null,
    state text not null,
    vector_model text collate "C" not null, -- '' where a memory has no vector yet
    memories bigint not null,
    occurrences bigint not null,
    characters bigint not null,
    primary key (namespace, at, type, state, vector_model)
) without rowid;

create table memory_delta ( -- what was not added up yet, with the very moment of each memory's capture
    namespace text collate "C" not null,
    at bigint not null,
    type text collate "C" not null,
    state text not null,
    vector_model text collate "C" not null,
    memories bigint not null,
    occurrences bigint not null,
    characters bigint not null
);

insert into memory_count (namespace, at, type, state, vector_model, memories, occurrences, characters)
select m.namespace, m.created_at - m.created_at % 60000000, m.type, m.state, coalesce(m.vector_model, ''), count(*),
    sum(m.occurrences), sum(length(m.content) + length(m.title))
from memory as m
group by m.namespace, m.created_at - m.created_at % 60000000, m.type, m.state, coalesce(m.vector_model, '');

-- The newest memories of a namespace, and those that wait for a vector; few do, so that few captures touch it.
create index memory_newest on memory (namespace, created_at, key);
create index memory_unembedded on memory (key) where vector_model is null;
drop index memory_vector_model;
