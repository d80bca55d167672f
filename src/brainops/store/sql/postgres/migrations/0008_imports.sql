-- What came with an export file is history: it is read and counted as such, and nothing here rests on it.

alter table run add column imported_at bigint;
alter table decision add column imported_at bigint;
alter table fix_application add column imported_at bigint;
alter table guidance add column imported_at bigint;
alter table operation add column imported_at bigint;
