-- What remedies did for errors, and which errors have one cause.

create table evidence (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    fingerprint text collate "C" not null,
    remedy text collate "C" not null,
    effect text not null,
    basis text not null,
    target text,
    context text not null,
    fix_id text collate "C",
    operation_id text collate "C",
    seconds double precision,
    source text not null,
    note text not null,
    at bigint not null,
    judged_at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    idempotency_key text collate "C",
    imported_at bigint
);
create index evidence_fingerprint on evidence (namespace, fingerprint, remedy, at);
create index evidence_fix on evidence (fix_id, judged_at) where fix_id is not null;
create index evidence_newest on evidence (namespace, at);
create unique index evidence_key on evidence (namespace, idempotency_key) where idempotency_key is not null;

-- What applications of fixes have shown until now; in which context they were is not known any more.
insert into evidence (id, namespace, fingerprint, remedy, effect, basis, target, context, fix_id, operation_id, source,
    note, at, judged_at, actor_kind, actor_id, actor_proof, imported_at)
select a.id, a.namespace, a.fingerprint, coalesce(f.procedure, f.title),
    case when a.state = 'verified' then 'helped' else 'did_not_help' end,
    case when a.state = 'verified' and coalesce(a.verified_by, '') <> 'operation' then 'verified' else 'observed' end,
    a.target, '{}', a.fix_id, a.operation_id, 'application', a.reason, coalesce(a.applied_at, a.created_at),
    coalesce(a.decided_at, a.applied_at, a.created_at), a.actor_kind, a.actor_id, a.actor_proof, a.imported_at
from fix_application as a join fix as f on f.id = a.fix_id
where a.state in ('verified', 'failed', 'rolled_back', 'contradicted');

create table cause_change (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    fingerprint text collate "C" not null,
    other text collate "C" not null,
    standing text not null,
    why text not null,
    at bigint not null,
    actor_kind text not null,
    actor_id text not null,
    actor_proof text not null,
    undone_at bigint
);
create index cause_change_fingerprint on cause_change (namespace, fingerprint);
create index cause_change_other on cause_change (namespace, other);
