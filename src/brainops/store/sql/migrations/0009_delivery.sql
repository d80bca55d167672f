-- Each attempt to hand a notice to a channel; and channels may be e-mail.

create table delivery (
    id text collate "C" primary key,
    namespace text collate "C" not null,
    notice_id text collate "C" not null,
    channel text collate "C" not null,
    at bigint not null,
    seconds double precision not null,
    problem text
);
create index delivery_at on delivery (namespace, at);
create index delivery_notice on delivery (namespace, notice_id, at);
