"""How does a row of an export arrive, so that a file brings what happened and gives nobody any power? (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

Row = dict[str, Any]

ENDED = frozenset({"succeeded", "failed", "cancelled"})
STEP_OPEN = frozenset({"pending", "running", "waiting"})
TASK_OPEN = frozenset({"running", "waiting"})
STANDING = frozenset({"applied", "kept"})
APPLYING = frozenset({"due", "applying"})
UNSENT = "it came with an import, and is not sent from here"
UNDER_WAY = "it was under way when it was exported; an import never goes on with what may go on elsewhere"
UNFORCED = "what it changed elsewhere is not changed here; what would be better here is found anew"
LEFT: Mapping[str, str] = {
    "share_peer": "to whom a namespace listens is said here and not by a file: brainops share trust",
    "share_bundle": "which bundles came is known by the instance that they came to",
    "failure_model": "when operations fail is learned from the record of each store",
    "precursor": "what precedes failure is learned from the record of each store",
    "alert": "how alerts stand is told by those who watch",
    "delivery": "who was told what belongs to where the channels are",
    "job": "what goes on in the background goes on where it was begun",
    "inbox": "what came in is worked on where it came to",
    "language_use": "what language models took is counted where they were asked",
}
"""Kinds that no export holds, and why: a file that holds them nevertheless was made by hand."""
UNVOUCHED = "it is kept as external: that it is verified is for a person to say who may, and not for a file"
UNUSED = "it was open when it was exported; what a file brings approves nothing"


class Arrival(Struct, frozen=True, kw_only=True):
    """What becomes of a row: as it is put in (None where it is left), and why it is not as it was in the file.

    `name` says which it is where somebody has to look after it.
    """

    row: Row | None
    why: str | None = None
    name: str | None = None


def arriving(kind: str, row: Row, now: int) -> Arrival:
    """Return how a row arrives at a time."""
    match kind:
        case "procedure":
            return _procedure(row)
        case "run":
            return _run({**row, "imported_at": now}, now)
        case "run_step" if row["state"] in STEP_OPEN:
            return Arrival(row={**row, "state": "cancelled", "wake_at": None, "finished_at": now}, why=UNDER_WAY)
        case "approval" if row["state"] in ("pending", "granted"):
            return Arrival(row={**row, "state": "expired"}, why=UNUSED)
        case "rule" if row["removed_at"] is None:
            why = "it holds only once somebody adds it here: brainops guard rule add"
            return Arrival(row={**row, "removed_at": now}, why=why, name=row["name"])
        case "rule_mode":
            why = "how hard a rule holds is set here and not by a file: brainops guard rule mode"
            return Arrival(row=None, why=why, name=f"{row['rule_id']} = {row['mode']}")
        case "namespace_setting":
            why = "a namespace is set here and not by a file: brainops enforcement, autonomy, allow"
            return Arrival(row=None, why=why, name=f"{row['name']} = {row['value']}")
        case "evidence":  # seen in other places: it is read here, and counts for nothing
            return Arrival(row={**row, "imported_at": now, "idempotency_key": None})
        case "decision" | "guidance":
            return Arrival(row={**row, "imported_at": now})
        case "bypass" if row["closed_at"] is None and row["until"] > now:
            return Arrival(row={**row, "closed_at": now}, why="it was open, and a file opens nothing")
        case "fix":
            return _fix(row)
        case "fix_application":
            return _application({**row, "imported_at": now}, now)
        case "decided_case":
            # A case comes from outside: it counts less, and alone it decides nothing. An open decision is nobody's
            # here.
            arrived = {**row, "trust": "external"}
            if row["standing"] != "open":
                return Arrival(row=arrived)
            return Arrival(row={**arrived, "standing": "replaced"}, why="nobody had confirmed it when it was exported")
        case "agent":
            return _agent(row)
        case "execution":
            return _execution({**row, "imported_at": now}, now)
        case "attempt":
            ended = now if row["ended_at"] is None else row["ended_at"]
            return Arrival(row={**row, "ended_at": ended, "imported_at": now})
        case "improvement":
            return _improvement({**row, "imported_at": now}, now)
        case "code_patch":
            return Arrival(row={**row, "stands": 0})
        case _ if kind in LEFT:
            return Arrival(row=None, why=LEFT[kind])
        case "notice" if row["delivered_at"] is None:
            return Arrival(row={**row, "delivered_at": now, "error": UNSENT}, why=UNSENT)
        case _:
            return Arrival(row=row)


def _procedure(row: Row) -> Arrival:
    """A version comes as a draft from outside: a person activates it, wherever it was active before."""
    arrived = {**row, "owner": "store", "trust": "external"}
    if row["state"] != "active":
        return Arrival(row=arrived)
    why = "it was active; it is a draft until a person activates it here: brainops procedure activate NAME --number N"
    return Arrival(row={**arrived, "state": "draft"}, why=why, name=f"{row['name']} number {row['number']}")


def _run(row: Row, now: int) -> Arrival:
    """A run comes as history. The key under which it was started would keep another from starting in its place."""
    if row["state"] in ENDED and row["finished_at"] is not None:
        return Arrival(row=row)
    ended = {"state": "cancelled", "finished_at": now, "idempotency_key": None, "reason": UNDER_WAY}
    return Arrival(row={**row, **ended}, why=UNDER_WAY)


def _fix(row: Row) -> Arrival:
    """A fix is only suggested, and applied by nobody until a person vouches for it."""
    arrived = {**row, "mode": "suggest", "trust": "external"}
    if row["mode"] == "suggest" or row["detached_at"] is not None:
        return Arrival(row=arrived)
    why = "it went further by itself; here it is suggested until a person vouches for it and sets its mode"
    return Arrival(row=arrived, why=why, name=row["title"])


def _agent(row: Row) -> Arrival:
    """An agent is asked for nothing until a person enables it."""
    if not row["enabled"] or row["removed_at"] is not None:
        return Arrival(row=row)
    why = "it is disabled until a person enables it here: brainops agent enable NAME"
    return Arrival(row={**row, "enabled": 0}, why=why, name=row["name"])


def _execution(row: Row, now: int) -> Arrival:
    """A task comes as history. Under the key of one that did not succeed, the same may be asked for here."""
    if row["state"] == "succeeded":
        return Arrival(row=row)
    row = {**row, "idempotency_key": None}
    if row["state"] not in TASK_OPEN:
        return Arrival(row=row)
    return Arrival(row={**row, "state": "cancelled", "ended_at": now, "reason": UNDER_WAY}, why=UNDER_WAY)


def _improvement(row: Row, now: int) -> Arrival:
    """An improvement comes as history: nothing is tried, applied, watched or taken back by it here."""
    if row["ended_at"] is not None and row["state"] not in STANDING:
        return Arrival(row=row)
    was = f"it was {row['state']} when it was exported; {UNFORCED}"
    return Arrival(row={**row, "state": "rejected", "ended_at": now, "outcome": was}, why=UNFORCED, name=row["title"])


def _application(row: Row, now: int) -> Arrival:
    if row["state"] not in APPLYING:
        return Arrival(row=row)
    return Arrival(row={**row, "state": "held", "decided_at": now, "reason": UNDER_WAY}, why=UNDER_WAY)
