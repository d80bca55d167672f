-- What language models took: by day what is spent or set aside, by day, purpose and model what was used.

create table language_day (
    namespace text collate "C" not null,
    day bigint not null,
    tokens bigint not null,
    cost double precision not null,
    primary key (namespace, day)
);

create table language_use (
    namespace text collate "C" not null,
    day bigint not null,
    purpose text collate "C" not null,
    model text collate "C" not null,
    calls bigint not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    cost double precision not null,
    primary key (namespace, day, purpose, model)
);

select brainops_guard('language_day'), brainops_guard('language_use');
grant select, insert, update, delete on language_day, language_use to brainops_runtime;
