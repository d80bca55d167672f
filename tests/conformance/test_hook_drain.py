"""What hooks saw becomes the same operations, errors, advice and decisions on every store."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from brainops import Brain
from brainops.hooks import drain
from brainops.hooks.folder import folder_of
from brainops.types import Failed
from brainops_core.hook import spool
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

ERROR = "PaymentError: the ledger of tenant 7 is locked"
NAMES = {"deploy": "make deploy", "unlock": "make unlock"}


def line(kind: str, **said: object) -> dict[str, object]:
    about = {"client": "codex", "session": "s1", "namespaces": ["team/a"], "class": "changing"}
    return {"id": spool.new_id(), "at": time.time_ns() // 1000, "kind": kind, **about, **said}


def ended(name: str, **said: object) -> dict[str, object]:
    return line("ended", name=NAMES[name], context={"command": NAMES[name]}, **said)


@pytest.fixture
def brain(open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Brain:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    return open_brain()


def taken_up(brain: Brain, *lines: dict[str, object]) -> drain.Drained:
    engine = inside(brain).engine
    folder = folder_of(engine.settings.store)
    assert folder is not None
    for each in lines:
        spool.append(folder, each)
    done = engine.drain()
    assert not spool.waiting(folder)
    return done


def test_a_failure_what_was_done_and_a_success_become_operations_an_error_and_advice(brain: Brain) -> None:
    failed = ended("deploy", outcome="failed", exit=2, error=ERROR)

    done = taken_up(brain, failed, ended("unlock", outcome="succeeded"), ended("deploy", outcome="succeeded"))

    assert (done.events, done.left) == (3, 0)
    operation = brain.operations.get(str(failed["id"]))
    assert isinstance(operation.outcome, Failed) and operation.start.actor.id == "codex"
    (advice,) = brain.fixes.suggest(ERROR)
    assert advice.fix.advice == "before make deploy: make unlock"


def test_what_was_taken_up_before_is_not_taken_up_again(brain: Brain) -> None:
    failed = ended("deploy", outcome="failed", exit=2, error=ERROR)

    taken_up(brain, failed)
    taken_up(brain, failed)

    assert len(brain.operations.list()) == 1
    assert [each.memory.occurrences for each in brain.match(ERROR)] == [1]


def test_a_call_that_began_and_is_settled_later_is_one_operation(brain: Brain) -> None:
    began = line("began", name="make deploy", context={})
    settled = line("settled", operation=began["id"], outcome="failed", exit=2, error=ERROR)

    taken_up(brain, began)
    taken_up(brain, settled)

    (operation,) = brain.operations.list()
    assert isinstance(operation.outcome, Failed) and operation.outcome.result == {"exit_code": 2}


def test_a_denial_is_a_decision_that_people_may_call_false(brain: Brain) -> None:
    rule = {
        "rule": "memory-first",
        "rule_name": "consult memory once a task",
        "rule_kind": "memory_first",
        "mode": "deny",
    }
    said = {"verdict": "deny", "reason": "memory was not consulted", "way_out": "brainops guide x"}

    taken_up(brain, line("denied", name="make deploy", context={}, **rule, **said))

    (decision,) = brain.guard.decisions()
    brain.guard.false_block(decision.id, note="it was a build")
    assert (decision.rule_id, decision.actor.id, decision.session_id) == ("memory-first", "codex", "s1")
