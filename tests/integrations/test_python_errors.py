"""Errors of a Python program become memories by themselves."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.integrations.python_errors import WINDOW_SECONDS, BrainOpsHandler, Reporter, capture_errors
from brainops.types import ErrorEvent, Memory


class Sink:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.seen: list[BaseException | ErrorEvent | str] = []

    def capture_error(self, error: BaseException | ErrorEvent | str, *, service: str | None = None) -> None:
        self.seen.append(error)


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="errors", model="none", background=False) as opened:
        yield opened


def errors(brain: Brain) -> list[Memory]:
    brain.flush()
    return [hit.memory for hit in brain.retrieve("", types=["error_pattern"])]


def test_a_logged_exception_becomes_one_memory_with_its_frames(brain: Brain) -> None:
    logger = logging.getLogger("shop.orders")
    with capture_errors(brain, service="shop", logger=logger):
        try:
            raise ConnectionError("could not reach the ledger")
        except ConnectionError:
            logger.exception("saving an order failed")

    found = errors(brain)
    assert [memory.title for memory in found] == ["ConnectionError: could not reach the ledger"]
    assert found[0].tags == ("shop",)


def test_a_logged_message_without_an_exception_is_captured_too(brain: Brain) -> None:
    logger = logging.getLogger("shop.stock")
    with capture_errors(brain, logger=logger):
        logger.error("stock of %s is negative", "teapots")
        logger.warning("this is no error")

    assert ["stock of teapots is negative" in memory.title for memory in errors(brain)] == [True]


def test_what_brainops_itself_logs_is_left_alone() -> None:
    sink = Sink()
    handler = BrainOpsHandler(sink)
    handler.emit(logging.LogRecord("brainops.store", logging.ERROR, "f", 1, "disk full", (), None))

    assert sink.seen == []


def test_a_sink_that_logs_an_error_does_not_recurse() -> None:
    logger = logging.getLogger("shop.recursion")

    class Logging(Sink):
        def capture_error(self, error: BaseException | ErrorEvent | str, *, service: str | None = None) -> None:
            super().capture_error(error, service=service)
            logger.error("the sink itself failed")
            raise OSError("and then raised")

    sink = Logging()
    with capture_errors(sink, logger=logger):
        logger.error("the first error")

    assert len(sink.seen) == 1


def test_a_storm_of_one_error_is_reported_once_a_window() -> None:
    sink, now = Sink(), [0.0]
    reporter = Reporter(sink, None, clock=lambda: now[0])
    for _ in range(1_000):
        reporter.report("the same")
    now[0] = WINDOW_SECONDS
    reporter.report("the same")

    assert len(sink.seen) == 2
    assert reporter.suppressed == 999


def test_a_storm_of_different_errors_is_bounded() -> None:
    sink = Sink()
    reporter = Reporter(sink, None, clock=lambda: 0.0)
    for number in range(10_000):
        reporter.report(f"error {number}")

    assert len(sink.seen) == 50


def test_an_uncaught_exception_of_a_thread_is_captured_and_passed_on(brain: Brain) -> None:
    passed: list[str] = []
    before = threading.excepthook
    threading.excepthook = lambda args: passed.append(str(args.exc_value))
    try:
        with capture_errors(brain, logger=logging.getLogger("unused")):
            thread = threading.Thread(target=lambda: int("no number"))
            thread.start()
            thread.join()
    finally:
        threading.excepthook = before

    assert len(passed) == 1
    assert errors(brain)[0].title.startswith("ValueError: invalid literal")


def test_the_hooks_that_stood_there_come_back() -> None:
    before = (sys.excepthook, threading.excepthook)
    with capture_errors(Sink(), logger=logging.getLogger("unused")):
        assert sys.excepthook != before[0]

    assert (sys.excepthook, threading.excepthook) == before


def test_an_error_in_an_event_loop_is_captured() -> None:
    sink = Sink()

    async def main() -> None:
        with capture_errors(sink, logger=logging.getLogger("unused")) as capturing:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda *_: None)
            capturing.watch()
            loop.call_exception_handler({"message": "task failed", "exception": RuntimeError("lost")})

    asyncio.run(main())

    assert [str(error) for error in sink.seen] == ["lost"]
