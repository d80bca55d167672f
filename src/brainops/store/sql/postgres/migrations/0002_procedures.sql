-- Procedures and their versions: a version never changes but in its state, and of each name one may be active.
create table procedure (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    name text collate "C" not null,
    number bigint not null,
    hash text collate "C" not null,
    body text not null,
    source text not null,
    path text,
    owner text not null check (owner in ('git', 'store')),
    trust text not null check (trust in ('verified', 'agent', 'external')),
    state text not null check (state in ('draft', 'active', 'retired')),
    created_at bigint not null,
    created_kind text not null,
    created_by text not null,
    created_proof text not null,
    activated_at bigint,
    activated_kind text,
    activated_by text,
    activated_proof text,
    retired_at bigint,
    reason text not null
);
create unique index procedure_number on procedure (namespace, name, number);
create unique index procedure_hash on procedure (namespace, name, hash);
create unique index procedure_active on procedure (namespace, name) where state = 'active';

create function procedure_is_immutable() returns trigger language plpgsql
as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'a version of a procedure is never deleted';
    end if;
    if (old.id, old.namespace, old.name, old.number, old.hash, old.body, old.source, old.trust)
        is distinct from (new.id, new.namespace, new.name, new.number, new.hash, new.body, new.source, new.trust)
    then
        raise exception 'a version of a procedure never changes';
    end if;
    return new;
end
$$;
create trigger procedure_is_immutable before update or delete on procedure
    for each row execute function procedure_is_immutable();

-- Rises with every change in a namespace, so that a cache of the active versions is checked by one read.
create table procedure_change (
    namespace text collate "C" primary key,
    counter bigint not null
);

do $$
begin
    perform brainops_guard('procedure'::regclass);
    perform brainops_guard('procedure_change'::regclass);
end
$$;
grant select, insert, update on procedure, procedure_change to brainops_runtime;
