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
