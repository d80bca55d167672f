-- The feed of what happened: one line for each change, written by the statement that makes it, whoever executes it, a
-- program one version older too. A line names its row and copies nothing of it: what is purged or redacted there is here.

create table change (
    number bigint generated always as identity primary key,
    at bigint not null,
    namespace text collate "C" not null,
    kind text collate "C" not null, -- a member of ChangeKind; 'trimmed' stands for all that came before it
    ref text collate "C" not null -- which row it was: an id; of a step RUN/STEP, of a setting its name
);

create told memory after insert on memory tells (case when new.supersedes is not null then 'memory.corrected'
    when new.type = 'error_pattern' then 'error.captured' else 'memory.captured' end, new.id);
create told memory_again after update of occurrences on memory when (new.occurrences > old.occurrences)
    tells (case when new.type = 'error_pattern' then 'error.repeated' else 'memory.repeated' end, new.id);
create told memory_state after update of state on memory when (old.state <> new.state)
    tells (case new.state when 'active' then 'memory.restored' else 'memory.' || new.state end, new.id);
create told feedback after insert on feedback tells ('memory.judged', new.memory_id);

create told operation after insert on operation tells (case when new.name = 'session start' then 'session.opened'
    when new.outcome is null then 'operation.begun' else 'operation.' || new.outcome end, new.id);
create told operation_end after update of outcome on operation
    when (old.outcome is null and new.outcome is not null and new.name <> 'session start')
    tells ('operation.' || new.outcome, new.id);

create told run after insert on run tells ('run.' || new.state, new.id);
create told run_state after update of state on run when (old.state <> new.state) tells ('run.' || new.state, new.id);
create told step after insert on run_step when (new.state <> 'pending')
    tells ('step.' || new.state, new.run_id || '/' || new.step_id);
create told step_state after update of state on run_step when (old.state <> new.state)
    tells ('step.' || new.state, new.run_id || '/' || new.step_id);

create told task after insert on execution tells ('task.' || new.state, new.id);
create told task_state after update of state on execution when (old.state <> new.state)
    tells ('task.' || new.state, new.id);

create told approval after insert on approval tells ('approval.' || new.state, new.id);
create told approval_state after update of state on approval when (old.state <> new.state)
    tells ('approval.' || new.state, new.id);
create told notice after insert on notice tells ('notice.raised', new.id);
create told notice_end after update of delivered_at on notice
    when (old.delivered_at is null and new.delivered_at is not null) tells ('notice.delivered', new.id);

create told procedure after insert on procedure tells ('procedure.' || new.state, new.id);
create told procedure_state after update of state on procedure when (old.state <> new.state)
    tells ('procedure.' || new.state, new.id);
create told fix after insert on fix tells ('fix.attached', new.id);
create told fix_change after update of mode, trust on fix when (old.mode <> new.mode or old.trust <> new.trust)
    tells ('fix.changed', new.id);
create told fix_end after update of detached_at on fix when (old.detached_at is null and new.detached_at is not null)
    tells ('fix.detached', new.id);
create told application after insert on fix_application tells ('application.' || new.state, new.id);
create told application_state after update of state on fix_application when (old.state <> new.state)
    tells ('application.' || new.state, new.id);
create told improvement after insert on improvement tells ('improvement.' || new.state, new.id);
create told improvement_state after update of state on improvement when (old.state <> new.state)
    tells ('improvement.' || new.state, new.id);

create told decision after insert on decision tells ('decision.' || new.kind, new.id);
create told rule after insert on rule tells ('rule.added', new.id);
create told rule_end after update of removed_at on rule when (old.removed_at is null and new.removed_at is not null)
    tells ('rule.removed', new.id);
create told rule_mode after insert on rule_mode tells ('rule.changed', new.rule_id);
create told rule_mode_again after update of mode on rule_mode tells ('rule.changed', new.rule_id);
create told setting after insert on namespace_setting tells ('setting.changed', new.name);
create told setting_again after update of value on namespace_setting when (old.value <> new.value)
    tells ('setting.changed', new.name);
create told act after insert on audit tells ('act.done', cast(new.sequence as text));
