"""What do all measurements share: options, progress, the machine, the stores, and the object that they print?"""

from __future__ import annotations

import argparse
import cProfile
import importlib.metadata
import json
import os
import platform
import pstats
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Figure

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "bench"
DISTRIBUTIONS = ("brainops", "brainops-minilm", "click", "numpy", "onnxruntime", "pyyaml", "psycopg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a part is started with: a short form, where it may write, and where the development sets are."""

    quick: bool
    work: Path
    shared: Path
    rest: Sequence[str] = field(default_factory=tuple)


def options() -> Options:
    """Read the command line of a part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few repetitions on small stores: a trial, no result")
    parser.add_argument("--work", type=Path, required=True, help="a folder for stores; what is there is used again")
    parser.add_argument("--shared", type=Path, default=SHARED, help="where the development sets are")
    known, rest = parser.parse_known_args()
    known.work.mkdir(parents=True, exist_ok=True)
    return Options(quick=known.quick, work=known.work.resolve(), shared=known.shared.resolve(), rest=tuple(rest))


def say(text: str) -> None:
    """Show progress; the standard output is for the result alone."""
    print(f"   {text}", file=sys.stderr, flush=True)


def publish(figures: Iterable[Figure], *, quick: bool, **details: Any) -> None:
    """Print the one object of a part: its figures by name, the machine, the versions and further details."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    form = "quick" if quick else "full"
    print(
        json.dumps(
            {
                "machine": machine(),
                "versions": versions(),
                "figures": {each.name: {**each.record(), "form": form, "at": at} for each in figures},
                "details": {name: {"form": form, "at": at, "value": value} for name, value in details.items()},
            }
        )
    )


def machine() -> dict[str, Any]:
    """Describe what everything ran on."""
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_gigabytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load_average": round(os.getloadavg()[0], 1),
    }


def versions() -> dict[str, str]:
    """Return the versions of what is installed of the dependencies."""
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    marks = [mark for mark in ("avx2", "avx512f", "avx512_vnni", "avx_vnni") if mark in found.get("flags", "").split()]
    return f"{found.get('model name', platform.machine())} ({', '.join(marks)})"


def store_of(given: Options, count: int) -> Path:
    """Return a store of so many memories with vectors, built where it does not exist yet. Only read it."""
    path = given.work / f"store-{count}.db"
    if not path.exists():
        say(f"building a store of {count:,} memories")
        for leftover in given.work.glob(f"building-{count}.*"):
            leftover.unlink()
        building = given.work / f"building-{count}.db"
        subprocess.run(
            [sys.executable, "-m", "bench.scale.build", str(building), str(count)], cwd=ROOT, check=True, stdout=2
        )
        with closing(sqlite3.connect(building)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
        building.rename(path)
    return path


def copy_of(given: Options, count: int, name: str) -> Path:
    """Return a copy of a store of so many memories that may be written."""
    path = fresh(given, name)
    with closing(sqlite3.connect(store_of(given, count))) as built, closing(sqlite3.connect(path)) as copy:
        built.backup(copy)
    return path


def fresh(given: Options, name: str) -> Path:
    """Return where a store of this name may be made, with nothing there yet."""
    for leftover in given.work.glob(f"{name}.db*"):
        leftover.unlink() if leftover.is_file() else shutil.rmtree(leftover)
    return given.work / f"{name}.db"


def profiled(call: Callable[[Any], object], arguments: Sequence[Any], lines: int = 15) -> list[dict[str, Any]]:
    """Return where the time of these calls goes: the functions that take most, in ms a call (a profiler slows down)."""
    profile = cProfile.Profile()
    profile.enable()
    for argument in arguments:
        call(argument)
    profile.disable()
    found: list[tuple[float, int, str]] = []
    for (file, _, function), (_, calls, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        place = f"{Path(file).stem}.{function}" if file != "~" else function
        found.append((own, calls, place))
    return [
        {"function": place, "own_ms": round(own * 1e3 / len(arguments), 3), "calls": round(calls / len(arguments), 1)}
        for own, calls, place in sorted(found, reverse=True)[:lines]
    ]
