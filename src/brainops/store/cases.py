"""What is stored of decided cases, and of what was learned of failures?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from brainops.store.database import Row, Session
from brainops.store.paging import Beside, paged
from brainops.store.rows import row_of, value_of
from brainops.types import CaseStanding, DecidedCase, Micros, Trust
from brainops.types.page import Page


class CaseRows:
    """The cases of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, case: DecidedCase) -> bool:
        """Keep a case; return False where one of its id or source stands there already."""
        row = row_of(case, "inputs", "outputs", actor="decided_by", changed_at=case.decided_at)
        return self._session.run("case_insert", **row) > 0

    def get(self, case_id: str) -> DecidedCase | None:
        """Return one readable case."""
        row = self._session.one("case_get", id=case_id)
        return case_of(row) if row else None

    def of_source(self, name: str, source: str) -> DecidedCase | None:
        """Return the case of the written namespace that came from there."""
        row = self._session.one("case_of_source", name=name, source=source)
        return case_of(row) if row else None

    def mark(self, name: str) -> tuple[int, Micros]:
        """Return how many cases of a name there are, and when one changed last."""
        found = self._session.one("case_mark", name=name)
        assert found is not None
        return int(found["cases"]), int(found["changed_at"] or 0)

    def since(self, name: str, since: Micros, limit: int) -> list[DecidedCase]:
        """Return the newest cases of a name that changed since then, oldest first."""
        return [case_of(row) for row in self._session.all("case_since", name=name, since=since, limit=limit)]

    def list(
        self, *, name: str | None, standing: str | None, limit: int, **beside: Unpack[Beside]
    ) -> Page[DecidedCase]:
        """Return cases, newest first."""
        return paged(self._session, "case_list", case_of, limit, **beside, name=name, standing=standing)

    def names(self, limit: int) -> Sequence[Row]:
        """Return what is decided from cases, with `standing`, `open`, `judged` and `judged_right` of each name."""
        return self._session.all("case_names", limit=limit)

    def move(
        self, case: DecidedCase, standing: CaseStanding, at: Micros, *, trust: Trust, origin: str, right: bool | None
    ) -> bool:
        """Confirm or replace a case; return False where somebody else did first."""
        moved = {"id": case.id, "standing": standing.value, "origin": origin, "trust": trust.value, "changed_at": at}
        judged = None if right is None else int(right)
        return self._session.run("case_move", from_standing=case.standing.value, expected_right=judged, **moved) > 0

    def failure_model(self, name: str) -> Mapping[str, Any] | None:
        """Return what was learned of when operations of a name fail."""
        row = self._session.one("failure_model_get", name=name)
        return json.loads(row["body"]) if row else None

    def put_failure_model(self, name: str, body: Mapping[str, Any], at: Micros) -> None:
        """Keep what was learned of when operations of a name fail."""
        self._session.run("failure_model_put", name=name, body=json.dumps(body, ensure_ascii=False), fitted_at=at)

    def forget_failure_models(self, before: Micros) -> None:
        """Remove what was learned longer ago."""
        self._session.run("failure_model_forget", before=before)


def case_of(row: Row) -> DecidedCase:
    """Read a row as a DecidedCase."""
    return value_of(DecidedCase, row, "inputs", "outputs", actor="decided_by")
