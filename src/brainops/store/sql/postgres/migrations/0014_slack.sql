
alter table channel drop constraint channel_kind_check,
    add constraint channel_kind_check check (kind in ('command', 'webhook', 'email', 'slack'));
