-- Patches of code that improvements brought into a repository, and what became of each there.

create table code_patch (
    id text collate "C" primary key, -- of its improvement
    namespace text collate "C" not null,
    repository text not null,
    commit_id text not null,
    stands integer not null default 0, -- whether the improvement holds it for applied
    left_because text not null default '', -- why what was to be brought in, or taken back, is only a branch so far
    changed_at bigint not null
);

select brainops_guard('code_patch');
grant select, insert, update on code_patch to brainops_runtime;
