"""What do all measurements say, against what they are to reach?

    python bench/run.py [--quick] [--only NAME ...] [--million] [--shared PATH] [--work PATH]

Each part runs in a process of its own and prints one JSON object, which goes into bench/results/NAME.json; then
bench/results/README.md is written from all of them. A quick run never replaces a full one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import report  # noqa: E402 - the script may be started from anywhere
from bench.quality.run import JUDGED  # noqa: E402

RESULTS = ROOT / "bench" / "results"
SHARED = ROOT.parent / "shared" / "bench"

# name -> the commands whose figures it holds; the order goes from what disturbs the machine least to what does most
PARTS: dict[str, list[list[str]]] = {
    "starts": [["bench.speed.starts"]],
    "overhead": [["bench.speed.overhead"]],
    "size": [["bench.speed.size"]],
    "latency": [["bench.speed.latency"]],
    "guidance": [["bench.guidance.latency"]],
    "growth": [["bench.speed.growth"]],
    "million": [["bench.speed.million"], ["bench.speed.growth", "1000000"]],
    "postgres": [["bench.speed.postgres"]],
    "writers": [["bench.speed.writers"]],
    "capture": [["bench.speed.capture"]],
    "concurrency": [["bench.speed.concurrency"]],
    "http": [["bench.server.http"]],
    "durability": [["bench.durability.run"]],
    "runs": [["bench.runs.speed"]],
    "storm": [["bench.runs.storm"]],
    "chaos": [["bench.runs.chaos"]],
    "guard": [["bench.guard.latency"]],
    "hook": [["bench.guard.hook"]],
    "mcp": [["bench.mcp.start"], ["bench.mcp.proxy"]],
    "hook_events": [["bench.hooks.events"], ["bench.hooks.killed"]],
    "order": [["bench.guard.order"]],
    "calibration": [["bench.calibration.run"]],
    "advice": [["bench.guidance.advice"]],
    "recognition": [["bench.recognition.run"]],
    "quality": [["bench.quality.run", name] for name in JUDGED],
    "absent": [["bench.quality.absent"]],
    "intents": [["bench.quality.intents"]],
    "plain_english": [["bench.procedures.plain_english"]],
    "operational": [["bench.operational.run"]],
    "incidents": [["bench.incidents.run"]],
}
NEED_SETS = {"calibration", "intents", "order", "quality"}
ON_REQUEST = {"million"}  # six minutes of building


def main() -> int:
    """Run the wanted parts and write the report; return how many commands failed."""
    wanted = arguments()
    failed = 0
    with WorkFolder(wanted.work) as work:
        for part in selected(wanted):
            if part in NEED_SETS and not wanted.shared.is_dir():
                print(f"== {part}: left out, the development sets are not here; its committed results stand")
                continue
            for command in PARTS[part]:
                failed += not measure(part, command, work, wanted)
    report.write(RESULTS)
    print(f"== {RESULTS.relative_to(ROOT)}/README.md has all figures; {failed} commands failed")
    return failed


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="try everything in a small form")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="NAME", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--million", action="store_true", help="also measure 1,000,000 memories, which are built first")
    parser.add_argument("--shared", type=Path, default=SHARED, help="where the development sets are")
    parser.add_argument("--work", type=Path, help="keep the built stores here and use them again")
    return parser.parse_args()


def selected(wanted: argparse.Namespace) -> Iterator[str]:
    """Yield the parts to run, in their order."""
    for part in PARTS:
        if wanted.only:
            if part in wanted.only:
                yield part
        elif part not in ON_REQUEST or wanted.million:
            yield part


class WorkFolder:
    """The folder of the stores: the given one, or one that goes away at the end."""

    def __init__(self, given: Path | None) -> None:
        self._temporary = None if given else tempfile.TemporaryDirectory(prefix="brainops-bench-")
        self._path = Path(self._temporary.name) if self._temporary is not None else given

    def __enter__(self) -> Path:
        assert self._path is not None
        self._path.mkdir(parents=True, exist_ok=True)
        return self._path.resolve()

    def __exit__(self, *_: object) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()


def measure(part: str, command: list[str], work: Path, wanted: argparse.Namespace) -> bool:
    """Run one command, show its figures and keep them; return whether it ended well."""
    print(f"== {part}: {' '.join(command)}", flush=True)
    started = time.monotonic()
    module, *rest = command
    line = [sys.executable, "-m", module, "--work", str(work), "--shared", str(wanted.shared.resolve())]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BRAINOPS_")}
    environment["BRAINOPS_HOME"] = str(work / "home")  # nobody's own memories,
    environment["BRAINOPS_CONFIG"] = str(work / "settings.toml")  # and nobody's own settings
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    finished = subprocess.run(
        [*line, *(["--quick"] if wanted.quick else []), *rest],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        print(f"   it failed with status {finished.returncode}", flush=True)
        return False
    result = json.loads(finished.stdout.strip().rsplit("\n", 1)[-1])
    keep(part, result)
    for name, figure in result["figures"].items():
        print(f"   {report.line(name, figure)}", flush=True)
    print(f"   took {time.monotonic() - started:.0f} s", flush=True)
    return True


def keep(part: str, result: dict[str, Any]) -> None:
    """Write a result into the part's file; a quick one never stands beside or instead of a full one."""
    path = RESULTS / f"{part}.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    quick = all(figure["form"] == "quick" for figure in result["figures"].values())
    if quick and any(figure["form"] == "full" for figure in kept.get("figures", {}).values()):
        print(f"   {path.name} holds a full run and stays as it is", flush=True)
        return
    if len(PARTS[part]) > 1:  # each command measured some of the figures
        for group in ("figures", "details"):
            stay = {name: value for name, value in kept.get(group, {}).items() if quick or value["form"] == "full"}
            result[group] = {**stay, **result[group]}
    RESULTS.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
