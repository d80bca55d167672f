-- name: answer_get
-- What was done under a key lately?
select namespace, asked, at, said from answer
where namespace = any (:namespaces::text[]) and key_hash = :key_hash and at >= :since

-- name: answer_claim
-- This transaction does what is asked under a key, unless another one did; one of long ago counts no more.
insert into answer (namespace, key_hash, asked, at) values (:namespace, :key_hash, :asked, :at)
on conflict (namespace, key_hash) do update set asked = excluded.asked, at = excluded.at, said = null
where answer.at < :since

-- name: answer_keep
-- So it was answered.
update answer set said = :said where namespace = :namespace and key_hash = :key_hash

-- name: answer_drop
-- It was not done to its end: whoever repeats it does it anew.
delete from answer where namespace = :namespace and key_hash = :key_hash

-- name: answer_forget
-- Something was purged or redacted, which answers may hold as well.
update answer set said = null where namespace = :namespace and said is not null

-- name: answer_trim
-- What is older than keys are known.
delete from answer where namespace = :namespace and at < :since
