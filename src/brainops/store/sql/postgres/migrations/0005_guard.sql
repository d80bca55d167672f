-- Settings of a namespace, rules, decisions, bypasses.

select 1;
