"""What came of it: our own loop, told by procrastinate what is due. As `brainops worker` has it on PostgreSQL."""

from __future__ import annotations

import signal

from bench.dispatch import with_procrastinate
from bench.dispatch.port import Work
from brainops.procedures.runs.dispatcher import Dispatcher, Lane
from brainops.procedures.runs.unit_of_work import stay as wake
from brainops.workers.procrastinate import Woken
from brainops.workers.procrastinate import install as install_tables
from tests.durability import runs_worker

DISTRIBUTIONS = with_procrastinate.DISTRIBUTIONS
TABLES = "select count(*) from pg_tables where schemaname = 'brainops_workers'"

__all__ = ["DISTRIBUTIONS", "TABLES", "install", "serve", "wake"]


def install(url: str) -> None:
    """Make its tables and the triggers."""
    with runs_worker.opened(url) as brain:
        install_tables(brain)


def serve(url: str, work: Work) -> None:
    """Go on with runs that are due until SIGTERM."""
    dispatcher = Dispatcher(Lane(work.store, work.runner, [work.cycle]), runs_at_once=work.runs_at_once, worker=True)
    signal.signal(signal.SIGTERM, lambda *_: dispatcher.stop())
    with runs_worker.opened(url) as brain, Woken(brain, dispatcher):
        dispatcher.run()
