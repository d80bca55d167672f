"""What did learning find, what did it change, and how is that undone?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from brainops.types.keyed import Keyed
from brainops.types.knowledge import JSON, Actor, MemoryType, Micros, Trust


class Cycle(StrEnum):
    """How often something is learnt."""

    FIVE_MINUTES = "five_minutes"
    HOURLY = "hourly"
    DAILY = "daily"


class Insight(Struct, frozen=True, kw_only=True):
    """What learning found: `key` is the same whenever the same thing is found again, which then replaces it.

    `probability` is how sure it is; `operations` are examples of what it rests on; `since` is when it began. A title
    says what holds, without figures that change from hour to hour: those stand in the statement and the evidence.
    """

    key: str
    title: str
    statement: str
    probability: float
    since: Micros | None = None
    operations: tuple[str, ...] = ()
    evidence: Mapping[str, JSON] = {}
    tags: tuple[str, ...] = ()
    importance: float = 0.5
    trust: Trust = Trust.AGENT
    type: MemoryType = MemoryType.LEARNING_INSIGHT


class Section(Struct, frozen=True, kw_only=True):
    """What one part of a cycle did: lines that a person reads, figures that a program reads."""

    title: str
    lines: tuple[str, ...] = ()
    figures: Mapping[str, JSON] = {}


class CycleReport(Struct, frozen=True, kw_only=True):
    """What a cycle found and did. `missed` counts the times it was due before and nobody went through it.

    `insights` and `improvements` are ids of what is new or changed; `held` is why what would have been changed by
    itself was not.
    """

    cycle: Cycle
    namespace: str
    from_at: Micros
    to_at: Micros
    ended_at: Micros
    sections: tuple[Section, ...] = ()
    insights: tuple[str, ...] = ()
    improvements: tuple[str, ...] = ()
    missed: int = 0
    held: str = ""

    def text(self) -> str:
        """Return the report as a person reads it: what there is to say first, what was quiet in one line."""
        lines = [f"# {CYCLE_NAMES[self.cycle]}, {_moment(self.from_at)} to {_moment(self.to_at)} UTC"]
        if self.missed:
            lines += ["", f"It was due {self.missed} more times in that time; this report covers them all."]
        if self.held:
            lines += ["", f"Nothing was changed by itself: {self.held}."]
        for section in self.sections:
            if section.lines:
                lines += ["", f"## {section.title}", "", *(f"- {line.removeprefix('- ')}" for line in section.lines)]
        quiet = [section.title.lower() for section in self.sections if not section.lines]
        if len(quiet) == len(self.sections):
            lines += ["", "Nothing new."]
        elif quiet:
            lines += ["", f"Nothing new: {', '.join(quiet)}."]
        return "\n".join(lines) + "\n"


class CycleStanding(Struct, frozen=True, kw_only=True):
    """Where a cycle stands: how far it went, when it ran last, when it is due next, whether somebody is at it.

    `parts` is what it does: a sentence for each name.
    """

    cycle: Cycle
    through_at: Micros | None
    ran_at: Micros | None
    next_at: Micros
    running: bool
    parts: Mapping[str, str] = {}


CYCLE_NAMES = {Cycle.FIVE_MINUTES: "Five minutes", Cycle.HOURLY: "Hourly", Cycle.DAILY: "Daily"}


def _moment(at: Micros) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M")


class ImprovementKind(StrEnum):
    """What an improvement changes."""

    PROCEDURE = "procedure"
    RULE = "rule"
    FIX = "fix"
    ROUTING = "routing"
    TIMEOUT = "timeout"
    RETRY = "retry"
    RETRIEVAL = "retrieval"
    CODE = "code"
    MEMORY = "memory"


class ImprovementState(StrEnum):
    """Where an improvement stands.

    `proposed` waits for evidence or a person, `planned` for its time, `trial` is tried beside what it would replace,
    `applied` is watched, `kept` held, `rolled_back` was worse, `undone` was taken back by somebody, `rejected` never
    came into force.
    """

    PROPOSED = "proposed"
    PLANNED = "planned"
    TRIAL = "trial"
    APPLIED = "applied"
    KEPT = "kept"
    ROLLED_BACK = "rolled_back"
    UNDONE = "undone"
    REJECTED = "rejected"


class Improvement(Struct, frozen=True, kw_only=True):
    """A change that the system makes, or would make, to itself: with its evidence, and what it was before and after.

    `key` is the same whenever the same improvement is found again. `probability_better` is from an always-valid test of
    what is tried against what it replaces. `by_itself` is whether nobody was asked. `basis` counts the verified or
    observed outcomes that it rests on: once it was decided, it is not proposed again before there are more.
    """

    id: str
    namespace: str
    kind: ImprovementKind
    key: str
    subject: str
    title: str
    reason: str
    before: JSON
    after: JSON
    evidence: Mapping[str, JSON]
    state: ImprovementState
    probability_better: float | None
    trust: Trust
    by_itself: bool
    proposed_at: Micros
    basis: int = 0
    trial_at: Micros | None = None
    apply_at: Micros | None = None
    applied_at: Micros | None = None
    ended_at: Micros | None = None
    outcome: str = ""

    @property
    def undo(self) -> str:
        """The one command that takes it back."""
        return f"brainops improvements undo {self.id}"


class CodeRepository(Struct, frozen=True, kw_only=True):
    """A git repository whose code may be improved: where it is, which branch, and the command that tests it.

    `test` is a list of arguments. `automation` lets patches touch what runs by itself in continuous integration;
    `by_itself` lets a patch whose tests pass, and that rests on no agent's word, apply itself after a day.
    """

    name: str
    path: str
    branch: str
    test: tuple[str, ...]
    timeout_seconds: float = 600.0
    automation: bool = False
    by_itself: bool = False


class Anomaly(Struct, frozen=True, kw_only=True):
    """A point of a series that is unlike what came before: `score` is 0 to 1, and above the shipped line it is told."""

    series: str
    at: Micros
    value: float
    expected: float
    score: float


class LogTemplate(Struct, frozen=True, kw_only=True):
    """Lines of a log that say the same thing: `text` with <*> for what varies, how many, and one of them as it was.

    `error` is whether they tell of a failure; `fingerprint` and `error_memory_id` are of what memory knows about it.
    """

    id: str
    source: str
    text: str
    level: str | None
    error: bool
    count: int
    first_at: Micros
    last_at: Micros
    exemplar: str
    latest: str
    fingerprint: str | None = None
    error_memory_id: str | None = None


class TemplateTrend(Struct, frozen=True, kw_only=True):
    """How often a template came `lately` and in a stretch as long `before`: `standing` is new, rising or "".

    `counts` are its lines in each step of `step_seconds`, the oldest first, up to now.
    """

    id: str
    source: str
    text: str
    level: str | None
    error: bool
    lately: int
    before: int
    first_at: Micros
    exemplar: str
    standing: str = ""
    counts: tuple[int, ...] = ()
    step_seconds: float = 0.0
    error_memory_id: str | None = None


class Metric(Struct, frozen=True, kw_only=True):
    """A series of numbers that is kept: what is measured, of which component; a counter is shown as its rate."""

    id: str
    name: str
    component: str
    source: str
    counter: bool
    labels: Mapping[str, JSON]
    first_at: Micros
    last_at: Micros


class Ingested(Struct, frozen=True, kw_only=True):
    """What was taken from a log or a page of metrics. `resumed` is where reading went on in a file that grew.

    `new` are templates that no line had before, those of errors first. `untimed` lines have no time that could be
    read: they are counted, and stand in no minute. `left_out` says what was not kept, and why; `notes` what was read
    otherwise than it stands (a time, an encoding).
    """

    source: str
    lines: int = 0
    samples: int = 0
    errors: int = 0
    templates: int = 0
    series: int = 0
    new: tuple[LogTemplate, ...] = ()
    known: tuple[str, ...] = ()
    resumed: int = 0
    untimed: int = 0
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Precursor(Struct, frozen=True, kw_only=True):
    """Something after which operations fail more often than else, and that was seen lately.

    `key` names what it is ("template:ID", "operation:NAME:failed"); `probability` is how often an operation named
    `operation` (None: any) failed within `within_seconds` of it, `lift` how many times the usual rate that is, over
    `cases` such times. `at` is when it was last seen.
    """

    key: str
    statement: str
    operation: str | None
    probability: float
    lift: float
    cases: int
    within_seconds: float
    at: Micros


class Suspect(Struct, frozen=True, kw_only=True):
    """A likely root cause of an incident: what it is, how strongly the record points to it, and why."""

    name: str
    score: float
    reasons: tuple[str, ...]
    evidence: Mapping[str, JSON] = {}


class CaseDecision(Struct, frozen=True, kw_only=True):
    """What past cases say of a new one: `outputs` is None where it abstains; `probability` is calibrated.

    `cases` is how many it was learned from, `rests_on` the ids of those that speak for it most, `reason` names them or
    the rule. `leaning` is what it would have said where it abstains. `id` is that of a decision that was kept.
    """

    outputs: Mapping[str, JSON] | None
    probability: float
    cases: int
    reason: str
    rests_on: tuple[str, ...] = ()
    leaning: Mapping[str, JSON] | None = None
    id: str | None = None

    @property
    def abstained(self) -> bool:
        """Whether it leaves the decision to somebody else."""
        return self.outputs is None


class CaseStanding(StrEnum):
    """How a case stands: `stands` is learned from, `open` was decided here and confirmed by nobody, `replaced` is not.

    Nothing is learned from an open one: a wrong decision would teach itself.
    """

    STANDS = "stands"
    OPEN = "open"
    REPLACED = "replaced"


class DecidedCase(Struct, frozen=True, kw_only=True):
    """A case and how it was decided. `origin` is told, answer, import, confirmed, corrected or decided (by itself).

    `expected` is what was thought of its probability before the right answer was known, as the model said it, and
    `expected_right` whether that was right: the record that confidence is calibrated on.
    """

    id: str
    namespace: str
    name: str
    inputs: Mapping[str, JSON]
    outputs: Mapping[str, JSON]
    trust: Trust
    standing: CaseStanding
    origin: str
    decided_at: Micros
    decided_by: Actor
    expected: float | None = None
    expected_right: bool | None = None
    source: str | None = None
    replaces: str | None = None
    run_id: str | None = None
    step_id: str | None = None


class HealthFigure(Struct, frozen=True, kw_only=True):
    """One figure of health: its value, its unit, what it was counted from, and how.

    The value is None while fewer than `least` cases are counted: a share of one case says nothing.
    """

    name: str
    value: float | None
    unit: str
    counted: int
    formula: str
    least: int = 0
    detail: Mapping[str, JSON] = {}


class SeriesPoint(Struct, frozen=True, kw_only=True):
    """A figure over one step, which begins `at`; None where nothing was counted, or less than the figure takes."""

    at: Micros
    value: float | None
    counted: int


class Series(Struct, frozen=True, kw_only=True):
    """How a figure went over time, the oldest step first; the last step may be shorter."""

    figure: str
    unit: str
    step_seconds: float
    formula: str
    points: tuple[SeriesPoint, ...]


class Briefing(Keyed, frozen=True, kw_only=True):
    """What somebody reads when a session opens, in the founding order; `text` is a screen, `block` for an agent.

    Reads like a mapping with the founding names: `session["system_status"]`, `session["memory_context"]`.
    """

    session_id: str
    namespace: str
    at: Micros
    system_status: Mapping[str, Any]
    operational_procedures: Sequence[Mapping[str, JSON]]
    memory_context: Mapping[str, Sequence[Mapping[str, JSON]]]
    frameworks: Sequence[Mapping[str, JSON]]
    monitoring_loops: Sequence[Mapping[str, JSON]]
    session_summary: Sequence[str]
    text: str = ""
    block: str = ""


class SessionRecord(Struct, frozen=True, kw_only=True):
    """What the record holds of a session: who opened it and when, and what was done in it since."""

    session_id: str
    opened_at: Micros | None
    actor: Actor | None
    operations: int
    failed: int
    open: int
    receipts: int
    memories: int
    last_at: Micros | None


class CalibrationBar(Struct, frozen=True, kw_only=True):
    """Advice of which about the same was said: how sure it was, the share that was right, its 90 % bounds, how many."""

    said: float
    right: float
    low: float
    high: float
    cases: int


class CalibrationRecord(Struct, frozen=True, kw_only=True):
    """Whether advice was as sure as it said: `error` is the mean distance, None without cases."""

    bars: tuple[CalibrationBar, ...]
    error: float | None
    cases: int


class ReportLine(Struct, frozen=True, kw_only=True):
    """One figure of a report beside the time before; None where there was nothing to count."""

    name: str
    value: float | None
    before: float | None
    unit: str
    counted: int
    counted_before: int
    formula: str


class Report(Struct, frozen=True, kw_only=True):
    """What a time brought, beside the time of the same length before it."""

    namespace: str
    from_at: Micros
    to_at: Micros
    lines: Sequence[ReportLine]


class Peer(Struct, frozen=True, kw_only=True):
    """An instance that is listened to: its public key, the name that it has here, and where its bundles are."""

    key: str
    name: str
    source: str | None
    added_at: Micros
    added_by: Actor
    revoked_at: Micros | None
    reason: str


class Shared(Struct, frozen=True, kw_only=True):
    """A bundle that was written: what is in it, by kind, and what it takes back."""

    bundle: str
    path: str
    counts: dict[str, int]
    revoked: int


class Received(Struct, frozen=True, kw_only=True):
    """What a bundle brought: by kind and outcome ("insight taken"), what was refused and why, what a person must do."""

    bundle: str
    key: str
    name: str
    counts: dict[str, int]
    refused: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
