-- One writer at a time, so that lines are numbered in the order of their commits.

-- fragment: change_place
cast(c.number as text)

-- fragment: change_place_after
c.number > cast(:place as real)

-- fragment: change_place_before
c.number < cast(:place as real)

-- fragment: change_order
c.number

-- fragment: change_order_back
c.number desc

-- name: change_newest
-- The place after all that has happened, between two lines, and which history it is: a restored store has another id.
select coalesce((select seq from sqlite_sequence where name = 'change'), 0) || '.5' as place,
    coalesce((select value from setting where name = 'store_id'), '') as epoch

-- name: change_delayed
-- Nobody waits for anybody.
select null as since, null as held_by
