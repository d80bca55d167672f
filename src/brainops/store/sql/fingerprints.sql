-- name: fingerprint_memory_page
-- The error memories after a key, whatever became of them, in key order.
select {memory as m} from memory as m
where m.namespace = :namespace and m.key > :after and m.fingerprint is not null and m.type = 'error_pattern'
order by m.key limit :limit

-- name: fingerprint_operation_page
-- The failed operations after a key, in key order.
select {operation as o} from operation as o
where o.namespace = :namespace and o.key > :after and o.fingerprint is not null and o.error is not null
order by o.key limit :limit

-- name: fingerprint_move_memory
-- The same error, identified by another rule.
update memory set fingerprint = :fingerprint, message_fingerprint = :message_fingerprint, content_hash = :content_hash
where key = :key and namespace = :namespace

-- name: fingerprint_move_operation
-- The same error, identified by another rule.
update operation set fingerprint = :fingerprint where key = :key and namespace = :namespace

-- name: fingerprint_rename_fix
-- A fix is bound to what the same error is called now.
update fix set fingerprint = :fingerprint where namespace = :namespace and fingerprint = :earlier

-- name: fingerprint_rename_fix_application
-- An application is bound to what the same error is called now.
update fix_application set fingerprint = :fingerprint where namespace = :namespace and fingerprint = :earlier

-- name: fingerprint_rename_run
-- A run is bound to what the same error is called now.
update run set fingerprint = :fingerprint where namespace = :namespace and fingerprint = :earlier

-- name: fingerprint_rename_attempt
-- An agent's attempt is bound to what the same error is called now.
update attempt set fingerprint = :fingerprint where namespace = :namespace and fingerprint = :earlier

-- name: fingerprint_rename_log_template
-- A template of a log is bound to what the same error is called now.
update log_template set fingerprint = :fingerprint where namespace = :namespace and fingerprint = :earlier

-- name: fingerprint_rename_evidence
-- What a remedy did is bound to what the same error is called now.
update evidence set fingerprint = :fingerprint where namespace = :namespace and fingerprint = :earlier

-- name: fingerprint_rename_cause_change
-- A cause holds what the same error is called now.
update cause_change set fingerprint = :fingerprint where namespace = :namespace and fingerprint = :earlier

-- name: fingerprint_rename_cause_other
-- A cause holds what the same error is called now, as the other of two too.
update cause_change set other = :fingerprint where namespace = :namespace and other = :earlier
