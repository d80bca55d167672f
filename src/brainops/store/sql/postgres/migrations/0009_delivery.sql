
select brainops_guard('delivery');
grant select, insert, update, delete on delivery to brainops_runtime;
alter table channel drop constraint channel_kind_check,
    add constraint channel_kind_check check (kind in ('command', 'webhook', 'email'));
