"""How is all that is kept of procedures, runs, the guard, fixes, agents and learning read, put back and cleansed?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brainops.store.schema import ORDER

if TYPE_CHECKING:
    from brainops.store.database import Row, Session

PAGE_ROWS = 500
SHORT_TITLE = 3  # characters: a title of no more stands in too many texts to tell that they quote it
PURGED = "purged"  # what stands in the place of a text that said something of a purged memory


class Records:
    """The rows of one transaction, kind by kind, as they are."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, kind: str, after: Row | None) -> Sequence[Row]:
        """Return the next readable rows of a kind after one, in an order that does not depend on the database."""
        start: Row = ORDER[kind] if after is None else after
        places = {f"after_{name}": start[name] for name in ORDER[kind]}
        return self._session.all(f"{kind}_after", limit=PAGE_ROWS, **places)

    def each(self, kind: str) -> Iterator[Row]:
        """Yield every readable row of a kind."""
        after: Row | None = None
        while rows := self.page(kind, after):
            yield from rows
            after = rows[-1]

    def steps(self, after: str, until: str) -> Sequence[Row]:
        """Return the steps of the readable runs after one id and up to another."""
        return self._session.all("run_step_between", after=after, until=until)

    def put_back(self, kind: str, row: Mapping[str, Any]) -> bool:
        """Insert an exported row; return False where it stands there already."""
        found: Row | None
        match kind:
            case "procedure" if row["state"] == "active":
                return False  # whoever imports activates nothing
            case "procedure":
                found = self._session.one("procedure_free_number", name=row["name"], number=row["number"])
            case "run":
                found = self._session.one("procedure_version", name=row["procedure_name"], hash=row["procedure_hash"])
            case "notice":
                found = {"next_attempt_at": row["created_at"]}
            case _:
                found = None
        return self._session.run(f"{kind}_restore_row", **{**row, **(found or {})}) > 0

    def rewrite(self, kind: str, row: Mapping[str, Any]) -> None:
        """Replace a row's texts, after redaction."""
        self._session.run(f"{kind}_rewrite", **row)

    def drop(self, kind: str, row: Row) -> None:
        """Remove a row that is learned anew, or written under another name."""
        self._session.run(f"{kind}_drop", **{name: row[name] for name in ORDER[kind]})

    def resource(self, template: Row, source: str) -> None:
        """Let a log's template, with its counts, be one of a source of another name."""
        place = {"source": template["source"], "id": template["id"]}
        self._session.run("log_count_resource", **place, to_source=source)
        self._session.run("log_count_drop", **place)
        if not self._session.run("log_template_resource", **place, to_source=source):
            self.drop("log_template", template)

    def purge(self, memory_id: str, fingerprint: str | None) -> None:
        """Remove what all of it holds of a memory, or of the error that the memory is."""
        named = self._session.all("run_naming", memory_id=memory_id, fingerprint=fingerprint)
        runs = [row["id"] for row in named]
        # By which title it may be quoted; its id where it has none that tells it from others.
        row = self._session.one("memory_get_writable", id=memory_id)
        title = row["title"] if row and len(row["title"]) > SHORT_TITLE else memory_id
        self._purge_learnt(memory_id, fingerprint, runs, title)
        given = {"memory_id": memory_id, "purged": PURGED}
        self._session.run("run_purge", runs=runs, **given)
        self._session.run("run_step_purge", runs=runs, purged=PURGED)
        self._session.run("approval_purge", runs=runs, **given)
        self._session.run("notice_purge", runs=runs, memory_title=json.dumps(title)[1:-1], **given)
        self._session.run("decision_purge", **given)
        self._session.run("fix_application_purge", runs=runs, **given)
        self._session.run("fix_purge", **given)
        for name in ("evidence", "cause_change"):
            self._session.run(f"{name}_purge", fingerprint=fingerprint, **given)

    def _purge_learnt(self, memory_id: str, fingerprint: str | None, runs: Sequence[str], title: str) -> None:
        """Remove what agents and learning hold of a memory."""
        asked = self._session.all("execution_naming", memory_id=memory_id, fingerprint=fingerprint, runs=runs)
        given = {"memory_id": memory_id, "purged": PURGED, "executions": [row["id"] for row in asked]}
        self._session.run("execution_purge", **given)
        self._session.run("attempt_purge", **given)
        self._session.run("decided_case_purge", memory_id=memory_id, runs=runs)
        self._session.run("failure_model_purge", memory_id=memory_id)
        self._session.run("log_template_purge", memory_id=memory_id, fingerprint=fingerprint)
        self._session.run("log_count_purge")
        quoted = json.dumps(title, ensure_ascii=False)[1:-1]
        named = {"memory_id": memory_id, "memory_title": title, "quoted_title": quoted, "purged": PURGED}
        self._session.run("improvement_purge", **named)
        self._session.run("cycle_report_purge", memory_id=memory_id, memory_title=quoted)
        for name in ("set_aside", "learning_told", "share_item"):
            self._session.run(f"{name}_purge", memory_id=memory_id)

    def counts(self, since: int) -> Sequence[Row]:
        """Return how many there are of each `kind` and `state`: `total`, and `recent` those since then."""
        return self._session.all("record_counts", since=since)

    def ended_runs(self, before: int) -> int:
        """Return how many runs of the written namespace ended before a time."""
        found = self._session.one("run_ended_before", before=before)
        return int(found["runs"]) if found else 0

    def orphaned_runs(self, limit: int) -> Sequence[Row]:
        """Return runs whose version of the procedure is not here."""
        return self._session.all("orphaned_runs", limit=limit)
