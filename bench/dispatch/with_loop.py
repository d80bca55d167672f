"""What does our own loop do without any engine? The line that both engines are measured against."""

from __future__ import annotations

import signal

from bench.dispatch.port import Work
from brainops.procedures.runs.dispatcher import Dispatcher, Lane
from brainops.procedures.runs.unit_of_work import stay as wake

DISTRIBUTIONS: tuple[str, ...] = ()
TABLES = "select 0"

__all__ = ["DISTRIBUTIONS", "TABLES", "install", "serve", "wake"]


def install(url: str) -> None:
    """It needs nothing."""


def serve(url: str, work: Work) -> None:
    """Go on with runs that are due until SIGTERM."""
    dispatcher = Dispatcher(Lane(work.store, work.runner, [work.cycle]), runs_at_once=work.runs_at_once, worker=True)
    signal.signal(signal.SIGTERM, lambda *_: dispatcher.stop())
    dispatcher.run()
