-- name: audit_last
-- The end of a namespace's trail.
select sequence, hash from audit where namespace = :namespace order by sequence desc limit 1

-- name: audit_append
-- Adds a line to the trail.
insert into audit ({columns of audit}) values ({values of audit})

-- name: audit_of_subject
-- What was done to a memory.
select namespace, sequence, at, actor_kind, actor_id, actor_proof, act, subject, detail, previous_hash, hash from audit
where namespace = any (:namespaces::text[]) and subject = :subject order by at limit :limit

-- name: audit_page
-- A namespace's trail after a line, in order.
select namespace, sequence, at, actor_kind, actor_id, actor_proof, act, subject, detail, previous_hash, hash from audit
where namespace = :of_namespace and namespace = any (:namespaces::text[]) and sequence > :after
order by sequence limit :limit

-- name: audit_list
-- The written namespace's trail, the newest line first: of one act, actor or subject, and of a time, where they are named.
select namespace, sequence, at, actor_kind, actor_id, actor_proof, act, subject, detail, previous_hash, hash from audit
where namespace = :namespace and (:act::text is null or act = :act) and (:actor::text is null or actor_id = :actor)
    and (:subject::text is null or subject = :subject)
    and at >= coalesce(:since::bigint, 0) and at < coalesce(:until::bigint, 9223372036854775807)
    {pages sequence::bigint desc}

-- name: feedback_insert
-- Somebody says how good a memory was.
insert into feedback ({columns of feedback}) values ({values of feedback})
on conflict do nothing

-- name: feedback_get
-- One verdict.
select id, namespace, memory_id, verdict, actor_kind, actor_id, actor_proof, at, note, correction_id, undone_at
from feedback where id = :id and namespace = :namespace

-- name: feedback_of_memory
-- Every verdict on a memory, oldest first.
select id, namespace, memory_id, verdict, actor_kind, actor_id, actor_proof, at, note, correction_id, undone_at
from feedback where memory_id = :memory_id and namespace = any (:namespaces::text[]) order by at

-- name: feedback_undo
-- Takes a verdict back, once.
update feedback set undone_at = now_us() where id = :id and namespace = :namespace and undone_at is null

-- name: feedback_page
-- Every readable verdict after an id, for export.
select id, namespace, memory_id, verdict, actor_kind, actor_id, actor_proof, at, note, correction_id, undone_at
from feedback where namespace = any (:namespaces::text[]) and id > :after order by id limit :limit

-- name: feedback_rewrite
-- Redaction took something out of a note.
update feedback set note = :note where id = :id and namespace = :namespace

-- name: feedback_purge
-- A purged memory takes the verdicts on it along.
delete from feedback where memory_id = :memory_id and namespace = :namespace

-- name: backup_insert
-- A backup was written.
insert into backup ({columns of backup}) values ({values of backup})

-- name: backup_list
-- The backups that were written, newest first.
select id, at, path, sha256 from backup order by at desc limit :limit

-- name: audit_length
-- How long is a namespace's trail?
select count(*) as lines from audit
where namespace = :of_namespace and namespace = any (:namespaces::text[])
