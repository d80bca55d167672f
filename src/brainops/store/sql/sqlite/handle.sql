-- name: handle_ends
-- Which rows have an id that ends in one of these?
select 'approval' as kind, id from approval
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'approver' as kind, id from approver
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'attempt' as kind, id from attempt
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'bypass' as kind, id from bypass
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'channel' as kind, id from channel
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'code_patch' as kind, id from code_patch
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'decided_case' as kind, id from decided_case
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'decision' as kind, id from decision
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'execution' as kind, id from execution
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'feedback' as kind, id from feedback
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'fix' as kind, id from fix
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'fix_application' as kind, id from fix_application
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'guidance' as kind, id from guidance
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'improvement' as kind, id from improvement
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'memory' as kind, id from memory
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'notice' as kind, id from notice
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'operation' as kind, id from operation
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'procedure' as kind, id from procedure
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'rule' as kind, id from rule
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'run' as kind, id from run
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'segment' as kind, id from segment
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
union all
select 'share_bundle' as kind, id from share_bundle
where namespace in (select value from json_each(:namespaces))
    and substr(id, -:length) in (select value from json_each(:ends))
