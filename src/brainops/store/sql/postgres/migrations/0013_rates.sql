
select brainops_guard('rate_window');
grant select, insert, update, delete on rate_window to brainops_runtime;
