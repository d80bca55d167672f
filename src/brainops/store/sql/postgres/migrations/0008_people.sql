select brainops_guard(guarded::regclass) from unnest(array['person', 'role_grant', 'sign_in', 'ticket']) as guarded;
grant select, insert, update on person, role_grant, sign_in to brainops_runtime;
grant select, insert, delete on ticket to brainops_runtime;
