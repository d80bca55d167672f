
select brainops_guard(guarded::regclass) from unnest(array['evidence', 'cause_change']) as guarded;
grant select, insert, update on evidence, cause_change to brainops_runtime;
