"""Which processes have a file open? Linux says it of one's own; elsewhere nobody does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

NAMED = 5  # of the processes; more help nobody


def holders(*paths: str | os.PathLike[str], without_own: bool = False) -> list[str]:
    """Return "process 123 (python)" for each process, this one too, that has one of these files open."""
    wanted = set()
    for path in paths:
        with suppress(OSError):
            found = os.stat(path)
            wanted.add((found.st_dev, found.st_ino))
    others = (each for each in _processes() if not without_own or int(each) != os.getpid())
    return [_named(process) for process in others if _opens(process, wanted)]


def told(found: list[str]) -> str:
    """Return the holders as a text, or what stands for those that the system does not tell."""
    if not found:
        return "another process (end what works on it: agents, workers, servers)"
    return ", ".join(found[:NAMED]) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")


def _processes() -> Iterator[str]:
    with suppress(OSError):
        yield from sorted((each for each in os.listdir("/proc") if each.isdecimal()), key=int)


def _opens(process: str, wanted: set[tuple[int, int]]) -> bool:
    with suppress(OSError):  # it ended, or is another user's
        for descriptor in os.listdir(f"/proc/{process}/fd"):
            with suppress(OSError):
                found = os.stat(f"/proc/{process}/fd/{descriptor}")
                if (found.st_dev, found.st_ino) in wanted:
                    return True
    return False


def _named(process: str) -> str:
    if int(process) == os.getpid():
        return f"this process ({process})"
    name = "?"
    with suppress(OSError):
        name = Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").strip()
    return f"process {process} ({''.join(each for each in name if each.isprintable())})"
