"""What is stored of signals: which files were read how far, templates and their counts, series and their points?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from brainops.store.database import Row, Session

TEMPLATES_READ = 20_000  # of one source, into a miner
SERIES_READ = 100_000


class SignalRows:
    """The signals of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def file(self, key: str) -> Row | None:
        """Return how far a file was read: path, head, head_bytes, position, tail, lines, read_at."""
        return self._session.one("signal_file_get", key=key)

    def put_file(self, values: Mapping[str, Any]) -> None:
        """Say how far a file was read."""
        self._session.run("signal_file_put", **values)

    def templates_of(self, source: str) -> Sequence[Row]:
        """Return the live templates of a source in the written namespace, oldest first."""
        return self._session.all("log_template_of_source", source=source, limit=TEMPLATES_READ)

    def template(self, source: str, template_id: str) -> Row | None:
        """Return one template of the written namespace."""
        return self._session.one("log_template_one", source=source, id=template_id)

    def put_template(self, values: Mapping[str, Any]) -> None:
        """Count lines of a template; its row is made where there is none."""
        self._session.run("log_template_put", **values)

    def identify(self, source: str, template_id: str, fingerprint: str, memory_id: str | None) -> None:
        """Say which error a template tells of."""
        values = {"fingerprint": fingerprint, "error_memory_id": memory_id}
        self._session.run("log_template_identify", source=source, id=template_id, **values)

    def merge(self, source: str, template_id: str, into: str) -> None:
        """Let a template go into a wider one, which is there and has its count."""
        self._session.run("log_template_merge", source=source, id=template_id, into=into)
        self._session.run("log_count_move", source=source, id=template_id, into=into)
        self._session.run("log_count_drop", source=source, id=template_id)

    def templates(self, *, since: int, source: str | None, error: bool, limit: int) -> Sequence[Row]:
        """Return templates that were seen since, those that tell of errors first, then the most frequent."""
        return self._session.all("log_template_list", since=since, source=source, error=int(error), limit=limit)

    def templates_since(self, since: int, limit: int) -> Sequence[Row]:
        """Return source, id and last_at of the templates seen since, newest first."""
        return self._session.all("log_template_since", since=since, limit=limit)

    def add_counts(self, counts: Mapping[tuple[str, str, int], int]) -> None:
        """Add lines to (source, template id, bucket)."""
        for (source, template_id, bucket), count in sorted(counts.items()):
            values = {"source": source, "template_id": template_id, "bucket": bucket, "count": count}
            self._session.run("log_count_add", **values)

    def sums(self, *, since: int, at: int, until: int, error: bool, limit: int) -> Sequence[Row]:
        """Return each template with its count `before` (since to at) and `after` (at to until)."""
        values = {"since": since, "at": at, "until": until, "error": int(error), "limit": limit}
        return self._session.all("log_count_sums", **values)

    def steps(self, ids: Sequence[str], *, since: int, until: int, step: int) -> Sequence[Row]:
        """Return how often templates were seen in each step: `source`, `template_id`, `step`, `count`."""
        return self._session.all("log_count_steps", ids=list(ids), since=since, until=until, step=step)

    def warnings(self, *, since: int, until: int, limit: int) -> Sequence[Row]:
        """Return the buckets of templates that say warning or worse, newest first."""
        return self._session.all("log_count_buckets", since=since, until=until, limit=limit)

    def series_ids(self) -> set[str]:
        """Return the ids of the written namespace's series."""
        return {row["id"] for row in self._session.all("metric_series_ids", limit=SERIES_READ)}

    def put_series(self, values: Mapping[str, Any]) -> None:
        """Keep a series, and when it was first and last seen."""
        self._session.run("metric_series_put", **{**values, "labels": json.dumps(values["labels"], sort_keys=True)})

    def series(self, *, since: int, limit: int) -> Sequence[Row]:
        """Return the series that were seen since, newest first."""
        return self._session.all("metric_series_list", since=since, limit=limit)

    def one_series(self, series_id: str) -> Row | None:
        """Return one readable series."""
        return self._session.one("metric_series_one", id=series_id)

    def add_points(self, points: Iterable[Mapping[str, Any]]) -> None:
        """Add values to the buckets of series; those not newer than what a bucket holds were counted before."""
        for values in points:
            self._session.run("metric_point_add", **values)

    def points(self, series: str, *, since: int, until: int, limit: int) -> Sequence[Row]:
        """Return the newest points of a series in a stretch of time: bucket, count, total, last."""
        return self._session.all("metric_point_list", series=series, since=since, until=until, limit=limit)

    def fold(self, before: int, wide: int) -> int:
        """Keep counts and points before a time in wider buckets; return how many rows went."""
        self._session.run("log_count_fold", before=before, wide=wide)
        gone = self._session.run("log_count_folded", before=before, wide=wide)
        self._session.run("metric_point_fold", before=before, wide=wide)
        return gone + self._session.run("metric_point_folded", before=before, wide=wide)

    def learn_precursors(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace what is known to precede failure."""
        self._session.run("precursor_forget")
        for values in rows:
            self._session.run("precursor_put", **{**values, "events": json.dumps(list(values["events"]))})

    def precursors(self, limit: int) -> Sequence[Row]:
        """Return what is known to precede failure, the surest first."""
        return self._session.all("precursor_list", limit=limit)

    def failures(self, *, since: int, at: int, until: int, limit: int) -> Sequence[Row]:
        """Return the errors that operations ended in: counts `before` and `after` a time, first, last, last before."""
        return self._session.all("signal_failures", since=since, at=at, until=until, limit=limit)

    def operations(self, *, since: int, until: int, changing: bool, limit: int) -> Sequence[Row]:
        """Return operations that began in a stretch of time and ended, newest first."""
        values = {"since": since, "until": until, "changing": int(changing), "limit": limit}
        return self._session.all("signal_operations", **values)
