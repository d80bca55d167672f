"""Which fixes are bound to which fingerprints, and how did each application go?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from brainops.store.database import Row, Session
from brainops.store.evidence import JUDGED, EvidenceRows
from brainops.store.paging import Beside, paged
from brainops.store.rows import row_of, value_of
from brainops.types import (
    JSON,
    Action,
    ApplicationState,
    Fix,
    FixApplication,
    FixKind,
    FixMode,
    StepKind,
)
from brainops.types.page import Page


class FixRows:
    """The fixes and applications of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, fix: Fix) -> bool:
        """Bind a fix; return False where its id stands there already."""
        return self._changed(self._session.run("fix_insert", **fix_row(fix)))

    def get(self, fix_id: str) -> Fix | None:
        """Return one readable fix."""
        row = self._session.one("fix_get", id=fix_id)
        return fix_of(row) if row else None

    def of(self, fingerprints: Sequence[str]) -> list[Fix]:
        """Return the fixes that are bound to any of these fingerprints, oldest first."""
        return [fix_of(row) for row in self._session.all("fix_of_fingerprints", fingerprints=list(fingerprints))]

    def set_mode(self, fix_id: str, mode: FixMode, reason: str, demoted_at: int | None) -> bool:
        """Say how far a fix goes by itself; return False where there is none in the written namespace."""
        values = {"mode": mode.value, "reason": reason, "demoted_at": demoted_at}
        return self._changed(self._session.run("fix_set_mode", id=fix_id, **values))

    def detach(self, fix_id: str, reason: str, at: int) -> bool:
        """Unbind a fix; its record stays."""
        return self._changed(self._session.run("fix_detach", id=fix_id, reason=reason, detached_at=at))

    def set_trust(self, fix_id: str, trust: str) -> bool:
        """Say how far the origin of a fix is trusted."""
        return self._changed(self._session.run("fix_trust", id=fix_id, trust=trust))

    def _changed(self, rows: int) -> bool:
        """Count a change of the namespace's procedures, of which a fix is one, where any row changed."""
        if rows:
            self._session.run("procedure_change")
            self._session.counted = True
        return rows > 0

    def verdicts(self) -> dict[str, tuple[FixKind, int, int]]:
        """Return for each fix that was judged: its kind, how often it was verified, how often contradicted."""
        return {
            row["fix_id"]: (FixKind(row["kind"]), int(row["verified"]), int(row["contradicted"]))
            for row in self._session.all("fix_verdicts")
        }

    def add_application(self, application: FixApplication, context: Mapping[str, JSON] | None = None) -> bool:
        """Keep an application, and what it shows already; return False where its id stands there already.

        `context` is where it was carried out, where no operation says so.
        """
        added = self._session.run("fix_application_insert", **row_of(application, "evidence")) > 0
        if added:
            self._show(application, context)
        return added

    def application(self, application_id: str) -> FixApplication | None:
        """Return one readable application."""
        row = self._session.one("fix_application_get", id=application_id)
        return application_of(row) if row else None

    def applications(
        self,
        *,
        fix_id: str | None,
        state: str | None,
        operation_id: str | None = None,
        limit: int,
        **beside: Unpack[Beside],
    ) -> Page[FixApplication]:
        """Return applications, newest first."""
        wanted = {"fix_id": fix_id, "state": state, "operation_id": operation_id}
        return paged(self._session, "fix_application_list", application_of, limit, **beside, **wanted)

    def open_applications(self, limit: int) -> list[FixApplication]:
        """Return what is due, under way or not judged in the written namespace, oldest first."""
        return [application_of(row) for row in self._session.all("fix_application_open", limit=limit)]

    def move(
        self, application: FixApplication, state: ApplicationState, reason: str, **values: str | int | None
    ) -> bool:
        """Move an application on; return False where somebody else did first."""
        given: dict[str, Any] = dict.fromkeys(("run_id", "applied_at", "decided_at", "verified_by", "evidence"))
        given.update(values)
        moved = {"id": application.id, "from_state": application.state.value, "state": state.value, "reason": reason}
        if not self._session.run("fix_application_move", **moved, **given):
            return False
        if state in JUDGED and (now := self.application(application.id)) is not None:
            self._show(now, None)
        return True

    def _show(self, application: FixApplication, context: Mapping[str, JSON] | None) -> None:
        """Let an application that was judged be evidence of what the fix does, in the context of its operation."""
        fix = self.get(application.fix_id)
        if fix is not None:
            EvidenceRows(self._session).of_application(application, fix, context)

    def same(self, fix_id: str, operation_id: str | None, target: str | None) -> bool:
        """Say whether this fix is due or under way for this operation or target already."""
        values = {"fix_id": fix_id, "operation_id": operation_id, "target": target}
        return self._session.one("fix_application_same", **values) is not None

    def radius(self, fix_id: str, target: str | None, since: int) -> Row:
        """Return how often fixes applied themselves since then: `of_fix`, `of_target`, `of_namespace`."""
        found = self._session.one("fix_application_radius", fix_id=fix_id, target=target, since=since)
        assert found is not None
        return found

    def helped(self, fingerprints: Sequence[str], target: str | None, since: int) -> list[FixApplication]:
        """Return applications for an error on a target that seemed to have helped since then."""
        rows = self._session.all("fix_application_helped", fingerprints=list(fingerprints), target=target, since=since)
        return [application_of(row) for row in rows]

    def awaiting(self, name: str, target: str | None, since: int) -> list[FixApplication]:
        """Return applications that the success of this operation on this target verifies."""
        rows = self._session.all("fix_application_awaiting", name=name, target=target, since=since)
        return [application_of(row) for row in rows]

    def list(self, *, mode: str | None, detached: bool, limit: int, **beside: Unpack[Beside]) -> Page[Fix]:
        """Return the fixes, newest first."""
        return paged(self._session, "fix_list", fix_of, limit, **beside, mode=mode, detached=int(detached))


def fix_row(fix: Fix) -> dict[str, Any]:
    """Return the values of a fix."""
    actions = {name: _action_text(getattr(fix, name)) for name in _ACTIONS}
    context = json.dumps(dict(fix.context), ensure_ascii=False, sort_keys=True)
    return row_of(fix, "limits", actor="created_by", **actions, context=context)


def fix_of(row: Row) -> Fix:
    """Read a row as a Fix."""
    actions = {name: _action_of(row[name]) for name in _ACTIONS}
    return value_of(Fix, row, "context", "limits", actor="created_by", **actions)


def application_of(row: Row) -> FixApplication:
    """Read a row as a FixApplication."""
    return value_of(FixApplication, row, "evidence")


_ACTIONS = ("action", "verify", "rollback")


def _action_text(action: Action | None) -> str | None:
    if action is None:
        return None
    return json.dumps({"uses": action.uses.value, "with": dict(action.parameters)}, ensure_ascii=False)


def _action_of(text: str | None) -> Action | None:
    if text is None:
        return None
    value: Mapping[str, Any] = json.loads(text)
    return Action(uses=StepKind(value["uses"]), parameters=value["with"])
