
select brainops_guard('job');
grant select, insert, update, delete on job to brainops_runtime;
