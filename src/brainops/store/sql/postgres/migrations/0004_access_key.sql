select brainops_guard('access_key'::regclass);
grant select, insert, update on access_key to brainops_runtime;
