"""Does a worker of the server's get its settings where nobody else on the machine reads them?"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from brainops.cli.serve import WORKER
from brainops.server.workers import attended


def test_settings_are_in_the_environment_and_a_worker_that_ends_is_begun_again(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = f"import os; open({str(told)!r}, 'a').write(os.environ['BRAINOPS_STORE'] + ' ')"
    with attended([sys.executable, "-c", program], {"BRAINOPS_STORE": "postgresql://a:secret@b/c"}, 1):
        end = time.monotonic() + 30
        while (not told.exists() or told.read_text().count("secret") < 2) and time.monotonic() < end:
            time.sleep(0.05)

    assert told.read_text().split()[:2] == ["postgresql://a:secret@b/c"] * 2
    assert "--store" not in WORKER
