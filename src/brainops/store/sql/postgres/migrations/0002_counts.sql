
drop index memory_created;
create index memory_delta_namespace on memory_delta (namespace);

create function memory_counted() returns trigger language plpgsql
    set search_path from current
as $$
begin
    if tg_op <> 'INSERT' then
        insert into memory_delta values (old.namespace, old.created_at, old.type, old.state,
            coalesce(old.vector_model, ''), -1, -old.occurrences, -length(old.content) - length(old.title));
    end if;
    if tg_op <> 'DELETE' then
        insert into memory_delta values (new.namespace, new.created_at, new.type, new.state,
            coalesce(new.vector_model, ''), 1, new.occurrences, length(new.content) + length(new.title));
    end if;
    return null;
end
$$;
create trigger memory_counted after insert or delete
    or update of namespace, created_at, type, state, vector_model, occurrences, content, title on memory
    for each row execute function memory_counted();

select brainops_guard(guarded::regclass) from unnest(array['memory_count', 'memory_delta']) as guarded;
grant select, insert, update, delete on memory_count, memory_delta to brainops_runtime;
