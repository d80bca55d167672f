"""How is something waited for that may never answer, no longer than agreed and not once it is stopped?"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from brainops.errors import StepFailed
from brainops.procedures.runs.attempts import Threads

T = TypeVar("T")

ASK_SECONDS = 0.1  # how soon a cancellation is noticed
GRACE_SECONDS = 5.0  # for a coroutine to put away what it opened, a server's process above all

_threads = Threads("brainops-agent")


def within(seconds: float, cancelled: Callable[[], bool], function: Callable[[Callable[[], bool]], T]) -> T:
    """Return what a function returns in a thread, or raise what it raises; StepFailed once it is late or stopped.

    Python ends no thread: a function that goes on is left behind, told by the `cancelled` that it is given.
    """
    stop, over = threading.Event(), threading.Event()
    answer: list[T] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            answer.append(function(stop.is_set))
        except BaseException as error:  # noqa: BLE001 -- it is raised where it is waited for
            raised.append(error)
        finally:
            over.set()

    _threads.submit(work)
    try:
        deadline = time.monotonic() + seconds
        while not over.wait(min(ASK_SECONDS, max(0.0, deadline - time.monotonic()))):
            if cancelled():
                raise stopped()
            if time.monotonic() >= deadline:
                raise late(seconds)
    finally:
        stop.set()
    if raised:
        error = raised[0]
        if isinstance(error, Exception):
            raise error
        # a SystemExit in the thread that waits would end more than the agent
        kind = type(error).__name__
        raise StepFailed(f"the agent raised {kind}: {error}", kind=kind, retryable=False)
    return answer[0]


def in_loop(seconds: float, cancelled: Callable[[], bool], work: Callable[[], Awaitable[T]]) -> T:
    """Return what a coroutine returns, run in a loop of its own; it is cancelled once it is late or stopped."""

    async def bounded() -> T:
        task = asyncio.ensure_future(work())
        deadline = time.monotonic() + seconds
        while not (await asyncio.wait({task}, timeout=min(ASK_SECONDS, max(0.0, deadline - time.monotonic()))))[0]:
            failure = stopped() if cancelled() else late(seconds) if time.monotonic() >= deadline else None
            if failure is not None:
                task.cancel()
                await asyncio.wait({task}, timeout=GRACE_SECONDS)
                raise failure
        return task.result()

    return within(seconds + 2 * GRACE_SECONDS, lambda: False, lambda _: asyncio.run(bounded()))


def late(seconds: float) -> StepFailed:
    """Return the failure of what did not answer in time."""
    return StepFailed(f"the agent did not end within {seconds:g} seconds and was given up", kind="TimeoutError")


def stopped() -> StepFailed:
    """Return the failure of what nobody waits for any longer."""
    return StepFailed("the task was cancelled while the agent was at work", kind="Cancelled", retryable=False)
