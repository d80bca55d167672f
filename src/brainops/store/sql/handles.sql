-- name: handle_ends
-- Which rows have an id that ends in one of these?
select 'approval' as kind, id from approval where {handle_end}
union all select 'approver' as kind, id from approver where {handle_end}
union all select 'attempt' as kind, id from attempt where {handle_end}
union all select 'bypass' as kind, id from bypass where {handle_end}
union all select 'cause_change' as kind, id from cause_change where {handle_end}
union all select 'channel' as kind, id from channel where {handle_end}
union all select 'code_patch' as kind, id from code_patch where {handle_end}
union all select 'decided_case' as kind, id from decided_case where {handle_end}
union all select 'decision' as kind, id from decision where {handle_end}
union all select 'evidence' as kind, id from evidence where {handle_end}
union all select 'execution' as kind, id from execution where {handle_end}
union all select 'feedback' as kind, id from feedback where {handle_end}
union all select 'fix' as kind, id from fix where {handle_end}
union all select 'fix_application' as kind, id from fix_application where {handle_end}
union all select 'guidance' as kind, id from guidance where {handle_end}
union all select 'improvement' as kind, id from improvement where {handle_end}
union all select 'job' as kind, id from job where {handle_end}
union all select 'memory' as kind, id from memory where {handle_end}
union all select 'notice' as kind, id from notice where {handle_end}
union all select 'operation' as kind, id from {operation_ids} where {handle_end}
union all select 'person' as kind, id from person where {handle_end}
union all select 'procedure' as kind, id from procedure where {handle_end}
union all select 'rule' as kind, id from rule where {handle_end}
union all select 'run' as kind, id from run where {handle_end}
union all select 'segment' as kind, id from segment where {handle_end}
union all select 'share_bundle' as kind, id from share_bundle where {handle_end}
