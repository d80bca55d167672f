-- How many turns of this minute were taken by each key, person or page, whichever server they ask.

create table rate_window (
    namespace text collate "C" not null,
    name text collate "C" not null,
    began_at bigint not null,
    taken bigint not null,
    primary key (namespace, name)
) without rowid;
