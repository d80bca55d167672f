"""Which kinds of lines does an export have, and which columns of a row does each of them hold? (pure)"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from brainops.store.agents import agent_of, attempt_of, execution_of
from brainops.store.approvals import approval_of, notice_of
from brainops.store.cases import case_of
from brainops.store.database import Row
from brainops.store.evidence import cause_change_of, evidence_of
from brainops.store.fixes import application_of, fix_of
from brainops.store.improvements import improvement_of
from brainops.store.learning import report_of
from brainops.store.memories import memory_of
from brainops.store.operations import operation_of, policy_of
from brainops.store.rules import bypass_of, change_of, decision_of, receipt_of, rule_of
from brainops.store.runs import run_of, step_of
from brainops.store.trail import entry_of, feedback_of
from brainops.types import ActorKind, AgentLimits, BlastRadius, Choice, RuleMode

_ACTOR = "actor_kind actor_id actor_proof"

_OUTCOME = "outcome:succeeded|failed? *result:json? *error:json? duration_us:count? cost:number? evidence?"

_FIELDS = {
    "memory": (
        "id namespace type *title content_format:text|json *content:content tags:texts importance:number"
        f" *metadata:object trust {_ACTOR} session_id? operation_id? run_id? *uri? source_key? subject? content_hash"
        " idempotency_key? fingerprint? message_fingerprint? occurrences:count state created_at:count updated_at:count"
        " last_seen_at:count valid_from:count valid_to:count? forgotten_at:count? supersedes? superseded_by?"
        " feedback:number flag? retrieved_count:count"
    ),
    "occurrence": "memory_id namespace at:count actor_kind actor_id session_id? operation_id? *uri? *detail:json?",
    "feedback": f"id namespace memory_id verdict {_ACTOR} at:count *note? correction_id? undone_at:count?",
    "operation": (
        f"id namespace *name *target? *context:object action_class {_ACTOR} session_id? parent_id? guidance_id?"
        " started_at:count finished_at:count? outcome:succeeded|failed? *result:json? *error:json? fingerprint?"
        " error_memory_id? duration_us:count? cost:number? evidence? followed_id? contradicted_at:count?"
        " *contradiction?"
    ),
    "operation_count": "namespace *name day:count succeeded:count failed:count recorded:count",
    "guidance": (
        "id namespace *operation_name *target? action_class actor_kind actor_id session_id? created_at:count"
        " expires_at:count confidence:number raw_confidence:number failure_probability:number? primary_id? *body:object"
        " used_at:count?@2 procedures:texts@2 required:texts@2 acknowledged:texts@2"
    ),
    "growth_policy": "namespace operation_name mode:full|sampled|counted rate:number failures_per_fingerprint:count",
    "procedure": (
        "id namespace name number:count hash body source path? owner:git|store trust:verified|agent|external"
        " state:draft|active|retired created_at:count created_kind created_by created_proof activated_at:count?"
        " activated_kind? activated_by? activated_proof? retired_at:count? reason"
    ),
    "run": (
        "id namespace procedure_id procedure_name procedure_hash mode *target? *inputs:object state epoch:count"
        f" {_ACTOR} taken_over:flag session_id? operation_id? parent_run_id? parent_step_id? depth:count"
        " concurrency_group? idempotency_key? *outputs:json? *error? fingerprint? *reason? created_at:count"
        " started_at:count? finished_at:count?"
    ),
    "run_step": (
        "run_id step_id role:do|undo namespace state stage:act|verify epoch:count attempts:count failures:count"
        " round:count idempotency_key *input:json? *output:json? *error? waits_for? waits_on? *detail:json?"
        " wake_at:count? skipped_because? *evidence:json? started_at:count? finished_at:count? completion:count?"
    ),
    "approval": (
        "id namespace kind subject run_id? step_id? *question *reason requested_by_kind requested_by_id"
        " requested_by_proof requested_at:count expires_at:count escalate_at:count? escalated_at:count? state"
        " decided_by_kind? decided_by_id? decided_by_proof? decided_at:count? *decision_reason used_at:count?"
    ),
    "rule": f"id namespace name body:object created_at:count {_ACTOR} removed_at:count?",
    "rule_mode": f"namespace rule_id mode stepped_down:flag reason at:count {_ACTOR}",
    "namespace_setting": f"namespace name value at:count {_ACTOR}",
    "decision": (
        "id namespace at:count kind rule_id rule_name rule_kind procedure? verdict:allow|ask|deny"
        " would:allow|ask|deny mode enforcement *reason *way_out operation_id? *operation_name *target? service"
        f" action_class receipt_id? approval_id? bypass_id? {_ACTOR} session_id? judged:right|false? judged_at:count?"
        " judged_by_kind? judged_by_id? judged_by_proof? *judged_note?"
    ),
    "guard_count": (
        "namespace day:count rule_id service person procedure? followed:count overridden:count violated:count"
        " bypassed:count blocked:count"
    ),
    "bypass": f"id namespace opened_at:count until:count reason {_ACTOR} closed_at:count?",
    "fix": (
        "id namespace fingerprint *title kind mode procedure? *action:json? *advice *verify:json? *rollback:json?"
        f" *context:object limits:object trust:verified|agent|external created_at:count {_ACTOR} demoted_at:count?"
        " detached_at:count? *reason"
    ),
    "fix_application": (
        f"id namespace fix_id fingerprint operation_id? target? mode automatic:flag state run_id? *reason {_ACTOR}"
        " created_at:count applied_at:count? decided_at:count? verified_by? *evidence:json?"
    ),
    "evidence": (
        "id namespace fingerprint *remedy effect:helped|did_not_help|made_it_worse basis:claimed|observed|verified"
        " *target? *context:object fix_id? operation_id? seconds:number?"
        " source:told|application|operation|feedback *note at:count"
        f" judged_at:count {_ACTOR} idempotency_key?"
    ),
    "cause_change": (
        f"id namespace fingerprint other standing:joined|parted|proposed *why at:count {_ACTOR} undone_at:count?"
    ),
    "decided_case": (
        "id namespace *name *inputs:object *outputs:object trust:verified|agent|external standing:stands|open|replaced"
        f" origin decided_at:count changed_at:count {_ACTOR} expected:number? expected_right:flag? *source?"
        " replaces? run_id? step_id?"
    ),
    "agent": (
        "namespace name adapter *description *capabilities:texts *settings:object limits:object cost:number memory"
        f" enabled:flag created_at:count {_ACTOR} *reason removed_at:count?"
    ),
    "execution": (
        "id namespace *task *task_class *target? *context:object *asked:object session_id? state guidance_id?"
        f" operation_id? approval_id? *plan *reason run_id? step_id? idempotency_key? {_ACTOR} created_at:count"
        f" opened_at:count ended_at:count? {_OUTCOME}"
    ),
    "attempt": (
        "id namespace execution_id agent *task_class *text *choice:object operation_id? started_at:count"
        f" ended_at:count? fingerprint? learnt_at:count? success:number? verified:flag? charged:number {_OUTCOME}"
    ),
    "improvement": (
        "id namespace kind *key *subject *title *reason *before:json *after:json *evidence:object state"
        " probability_better:number? trust by_itself:flag basis:count decided_basis:count? proposed_at:count"
        " trial_at:count? apply_at:count? applied_at:count? ended_at:count? *outcome"
    ),
    "improvement_trial": "improvement_id unit namespace challenger:flag share:count at:count",
    "code_patch": "id namespace repository commit_id stands:flag *left_because changed_at:count",
    "set_aside": "namespace improvement_id memory_id *data:folded?",
    "cycle_report": "namespace cycle to_at:count from_at:count ended_at:count missed:count *body:object",
    "log_template": (
        "namespace *source id *tokens:json level? error:flag count:count first_at:count last_at:count *exemplar *latest"
        " fingerprint? error_memory_id? merged_into?"
    ),
    "log_count": "namespace source template_id bucket:count count:count",
    "metric_series": "namespace id *source *name *labels:object *component counter:flag first_at:count last_at:count",
    "metric_point": "namespace series bucket:count count:count total:number last:number last_at:count",
    "failure_model": "namespace *name *body:json",
    "precursor": "namespace id *events:json *operation",
    "share_peer": "namespace key *name *source? *reason",
    "share_bundle": "namespace id direction *path? *reason",
    "language_use": (
        "namespace day:count *purpose *model calls:count input_tokens:count output_tokens:count cost:number"
    ),
    "alert": (
        "namespace key *event *target? *severity *labels:object *link? group_key? identity state:firing|resolved"
        " told:count fired_at:count changed_at:count seen_at:count said_at:count? operation_id"
    ),
    "inbox": f"namespace id sender *body:object at:count attempts:count *error? {_ACTOR}",
    "job": (
        f"namespace id kind *given:object reads:texts state {_ACTOR} agreed_by_kind? agreed_by_id? agreed_by_proof?"
        " created_at:count started_at:count? finished_at:count? attempts:count done:count total:count?"
        " cancel_requested:flag *result:json? *error? owner? lease_until:count?"
    ),
    "delivery": "namespace id notice_id channel at:count seconds:number *problem?",
    "notice": (
        "id namespace kind subject *body:object created_at:count attempts:count delivered_to:texts delivered_at:count?"
        " *error?"
    ),
    "audit": f"namespace sequence:count at:count {_ACTOR} act subject detail previous_hash hash",
    "segment": (
        "id namespace kind:memory|operation created_at:count first_at:count last_at:count row_count:count sha256"
        " data:bytes"
    ),
}
"""The columns of each kind of line. A value is text unless it says otherwise, and `?` marks what may be null: `json` is
a value that the store keeps as JSON text (`folded`: compressed), `object` and `texts` are JSON of that shape, `a|b` one
of these; `@2` came with that version of the format. `*` marks what can hold a secret: it is redacted when it is
written, and again whenever the rules change. The trail's detail and a procedure's body stay text, because a hash covers
their every character. A column that is called `kind` is named after its line, for `kind` says what a line is."""


class LineField(Struct, frozen=True, kw_only=True):
    """One column in a line: its name there, the sort of value, since which version, and whether redaction covers it."""

    shown: str
    sort: str
    nullable: bool
    since: int
    redacted: bool

    @property
    def absent(self) -> str | None:
        """What a row holds where a line of an older format does not say it."""
        return None if self.nullable else "[]"


def _parsed(kind: str, fields: str) -> dict[str, LineField]:
    found = {}
    for field in fields.split():
        spec, _, since = field.removeprefix("*").partition("@")
        name, _, sort = spec.rstrip("?").partition(":")
        shown = f"{kind}_kind" if name == "kind" else name
        found[name] = LineField(
            shown=shown,
            sort=sort or "text",
            nullable=spec.endswith("?"),
            since=int(since or 1),
            redacted=field.startswith("*"),
        )
    return found


KINDS = {kind: _parsed(kind, fields) for kind, fields in _FIELDS.items()}


def folded(value: Any) -> bytes:
    """Return JSON as a column keeps it that is compressed."""
    return zlib.compress(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())


def unfolded(data: bytes) -> Any:
    """Return the JSON of a column that is compressed."""
    return json.loads(zlib.decompress(data))


FOLLOWS = {"occurrence": ("memory", "memory_id"), "run_step": ("run", "run_id")}
"""Lines that belong to the one before them: of which kind that is, and which column names it."""


def check(kind: str, row: Row) -> None:
    """Raise ValueError, KeyError, TypeError or AttributeError unless every reader of the store can read a row."""
    _READERS.get(kind, dict)(row)


def _version(row: Row) -> None:
    """Check a version of a procedure; what its body says is read by whoever imports, on a higher layer."""
    if hashlib.sha256(row["body"].encode()).hexdigest() != row["hash"]:
        raise ValueError("its body does not fit its hash")
    ActorKind(row["created_kind"])
    if row["activated_kind"] is not None:
        ActorKind(row["activated_kind"])


def _entry(row: Row) -> None:
    if not isinstance(entry_of(row).detail, dict):
        raise ValueError("its detail is no object")


def _closed(kind: type[Struct], text: str) -> Struct:
    """Return what a column holds; raise TypeError for a field that nobody reads: a store's own readers leave it out."""
    return kind(**json.loads(text))


_OF_ONE_STORE: Row = {"owner": None, "due_at": None, "requested": None, "holds_group": 0, "imported_at": None}
"""What the table of runs has besides: who has a run in hand there, and until when."""

_READERS: dict[str, Callable[[Any], object]] = {
    "memory": memory_of,
    "operation": operation_of,
    "feedback": feedback_of,
    "guidance": receipt_of,
    "growth_policy": policy_of,
    "procedure": _version,
    "run": lambda row: run_of({**_OF_ONE_STORE, **row}),
    "run_step": step_of,
    "approval": approval_of,
    "rule": lambda row: rule_of(json.loads(row["body"]), row),
    "rule_mode": lambda row: RuleMode(row["mode"]),
    "namespace_setting": change_of,
    "decision": decision_of,
    "bypass": bypass_of,
    "fix": lambda row: (fix_of(row), _closed(BlastRadius, row["limits"])),
    "fix_application": application_of,
    "evidence": evidence_of,
    "cause_change": cause_change_of,
    "decided_case": case_of,
    "agent": lambda row: (agent_of(row), _closed(AgentLimits, row["limits"])),
    "execution": execution_of,
    "attempt": lambda row: (attempt_of(row), _closed(Choice, row["choice"])),
    "improvement": improvement_of,
    "cycle_report": report_of,
    "log_template": lambda row: [len(token or "") for token in json.loads(row["tokens"])],
    "set_aside": lambda row: row["data"] is None or [each["at"] for each in unfolded(row["data"])],
    "notice": lambda row: notice_of({"next_attempt_at": row["created_at"], **row}),
    "audit": _entry,
}
"""What a row must be readable as before it is taken in."""
