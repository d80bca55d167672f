"""Do views and engines that came and went leave anything behind? bench/views.py measures more of them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from bench.views import held, views
from brainops.engine import Engine

VIEWS = 2_000
ENGINES = 100
NOISE_MB = 8.0  # what the allocator keeps; a Brain of its own for each view would take a thousand times as much


def test_views_of_many_actors_leave_nothing_behind(tmp_path: Path) -> None:
    with Engine.open(tmp_path / "memory.db", namespace="team/0", read=[], model="none", background=False) as engine:
        views(engine, 0, 200)
        before = held()
        views(engine, 0, VIEWS)
        after = held()

    assert after["rss_mb"] - before["rss_mb"] < NOISE_MB
    assert after["threads"] <= before["threads"]
    assert after["descriptors"] <= before["descriptors"]


def test_engines_that_were_closed_leave_nothing_behind(tmp_path: Path) -> None:
    def once() -> None:
        Engine.open(tmp_path / "memory.db", namespace="team/0", read=[], model="none", background=False).close()

    for _ in range(10):
        once()
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    before = held()
    for _ in range(ENGINES):
        once()

    assert held()["rss_mb"] - before["rss_mb"] < NOISE_MB
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == (threads, descriptors)
