
select brainops_guard(guarded::regclass) from unnest(array['alert', 'alert_run', 'inbox']) as guarded;
grant select, insert, update, delete on alert, alert_run, inbox to brainops_runtime;
