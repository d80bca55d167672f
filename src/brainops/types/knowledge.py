"""What is a memory, who captured it, and what is said of it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypedDict

from msgspec import Meta, Struct

from brainops.types.limits import MAX_MICROS, MAX_REFERENCE_CHARACTERS, MAX_TAG_CHARACTERS, MAX_TAGS

if TYPE_CHECKING:
    import numpy

JSON = None | bool | int | float | str | list[Any] | dict[str, Any]
Micros = Annotated[int, Meta(ge=0, le=MAX_MICROS)]
Share = Annotated[float, Meta(ge=0, le=1)]
Reference = Annotated[str, Meta(min_length=1, max_length=MAX_REFERENCE_CHARACTERS)]
Tags = Annotated[
    tuple[Annotated[str, Meta(max_length=MAX_TAG_CHARACTERS, pattern=r"\S")], ...], Meta(max_length=MAX_TAGS)
]
Progress = Callable[[int, int | None], None]
"""Called with (done, total); total is None where it is not known."""


class MemoryType(StrEnum):
    """The ten kinds of knowledge, as founded."""

    OPERATIONAL_PROCEDURE = "operational_procedure"
    SYSTEM_IMPROVEMENT = "system_improvement"
    ERROR_PATTERN = "error_pattern"
    SUCCESS_PATTERN = "success_pattern"
    DEPLOYMENT_LOG = "deployment_log"
    DECISION_RECORD = "decision_record"
    LEARNING_INSIGHT = "learning_insight"
    AUTOMATION_RULE = "automation_rule"
    PERFORMANCE_METRIC = "performance_metric"
    USER_INTERACTION = "user_interaction"


class Trust(StrEnum):
    """How far a memory may be relied on; external text is always handed out as quoted data."""

    VERIFIED = "verified"
    AGENT = "agent"
    EXTERNAL = "external"


class MemoryState(StrEnum):
    """Where a memory stands. Only `active` is retrieved by default; each of the others can be undone."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    FORGOTTEN = "forgotten"


class ActorKind(StrEnum):
    PERSON = "person"
    AGENT = "agent"
    SERVICE = "service"


class Verdict(StrEnum):
    """What somebody says of a memory after using it."""

    HELPFUL = "helpful"
    WRONG = "wrong"
    OUTDATED = "outdated"


class Actor(Struct, frozen=True, kw_only=True):
    """Who acts: kind, id, and how that was proven ("none" when it was only said)."""

    kind: ActorKind = ActorKind.SERVICE
    id: Reference = "unknown"
    proof: Reference = "none"

    @property
    def remote(self) -> bool:
        """Whether it came over the network: who comes by a key, a sign-in or this machine is that one only."""
        return self.proof.startswith("sign-in:") or (
            self.kind is not ActorKind.PERSON and self.proof in ("key", "token", "loopback", "signature")
        )


NOBODY = Actor()


class Source(Struct, frozen=True, kw_only=True):
    """Where a memory comes from; `key` is its stable identity there, by which an import finds it again."""

    actor: Actor = NOBODY
    session_id: Reference | None = None
    operation_id: Reference | None = None
    run_id: Reference | None = None
    uri: Reference | None = None
    key: Reference | None = None


class Draft(Struct, frozen=True, kw_only=True):
    """A memory that somebody asks to capture, before it is checked, redacted and stored.

    `content` is text or JSON; `importance` lies in 0..1; `valid_from`/`valid_to` are microseconds;
    `subject` names whom or what it is about, for purge by subject.
    """

    title: str
    content: JSON = ""
    type: MemoryType = MemoryType.LEARNING_INSIGHT
    tags: Tags = ()
    importance: Share = 0.5
    metadata: Mapping[str, JSON] = {}
    trust: Trust = Trust.AGENT
    source: Source = Source()
    subject: Reference | None = None
    fingerprint: Reference | None = None
    idempotency_key: Reference | None = None
    valid_from: Micros | None = None
    valid_to: Micros | None = None


class DraftFields(TypedDict, total=False):
    """What may be said of a draft besides its title and content; None is as good as unsaid."""

    type: MemoryType | str | None
    tags: Iterable[str] | None
    importance: float | None
    metadata: Mapping[str, JSON] | None
    trust: Trust | str | None
    source: Source | None
    subject: str | None
    fingerprint: str | None
    idempotency_key: str | None
    valid_from: int | None
    valid_to: int | None


class Memory(Struct, frozen=True, kw_only=True):
    """A captured piece of knowledge as it stands in the store."""

    id: str
    namespace: str
    type: MemoryType
    title: str
    content: JSON
    tags: tuple[str, ...]
    importance: float
    metadata: Mapping[str, JSON]
    trust: Trust
    source: Source
    subject: str | None
    fingerprint: str | None
    occurrences: int
    state: MemoryState
    created_at: Micros
    updated_at: Micros
    last_seen_at: Micros
    valid_from: Micros
    valid_to: Micros | None
    supersedes: str | None
    superseded_by: str | None
    feedback: float


class Finding(Struct, frozen=True, kw_only=True):
    """What redaction took out: its kind and how often, never the value."""

    kind: str
    count: int


class Captured(Struct, frozen=True, kw_only=True):
    """The acknowledgement of a capture: it is durable when this is returned.

    `repeated` says that the same memory stood there already and was counted; `similar` names near ones (never merged);
    `redacted` says what was taken out; `notes` says whatever else was changed (replaced characters, stripped blocks).
    """

    id: str
    namespace: str
    occurrences: int
    repeated: bool
    created_at: Micros
    redacted: tuple[Finding, ...] = ()
    similar: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Filter(Struct, frozen=True, kw_only=True):
    """Which memories a search may return; None and () mean "any". All conditions hold together, tags are all required.

    `since`/`until` bound `created_at`; `as_of` asks what was known and valid at that time;
    `include_archived` adds archived memories, `include_superseded` adds replaced ones.
    """

    types: tuple[MemoryType, ...] = ()
    tags: tuple[str, ...] = ()
    trust: tuple[Trust, ...] = ()
    namespaces: tuple[str, ...] = ()
    session_id: str | None = None
    since: Micros | None = None
    until: Micros | None = None
    as_of: Micros | None = None
    include_archived: bool = False
    include_superseded: bool = False


class Explanation(Struct, frozen=True, kw_only=True):
    """Why a hit stands where it stands: the parts of its score, and the words that it shares with the query."""

    lexical: float | None = None
    dense: float | None = None
    neighbour: float = 0.0
    prior: float = 0.0
    terms: tuple[str, ...] = ()


class Hit(Struct, frozen=True, kw_only=True):
    """A retrieved memory: `score` orders the list; `confidence` is the calibrated probability that it answers.

    `passage` is the part of a long memory that answers best; None where the memory is not longer than one.
    """

    memory: Memory
    score: float
    confidence: float
    why: Explanation
    passage: str | None = None


class Frame(Struct, frozen=True, kw_only=True):
    """One stack frame without its line number."""

    module: str
    function: str
    in_app: bool = True


class ErrorEvent(Struct, frozen=True, kw_only=True):
    """An error as it was seen: its type, message and frames (innermost last), and which service said so."""

    type: str = ""
    message: str = ""
    frames: tuple[Frame, ...] = ()
    service: str | None = None


NO_ERROR = ErrorEvent()


class Fingerprint(Struct, frozen=True, kw_only=True):
    """The identity of an error: `digest` (32 hex characters) decides, `label` is its readable template."""

    version: int
    digest: str
    label: str


class Match(Struct, frozen=True, kw_only=True):
    """A known memory for an error: `exact` by fingerprint, otherwise similar with a calibrated probability.

    `bound_by` names the memory that led here: an alert that names this runbook as its own.
    """

    memory: Memory
    exact: bool
    probability: float
    why: Explanation = Explanation()
    bound_by: str | None = None


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One line of the append-only trail; `hash` covers the line and the hash before it."""

    sequence: int
    namespace: str
    at: Micros
    actor: Actor
    act: str
    subject: str
    detail: Mapping[str, JSON]
    previous_hash: str
    hash: str


class Feedback(Struct, frozen=True, kw_only=True):
    """A verdict on a memory; `correction_id` names the memory that holds the right answer."""

    id: str
    memory_id: str
    verdict: Verdict
    actor: Actor
    at: Micros
    note: str | None
    correction_id: str | None
    undone_at: Micros | None


class MemoryUse(Struct, frozen=True, kw_only=True):
    """What became of a memory: how often it was handed out, advised and followed, and how that went.

    `given` counts the receipts that named it first; of `followed`, `right` went well and `wrong` did not or was
    contradicted, the others have not ended. `operations` are the newest that followed it.
    """

    retrieved: int = 0
    given: int = 0
    followed: int = 0
    right: int = 0
    wrong: int = 0
    operations: tuple[str, ...] = ()


class MatchCounts(Struct, frozen=True, kw_only=True):
    """How many memories match, by type, trust and tag; of what is more than `most`, so many were looked at.

    `without` says, where none matches, how many would without each condition, those first that let in the most.
    """

    total: int
    most: int
    types: Mapping[str, int] = {}
    trust: Mapping[str, int] = {}
    tags: Mapping[str, int] = {}
    without: Mapping[str, int] = {}


class Check(Struct, frozen=True, kw_only=True):
    """One part of a health check: PASS or FAIL, what was seen, and the way out."""

    name: str
    passed: bool
    detail: str
    way_out: str = ""


class Junk(Struct, frozen=True, kw_only=True):
    """One thing that makes memory worse to read, and the command that mends it."""

    kind: str
    memory_ids: tuple[str, ...]
    detail: str
    command: str


class Embedder(Protocol):
    """Turns texts into unit vectors; `model_id` names the space that they live in."""

    model_id: str
    dimension: int

    def embed(self, texts: Sequence[str]) -> numpy.ndarray:
        """Return float32 rows of length 1, shape (len(texts), dimension)."""
        ...
