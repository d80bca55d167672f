"""A worker under one engine: `python -m bench.dispatch.worker ENGINE URL EFFECTS LEASE_SECONDS`."""

from __future__ import annotations

import sys
from importlib import import_module

from bench.dispatch.port import Work
from tests.durability import runs_worker


def main(engine: str, url: str, effects: str, lease_seconds: str) -> None:
    chosen = import_module(f"bench.dispatch.with_{engine}")
    with runs_worker.opened(url) as brain:
        runner = runs_worker.runner(brain, effects, float(lease_seconds), chosen.wake)
        chosen.serve(url, Work(store=brain._context.store, runner=runner, cycle=lambda: None))


if __name__ == "__main__":
    main(*sys.argv[1:])
