-- The keys by which agents and services reach the memory over the network; of a secret only its digest is kept.

create table access_key (
    id text collate "C" primary key,
    namespace text collate "C" not null, -- that of the whole store; what a key writes and reads stands beside it
    name text collate "C" not null,
    kind text not null check (kind in ('agent', 'service')),
    role text not null check (role in ('reader', 'writer', 'admin')),
    writes text collate "C" not null,
    reads text not null, -- a JSON list
    digest text not null,
    created_at bigint not null,
    created_by_kind text not null,
    created_by_id text not null,
    created_by_proof text not null,
    expires_at bigint,
    revoked_at bigint,
    used_at bigint
);
create index access_key_name on access_key (namespace, name);
