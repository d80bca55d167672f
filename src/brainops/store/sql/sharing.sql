-- name: share_peer_put
-- Somebody's bundles are listened to, from now on or again.
insert into share_peer (namespace, key, name, source, added_at, actor_kind, actor_id, actor_proof, reason)
values (:namespace, :key, :name, :source, :added_at, :actor_kind, :actor_id, :actor_proof, :reason)
on conflict (namespace, key) do update set name = excluded.name, source = excluded.source,
    added_at = excluded.added_at, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id,
    actor_proof = excluded.actor_proof, reason = excluded.reason, revoked_at = null
where share_peer.namespace = :namespace

-- name: share_peer_list
-- Whom this namespace listens to, and to whom it listened before.
select key, name, source, added_at, actor_kind, actor_id, actor_proof, revoked_at, reason from share_peer
where namespace = :namespace
order by name, key

-- name: share_peer_revoke
-- Somebody's bundles are listened to no longer.
update share_peer set revoked_at = :at, reason = :reason
where namespace = :namespace and key = :key and revoked_at is null

-- name: share_bundle_put
-- A bundle left or arrived.
insert into share_bundle (namespace, id, key, direction, at, created_at, items, path)
values (:namespace, :id, :key, :direction, :at, :created_at, :items, :path)
on conflict (namespace, id, direction) do nothing

-- name: share_bundle_list
-- The bundles that left or arrived, newest first.
select id, key, direction, at, created_at, items, path, revoked_at, reason from share_bundle
where namespace = :namespace and (:direction::text is null or direction = :direction)
    {pages at::bigint desc, id::text desc, direction::text desc}

-- name: share_bundle_revoke
-- A bundle counts no longer.
update share_bundle set revoked_at = :at, reason = :reason
where namespace = :namespace and id = :id and direction = :direction and revoked_at is null

-- name: share_item_get
-- What became of one item of one instance.
select kind, origin_id, bundle_id, local_id, hash, at, verified, contradicted, withdrawn_at from share_item
where namespace = :namespace and key = :key and kind = :kind and origin_id = :origin_id

-- name: share_item_put
-- An item arrived, or arrived anew.
insert into share_item (namespace, key, kind, origin_id, bundle_id, local_id, hash, at, verified, contradicted)
values (:namespace, :key, :kind, :origin_id, :bundle_id, :local_id, :hash, :at, :verified, :contradicted)
on conflict (namespace, key, kind, origin_id) do update set bundle_id = excluded.bundle_id,
    local_id = excluded.local_id, hash = excluded.hash, at = excluded.at, verified = excluded.verified,
    contradicted = excluded.contradicted
where share_item.namespace = :namespace and share_item.withdrawn_at is null

-- name: share_item_list
-- The items of a bundle, or of an instance.
select key, kind, origin_id, bundle_id, local_id, hash, at, verified, contradicted, withdrawn_at from share_item
where namespace = :namespace and (:bundle_id::text is null or bundle_id = :bundle_id)
    and (:key::text is null or key = :key)
order by kind, origin_id

-- name: share_item_withdraw
-- An item was taken back, and never comes again.
update share_item set withdrawn_at = :at
where namespace = :namespace and key = :key and kind = :kind and origin_id = :origin_id and withdrawn_at is null

-- name: share_item_bury
-- An item that never came here was taken back: it is not taken in either.
insert into share_item (namespace, key, kind, origin_id, bundle_id, hash, at, withdrawn_at)
values (:namespace, :key, :kind, :origin_id, :bundle_id, '', :at, :at)
on conflict (namespace, key, kind, origin_id) do nothing

-- name: share_priors
-- How often each shared fix was verified and contradicted where it came from.
select local_id, verified, contradicted from share_item
where namespace = any (:namespaces::text[]) and kind = 'fix' and local_id is not null
    and withdrawn_at is null and verified + contradicted > 0

-- name: share_out_revoked
-- What this namespace gave away and took back since: told to whoever reads the next bundle.
select kind, origin_id from share_item
where namespace = :namespace and key = :key and withdrawn_at is not null
order by kind, origin_id
