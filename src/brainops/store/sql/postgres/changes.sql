-- A transaction that wrote before another may commit after it. All below the oldest one that is open have ended, so
-- what stands there is all that will ever stand there.

-- fragment: change_place
c.xid::text || '.' || c.number

-- fragment: change_place_after
(c.xid, c.number) > (split_part(:place::text, '.', 1)::xid8, split_part(:place::text, '.', 2)::bigint)
    and c.xid < pg_snapshot_xmin(pg_current_snapshot())

-- fragment: change_place_before
(c.xid, c.number) < (split_part(:place::text, '.', 1)::xid8, split_part(:place::text, '.', 2)::bigint)
    and c.xid < pg_snapshot_xmin(pg_current_snapshot())

-- fragment: change_order
c.xid, c.number

-- fragment: change_order_back
c.xid desc, c.number desc

-- name: change_newest
-- The place after all that has ended, and which history it is: transactions are numbered by a server along a timeline.
select pg_snapshot_xmin(pg_current_snapshot())::text || '.0' as place,
    md5(concat_ws(' ', s.value, (select system_identifier from pg_control_system()),
        (select timeline_id from pg_control_checkpoint()),
        (select oid from pg_database where datname = current_database()))) as epoch
from setting as s where s.name = 'store_id'

-- name: change_delayed
-- Since when do lines wait that are committed, and for which open transactions?
select min(c.at) as since, (select string_agg(o.who, ', ') from (
    select format('pid %s (%s), for %s s', a.pid, coalesce(nullif(a.application_name, ''), a.usename, '?'),
        coalesce(round(extract(epoch from clock_timestamp() - a.xact_start))::text, '?')) as who
    from pg_stat_activity as a where a.backend_xid is not null and a.pid <> pg_backend_pid()
    union all
    select format('prepared as %s, for %s s', p.gid, round(extract(epoch from clock_timestamp() - p.prepared)))
    from pg_prepared_xacts as p) as o) as held_by
from change as c
where c.namespace = any (:namespaces::text[]) and c.xid >= pg_snapshot_xmin(pg_current_snapshot())
