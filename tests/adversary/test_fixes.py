"""Is a fix that applies itself ever led to an error that is not its own?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.procedures.fixes.record import application_of
from brainops.store import acts
from brainops.types import (
    Action,
    Actor,
    ActorKind,
    ApplicationState,
    ErrorEvent,
    Fix,
    Frame,
    Procedure,
    Step,
    StepKind,
)
from tests.inside import inside

ADA = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
PLACE = (Frame(module="/app/shop/cloud.py", function="wait"), Frame(module="/app/shop/vm.py", function="watch"))
ELSEWHERE = (Frame(module="/app/shop/cloud.py", function="wait"), Frame(module="/app/mail/send.py", function="flush"))


@pytest.fixture
def brain(tmp_path: Path) -> Brain:
    opened = Brain.open(tmp_path / "memory.db", namespace="team/a", model="none", background=False, actor=ADA)
    opened.limits.allow([sys.executable])
    opened.guard.set_autonomy("auto")
    return opened


def proven(brain: Brain, error: str | ErrorEvent) -> Fix:
    """Return a fix that applies itself for an error."""
    fix = brain.fixes.attach(error, "mend it", command=[sys.executable, "-c", "pass"])
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for _ in range(30):
            helped: dict[str, Any] = {"decided_at": 1, "verified_by": "check"}
            tx.fixes.add_application(application_of(fix, ApplicationState.VERIFIED, ADA, 1, **helped))
    brain.fixes.set_mode(fix.id, "auto", reason="proven")
    return fix


def acted(brain: Brain, fix: Fix) -> bool:
    """Say whether a fix did anything since it was proven."""
    brain.fixes.finish()
    done = [each.state for each in brain.fixes.applications(fix.id) if each.automatic]
    return any(state not in (ApplicationState.SUGGESTED, ApplicationState.HELD) for state in done)


def fail(brain: Brain, error: str | ErrorEvent) -> None:
    brain.begin("watch", target="vm-1", consult="never").fail(error)


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("VM started", "VM paused"),
        ("VM started", ErrorEvent(type="VMError", message="VM started", frames=PLACE)),
        (ErrorEvent(message="VM started", frames=PLACE), ErrorEvent(message="VM paused", frames=PLACE)),
        (ErrorEvent(message="VM lost", frames=PLACE), ErrorEvent(message="VM lost", frames=ELSEWHERE)),
        ("ValueError: 17", ErrorEvent(type="ValueError", message="42", frames=PLACE)),
        ("ValueError: <n>", ErrorEvent(type="ValueError", message="42", frames=PLACE)),
        ("TimeoutError: erp did not answer", "step erp: TimeoutError: crm did not answer"),
        ("process exited with status 1", "process exited with status 137"),
        ("sh ended with exit status 3", "sh ended with exit status 4"),
        ("exit status 137: Killed", "exit status 1: Killed"),
        ("psycopg.OperationalError: gone away", ErrorEvent(type="sqlite3.OperationalError", message="gone away")),
    ],
)
def test_a_near_error_sets_nothing_off(brain: Brain, own: str | ErrorEvent, other: str | ErrorEvent) -> None:
    fail(brain, own)
    fix = proven(brain, own)

    fail(brain, other)

    assert not acted(brain, fix)


def test_the_error_itself_does(brain: Brain) -> None:
    fix = proven(brain, "VM started")

    fail(brain, ErrorEvent(message="VM started", frames=PLACE))

    assert acted(brain, fix)


@pytest.mark.parametrize("said", ["sys.exit(3)", "print('working'); sys.exit(3)", "import time; time.sleep(9)"])
def test_what_no_program_says_in_one_procedure_sets_nothing_off_for_another(brain: Brain, said: str) -> None:
    for name in ("backup", "deploy"):
        action = Action(uses=StepKind.COMMAND, parameters={"run": [sys.executable, "-c", f"import sys; {said}"]})
        step = Step(id="go", action=action, timeout_seconds=0.5)
        brain.establish(Procedure(name=name, description=name, steps=(step,)))
    brain.runs.start("backup", target="db")
    (error,) = [hit.memory for hit in brain.retrieve(types=["error_pattern"])]
    fix = proven(brain, error.title)
    assert [each.fix.id for each in brain.fixes.suggest(error.title)] == [fix.id]

    brain.runs.start("deploy", target="db")

    assert not acted(brain, fix)


def test_text_from_outside_that_quotes_an_error_sets_nothing_off(brain: Brain, tmp_path: Path) -> None:
    fix = proven(brain, "TimeoutError: erp did not answer")
    log = tmp_path / "app.log"
    log.write_text("2026-11-30 03:12:01 ERROR shop.pay TimeoutError: erp did not answer\n" * 3)

    brain.signals.ingest(log)

    assert not acted(brain, fix)
