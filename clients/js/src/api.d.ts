// Written by scripts/write_js_types.py from the server's OpenAPI document.

export type Json = boolean | number | string | null | readonly Json[] | { readonly [name: string]: Json };

/** A key by which an agent or a service reaches the memory over the network; of its secret only the digest is kept. */
export type AccessKey = { readonly "created_at": number; readonly "created_by": Actor; readonly "expires_at": number | null; readonly "id": string; readonly "kind": ActorKind; readonly "name": string; readonly "reads": readonly (string)[]; readonly "revoked_at": number | null; readonly "role": Role; readonly "used_at": number | null; readonly "writes": string };

/** Something that can be done: the kind of step and its parameters (`with`), in which ${{ CEL }} is filled in. */
export type Action = { readonly "parameters"?: { readonly [name: string]: Json }; readonly "uses": StepKind };

/** What an operation can do: read-only is never gated, destructive always, the rest once a task. */
export type ActionClass = "changing" | "destructive" | "read_only";

/** Who acts: kind, id, and how that was proven ("none" when it was only said). */
export type Actor = { readonly "id"?: string; readonly "kind"?: ActorKind; readonly "proof"?: string };

export type ActorKind = "agent" | "person" | "service";

/** How an agent is reached. */
export type AdapterKind = "callable" | "command" | "http" | "llm" | "mcp";

/** Something that can carry out a task. `capabilities` are words or globs of task classes; none means any task. */
export type Agent = { readonly "adapter": AdapterKind; readonly "capabilities"?: readonly (string)[]; readonly "cost"?: number; readonly "created_at"?: number; readonly "created_by"?: Actor | null; readonly "description"?: string; readonly "enabled"?: boolean; readonly "limits"?: AgentLimits; readonly "memory"?: MemoryAccess; readonly "name": string; readonly "reason"?: string; readonly "settings"?: { readonly [name: string]: Json } };

/** What an agent may take: tasks at once, seconds for one, tokens of memory with one, cost and tasks a day. */
export type AgentLimits = { readonly "at_once"?: number; readonly "cost_a_day"?: number | null; readonly "memory_tokens"?: number; readonly "tasks_a_day"?: number | null; readonly "timeout_seconds"?: number };

export type AgentsAttemptsCall = { readonly "after"?: string | null; readonly "agent"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "since"?: number | null; readonly "task_class"?: string | null };

export type AgentsCancelCall = { readonly "execution_id": string; readonly "reason": string };

export type AgentsChooseCall = { readonly "capabilities"?: readonly (string)[]; readonly "exclude"?: readonly (string)[]; readonly "task": string; readonly "task_class"?: string | null };

export type AgentsDisableCall = { readonly "name": string; readonly "reason"?: string };

export type AgentsDoneCall = { readonly "evidence"?: Json; readonly "execution_id": string; readonly "failed"?: string | null; readonly "result"?: Json };

export type AgentsEnableCall = { readonly "name": string; readonly "reason"?: string };

export type AgentsExecutionCall = { readonly "execution_id": string };

export type AgentsExecutionsCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "run_id"?: string | null; readonly "state"?: ExecutionState | null; readonly "task_class"?: string | null };

export type AgentsGetCall = { readonly "name": string };

export type AgentsListCall = { readonly "enabled"?: boolean | null };

export type AgentsReadyCall = { readonly "name"?: string | null };

export type AgentsRecordsCall = { readonly "days"?: number };

export type AgentsRegisterCall = { readonly "adapter"?: AdapterKind | null; readonly "agent": Agent; readonly "limits"?: { readonly [name: string]: Json } | null; readonly "reason"?: string };

export type AgentsRemoveCall = { readonly "name": string; readonly "reason": string };

export type AgentsVerifyCall = { readonly "execution_id": string; readonly "note"?: string; readonly "right": boolean };

export type AgentsWithheldCall = { readonly "agent": Agent };

/** How an alert stands: `told` says how often it was told to fire, `identity` is the fingerprint of its error. */
export type Alert = { readonly "changed_at": number; readonly "event": string; readonly "fired_at": number; readonly "group_key": string | null; readonly "identity": string; readonly "key": string; readonly "labels": { readonly [name: string]: Json }; readonly "link": string | null; readonly "namespace": string; readonly "operation_id": string; readonly "said_at": number | null; readonly "seen_at": number; readonly "severity": string; readonly "state": AlertState; readonly "target": string | null; readonly "told": number };

/** Whether an alert still holds. */
export type AlertState = "firing" | "resolved";

export type AlertsAsideCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number };

export type AlertsGetCall = { readonly "key": string };

export type AlertsInboxCall = {  };

export type AlertsListCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "state"?: AlertState | null };

export type AlertsReceiveCall = { readonly "body": Json; readonly "sender": string };

export type AlertsRetryCall = { readonly "message_id"?: string | null };

/** That all of these hold. */
export type AllOf = { readonly "parts": readonly (Done | AllOf | AnyOf)[]; readonly "requires": "all" };

/** Go ahead. `warnings` are worth knowing; `observed` is what a stricter mode would have asked or denied; `rules` are the ids of the rules behind both; `receipt_ids` and `approval_ids` are used up by going ahead. */
export type Allow = { readonly "approval_ids": readonly (string)[]; readonly "observed": readonly (string)[]; readonly "receipt_ids": readonly (string)[]; readonly "rules": readonly (string)[]; readonly "verdict": "allow"; readonly "warnings": readonly (string)[] };

/** A point of a series that is unlike what came before: `score` is 0 to 1, and above the shipped line it is told. */
export type Anomaly = { readonly "at": number; readonly "expected": number; readonly "score": number; readonly "series": string; readonly "value": number };

/** What a procedure that is for an event did about it: its run, whether that began now, and else why not. */
export type Answer = { readonly "began": boolean; readonly "procedure": string; readonly "reason": string; readonly "run_id": string | null };

/** That one of these holds. */
export type AnyOf = { readonly "parts": readonly (Done | AllOf | AnyOf)[]; readonly "requires": "any" };

/** Where one application of a fix stands. */
export type ApplicationState = "applied" | "applying" | "contradicted" | "due" | "failed" | "held" | "rolled_back" | "shadowed" | "suggested" | "verified";

/** A question to a person, stored: what for, by whom, until when, and how it was decided and proven. */
export type Approval = { readonly "decided_at": number | null; readonly "decided_by": Actor | null; readonly "decision_reason": string; readonly "digest": string; readonly "escalate_at": number | null; readonly "escalated_at": number | null; readonly "expires_at": number; readonly "id": string; readonly "kind": ApprovalKind; readonly "namespace": string; readonly "question": string; readonly "reason": string; readonly "requested_at": number; readonly "requested_by": Actor; readonly "run_id": string | null; readonly "state": ApprovalState; readonly "step_id": string | null; readonly "subject": string; readonly "used_at": number | null };

/** What is asked for. */
export type ApprovalKind = "bypass" | "fix" | "operation" | "skip_procedure" | "skip_step" | "step";

/** Where an approval stands; it is granted once, used once, and never comes back. */
export type ApprovalState = "expired" | "granted" | "pending" | "refused" | "used";

export type ApprovalsGetCall = { readonly "approval_id": string };

export type ApprovalsGrantCall = { readonly "approval_id": string; readonly "reason"?: string; readonly "valid_seconds"?: number };

export type ApprovalsListCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "state"?: ApprovalState | null };

export type ApprovalsPendingCall = {  };

export type ApprovalsRefuseCall = { readonly "approval_id": string; readonly "reason"?: string };

export type ArchiveCall = { readonly "memory_id": string; readonly "reason"?: string };

/** A person must agree first: why, by which rule, and the one call that asks. */
export type Ask = { readonly "reason": string; readonly "rule": string; readonly "verdict": "ask"; readonly "way_out": string };

/** One agent's try at a task: why it was chosen, and how it ended (None while it runs). */
export type Attempt = { readonly "agent": string; readonly "charged": number; readonly "choice": Choice; readonly "ended_at": number | null; readonly "execution_id": string; readonly "fingerprint": string | null; readonly "id": string; readonly "operation_id": string | null; readonly "outcome": Succeeded | Failed | null; readonly "started_at": number; readonly "success": number | null; readonly "task_class": string; readonly "text": string; readonly "verified": boolean | null };

/** One line of the append-only trail; `hash` covers the line and the hash before it. */
export type AuditEntry = { readonly "act": string; readonly "actor": Actor; readonly "at": number; readonly "detail": { readonly [name: string]: Json }; readonly "hash": string; readonly "namespace": string; readonly "previous_hash": string; readonly "sequence": number; readonly "subject": string };

/** What a namespace lets BrainOps change by itself. */
export type Autonomy = "auto" | "observe" | "propose";

/** An operation under way: its id, by which it is ended, its class, what memory said of it, and the guard. */
export type Begun = { readonly "action_class": ActionClass; readonly "decision": Allow | Ask | Deny; readonly "guidance": Guidance | null; readonly "id": string };

/** How often a fix may be applied by itself: in an hour, on one target in an hour, in the namespace in an hour. */
export type BlastRadius = { readonly "per_hour"?: number; readonly "per_namespace_hour"?: number; readonly "per_target_hour"?: number };

/** What somebody reads when a session opens, in the founding order; `text` is a screen, `block` for an agent. */
export type Briefing = { readonly "at": number; readonly "block": string; readonly "frameworks": readonly ({ readonly [name: string]: Json })[]; readonly "memory_context": { readonly [name: string]: readonly ({ readonly [name: string]: Json })[] }; readonly "monitoring_loops": readonly ({ readonly [name: string]: Json })[]; readonly "namespace": string; readonly "operational_procedures": readonly ({ readonly [name: string]: Json })[]; readonly "session_id": string; readonly "session_summary": readonly (string)[]; readonly "system_status": { readonly [name: string]: Json }; readonly "text": string };

export type BySourceCall = { readonly "prefix": string };

/** A stretch of time in which the guard of one namespace lets everything pass: until when, why, by whom. */
export type Bypass = { readonly "by": Actor; readonly "closed_at": number | null; readonly "id": string; readonly "namespace": string; readonly "opened_at": number; readonly "reason": string; readonly "until": number };

/** Advice of which about the same was said: how sure it was, the share that was right, its 90 % bounds, how many. */
export type CalibrationBar = { readonly "cases": number; readonly "high": number; readonly "low": number; readonly "right": number; readonly "said": number };

/** Whether advice was as sure as it said: `error` is the mean distance, None without cases. */
export type CalibrationRecord = { readonly "bars": readonly (CalibrationBar)[]; readonly "cases": number; readonly "error": number | null };

export type CaptureCall = { readonly "content"?: Json; readonly "fingerprint"?: string | null; readonly "importance"?: number; readonly "metadata"?: { readonly [name: string]: Json } | null; readonly "source"?: Source | null; readonly "subject"?: string | null; readonly "tags"?: readonly (string)[]; readonly "title": string; readonly "trust"?: Trust; readonly "type"?: MemoryType; readonly "valid_from"?: number | null; readonly "valid_to"?: number | null };

export type CaptureErrorCall = { readonly "error": string | ErrorEvent; readonly "service"?: string | null };

export type CaptureManyCall = { readonly "drafts": readonly (Draft)[] };

/** The acknowledgement of a capture: it is durable when this is returned. */
export type Captured = { readonly "created_at": number; readonly "id": string; readonly "namespace": string; readonly "notes": readonly (string)[]; readonly "occurrences": number; readonly "redacted": readonly (Finding)[]; readonly "repeated": boolean; readonly "similar": readonly (string)[] };

/** What past cases say of a new one: `outputs` is None where it abstains; `probability` is calibrated. */
export type CaseDecision = { readonly "cases": number; readonly "id": string | null; readonly "leaning": { readonly [name: string]: Json } | null; readonly "outputs": { readonly [name: string]: Json } | null; readonly "probability": number; readonly "reason": string; readonly "rests_on": readonly (string)[] };

/** How a case stands: `stands` is learned from, `open` was decided here and confirmed by nobody, `replaced` is not. */
export type CaseStanding = "open" | "replaced" | "stands";

export type CasesCorrectCall = { readonly "case_id": string; readonly "outputs": { readonly [name: string]: Json }; readonly "reason"?: string };

export type CasesDecideCall = { readonly "confidence"?: number; readonly "inputs": { readonly [name: string]: Json }; readonly "name": string };

export type CasesGetCall = { readonly "case_id": string };

export type CasesLearnCall = { readonly "inputs": { readonly [name: string]: Json }; readonly "name": string; readonly "outputs": { readonly [name: string]: Json }; readonly "source"?: string | null; readonly "trust"?: Trust | null };

export type CasesLearnManyCall = { readonly "cases": readonly (readonly [{ readonly [name: string]: Json }, { readonly [name: string]: Json }, string | null])[]; readonly "name": string; readonly "trust"?: Trust | null };

export type CasesListCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "name"?: string | null; readonly "standing"?: CaseStanding | null };

export type CasesNamesCall = { readonly "limit"?: number };

export type CasesVerifyCall = { readonly "case_id": string };

/** What goes wrong under these fingerprints, with how each came to it; its id is the first of them. */
export type Cause = { readonly "fingerprints": readonly (string)[]; readonly "history": readonly (CauseChange)[]; readonly "id": string; readonly "title": string };

/** What was said of two fingerprints, why, when and by whom; the latest that is not undone counts. */
export type CauseChange = { readonly "actor": Actor; readonly "at": number; readonly "fingerprint": string; readonly "id": string; readonly "namespace": string; readonly "other": string; readonly "standing": CauseStanding; readonly "undone_at": number | null; readonly "why": string };

/** What a change says of two fingerprints: they have one cause, they have two, or they may have one. */
export type CauseStanding = "joined" | "parted" | "proposed";

export type CausesCountsCall = { readonly "since"?: number };

export type CausesJoinCall = { readonly "error": string | ErrorEvent; readonly "other": string | ErrorEvent; readonly "reason": string };

export type CausesListCall = { readonly "limit"?: number };

export type CausesPartCall = { readonly "error": string | ErrorEvent; readonly "other": string | ErrorEvent; readonly "reason": string };

export type CausesSeenCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "since"?: number; readonly "state"?: ErrorState | null };

export type CausesShowCall = { readonly "error": string | ErrorEvent };

export type CausesUndoCall = { readonly "change_id": string };

/** What happens to what: a noun, and what became of it. `memory.judged` is feedback, `act.done` a line of the trail. */
export type ChangeKind = "act.done" | "alert.firing" | "alert.resolved" | "application.applied" | "application.applying" | "application.contradicted" | "application.due" | "application.failed" | "application.held" | "application.rolled_back" | "application.shadowed" | "application.suggested" | "application.verified" | "approval.expired" | "approval.granted" | "approval.pending" | "approval.refused" | "approval.used" | "decision.alarm" | "decision.blocked" | "decision.bypassed" | "decision.observed" | "decision.override" | "decision.warned" | "error.captured" | "error.repeated" | "fix.attached" | "fix.changed" | "fix.detached" | "improvement.applied" | "improvement.kept" | "improvement.planned" | "improvement.proposed" | "improvement.rejected" | "improvement.rolled_back" | "improvement.trial" | "improvement.undone" | "job.cancelled" | "job.failed" | "job.running" | "job.succeeded" | "job.waiting" | "memory.archived" | "memory.captured" | "memory.corrected" | "memory.forgotten" | "memory.judged" | "memory.repeated" | "memory.restored" | "notice.delivered" | "notice.raised" | "operation.begun" | "operation.failed" | "operation.succeeded" | "procedure.active" | "procedure.draft" | "procedure.retired" | "rule.added" | "rule.changed" | "rule.removed" | "run.cancelled" | "run.compensating" | "run.failed" | "run.paused" | "run.queued" | "run.running" | "run.succeeded" | "run.waiting" | "session.opened" | "setting.changed" | "step.cancelled" | "step.compensated" | "step.failed" | "step.pending" | "step.running" | "step.skipped" | "step.succeeded" | "step.waiting" | "task.cancelled" | "task.failed" | "task.refused" | "task.running" | "task.succeeded" | "task.waiting";

/** A lasting change of level: `at` is the first point of the new one, `chance` that there was none (p value). */
export type ChangePoint = { readonly "after": number; readonly "at": number; readonly "before": number; readonly "chance": number; readonly "series": string };

export type ChangesCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "kinds"?: readonly (string)[]; readonly "limit"?: number };

/** A way by which a namespace's notices leave. */
export type Channel = { readonly "created_at": number; readonly "created_by": Actor; readonly "id": string; readonly "kind": ChannelKind; readonly "kinds": readonly (string)[]; readonly "name": string; readonly "namespace": string; readonly "settings": { readonly [name: string]: Json } };

/** How a notice leaves. */
export type ChannelKind = "command" | "email" | "slack" | "webhook";

/** A founding chart: lines over the same steps, which begin `at`; `counted` says from how much they are drawn. */
export type Chart = { readonly "at": readonly (number)[]; readonly "counted": number; readonly "lines": readonly (ChartLine)[]; readonly "marks": readonly (ChartMark)[]; readonly "title": string; readonly "unit": string };

/** One line of a chart: a value for each step. */
export type ChartLine = { readonly "name": string; readonly "values": readonly (number)[] };

/** Something that may have moved the lines: a deployment, or a change that the system made by itself. */
export type ChartMark = { readonly "at": number; readonly "text": string };

/** One part of a health check: PASS or FAIL, what was seen, and the way out. */
export type Check = { readonly "detail": string; readonly "name": string; readonly "passed": boolean; readonly "way_out": string };

/** Which agent was chosen and why, in one sentence with its numbers; `expected` is the utility of each candidate. */
export type Choice = { readonly "agent": string; readonly "expected"?: { readonly [name: string]: number }; readonly "probability"?: number; readonly "sentence": string };

/** What was moved into segments (or, in a dry run, would be), and its size as lines before and after compression. */
export type Compacted = { readonly "bytes_after": number; readonly "bytes_before": number; readonly "memories": number; readonly "operations": number; readonly "runs_left": number; readonly "segments": number };

/** How far rules and procedures were followed since a time, counted from the record. */
export type Compliance = { readonly "by": string; readonly "cut": boolean; readonly "departures": readonly (Departure)[]; readonly "rows": readonly (ComplianceRow)[]; readonly "since": number; readonly "total": ComplianceRow };

/** How one procedure, service, day or person fared; `rate` is followed over begun, None where nothing was begun. */
export type ComplianceRow = { readonly "applied": number; readonly "blocked": number; readonly "bypassed": number; readonly "followed": number; readonly "name": string; readonly "overridden": number; readonly "rate": number | null; readonly "violated": number };

/** Which runs exclude each other: those of an equal `group` (a template); and what a second one does. */
export type Concurrency = { readonly "group"?: string; readonly "on_conflict"?: "attach" | "drop" | "queue" };

export type CountCall = { readonly "as_of"?: number | null; readonly "include_archived"?: boolean; readonly "include_superseded"?: boolean; readonly "namespaces"?: readonly (string)[]; readonly "query"?: string; readonly "session_id"?: string | null; readonly "since"?: number | null; readonly "tags"?: readonly (string)[]; readonly "trust"?: readonly (Trust)[]; readonly "types"?: readonly (MemoryType)[]; readonly "until"?: number | null };

/** All that somebody who follows a manual procedure is shown: the step at hand, never the ones to come. */
export type CurrentStep = { readonly "kind": StepKind; readonly "name": string; readonly "number": number; readonly "of": number; readonly "run_id": string; readonly "step_id": string; readonly "text": string; readonly "verify": string | null };

/** How often something is learnt. */
export type Cycle = "daily" | "five_minutes" | "hourly";

/** What a cycle found and did. `missed` counts the times it was due before and nobody went through it. */
export type CycleReport = { readonly "cycle": Cycle; readonly "ended_at": number; readonly "from_at": number; readonly "held": string; readonly "improvements": readonly (string)[]; readonly "insights": readonly (string)[]; readonly "missed": number; readonly "namespace": string; readonly "sections": readonly (Section)[]; readonly "to_at": number };

/** Where a cycle stands: how far it went, when it ran last, when it is due next, whether somebody is at it. */
export type CycleStanding = { readonly "cycle": Cycle; readonly "next_at": number; readonly "parts": { readonly [name: string]: string }; readonly "ran_at": number | null; readonly "running": boolean; readonly "through_at": number | null };

/** A case and how it was decided. `origin` is told, answer, import, confirmed, corrected or decided (by itself). */
export type DecidedCase = { readonly "decided_at": number; readonly "decided_by": Actor; readonly "expected": number | null; readonly "expected_right": boolean | null; readonly "id": string; readonly "inputs": { readonly [name: string]: Json }; readonly "name": string; readonly "namespace": string; readonly "origin": string; readonly "outputs": { readonly [name: string]: Json }; readonly "replaces": string | null; readonly "run_id": string | null; readonly "source": string | null; readonly "standing": CaseStanding; readonly "step_id": string | null; readonly "trust": Trust };

/** What became of a rule that was not simply met: it held, it only watched or warned, or somebody excused it. */
export type DecisionKind = "alarm" | "blocked" | "bypassed" | "observed" | "override" | "warned";

/** One attempt to hand a notice to a channel: how long it took, and the problem, None where everybody has it. */
export type DeliveryAttempt = { readonly "at": number; readonly "channel": string; readonly "id": string; readonly "namespace": string; readonly "notice_id": string; readonly "problem": string | null; readonly "seconds": number };

/** Not so: why, by which rule, and the one call that clears it. */
export type Deny = { readonly "reason": string; readonly "rule": string; readonly "verdict": "deny"; readonly "way_out": string };

/** One time that a rule or procedure was not followed, with the ids that show it. */
export type Departure = { readonly "actor": string | null; readonly "at": number; readonly "evidence": { readonly [name: string]: string }; readonly "kind": string; readonly "operation": string; readonly "procedure": string | null; readonly "reason": string; readonly "rule": string; readonly "target": string | null };

/** That an operation of this name was done before and succeeded, with these arguments where any are named. */
export type Done = { readonly "after"?: Done | AllOf | AnyOf | null; readonly "arguments"?: { readonly [name: string]: Json }; readonly "evidence"?: Evidence; readonly "operation": string; readonly "requires": "done"; readonly "result"?: string | null };

/** A memory that somebody asks to capture, before it is checked, redacted and stored. */
export type Draft = { readonly "content"?: Json; readonly "fingerprint"?: string | null; readonly "idempotency_key"?: string | null; readonly "importance"?: number; readonly "metadata"?: { readonly [name: string]: Json }; readonly "source"?: Source; readonly "subject"?: string | null; readonly "tags"?: readonly (string)[]; readonly "title": string; readonly "trust"?: Trust; readonly "type"?: MemoryType; readonly "valid_from"?: number | null; readonly "valid_to"?: number | null };

/** What a text became: a checked procedure, the flow it was read from, and a note for each sentence left over. */
export type Drafted = { readonly "by": string; readonly "flow": Flow; readonly "notes": readonly (Note)[]; readonly "procedure": Procedure };

/** A way from one node to another; `answer` is "yes" or "no" behind a question. */
export type Edge = { readonly "answer": string; readonly "source": string; readonly "target": string };

/** Whether a namespace only watches or holds. */
export type Enforcement = "observe" | "strict";

/** An error as it was seen: its type, message and frames (innermost last), and which service said so. */
export type ErrorEvent = { readonly "frames"?: readonly (Frame)[]; readonly "message"?: string; readonly "service"?: string | null; readonly "type"?: string };

/** How an error stands: `ongoing` came lately and before, `quiet` not for days; a remedy `mended` it since. */
export type ErrorState = "mended" | "new" | "ongoing" | "quiet" | "returning";

export type EstablishCall = { readonly "activate"?: boolean; readonly "reason"?: string; readonly "source": string | { readonly [name: string]: Json } };

/** What an outcome rests on: somebody's word, what BrainOps saw itself, or a check that ran afterwards. */
export type Evidence = "claimed" | "observed" | "verified";

export type EvidenceContradictCall = { readonly "evidence_id": string; readonly "reason": string };

export type EvidenceGetCall = { readonly "evidence_id": string };

export type EvidenceListCall = { readonly "error"?: string | ErrorEvent | null; readonly "limit"?: number; readonly "remedy"?: string | null };

export type EvidenceNextTriesCall = { readonly "context"?: { readonly [name: string]: Json } | null; readonly "error": string | ErrorEvent; readonly "target"?: string | null; readonly "tried"?: readonly (string)[] };

export type EvidenceRecordCall = { readonly "context"?: { readonly [name: string]: Json } | null; readonly "effect": RemedyEffect; readonly "error": string | ErrorEvent; readonly "note"?: string; readonly "operation_id"?: string | null; readonly "remedy": string; readonly "seconds"?: number | null; readonly "target"?: string | null };

/** A declared example: with these inputs, and steps that answer so (`output`, `error` or `waits`), this is expected. */
export type Example = { readonly "expect"?: { readonly [name: string]: Json }; readonly "inputs"?: { readonly [name: string]: Json }; readonly "name": string; readonly "steps"?: { readonly [name: string]: { readonly [name: string]: Json } }; readonly "target"?: string | null };

export type ExecuteCall = { readonly "context"?: { readonly [name: string]: Json } | null; readonly "name": string; readonly "target"?: string | null };

/** A task, its attempts in order, and where it stands. `plan` is what a person can follow where it waits. */
export type Execution = { readonly "actor": Actor; readonly "approval_id": string | null; readonly "attempts": readonly (Attempt)[]; readonly "created_at": number; readonly "ended_at": number | null; readonly "guidance": Guidance | null; readonly "id": string; readonly "namespace": string; readonly "operation_id": string | null; readonly "outcome": Succeeded | Failed | null; readonly "plan": string; readonly "reason": string; readonly "run_id": string | null; readonly "state": ExecutionState; readonly "step_id": string | null; readonly "task": Task };

/** How the execution of a task stands; `waiting` with a plan means that nobody capable could take it. */
export type ExecutionState = "cancelled" | "failed" | "refused" | "running" | "succeeded" | "waiting";

/** Why a hit stands where it stands: the parts of its score, and the words that it shares with the query. */
export type Explanation = { readonly "dense": number | null; readonly "lexical": number | null; readonly "neighbour": number; readonly "prior": number; readonly "terms": readonly (string)[] };

/** What happens when a rule cannot be evaluated. */
export type FailMode = "closed" | "open";

/** An operation that did not: what went wrong, and what else is known. */
export type Failed = { readonly "cost": number | null; readonly "duration_seconds": number | null; readonly "error": ErrorEvent; readonly "evidence": Evidence; readonly "result": Json; readonly "state": "failed" };

/** Something that happened. `id` is the cursor after it; `facts` are a line about the row `ref`, as it is now. */
export type FeedEntry = { readonly "at": number; readonly "facts": { readonly [name: string]: Json }; readonly "id": string; readonly "kind": ChangeKind; readonly "namespace": string; readonly "ref": string };

/** A verdict on a memory; `correction_id` names the memory that holds the right answer. */
export type Feedback = { readonly "actor": Actor; readonly "at": number; readonly "correction_id": string | null; readonly "id": string; readonly "memory_id": string; readonly "note": string | null; readonly "undone_at": number | null; readonly "verdict": Verdict };

export type FeedbackCall = { readonly "correction"?: string | Draft | null; readonly "memory_id": string; readonly "note"?: string; readonly "verdict": Verdict };

/** What redaction took out: its kind and how often, never the value. */
export type Finding = { readonly "count": number; readonly "kind": string };

/** A solution for errors of one fingerprint. `context` are conditions that must be equal in the error's context; `verify` shows that it helped, `rollback` takes it back; `advice` is text for a person. */
export type Fix = { readonly "action": Action | null; readonly "advice": string; readonly "context": { readonly [name: string]: Json }; readonly "created_at": number; readonly "created_by": Actor; readonly "demoted_at": number | null; readonly "detached_at": number | null; readonly "fingerprint": string; readonly "id": string; readonly "kind": FixKind; readonly "limits": BlastRadius; readonly "mode": FixMode; readonly "namespace": string; readonly "procedure": string | null; readonly "reason": string; readonly "rollback": Action | null; readonly "title": string; readonly "trust": string; readonly "verify": Action | null };

/** One time that a fix was due: on what, in which mode, how it went, and what shows it. */
export type FixApplication = { readonly "actor": Actor; readonly "applied_at": number | null; readonly "automatic": boolean; readonly "created_at": number; readonly "decided_at": number | null; readonly "evidence": Json; readonly "fingerprint": string; readonly "fix_id": string; readonly "id": string; readonly "mode": FixMode; readonly "namespace": string; readonly "operation_id": string | null; readonly "reason": string; readonly "run_id": string | null; readonly "state": ApplicationState; readonly "target": string | null; readonly "verified_by": string | null };

/** How sure it is that a fix helps in a place: the lower 90 % credible bound of its success, with its counts there. */
export type FixConfidence = { readonly "contradicted": number; readonly "enough": boolean; readonly "mean": number; readonly "pooled": number; readonly "unseen": string | null; readonly "value": number; readonly "verified": number };

/** What the solution is. */
export type FixKind = "advice" | "command" | "configuration" | "procedure";

/** How far a fix goes by itself: it is named, it is tried without effect, or it is applied. */
export type FixMode = "auto" | "shadow" | "suggest";

/** A fix for an error: `exact` when it holds for this very error, otherwise only the words are the same. */
export type FixSuggestion = { readonly "confidence": FixConfidence; readonly "exact": boolean; readonly "fix": Fix; readonly "sentence": string };

export type FixesApplicationCall = { readonly "application_id": string };

export type FixesApplicationsCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "fix_id"?: string | null; readonly "limit"?: number; readonly "operation_id"?: string | null; readonly "state"?: string | null };

export type FixesApplyCall = { readonly "error"?: string | null; readonly "fix_id": string; readonly "operation_id"?: string | null; readonly "target"?: string | null };

export type FixesAttachCall = { readonly "advice"?: string; readonly "command"?: readonly (string)[] | null; readonly "configuration"?: { readonly [name: string]: Json } | null; readonly "context"?: { readonly [name: string]: Json } | null; readonly "error": string | ErrorEvent; readonly "limits"?: BlastRadius | null; readonly "procedure"?: string | null; readonly "rollback"?: readonly (string)[] | Action | null; readonly "title": string; readonly "trust"?: Trust | null; readonly "verify"?: readonly (string)[] | Action | null };

export type FixesConfidenceCall = { readonly "fix_id": string };

export type FixesContradictCall = { readonly "application_id": string; readonly "reason": string };

export type FixesDemoteCall = { readonly "fix_id": string; readonly "reason": string };

export type FixesDetachCall = { readonly "fix_id": string; readonly "reason": string };

export type FixesGetCall = { readonly "fix_id": string };

export type FixesListCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "mode"?: string | null };

export type FixesPlanCall = { readonly "fix_id": string; readonly "target"?: string | null };

export type FixesRecordCall = { readonly "context"?: { readonly [name: string]: Json } | null; readonly "fix_id": string; readonly "helped": boolean; readonly "note"?: string; readonly "target"?: string | null };

export type FixesRollbackCall = { readonly "application_id": string; readonly "reason": string };

export type FixesSetModeCall = { readonly "fix_id": string; readonly "mode": FixMode; readonly "reason": string };

export type FixesSuggestCall = { readonly "context"?: { readonly [name: string]: Json } | null; readonly "error": string | ErrorEvent; readonly "target"?: string | null };

export type FixesTrustCall = { readonly "fix_id": string; readonly "reason": string };

export type FlagCall = { readonly "memory_id": string; readonly "reason": string | null };

/** The graph of a text: it has no cycle; `loops` are the ways back that it asks for. */
export type Flow = { readonly "edges": readonly (Edge)[]; readonly "loops": readonly (Edge)[]; readonly "nodes": readonly (Node)[]; readonly "notes": readonly (Note)[] };

export type ForgetCall = { readonly "memory_id": string; readonly "reason"?: string };

/** One stack frame without its line number. */
export type Frame = { readonly "function": string; readonly "in_app"?: boolean; readonly "module": string };

export type GetCall = { readonly "memory_id": string };

/** How much of an operation's log is kept: "full", "sampled" (successes at `rate`) or "counted" (failures only). */
export type GrowthPolicy = { readonly "failures_per_fingerprint"?: number; readonly "mode"?: "counted" | "full" | "sampled"; readonly "operation_name"?: string; readonly "rate"?: number };

export type GuardAcknowledgeCall = { readonly "memory_ids": readonly (string)[]; readonly "receipt_id": string };

export type GuardAddCall = { readonly "reason"?: string; readonly "rule": Rule };

export type GuardAskCall = { readonly "question"?: string; readonly "reason"?: string; readonly "start": OperationStart };

export type GuardAutomaticStoppedCall = {  };

export type GuardBypassCall = { readonly "minutes": number; readonly "reason": string };

export type GuardCheckCall = { readonly "guidance"?: Guidance | null; readonly "least"?: ActionClass | null; readonly "record"?: boolean; readonly "start": OperationStart };

export type GuardCloseBypassCall = {  };

export type GuardComplianceCall = { readonly "by"?: string; readonly "since"?: number | null };

export type GuardDecisionsCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "kind"?: string | null; readonly "limit"?: number; readonly "rule"?: string | null; readonly "since"?: number | null };

export type GuardFalseBlockCall = { readonly "decision_id": string; readonly "note"?: string };

export type GuardIsStrictCall = {  };

export type GuardPreparedCall = { readonly "least"?: ActionClass | null; readonly "start": OperationStart };

export type GuardRemoveCall = { readonly "reason"?: string; readonly "rule_id": string };

export type GuardReplayCall = { readonly "days"?: number; readonly "enforcement"?: Enforcement };

export type GuardResumeAutomaticCall = { readonly "reason"?: string };

export type GuardRightBlockCall = { readonly "decision_id": string; readonly "note"?: string };

export type GuardRuleCall = { readonly "rule_id": string };

export type GuardRulesCall = {  };

export type GuardSetAutonomyCall = { readonly "autonomy": Autonomy; readonly "reason"?: string };

export type GuardSetEnforcementCall = { readonly "enforcement": Enforcement; readonly "reason"?: string };

export type GuardSetModeCall = { readonly "mode": RuleMode; readonly "reason"?: string; readonly "rule_id": string };

export type GuardSetPatternsCall = { readonly "patterns": { readonly [name: string]: ActionClass }; readonly "reason"?: string };

export type GuardSetPerPersonCall = { readonly "counted": boolean; readonly "reason"?: string };

/** How a namespace's guard is set. `automatic_stopped` says why nothing happens by itself, None where it may. */
export type GuardSettings = { readonly "automatic_stopped": string | null; readonly "autonomy": Autonomy; readonly "bypass": Bypass | null; readonly "changes": readonly (SettingChange)[]; readonly "enforcement": Enforcement; readonly "namespace": string; readonly "per_person": boolean };

export type GuardSettingsCall = {  };

export type GuardStopAutomaticCall = { readonly "reason"?: string };

/** What memory says about an operation; its id is the receipt that memory was consulted. */
export type Guidance = { readonly "confidence": number; readonly "created_at": number; readonly "expires_at": number; readonly "failure_probability": number | null; readonly "failure_reasons"?: readonly (string)[]; readonly "id": string; readonly "insights"?: readonly (Observation)[]; readonly "known_errors"?: readonly (Observation)[]; readonly "namespace": string; readonly "next_tries"?: NextTries | null; readonly "notes"?: readonly (string)[]; readonly "operation": OperationStart; readonly "primary_recommendation": Recommendation | null; readonly "procedures"?: readonly (string)[]; readonly "recommendations"?: readonly (Recommendation)[]; readonly "recommended_agent"?: RecommendedAgent | null; readonly "required_ids"?: readonly (string)[]; readonly "similar_operations"?: readonly (SimilarOperation)[] };

export type GuidanceCall = { readonly "action_class"?: ActionClass | null; readonly "context"?: { readonly [name: string]: Json } | null; readonly "name": string; readonly "session"?: string | null; readonly "target"?: string | null };

export type HandleCall = { readonly "context"?: { readonly [name: string]: Json } | null; readonly "error"?: string | ErrorEvent | null; readonly "event": string; readonly "group"?: string | null; readonly "key"?: string | null; readonly "labels"?: { readonly [name: string]: string } | null; readonly "link"?: string | null; readonly "resolved"?: boolean; readonly "said_at"?: number | null; readonly "session"?: string | null; readonly "severity"?: string; readonly "target"?: string | null };

/** What was written of something that happened, and which procedures answer it. `kind` is the error's fingerprint, or the event's name; `memory_id` the error's memory. `repeated`: the alert stood so already, or was told late, and nothing was done that was not done before. */
export type Handled = { readonly "answers": readonly (Answer)[]; readonly "kind": string; readonly "memory_id": string | null; readonly "operation_id": string; readonly "repeated": boolean };

export type HealthCalibrationCall = { readonly "days"?: number };

export type HealthChartsCall = { readonly "since"?: number | null; readonly "until"?: number | null };

/** One figure of health: its value, its unit, what it was counted from, and how. */
export type HealthFigure = { readonly "counted": number; readonly "detail": { readonly [name: string]: Json }; readonly "formula": string; readonly "least": number; readonly "name": string; readonly "unit": string; readonly "value": number | null };

export type HealthFiguresCall = { readonly "days"?: number };

export type HealthReportCall = { readonly "days"?: number };

export type HealthSeriesCall = { readonly "figure": string; readonly "since"?: number | null; readonly "step_seconds"?: number; readonly "until"?: number | null };

/** Everything that is known of how a memory came to be as it is, and what came of it. */
export type History = { readonly "acts": readonly (AuditEntry)[]; readonly "occurrences": readonly ({ readonly [name: string]: Json })[]; readonly "used": MemoryUse; readonly "verdicts": readonly (Feedback)[]; readonly "versions": readonly (Memory)[] };

export type HistoryCall = { readonly "memory_id": string };

/** A retrieved memory: `score` orders the list; `confidence` is the calibrated probability that it answers. */
export type Hit = { readonly "confidence": number; readonly "memory": Memory; readonly "passage": string | null; readonly "score": number; readonly "why": Explanation };

/** A change that the system makes, or would make, to itself: with its evidence, and what it was before and after. */
export type Improvement = { readonly "after": Json; readonly "applied_at": number | null; readonly "apply_at": number | null; readonly "basis": number; readonly "before": Json; readonly "by_itself": boolean; readonly "ended_at": number | null; readonly "evidence": { readonly [name: string]: Json }; readonly "id": string; readonly "key": string; readonly "kind": ImprovementKind; readonly "namespace": string; readonly "outcome": string; readonly "probability_better": number | null; readonly "proposed_at": number; readonly "reason": string; readonly "state": ImprovementState; readonly "subject": string; readonly "title": string; readonly "trial_at": number | null; readonly "trust": Trust };

/** What an improvement changes. */
export type ImprovementKind = "code" | "fix" | "memory" | "procedure" | "retrieval" | "retry" | "routing" | "rule" | "timeout";

/** Where an improvement stands. */
export type ImprovementState = "applied" | "kept" | "planned" | "proposed" | "rejected" | "rolled_back" | "trial" | "undone";

export type ImprovementsApplyCall = { readonly "improvement_id": string; readonly "reason"?: string };

export type ImprovementsGetCall = { readonly "improvement_id": string };

export type ImprovementsHeldCall = {  };

export type ImprovementsListCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "kind"?: ImprovementKind | null; readonly "limit"?: number; readonly "state"?: ImprovementState | null };

export type ImprovementsUndoCall = { readonly "improvement_id": string; readonly "reason"?: string };

export type ImprovementsVetoCall = { readonly "improvement_id": string; readonly "reason"?: string };

/** What came in and is not worked on yet: how much, since when, and how much was set aside as not usable. */
export type Inbox = { readonly "pending": number; readonly "set_aside": number; readonly "since": number | null };

/** What was taken from a log or a page of metrics. `resumed` is where reading went on in a file that grew. */
export type Ingested = { readonly "errors": number; readonly "known": readonly (string)[]; readonly "left_out": readonly (string)[]; readonly "lines": number; readonly "new": readonly (LogTemplate)[]; readonly "notes": readonly (string)[]; readonly "resumed": number; readonly "samples": number; readonly "series": number; readonly "source": string; readonly "templates": number; readonly "untimed": number };

/** A new key with its secret, which is shown this once and stored nowhere. */
export type IssuedKey = { readonly "access": AccessKey; readonly "secret": string };

/** Long work for `actor` in `namespace`, that reads `reads` too: `done` of `total`, where that is known. */
export type Job = { readonly "actor": Actor; readonly "agreed_by": Actor | null; readonly "attempts": number; readonly "cancel_requested": boolean; readonly "created_at": number; readonly "done": number; readonly "error": string | null; readonly "finished_at": number | null; readonly "given": { readonly [name: string]: Json }; readonly "id": string; readonly "kind": JobKind; readonly "namespace": string; readonly "reads": readonly (string)[]; readonly "result": Json; readonly "started_at": number | null; readonly "state": JobState; readonly "total": number | null };

/** What may take long enough to be done in the background. */
export type JobKind = "audit" | "doctor" | "export" | "purge_subject" | "reembed" | "reindex" | "restore_segment";

/** How a job stands; the last three are ends. */
export type JobState = "cancelled" | "failed" | "running" | "succeeded" | "waiting";

export type JobsCancelCall = { readonly "job_id": string };

export type JobsGetCall = { readonly "job_id": string };

export type JobsListCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "state"?: JobState | null };

export type JobsStartCall = { readonly "given"?: { readonly [name: string]: Json } | null; readonly "kind": JobKind };

/** One thing that makes memory worse to read, and the command that mends it. */
export type Junk = { readonly "command": string; readonly "detail": string; readonly "kind": string; readonly "memory_ids": readonly (string)[] };

export type KeysIssueCall = { readonly "days"?: number | null; readonly "kind"?: ActorKind | null; readonly "name": string; readonly "namespace"?: string | null; readonly "read"?: readonly (string)[]; readonly "role"?: Role };

export type KeysListCall = { readonly "limit"?: number };

export type KeysRevokeCall = { readonly "name": string };

export type KeysRotateCall = { readonly "name": string; readonly "overlap_seconds"?: number };

export type KeysTokenCall = { readonly "minutes"?: number; readonly "operation": string };

/** As whom somebody acts there, and what they write and read. */
export type KnownAs = { readonly "actor": Actor; readonly "namespace": string; readonly "read": readonly (string)[]; readonly "session": string | null };

/** What language models may take a day (UTC) in a namespace, and what is spent or set aside today. */
export type LanguageBudget = { readonly "cost_a_day": number | null; readonly "cost_today": number; readonly "tokens_a_day": number | null; readonly "tokens_today": number };

export type LanguageBudgetCall = {  };

export type LanguageCompleteCall = { readonly "max_tokens"?: number; readonly "prompt": string; readonly "purpose": string; readonly "system"?: string; readonly "timeout_seconds"?: number };

export type LanguageReadyCall = {  };

export type LanguageSetBudgetCall = { readonly "cost_a_day"?: number | null; readonly "reason"?: string; readonly "tokens_a_day"?: number | null };

/** What language models took on one day (UTC), by purpose and model: calls, tokens and cost. */
export type LanguageUse = { readonly "calls": number; readonly "cost": number; readonly "day": string; readonly "input_tokens": number; readonly "model": string; readonly "output_tokens": number; readonly "purpose": string };

export type LanguageUsedCall = { readonly "days"?: number };

export type LearnCall = { readonly "limit"?: number; readonly "procedure": string };

export type LearningDueCall = {  };

export type LearningInsightsCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number };

export type LearningReportsCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "cycle"?: Cycle | null; readonly "limit"?: number };

export type LearningRunCall = { readonly "cycle": Cycle; readonly "early"?: boolean };

export type LearningStandingCall = {  };

/** What a namespace lets its steps do; None in `commands` or `hosts` allows none, ("*",) any. */
export type Limits = { readonly "commands": readonly (string)[] | null; readonly "environment": readonly (string)[]; readonly "hosts": readonly (string)[] | null; readonly "memory_bytes": number | null; readonly "output_bytes": number; readonly "plain": readonly (string)[]; readonly "shell": boolean; readonly "timeout_seconds": number; readonly "variables": readonly (string)[] };

export type LimitsAllowCall = { readonly "commands"?: readonly (string)[]; readonly "hosts"?: readonly (string)[]; readonly "memory_bytes"?: number | null; readonly "plain"?: readonly (string)[]; readonly "reason"?: string; readonly "shell"?: boolean | null; readonly "variables"?: readonly (string)[] };

export type LimitsDisallowCall = { readonly "commands"?: readonly (string)[]; readonly "hosts"?: readonly (string)[]; readonly "plain"?: readonly (string)[]; readonly "reason"?: string; readonly "shell"?: boolean; readonly "variables"?: readonly (string)[] };

export type LimitsGetCall = {  };

/** How a log or a page of metrics is written. */
export type LogFormat = "json" | "logfmt" | "plain" | "prometheus" | "syslog";

/** Lines of a log that say the same thing: `text` with <*> for what varies, how many, and one of them as it was. */
export type LogTemplate = { readonly "count": number; readonly "error": boolean; readonly "error_memory_id": string | null; readonly "exemplar": string; readonly "fingerprint": string | null; readonly "first_at": number; readonly "id": string; readonly "last_at": number; readonly "latest": string; readonly "level": string | null; readonly "source": string; readonly "text": string };

/** A known memory for an error: `exact` by fingerprint, otherwise similar with a calibrated probability. */
export type Match = { readonly "bound_by": string | null; readonly "exact": boolean; readonly "memory": Memory; readonly "probability": number; readonly "why": Explanation };

export type MatchCall = { readonly "as_of"?: number | null; readonly "error": string | ErrorEvent; readonly "include_archived"?: boolean; readonly "include_superseded"?: boolean; readonly "limit"?: number; readonly "namespaces"?: readonly (string)[]; readonly "service"?: string | null; readonly "session_id"?: string | null; readonly "since"?: number | null; readonly "tags"?: readonly (string)[]; readonly "trust"?: readonly (Trust)[]; readonly "types"?: readonly (MemoryType)[]; readonly "until"?: number | null };

/** How many memories match, by type, trust and tag; of what is more than `most`, so many were looked at. */
export type MatchCounts = { readonly "most": number; readonly "tags": { readonly [name: string]: number }; readonly "total": number; readonly "trust": { readonly [name: string]: number }; readonly "types": { readonly [name: string]: number }; readonly "without": { readonly [name: string]: number } };

/** A captured piece of knowledge as it stands in the store. */
export type Memory = { readonly "content": Json; readonly "created_at": number; readonly "feedback": number; readonly "fingerprint": string | null; readonly "id": string; readonly "importance": number; readonly "last_seen_at": number; readonly "metadata": { readonly [name: string]: Json }; readonly "namespace": string; readonly "occurrences": number; readonly "source": Source; readonly "state": MemoryState; readonly "subject": string | null; readonly "superseded_by": string | null; readonly "supersedes": string | null; readonly "tags": readonly (string)[]; readonly "title": string; readonly "trust": Trust; readonly "type": MemoryType; readonly "updated_at": number; readonly "valid_from": number; readonly "valid_to": number | null };

/** What an agent is handed of memory: the guidance and what was learnt, the guidance alone, or nothing. */
export type MemoryAccess = "full" | "guidance" | "none";

/** Where a memory stands. Only `active` is retrieved by default; each of the others can be undone. */
export type MemoryState = "active" | "archived" | "forgotten";

/** The ten kinds of knowledge, as founded. */
export type MemoryType = "automation_rule" | "decision_record" | "deployment_log" | "error_pattern" | "learning_insight" | "operational_procedure" | "performance_metric" | "success_pattern" | "system_improvement" | "user_interaction";

/** What became of a memory: how often it was handed out, advised and followed, and how that went. */
export type MemoryUse = { readonly "followed": number; readonly "given": number; readonly "operations": readonly (string)[]; readonly "retrieved": number; readonly "right": number; readonly "wrong": number };

/** A series of numbers that is kept: what is measured, of which component; a counter is shown as its rate. */
export type Metric = { readonly "component": string; readonly "counter": boolean; readonly "first_at": number; readonly "id": string; readonly "labels": { readonly [name: string]: Json }; readonly "last_at": number; readonly "name": string; readonly "source": string };

/** How binding a procedure is: advice, to be followed or excused, or to be followed to the letter. */
export type Mode = "advisory" | "required" | "strict";

export type MoveSourceCall = { readonly "key": string; readonly "memory_id": string; readonly "uri"?: string | null };

export type NearCall = { readonly "besides"?: string; readonly "memory": Memory };

export type NewestCall = { readonly "after"?: string | null; readonly "as_of"?: number | null; readonly "before"?: string | null; readonly "include_archived"?: boolean; readonly "include_superseded"?: boolean; readonly "limit"?: number; readonly "namespaces"?: readonly (string)[]; readonly "session_id"?: string | null; readonly "since"?: number | null; readonly "tags"?: readonly (string)[]; readonly "trust"?: readonly (Trust)[]; readonly "types"?: readonly (MemoryType)[]; readonly "until"?: number | null };

/** What to try against an error, the best first, what not to try again, and what to look at before. */
export type NextTries = { readonly "ask_a_person": boolean; readonly "cause": string; readonly "fingerprint": string; readonly "look_first": string | null; readonly "not_again": readonly (string)[]; readonly "out"?: readonly (string)[]; readonly "text": string; readonly "tries": readonly (NextTry)[]; readonly "why": string };

/** A remedy that is worth trying: how probably it helps here, how often it did, and that as one line. */
export type NextTry = { readonly "helped": number; readonly "line": string; readonly "probability": number; readonly "remedy": string; readonly "tried": number };

/** A place of the flow: its name, full text, line and number there; `why` says what its author is asked about it. */
export type Node = { readonly "command": string; readonly "id": string; readonly "kind": NodeKind; readonly "line": number; readonly "name": string; readonly "said": string; readonly "text": string; readonly "why": string };

/** What a node of the flow is; steps and questions are carried out, the others only show the way. */
export type NodeKind = "end" | "part" | "question" | "start" | "step";

/** A sentence that became no step: its line (from 1), its words, and what was made of it. */
export type Note = { readonly "line": number; readonly "plain": boolean; readonly "text": string; readonly "why": string };

/** A line of the outbox: written in the transaction of what it tells, delivered afterwards, at least once. */
export type Notice = { readonly "attempts"?: number; readonly "body"?: { readonly [name: string]: Json }; readonly "created_at": number; readonly "delivered_at"?: number | null; readonly "delivered_to"?: readonly (string)[]; readonly "error"?: string | null; readonly "id": string; readonly "kind": NoticeKind; readonly "namespace": string; readonly "next_attempt_at"?: number | null; readonly "subject": string };

/** What somebody must be told. */
export type NoticeKind = "agent_learned" | "approval_asked" | "approval_decided" | "approval_escalated" | "approval_expired" | "approver_changed" | "approver_locked" | "fix_applied" | "fix_demoted" | "guard_alarm" | "guard_bypassed" | "improvement_applied" | "improvement_planned" | "improvement_rolled_back" | "insights_found" | "rule_stepped_down" | "run_failed" | "run_waiting";

export type NoticesAcknowledgeCall = { readonly "notice_ids": readonly (string)[] };

export type NoticesAddChannelCall = { readonly "kind": ChannelKind; readonly "kinds"?: readonly (NoticeKind)[]; readonly "name": string; readonly "settings": { readonly [name: string]: Json } };

export type NoticesAttemptsCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "notice_id"?: string | null };

export type NoticesChannelsCall = {  };

export type NoticesCountsCall = {  };

export type NoticesListCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "every"?: boolean; readonly "limit"?: number };

export type NoticesPendingCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number };

export type NoticesRemoveChannelCall = { readonly "name": string };

export type NoticesSentenceCall = { readonly "notice": Notice };

export type NoticesTryChannelCall = { readonly "name": string };

/** One thing that memory saw and nobody can do: an error, an insight, a log; `probability` is that it is about this. */
export type Observation = { readonly "kind": string; readonly "memory_id": string; readonly "name": string; readonly "probability": number; readonly "reason": string; readonly "text": string; readonly "trust": Trust };

/** A begun or finished operation as it stands in the log; `outcome` is None while it runs. */
export type Operation = { readonly "contradicted_at": number | null; readonly "contradiction": string | null; readonly "error_memory_id": string | null; readonly "fingerprint": string | null; readonly "finished_at": number | null; readonly "followed_id": string | null; readonly "guidance_id": string | null; readonly "id": string; readonly "namespace": string; readonly "outcome": Succeeded | Failed | null; readonly "start": OperationStart; readonly "started_at": number };

/** Something that somebody is about to do. */
export type OperationStart = { readonly "action_class"?: ActionClass; readonly "actor"?: Actor; readonly "context"?: { readonly [name: string]: Json }; readonly "name": string; readonly "parent_id"?: string | null; readonly "session_id"?: string | null; readonly "target"?: string | null };

/** What a page shows in place of a key: for a few minutes, one operation name in one namespace. */
export type OperationToken = { readonly "expires_at": number; readonly "key_id": string | null; readonly "kind": ActorKind; readonly "name": string; readonly "namespace": string; readonly "operation": string; readonly "secret": string };

export type OperationsBeginCall = { readonly "action_class"?: ActionClass | null; readonly "consult"?: "always" | "cached" | "never"; readonly "context"?: { readonly [name: string]: Json } | null; readonly "name": string; readonly "service"?: string | null; readonly "session"?: string | null; readonly "target"?: string | null };

export type OperationsContradictCall = { readonly "operation_id": string; readonly "reason": string };

export type OperationsFinishCall = { readonly "claimed"?: boolean; readonly "client_errors"?: boolean; readonly "cost"?: number | null; readonly "error"?: string | ErrorEvent | null; readonly "followed"?: string | null; readonly "operation_id": string; readonly "result"?: Json };

export type OperationsGetCall = { readonly "operation_id": string };

export type OperationsListCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "include_archived"?: boolean; readonly "limit"?: number; readonly "name"?: string | null; readonly "outcome"?: string | null; readonly "since"?: number | null; readonly "target"?: string | null };

export type OperationsReceiptCall = { readonly "guidance_id": string };

export type OperationsVerifyCall = { readonly "operation_id": string };

/** Where a procedure changes: in a git repository by `procedure apply`, or in the store. */
export type Owner = "git" | "store";

export type PageOfAlert = { readonly "items": readonly (Alert)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfApproval = { readonly "items": readonly (Approval)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfAttempt = { readonly "items": readonly (Attempt)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfAuditEntry = { readonly "items": readonly (AuditEntry)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfCycleReport = { readonly "items": readonly (CycleReport)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfDecidedCase = { readonly "items": readonly (DecidedCase)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfDeliveryAttempt = { readonly "items": readonly (DeliveryAttempt)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfExecution = { readonly "items": readonly (Execution)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfFeedEntry = { readonly "items": readonly (FeedEntry)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfFixApplication = { readonly "items": readonly (FixApplication)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfFixSuggestion = { readonly "items": readonly (FixSuggestion)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfImprovement = { readonly "items": readonly (Improvement)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfJob = { readonly "items": readonly (Job)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfMemory = { readonly "items": readonly (Memory)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfNotice = { readonly "items": readonly (Notice)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfOperation = { readonly "items": readonly (Operation)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfRecordedDecision = { readonly "items": readonly (RecordedDecision)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfRun = { readonly "items": readonly (Run)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfSeenError = { readonly "items": readonly (SeenError)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfSetAside = { readonly "items": readonly (SetAside)[]; readonly "next": string | null; readonly "previous": string | null };

export type PageOfdict = { readonly "items": readonly ({ readonly [name: string]: Json })[]; readonly "next": string | null; readonly "previous": string | null };

/** An instance that is listened to: its public key, the name that it has here, and where its bundles are. */
export type Peer = { readonly "added_at": number; readonly "added_by": Actor; readonly "key": string; readonly "name": string; readonly "reason": string; readonly "revoked_at": number | null; readonly "source": string | null };

export type PeopleAddCall = { readonly "email"?: string; readonly "issuer"?: string; readonly "name": string; readonly "subject"?: string };

export type PeopleGetCall = { readonly "name": string };

export type PeopleGrantCall = { readonly "name": string; readonly "path"?: string | null; readonly "role": Role };

export type PeopleGroupsCall = {  };

export type PeopleListCall = {  };

export type PeopleNamespacesCall = {  };

export type PeopleRemoveCall = { readonly "name": string };

export type PeopleSignInsCall = { readonly "name"?: string | null };

export type PeopleSignOutCall = { readonly "name": string };

export type PeopleWithdrawCall = { readonly "name": string; readonly "path"?: string | null; readonly "role": Role };

/** Somebody who signs in, approves, or both; `name` is how they act and are named everywhere. */
export type Person = { readonly "created_at": number; readonly "created_by": Actor; readonly "email": string; readonly "id": string; readonly "issuer": string; readonly "name": string; readonly "removed_at": number | null; readonly "roles": readonly (RoleGrant)[]; readonly "subject": string };

/** What a run would do, in order; steps on one `level` run in parallel. */
export type Plan = { readonly "inputs": { readonly [name: string]: Json }; readonly "levels": readonly (readonly (PlannedStep)[])[]; readonly "notes": readonly (string)[]; readonly "procedure_hash": string; readonly "procedure_name": string };

/** What a dry run says of one step: whether it would run, with which inputs, and which approval it would ask for. */
export type PlannedStep = { readonly "approval": string | null; readonly "parameters": { readonly [name: string]: Json }; readonly "step": Step; readonly "why": string; readonly "would_run": boolean };

/** What went wrong: `type` is the error's name, `way_out` what to do; `request_id` stands in the server's log. */
export type ProblemDetails = { readonly "decision": Allow | Ask | Deny; readonly "detail": string; readonly "idempotency_keys": readonly (string)[]; readonly "request_id": string; readonly "status": number; readonly "title": string; readonly "type": string; readonly "way_out": string };

/** A procedure that is valid because it exists: parsed, its graph without a cycle, its conditions checked. */
export type Procedure = { readonly "concurrency"?: Concurrency; readonly "description"?: string; readonly "expected_outcomes"?: readonly (string)[]; readonly "inputs"?: { readonly [name: string]: Json }; readonly "mode"?: Mode; readonly "name": string; readonly "outputs"?: { readonly [name: string]: string }; readonly "prose"?: string; readonly "secrets"?: { readonly [name: string]: string }; readonly "skill"?: { readonly [name: string]: Json }; readonly "steps"?: readonly (Step)[]; readonly "tags"?: readonly (string)[]; readonly "tests"?: readonly (Example)[]; readonly "triggers"?: readonly (Trigger)[] };

/** How a procedure came to be as it is: its versions, newest first, and who did what to it, oldest first. */
export type ProcedureHistory = { readonly "acts": readonly (AuditEntry)[]; readonly "versions": readonly (ProcedureVersion)[] };

/** Where one version stands; of each name at most one version is active. */
export type ProcedureState = "active" | "draft" | "retired";

/** A stored procedure: immutable, known by the SHA-256 of its canonical form; only its state changes. */
export type ProcedureVersion = { readonly "activated_at": number | null; readonly "activated_by": Actor | null; readonly "created_at": number; readonly "created_by": Actor; readonly "hash": string; readonly "id": string; readonly "namespace": string; readonly "number": number; readonly "owner": Owner; readonly "path": string | null; readonly "procedure": Procedure; readonly "reason": string; readonly "retired_at": number | null; readonly "source": string; readonly "state": ProcedureState; readonly "trust": Trust };

export type ProceduresActivateCall = { readonly "name": string; readonly "number"?: number | null; readonly "reason"?: string };

export type ProceduresActiveCall = {  };

export type ProceduresByIdCall = { readonly "version_id": string };

export type ProceduresDiffCall = { readonly "name": string; readonly "new"?: number | null; readonly "old"?: number | null; readonly "proposal"?: string | Procedure | null };

export type ProceduresFromDocumentCall = { readonly "path"?: string; readonly "text": string };

export type ProceduresFromTextCall = { readonly "answers"?: { readonly [name: string]: string } | null; readonly "name"?: string | null; readonly "prose": string; readonly "trust"?: Trust };

export type ProceduresGetCall = { readonly "name": string; readonly "number"?: number | null };

export type ProceduresHistoryCall = { readonly "name": string };

export type ProceduresHoldsCall = { readonly "procedure": Procedure };

export type ProceduresListCall = { readonly "state"?: ProcedureState | null };

export type ProceduresRetireCall = { readonly "name": string; readonly "reason"?: string };

export type ProceduresSaveCall = { readonly "owner"?: Owner; readonly "path"?: string | null; readonly "reason"?: string; readonly "source": string | { readonly [name: string]: Json }; readonly "trust"?: Trust };

export type PromoteCall = { readonly "memory_id": string; readonly "namespace": string; readonly "reason"?: string };

export type PurgeCall = { readonly "memory_id": string | readonly (string)[]; readonly "reason": string };

export type PurgeSubjectCall = { readonly "reason": string; readonly "subject": string };

/** A namespace that somebody may read, and their role there; None for who has the store open here. */
export type ReadableNamespace = { readonly "name": string; readonly "role": Role | null };

/** How close a receipt must be to the operation: same operation and target, same target, or same session. */
export type ReceiptMatch = "exact" | "session" | "target";

/** What a bundle brought: by kind and outcome ("insight taken"), what was refused and why, what a person must do. */
export type Received = { readonly "bundle": string; readonly "counts": { readonly [name: string]: number }; readonly "key": string; readonly "left": readonly (string)[]; readonly "name": string; readonly "refused": readonly (string)[] };

export type RecogniseCall = { readonly "as_of"?: number | null; readonly "include_archived"?: boolean; readonly "include_superseded"?: boolean; readonly "limit"?: number; readonly "namespaces"?: readonly (string)[]; readonly "service"?: string | null; readonly "session_id"?: string | null; readonly "since"?: number | null; readonly "tags"?: readonly (string)[]; readonly "text": string; readonly "trust"?: readonly (Trust)[]; readonly "types"?: readonly (MemoryType)[]; readonly "until"?: number | null };

/** What is known of the errors of a text: each memory once, and the fixes that are bound to these very errors. */
export type Recognition = { readonly "errors": readonly (string)[]; readonly "fixes": readonly (FixSuggestion)[]; readonly "matches": readonly (Match)[]; readonly "next_tries": readonly (NextTries)[] };

/** One thing that can be done: which memory says so, and how probable it is that following it is right. */
export type Recommendation = { readonly "confidence": number; readonly "kind": string; readonly "memory_id": string; readonly "name": string; readonly "reason": string; readonly "text": string; readonly "trust": Trust };

/** Who has done best at this kind of task, and why, in one sentence with its numbers. */
export type RecommendedAgent = { readonly "name": string; readonly "sentence": string };

/** What one rule said of one operation: `verdict` is what was done, `would` what strict enforcement would have done. */
export type RecordedDecision = { readonly "action_class": ActionClass; readonly "actor": Actor; readonly "approval_id": string | null; readonly "at": number; readonly "bypass_id": string | null; readonly "enforcement": Enforcement; readonly "id": string; readonly "judged": string | null; readonly "judged_at": number | null; readonly "judged_by": Actor | null; readonly "judged_note": string | null; readonly "kind": DecisionKind; readonly "mode": RuleMode; readonly "namespace": string; readonly "operation_id": string | null; readonly "operation_name": string; readonly "procedure": string | null; readonly "reason": string; readonly "receipt_id": string | null; readonly "rule_id": string; readonly "rule_kind": RuleKind; readonly "rule_name": string; readonly "service": string; readonly "session_id": string | null; readonly "target": string | null; readonly "verdict": string; readonly "way_out": string; readonly "would": string };

/** What a remedy did. */
export type RemedyEffect = "did_not_help" | "helped" | "made_it_worse";

/** One time that a remedy was tried against an error: what it did, where and when, and on whose word. */
export type RemedyEvidence = { readonly "actor": Actor; readonly "at": number; readonly "basis": Evidence; readonly "context": { readonly [name: string]: Json }; readonly "effect": RemedyEffect; readonly "fingerprint": string; readonly "fix_id": string | null; readonly "id": string; readonly "idempotency_key": string | null; readonly "judged_at": number; readonly "namespace": string; readonly "note": string; readonly "operation_id": string | null; readonly "remedy": string; readonly "seconds": number | null; readonly "source": string; readonly "target": string | null };

/** What a purge removed, and where it may still be: in which backups, and in the log as long as who reads. */
export type Removed = { readonly "backups": readonly (string)[]; readonly "in_log_for": string | null; readonly "memory_ids": readonly (string)[] };

/** What another enforcement would have done to the recorded operations since a time. */
export type Replay = { readonly "allowed": number; readonly "asked": number; readonly "by_rule": { readonly [name: string]: number }; readonly "cut": boolean; readonly "denied": number; readonly "enforcement": Enforcement; readonly "held": readonly (Replayed)[]; readonly "operations": number; readonly "since": number };

/** What another enforcement would have said of one recorded operation. */
export type Replayed = { readonly "at": number; readonly "operation_id": string; readonly "operation_name": string; readonly "reason": string; readonly "rule": string; readonly "target": string | null; readonly "verdict": string };

/** What a time brought, beside the time of the same length before it. */
export type Report = { readonly "from_at": number; readonly "lines": readonly (ReportLine)[]; readonly "namespace": string; readonly "to_at": number };

/** One figure of a report beside the time before; None where there was nothing to count. */
export type ReportLine = { readonly "before": number | null; readonly "counted": number; readonly "counted_before": number; readonly "formula": string; readonly "name": string; readonly "unit": string; readonly "value": number | null };

/** What a rescan looked at, how many rows it changed, what it took out (never the values), and of which memories. */
export type Rescanned = { readonly "changed": number; readonly "findings": readonly (Finding)[]; readonly "ids": readonly (string)[]; readonly "in_log_for": string | null; readonly "procedures": readonly (string)[]; readonly "scanned": number };

export type RestoreCall = { readonly "memory_id": string; readonly "reason"?: string };

/** What came back from a segment; `standing` counts rows that stood in the store already. */
export type Restored = { readonly "memories": number; readonly "operations": number; readonly "standing": number };

export type RetrieveCall = { readonly "as_of"?: number | null; readonly "budget_tokens"?: number | null; readonly "include_archived"?: boolean; readonly "include_superseded"?: boolean; readonly "limit"?: number; readonly "namespaces"?: readonly (string)[]; readonly "query"?: string; readonly "session_id"?: string | null; readonly "since"?: number | null; readonly "tags"?: readonly (string)[]; readonly "trust"?: readonly (Trust)[]; readonly "types"?: readonly (MemoryType)[]; readonly "until"?: number | null };

/** How often a step is tried in all, and how long it waits in between: wait * factor ** n, spread by `jitter`. */
export type Retry = { readonly "attempts"?: number; readonly "factor"?: number; readonly "jitter"?: number; readonly "max_wait_seconds"?: number; readonly "wait_seconds"?: number };

/** What somebody who comes from elsewhere may ask for, the least first; each may what those before it may. */
export type Role = "admin" | "approver" | "reader" | "writer";

/** A role, and where it holds: a namespace, one and all below it (team/*), or every one (*). */
export type RoleGrant = { readonly "granted_at": number; readonly "granted_by": Actor; readonly "holder": string; readonly "id": string; readonly "path": string; readonly "role": Role; readonly "withdrawn_at": number | null };

/** A rule as data: to which operations it applies (globs, classes; () means any), what it asks for, how hard. */
export type Rule = { readonly "classes"?: readonly (ActionClass)[]; readonly "condition"?: string | null; readonly "created_at"?: number; readonly "fail_mode"?: FailMode; readonly "id": string; readonly "kind": RuleKind; readonly "mode"?: RuleMode; readonly "name": string; readonly "namespace": string; readonly "operations"?: readonly (string)[]; readonly "procedure"?: string | null; readonly "receipt"?: ReceiptMatch; readonly "requirement"?: Done | AllOf | AnyOf | null; readonly "single_use"?: boolean; readonly "source"?: string; readonly "targets"?: readonly (string)[] };

/** What a rule asks for before an operation. */
export type RuleKind = "approval" | "condition" | "memory_first" | "order" | "procedure";

/** What happens when a rule is not met, from mildest to hardest. */
export type RuleMode = "ask" | "deny" | "observe" | "warn";

/** One execution of one pinned version. `epoch` rises with every owner; a commit of an older epoch fails. */
export type Run = { readonly "actor": Actor; readonly "compensations": readonly (StepRun)[]; readonly "concurrency_group": string | null; readonly "created_at": number; readonly "depth": number; readonly "epoch": number; readonly "error": string | null; readonly "fingerprint": string | null; readonly "finished_at": number | null; readonly "holds_group": boolean; readonly "id": string; readonly "idempotency_key": string | null; readonly "imported_at": number | null; readonly "inputs": { readonly [name: string]: Json }; readonly "lease_until": number | null; readonly "mode": Mode; readonly "namespace": string; readonly "operation_id": string | null; readonly "outputs": Json; readonly "owner": string | null; readonly "parent_run_id": string | null; readonly "parent_step_id": string | null; readonly "procedure_hash": string; readonly "procedure_id": string; readonly "procedure_name": string; readonly "reason": string | null; readonly "requested": string | null; readonly "session_id": string | null; readonly "started_at": number | null; readonly "state": RunState; readonly "steps": readonly (StepRun)[]; readonly "taken_over": boolean; readonly "target": string | null; readonly "wake_at": number | null };

/** Where a run stands. The last three are its ends. */
export type RunState = "cancelled" | "compensating" | "failed" | "paused" | "queued" | "running" | "succeeded" | "waiting";

export type RunsCancelCall = { readonly "compensate"?: boolean; readonly "reason"?: string; readonly "run_id": string };

export type RunsCompleteCall = { readonly "evidence"?: Json; readonly "output"?: Json; readonly "run_id": string; readonly "step_id": string };

export type RunsCurrentCall = { readonly "run_id": string };

export type RunsGetCall = { readonly "run_id": string };

export type RunsListCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "limit"?: number; readonly "procedure"?: string | null; readonly "since"?: number | null; readonly "state"?: string | null; readonly "target"?: string | null };

export type RunsPauseCall = { readonly "reason"?: string; readonly "run_id": string };

export type RunsPlanCall = { readonly "inputs"?: { readonly [name: string]: Json } | null; readonly "name": string | Procedure; readonly "number"?: number | null; readonly "target"?: string | null };

export type RunsRemoveEndedCall = { readonly "older_than_days": number };

export type RunsResumeCall = { readonly "reason"?: string; readonly "run_id": string };

export type RunsRetryCall = { readonly "from_step"?: string | null; readonly "reason"?: string; readonly "run_id": string };

export type RunsSkipCall = { readonly "approval_id"?: string | null; readonly "reason": string; readonly "run_id": string; readonly "step_id": string };

export type RunsStartCall = { readonly "inputs"?: { readonly [name: string]: Json } | null; readonly "name": string; readonly "number"?: number | null; readonly "operation"?: string | null; readonly "patience_seconds"?: number | null; readonly "session"?: string | null; readonly "target"?: string | null };

export type RunsTakeOverCall = { readonly "run_id": string };

/** What one part of a cycle did: lines that a person reads, figures that a program reads. */
export type Section = { readonly "figures": { readonly [name: string]: Json }; readonly "lines": readonly (string)[]; readonly "title": string };

/** An error by its cause: how it stands, when and how often it came, where last, and the surest of its fixes. */
export type SeenError = { readonly "counts": readonly (number)[]; readonly "fingerprints": readonly (string)[]; readonly "first_at": number; readonly "fix": FixSuggestion | null; readonly "fixes": number; readonly "id": string; readonly "last_at": number; readonly "memory_id": string; readonly "mended_at": number | null; readonly "occurrences": number; readonly "operation": string | null; readonly "operation_id": string | null; readonly "state": ErrorState; readonly "step_seconds": number; readonly "target": string | null; readonly "title": string };

/** How a figure went over time, the oldest step first; the last step may be shorter. */
export type Series = { readonly "figure": string; readonly "formula": string; readonly "points": readonly (SeriesPoint)[]; readonly "step_seconds": number; readonly "unit": string };

/** A figure over one step, which begins `at`; None where nothing was counted, or less than the figure takes. */
export type SeriesPoint = { readonly "at": number; readonly "counted": number; readonly "value": number | null };

/** What the record holds of a session: who opened it and when, and what was done in it since. */
export type SessionRecord = { readonly "actor": Actor | null; readonly "failed": number; readonly "last_at": number | null; readonly "memories": number; readonly "open": number; readonly "opened_at": number | null; readonly "operations": number; readonly "receipts": number; readonly "session_id": string };

export type SessionsOpenCall = { readonly "agent"?: string | null; readonly "id"?: string | null };

export type SessionsRecordCall = { readonly "id"?: string | null };

/** What came in and could not be worked on: who sent it, what it tells, and the error of the last attempt. */
export type SetAside = { readonly "at": number; readonly "attempts": number; readonly "body": Json; readonly "error": string; readonly "id": string; readonly "namespace": string; readonly "sender": string };

/** What is set in a namespace, since when and by whom. */
export type SettingChange = { readonly "at": number; readonly "by": Actor; readonly "name": string; readonly "value": string };

export type SharingBundlesCall = { readonly "after"?: string | null; readonly "before"?: string | null; readonly "direction"?: string | null; readonly "limit"?: number };

export type SharingDistrustCall = { readonly "peer": string; readonly "reason": string };

export type SharingPeersCall = {  };

export type SharingRevokeCall = { readonly "bundle": string; readonly "reason": string };

export type SharingTrustCall = { readonly "key": string; readonly "name": string; readonly "reason"?: string; readonly "source"?: string | null };

/** One sign-in of a person at one browser; of its secret only the digest is kept. */
export type SignIn = { readonly "created_at": number; readonly "ended_at": number | null; readonly "expires_at": number; readonly "groups": readonly (string)[]; readonly "id": string; readonly "kind": SignInKind; readonly "person_id": string; readonly "proven_at": number | null; readonly "seen_at": number | null };

/** How somebody signed in: by a link that the server printed, a proxy's word, or an OIDC provider's. */
export type SignInKind = "link" | "oidc" | "proxy";

export type SignalsAnomaliesCall = { readonly "limit"?: number; readonly "since"?: number | null };

export type SignalsAroundCall = { readonly "at": number; readonly "minutes"?: number; readonly "name": string };

export type SignalsChangePointsCall = { readonly "limit"?: number; readonly "since"?: number | null };

export type SignalsIngestCall = { readonly "format"?: LogFormat | null; readonly "given": readonly (string)[]; readonly "source"?: string | null };

export type SignalsMetricsCall = { readonly "limit"?: number; readonly "since"?: number };

export type SignalsPointsCall = { readonly "metric_id": string; readonly "since"?: number | null; readonly "until"?: number | null };

export type SignalsSuspectsCall = { readonly "at"?: number | null; readonly "limit"?: number; readonly "minutes"?: number };

export type SignalsTemplatesCall = { readonly "errors"?: boolean; readonly "limit"?: number; readonly "since"?: number; readonly "source"?: string | null };

export type SignalsTrendsCall = { readonly "errors"?: boolean; readonly "hours"?: number; readonly "limit"?: number };

export type SignalsTroubleCall = { readonly "minutes"?: number };

/** An earlier operation like this one, and how it ended. */
export type SimilarOperation = { readonly "error": string | null; readonly "name": string; readonly "operation_id": string; readonly "started_at": number; readonly "succeeded": boolean | null; readonly "target": string | null };

/** Where a memory comes from; `key` is its stable identity there, by which an import finds it again. */
export type Source = { readonly "actor"?: Actor; readonly "key"?: string | null; readonly "operation_id"?: string | null; readonly "run_id"?: string | null; readonly "session_id"?: string | null; readonly "uri"?: string | null };

/** One step. `needs` names the steps that must be done before (written out: a step that names none in the file needs the one above it). `satisfies` names steps or operations that count as done when this one succeeded. `secrets` names the procedure's secrets that this step may resolve. `text` is what a person or an agent reads of it. */
export type Step = { readonly "action": Action; readonly "compensate"?: Action | null; readonly "condition"?: string | null; readonly "continue_on_error"?: boolean; readonly "id": string; readonly "name"?: string; readonly "needs"?: readonly (string)[]; readonly "retry"?: Retry; readonly "satisfies"?: readonly (string)[]; readonly "secrets"?: readonly (string)[]; readonly "text"?: string; readonly "timeout_seconds"?: number | null; readonly "verify"?: Verification | null };

/** What a step does. */
export type StepKind = "agent" | "approval" | "call" | "capture" | "check" | "command" | "decide" | "http" | "manual" | "procedure" | "retrieve" | "wait";

/** One step of one run. `waits_for` says what a waiting step waits for (approval, manual, time, retry, run, agent, condition), `waits_on` the id of it; `skipped_because` why it was skipped ("condition", or the id of the approval that allowed it). `role` is "do" or, for its compensation, "undo"; `stage` is "act" until the action is done, then "verify". Of the `attempts` that began, `failures` failed; the rest was cut off or is the one under way. */
export type StepRun = { readonly "attempts": number; readonly "completion": number | null; readonly "detail": Json; readonly "epoch": number; readonly "error": string | null; readonly "evidence": Json; readonly "failures": number; readonly "finished_at": number | null; readonly "idempotency_key": string; readonly "input": Json; readonly "output": Json; readonly "role": "do" | "undo"; readonly "round": number; readonly "run_id": string; readonly "skipped_because": string | null; readonly "stage": "act" | "verify"; readonly "started_at": number | null; readonly "state": StepState; readonly "step_id": string; readonly "waits_for": string | null; readonly "waits_on": string | null; readonly "wake_at": number | null };

/** Where a step of a run stands. `waiting` holds no thread, slot or lease. */
export type StepState = "cancelled" | "compensated" | "failed" | "pending" | "running" | "skipped" | "succeeded" | "waiting";

/** An operation that reached its end. */
export type Succeeded = { readonly "cost": number | null; readonly "duration_seconds": number | null; readonly "evidence": Evidence; readonly "result": Json; readonly "state": "succeeded" };

export type SupersedeCall = { readonly "draft": Draft; readonly "memory_id": string };

/** A likely root cause of an incident: what it is, how strongly the record points to it, and why. */
export type Suspect = { readonly "evidence": { readonly [name: string]: Json }; readonly "name": string; readonly "reasons": readonly (string)[]; readonly "score": number };

/** What an agent is asked to do. `task_class` groups tasks whose outcomes say something about each other. */
export type Task = { readonly "capabilities": readonly (string)[]; readonly "context": { readonly [name: string]: Json }; readonly "id": string; readonly "idempotency_key": string; readonly "memory": string; readonly "receipt": string | null; readonly "session_id": string | null; readonly "target": string | null; readonly "task_class": string; readonly "text": string; readonly "timeout_seconds": number };

/** How an agent did at a class of tasks: `success` is the share that went well, which lies in `low` to `high`. */
export type TaskRecord = { readonly "agent": string; readonly "attempts": number; readonly "cost": number; readonly "high": number; readonly "low": number; readonly "seconds": number | null; readonly "success": number; readonly "task_class": string };

/** How often a template came `lately` and in a stretch as long `before`: `standing` is new, rising or "". */
export type TemplateTrend = { readonly "before": number; readonly "counts": readonly (number)[]; readonly "error": boolean; readonly "error_memory_id": string | null; readonly "exemplar": string; readonly "first_at": number; readonly "id": string; readonly "lately": number; readonly "level": string | null; readonly "source": string; readonly "standing": string; readonly "step_seconds": number; readonly "text": string };

/** When a procedure applies: any one of `operations`, `events`, `fingerprints` and `intents` must match, on one of the `targets` where these are filled, and `when` must hold besides. Targets or `when` alone cover every operation. */
export type Trigger = { readonly "events"?: readonly (string)[]; readonly "fingerprints"?: readonly (string)[]; readonly "intents"?: readonly (string)[]; readonly "operations"?: readonly (string)[]; readonly "targets"?: readonly (string)[]; readonly "when"?: string | null };

/** Which procedure somebody's words mean (None: no procedure can be told from words), and how probably. */
export type TriggerDecision = { readonly "confidence": number; readonly "procedure": string | null };

/** A procedure that applies: why, how sure that is, and whether it was set off by a name, event or error (`pushed`) or is what somebody's words mean. */
export type TriggerMatch = { readonly "confidence": number; readonly "pushed": boolean; readonly "reason": string; readonly "version": ProcedureVersion };

export type TriggersClassifyCall = { readonly "text": string };

export type TriggersMatchingCall = { readonly "start": OperationStart };

export type TriggersPushedCall = { readonly "start": OperationStart };

/** How far a memory may be relied on; external text is always handed out as quoted data. */
export type Trust = "agent" | "external" | "verified";

export type UndoFeedbackCall = { readonly "feedback_id": string };

export type UpkeepAuditCall = { readonly "limit"?: number };

export type UpkeepCompactCall = { readonly "dry_run"?: boolean; readonly "older_than_days": number };

export type UpkeepDoctorCall = {  };

export type UpkeepEndingCall = { readonly "end": string };

export type UpkeepHandlesCall = { readonly "ids": readonly (string)[] };

export type UpkeepRedactRescanCall = { readonly "dry_run"?: boolean };

export type UpkeepReembedCall = {  };

export type UpkeepReindexCall = {  };

export type UpkeepRestoreSegmentCall = { readonly "segment_id": string };

export type UpkeepSetGrowthCall = { readonly "policy": GrowthPolicy };

export type UpkeepStatusCall = {  };

export type UpkeepTrailCall = { readonly "act"?: string | null; readonly "after"?: string | null; readonly "before"?: string | null; readonly "by"?: string | null; readonly "limit"?: number; readonly "since"?: number | null; readonly "subject"?: string | null; readonly "until"?: number | null };

/** What somebody says of a memory after using it. */
export type Verdict = "helpful" | "outdated" | "wrong";

/** What shows that a step did its work: a condition over its output, or an action that succeeds. */
export type Verification = { readonly "action"?: Action | null; readonly "condition"?: string | null };

export type WhoamiCall = {  };

/** A process that goes on with runs: its name as the owner of runs, where it is, and when it was seen last. */
export type Worker = { readonly "host": string; readonly "id": string; readonly "runs": number; readonly "seen_at": number; readonly "started_at": number; readonly "version": string };

export type WorkersListCall = {  };

/** A plan and what came of it: its run (None where it has not begun, with the reason), and the memory of its end. */
export type Workflow = { readonly "learned": string | null; readonly "plan": WorkflowPlan; readonly "reason": string; readonly "run": Run | null };

/** A plan for a goal: the procedure that carries it out, who does each step, from what it was made, and its picture. */
export type WorkflowPlan = { readonly "agents"?: { readonly [name: string]: Choice | null }; readonly "confidence"?: number; readonly "deadline_seconds"?: number | null; readonly "goal": string; readonly "mermaid"?: string; readonly "notes"?: readonly (string)[]; readonly "number"?: number | null; readonly "procedure": string; readonly "sources"?: { readonly [name: string]: string }; readonly "steps"?: readonly (string)[]; readonly "text"?: string };

export type WorkflowsCreateCall = { readonly "constraints"?: { readonly [name: string]: Json } | null; readonly "goal": string; readonly "run"?: boolean };

export type WorkflowsGetCall = { readonly "run_id": string };

export type WorkflowsLearnCall = { readonly "run_id": string };

export type WorkflowsListCall = { readonly "limit"?: number };

export type WorkflowsPlanCall = { readonly "constraints"?: { readonly [name: string]: Json } | null; readonly "goal": string };

export type WorkflowsRunCall = { readonly "plan": WorkflowPlan };

/** What each verb takes and answers. */
export interface Calls {
  /** Return attempts, newest first: what selection, health and the cycles look at. */
  "agents.attempts": [AgentsAttemptsCall, PageOfAttempt];
  /** Stop an execution, in whatever process it is under way, within about a second; raise NotFound, Conflict. */
  "agents.cancel": [AgentsCancelCall, Execution];
  /** Return who would be given a task and why, without giving it; None where nobody could take it. */
  "agents.choose": [AgentsChooseCall, Choice | null];
  /** Let an agent be chosen no more; what it is at goes on to its end. Raises NotFound. */
  "agents.disable": [AgentsDisableCall, Agent];
  /** Say what came of an execution that a person carried out by its plan; completes the step that waits for it. */
  "agents.done": [AgentsDoneCall, Execution];
  /** Let an agent be chosen again; as `register` where the namespace is strict. Raises NotFound. */
  "agents.enable": [AgentsEnableCall, Agent];
  /** Return one execution with its attempts; raise NotFound. */
  "agents.execution": [AgentsExecutionCall, Execution];
  /** Return executions without their attempts, newest first. */
  "agents.executions": [AgentsExecutionsCall, PageOfExecution];
  /** Return an agent; raise NotFound. */
  "agents.get": [AgentsGetCall, Agent];
  /** Return the agents by name; those that are enabled, or not, where that is asked. */
  "agents.list": [AgentsListCall, readonly (Agent)[]];
  /** Return the definitions that are known here, to be registered or changed: all, or that of one coding agent. */
  "agents.ready": [AgentsReadyCall, readonly (Agent)[]];
  /** Return how each agent did at each class of tasks in the last days; each class with its best agent first. */
  "agents.records": [AgentsRecordsCall, readonly (TaskRecord)[]];
  /** Register an agent, or register it anew: an Agent, or its name with `adapter` and the fields of Agent. */
  "agents.register": [AgentsRegisterCall, Agent];
  /** Strike an agent off; what it did stays on record. Raises NotFound. */
  "agents.remove": [AgentsRemoveCall, null];
  /** Say, after a later look, whether what its agent claimed was right: selection learns from that instead. */
  "agents.verify": [AgentsVerifyCall, Execution];
  /** Return why an agent cannot be reached from here, such as a program that nobody allowed; "" where it can. */
  "agents.withheld": [AgentsWithheldCall, string];
  /** Return what came in and could not be worked on, each with its error, the last that came in first. */
  "alerts.aside": [AlertsAsideCall, PageOfSetAside];
  /** Return how one alert stands; raise NotFound. */
  "alerts.get": [AlertsGetCall, Alert];
  /** Return how much came in that nobody worked on yet. */
  "alerts.inbox": [AlertsInboxCall, Inbox];
  /** Return the alerts that stand so, or all, the one that changed last first. */
  "alerts.list": [AlertsListCall, PageOfAlert];
  /** Keep the alerts of a webhook, and return how many it tells of; what follows from them is done later. */
  "alerts.receive": [AlertsReceiveCall, number];
  /** Have one that was set aside, or all of them, worked on again; return how many that are. Raises NotFound. */
  "alerts.retry": [AlertsRetryCall, number];
  /** Return one approval; raise NotFound. */
  "approvals.get": [ApprovalsGetCall, Approval];
  /** Agree, as a person who proves to be one and who did not ask; what is granted can be used once, for a while. */
  "approvals.grant": [ApprovalsGrantCall, Approval];
  /** Return approvals in a state, or in any, newest first. */
  "approvals.list": [ApprovalsListCall, PageOfApproval];
  /** Return the questions that wait for an answer, newest first. */
  "approvals.pending": [ApprovalsPendingCall, PageOfApproval];
  /** Say no, as a person who proves to be one; raises what `grant` raises. */
  "approvals.refuse": [ApprovalsRefuseCall, Approval];
  /** Set a memory aside: found only where archived ones are asked for. */
  "archive": [ArchiveCall, Memory];
  /** Return the memories of the written namespace whose source key begins like this, those set aside too. */
  "by_source": [BySourceCall, readonly (Memory)[]];
  /** Store a memory durably; it is safe and searchable by words when this returns. */
  "capture": [CaptureCall, Captured];
  /** Make an error a memory, without waiting: one per fingerprint, with a count. */
  "capture_error": [CaptureErrorCall, null];
  /** Store many memories, some hundred in one transaction, and return their acknowledgements in order. */
  "capture_many": [CaptureManyCall, readonly (Captured)[]];
  /** Say how a case should have been decided; the correction counts more, and the old case no more. */
  "cases.correct": [CasesCorrectCall, DecidedCase];
  /** Decide a new case from past ones, or abstain below `confidence`. Writes nothing. Raises InvalidInput. */
  "cases.decide": [CasesDecideCall, CaseDecision];
  /** Return one case; raise NotFound. */
  "cases.get": [CasesGetCall, DecidedCase];
  /** Keep how a case was decided, and learn from it; the same `source` again is the same case. */
  "cases.learn": [CasesLearnCall, DecidedCase];
  /** Keep and learn many cases, (inputs, outputs, source) each, in their order. */
  "cases.learn_many": [CasesLearnManyCall, readonly (DecidedCase)[]];
  /** Return cases, newest first: of one name, or one standing ("stands", "open", "replaced"). */
  "cases.list": [CasesListCall, PageOfDecidedCase];
  /** Return what is decided from cases: name, cases that stand, open decisions, judged and right ones. */
  "cases.names": [CasesNamesCall, readonly ({ readonly [name: string]: Json })[]];
  /** Say, after a check, that a case was decided right: it counts more, and one decided here is learned from. */
  "cases.verify": [CasesVerifyCall, DecidedCase];
  /** Return how many causes that came since stand how. */
  "causes.counts": [CausesCountsCall, { readonly [name: string]: number }];
  /** Say, as a person, that two errors have one cause: what helps against one is known of both. */
  "causes.join": [CausesJoinCall, CauseChange];
  /** Return the causes that show as more than one error, those first to which one came last. */
  "causes.list": [CausesListCall, readonly (Cause)[]];
  /** Say, as a person, that two errors have two causes; nothing joins them by itself again. */
  "causes.part": [CausesPartCall, CauseChange];
  /** Return the errors that are remembered and came since, a row a cause, those first that came last. */
  "causes.seen": [CausesSeenCall, PageOfSeenError];
  /** Return the cause of an error, or of a fingerprint: which errors it shows as, and how each came to it. */
  "causes.show": [CausesShowCall, Cause];
  /** Take back what was said of two errors, by whom ever; what was said before counts again. Raises NotFound. */
  "causes.undo": [CausesUndoCall, CauseChange];
  /** Return what happened after a cursor, in the order of the feed, which misses no commit however late it comes. */
  "changes": [ChangesCall, PageOfFeedEntry];
  /** Return how many memories pass conditions, and share a word with a query; of which types, trust and tags. */
  "count": [CountCall, MatchCounts];
  /** Save a procedure and let it hold. Raises InvalidProcedure, Conflict. */
  "establish": [EstablishCall, ProcedureVersion];
  /** Say that what seemed to help did not: the error came back, or nobody had looked. Raises NotFound, Conflict. */
  "evidence.contradict": [EvidenceContradictCall, RemedyEvidence];
  /** Return one piece of evidence; raise NotFound. */
  "evidence.get": [EvidenceGetCall, RemedyEvidence];
  /** Return what remedies did, the newest first: for the cause of an error or for all, of one remedy or all. */
  "evidence.list": [EvidenceListCall, readonly (RemedyEvidence)[]];
  /** Return what is worth trying against an error here, the best first, as a few lines for whoever acts. */
  "evidence.next_tries": [EvidenceNextTriesCall, NextTries];
  /** Say what a remedy did against an error: "helped", "did_not_help" or "made_it_worse". */
  "evidence.record": [EvidenceRecordCall, RemedyEvidence];
  /** Run a procedure for a context; go on until it ends or waits. Memory is consulted, and the guard asked, first. */
  "execute": [ExecuteCall, Run];
  /** Say that a memory is helpful, wrong or outdated; a correction (draft, or its new text) supersedes it. */
  "feedback": [FeedbackCall, Feedback];
  /** Return one application; raise NotFound. */
  "fixes.application": [FixesApplicationCall, FixApplication];
  /** Return what was done with a fix, with all, or for one operation, newest first: the complete trail of it. */
  "fixes.applications": [FixesApplicationsCall, PageOfFixApplication];
  /** Apply a fix because somebody asks for it: run it, verify it, roll it back where it fails. */
  "fixes.apply": [FixesApplyCall, FixApplication];
  /** Bind a solution to an error: a command, a procedure, a change of configuration, or advice. */
  "fixes.attach": [FixesAttachCall, Fix];
  /** Return how sure a fix is, with the counts behind it; raise NotFound. */
  "fixes.confidence": [FixesConfidenceCall, FixConfidence];
  /** Say that an application did not help; a fix that applied itself is demoted at once. */
  "fixes.contradict": [FixesContradictCall, FixApplication];
  /** Let a fix only be suggested from now on. */
  "fixes.demote": [FixesDemoteCall, Fix];
  /** Unbind a fix from its error; what it did stays on record. */
  "fixes.detach": [FixesDetachCall, Fix];
  /** Return one fix; raise NotFound. */
  "fixes.get": [FixesGetCall, Fix];
  /** Return the fixes, newest first, each with its confidence. Raises InvalidInput. */
  "fixes.list": [FixesListCall, PageOfFixSuggestion];
  /** Return what applying a fix would do, step by step, without doing it. */
  "fixes.plan": [FixesPlanCall, Plan];
  /** Say how a fix went that somebody carried out by hand, and where (version, region, ...). */
  "fixes.record": [FixesRecordCall, FixApplication];
  /** Take an applied fix back; raise Conflict where it was not applied, InvalidInput where it has no rollback. */
  "fixes.rollback": [FixesRollbackCall, FixApplication];
  /** Say how far a fix may go by itself: suggest, shadow or auto. It still has to have proved itself each time. */
  "fixes.set_mode": [FixesSetModeCall, Fix];
  /** Return the fixes that are bound to this very error or fingerprint, the surest first; a near miss shares none. */
  "fixes.suggest": [FixesSuggestCall, readonly (FixSuggestion)[]];
  /** Vouch, as a person, for a fix that came from outside or from an agent; takes a proof where `auto` does. */
  "fixes.trust": [FixesTrustCall, Fix];
  /** Mark a memory for review; None clears the mark. */
  "flag": [FlagCall, null];
  /** Hide a memory from every search; `restore` brings it back. */
  "forget": [ForgetCall, Memory];
  /** Return one memory by id; raise NotFound. */
  "get": [GetCall, Memory];
  /** Name memories back that a receipt requires; return those that are still to be named. Raises NotFound. */
  "guard.acknowledge": [GuardAcknowledgeCall, readonly (string)[]];
  /** Keep a written rule; its id is made where it has none. Raises InvalidInput, Conflict, ApprovalUnproven. */
  "guard.add": [GuardAddCall, Rule];
  /** Ask a person to approve one operation, and return what waits for the answer. Raises InvalidInput. */
  "guard.ask": [GuardAskCall, Approval];
  /** Return why nothing happens by itself here (setting, file or environment variable), None where it may. */
  "guard.automatic_stopped": [GuardAutomaticStoppedCall, string | null];
  /** Let everything pass in this namespace for a while, on record; only for a person who proves to be one. */
  "guard.bypass": [GuardBypassCall, Bypass];
  /** Decide whether an operation may begin, and put it on record: what is allowed uses up its receipt or approval. */
  "guard.check": [GuardCheckCall, Allow | Ask | Deny];
  /** End an open bypass before its time; return False where none is open. */
  "guard.close_bypass": [GuardCloseBypassCall, boolean];
  /** Return how far rules and procedures were followed: by procedure, service, day or person, from the record. */
  "guard.compliance": [GuardComplianceCall, Compliance];
  /** Return what rules said that were not simply met, newest first; `kind` is blocked, observed, warned, ... */
  "guard.decisions": [GuardDecisionsCall, PageOfRecordedDecision];
  /** Say that a block was false; a rule whose precision falls below its line steps down one mode. */
  "guard.false_block": [GuardFalseBlockCall, RecordedDecision];
  /** Say whether this namespace enforced when the guard last looked. */
  "guard.is_strict": [GuardIsStrictCall, boolean];
  /** Return the operation with clean texts and its class found; `least` may only raise that. Raises InvalidInput. */
  "guard.prepared": [GuardPreparedCall, OperationStart];
  /** Let a written rule hold no longer. Rules that nobody wrote are set to observe instead; raise InvalidInput. */
  "guard.remove": [GuardRemoveCall, Rule];
  /** Return what an enforcement would have done to the recorded operations of the last days. Writes nothing. */
  "guard.replay": [GuardReplayCall, Replay];
  /** Let things happen by themselves again. Raises ApprovalUnproven. */
  "guard.resume_automatic": [GuardResumeAutomaticCall, GuardSettings];
  /** Say that a block was right. */
  "guard.right_block": [GuardRightBlockCall, RecordedDecision];
  /** Return one rule by id or name; raise NotFound. */
  "guard.rule": [GuardRuleCall, Rule];
  /** Return every rule that holds here, in its present mode: standard, written, and those of active procedures. */
  "guard.rules": [GuardRulesCall, readonly (Rule)[]];
  /** Say what may change by itself: nothing (observe), what is proposed and agreed, or what has proved itself. */
  "guard.set_autonomy": [GuardSetAutonomyCall, GuardSettings];
  /** Let the guard only watch (observe) or hold (strict). Raises InvalidInput, ApprovalUnproven. */
  "guard.set_enforcement": [GuardSetEnforcementCall, GuardSettings];
  /** Set a rule's mode: observe, warn, ask or deny; this is also how one that stepped down is put back. */
  "guard.set_mode": [GuardSetModeCall, Rule];
  /** Say of operations, tools and single commands, by glob, what class they are of; replaces what was said. */
  "guard.set_patterns": [GuardSetPatternsCall, GuardSettings];
  /** Count compliance per person too, or no longer; what was counted before stays as it was counted. */
  "guard.set_per_person": [GuardSetPerPersonCall, GuardSettings];
  /** Return both settings, whether what happens by itself is stopped, and the bypass that is open. */
  "guard.settings": [GuardSettingsCall, GuardSettings];
  /** Stop fixes, self-changes and triggers in this namespace, at once; capture goes on. Anybody may. */
  "guard.stop_automatic": [GuardStopAutomaticCall, GuardSettings];
  /** Consult memory about an operation; the guidance's id is the receipt that this was done. */
  "guidance": [GuidanceCall, Guidance];
  /** Write down what happened, and let the procedures that are for it begin: one run for each kind and target. */
  "handle": [HandleCall, Handled];
  /** Return whether advice that was followed in the last days was as sure as it said. Raises InvalidInput. */
  "health.calibration": [HealthCalibrationCall, CalibrationRecord];
  /** Return the five founding charts of a time (the last day), in 48 steps each. Raises InvalidInput. */
  "health.charts": [HealthChartsCall, readonly (Chart)[]];
  /** Return the figures of health over the last days; each says how it is counted. Raises InvalidInput. */
  "health.figures": [HealthFiguresCall, readonly (HealthFigure)[]];
  /** Return what the last days brought, beside as many days before. Raises InvalidInput. */
  "health.report": [HealthReportCall, Report];
  /** Return how a figure went: a value for each step from `since` up to `until` (now), at most 400 of them. */
  "health.series": [HealthSeriesCall, Series];
  /** Return a memory's versions, acts, verdicts and occurrences. */
  "history": [HistoryCall, History];
  /** Apply an improvement because a person says so; one that is applied already stays so. */
  "improvements.apply": [ImprovementsApplyCall, Improvement];
  /** Return one improvement; raise NotFound. */
  "improvements.get": [ImprovementsGetCall, Improvement];
  /** Return why nothing may change by itself here, None where it may. */
  "improvements.held": [ImprovementsHeldCall, string | null];
  /** Return improvements, newest first; of one kind or in one state where one is named. */
  "improvements.list": [ImprovementsListCall, PageOfImprovement];
  /** Put back what an improvement replaced, exactly; raise Conflict where somebody changed it meanwhile. */
  "improvements.undo": [ImprovementsUndoCall, Improvement];
  /** Refuse an improvement that is proposed, planned or tried, for good. Raises NotFound, Conflict. */
  "improvements.veto": [ImprovementsVetoCall, Improvement];
  /** Let a job not go on: one that waits ends at once, one under way within seconds, where it can be left. */
  "jobs.cancel": [JobsCancelCall, Job];
  /** Return how one job stands. Raises NotFound. */
  "jobs.get": [JobsGetCall, Job];
  /** Return the jobs that stand so, or all, the newest first; those that ended are kept for 30 days. */
  "jobs.list": [JobsListCall, PageOfJob];
  /** Have something long done in the background, with what its own verb is asked with; return at once. */
  "jobs.start": [JobsStartCall, Job];
  /** Let an agent or a service reach a namespace (the written one, where none is named); the secret is told once. */
  "keys.issue": [KeysIssueCall, IssuedKey];
  /** Return the keys, those that ended too, newest first. */
  "keys.list": [KeysListCall, readonly (AccessKey)[]];
  /** Take the keys of a name (or the one of this id) back, from now on, or the token of this secret. */
  "keys.revoke": [KeysRevokeCall, readonly (AccessKey)[]];
  /** Issue the next key of a name, for the same; the one before goes on for `overlap_seconds`, and then ends. */
  "keys.rotate": [KeysRotateCall, IssuedKey];
  /** Let whoever holds its secret, a page, tell of one operation in the written namespace for some minutes. */
  "keys.token": [KeysTokenCall, OperationToken];
  /** Return what may be taken a day in the written namespace, and what is spent or set aside today. */
  "language.budget": [LanguageBudgetCall, LanguageBudget];
  /** Return what the configured models say to a prompt. What the prompt quotes is redacted by who writes it. */
  "language.complete": [LanguageCompleteCall, string];
  /** Say whether a model is named, installed and paid for: whether it is worth while to ask. */
  "language.ready": [LanguageReadyCall, boolean];
  /** Let language models take so much a day: US dollars, tokens, or both; 0 lets nothing be asked. */
  "language.set_budget": [LanguageSetBudgetCall, LanguageBudget];
  /** Return what was used today and in the days before, in all that many, by purpose and model, newest first. */
  "language.used": [LanguageUsedCall, readonly (LanguageUse)[]];
  /** Keep what the runs of a procedure teach as an insight: where they fail, what is skipped, what is slow. */
  "learn": [LearnCall, Captured];
  /** Return the cycles of the written namespace that are due, the most frequent first. */
  "learning.due": [LearningDueCall, readonly (Cycle)[]];
  /** Return what holds at present of what the cycles found, what matters most first. */
  "learning.insights": [LearningInsightsCall, PageOfMemory];
  /** Return what the cycles found, newest first. */
  "learning.reports": [LearningReportsCall, PageOfCycleReport];
  /** Run a cycle that is due, and return its report; None where it is not due, or somebody else is at it. */
  "learning.run": [LearningRunCall, CycleReport | null];
  /** Return where each cycle stands and what it does. */
  "learning.standing": [LearningStandingCall, readonly (CycleStanding)[]];
  /** Let command steps run these programs and http steps reach these hosts; say so in the audit trail. */
  "limits.allow": [LimitsAllowCall, Limits];
  /** Take back what was allowed; with `shell`, the shell too. Steps under way go on to their end. */
  "limits.disallow": [LimitsDisallowCall, Limits];
  /** Return what is allowed now. */
  "limits.get": [LimitsGetCall, Limits];
  /** Return known memories for an error (text, traceback, alert, event or exception): exact ones first. */
  "match": [MatchCall, readonly (Match)[]];
  /** Say that the source of a memory was renamed. */
  "move_source": [MoveSourceCall, null];
  /** Return memories that say nearly the same in the same words, with the share that they have in common. */
  "near": [NearCall, readonly (readonly [Memory, number])[]];
  /** Return a page of the memories that pass conditions as `retrieve` takes them, newest first; writes nothing. */
  "newest": [NewestCall, PageOfMemory];
  /** Say that a person has read notices, so that they need not be delivered; return how many those were. */
  "notices.acknowledge": [NoticesAcknowledgeCall, number];
  /** Let the namespace's notices leave by a command, a webhook, Slack or e-mail; one of that name is replaced. */
  "notices.add_channel": [NoticesAddChannelCall, Channel];
  /** Return each attempt to hand a notice (or any) to a channel, newest first; they are kept for 90 days. */
  "notices.attempts": [NoticesAttemptsCall, PageOfDeliveryAttempt];
  /** Return the ways by which the written namespace's notices leave. */
  "notices.channels": [NoticesChannelsCall, readonly (Channel)[]];
  /** Return how many notices wait, since when, and how many were given up. */
  "notices.counts": [NoticesCountsCall, { readonly [name: string]: number | null }];
  /** Return the notices that wait, newest first; with `every` those that were delivered or read as well. */
  "notices.list": [NoticesListCall, PageOfNotice];
  /** Return the notices that wait for delivery, newest first. */
  "notices.pending": [NoticesPendingCall, PageOfNotice];
  /** Remove a channel; raise NotFound, ApprovalUnproven. */
  "notices.remove_channel": [NoticesRemoveChannelCall, null];
  /** Return a notice as one line for people. */
  "notices.sentence": [NoticesSentenceCall, string];
  /** Send a notice for trial by one channel, and return what went wrong; raise NotFound. */
  "notices.try_channel": [NoticesTryChannelCall, string | null];
  /** Begin an operation: memory is consulted, the guard asked, and the beginning recorded. */
  "operations.begin": [OperationsBeginCall, Begun];
  /** Say that an operation that was taken for a success was none. */
  "operations.contradict": [OperationsContradictCall, null];
  /** End an operation: as a failure where an `error` is given, which becomes a memory, else as a success. */
  "operations.finish": [OperationsFinishCall, null];
  /** Return one operation by id; raise NotFound. */
  "operations.get": [OperationsGetCall, Operation];
  /** Return the operation log, newest first; `outcome` is "succeeded", "failed" or "open". */
  "operations.list": [OperationsListCall, PageOfOperation];
  /** Return what was said under a receipt. Raises NotFound. */
  "operations.receipt": [OperationsReceiptCall, Guidance];
  /** Say that a later check confirmed an operation's outcome. */
  "operations.verify": [OperationsVerifyCall, null];
  /** Let a person be known: who signs in with this verified address, or as this subject of this issuer, is they. */
  "people.add": [PeopleAddCall, Person];
  /** Return a person by name. Raises NotFound. */
  "people.get": [PeopleGetCall, Person];
  /** Give a person, or a group ("group:sre"), a role in a namespace (the written one) or on a path. */
  "people.grant": [PeopleGrantCall, RoleGrant];
  /** Return what is given to groups; over the network, in the written namespace. */
  "people.groups": [PeopleGroupsCall, readonly (RoleGrant)[]];
  /** Return everybody with their roles, oldest first; over the network, who has one in the written namespace. */
  "people.list": [PeopleListCall, readonly (Person)[]];
  /** Return the namespaces that the caller may read: what this view reads, and over the network all others too. */
  "people.namespaces": [PeopleNamespacesCall, readonly (ReadableNamespace)[]];
  /** Remove a person: their roles, secrets and sign-ins end, and of who they are only the name is kept. */
  "people.remove": [PeopleRemoveCall, Person];
  /** Return where people, or one of them, are signed in, newest first. */
  "people.sign_ins": [PeopleSignInsCall, readonly (SignIn)[]];
  /** End every sign-in of a person, or the one of this id; return how many that were. */
  "people.sign_out": [PeopleSignOutCall, number];
  /** Take a role back, as it was given. Raises NotFound, Conflict where nobody were left who gives any. */
  "people.withdraw": [PeopleWithdrawCall, RoleGrant];
  /** Let a version hold (the newest, or this number); the one before it is retired, and comes back the same way. */
  "procedures.activate": [ProceduresActivateCall, ProcedureVersion];
  /** Return the version that holds of each name, the written namespace's first; cheap while nothing changes. */
  "procedures.active": [ProceduresActiveCall, readonly (ProcedureVersion)[]];
  /** Return one version by its id; raise NotFound. */
  "procedures.by_id": [ProceduresByIdCall, ProcedureVersion];
  /** Return how a version (the active one) differs from another (the newest), or from a proposal, as a patch. */
  "procedures.diff": [ProceduresDiffCall, string];
  /** Keep a runbook or skill of somebody else as a draft that only a person may activate. */
  "procedures.from_document": [ProceduresFromDocumentCall, readonly [ProcedureVersion, Drafted]];
  /** Keep what a text in plain English describes as a draft; return it with how it was understood, to read back. */
  "procedures.from_text": [ProceduresFromTextCall, readonly [ProcedureVersion, Drafted]];
  /** Return a version: this number, else the active one, else the newest; the written namespace is asked first. */
  "procedures.get": [ProceduresGetCall, ProcedureVersion];
  /** Return every version of a name, and who did what to it, when and why; raise NotFound. */
  "procedures.history": [ProceduresHistoryCall, ProcedureHistory];
  /** Say whether this very procedure is the active one of its name in the written namespace. */
  "procedures.holds": [ProceduresHoldsCall, boolean];
  /** Return the versions in a state, the newest of each name; without one, the active and the newest of each. */
  "procedures.list": [ProceduresListCall, readonly (ProcedureVersion)[]];
  /** Let a procedure hold no longer; activating it again brings it back. Raises NotFound, Conflict. */
  "procedures.retire": [ProceduresRetireCall, ProcedureVersion];
  /** Keep a procedure (a file's text, a mapping or a Procedure) as a draft; the same again is the same version. */
  "procedures.save": [ProceduresSaveCall, ProcedureVersion];
  /** Copy a memory into another namespace, as an audited act. */
  "promote": [PromoteCall, Captured];
  /** Remove a memory (or several) for good, with everything derived from it; only a person may. Cannot be undone. */
  "purge": [PurgeCall, Removed];
  /** Remove every memory about a subject for good, as `purge` does one. Cannot be undone. */
  "purge_subject": [PurgeSubjectCall, Removed];
  /** Return what is known of each error that a text (an Alertmanager webhook, too) reports, and what to try. */
  "recognise": [RecogniseCall, Recognition];
  /** Bring an archived or forgotten memory back. */
  "restore": [RestoreCall, Memory];
  /** Return the memories that answer a query, best first; an empty query lists the newest. */
  "retrieve": [RetrieveCall, readonly (Hit)[]];
  /** End a run; with `compensate` what it did is taken back first. Raises Conflict where it has ended. */
  "runs.cancel": [RunsCancelCall, Run];
  /** Say that a manual step was done, and go on. What its `verify` asks for is looked at first. */
  "runs.complete": [RunsCompleteCall, Run];
  /** Return the step at hand and nothing of those to come; raise Conflict where none waits for anybody. */
  "runs.current": [RunsCurrentCall, CurrentStep];
  /** Return a run with the steps of which anything is known; raise NotFound. */
  "runs.get": [RunsGetCall, Run];
  /** Return runs, newest first, without their steps; `state` is a run's state, or "active" for not ended. */
  "runs.list": [RunsListCall, PageOfRun];
  /** Let no further step begin until `resume`; what is under way ends. Raises Conflict. */
  "runs.pause": [RunsPauseCall, Run];
  /** Say what a run would do, with which inputs and which approvals; nothing is done. A draft can be planned. */
  "runs.plan": [RunsPlanCall, Plan];
  /** Remove runs that ended so long ago, with their steps, for good; return how many. Memories of them stay. */
  "runs.remove_ended": [RunsRemoveEndedCall, number];
  /** Let a paused run go on. Raises Conflict. */
  "runs.resume": [RunsResumeCall, Run];
  /** Let a run that failed or was cancelled go on, where it failed or from an earlier step. Raises Conflict. */
  "runs.retry": [RunsRetryCall, Run];
  /** Do without a step, and go on. In a required or strict procedure it takes an approval, which is used up. */
  "runs.skip": [RunsSkipCall, Run];
  /** Start a run of a procedure's active version, and advance it here until it ends or waits. */
  "runs.start": [RunsStartCall, Run];
  /** Make a run one's own: its owner commits nothing from now on, and its steps are completed by nobody else. */
  "runs.take_over": [RunsTakeOverCall, Run];
  /** Open a session, put that on record, and return what somebody reads who begins to work. */
  "sessions.open": [SessionsOpenCall, Briefing];
  /** Return what was done in a session: the one named, else the one worked in, else the newest. */
  "sessions.record": [SessionsRecordCall, SessionRecord];
  /** Return the bundles that left ("out") or came ("in"), newest first. */
  "sharing.bundles": [SharingBundlesCall, PageOfdict];
  /** Listen to an instance no longer, and take out of use what came from it. Raises NotFound. */
  "sharing.distrust": [SharingDistrustCall, Received];
  /** Return the instances that are or were listened to, by name. */
  "sharing.peers": [SharingPeersCall, readonly (Peer)[]];
  /** Take a bundle back. One that came: its items go out of use here. One that left: the next one says so. */
  "sharing.revoke": [SharingRevokeCall, Received];
  /** Listen to an instance from now on; `source` is the file, folder or URL that `pull` reads. */
  "sharing.trust": [SharingTrustCall, Peer];
  /** Return the points of metrics since then (a day) that are unlike what came before, the strongest first. */
  "signals.anomalies": [SignalsAnomaliesCall, readonly (Anomaly)[]];
  /** Return a component's metrics by the minute around a time, for who looks at a suspect. */
  "signals.around": [SignalsAroundCall, { readonly [name: string]: readonly (number)[] }];
  /** Return the lasting changes of level since then (a week), the newest first. */
  "signals.change_points": [SignalsChangePointsCall, readonly (ChangePoint)[]];
  /** Take in a log or a page of metrics: a file's path, an http(s) address, or lines. */
  "signals.ingest": [SignalsIngestCall, Ingested];
  /** Return the series of numbers that are kept and were seen since, the newest first. */
  "signals.metrics": [SignalsMetricsCall, readonly (Metric)[]];
  /** Return how a metric went from `since` (a day ago) up to `until` (now), at most 400 points, the oldest first. */
  "signals.points": [SignalsPointsCall, Series];
  /** Return the likeliest causes of an incident, with what speaks against each; the score is a share of it all. */
  "signals.suspects": [SignalsSuspectsCall, readonly (Suspect)[]];
  /** Return what logs say, as templates: those that tell of errors first, then the most frequent. */
  "signals.templates": [SignalsTemplatesCall, readonly (LogTemplate)[]];
  /** Return what logs say in the last hours: what is new first, then what rises, then the most frequent. */
  "signals.trends": [SignalsTrendsCall, readonly (TemplateTrend)[]];
  /** Return when the newest trouble began: failures and error lines first, else the newest anomaly, else now. */
  "signals.trouble": [SignalsTroubleCall, number];
  /** Replace a memory by a corrected one; the old one stays as history. */
  "supersede": [SupersedeCall, Captured];
  /** Return the procedure that somebody's words most probably mean, by the procedures' intents, and how probably. */
  "triggers.classify": [TriggersClassifyCall, TriggerDecision];
  /** Return the procedures that an operation sets off: those of `pushed`, then one that its words mean. */
  "triggers.matching": [TriggersMatchingCall, readonly (TriggerMatch)[]];
  /** Return the procedures whose operations, targets, events, fingerprints or conditions cover an operation. */
  "triggers.pushed": [TriggersPushedCall, readonly (TriggerMatch)[]];
  /** Take a verdict back. */
  "undo_feedback": [UndoFeedbackCall, Feedback];
  /** Return what makes memory worse to read, each with the command that mends it. */
  "upkeep.audit": [UpkeepAuditCall, readonly (Junk)[]];
  /** Move old operations and archived memories into compressed, verified, searchable segments. */
  "upkeep.compact": [UpkeepCompactCall, Compacted];
  /** Write, read and match for trial, verify rows, indexes and trail; each check passes or names the way out. */
  "upkeep.doctor": [UpkeepDoctorCall, readonly (Check)[]];
  /** Return what has this id, or an id that ends so: of which kind, by its id. */
  "upkeep.ending": [UpkeepEndingCall, { readonly [name: string]: string }];
  /** Return the handle of each of these ids that is one of this store: its shortest end that no other id has. */
  "upkeep.handles": [UpkeepHandlesCall, { readonly [name: string]: string }];
  /** Look through everything stored for secrets that today's rules know, and take them out of rows and indexes. */
  "upkeep.redact_rescan": [UpkeepRedactRescanCall, Rescanned];
  /** Give every memory a vector of the present model; resumable, and search goes on with what there is. */
  "upkeep.reembed": [UpkeepReembedCall, number];
  /** Write every index anew from the rows, and return how many memories that were. */
  "upkeep.reindex": [UpkeepReindexCall, number];
  /** Put an archive segment's rows back where they came from. */
  "upkeep.restore_segment": [UpkeepRestoreSegmentCall, Restored];
  /** Say how much of an operation's log is kept, in the written namespace. */
  "upkeep.set_growth": [UpkeepSetGrowthCall, null];
  /** Return counts, index state and backlog, the last capture, growth and sizes, as JSON-ready values. */
  "upkeep.status": [UpkeepStatusCall, { readonly [name: string]: Json }];
  /** Return lines of the audit trail of the written namespace, the newest first: who did what, when and why. */
  "upkeep.trail": [UpkeepTrailCall, PageOfAuditEntry];
  /** Return as whom a key acts, what it writes, and what it reads. */
  "whoami": [WhoamiCall, KnownAs];
  /** Return the workers that live, with the runs that each has at the moment. */
  "workers.list": [WorkersListCall, readonly (Worker)[]];
  /** Plan for a goal, run the plan until it ends or waits, and learn from it where it ended. */
  "workflows.create": [WorkflowsCreateCall, Workflow];
  /** Return a workflow by its run, as it stands. Raises NotFound. */
  "workflows.get": [WorkflowsGetCall, Workflow];
  /** Keep what a workflow that ended teaches, so that the next plan for such a goal is made from it; once a run. */
  "workflows.learn": [WorkflowsLearnCall, string];
  /** Return workflows with their newest run, planned ones too, those that changed last first. */
  "workflows.list": [WorkflowsListCall, readonly (Workflow)[]];
  /** Return a plan for a goal, kept as a draft: its steps, who would do each and why, and what it was made from. */
  "workflows.plan": [WorkflowsPlanCall, WorkflowPlan];
  /** Activate a plan and run it; see `create`. */
  "workflows.run": [WorkflowsRunCall, Workflow];
}
