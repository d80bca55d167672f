"""What is a procedure: when does it apply, what are its steps, and which of its versions holds?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from brainops.types.knowledge import JSON, Actor, AuditEntry, Micros, Trust

Condition = str
"""A CEL expression over inputs, steps, operation, memory and run; true lets the thing happen."""


class Mode(StrEnum):
    """How binding a procedure is: advice, to be followed or excused, or to be followed to the letter."""

    ADVISORY = "advisory"
    REQUIRED = "required"
    STRICT = "strict"


class ProcedureState(StrEnum):
    """Where one version stands; of each name at most one version is active."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class Owner(StrEnum):
    """Where a procedure changes: in a git repository by `procedure apply`, or in the store."""

    GIT = "git"
    STORE = "store"


class StepKind(StrEnum):
    """What a step does."""

    COMMAND = "command"
    CHECK = "check"
    CALL = "call"
    HTTP = "http"
    AGENT = "agent"
    DECIDE = "decide"
    CAPTURE = "capture"
    RETRIEVE = "retrieve"
    PROCEDURE = "procedure"
    APPROVAL = "approval"
    WAIT = "wait"
    MANUAL = "manual"


class Trigger(Struct, frozen=True, kw_only=True):
    """When a procedure applies: any one of `operations`, `events`, `fingerprints` and `intents` must match, on one of
    the `targets` where these are filled, and `when` must hold besides. Targets or `when` alone cover every operation.

    `operations`, `targets` and `events` are globs; `fingerprints` are digests of errors; `intents` are example phrases.
    """

    operations: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    when: Condition | None = None


class Retry(Struct, frozen=True, kw_only=True):
    """How often a step is tried in all, and how long it waits in between: wait * factor ** n, spread by `jitter`."""

    attempts: int = 1
    wait_seconds: float = 1.0
    factor: float = 2.0
    max_wait_seconds: float = 300.0
    jitter: float = 0.2


class Action(Struct, frozen=True, kw_only=True):
    """Something that can be done: the kind of step and its parameters (`with`), in which ${{ CEL }} is filled in."""

    uses: StepKind
    parameters: Mapping[str, JSON] = {}


class Verification(Struct, frozen=True, kw_only=True):
    """What shows that a step did its work: a condition over its output, or an action that succeeds."""

    condition: Condition | None = None
    action: Action | None = None


class Step(Struct, frozen=True, kw_only=True):
    """One step. `needs` names the steps that must be done before (written out: a step that names none in the file needs
    the one above it). `satisfies` names steps or operations that count as done when this one succeeded. `secrets` names
    the procedure's secrets that this step may resolve. `text` is what a person or an agent reads of it.
    """

    id: str
    name: str = ""
    action: Action
    text: str = ""
    condition: Condition | None = None
    needs: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    retry: Retry = Retry()
    continue_on_error: bool = False
    verify: Verification | None = None
    compensate: Action | None = None
    satisfies: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class Concurrency(Struct, frozen=True, kw_only=True):
    """Which runs exclude each other: those of an equal `group` (a template); and what a second one does."""

    group: str = "${{ procedure.name }}:${{ run.target }}"
    on_conflict: Literal["queue", "drop", "attach"] = "attach"


class Example(Struct, frozen=True, kw_only=True):
    """A declared example: with these inputs, and steps that answer so (`output`, `error` or `waits`), this is expected.

    `expect` may name `state`, `outputs`, `succeeded`, `failed`, `skipped`, `undone` and `order` (step ids).
    """

    name: str
    inputs: Mapping[str, JSON] = {}
    target: str | None = None
    steps: Mapping[str, Mapping[str, JSON]] = {}
    expect: Mapping[str, JSON] = {}


class Procedure(Struct, frozen=True, kw_only=True):
    """A procedure that is valid because it exists: parsed, its graph without a cycle, its conditions checked.

    `inputs` is a JSON Schema of an object; `outputs` names templates; `secrets` maps a name to its reference
    ("env:NAME", "file:PATH", "command:ARGV as JSON"); `expected_outcomes` are conditions, checked at the end. `tests`
    are declared examples; `skill` holds what only a SKILL.md's readers use (license, compatibility, metadata, ...).
    """

    name: str
    description: str = ""
    mode: Mode = Mode.ADVISORY
    triggers: tuple[Trigger, ...] = ()
    inputs: Mapping[str, JSON] = {}
    steps: tuple[Step, ...] = ()
    outputs: Mapping[str, str] = {}
    expected_outcomes: tuple[Condition, ...] = ()
    secrets: Mapping[str, str] = {}
    concurrency: Concurrency = Concurrency()
    tags: tuple[str, ...] = ()
    tests: tuple[Example, ...] = ()
    skill: Mapping[str, JSON] = {}
    prose: str = ""

    def step(self, step_id: str) -> Step | None:
        """Return the step of this id."""
        return next((step for step in self.steps if step.id == step_id), None)


class ProcedureVersion(Struct, frozen=True, kw_only=True):
    """A stored procedure: immutable, known by the SHA-256 of its canonical form; only its state changes.

    `number` counts the versions of a name in its namespace from 1; `source` is the text it was read from, `trust` how
    far whoever brought that text may be relied on.
    """

    id: str
    namespace: str
    number: int
    hash: str
    procedure: Procedure
    state: ProcedureState
    owner: Owner
    source: str
    path: str | None
    created_at: Micros
    created_by: Actor
    activated_at: Micros | None = None
    activated_by: Actor | None = None
    retired_at: Micros | None = None
    reason: str = ""
    trust: Trust = Trust.AGENT


class Change(Struct, frozen=True, kw_only=True):
    """What `apply` does, or would do, with one procedure: a new version, none, or a refusal with its reason.

    `action` is new, changed, unchanged, missing (in the store, and in no file), retired or refused; `state` is where
    the version stands afterwards.
    """

    name: str
    action: Literal["new", "changed", "unchanged", "missing", "retired", "refused"]
    state: ProcedureState
    path: str | None = None
    number: int | None = None
    note: str = ""


class Applied(Struct, frozen=True, kw_only=True):
    """What `apply` did with a folder, or would do, by name."""

    changes: tuple[Change, ...]
    dry_run: bool = False

    @property
    def drift(self) -> bool:
        """Whether files and store differ, or differed before they were applied."""
        return any(change.action != "unchanged" or change.note for change in self.changes)


class ProcedureHistory(Struct, frozen=True, kw_only=True):
    """How a procedure came to be as it is: its versions, newest first, and who did what to it, oldest first."""

    versions: tuple[ProcedureVersion, ...]
    acts: tuple[AuditEntry, ...]


class TriggerMatch(Struct, frozen=True, kw_only=True):
    """A procedure that applies: why, how sure that is, and whether it was set off by a name, event or error (`pushed`)
    or is what somebody's words mean.
    """

    version: ProcedureVersion
    reason: str
    confidence: float
    pushed: bool


class TriggerDecision(Struct, frozen=True, kw_only=True):
    """Which procedure somebody's words mean (None: no procedure can be told from words), and how probably."""

    procedure: str | None
    confidence: float


class ExampleResult(Struct, frozen=True, kw_only=True):
    """How a declared example went, by the real machine with steps that only answer: what differs from what it expects.

    `order` are the steps in the order in which they ended, `undone` those that were taken back.
    """

    name: str
    differences: tuple[str, ...]
    state: str
    outputs: JSON = None
    order: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it went as expected."""
        return not self.differences
