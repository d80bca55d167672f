-- What the system changes about itself, and which unit of work each trial gave to what is tried.

create table improvement (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    kind text not null,
    key text collate "C" not null,
    subject text collate "C" not null,
    title text not null,
    reason text not null,
    before text not null,
    after text not null,
    evidence text not null,
    state text not null check (state in (
        'proposed', 'planned', 'trial', 'applied', 'kept', 'rolled_back', 'undone', 'rejected')),
    probability_better double precision,
    trust text not null,
    by_itself integer not null,
    basis bigint not null,
    decided_basis bigint, -- what it rested on when it was last decided, by anybody
    proposed_at bigint not null,
    trial_at bigint,
    apply_at bigint,
    applied_at bigint,
    ended_at bigint,
    outcome text not null,
    imported_at bigint
);
create unique index improvement_open on improvement (namespace, key) where ended_at is null;
create index improvement_key on improvement (namespace, key, proposed_at);
create index improvement_subject on improvement (namespace, subject) where ended_at is null;
create index improvement_listed on improvement (namespace, proposed_at);

create table improvement_trial (
    improvement_id text collate "C" not null,
    unit text collate "C" not null,
    namespace text collate "C" not null,
    challenger integer not null,
    share bigint not null, -- of a hundred, that the challenger was given at that time
    at bigint not null,
    primary key (improvement_id, unit)
);

select brainops_guard('improvement'), brainops_guard('improvement_trial');
grant select, insert, update on improvement, improvement_trial to brainops_runtime;
