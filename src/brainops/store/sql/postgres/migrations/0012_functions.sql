-- The first vectors of a model make its index. Two that made it at once, each sharing the table, waited for each other; and
-- where it stood, asking for it held back whoever wrote vectors.

create or replace function brainops_index_vectors(model text, dimension integer) returns void
    language plpgsql volatile security definer
    set search_path from current
as $$
declare
    name text := 'memory_vector_' || md5(model);
begin
    if dimension not between 1 and 4000 -- the index takes no longer ones; they are compared one by one
        or to_regclass(name) is not null then
        return;
    end if;
    lock table memory_vector in share row exclusive mode;
    execute format('create index if not exists %I on memory_vector using hnsw '
        '((vector::halfvec(%s)) halfvec_cosine_ops) where model_id = %L', name, dimension, model);
end
$$;

-- Names every namespace in which something stands: of each the first entry of an index, however much there is.
create function brainops_namespaces() returns setof text
    language plpgsql volatile security definer rows 100
    set search_path from current
as $$
begin
    perform set_config('brainops.upkeep', 'on', true);
    return query with recursive of_memories (namespace) as (
        select min(m.namespace) from memory as m
        union all
        select (select min(m.namespace) from memory as m where m.namespace > s.namespace) from of_memories as s
        where s.namespace is not null
    ), of_acts (namespace) as (
        select min(a.namespace) from audit as a
        union all
        select (select min(a.namespace) from audit as a where a.namespace > s.namespace) from of_acts as s
        where s.namespace is not null
    ), of_runs (namespace) as (
        select min(r.namespace) from run as r
        union all
        select (select min(r.namespace) from run as r where r.namespace > s.namespace) from of_runs as s
        where s.namespace is not null
    )
    select u.namespace from (
        select namespace from of_memories union select namespace from of_acts union select namespace from of_runs
    ) as u where u.namespace is not null order by u.namespace;
    perform set_config('brainops.upkeep', '', true);
end
$$;
revoke execute on function brainops_namespaces from public;
grant execute on function brainops_namespaces to brainops_runtime;
