-- In the schema of a team's engine: whoever makes a run due tells a worker of that namespace, in the same transaction,
-- whatever program it is. Runs with the search path on that schema first; the engine's own tables are there already.

create function queue_of(namespace text) returns text language sql immutable parallel safe
as $$ select 'runs-' || md5(namespace) $$; -- a channel of NOTIFY has 63 characters, 23 of which are the engine's

alter table procrastinate_jobs enable row level security;
alter table procrastinate_jobs force row level security;
create policy own on procrastinate_jobs using (queue_name = queue_of((select brainops_writable())))
    with check (queue_name = queue_of((select brainops_writable())));
alter table procrastinate_periodic_defers enable row level security;
alter table procrastinate_periodic_defers force row level security;
create policy own on procrastinate_periodic_defers using (periodic_id = queue_of((select brainops_writable())))
    with check (periodic_id = queue_of((select brainops_writable())));

grant usage on schema brainops_workers to brainops_runtime;
grant select, insert, update, delete on all tables in schema brainops_workers to brainops_runtime;
grant usage on all sequences in schema brainops_workers to brainops_runtime;

-- Only a hint: what fails here must not undo the write that it stands in, and workers look by themselves now and then.
create function tell(run_id text, namespace text) returns void
    language plpgsql security definer set search_path from current
as $$
begin
    if exists (select 1 from procrastinate_jobs where queueing_lock = run_id and status = 'todo') then
        return;
    end if;
    perform procrastinate_defer_jobs_v1(array[row(queue_of(namespace), 'wake', 1, null, run_id,
        jsonb_build_object('run_id', run_id), null)::procrastinate_job_to_defer_v1]);
exception when others then
    null;
end
$$;
revoke execute on function tell from public;

create function tell_of_run() returns trigger
    language plpgsql security definer set search_path from current
as $$
begin
    if new.due_at <= now_us() + 1000000 then -- what is due later, workers know from their last look
        perform tell(new.id, new.namespace);
    end if;
    return null;
end
$$;
create trigger told_begun after insert on run for each row
    when (new.owner is null and new.due_at is not null) execute function tell_of_run();
create trigger told_due after update of due_at, owner on run for each row
    when (new.owner is null and new.due_at is not null and new.finished_at is null
        and (old.owner is not null or old.due_at is distinct from new.due_at)) execute function tell_of_run();

create function tell_of_answer() returns trigger
    language plpgsql security definer set search_path from current
as $$
begin
    perform tell(new.run_id, new.namespace);
    return null;
end
$$;
create trigger told_answered after update of state on approval for each row
    when (old.state = 'pending' and new.state <> 'pending' and new.run_id is not null)
    execute function tell_of_answer();
