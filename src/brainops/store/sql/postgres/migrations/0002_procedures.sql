-- Procedures and their versions.

select 1;
