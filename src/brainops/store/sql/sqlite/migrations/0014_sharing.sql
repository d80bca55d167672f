-- Learnings that are shared between instances: whom one listens to, which bundles came, and what became of each item.

create table share_peer (
    namespace text not null,
    key text not null,
    name text not null,
    source text,
    added_at integer not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    revoked_at integer,
    reason text not null default '',
    primary key (namespace, key)
) without rowid;

create table share_bundle (
    namespace text not null,
    id text not null,
    key text not null,
    direction text not null check (direction in ('out', 'in')),
    at integer not null,
    created_at integer not null,
    items integer not null,
    path text,
    revoked_at integer,
    reason text not null default '',
    primary key (namespace, id, direction)
) without rowid;

create table share_item (
    namespace text not null,
    key text not null,
    kind text not null check (kind in ('insight', 'procedure', 'fix')),
    origin_id text not null,
    bundle_id text not null,
    local_id text,
    hash text not null,
    at integer not null,
    verified integer not null default 0,
    contradicted integer not null default 0,
    withdrawn_at integer,
    primary key (namespace, key, kind, origin_id)
) without rowid;
create index share_item_bundle on share_item (namespace, bundle_id);
create index share_item_local on share_item (namespace, local_id) where local_id is not null;
