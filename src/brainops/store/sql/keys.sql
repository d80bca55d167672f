-- name: key_insert
-- A key is issued.
insert into access_key (
    id, namespace, name, kind, role, writes, reads, digest, created_at, created_by_kind, created_by_id, created_by_proof,
    expires_at)
values (
    :id, :namespace, :name, :kind, :role, :writes, :reads, :digest, :created_at, :created_by_kind, :created_by_id,
    :created_by_proof, :expires_at)

-- name: key_get
-- One key, whether it still holds or not.
select {access_key as k} from access_key as k where k.namespace = :namespace and k.id = :id

-- name: key_list
-- Every key, newest first.
select {access_key as k} from access_key as k where k.namespace = :namespace
order by k.created_at desc, k.id desc limit :limit

-- name: key_holding
-- The keys of a name that open something now.
select {access_key as k} from access_key as k
where k.namespace = :namespace and k.name = :name and k.revoked_at is null
    and (k.expires_at is null or k.expires_at > :now)
order by k.created_at, k.id

-- name: key_end
-- A key opens nothing from a time on; one that ends sooner stays at its own.
update access_key set expires_at = :at
where id = :id and namespace = :namespace and revoked_at is null and (expires_at is null or expires_at > :at)

-- name: key_revoke
-- A key opens nothing any more.
update access_key set revoked_at = :at where id = :id and namespace = :namespace and revoked_at is null

-- name: key_used
-- A key was used; how often is nobody's question.
update access_key set used_at = :at where id = :id and namespace = :namespace

-- name: rate_take
-- Takes some turns of a minute, unless more than so many were taken of it; a minute that is over counts no longer.
insert into rate_window (namespace, name, began_at, taken) values (:namespace, :name, :began_at, :more)
on conflict (namespace, name) do update set began_at = excluded.began_at, taken = excluded.taken
    + case when rate_window.began_at = excluded.began_at then rate_window.taken else 0 end
where rate_window.began_at < excluded.began_at or rate_window.taken + excluded.taken <= :most
