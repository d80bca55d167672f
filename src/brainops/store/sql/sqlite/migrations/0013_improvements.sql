-- What the system changes about itself, and which unit of work each trial gave to what is tried.

create table improvement (
    id text primary key,
    namespace text not null,
    kind text not null,
    key text not null,
    subject text not null,
    title text not null,
    reason text not null,
    before text not null,
    after text not null,
    evidence text not null,
    state text not null check (state in (
        'proposed', 'planned', 'trial', 'applied', 'kept', 'rolled_back', 'undone', 'rejected')),
    probability_better real,
    trust text not null,
    by_itself integer not null,
    basis integer not null,
    decided_basis integer, -- what it rested on when it was last decided, by anybody
    proposed_at integer not null,
    trial_at integer,
    apply_at integer,
    applied_at integer,
    ended_at integer,
    outcome text not null,
    imported_at integer
);
create unique index improvement_open on improvement (namespace, key) where ended_at is null;
create index improvement_key on improvement (namespace, key, proposed_at);
create index improvement_subject on improvement (namespace, subject) where ended_at is null;
create index improvement_listed on improvement (namespace, proposed_at);

create table improvement_trial (
    improvement_id text not null,
    unit text not null,
    namespace text not null,
    challenger integer not null,
    share integer not null, -- of a hundred, that the challenger was given at that time
    at integer not null,
    primary key (improvement_id, unit)
) without rowid;
