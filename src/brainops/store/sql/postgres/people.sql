-- name: namespaces_used
-- Every namespace in which something stands, whatever the caller reads: names, and nothing of what is in them.
select namespace from brainops_namespaces() as namespace
