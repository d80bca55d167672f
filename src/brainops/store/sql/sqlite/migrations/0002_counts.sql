
create trigger memory_counted_new after insert on memory
begin
    insert into memory_delta values (new.namespace, new.created_at, new.type, new.state,
        coalesce(new.vector_model, ''), 1, new.occurrences, length(new.content) + length(new.title));
end;
create trigger memory_counted_gone after delete on memory
begin
    insert into memory_delta values (old.namespace, old.created_at, old.type, old.state,
        coalesce(old.vector_model, ''), -1, -old.occurrences, -length(old.content) - length(old.title));
end;
create trigger memory_counted_changed
after update of namespace, created_at, type, state, vector_model, occurrences, content, title on memory
begin
    insert into memory_delta values (old.namespace, old.created_at, old.type, old.state,
            coalesce(old.vector_model, ''), -1, -old.occurrences, -length(old.content) - length(old.title)),
        (new.namespace, new.created_at, new.type, new.state,
            coalesce(new.vector_model, ''), 1, new.occurrences, length(new.content) + length(new.title));
end;
