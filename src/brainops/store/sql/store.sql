-- name: setting_get
-- One fact about the store.
select value from setting where name = :name

-- name: setting_put
-- Sets one fact about the store.
insert into setting ({columns of setting}) values ({values of setting}) on conflict (name) do update set value = excluded.value
