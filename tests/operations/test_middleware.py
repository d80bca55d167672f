"""Is what whoever opens a memory puts around operations and steps called there, and nowhere else?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.engine import Around
from brainops.errors import OperationBlocked
from brainops.types import Actor, ActorKind, RunState

PROCEDURE = """---
name: count
steps:
  - id: one
    name: Count
    uses: call
    with: {function: count, arguments: {}}
---
Count.
"""


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Brain]:
    monkeypatch.chdir(tmp_path)  # a namespace that becomes strict leaves a mark in the repository around

    def open_one(*around: Around) -> Brain:
        return Brain.open(tmp_path / "memory.db", model="none", background=False, around=around)

    return open_one


def noting(said: list[str], who: str) -> Around:
    return Around(
        before=lambda running: said.append(f"{who} before {running.start.name}"),
        after=lambda running, outcome: said.append(f"{who} after {type(outcome).__name__}"),
        before_step=lambda work: said.append(f"{who} before step {work.step_id}"),
        after_step=lambda work, came: said.append(f"{who} after step {type(came).__name__}"),
    )


def test_entries_are_called_in_their_order_and_the_other_way_round_after_it(opened: Callable[..., Brain]) -> None:
    said: list[str] = []
    with opened(noting(said, "outer"), noting(said, "inner")) as brain:
        with brain.acting(actor=Actor(kind=ActorKind.AGENT, id="bot")).operation("deploy"):
            said.append("deploys")
        with pytest.raises(KeyError), brain.operation("deploy"):
            raise KeyError("no host")

    assert said[:5] == [
        "outer before deploy",
        "inner before deploy",
        "deploys",
        "inner after Succeeded",
        "outer after Succeeded",
    ]
    assert said[-1] == "outer after Failed"


def test_what_an_entry_raises_keeps_the_operation_from_beginning(opened: Callable[..., Brain]) -> None:
    def refuse(_: Any) -> None:
        raise OperationBlocked("not on a Friday")

    with opened(Around(before=refuse)) as brain:
        with pytest.raises(OperationBlocked, match="Friday"), brain.operation("deploy"):
            pytest.fail("it must not run")

        assert brain.operations.list() == []


def test_what_is_refused_by_the_guard_is_not_shown_to_them(opened: Callable[..., Brain]) -> None:
    said: list[str] = []
    with opened(noting(said, "edge")) as brain:
        brain.guard.set_enforcement("strict", reason="we hold")
        with pytest.raises(OperationBlocked), brain.operation("rm -rf /", action_class="destructive", consult="never"):
            pytest.fail("it must not run")

    assert said == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_step_is_carried_out_between_them(opened: Callable[..., Brain], fails: bool) -> None:
    said: list[str] = []

    def count(_: object) -> int:
        said.append("counts")
        if fails:
            raise RuntimeError("no numbers")
        return 1

    with opened(noting(said, "edge")) as brain:
        brain.calls.register("count", count)
        brain.establish(PROCEDURE)
        run = brain.runs.start("count")

    assert run.state is (RunState.FAILED if fails else RunState.SUCCEEDED)
    assert said[:2] == ["edge before step one", "counts"]
    assert said[2].startswith("edge after step") and ("StepDone" in said[2]) is not fails


def test_what_raises_before_a_step_is_that_steps_failure(opened: Callable[..., Brain]) -> None:
    def refuse(_: Any) -> None:
        raise RuntimeError("no quota left")

    with opened(Around(before_step=refuse)) as brain:
        brain.calls.register("count", lambda _: pytest.fail("it must not run"))
        brain.establish(PROCEDURE)
        run = brain.runs.start("count")

    assert run.state is RunState.FAILED
    assert "no quota left" in str(run.error)
