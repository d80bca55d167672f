-- Procedures and their versions: a version never changes but in its state, and of each name one may be active.
create table procedure (
    id text not null primary key,
    namespace text not null,
    name text not null,
    number integer not null,
    hash text not null,
    body text not null,
    source text not null,
    path text,
    owner text not null check (owner in ('git', 'store')),
    trust text not null check (trust in ('verified', 'agent', 'external')),
    state text not null check (state in ('draft', 'active', 'retired')),
    created_at integer not null,
    created_kind text not null,
    created_by text not null,
    created_proof text not null,
    activated_at integer,
    activated_kind text,
    activated_by text,
    activated_proof text,
    retired_at integer,
    reason text not null
) without rowid;
create unique index procedure_number on procedure (namespace, name, number);
create unique index procedure_hash on procedure (namespace, name, hash);
create unique index procedure_active on procedure (namespace, name) where state = 'active';

create trigger procedure_is_immutable before update on procedure
when old.id is not new.id or old.namespace is not new.namespace or old.name is not new.name
    or old.number is not new.number or old.hash is not new.hash or old.body is not new.body
    or old.source is not new.source or old.trust is not new.trust
begin select raise(abort, 'a version of a procedure never changes'); end;
create trigger procedure_is_kept before delete on procedure
begin select raise(abort, 'a version of a procedure is never deleted'); end;

-- Rises with every change in a namespace, so that a cache of the active versions is checked by one read.
create table procedure_change (
    namespace text not null primary key,
    counter integer not null
) without rowid;
