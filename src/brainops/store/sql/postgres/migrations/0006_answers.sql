
select brainops_guard('answer');
grant select, insert, update, delete on answer to brainops_runtime;
