-- name: procedure_restore_row
-- Puts an exported version back, never as the active one; where its number is taken, it gets the next.
insert into procedure (id, namespace, name, number, hash, body, source, path, owner, trust, state, created_at,
    created_kind, created_by, created_proof, activated_at, activated_kind, activated_by, activated_proof, retired_at,
    reason)
select :id, :namespace, :name, case when exists (select 1 from procedure as t where t.namespace = :namespace and
    t.name = :name and t.number = :number) then (select max(l.number) + 1 from procedure as l where l.namespace =
    :namespace and l.name = :name) else cast(:number as integer) end, :hash, :body, :source, :path, :owner, :trust,
    :state, :created_at, :created_kind, :created_by, :created_proof, :activated_at, :activated_kind, :activated_by,
    :activated_proof, :retired_at, :reason
where :state <> 'active'
on conflict do nothing
