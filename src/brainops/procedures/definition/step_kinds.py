"""What is known of each kind of step? Everything but how it is done, which steps/kinds.py adds. (pure)

A kind is one entry: who adds one to StepKind adds it here, its executor there, and tests name what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from brainops.types import StepKind

OPERATION = "operation"  # by which a step that acts outside names the operation that it is; else that is its id
_COMMAND = ("run", "shell", "env", "working-directory", "stdin", "output", "exit-codes")
_HTTP = ("url", "method", "headers", "query", "json", "body", "expect", "output")
_TIMES = ("seconds", "minutes", "hours", "days", "until")


class StepKindSpec(Struct, frozen=True, kw_only=True):
    """One kind of step; `parameters` is None where it takes what it is given."""

    parameters: tuple[str, ...] | None = None
    one_of: tuple[str, ...] = ()  # parameters of which one must be given
    runs: bool = False  # it takes `run:` and its kin without `with:`
    acts_outside: bool = False  # of the store, so the guard is asked
    limited: bool = False  # a namespace says what it may run or reach, so a dry run tells what would be refused
    asked: bool = False  # the run itself asks somebody, no executor
    answer: str = ""  # what it waits for, where somebody answers by `complete`
    claims: bool = False  # that it is done is the word of whoever did it
    unhurried: bool = False  # it takes as long as somebody lets it
    repeatable: bool = False  # it changes nothing, so that trying again can do no harm
    anew: bool = False  # tried again, it is another run or question
    shape: tuple[str, str] = ("[", "]")  # of its box in a picture


STEP_KINDS: Mapping[StepKind, StepKindSpec] = {
    StepKind.COMMAND: StepKindSpec(
        parameters=(*_COMMAND, OPERATION), one_of=("run",), runs=True, acts_outside=True, limited=True
    ),
    StepKind.CHECK: StepKindSpec(
        parameters=("condition", "message", *_COMMAND, *_HTTP),
        one_of=("condition", "run", "url"),
        runs=True,
        repeatable=True,
    ),
    StepKind.CALL: StepKindSpec(
        parameters=("function", "arguments", OPERATION), one_of=("function",), acts_outside=True
    ),
    StepKind.HTTP: StepKindSpec(parameters=(*_HTTP, OPERATION), one_of=("url",), acts_outside=True, limited=True),
    StepKind.AGENT: StepKindSpec(acts_outside=True, answer="agent", claims=True, unhurried=True),
    StepKind.DECIDE: StepKindSpec(answer="decision", shape=("{{", "}}")),
    StepKind.CAPTURE: StepKindSpec(
        parameters=("title", "content", "type", "tags", "importance", "metadata", "trust", "subject", "fingerprint"),
        one_of=("title",),
    ),
    StepKind.RETRIEVE: StepKindSpec(
        parameters=("query", "limit", "types", "tags", "trust", "since", "until", "session_id"),
        one_of=("query",),
        repeatable=True,
    ),
    StepKind.PROCEDURE: StepKindSpec(
        parameters=("procedure", "name", "inputs", "context", "target"),
        one_of=("procedure", "name"),
        anew=True,
        shape=("[[", "]]"),
    ),
    StepKind.APPROVAL: StepKindSpec(asked=True, unhurried=True, anew=True, shape=("{{", "}}")),
    StepKind.WAIT: StepKindSpec(parameters=_TIMES, one_of=_TIMES, unhurried=True, shape=("([", "])")),
    StepKind.MANUAL: StepKindSpec(asked=True, answer="manual", claims=True, unhurried=True, shape=("[/", "/]")),
}

ANSWERS = frozenset(spec.answer for spec in STEP_KINDS.values() if spec.answer)
"""What a waiting step waits for, where somebody answers by `complete`."""
