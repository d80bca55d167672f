"""What must a trail that came with an import still say, so that it agrees with what holds here?"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from brainops.store import Transaction, acts
from brainops.store.database import Row
from brainops.store.rules import CHANGES
from brainops.store.trail import entry_of
from brainops.types import JSON, AuditEntry, Micros

SETTLED = "import-settle"
"""The act of the line that says which settings hold here, whatever the lines of the other store before it set."""

REASON = "it came with an import, which puts nothing in force"


WITNESS = frozenset(
    "approval-grant approval-refuse approval-expire approval-use approval-void guard-bypass run-step-complete run-skip"
    " save_procedure rule-add rule-remove".split()
)
"""Acts that tell what happened. A trail that could not be continued stands, whole, in the entries of the import; of
these acts it is believed. What is in force (settings, activations, who may approve) nobody sets by a file."""


def settle(tx: Transaction, now: Micros, *, whole: bool) -> None:
    """Add a line for everything that holds by the trail that came over and does not hold here; says nothing twice.

    Where the trail did not come over `whole`, it set nothing here, and only rules that arrived are accounted for.
    """
    lines = [entry for row in _rows(tx) for entry in [entry_of(row), *witnesses(row)]]
    removed = {line.subject for line in lines if line.act == "rule-remove"}
    for row in tx.records.each("rule"):
        if row["removed_at"] is not None and row["id"] not in removed:
            tx.also(acts.IMPORT_RULE_GONE).append(row["id"], now, reason=REASON)
    if whole:
        _settle_procedures(tx, now, lines)
        _settle_settings(tx, now, lines)


def witnesses(row: Row) -> Iterator[AuditEntry]:
    """Yield what an import kept of a trail that it could not continue, as far as it tells what happened."""
    if row["act"] != "import":
        return
    kept = json.loads(row["detail"]).get("lines", ())
    yield from (entry_of({**line, "namespace": row["namespace"]}) for line in kept if line["act"] in WITNESS)


def _rows(tx: Transaction) -> Iterator[Row]:
    after = 0
    while rows := tx.trail.page(tx.scope.write, after):
        yield from rows
        after = rows[-1]["sequence"]


def _settle_procedures(tx: Transaction, now: Micros, lines: list[AuditEntry]) -> None:
    """Which version of each is active, by the trail and by the rows?"""
    said: dict[str, str] = {}
    seen: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.act == "activate_procedure":
            said[line.subject] = str(line.detail.get("hash"))
            seen[line.subject].add(said[line.subject])
        elif line.act == "retire_procedure":
            said[line.subject] = ""
    active = {row["hash"] for row in tx.procedures.active()}
    for subject, digest in sorted(said.items()):
        holds = next(iter(sorted(seen[subject] & active)), "")
        if holds == digest:
            continue
        if holds:
            tx.also(acts.IMPORT_ACTIVE).append(subject, now, hash=holds, reason=REASON)
        else:
            tx.also(acts.IMPORT_RETIRED).append(subject, now, reason=REASON)


def _settle_settings(tx: Transaction, now: Micros, lines: list[AuditEntry]) -> None:
    said: dict[str, JSON] = {}
    clients: JSON = []
    for line in lines:
        if line.act == SETTLED:
            settings = line.detail.get("settings")
            said = dict(settings) if isinstance(settings, dict) else {}
        elif line.act.startswith("set-"):
            said[line.act.removeprefix("set-")] = line.detail.get("value")
        if line.act in (SETTLED, "approval-clients"):
            clients = line.detail.get("clients")
    here: dict[str, JSON] = {row["name"]: row["value"] for row in tx.rules.settings() if row["name"] != CHANGES}
    accepted: list[JSON] = list(tx.approvals.clients())
    if (said, clients) != (here, accepted):
        tx.also(acts.IMPORT_SETTLE).append(tx.scope.write, now, settings=here, clients=accepted, reason=REASON)
