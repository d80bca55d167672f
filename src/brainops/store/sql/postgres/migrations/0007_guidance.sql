-- What followed a guidance is found by what it recommended first: a memory, or a version of a procedure that ran.

create index guidance_primary on guidance (namespace, primary_id, created_at) where primary_id is not null;
