-- name: code_get
-- What became of a patch in its repository.
select p.id, p.repository, p.commit_id, p.stands, p.left_because, p.changed_at from code_patch as p
where p.id = :id and p.namespace = any (:namespaces::text[])

-- name: code_put
-- What was just done in its repository.
insert into code_patch (id, namespace, repository, commit_id, left_because, changed_at)
values (:id, :namespace, :repository, :commit_id, :left_because, :at)
on conflict (id) do update set left_because = excluded.left_because, changed_at = excluded.changed_at
where code_patch.namespace = :namespace

-- name: code_stand
-- An improvement holds it for applied, or no longer.
update code_patch set stands = :stands, changed_at = :at where id = :id and namespace = :namespace
