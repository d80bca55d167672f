"""Do views and engines leave anything behind: memory, threads, descriptors, milliseconds?

    python -m bench.views [--views 10000] [--engines 1000]

Views of 200 actors over 20 namespaces on one engine, each of which captures or asks; then engines opened and closed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import threading
import time
from pathlib import Path

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.types import Actor, ActorKind

ACTORS = 200
NAMESPACES = 20


def held() -> dict[str, float]:
    """Return what this process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return {
        "rss_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1),
        "threads": threading.active_count(),
        "descriptors": len(os.listdir("/proc/self/fd")),
    }


def views(engine: Engine, first: int, last: int) -> None:
    """Make views, and let every tenth write and every other tenth ask."""
    for number in range(first, last):
        actor = Actor(kind=ActorKind.AGENT, id=f"agent-{number % ACTORS}")
        view = Brain(engine, actor=actor, namespace=f"team/{number % NAMESPACES}", read=[])
        if number % 10 == 0:
            view.capture(f"gateway {number % 100}", "slow on Mondays")
        elif number % 10 == 5:
            view.retrieve("gateway", limit=3)


def measured(count: int, run: object, parts: int = 4) -> list[dict[str, float]]:
    """Run a job in parts, and return what is held after each."""
    found = [held()]
    for part in range(parts):
        run(part * count // parts, (part + 1) * count // parts)  # type: ignore[operator]
        found.append(held())
    return found


def main() -> None:
    """Print what was measured, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--views", type=int, default=10_000)
    parser.add_argument("--engines", type=int, default=1_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "memory.db")
        with Engine.open(place, namespace="team/0", read=[], model="none", background=False) as engine:
            views(engine, 0, ACTORS)  # what is kept at hand once
            of_views = measured(asked.views, lambda first, last: views(engine, first, last))
            began = time.process_time()
            for _ in range(1_000):
                Brain(engine, actor=Actor(kind=ActorKind.AGENT, id="a"), namespace="team/1", read=[])
            each = (time.process_time() - began) / 1_000

        def opened(first: int, last: int) -> None:
            for _ in range(first, last):
                Engine.open(place, namespace="team/0", read=[], model="none", background=False).close()

        of_engines = measured(asked.engines, opened)
    print(json.dumps({"views": of_views, "view_ms": round(each * 1e3, 4), "engines": of_engines}, indent=1))


if __name__ == "__main__":
    main()
