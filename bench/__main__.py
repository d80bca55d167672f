"""What do all measurements say now? Runs them one after the other: python -m bench [NAME ...], as `make bench` does.

A measurement that needs the development sets (../shared/bench, not part of the repository) is left out without them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEVELOPMENT_SETS = ROOT.parent / "shared" / "bench"

MEASUREMENTS = {  # name -> does it need the development sets?
    "bench.embedding.model": False,
    "bench.embedding.scan": False,
    "bench.quality.fusion": True,
    "bench.quality.fit_confidence": True,
}


def main(wanted: list[str]) -> int:
    """Run the wanted measurements, all where none is named; return how many failed."""
    failed = 0
    for name, needs_sets in MEASUREMENTS.items():
        if wanted and not any(name.endswith(part) for part in wanted):
            continue
        if needs_sets and not DEVELOPMENT_SETS.is_dir():
            print(f"== {name}: left out, its development sets are not here", flush=True)
            continue
        print(f"== {name}", flush=True)
        failed += subprocess.run([sys.executable, "-m", name], cwd=ROOT, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
