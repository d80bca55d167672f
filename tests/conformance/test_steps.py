"""Do steps do the same on both databases, and does a secret reach no row, log or error?"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput, StepFailed
from brainops.procedures.steps.executor import StepWork
from brainops.types import JSON, Action, Procedure, Retry, RunState, Step, StepKind, Verification
from tests.conformance.conftest import OpenBrain
from tests.inside import inside
from tests.procedures.steps_kit import do

SECRET = "correct-horse/battery+staple"


def test_what_one_namespace_allows_is_not_allowed_in_another(open_brain: OpenBrain) -> None:
    first, second = open_brain(), open_brain(namespace="team/b")

    first.limits.allow(["true"], hosts=["api.example.com"], shell=True)

    assert open_brain().limits.get() == first.limits.get()
    assert second.limits.get().commands is None
    with pytest.raises(StepFailed, match="not among those"):
        do(second, StepKind.COMMAND, run=["true"])


def test_a_captured_memory_is_written_with_its_step_and_only_once(open_brain: OpenBrain) -> None:
    brain = open_brain()
    step = Step(
        id="keep",
        action=Action(uses=StepKind.CAPTURE, parameters={"title": "Deployed ${{ inputs.version }}", "content": "fine"}),
        verify=Verification(condition="output.repeated == false"),
    )
    version: dict[str, JSON] = {"type": "object", "properties": {"version": {"type": "string"}}}
    brain.procedures.save(Procedure(name="keep", inputs=version, steps=(step,)))
    brain.procedures.activate("keep")

    run = brain.runs.start("keep", {"version": "2.1"})

    assert run.state is RunState.SUCCEEDED
    found = brain.retrieve("Deployed 2.1")
    assert [each.memory.source.run_id for each in found] == [run.id]


def test_a_secret_reaches_no_row_log_or_error(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DEPLOY_TOKEN", SECRET)
    brain = open_brain()
    brain.limits.allow(["*"])
    brain.calls.register_with_work("tell", tell)
    brain.procedures.save(telltale())
    brain.procedures.activate("telltale")

    run = brain.runs.start("telltale")

    assert run.state is RunState.FAILED
    rows = list(everything_stored(brain))
    assert any("[secret TOKEN]" in row for row in rows)
    assert "[secret TOKEN]" in str(run.error)
    for text in (*rows, caplog.text, repr(run), *(str(notice) for notice in brain.notices.pending())):
        assert SECRET not in text
        assert "correct-horse" not in text
        assert "Y29ycmVjdC1ob3JzZ" not in text


def tell(_: Mapping[str, Any], work: StepWork) -> JSON:
    """Fail, and say the secret in the error."""
    raise RuntimeError(f"refused {work.secrets['TOKEN']}")


def telltale() -> Procedure:
    """Return a procedure whose steps say their secret in every way that they can."""
    say = "import base64, os; t = os.environ['TOKEN']; print(t); print(base64.b64encode(('x:' + t).encode()).decode())"

    def step(name: str, program: str, **more: Any) -> Step:
        parameters: dict[str, Any] = {
            "run": [sys.executable, "-c", program, "${{ secrets.TOKEN }}"],
            "env": {"TOKEN": "${{ secrets.TOKEN }}"},
        }
        return Step(id=name, action=Action(uses=StepKind.COMMAND, parameters=parameters), secrets=("TOKEN",), **more)

    refuse = Action(uses=StepKind.CALL, parameters={"function": "tell"})
    passed_on = Action(
        uses=StepKind.CAPTURE, parameters={"title": "What it said", "content": "${{ steps.say.output }}"}
    )
    return Procedure(
        name="telltale",
        secrets={"TOKEN": "env:DEPLOY_TOKEN"},
        steps=(
            step("say", say),
            Step(id="keep", action=passed_on, needs=("say",)),
            Step(id="fail", action=refuse, needs=("keep",), secrets=("TOKEN",)),
        ),
    )


def everything_stored(brain: Brain) -> list[str]:
    """Return every row of every table as text."""
    if inside(brain).store.database.dialect == "sqlite":
        import sqlite3

        with sqlite3.connect(brain.settings.store) as connection:
            names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            plain = [name for name in names if "_fts" not in name]
            rows = [str(row) for name in plain for row in connection.execute(f'select * from "{name}"')]
        connection.close()
        return rows
    import psycopg

    with psycopg.connect(brain.settings.store) as session:
        session.execute("select set_config('brainops.upkeep', 'on', false)")
        tables = session.execute("select tablename from pg_tables where schemaname = current_schema()").fetchall()
        return [str(row) for (name,) in tables for row in session.execute(f'select * from "{name}"').fetchall()]


def test_a_server_that_asks_to_wait_is_asked_again_only_then(open_brain: OpenBrain) -> None:
    brain = open_brain()

    def busy(_: Mapping[str, Any]) -> JSON:
        raise StepFailed("too many requests", kind="HTTP 429", retry_after_seconds=1_800.0)

    brain.calls.register("busy", busy)
    step = Step(
        id="ask",
        action=Action(uses=StepKind.CALL, parameters={"function": "busy"}),
        retry=Retry(attempts=3, wait_seconds=1.0),
    )
    brain.procedures.save(Procedure(name="ask", steps=(step,)))
    brain.procedures.activate("ask")
    before = inside(brain).store.now()

    run = brain.runs.start("ask")

    waiting = run.step("ask")
    assert waiting is not None
    assert waiting.waits_for == "retry"
    assert waiting.wake_at is not None
    assert waiting.wake_at - before >= 1_800_000_000


def test_a_check_reads_what_the_run_knows(open_brain: OpenBrain) -> None:
    brain = open_brain()
    step = Step(id="look", action=Action(uses=StepKind.CHECK, parameters={"condition": "target == 'api'"}))
    brain.procedures.save(Procedure(name="look", steps=(step,)))
    brain.procedures.activate("look")

    assert brain.runs.start("look", target="api").state is RunState.SUCCEEDED
    assert brain.runs.start("look", target="web").state is RunState.FAILED


def test_one_text_is_never_allowed_as_its_letters(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with pytest.raises(InvalidInput, match="is a list"):
        brain.limits.allow("git")
    assert not brain.limits.get().commands


def test_inputs_that_are_no_names_with_values_are_told(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.procedures.save({"name": "look", "description": "Look.", "steps": [{"id": "look", "uses": "manual"}]})
    brain.procedures.activate("look")

    with pytest.raises(InvalidInput, match="names with values"):
        brain.runs.start("look", ["api"])  # type: ignore[arg-type]
