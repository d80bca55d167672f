-- Fixes and their applications.

select 1;
