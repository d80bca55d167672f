-- name: count_claim
-- May this transaction add up the namespace's counts? There is one writer.
select :namespace is not null as mine
