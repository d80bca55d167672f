"""What is known of an operation or an error that is worth a line to an agent, and under which id?"""

from __future__ import annotations

import time

from brainops_core.hook.rows import NoRows, listed
from brainops_core.json_text import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from brainops_core.guard.values import PlainStart
    from brainops_core.hook.rows import Rows
    from brainops_core.pack import Pack

MAX_QUOTED = 300  # characters of a text from memory
LATELY = 5  # operations of a name that are looked at
FIXES = 2
ERRORS = 3  # of a namespace, when a session begins
RUNS = 3
DIGESTS = 8  # of one error
_UNITS = ((86_400 * 365, "y"), (86_400, "d"), (3_600, "h"), (60, "min"))


class Told:
    """One line for an agent, and the ids that it hands out."""

    __slots__ = ("ids", "text")

    def __init__(self, text: str, *ids: str) -> None:
        self.text = text
        self.ids = ids


def of_operation(known: Pack, rows: Rows, start: PlainStart) -> Iterator[Told]:
    """Yield how an operation failed here and what helped; nothing where nothing that helps is known.

    That it failed the last time, in another session, is worth a line by itself.
    """
    try:
        ended = rows.ask("hook_operation", name=start.name, target=start.target, limit=LATELY)
    except NoRows:
        return
    failed = {row["fingerprint"]: row for row in reversed(ended) if row["fingerprint"]}
    for digest, row in failed.items():
        fixes = list(_fixes(known, [digest]))
        last = ended[0] is row and row["session_id"] != start.session_id
        if not (fixes or last) or not row["title"]:
            continue
        seen = f"{quoted(row['title'])} ({_ago(row['finished_at'])} ago, memory {row['error_memory_id']})"
        yield Told(f"{start.name} failed here before: {seen}", row["error_memory_id"])
        yield from fixes


def of_error(known: Pack, rows: Rows, text: str) -> Iterator[Told]:
    """Yield what helps against an error: by its fingerprint alone, never by what it reads like."""
    from brainops_core.recognition.digests import bound_digests
    from brainops_core.recognition.error_events import parse_error

    digests = bound_digests(parse_error(text))[:DIGESTS]
    fixes = list(_fixes(known, digests))
    if not fixes:
        return
    try:
        seen = rows.ask("hook_fingerprint", digests=listed(digests), limit=1)
    except NoRows:
        seen = []
    if seen:
        often = f"{seen[0]['occurrences']} times, " if seen[0]["occurrences"] > 1 else ""
        about = f"{often}last {_ago(seen[0]['last_seen_at'])} ago, memory {seen[0]['id']}"
        yield Told(f"this error is known ({about})", seen[0]["id"])
    yield from fixes


def of_namespace(known: Pack, rows: Rows) -> Iterator[Told]:
    """Yield what spares a session most: what failed lately and what helps, what holds, which runs are open."""
    try:
        failed = rows.ask("hook_errors", limit=ERRORS)
        runs = rows.ask("hook_runs", limit=RUNS)
    except NoRows:
        return
    for row in failed:
        often = f", {row['occurrences']} times" if row["occurrences"] > 1 else ""
        about = f"{row['trust']}, {_ago(row['last_seen_at'])} ago{often}, memory {row['id']}"
        yield Told(f"failed lately: {quoted(row['title'])} ({about})", row["id"])
        yield from _fixes(known, [row["fingerprint"]] if row["fingerprint"] else [])
    if known.body["enforcement"] == "strict":
        written = [rule["name"] for rule in known.body["rules"] if rule.get("mode") in ("deny", "ask")]
        if written:
            more = f" and {len(written) - ERRORS} more" if len(written) > ERRORS else ""
            yield Told(f"rules that hold: {'; '.join(map(quoted, written[:ERRORS]))}{more}")
    for row in runs:
        yield Told(f"open run of {quoted(row['procedure_name'])} ({row['state']}): brainops run show {row['id']}")


def open_step(rows: Rows, session: str, agent: str) -> tuple[str, str] | None:
    """Return (run, what is to be done) of a run of this session that must be followed and waits; None without one."""
    try:
        runs = rows.ask("hook_open_of_session", session_id=session, actor_id=agent, limit=1)
    except NoRows:
        return None
    if not runs:
        return None
    row = runs[0]
    step = f"its step {quoted(row['step_id'])} waits" if row["step_id"] else "it is not finished"
    return row["id"], f"the procedure {quoted(row['procedure_name'])} must be followed, and {step}"


def _fixes(known: Pack, digests: Sequence[str]) -> Iterator[Told]:
    found: dict[str, Mapping[str, Any]] = {each["id"]: each for each in known.fixes(digests)}
    surest = sorted(found.values(), key=lambda fix: (fix["contradicted"] - fix["verified"], fix["trust"] != "verified"))
    for fix in surest[:FIXES]:
        tried = fix["verified"] + fix["contradicted"]
        bound = f"helped {fix['verified']} of {tried} times" if tried else f"not verified yet, from {fix['trust']}"
        yield Told(f"what helps: {quoted(fix['does'] or fix['title'])} ({bound}, fix {fix['id']})", fix["id"])


def quoted(text: str) -> str:
    """Return a text from memory in quotes on one line, so that nothing in it can be taken for a line of ours."""
    flat = "".join(each if each.isprintable() else "�" for each in " ".join(text.split()))
    return _plain(flat if len(flat) <= MAX_QUOTED else f"{flat[:MAX_QUOTED]}…")


def _plain(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if text.isprintable() else to_json(text)


def _ago(at: int) -> str:
    seconds = max(0, time.time_ns() // 1000 - at) // 1_000_000
    return next((f"{seconds // size} {unit}" for size, unit in _UNITS if seconds >= size), f"{seconds} s")
