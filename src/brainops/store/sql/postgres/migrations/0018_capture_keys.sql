-- Under which idempotency keys memories were captured, and what was said each time. A key is kept as its hash.

create table capture_key (
    namespace text collate "C" not null,
    key_hash text collate "C" not null,
    memory_key bigint not null references memory (key) on delete cascade,
    said text not null,
    primary key (namespace, key_hash)
);
create index capture_key_memory on capture_key (memory_key);

select brainops_guard('capture_key');
grant select, insert, delete on capture_key to brainops_runtime;
