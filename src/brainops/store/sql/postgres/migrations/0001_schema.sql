-- What PostgreSQL has of its own: who sees which row, the operation log in monthly partitions, the index of words, and
-- functions that run as the owner. The search path is fixed here, so that `set search_path from current` pins theirs.

create function now_us() returns bigint language sql stable
as $$
    select coalesce(
        nullif(current_setting('brainops.clock', true), '')::bigint,
        (extract(epoch from statement_timestamp()) * 1000000)::bigint)
$$;

create function brainops_readable() returns text[] language sql stable
as $$ select string_to_array(nullif(current_setting('brainops.read_namespaces', true), ''), ',') $$;

create function brainops_writable() returns text language sql stable
as $$ select nullif(current_setting('brainops.write_namespace', true), '') $$;

create table occurrence (
    sequence bigint generated always as identity primary key,
    memory_key bigint not null references memory (key) on delete cascade,
    namespace text collate "C" not null,
    at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    session_id text,
    operation_id text,
    uri text,
    detail text
);
create index occurrence_memory on occurrence (memory_key, at);

create index memory_created on memory (created_at, key);
create index memory_supersedes on memory (supersedes) where supersedes is not null;
create index memory_superseded_by on memory (superseded_by) where superseded_by is not null;
create index guidance_lookup on guidance (namespace, operation_name, created_at);

-- Words are cut and put into lower case before they come here, so the parser sees plain runs of letters and digits; the
-- dictionary only stems and cuts no stop words, so that a question of nothing else still finds what it says.
create text search dictionary brainops_stem (template = pg_catalog.snowball, language = english);
create text search configuration brainops (copy = pg_catalog.simple);
alter text search configuration brainops
    alter mapping for asciiword, word, asciihword, hword, hword_asciipart, hword_part with brainops_stem;

create table memory_fts (
    memory_key bigint primary key references memory (key) on delete cascade,
    namespace text collate "C" not null,
    words tsvector not null, -- the title's with weight A, the body's with B, then the filter tokens without positions
    spoken text -- the same words as text, where BM25 ranks them
);
create index memory_fts_words on memory_fts using gin (words);

create table memory_vector ( -- its column `vector` comes with pgvector
    sequence bigint generated always as identity primary key,
    memory_key bigint not null references memory (key) on delete cascade,
    namespace text collate "C" not null,
    model_id text collate "C" not null,
    passage integer not null
);
create unique index memory_vector_passage on memory_vector (memory_key, model_id, passage);
create index memory_vector_model_id on memory_vector (model_id);

-- A partitioned table cannot hold an id unique over all its partitions; this one does, and says in which the row is.
create table operation_key (
    id text collate "C" primary key,
    key bigint generated always as identity unique,
    namespace text collate "C" not null,
    started_at bigint not null
);

create table operation (
    key bigint not null,
    id text collate "C" not null,
    namespace text collate "C" not null,
    name text collate "C" not null,
    target text collate "C",
    context text not null,
    action_class text not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    session_id text,
    parent_id text,
    guidance_id text collate "C",
    started_at bigint not null,
    finished_at bigint,
    outcome text check (outcome in ('succeeded', 'failed')),
    result text,
    error text,
    fingerprint text collate "C",
    error_memory_id text,
    duration_us bigint,
    cost double precision,
    evidence text,
    followed_id text collate "C",
    contradicted_at bigint,
    contradiction text,
    imported_at bigint,
    learnt_at bigint,
    primary key (id, started_at)
) partition by range (started_at);
create index operation_name on operation (namespace, name, started_at);
create index operation_started on operation (namespace, started_at);
create index operation_order on operation (key);
create index operation_followed on operation (namespace, followed_id) where followed_id is not null;
create index operation_of_session on operation (namespace, session_id, started_at) where session_id is not null;
create index operation_target_failed on operation (namespace, target, finished_at) where outcome = 'failed';
create index operation_failed on operation (namespace, finished_at) where outcome = 'failed';
create index operation_unlearnt on operation (namespace, finished_at) where learnt_at is null and finished_at is not null;
create index operation_fingerprint on operation (namespace, fingerprint, finished_at) where fingerprint is not null;
create table operation_default partition of operation default;

create function audit_is_append_only() returns trigger language plpgsql
as $$ begin raise exception 'the audit trail is append-only'; end $$;
create trigger audit_is_append_only before update or delete on audit
    for each row execute function audit_is_append_only();
create trigger audit_is_never_emptied before truncate on audit
    for each statement execute function audit_is_append_only();

create function procedure_is_immutable() returns trigger language plpgsql
as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'a version of a procedure is never deleted';
    end if;
    if (old.id, old.namespace, old.name, old.number, old.hash, old.body, old.source, old.trust)
        is distinct from (new.id, new.namespace, new.name, new.number, new.hash, new.body, new.source, new.trust)
    then
        raise exception 'a version of a procedure never changes';
    end if;
    return new;
end
$$;
create trigger procedure_is_immutable before update or delete on procedure
    for each row execute function procedure_is_immutable();

-- Who sees which row. A session says in each transaction which namespaces it reads and writes; one that says nothing
-- sees nothing, the owner included. The owner's upkeep (migration, backup, check) says so with a setting of its own,
-- which means nothing for anybody else.
create function brainops_guard(guarded regclass) returns void language plpgsql
as $$
begin
    execute format('alter table %s enable row level security', guarded);
    execute format('alter table %s force row level security', guarded);
    execute format('create policy reading on %s for select '
        'using (namespace = any ((select brainops_readable())::text[]))', guarded);
    execute format('create policy adding on %s for insert with check (namespace = (select brainops_writable()))', guarded);
    execute format('create policy changing on %s for update using (namespace = (select brainops_writable())) '
        'with check (namespace = (select brainops_writable()))', guarded);
    execute format('create policy removing on %s for delete using (namespace = (select brainops_writable()))', guarded);
    execute format('create policy upkeep on %s to current_user '
        'using ((select current_setting(''brainops.upkeep'', true)) = ''on'')', guarded);
end
$$;
revoke execute on function brainops_guard from public;

select brainops_guard(guarded::regclass) from unnest(array[
    'memory', 'occurrence', 'memory_fts', 'memory_tag', 'memory_vector', 'feedback', 'operation_key', 'operation',
    'operation_count', 'growth_policy', 'guidance', 'segment', 'run', 'run_step', 'worker', 'approval',
    'approver', 'approval_setting', 'notice', 'channel', 'namespace_setting', 'rule', 'rule_mode', 'decision',
    'guard_count', 'bypass', 'agent', 'execution', 'attempt', 'decided_case', 'failure_model', 'signal_file',
    'log_template', 'log_count', 'metric_series', 'metric_point', 'precursor', 'cycle', 'cycle_report',
    'learning_told', 'set_aside', 'language_day', 'language_use', 'query_count', 'operation_default', 'procedure',
    'procedure_change', 'fix', 'fix_application', 'improvement', 'improvement_trial', 'share_peer',
    'share_bundle', 'share_item', 'code_patch', 'audit', 'backup', 'capture_key'
]) as guarded;

-- A purge names every backup that may still hold what it removed, whoever wrote it.
create policy naming on backup for select using (true);

-- A row's guard must be asked before the words are compared, which rules out their index; so the search runs as the
-- owner, who may read all of this one table, and compares the namespaces itself.
create policy searching on memory_fts for select to current_user using (true);
alter table setting enable row level security;
alter table setting force row level security;
create policy reading on setting for select using (true);
create policy adding on setting for insert with check (name not in ('schema', 'capture_from'));
create policy changing on setting for update using (name not in ('schema', 'capture_from'));
create policy upkeep on setting to current_user
    using ((select current_setting('brainops.upkeep', true)) = 'on');

create function brainops_words(all_of tsquery, any_of tsquery, depth bigint)
    returns table (memory_key bigint, score double precision)
    language plpgsql stable security definer rows 1000
    set search_path from current
    set plan_cache_mode = force_custom_plan
as $$
declare
    readable text[] := brainops_readable();
begin
    return query select f.memory_key, ts_rank('{0, 0, 0.5, 1}', f.words, any_of)::double precision as found
    from memory_fts as f
    where f.words @@ all_of and f.namespace = any (readable)
    order by found desc, f.memory_key limit depth;
end
$$;

-- Counting a use is the one thing that a reader may do to a namespace that it does not write.
create function brainops_count_retrieved(counted bigint, times bigint, namespaces text[]) returns void
    language plpgsql volatile security definer
    set search_path from current
as $$
begin
    perform set_config('brainops.upkeep', 'on', true);
    update memory set retrieved_count = retrieved_count + times
    where key = counted and namespace = any (namespaces) and namespace = any (brainops_readable());
    perform set_config('brainops.upkeep', '', true);
end
$$;

-- Makes the partitions of this month and the next two. A month that has rows in the default partition stays there.
create function brainops_partition_operations(at bigint) returns void
    language plpgsql volatile security definer
    set search_path from current
as $$
declare
    month timestamp := date_trunc('month', to_timestamp(at / 1000000) at time zone 'UTC');
    first_at bigint;
    next_at bigint;
    partition text;
begin
    for ahead in 0 .. 2 loop
        first_at := extract(epoch from (month + make_interval(months => ahead)) at time zone 'UTC') * 1000000;
        next_at := extract(epoch from (month + make_interval(months => ahead + 1)) at time zone 'UTC') * 1000000;
        partition := to_char(month + make_interval(months => ahead), '"operation_"YYYY_MM');
        if to_regclass(partition) is null
            and not exists (select 1 from operation_default where started_at >= first_at and started_at < next_at)
        then
            execute format('create table %I partition of operation for values from (%s) to (%s)',
                partition, first_at, next_at);
            perform brainops_guard(partition::regclass);
        end if;
    end loop;
end
$$;

-- Makes the index over one model's vectors, when its first vector comes.
create function brainops_index_vectors(model text, dimension integer) returns void
    language plpgsql volatile security definer
    set search_path from current
as $$
begin
    if dimension between 1 and 4000 then -- the index takes no longer ones; they are compared one by one
        execute format('create index if not exists %I on memory_vector using hnsw '
            '((vector::halfvec(%s)) halfvec_cosine_ops) where model_id = %L',
            'memory_vector_' || md5(model), dimension, model);
    end if;
end
$$;

do $$ begin execute format('grant usage on schema %I to brainops_runtime', current_schema()); end $$;
grant select, insert, update, delete on
    memory, occurrence, memory_fts, memory_tag, memory_vector, feedback, operation_key, operation,
    operation_count, growth_policy, guidance, segment, run, run_step, worker, approval, approver,
    approval_setting, notice, channel, namespace_setting, rule, rule_mode, decision, guard_count, bypass, agent,
    execution, attempt, decided_case, failure_model, signal_file, log_template, log_count, metric_series,
    metric_point, precursor, cycle, cycle_report, learning_told, set_aside, language_day, language_use,
    query_count
    to brainops_runtime;
grant select, insert, update on setting,
    procedure, procedure_change, fix, fix_application, improvement, improvement_trial, share_peer, share_bundle,
    share_item, code_patch
    to brainops_runtime;
grant select, insert, delete on capture_key to brainops_runtime;
grant select, insert on audit, backup to brainops_runtime;
revoke execute on function brainops_words, brainops_count_retrieved,
    brainops_partition_operations, brainops_index_vectors from public;
grant execute on function brainops_words, brainops_count_retrieved,
    brainops_partition_operations, brainops_index_vectors to brainops_runtime;
