"""Accompanying an operation never harms it: not when memory is slow, gone, or was inherited by a fork."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import BrainOpsError, InvalidInput, OperationTimeout
from brainops.types import Failed, Succeeded
from tests.inside import inside


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="manner", model="none", background=False) as opened:
        yield opened


class Stuck:
    """Takes the place of consultation and answers only when it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def __call__(self, *_: Any) -> Any:
        self.released.wait(30)
        raise BrainOpsError("released")


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stuck]:
    waiting = Stuck()
    monkeypatch.setattr("brainops.operations.guidance.consult", waiting)
    yield waiting
    waiting.released.set()


def test_an_operation_goes_on_when_memory_does_not_answer_in_time(brain: Brain, stuck: Stuck) -> None:
    with brain.operation("deploy", timeout_seconds=0.05) as running:
        assert running.guidance is None

    assert isinstance(brain.operations.list()[0].outcome, Succeeded)


def test_a_strict_operation_is_not_begun_when_memory_does_not_answer(brain: Brain, stuck: Stuck) -> None:
    with pytest.raises(OperationTimeout), brain.operation("deploy", timeout_seconds=0.05, strict=True):
        raise AssertionError("it must not begin")

    assert brain.operations.list() == []


def test_an_operation_goes_on_when_the_store_cannot_be_written(brain: Brain, caplog: pytest.LogCaptureFixture) -> None:
    with inside(brain).store.database.raw() as connection:  # type: ignore[attr-defined]
        connection.execute("pragma query_only = on")
    with caplog.at_level(logging.ERROR, "brainops"), brain.operation("deploy", consult="never"):
        done = True

    assert done
    assert "without being recorded" in caplog.text


def test_what_cannot_be_written_down_is_named_by_its_type(brain: Brain) -> None:
    odd: dict[Any, Any] = {"when": object(), "nan": float("nan"), 3: {"deep": [b"bytes"]}}
    with brain.operation("deploy", context=odd) as running:
        running.note(result=threading.Lock())

    operation = brain.operations.list()[0]
    assert operation.start.context == {"when": "[builtins.object]", "nan": "nan", "3": {"deep": ["[builtins.bytes]"]}}
    assert isinstance(operation.outcome, Succeeded)
    assert operation.outcome.result == "[_thread.lock]"


@pytest.mark.parametrize(
    "options", [{"consult": "sometimes"}, {"record": "maybe"}, {"timeout_seconds": 0}, {"context": "text"}]
)
def test_an_option_that_means_nothing_is_refused(brain: Brain, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        brain.operation("deploy", **options)


@pytest.mark.parametrize("name", ["", "   ", None, 3])
def test_an_operation_without_a_name_is_refused(brain: Brain, name: Any) -> None:
    with pytest.raises(InvalidInput, match="deploy api"), brain.operation(name, strict=True):
        raise AssertionError("it must not begin")


def test_a_cancelled_task_is_recorded_as_failed(brain: Brain) -> None:
    async def main() -> None:
        begun = asyncio.Event()

        async def work() -> None:
            async with brain.operation("poll", consult="never"):
                begun.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())

    outcome = brain.operations.list()[0].outcome
    assert isinstance(outcome, Failed)
    assert outcome.error.type.endswith("CancelledError")


def test_a_forked_server_records_in_parent_and_children(brain: Brain) -> None:
    with brain.operation("serve", target="parent", record="async", consult="cached"):
        pass
    brain.flush()
    children = [_child(brain, f"child {number}") for number in range(3)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    with brain.operation("serve", target="parent again", record="durable", consult="always"):
        pass

    assert codes == [0, 0, 0]
    targets = sorted(str(operation.start.target) for operation in brain.operations.list())
    assert targets == ["child 0", "child 1", "child 2", "parent", "parent again"]


def _child(brain: Brain, target: str) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with brain.operation("serve", target=target, record="async", consult="always"):
                brain.capture(f"seen by {target}", "a note")
            code = 0 if brain.flush() and brain.retrieve(target) else 2
        finally:
            os._exit(code)
    return child
