-- name: case_insert
-- A case was decided; one of the same source stands there already where it changes nothing.
insert into decided_case ({columns of decided_case}) values ({values of decided_case})
on conflict do nothing

-- name: case_get
-- One case, if it is readable.
select {decided_case as c} from decided_case as c where c.id = :id and c.namespace = any (:namespaces::text[])

-- name: case_of_source
-- The case that came from there.
select {decided_case as c} from decided_case as c
where c.namespace = :namespace and c.name = :name and c.source = :source

-- name: case_mark
-- How many cases of a name are there, and when did one change last?
select count(*) as cases, max(c.changed_at) as changed_at from decided_case as c
where c.namespace = any (:namespaces::text[]) and c.name = :name

-- name: case_since
-- The newest cases of a name that changed since then, oldest first.
select * from (
    select {decided_case as c} from decided_case as c
    where c.namespace = any (:namespaces::text[]) and c.name = :name and c.changed_at >= :since
    order by c.changed_at desc, c.id desc limit :limit) as newest
order by newest.changed_at, newest.id

-- name: case_list
-- Cases, newest first; of one name or standing where one is given.
select {decided_case as c} from decided_case as c
where c.namespace = any (:namespaces::text[]) and (:name::text is null or c.name = :name)
    and (:standing::text is null or c.standing = :standing)
    {pages c.decided_at::bigint desc, c.id::text desc}

-- name: case_names
-- What is decided from cases: each name, how many stand, are open, and were decided right or wrong before they were
-- known.
select c.name, coalesce(sum(case when c.standing = 'stands' then 1 else 0 end), 0) as standing,
    coalesce(sum(case when c.standing = 'open' then 1 else 0 end), 0) as open,
    count(c.expected_right) as judged, coalesce(sum(c.expected_right), 0) as judged_right,
    max(c.changed_at) as changed_at
from decided_case as c where c.namespace = any (:namespaces::text[]) group by c.name order by c.name limit :limit

-- name: case_move
-- A case is confirmed or replaced; nobody else may have moved it.
update decided_case set standing = :standing, origin = :origin, trust = :trust, changed_at = :changed_at,
    expected_right = coalesce(:expected_right::integer, expected_right)
where id = :id and namespace = :namespace and standing = :from_standing

-- name: failure_model_get
-- What was learned of when an operation fails.
select m.body, m.fitted_at from failure_model as m where m.namespace = :namespace and m.name = :name

-- name: failure_model_put
-- It was learned anew.
insert into failure_model (namespace, name, fitted_at, body) values (:namespace, :name, :fitted_at, :body)
on conflict (namespace, name) do update set fitted_at = excluded.fitted_at, body = excluded.body

-- name: failure_model_forget
-- What was learned longer ago rests on a record that is no longer looked at.
delete from failure_model where namespace = :namespace and fitted_at < :before
