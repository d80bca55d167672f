"""What does the server say of itself to a Prometheus? Counts of what it answered, and how the memory stands.

The counts are the process's own. How the memory stands is read when somebody asks, in the namespaces that they read, so
that no metric tells of another's. No label names a namespace, a person, a key or a verb: they would never be few.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from brainops.brain import Brain
from brainops.errors import MissingExtra
from brainops.remote.verbs import verbs
from brainops.types import JobState, RunState

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # as prometheus-client has them
PROBES = ("/healthz", "/readyz", "/metrics", "/v1/openapi.json")
SCRAPE_SECONDS = 5.0  # for reading how the memory stands
OPEN_RUNS = [each.value for each in RunState if each.value not in ("succeeded", "failed", "cancelled")]
OPEN_JOBS = (JobState.WAITING, JobState.RUNNING)
MOST_COUNTED = 1_000  # jobs that are counted; more are as bad


def kind_of(path: str) -> str:
    """Return the kind of a request, of which there are few."""
    if path in PROBES:
        return "probe"
    if not path.startswith("/v1/"):
        return "mcp" if path == "/mcp" else "page"
    if path == "/v1/stream" or path.startswith("/v1/events/"):
        return path.split("/")[2].removesuffix("s")
    verb = verbs().get(path[len("/v1/") :].replace("/", "."))
    if verb is None:
        return "other"
    return "capture" if verb.name.startswith("capture") else "write" if verb.writes else "read"


class Metrics:
    """What one server answered, counted by its event loop."""

    def __init__(self, inside: Callable[[], int]) -> None:
        self._inside = inside
        self._requests: Counter[tuple[str, str]] = Counter()
        self._times: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self.readers = 0

    def add(self, path: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        kind = kind_of(path)
        self._requests[kind, str(status)] += 1
        if kind != "stream":  # which lasts as long as somebody reads
            self._times.setdefault(kind, [0] * (len(SECONDS) + 1))[bisect.bisect_left(SECONDS, seconds)] += 1
            self._seconds[kind] = self._seconds.get(kind, 0.0) + seconds

    def text(self, brain: Brain) -> bytes:
        """Return all of it as Prometheus reads it. Raises MissingExtra."""
        try:
            from prometheus_client import ProcessCollector, generate_latest
        except ImportError:
            raise MissingExtra("metrics are written by prometheus-client: pip install 'brainops[server]'") from None
        process = ProcessCollector(registry=None)
        stands = list(_of_memory(brain.acting(deadline=SCRAPE_SECONDS)))
        return generate_latest(_Collected([*self._of_server(), *stands, *process.collect()]))

    def _of_server(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(
            "brainops_http_requests", "Requests that were answered, by kind and status.", labels=("kind", "code")
        )
        for (kind, code), count in sorted(self._requests.items()):
            requests.add_metric((kind, code), count)
        yield requests
        times = HistogramMetricFamily(
            "brainops_http_request_duration_seconds", "How long a request took, by kind.", labels=("kind",)
        )
        for kind, counts in sorted(self._times.items()):
            so_far, buckets = 0, []
            for bound, count in zip((*map(str, SECONDS), "+Inf"), counts, strict=True):
                so_far += count
                buckets.append((bound, so_far))
            times.add_metric((kind,), buckets, self._seconds[kind])
        yield times
        yield GaugeMetricFamily("brainops_http_requests_inside", "Requests that are worked on now.", self._inside())
        yield GaugeMetricFamily("brainops_stream_readers", "Readers of the stream of changes.", self.readers)


class _Collected:
    def __init__(self, found: list[Any]) -> None:
        self._found = found

    def collect(self) -> list[Any]:
        return self._found


def _of_memory(brain: Brain) -> Iterator[Any]:
    """Yield how the memory stands in what a view reads."""
    from prometheus_client.core import GaugeMetricFamily

    status = brain.upkeep.status()
    inbox, waits, now = status["inbox"], status["waiting"], status["now"]
    runs = GaugeMetricFamily("brainops_runs", "Runs that have not ended, by state.", labels=("state",))
    for state in OPEN_RUNS:
        runs.add_metric((state,), status["records"]["run"]["by_state"].get(state, 0))
    jobs = GaugeMetricFamily("brainops_jobs", "Jobs that have not ended, by state.", labels=("state",))
    for state in OPEN_JOBS:
        jobs.add_metric((state.value,), len(brain.jobs.list(state, limit=MOST_COUNTED)))
    yield from (runs, jobs)
    for name, says, value in (
        ("memories", "Memories, in any state.", status["memories"]["total"]),
        ("memories_without_vector", "Memories that wait for their vector.", status["index"]["waiting"]),
        ("operations_open", "Operations that were begun and have not ended.", status["operations"]["open"]),
        ("approvals_pending", "Questions that wait for a person.", waits["approvals"]),
        ("notices_pending", "Notices that wait to be delivered.", waits["notices"]),
        ("notices_given_up", "Notices that could not be delivered.", waits["given_up"]),
        ("inbox_pending", "Events that came in and are not worked on yet.", inbox["pending"]),
        ("inbox_set_aside", "Events that could not be worked on.", inbox["set_aside"]),
        ("inbox_oldest_seconds", "How long the oldest of those waits.", (now - (inbox["since"] or now)) / 1e6),
        ("workers", "Workers that live in the namespace.", len(brain.workers.list())),
        ("automatic_stopped", "Whether what happens by itself is stopped.", bool(status["guard"]["automatic_stopped"])),
        ("store_size_bytes", "What the store takes.", sum(v for k, v in status["sizes"].items() if k != "free")),
        ("schema_version", "The schema of the store.", status["schema"]["stored"]),
    ):
        yield GaugeMetricFamily(f"brainops_{name}", says, float(value))
