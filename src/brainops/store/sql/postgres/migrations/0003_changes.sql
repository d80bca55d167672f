
-- Transactions commit in another order than they write, so the feed is read by transaction, below the oldest that is open.
alter table change drop constraint change_pkey, add column xid xid8 not null default pg_current_xact_id();
alter table change add primary key (xid, number);
select brainops_guard('change');
grant select, insert, update, delete on change to brainops_runtime;
insert into setting (name, value) values ('store_id', replace(gen_random_uuid()::text, '-', ''))
    on conflict (name) do nothing; -- a restored backup of an earlier schema has got one
