"""What is an operation, what does memory say of it beforehand, and how did it end?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from brainops.types.keyed import Keyed
from brainops.types.knowledge import JSON, NO_ERROR, NOBODY, Actor, ErrorEvent, Micros, Trust
from brainops.types.next_tries import NextTries


class ActionClass(StrEnum):
    """What an operation can do: read-only is never gated, destructive always, the rest once a task."""

    READ_ONLY = "read_only"
    CHANGING = "changing"
    DESTRUCTIVE = "destructive"


class Evidence(StrEnum):
    """What an outcome rests on: somebody's word, what BrainOps saw itself, or a check that ran afterwards."""

    CLAIMED = "claimed"
    OBSERVED = "observed"
    VERIFIED = "verified"


Consult = Literal["never", "cached", "always"]
Record = Literal["async", "durable"]


class Succeeded(Struct, frozen=True, kw_only=True, tag_field="state", tag="succeeded"):
    """An operation that reached its end."""

    result: JSON = None
    duration_seconds: float | None = None
    cost: float | None = None
    evidence: Evidence = Evidence.OBSERVED


class Failed(Struct, frozen=True, kw_only=True, tag_field="state", tag="failed"):
    """An operation that did not: what went wrong, and what else is known."""

    error: ErrorEvent = NO_ERROR
    result: JSON = None
    duration_seconds: float | None = None
    cost: float | None = None
    evidence: Evidence = Evidence.OBSERVED


Outcome = Succeeded | Failed


class OperationStart(Struct, frozen=True, kw_only=True):
    """Something that somebody is about to do."""

    name: str
    target: str | None = None
    context: Mapping[str, JSON] = {}
    action_class: ActionClass = ActionClass.CHANGING
    actor: Actor = NOBODY
    session_id: str | None = None
    parent_id: str | None = None


class Operation(Struct, frozen=True, kw_only=True):
    """A begun or finished operation as it stands in the log; `outcome` is None while it runs."""

    id: str
    namespace: str
    start: OperationStart
    guidance_id: str | None
    started_at: Micros
    finished_at: Micros | None
    outcome: Outcome | None
    fingerprint: str | None
    error_memory_id: str | None
    followed_id: str | None
    contradicted_at: Micros | None
    contradiction: str | None


class Recommendation(Struct, frozen=True, kw_only=True):
    """One thing that can be done: which memory says so, and how probable it is that following it is right.

    Of a procedure (`kind` "procedure") `memory_id` is the version's id and `name` can be executed; of a fix its id.
    `reason` says what fits and what became of following it; the confidence of what nobody followed is under one half.
    """

    memory_id: str
    name: str
    kind: str
    text: str
    confidence: float
    trust: Trust
    reason: str


class Observation(Struct, frozen=True, kw_only=True):
    """One thing that memory saw and nobody can do: an error, an insight, a log; `probability` is that it is about this.

    `reason` says what fits.
    """

    memory_id: str
    name: str
    kind: str
    text: str
    probability: float
    trust: Trust
    reason: str


class SimilarOperation(Struct, frozen=True, kw_only=True):
    """An earlier operation like this one, and how it ended."""

    operation_id: str
    name: str
    target: str | None
    succeeded: bool | None
    started_at: Micros
    error: str | None


class RecommendedAgent(Struct, frozen=True, kw_only=True):
    """Who has done best at this kind of task, and why, in one sentence with its numbers."""

    name: str
    sentence: str


class Guidance(Keyed, frozen=True, kw_only=True):
    """What memory says about an operation; its id is the receipt that memory was consulted.

    `confidence` is the calibrated probability that the primary recommendation, if followed, is verified right (0 when
    there is none, under one half where nobody followed it yet); `failure_probability` is that the operation fails, and
    `failure_reasons` say what that rests on, in sentences with numbers. `recommendations` can be done; `known_errors`
    and `insights` (what was learned, measured or logged) stand beside them as what was seen. `recommended_agent` is who
    does such tasks best. `next_tries` is what to try against the error in the context, where it names one: the same as
    `evidence.next_tries` says.
    `required_ids` must be acknowledged: required and strict procedures, and critical errors; `procedures` are the
    active versions that apply (NAME@HASH). Reads like a
    mapping where the founding samples do: `guidance["confidence"]`, `guidance["primary_recommendation"]["name"]`.
    """

    id: str
    namespace: str
    operation: OperationStart
    created_at: Micros
    expires_at: Micros
    confidence: float
    failure_probability: float | None
    primary_recommendation: Recommendation | None
    recommendations: tuple[Recommendation, ...] = ()
    known_errors: tuple[Observation, ...] = ()
    similar_operations: tuple[SimilarOperation, ...] = ()
    required_ids: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failure_reasons: tuple[str, ...] = ()
    insights: tuple[Observation, ...] = ()
    recommended_agent: RecommendedAgent | None = None
    next_tries: NextTries | None = None
