-- What was done under which idempotency key, and what was answered, so that a call that is repeated is done once.

create table answer (
    namespace text collate "C" not null, -- in which it was written first
    key_hash text collate "C" not null, -- of the key and whose it is
    asked text collate "C" not null, -- a digest of the verb and its arguments
    at bigint not null,
    said text, -- what it answered, as JSON; null until it has ended, and where no answer is kept
    primary key (namespace, key_hash)
) without rowid;
