-- name: handle_ends
-- Which rows have an id that ends in one of these?
select 'approval' as kind, id from approval
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'approver' as kind, id from approver
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'attempt' as kind, id from attempt
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'bypass' as kind, id from bypass
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'channel' as kind, id from channel
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'code_patch' as kind, id from code_patch
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'decided_case' as kind, id from decided_case
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'decision' as kind, id from decision
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'execution' as kind, id from execution
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'feedback' as kind, id from feedback
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'fix' as kind, id from fix
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'fix_application' as kind, id from fix_application
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'guidance' as kind, id from guidance
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'improvement' as kind, id from improvement
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'memory' as kind, id from memory
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'notice' as kind, id from notice
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'operation' as kind, id from operation_key
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'procedure' as kind, id from procedure
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'rule' as kind, id from rule
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'run' as kind, id from run
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'segment' as kind, id from segment
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
union all
select 'share_bundle' as kind, id from share_bundle
where namespace = any (cast(:namespaces as text[])) and right(id, cast(:length as int)) = any (cast(:ends as text[]))
