-- What language models took: by day what is spent or set aside, by day, purpose and model what was used.

create table language_day (
    namespace text not null,
    day integer not null,
    tokens integer not null,
    cost real not null,
    primary key (namespace, day)
) without rowid;

create table language_use (
    namespace text not null,
    day integer not null,
    purpose text not null,
    model text not null,
    calls integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cost real not null,
    primary key (namespace, day, purpose, model)
) without rowid;
