-- name: language_day_open
-- The row that a day's budget is held by.
insert into language_day (namespace, day, tokens, cost) values (:namespace, :day, 0, 0)
on conflict (namespace, day) do nothing

-- name: language_reserve
-- Sets tokens and cost aside, where the day's limits leave room for them; no row where they do not.
update language_day set tokens = tokens + :tokens::bigint, cost = cost + :cost::double precision
where namespace = :namespace and day = :day
    and (:most_tokens::bigint is null or tokens + :tokens::bigint <= :most_tokens::bigint)
    and (:most_cost::double precision is null or cost + :cost::double precision <= :most_cost::double precision)

-- name: language_settle
-- Puts what was taken in the place of what was set aside.
update language_day set tokens = tokens + :tokens::bigint, cost = cost + :cost::double precision
where namespace = :namespace and day = :day

-- name: language_day_get
-- What is spent or set aside on a day.
select tokens, cost from language_day where namespace = :namespace and day = :day

-- name: language_use_add
-- Counts a call.
insert into language_use (namespace, day, purpose, model, calls, input_tokens, output_tokens, cost)
values (:namespace, :day, :purpose, :model, 1, :input_tokens, :output_tokens, :cost)
on conflict (namespace, day, purpose, model) do update set
    calls = language_use.calls + 1,
    input_tokens = language_use.input_tokens + excluded.input_tokens,
    output_tokens = language_use.output_tokens + excluded.output_tokens,
    cost = language_use.cost + excluded.cost

-- name: language_used
-- What was used since a day, newest first.
select day, purpose, model, sum(calls) as calls, sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens, sum(cost) as cost
from language_use
where namespace = any (:namespaces::text[]) and day >= :since
group by day, purpose, model order by day desc, cost desc, purpose, model
