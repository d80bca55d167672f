"""Processes that run learning cycles and are killed: for each line of input one or some forked ones, ended by SIGKILL.

A line is JSON: `url`, `runs` (pairs of a cycle and its time), `workers`, and `kill_at`, the number of the statement
before or after which (`after`) the process kills itself. The answer is how each ended, and how many statements there
were.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from brainops.brain import Brain
from brainops.store.database import NamedStatements


def main() -> None:
    """Answer one line at a time."""
    for line in sys.stdin:
        asked = json.loads(line)
        children = [_forked(asked) for _ in range(asked.get("workers", 1))]
        print(json.dumps([_ended(*child) for child in children]), flush=True)


def _forked(asked: dict[str, Any]) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        _run(asked, writing)
        status = 0
    except Exception:  # noqa: BLE001 - a forked child says what went wrong and ends, whatever it was
        traceback.print_exc()
    finally:
        os._exit(status)


def _ended(child: int, reading: int) -> dict[str, int]:
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as said:
        count = said.read()
    signalled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"signal": signalled, "status": status, "statements": int(count or 0)}


def _run(asked: dict[str, Any], writing: int) -> None:
    with Brain.open(asked["url"], namespace="team/a", model="none", background=False) as brain:
        counted = _count_statements(asked.get("kill_at"), asked.get("after", False))
        for cycle, now in asked["runs"]:
            brain.learning.run(cycle, now=now)
        os.write(writing, str(counted()).encode())


def _count_statements(kill_at: int | None, after: bool) -> Callable[[], int]:
    count = 0

    def counting(method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **parameters: Any) -> Any:
            nonlocal count
            count += 1
            here = count == kill_at
            if here and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = method(*given, **parameters)
            if here:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted

    for name in ("one", "all", "run"):
        setattr(NamedStatements, name, counting(getattr(NamedStatements, name)))
    return lambda: count


if __name__ == "__main__":
    main()
