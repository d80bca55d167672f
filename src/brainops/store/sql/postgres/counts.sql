-- name: count_claim
-- May this transaction add up the namespace's counts? Nobody waits who is the second.
select pg_try_advisory_xact_lock(hashtext('memory_count'), hashtext(:namespace)) as mine
