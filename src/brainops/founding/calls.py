"""What can a `call` step ask of the memory that runs it? The functions named brainops.*."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from msgspec.structs import replace

from brainops.errors import StepFailed
from brainops.memory.meaning import embed_pending
from brainops.memory.recognition.match import match
from brainops.operations.operation import start_of
from brainops.procedures.fixes import configuration
from brainops.procedures.fixes.confidence import may_apply
from brainops.procedures.fixes.fix_procedure import READ_CONFIGURATION, SET_CONFIGURATION
from brainops.types import (
    JSON,
    ApplicationState,
    Cycle,
    Failed,
    Filter,
    FixMode,
    ImprovementKind,
    ImprovementState,
    Memory,
)
from brainops.types.limits import SHOWN
from brainops.types.times import HOUR_MICROS
from brainops.wire import plain
from brainops_core.recognition.error_events import error_title

if TYPE_CHECKING:
    from brainops.config import Settings
    from brainops.learning.cycles.cycles import Learning
    from brainops.learning.improvements.improvements import Improvements
    from brainops.memory.context import MemoryContext
    from brainops.memory.uses import Uses
    from brainops.operations.guard.enforcement import Guard
    from brainops.operations.operation import OperationLog
    from brainops.operations.recorder import Recorder
    from brainops.procedures.fixes.fixes import Fixes

Call = Callable[[Mapping[str, Any]], JSON]

TEXT_CHARACTERS = 500
REPORT_CHARACTERS = 4_000  # of what cycles found: two screens
RECENT_OPERATIONS = 1_000  # what the log gives at once
MAX_JUNK = 100  # that one audit names
MAX_EMBEDDED = 10_000  # memories that one step embeds: about a minute on a laptop


class MemoryParts(Protocol):
    """What the functions ask: the parts that an actor works with, each made when first asked for."""

    context: MemoryContext
    settings: Settings
    recorder: Recorder
    uses: Uses

    @property
    def operations(self) -> OperationLog:
        """Who says what memory knows of an operation."""
        ...

    @property
    def fixes(self) -> Fixes:
        """The fixes of errors."""
        ...

    @property
    def guard(self) -> Guard:
        """Who counts compliance."""
        ...

    @property
    def learning(self) -> Learning:
        """The cycles."""
        ...

    @property
    def improvements(self) -> Improvements:
        """What is planned to change."""
        ...


def calls(memory: MemoryParts) -> dict[str, Call]:
    """Return every function by its name; each takes a mapping of arguments and returns small JSON."""
    return {
        "brainops.guidance": lambda given: _guidance(memory, given),
        "brainops.match": lambda given: _match(memory, given),
        "brainops.fixes": lambda given: _fixes(memory, given),
        "brainops.apply_fix": lambda given: _apply_fix(memory, given),
        "brainops.recent": lambda given: _recent(memory, given),
        "brainops.compliance": lambda given: _compliance(memory, given),
        "brainops.learn": lambda given: _learn(memory, given),
        "brainops.memory_plans": lambda given: _memory_plans(memory),
        "brainops.embed_pending": lambda given: {
            "embedded": embed_pending(
                memory.context.store,
                memory.context.meaning,
                limit=min(MAX_EMBEDDED, int(_number(given, "limit", 1_000))),
            )
        },
        "brainops.audit": lambda given: _audit(memory),
        "brainops.doctor": lambda given: _doctor(memory),
        READ_CONFIGURATION: configuration.read,
        SET_CONFIGURATION: configuration.change,
    }


def _guidance(memory: MemoryParts, given: Mapping[str, Any]) -> JSON:
    context = given.get("context")
    said = context if isinstance(context, Mapping) else None
    actor, session = memory.context.actor, memory.settings.session
    found = memory.operations.guidance(start_of(_text(given, "name"), given.get("target"), said, actor, session))
    primary = (
        None
        if found.primary_recommendation is None
        else {"name": found.primary_recommendation.name, "text": found.primary_recommendation.text}
    )
    return {
        "receipt": found.id,
        "confidence": found.confidence,
        "failure_probability": found.failure_probability or 0.0,
        "primary": primary,
        "known_errors": [each.name for each in found.known_errors[:SHOWN]],
        "similar": [
            {"operation": each.operation_id, "succeeded": each.succeeded, "error": each.error}
            for each in found.similar_operations[:SHOWN]
        ],
    }


def _match(memory: MemoryParts, given: Mapping[str, Any]) -> JSON:
    """Return the matches as they are everywhere; of a memory whose content is long, its beginning."""
    found = match(memory.context, _text(given, "error"), service=None, wanted=Filter(), limit=SHOWN)
    memory.uses.add(memory.context.store, "match", (each.memory for each in found))
    return {"matches": [plain(replace(each, memory=_shortened(each.memory))) for each in found]}


def _shortened(memory: Memory) -> Memory:
    content = memory.content if isinstance(memory.content, str) else json.dumps(memory.content, ensure_ascii=False)
    return memory if len(content) <= REPORT_CHARACTERS else replace(memory, content=content[:REPORT_CHARACTERS])


def _fixes(memory: MemoryParts, given: Mapping[str, Any]) -> JSON:
    """Return the fixes of an error; `proven` is the one that may be applied without asking, or ""."""
    found = memory.fixes.suggest(_text(given, "error"))
    proven = [
        each.fix.id for each in found if each.exact and each.fix.mode is FixMode.AUTO and may_apply(each.confidence)
    ]
    return {
        "proven": proven[0] if proven else "",
        "suggestions": [
            {"fix": each.fix.id, "title": each.fix.title, "exact": each.exact, "confidence": each.confidence.value}
            for each in found[:SHOWN]
        ],
    }


def _apply_fix(memory: MemoryParts, given: Mapping[str, Any]) -> JSON:
    done = memory.fixes.apply(_text(given, "fix"), target=given.get("target"))
    helped = done.state in (ApplicationState.APPLIED, ApplicationState.VERIFIED)
    return {"application": done.id, "state": done.state.value, "helped": helped, "reason": done.reason}


def _recent(memory: MemoryParts, given: Mapping[str, Any]) -> JSON:
    since = time.time_ns() // 1_000 - int(_number(given, "hours", 1.0) * HOUR_MICROS)
    memory.recorder.flush()
    with memory.context.store.read() as tx:
        log = tx.operations.list(name=None, target=None, outcome=None, since=since, limit=RECENT_OPERATIONS)
    ended = [each for each in log if each.outcome is not None]
    errors = Counter(
        error_title(each.outcome.error)[:TEXT_CHARACTERS] for each in ended if isinstance(each.outcome, Failed)
    )
    return {
        "begun": len(log),
        "finished": len(ended),
        "failed": sum(errors.values()),
        "errors": [{"error": error, "count": count} for error, count in errors.most_common(SHOWN)],
    }


def _compliance(memory: MemoryParts, given: Mapping[str, Any]) -> JSON:
    since = time.time_ns() // 1_000 - int(_number(given, "hours", 1.0) * HOUR_MICROS)
    found: JSON = plain(memory.guard.compliance(since=since))
    return found


def _learn(memory: MemoryParts, given: Mapping[str, Any]) -> JSON:
    """Run the cycles that are due (of all, or the one that is named), and return what they found, worst first."""
    wanted = [Cycle(given["cycle"].replace("-", "_"))] if isinstance(given.get("cycle"), str) else list(Cycle)
    ran = [report for cycle in wanted if (report := memory.learning.run(cycle)) is not None]
    holding = memory.learning.insights(limit=SHOWN)
    return {
        "ran": [report.cycle.value for report in ran],
        "insights": sum(len(report.insights) for report in ran),
        "improvements": sum(len(report.improvements) for report in ran),
        "holding": [{"memory": each.id, "title": each.title} for each in holding],
        "report": "\n".join(report.text() for report in ran)[:REPORT_CHARACTERS],
    }


def _memory_plans(memory: MemoryParts) -> JSON:
    """Return what stands to be set aside, with the command that vetoes it."""
    planned = memory.improvements.list(kind=ImprovementKind.MEMORY, state=ImprovementState.PLANNED)
    return {
        "planned": [
            {"title": each.title, "reason": each.reason, "veto": f"brainops improvements veto {each.id}"}
            for each in planned
        ]
    }


def _audit(memory: MemoryParts) -> JSON:
    from brainops.health.audit import audit

    found = audit(memory.context, limit=MAX_JUNK)
    return {
        "found": len(found),
        "kinds": dict(Counter(each.kind for each in found)),
        "commands": sorted({each.command for each in found})[: 2 * SHOWN],
    }


def _doctor(memory: MemoryParts) -> JSON:
    from brainops.health.doctor import doctor

    made = doctor(memory.context)
    return {
        "passed": all(each.passed for each in made),
        "failed": [f"{each.name}: {each.detail}"[:TEXT_CHARACTERS] for each in made if not each.passed],
    }


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise StepFailed(f"`{name}` is text, not {value!r:.80}", retryable=False)
    return value


def _number(given: Mapping[str, Any], name: str, default: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise StepFailed(f"`{name}` is a number above 0, not {value!r:.80}", retryable=False)
    return float(value)
