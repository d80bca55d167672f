-- Learnings that are shared between instances: whom one listens to, which bundles came, and what became of each item.

create table share_peer (
    namespace text collate "C" not null,
    key text collate "C" not null,
    name text not null,
    source text,
    added_at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    revoked_at bigint,
    reason text not null default '',
    primary key (namespace, key)
);

create table share_bundle (
    namespace text collate "C" not null,
    id text collate "C" not null,
    key text collate "C" not null,
    direction text not null check (direction in ('out', 'in')),
    at bigint not null,
    created_at bigint not null,
    items integer not null,
    path text,
    revoked_at bigint,
    reason text not null default '',
    primary key (namespace, id, direction)
);

create table share_item (
    namespace text collate "C" not null,
    key text collate "C" not null,
    kind text not null check (kind in ('insight', 'procedure', 'fix')),
    origin_id text collate "C" not null,
    bundle_id text collate "C" not null,
    local_id text collate "C",
    hash text collate "C" not null,
    at bigint not null,
    verified integer not null default 0,
    contradicted integer not null default 0,
    withdrawn_at bigint,
    primary key (namespace, key, kind, origin_id)
);
create index share_item_bundle on share_item (namespace, bundle_id);
create index share_item_local on share_item (namespace, local_id) where local_id is not null;

select brainops_guard('share_peer'), brainops_guard('share_bundle'), brainops_guard('share_item');
grant select, insert, update on share_peer, share_bundle, share_item to brainops_runtime;
