-- Runs, their steps, and the workers that own them.

select 1;
