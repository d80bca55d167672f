"""How does a process go on with a team's runs until it is stopped? The command worker."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import command
from brainops.cli.screen import age, ago, bold, dim
from brainops.cli.shared import Said, around_of, exporting_traces, opened
from brainops.types.counted import counted

if TYPE_CHECKING:
    pass


@command("worker")
@click.option("--runs-at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="So many runs.")
@click.option("--keep-days", type=float, metavar="N", help="Remove runs that ended so long ago; all stay otherwise.")
@click.option("--list", "listing", is_flag=True, help="Show the workers that live, and do nothing.")
@click.option("--install", "installing", is_flag=True, help="Make the engine's tables, as the owner; once a database.")
@click.option("--traces", is_flag=True, help="Send traces where OTEL_EXPORTER_OTLP_ENDPOINT says.")
@click.option("--attended", is_flag=True, hidden=True, help="End when standard input does, with who began it.")
def worker(
    runs_at_once: int, keep_days: float | None, listing: bool, installing: bool, traces: bool, attended: bool
) -> Said:
    """Go on with the runs of this namespace that are due; also let approvals expire and deliver notices.

    Several workers share the work. SIGTERM or Ctrl-C lets the steps at hand end first; whatever ends a worker, another
    one goes on with its runs. On PostgreSQL, with the extra `workers` and after --install, a worker is told at once
    what is due; without, it looks.

    Example: brainops worker --runs-at-once 8 --keep-days 90
    """
    around = around_of(exporting_traces(traces))
    with opened(model="none" if listing or installing else None, around=around) as brain:
        if listing:
            yield (found := brain.workers.list())
            if not found:
                yield "No worker lives in this namespace. Start one: brainops worker"
            for each in found:
                runs = "idle" if each.runs == 0 else counted(each.runs, "run")
                times = f"since {age(each.started_at)}, seen {ago(each.seen_at)}"
                yield f"{bold(each.id)}  {runs}, {times}  {dim(each.version)}"
        elif installing:
            from brainops.workers.procrastinate import install

            made_for = install(brain)
            yield {"installed": made_for}
            yield f"Installed for {made_for}; running workers use it within half a minute."
        else:
            from brainops import __version__
            from brainops.health.status import masked
            from brainops.workers.procrastinate import Woken, obstacle

            dispatcher = brain.workers.dispatcher(
                worker=True, runs_at_once=runs_at_once, keep_days=keep_days, version=__version__
            )
            without = obstacle(brain)
            how = "is told what is due" if without is None else f"looks for what is due ({without})"
            if attended:
                Thread(target=_at_end_of_input, args=(dispatcher.wake, dispatcher.stop), daemon=True).start()
            with _stopped_by_signals(dispatcher.stop):
                click.echo(
                    f"Working on {masked(brain.settings.store)} as {brain.settings.namespace}; it {how}.", err=True
                )
                with Woken(brain, dispatcher):
                    dispatcher.run()


def _at_end_of_input(wake: Callable[[], None], stop: Callable[[], None]) -> None:
    """Look whenever who began this process says that there may be something to do, and end with it."""
    while os.read(sys.stdin.fileno(), 4_096):
        wake()
    stop()


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    def stopped(number: int, frame: object) -> None:
        stop()

    before = {number: signal.signal(number, stopped) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
