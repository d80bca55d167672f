-- Which service said an error is no part of its fingerprint any more: what is stored with it is moved when it is opened.

insert into setting (name, value)
select 'fingerprints', 'with service'
where exists (select 1 from memory where fingerprint is not null)
    or exists (select 1 from operation where fingerprint is not null)
on conflict (name) do nothing;
