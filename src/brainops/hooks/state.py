"""Do the hooks of coding agents work: wired where, last fired, kept, handed out, used, denied?"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from msgspec import Struct, field

import brainops_core
from brainops.hooks import folder as places
from brainops.hooks.clients import codex_home, events_of, is_ours
from brainops.hooks.folder import folder_of, wired
from brainops.types import Check
from brainops.types.counted import counted
from brainops.types.times import DAY_MICROS, SECOND_MICROS
from brainops_core.hook import spool
from brainops_core.hook.ledger import FOLDER, lines_of

DAYS = 7
MAX_SESSIONS = 2_000  # of the last days that are read; somebody with more of them has a sample
TOLD_FAULTS = 5  # of the last day and a client; those before it were mended, or come again
MOST_WAITING = 10_000  # events; what waits beyond that nobody takes up


class HookState(Struct, kw_only=True):
    """What hooks did in the last days, of all clients of one store."""

    wired: list[dict[str, Any]] = field(default_factory=list)
    last_at: int | None = None
    events: int = 0
    kept: int = 0
    waiting: int = 0
    faults: int = 0
    newest_faults: list[dict[str, Any]] = field(default_factory=list)
    sessions: int = 0
    injected_tokens: int = 0
    used_tokens: int = 0
    denied: int = 0
    avoided: int = 0
    byte_code: bool = True


def state(store: str, environment: Mapping[str, str]) -> HookState:
    """Return how the hooks stand that feed a store."""
    found = HookState(wired=[_wired(path, entry, environment) for path, entry in wired(environment).items()])
    folder = folder_of(store)
    if folder is None:
        return found
    for client in places.counted(folder).values():
        found.events += client["events"]
        found.kept += client["kept"]
        lately = [each for each in client["newest"] if int(each["at"]) > time.time() * SECOND_MICROS - DAY_MICROS]
        found.faults += len(lately)
        found.newest_faults += lately[-TOLD_FAULTS:]
        found.last_at = max(found.last_at or 0, client.get("last_at", 0)) or None
    for path in spool.waiting(folder):
        with open(path, "rb") as file:
            found.waiting += sum(line.startswith(b"{") for line in file)
        found.last_at = max(found.last_at or 0, int(os.path.getmtime(path) * SECOND_MICROS))
    _sessions(Path(folder, FOLDER), found)
    root = Path(brainops_core.__file__).parent
    found.byte_code = all(os.path.exists(cache_from_source(str(path))) for path in root.rglob("*.py"))
    return found


def _wired(path: str, entry: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    try:
        hooks = json.loads(Path(path).read_text(encoding="utf-8"))["hooks"]
        events = events_of(entry["client"], frozenset(entry["without"]))
        there = all(is_ours(hooks.get(event)) for event in events)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        there = False
    about = {name: entry[name] for name in ("client", "scope", "closed")}
    return {**about, "path": path, "there": there, "trusted": entry["client"] != "codex" or _trusted(path, environment)}


def _trusted(path: str, environment: Mapping[str, str]) -> bool:
    """Say whether Codex was told to trust hooks of a file; by which hash, only it knows."""
    try:
        text = (codex_home(environment) / "config.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return f"{path}:pre_tool_use:" in text and "trusted_hash" in text


def _sessions(folder: Path, found: HookState) -> None:
    """Add up what sessions were told and what of it was used, by their ledgers; those that are too old are removed."""
    now = time.time()
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: -entry.stat().st_mtime)
    except OSError:
        return
    for entry in entries[:MAX_SESSIONS]:
        if now - entry.stat().st_mtime > DAYS * DAY_MICROS / SECOND_MICROS:
            continue
        found.sessions += 1
        for line in lines_of(entry.path):
            found.injected_tokens += line.get("tokens", 0)
            found.denied += line.get("verdict") in ("deny", "ask")
            if line.get("event") == "used":
                found.used_tokens += line.get("spent", 0)
                found.avoided += bool(line.get("avoided"))


def checks(store: str, environment: Mapping[str, str]) -> list[Check]:
    """Return what doctor says of the hooks; nothing where nobody wired any."""
    found = state(store, environment)
    if not found.wired:
        return []
    trouble, way_out = _trouble(found)
    detail = "; ".join(filter(None, (told(found), trouble)))
    return [Check(name="coding agents", passed=not way_out, detail=detail, way_out=way_out)]


def _trouble(found: HookState) -> tuple[str, str]:
    """Return the worst that keeps hooks from working, and the way out; "" and "" where nothing does."""
    gone = [each for each in found.wired if not each["there"]]
    first = found.wired[0]["client"]
    if gone:
        return f"taken out of {', '.join(each['path'] for each in gone)}", f"brainops install {gone[0]['client']}"
    if not all(each["trusted"] for each in found.wired):
        return "Codex trusts none of them, and skips them without a word", "brainops install codex --trust"
    if found.faults:
        newest = max(found.newest_faults, key=lambda fault: int(fault["at"]))
        return f"{counted(found.faults, 'event')} failed, the last: {newest['error']}", "brainops hook drain"
    if found.waiting > MOST_WAITING:
        return "nobody takes up what they see", "brainops hook drain"
    if not found.byte_code:
        return "without byte code each event takes many times as long", f"brainops install {first}"
    return "", ""


def told(found: HookState) -> str:
    """Return how the hooks stand in a line; "" where nobody wired any and none fired."""
    if not (found.wired or found.events):
        return ""
    said = [f"{', '.join(sorted({each['client'] for each in found.wired})) or 'none'} wired", _fired(found)]
    said += [f"{found.waiting:,} events wait"] if found.waiting else []
    if found.injected_tokens:
        said.append(f"{found.injected_tokens:,} tokens handed out in {DAYS} days, {found.used_tokens:,} of them used")
    if found.denied:
        said.append(f"{found.denied:,} denied")
    if found.avoided:
        said.append(f"{counted(found.avoided, 'repeat')} avoided")
    return "; ".join(said)


def _fired(found: HookState) -> str:
    if found.last_at is None:
        return "none fired yet (Codex skips hooks that nobody trusted: run it and type /hooks)"
    return f"the last fired {_length(time.time() - found.last_at / SECOND_MICROS)} ago"


def _length(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{max(1, int(seconds))} s"
