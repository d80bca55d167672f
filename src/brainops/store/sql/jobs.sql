-- name: job_insert
-- Long work is asked for.
insert into job ({columns of job}) values ({values of job})

-- name: job_get
-- One job.
select {job as j} from job as j where j.namespace = any (:namespaces::text[]) and j.id = :id

-- name: job_list
-- Jobs, the newest first.
select {job as j} from job as j
where j.namespace = any (:namespaces::text[]) and (:state::text is null or j.state = :state::text)
    {pages j.created_at::bigint desc, j.id::text desc}

-- name: job_next
-- The oldest that nobody has in hand; a lease of more than twice its length is of before the clock was set back.
select {job as j} from job as j
where j.namespace = :namespace and j.finished_at is null
    and (j.state = 'waiting' or j.lease_until <= :now or j.lease_until > :latest)
order by j.created_at, j.id limit 1

-- name: job_take
-- Somebody has it in hand from now on; nothing happens where another was first.
update job set state = 'running', owner = :owner, lease_until = :lease_until, attempts = attempts + 1,
    started_at = coalesce(started_at, :now)
where id = :id and namespace = :namespace and finished_at is null
    and (state = 'waiting' or lease_until <= :now or lease_until > :latest)

-- name: job_beat
-- Who has it in hand lives, and is so far.
update job set lease_until = :lease_until, done = :done, total = :total
where id = :id and namespace = :namespace and owner = :owner and state = 'running'

-- name: job_hand_back
-- Who had it in hand ends in good order and lets go of it, which was no attempt; another goes on.
update job set state = 'waiting', attempts = attempts - 1, owner = null, lease_until = null
where id = :id and namespace = :namespace and owner = :owner and state = 'running'

-- name: job_end
-- What came of it, unless another has it in hand by now.
update job set state = :state, finished_at = :now, given = :given, result = :result, error = :error, done = :done,
    total = :total, owner = null, lease_until = null
where id = :id and namespace = :namespace and owner = :owner and state = 'running'

-- name: job_cancel
-- It is not to go on: one that waits ends at once, one under way where it next looks.
update job set cancel_requested = 1, state = case when state = 'waiting' then 'cancelled' else state end,
    finished_at = case when state = 'waiting' then :now::bigint else null end
where id = :id and namespace = :namespace and finished_at is null

-- name: job_trim
-- Those that ended long ago go.
delete from job where namespace = :namespace and finished_at < :before
