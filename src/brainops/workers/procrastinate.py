"""How does a team's worker hear at once what is due, and what is done once over all workers?

Procrastinate does the telling: triggers put a job for each run that becomes due, one worker that has room takes it and
looks. It carries no run and no state of ours. Whatever it loses, the dispatcher's own looks find.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import metadata, resources
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from brainops.errors import InvalidConfiguration, MissingExtra

if TYPE_CHECKING:
    from procrastinate import App, PsycopgConnector
    from psycopg import AsyncConnection

    from brainops.brain import Brain
    from brainops.health.workers import Wakeups

ENGINE = "procrastinate"
JOBS_AT_ONCE = 2  # one that waits for room must not keep the cycle from running
TICK = "* * * * * */15"  # the cycle (approvals, notices, fixes) as often as a loop alone goes through it
POLL_SECONDS = 10.0  # between two looks into the queue where no notification comes through
HEARTBEAT_SECONDS = 10.0
STALLED_SECONDS = 60.0  # the jobs of a worker that was not heard of for so long are thrown away
AGAIN_SECONDS = 30.0  # after the engine failed; the dispatcher looks by itself meanwhile
STOP_SECONDS = 5.0  # its jobs are looks, which end at once
MOST_CONNECTIONS = 4  # the one that listens, and those of the jobs and the heartbeat

log = logging.getLogger("brainops")


def engine() -> str | None:
    """Return the engine and the part of its version that its tables depend on; None without the extra `workers`."""
    if find_spec(ENGINE) is None:
        return None
    major, minor, *_ = metadata.version(ENGINE).split(".")
    return f"{ENGINE} {major}.{minor}"


def install(brain: Brain) -> str:
    """Make the engine's tables, as the owner of the store; return what was installed.

    Raises MissingExtra, InvalidConfiguration (SQLite needs none), StoreReadOnly.
    """
    wakeups, made_for = brain.workers.wakeups(), engine()
    if wakeups is None:
        raise InvalidConfiguration("workers on a SQLite file look for what is due; there is nothing to install")
    if made_for is None:
        raise MissingExtra("the engine for a team's workers is not installed: pip install 'brainops[workers]'")
    script = (resources.files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
    wakeups.install(made_for, script)
    return made_for


def obstacle(brain: Brain) -> str | None:
    """Return why workers only look by themselves here, and what to do; None where the engine can be used."""
    wakeups = brain.workers.wakeups()
    if wakeups is None:
        return "SQLite: one machine, where looking is cheap"
    made_for, present = wakeups.installed(), engine()
    if present is None:
        return "the extra is not installed: pip install 'brainops[workers]'"
    if made_for is None:
        return "its tables are not there: the owner of the database runs `brainops worker --install` once"
    if made_for != present:
        return f"its tables are those of {made_for}, not {present}: the owner runs `brainops worker --install` again"
    return None


class Loop(Protocol):
    """What is woken: a dispatcher."""

    woken: bool

    def wake(self) -> None:
        """Look at once, or once there is room."""
        ...

    def sweep(self) -> None:
        """Do what is to be done once in a while."""
        ...


class Woken:
    """The engine beside a dispatcher, in a thread of its own, while the block lasts."""

    def __init__(self, brain: Brain, loop: Loop) -> None:
        self._brain = brain
        self._loop = loop
        self._stopped = threading.Event()
        self._stop_serving: Callable[[], object] = _nothing
        self._thread = threading.Thread(target=self._run, name="brainops-woken", daemon=True)

    def __enter__(self) -> Self:
        if self._brain.workers.wakeups() is not None and engine() is not None:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()
        with suppress(RuntimeError):  # it has just stopped by itself
            self._stop_serving()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS + 1)

    def _run(self) -> None:
        """Serve again and again; where the engine cannot be used, its tables gone or its server away, wait for it."""
        while not self._stopped.is_set():
            try:
                if obstacle(self._brain) is None:
                    asyncio.run(self._serve())
            except Exception:  # whatever an engine does wrong, the dispatcher goes on without it
                log.exception("the engine failed; this worker looks by itself for %s seconds", AGAIN_SECONDS)
            finally:
                self._loop.woken = False
                self._loop.wake()
            self._stopped.wait(AGAIN_SECONDS)

    async def _serve(self) -> None:
        from procrastinate import App

        wakeups = self._brain.workers.wakeups()
        assert wakeups is not None
        app = App(connector=_connector(wakeups))
        self._define(app, wakeups.queue)
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[wakeups.queue],
                    concurrency=JOBS_AT_ONCE,
                    delete_jobs="always",
                    install_signal_handlers=False,  # who stops the worker stops this, too
                    fetch_job_polling_interval=POLL_SECONDS,
                    abort_job_polling_interval=POLL_SECONDS,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=STALLED_SECONDS,
                    shutdown_graceful_timeout=STOP_SECONDS,
                )
            )
            running = asyncio.get_running_loop()
            self._stop_serving = partial(running.call_soon_threadsafe, working.cancel)
            if self._stopped.is_set():
                working.cancel()
            self._loop.woken = True
            self._loop.wake()  # what became due while nobody told of it
            try:
                await asyncio.wait([working])
            finally:
                self._stop_serving = _nothing
            if not working.cancelled():
                working.result()

    def _define(self, app: App, queue: str) -> None:
        """Say what a job and a tick do."""

        @app.task(name="wake", queue=queue)
        def wake(run_id: str) -> None:
            self._loop.wake()

        @app.periodic(cron=TICK, periodic_id=queue)
        @app.task(name="cycle", queue=queue)
        async def cycle(timestamp: int) -> None:
            await asyncio.to_thread(self._loop.sweep)
            from procrastinate.jobs import Status

            for job in await app.job_manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=STALLED_SECONDS):
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


def _connector(wakeups: Wakeups) -> PsycopgConnector:
    from procrastinate import PsycopgConnector

    greeting = wakeups.greeting()

    async def greet(connection: AsyncConnection[Any]) -> None:
        await connection.set_autocommit(True)
        await connection.execute(greeting)

    return PsycopgConnector(conninfo=wakeups.address(), configure=greet, min_size=1, max_size=MOST_CONNECTIONS)


def _nothing() -> None:
    """There is nothing to stop."""
