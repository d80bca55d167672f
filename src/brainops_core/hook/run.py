"""What happens when a client calls its hook: one event in on standard input, at most one answer out, and never a wait.

Nothing here may stop an agent that the rules do not stop: what fails is said in the spool, and the tool runs. Only a
hook that was installed in the client's fail-closed form ends with exit code 1 then, and never with 2.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

MAX_BYTES = 32 * 1024 * 1024  # of an event; a tool's answer of ten megabytes is one
CPU_SECONDS = 0.3  # on an idle machine that is what passes on the clock; a loaded one must not make the guard inert
WALL_SECONDS = 1.2  # under a quarter of the time-out that is installed, which is five seconds
CLOSED = "closed"  # the word behind the client's name in the fail-closed form


class Late(Exception):
    """The hook took longer than it may."""


def main() -> None:
    """Answer one event and end; run as `python -I -S -c ... CLIENT [closed]`."""
    words = sys.argv[1:]
    code = 0
    given: list[dict[str, Any]] = []

    def emit(answer: dict[str, Any]) -> None:
        from brainops_core.json_text import to_json

        os.write(1, f"{to_json(answer)}\n".encode())
        given.append(answer)

    try:
        _limit()
        _respond(words[0] if words else "", read(0), os.environ, emit, closed=CLOSED in words)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the agent goes on and doctor tells of it
        _tell(words, error)
        code = int(CLOSED in words and not given)
    finally:
        os._exit(code)  # nothing is left to flush, and the last look of the collector costs as much as a read


def _limit() -> None:
    import _signal  # type: ignore[import-not-found]  # signal itself makes enumerations, which take half a start

    def late(*_: object) -> None:
        raise Late("it took too long")

    _signal.signal(_signal.SIGALRM, late)
    _signal.signal(_signal.SIGPROF, late)
    _signal.setitimer(_signal.ITIMER_REAL, WALL_SECONDS)
    _signal.setitimer(_signal.ITIMER_PROF, CPU_SECONDS)


def read(file: int) -> bytes:
    """Return what a client wrote, up to a limit."""
    parts: list[bytes] = []
    size = 0
    while size <= MAX_BYTES and (part := os.read(file, 1 << 20)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def answered(
    client: str, data: bytes, environment: Mapping[str, str], *, closed: bool = False
) -> dict[str, Any] | None:
    """Return what a client is answered to an event; None where nothing is to be said."""
    given: list[dict[str, Any]] = []
    _respond(client, data, environment, given.append, closed=closed)
    return given[0] if given else None


def _respond(
    client: str,
    data: bytes,
    environment: Mapping[str, str],
    emit: Callable[[dict[str, Any]], object],
    *,
    closed: bool,
) -> None:
    from brainops_core.hook.event import event_of

    event = event_of(client, data)
    if event is None:
        raise ValueError(f"{len(data):,} bytes that are no event of {client!r:.40}")
    if event.kind is None or not _switched_on(environment, event.kind, closed):
        return
    from brainops_core.hook.answer import Hook

    Hook(event, environment, time.monotonic() + WALL_SECONDS).respond(emit)


def _switched_on(environment: Mapping[str, str], kind: str, closed: bool) -> bool:
    """BRAINOPS_HOOKS is "off", or names the events that are answered; no environment switches off what fails closed."""
    said = environment.get("BRAINOPS_HOOKS", "")
    return not said or kind in said.replace(",", " ").split() or (closed and kind == "before")


def _tell(words: list[str], error: BaseException) -> None:
    """Leave in the spool that a hook failed, and why; where even that fails, standard error is all there is."""
    what = f"{type(error).__name__}: {error}"[:500]
    try:
        from brainops_core.hook import place, spool
        from brainops_core.redaction.redact import safe_text

        found = place.place_of(os.environ, os.getcwd())
        if found is not None:
            line = {"id": spool.new_id(), "at": time.time_ns() // 1000, "kind": "fault", "client": (words or [""])[0]}
            spool.append(found.folder, {**line, "error": safe_text(what)})
    except BaseException as worse:  # noqa: BLE001 - see above
        os.write(2, f"brainops hook: {what}; {type(worse).__name__}: {worse}\n".encode("utf-8", "replace"))
