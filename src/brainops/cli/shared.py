"""What do all commands have in common? Options before or after the command, opening memory, giving answers."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, cast

import click

from brainops.cli.options import shared
from brainops.cli.screen import dim, show, width
from brainops.cli.short_ids import OPEN, shortened
from brainops.errors import InvalidInput, MissingExtra, StoreUnavailable
from brainops.types.page import Page
from brainops.types.times import SECOND_MICROS
from brainops.wire import plain

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from brainops.brain import Brain
    from brainops.engine import Around
    from brainops.remote.view import RemoteBrain


Said = Iterator[Any]
"""What a command says: first its value, then the lines that people read."""


@contextmanager
def opened(
    *,
    model: str | None = None,
    make: bool = False,
    everywhere: bool = False,
    call_seconds: float | None = None,
    around: Sequence[Around] = (),
) -> Iterator[Brain]:
    """Open the memory that the options, the environment and the settings file name.

    One that is not there is made in the default place only, or with `make`: a name that was mistyped is no new memory.
    With `everywhere`, what is done holds in any folder: the folder's own namespace is not taken where none is named.
    Where `call_seconds` are named, no call of a server takes longer, and what can goes on without it.
    """
    from brainops.brain import Brain
    from brainops.health import store_location

    given = shared()
    if not make:
        require_store(given.store)
    brain = Brain.open(
        given.store,
        namespace=given.namespace or (store_location.everywhere() if everywhere and not elsewhere() else None),
        read=given.read,
        model=model or given.model,
        background=False,  # a command is over before a thread has done anything
        around=around,
    )
    if call_seconds is not None and elsewhere():
        brain = cast("RemoteBrain", brain).unhindered(call_seconds)
    click.get_current_context().meta[OPEN] = brain
    try:
        yield brain
    finally:
        click.get_current_context().meta.pop(OPEN, None)
        brain.close()


def exporting_traces(wanted: bool) -> TracerProvider | None:
    """Return what sends traces, where they are wanted. Raises MissingExtra, NotConfigured."""
    if not wanted:
        return None
    try:
        from brainops.integrations.opentelemetry import exporting

        return exporting(os.environ)
    except ImportError as error:
        raise MissingExtra(f"traces take an extra ({error.name}): pip install 'brainops[otel]'") from error


def around_of(traces: TracerProvider | None) -> Sequence[Around]:
    """Return what a memory is opened with so that its calls and steps are traced."""
    if traces is None:
        return ()
    from brainops.integrations.opentelemetry import tracing

    return (tracing(traces),)


def elsewhere() -> bool:
    """Say whether a server has the memory: runs are gone on with by its workers."""
    from brainops.health import store_location

    return store_location.is_served(shared().store)


def require_store(store: str | None) -> None:
    """Raise StoreUnavailable where there is none: a name that was mistyped is no new memory."""
    from brainops.health import store_location

    if missing := store_location.missing(store):
        raise StoreUnavailable(
            f"there is no store at {missing}; check its name (--store, BRAINOPS_STORE, the settings file), or make one "
            f"there: brainops init --store {shlex.quote(missing)}"
        )


@contextmanager
def asking() -> Iterator[Brain]:
    """Open the memory to ask it: it catches up with the vectors that wait, most of it once the answer is printed."""
    with opened() as brain, brain.upkeep.catching_up():
        yield brain
        sys.stdout.flush()


def answer(said: Said) -> None:
    """Print what a command says: with --json its first, the value, as one document, else the rest as lines.

    All of it is asked for either way, since what comes last is the exit code.
    """
    lines: list[str] = []
    try:
        for value in said:
            asked = click.get_current_context().params
            by_page = bool(asked.get("after") or asked.get("before"))
            if shared().json:  # a list stays a list, unless somebody goes through its pages
                print_json(list(value) if isinstance(value, Page) and not by_page else value)
            lines.extend(said)
            if isinstance(value, Page) and value.next is not None and len(value) == asked.get("limit"):
                lines.append(more(value.next))
    finally:
        if not shared().json:
            show(shortened(lines))


def more(cursor: str) -> str:
    """Return the line that says how a list goes on; a cursor that is cut or folded is none."""
    said = f"more: --after {cursor}"
    return dim(
        said if len(said) <= width() else "more: --limit, or --after with the `next` that --json --after first says"
    )


def print_json(value: Any) -> None:
    """Print one JSON document; everything beyond ASCII is escaped, so that no stored text can steer a terminal."""
    click.echo(json.dumps(plain(value), ensure_ascii=True))


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """Lend a progress callback that draws a bar on standard error, or None where that is no terminal."""
    if shared().json or not sys.stderr.isatty():
        yield None
        return

    click.echo(f"{what} …", nl=False, err=True)  # before the first is done: a model may have to be loaded

    def draw(done: int, total: int | None) -> None:
        bar = ""
        if total:
            filled = min(20, 20 * done // total)
            bar = f" of {total:,} [{'#' * filled}{'.' * (20 - filled)}]"
        click.echo(f"\r{what}: {done:,}{bar}", nl=False, err=True)

    try:
        yield draw
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Say on a terminal what is going on and for how long, from the second second on."""
    if shared().json or not sys.stderr.isatty():
        yield
        return
    ended, began = Event(), time.monotonic()

    def tell() -> None:
        while not ended.wait(1.0):
            click.echo(f"\r{what} … {time.monotonic() - began:.0f} s", nl=False, err=True)

    telling = Thread(target=tell, daemon=True)
    telling.start()
    try:
        yield
    finally:
        ended.set()
        telling.join()
        if time.monotonic() - began >= 1.0:
            click.echo("\r\x1b[K", nl=False, err=True)


def read_text(path: str, limit: int = 50_000_000) -> str:
    """Return a file's text, or standard input's for "-"; raise InvalidInput where it is none."""
    try:
        if path == "-":
            raw = sys.stdin.buffer.read(limit + 1)
        else:
            with open(path, "rb") as file:
                raw = file.read(limit + 1)
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror or error}; it cannot be read") from error
    where = "standard input" if path == "-" else path
    if len(raw) > limit:
        raise InvalidInput(f"{where} is larger than {limit:,} bytes; cut it to what matters")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{where} is not UTF-8 text (byte {error.start:,} is {raw[error.start]:#04x}); "
            "convert it first, for example: iconv -f LATIN1 -t UTF-8"
        ) from error


def micros(text: str | None) -> int | None:
    """Read a time as microseconds: 2026-01-31, 2026-01-31T12:00, or an age like 30min, 12h, 7d, 2w."""
    if text is None:
        return None
    from datetime import datetime

    if (age := _age(text)) is not None:
        return time.time_ns() // 1_000 - age * SECOND_MICROS
    try:
        return int(datetime.fromisoformat(text.strip()).astimezone().timestamp() * SECOND_MICROS)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"{text[:40]!r} is no time; write 2026-01-31, 2026-01-31T12:00 or an age: 30min, 12h, 7d, 2w"
        ) from error


def seconds(text: str) -> int:
    """Read a length of time as seconds: 30s, 5min, 12h, 7d, 2w."""
    if (age := _age(text)) is None:
        raise InvalidInput(f"{text[:40]!r} is no length of time; write 30s, 5min, 12h, 7d or 2w")
    return age


def _age(text: str) -> int | None:
    """Return the seconds of a number with its unit; None where it is none."""
    import re

    units = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
    found = re.fullmatch(r"(\d{1,6})\s*(s|min|m|h|d|w)", text.strip())
    return int(found[1]) * units[found[2]] if found else None
