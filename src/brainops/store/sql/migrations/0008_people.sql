-- The people of a store, what each may do where, and where they are signed in.

create table person (
    id text collate "C" primary key,
    namespace text collate "C" not null, -- that of the whole store
    name text collate "C" not null,
    email text not null,
    issuer text collate "C" not null, -- who says who they are when they sign in; empty until they did
    subject text collate "C" not null,
    created_at bigint not null,
    created_by_kind text not null,
    created_by_id text not null,
    created_by_proof text not null,
    removed_at bigint
);
create unique index person_name on person (namespace, name) where removed_at is null;
create unique index person_subject on person (namespace, issuer, subject) where removed_at is null and subject <> '';

create table role_grant (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    holder text collate "C" not null, -- a person's id, or group: and its name
    role text not null check (role in ('reader', 'writer', 'approver', 'admin')),
    path text collate "C" not null,
    granted_at bigint not null,
    granted_by_kind text not null,
    granted_by_id text not null,
    granted_by_proof text not null,
    withdrawn_at bigint
);
create unique index role_grant_holder on role_grant (namespace, holder, role, path) where withdrawn_at is null;

-- Who may approve until now may go on with all that this was: in every namespace, and to let others in. Each has the id
-- of the entry by which that was first said, which the audit trail knows.
insert into person (id, namespace, name, email, issuer, subject, created_at, created_by_kind, created_by_id,
    created_by_proof)
select a.id, a.namespace, a.name, '', '', '', a.enrolled_at, a.enrolled_by_kind, a.enrolled_by_id, a.enrolled_by_proof
from approver as a
where a.revoked_at is null and not exists (select 1 from approver as b
    where b.namespace = a.namespace and b.name = a.name and b.revoked_at is null and b.id < a.id);
insert into role_grant (id, namespace, holder, role, path, granted_at, granted_by_kind, granted_by_id, granted_by_proof)
select p.id, p.namespace, p.id, 'admin', '*', p.created_at, p.created_by_kind, p.created_by_id, p.created_by_proof
from person as p;

create table sign_in (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    person_id text collate "C" not null,
    kind text not null check (kind in ('link', 'proxy', 'oidc')),
    groups text not null, -- a JSON list
    digest text not null,
    created_at bigint not null,
    expires_at bigint not null,
    proven_at bigint,
    ended_at bigint,
    seen_at bigint
);
create index sign_in_newest on sign_in (namespace, created_at);

-- What is used once, and soon: a link that signs somebody in, or a sign-in that has gone to a provider and comes back.
create table ticket (
    namespace text collate "C" not null,
    digest text collate "C" not null,
    kind text not null,
    said text not null, -- JSON
    expires_at bigint not null,
    primary key (namespace, digest)
) without rowid;
