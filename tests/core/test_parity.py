"""Does the core, alone under `python -I -S`, say what the library says, and does it load nothing that costs a start?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

import brainops_core
from brainops.memory.recognition.error_events import parse_error
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.memory.redaction.redact import redact
from brainops.operations.commands.action_class import classify
from brainops.operations.commands.command_line import classify_command
from brainops.operations.guard.guard import check
from brainops.types import AllOf, Allow, AnyOf, Done, GuardState, OperationStart, Rule, RuleMode
from brainops_core.commands.sql_statements import class_of_sql
from brainops_core.recognition.digests import bound_digests, text_digests
from brainops_core.recognition.masks import mask
from tests.memory.test_fingerprint import AGREE, DIFFER, HOSTILE
from tests.memory.test_fingerprint_sources import OTHERS, TRACES
from tests.memory.test_recognition_breadth import DIFFERENT, SAME
from tests.memory.test_redact_tokens import SHAPES, token
from tests.operations.guarded import (
    APPROVE,
    CONDITION,
    DEPLOY,
    DROP,
    EXACT,
    FOLLOW,
    MEMORY,
    NOW,
    ONCE,
    OPERATION,
    ORDER,
    OTHER,
    SECOND,
    SESSION,
    SKIP,
    STRICT,
    approval,
    done,
    receipt,
)
from tests.operations.test_classify import CHANGING_LINES, DESTROYING_LINES, READING_LINES

SOURCES = Path(brainops_core.__file__).parent.parent
FORBIDDEN = {"dataclasses", "typing", "inspect", "importlib.resources", "pathlib", "logging", "argparse", "http"}

LINES = [*READING_LINES, *CHANGING_LINES, *DESTROYING_LINES]
ERRORS = [
    *(text for pair in (*AGREE, *DIFFER) for text in pair),
    *(text for pair in (*SAME.values(), *DIFFERENT.values()) for text in pair),
    *(text for text, _ in TRACES.values()),
    *(text for text, *_ in OTHERS),
    *(piece * 40 for piece in HOSTILE),
]
NEEDS = AllOf(parts=(Done(operation="te*", result="result.ok == true"), AnyOf(parts=(Done(operation="build"),))))
RULES = [MEMORY, SESSION, EXACT, ONCE, FOLLOW, ORDER, replace(ORDER, requirement=NEEDS), APPROVE, CONDITION]
STATES: list[dict[str, Any]] = [
    {},
    {"receipts": (receipt(),)},
    {"receipts": (receipt(expires_at=NOW - 1),)},
    {"receipts": (receipt(used_at=NOW - 1),)},
    {"receipts": (receipt(actor=OTHER),)},
    {"receipts": (receipt(target="staging"), receipt(session_id=None))},
    {"receipts": (receipt(required=("memory-1",)),)},
    {"receipts": (receipt(required=("memory-1",), acknowledged=("memory-1",)),)},
    {"receipts": (receipt(procedures=("rollout@1",)),), "active": {"rollout": "2"}},
    {"receipts": (receipt(),), "critical_error_at": NOW - SECOND},
    {"active": {"rollout": "1"}},
    {"active": {"rollout": "2"}, "followed": ("rollout@1",)},
    {"active": {"rollout": "1"}, "approvals": (approval(SKIP, "rollout"),)},
    {"approvals": (approval(OPERATION, "'deploy api' production"),)},
    {"approvals": (approval(OPERATION, "'deploy api' production", used_at=NOW),)},
    {"past": (done("test"),)},
    {"past": (done("test", {"ok": True}), done("build"))},
    {"past": (done("test", False), done("drop table", denied=True))},
    {"unmet": frozenset({"condition", "procedure"})},
    {"broken": frozenset({"condition", "order"})},
    {"bypassed_until": NOW + SECOND},
]


@cache
def alone() -> dict[str, Any]:
    """Ask one process, which has the core alone, all cases at once."""
    sources = str(SOURCES)
    program = str(Path(__file__).with_name("alone.py"))
    given = json.dumps([[kind, to_builtins(value)] for kind, value, _ in cases()])
    command = [sys.executable, "-I", "-S", program, sources]
    said = subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout
    answers: dict[str, Any] = json.loads(said)
    return answers


@cache
def cases() -> list[tuple[str, Any, Any]]:
    """Return each kind of case with what the library says of it."""
    return [*_texts(), *_decisions()]


def _texts() -> Iterator[tuple[str, Any, Any]]:
    for line in LINES:
        start = OperationStart(name=line, target="api", context={"tool": line, "sql": line})
        yield "command", line, classify_command(line).value
        yield "sql", line, class_of_sql(line)
        yield "operation", {"name": line, "target": "api", "context": dict(start.context)}, classify(start).value
    for text in ERRORS:
        event = parse_error(text)
        frames = [[frame.module, frame.function, frame.in_app] for frame in event.frames]
        identity = fingerprint(event)
        said = [event.type, event.message, frames, event.service, mask(text), identity.digest, identity.label]
        yield "error", text, [*said, list(text_digests(event)), list(bound_digests(event))]
    for text in [*LINES, *ERRORS, *(f"password={token(kind, 1)} {token(kind, 2)}" for kind in SHAPES)]:
        found = redact(text)
        yield "text", text, [found.text, {each.kind: each.count for each in found.findings}]


def _decisions() -> Iterator[tuple[str, Any, Any]]:
    for rule in (replace(each, mode=mode) for each in RULES for mode in RuleMode):
        for start in (DEPLOY, DROP, replace(DEPLOY, target=None, session_id=None)):
            for fields in STATES:
                state = replace(STRICT, **fields)
                given = {"start": start, "rule": rule, "state": state, "now": NOW}
                yield "decision", given, _said(rule, start, state)


def _said(rule: Rule, start: OperationStart, state: GuardState) -> dict[str, Any]:
    decision = check(start, None, [rule], state, NOW)
    fields: dict[str, Any] = to_builtins(decision)
    return {name: value for name, value in fields.items() if value or name == "verdict"}


@pytest.mark.parametrize("kind", ["command", "sql", "operation", "error", "text", "decision"])
def test_the_core_alone_says_what_the_library_says(kind: str) -> None:
    answered = zip(cases(), alone()["answers"], strict=True)
    compared = [(given, ours, theirs) for (each, given, ours), theirs in answered if each == kind]

    assert len(compared) > 100
    assert [case for case in compared if json.loads(json.dumps(to_builtins(case[1]))) != case[2]] == []


def test_the_decisions_that_are_compared_are_of_every_kind() -> None:
    said = {value["verdict"] for kind, _, value in cases() if kind == "decision"}

    assert said == {"allow", "ask", "deny"}
    assert any(isinstance(check(DEPLOY, None, [], STRICT, NOW), Allow) for _ in RULES)


def test_the_core_loads_nothing_that_costs_a_start() -> None:
    loaded = set(alone()["modules"])

    assert {name for name in loaded if name.split(".")[0] in ("brainops", "msgspec")} == set()
    assert loaded & FORBIDDEN == set()


def test_judging_a_plain_command_compiles_no_expression() -> None:
    said = alone()

    assert said["judged"] == "destructive"
    assert {"re", "enum", "json", "fnmatch", "collections", "functools"} & set(said["first"]) == set()
