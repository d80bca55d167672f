"""What becomes of a learning that another instance gives: external, a draft or a suggestion, and never in force?"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from brainops.errors import BrainOpsError, InvalidInput, NotFound
from brainops.learning.sharing.bundle import Bundle, Item
from brainops.memory import capture, correction
from brainops.memory.context import MemoryContext
from brainops.memory.redaction.redact import redact_json
from brainops.procedures.catalog import Catalog
from brainops.procedures.fixes.fixes import Fixes
from brainops.store import acts
from brainops.store.actors import actor_columns
from brainops.store.fixes import fix_of
from brainops.types import Draft, FixMode, MemoryState, MemoryType, ProcedureState, Source, Trust
from brainops.types.limits import Said
from brainops.wire import from_plain
from brainops_core.redaction.redact import clean

SHARED_IMPORTANCE = 0.5  # at most: what matters elsewhere need not matter here
MAX_COUNT = 1_000_000  # a figure beyond that is no count


class BundleIntake:
    """Takes in one bundle's items, each as often as one likes."""

    def __init__(self, context: MemoryContext, procedures: Catalog, fixes: Fixes, bundle: Bundle) -> None:
        self._context = context
        self._procedures = procedures
        self._fixes = fixes
        self._bundle = bundle

    def take(self, item: Item) -> str:
        """Take an item in; return "taken", "changed", "unchanged" or "withdrawn". Raises BrainOpsError."""
        with self._context.store.read() as tx:
            known = tx.sharing.item(self._bundle.key, item.kind, item.id)
        if known is not None and known["withdrawn_at"] is not None:
            return "withdrawn"
        if known is not None and known["hash"] == item.hash:
            return "unchanged"
        body = redact_json(dict(item.body), self._context.redaction).value
        assert isinstance(body, dict)
        before = known["local_id"] if known is not None else None
        local = {"insight": self._insight, "procedure": self._procedure, "fix": self._fix}[item.kind](
            item, body, before
        )
        with self._context.store.writing(acts.SHARE, self._context.actor) as tx:
            tx.sharing.put_item(
                {
                    "key": self._bundle.key,
                    "kind": item.kind,
                    "origin_id": item.id,
                    "bundle_id": self._bundle.id,
                    "local_id": local,
                    "hash": item.hash,
                    "at": self._context.store.now(),
                    "verified": _count(body.get("verified")),
                    "contradicted": _count(body.get("contradicted")),
                }
            )
        return "taken" if known is None else "changed"

    def _insight(self, item: Item, body: Mapping[str, Any], before: str | None) -> str:
        importance = body.get("importance")
        title = from_plain(Said, body.get("title"), "a shared learning's title")
        draft = Draft(
            title=clean(title),
            content=body.get("content"),
            type=MemoryType(body.get("type", MemoryType.LEARNING_INSIGHT)),
            tags=(*(str(tag) for tag in body.get("tags") or ()), "shared"),
            importance=min(SHARED_IMPORTANCE, float(importance)) if isinstance(importance, (int, float)) else 0.3,
            metadata={"shared_by": self._bundle.name, "shared_key": self._bundle.key},
            trust=Trust.EXTERNAL,
            source=Source(actor=self._context.actor, key=f"share:{self._bundle.key}:{item.id}"),
            idempotency_key=f"share:{self._bundle.key}:{item.id}:{item.hash}",
        )
        if before is not None and self._stands(before):
            return correction.supersede(self._context, before, draft).id
        return capture.capture(self._context, draft).id

    def _stands(self, memory_id: str) -> bool:
        try:
            found = correction.get(self._context, memory_id)
        except NotFound:
            return False
        return found.state is MemoryState.ACTIVE and found.superseded_by is None

    def _procedure(self, item: Item, body: Mapping[str, Any], before: str | None) -> str:
        definition = body.get("definition")
        if not isinstance(definition, Mapping):
            raise InvalidInput("a shared procedure has a definition")
        saved = self._procedures.save(definition, trust=Trust.EXTERNAL, reason=f"shared by {self._bundle.name}")
        return saved.id

    def _fix(self, item: Item, body: Mapping[str, Any], before: str | None) -> str:
        if before is not None:
            return before  # what it does never changes under one id; its counts do
        # The same id for the same fix of the same instance, so that it never comes twice.
        local = str(uuid.uuid5(uuid.NAMESPACE_URL, f"brainops:{self._bundle.key}:{item.id}"))
        texts = {
            name: json.dumps(body[name]) if body.get(name) is not None else None
            for name in ("action", "verify", "rollback")
        }
        row = {
            **{name: body.get(name) for name in ("fingerprint", "title", "kind", "procedure")},
            **texts,
            "context": json.dumps(body.get("context") or {}),
            "limits": json.dumps(body.get("limits") or {}),
            "advice": body.get("advice") or "",
            "id": local,
            "namespace": self._context.store.scope.write,
            "mode": FixMode.SUGGEST.value,
            "trust": Trust.EXTERNAL.value,
            "created_at": self._context.store.now(),
            **actor_columns(self._context.actor),
            "demoted_at": None,
            "detached_at": None,
            "reason": "",
        }
        try:
            fix = fix_of(row)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise InvalidInput(f"a shared fix is not whole ({type(error).__name__})") from None
        self._fixes.receive(fix, giver=self._bundle.name)
        return local


def withdraw(
    context: MemoryContext, procedures: Catalog, fixes: Fixes, row: Mapping[str, Any], reason: str
) -> str | None:
    """Take an item that came from elsewhere out of use; return what is left to a person, None where nothing is."""
    local = row["local_id"]
    if local is None:
        return None
    try:
        match row["kind"]:
            case "insight":
                correction.set_state(context, local, MemoryState.ARCHIVED, reason)
            case "fix":
                fix = fixes.get(local)
                if fix.detached_at is None:
                    fixes.detach(local, reason=reason)
            case "procedure":
                version = procedures.by_id(local)
                if version.state is ProcedureState.ACTIVE:
                    return (
                        f"{version.procedure.name} is active here: brainops procedure retire {version.procedure.name}"
                    )
    except BrainOpsError as error:
        return str(error)
    return None


def _count(value: Any) -> int:
    return min(value, MAX_COUNT) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
