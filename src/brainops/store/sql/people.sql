-- name: person_insert
-- Somebody is known from now on.
insert into person (
    id, namespace, name, email, issuer, subject, created_at, created_by_kind, created_by_id, created_by_proof)
values (
    :id, :namespace, :name, :email, :issuer, :subject, :created_at, :created_by_kind, :created_by_id, :created_by_proof)
on conflict do nothing

-- name: person_get
-- One person, also one who was removed.
select {person as p} from person as p where p.namespace = :namespace and p.id = :id

-- name: person_named
-- The person of a name, however it is written.
select {person as p} from person as p
where p.namespace = :namespace and p.removed_at is null and (p.name = :name or lower(p.name) = lower(:name))
order by p.name = :name desc limit 1

-- name: person_known_as
-- The person whom a provider or a proxy knows by this.
select {person as p} from person as p
where p.namespace = :namespace and p.removed_at is null and p.issuer = :issuer and p.subject = :subject

-- name: person_by_email
-- The people of an address who have not signed in yet.
select {person as p} from person as p
where p.namespace = :namespace and p.removed_at is null and p.subject = '' and lower(p.email) = lower(:email)
order by p.id limit 2

-- name: person_list
-- Everybody, oldest first.
select {person as p} from person as p where p.namespace = :namespace and p.removed_at is null
order by p.created_at, p.id limit :limit

-- name: person_pin
-- Somebody signed in for the first time: from now on that is who they are there.
update person set issuer = :issuer, subject = :subject
where id = :id and namespace = :namespace and removed_at is null and subject = ''

-- name: person_identify
-- Somebody who is known is said to be whoever signs in by this.
update person set email = :email, issuer = :issuer, subject = :subject
where id = :id and namespace = :namespace and removed_at is null

-- name: person_remove
-- Somebody is a person of this store no longer; what they did keeps their name, and nothing else does.
update person set removed_at = :at, email = '', issuer = '', subject = ''
where id = :id and namespace = :namespace and removed_at is null

-- name: role_grant_insert
-- A role is given.
insert into role_grant (id, namespace, holder, role, path, granted_at, granted_by_kind, granted_by_id, granted_by_proof)
values (:id, :namespace, :holder, :role, :path, :granted_at, :granted_by_kind, :granted_by_id, :granted_by_proof)
on conflict do nothing

-- name: role_grants_of
-- The roles that these holders have.
select {role_grant as g} from role_grant as g
where g.namespace = :namespace and g.withdrawn_at is null and g.holder = any (:holders::text[])
order by g.granted_at, g.id

-- name: role_grants
-- Every role that is given, and those that were withdrawn.
select {role_grant as g} from role_grant as g where g.namespace = :namespace order by g.granted_at, g.id

-- name: role_grant_withdraw
-- A role is taken back.
update role_grant set withdrawn_at = :at where id = :id and namespace = :namespace and withdrawn_at is null

-- name: sign_in_insert
-- Somebody signed in.
insert into sign_in (id, namespace, person_id, kind, groups, digest, created_at, expires_at, proven_at)
values (:id, :namespace, :person_id, :kind, :groups, :digest, :created_at, :expires_at, :proven_at)

-- name: sign_in_get
-- One sign-in, whether it still holds or not.
select {sign_in as s} from sign_in as s where s.namespace = :namespace and s.id = :id

-- name: sign_in_list
-- Sign-ins, newest first; those that hold, and of one person where named.
select {sign_in as s} from sign_in as s
where s.namespace = :namespace and (:person_id::text is null or s.person_id = :person_id)
    and s.ended_at is null and s.expires_at > :now
order by s.created_at desc, s.id desc limit :limit

-- name: sign_in_prove
-- It was shown again who it is.
update sign_in set proven_at = :at where id = :id and namespace = :namespace and ended_at is null

-- name: sign_in_end
-- A sign-in is over.
update sign_in set ended_at = :at where id = :id and namespace = :namespace and ended_at is null

-- name: sign_in_seen
-- A sign-in was used; how often is nobody's question.
update sign_in set seen_at = :at where id = :id and namespace = :namespace

-- name: ticket_insert
-- Something that is used once.
insert into ticket (namespace, digest, kind, said, expires_at) values (:namespace, :digest, :kind, :said, :expires_at)

-- name: ticket_get
-- What a ticket says, while it holds.
select t.said from ticket as t
where t.namespace = :namespace and t.digest = :digest and t.kind = :kind and t.expires_at > :now

-- name: ticket_use
-- A ticket is used up; of two that try, one does.
delete from ticket where namespace = :namespace and digest = :digest

-- name: ticket_crowd
-- The oldest tickets of a kind, where there are more than so many.
delete from ticket where namespace = :namespace and kind = :kind and expires_at < (
    select min(newest.expires_at) from (
        select t.expires_at from ticket as t where t.namespace = :namespace and t.kind = :kind
        order by t.expires_at desc limit :most
    ) as newest
)

-- name: ticket_clear
-- Tickets that nobody used in time.
delete from ticket where namespace = :namespace and expires_at <= :now
