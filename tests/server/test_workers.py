"""Does a worker of the server's get its settings where nobody else on the machine reads them?"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from brainops.cli.serve import WORKER
from brainops.server.workers import Nudges, attended


def test_settings_are_in_the_environment_and_a_worker_that_ends_is_begun_again(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = f"import os; open({str(told)!r}, 'a').write(os.environ['BRAINOPS_STORE'] + ' ')"
    with attended([sys.executable, "-c", program], {"BRAINOPS_STORE": "postgresql://a:secret@b/c"}, 1):
        end = time.monotonic() + 30
        while (not told.exists() or told.read_text().count("secret") < 2) and time.monotonic() < end:
            time.sleep(0.05)

    assert told.read_text().split()[:2] == ["postgresql://a:secret@b/c"] * 2
    assert "--store" not in WORKER


def test_what_is_the_servers_alone_is_not_in_its_workers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    for name in ("GRAFANA_SECRET", "SMTP_PASSWORD"):
        monkeypatch.setenv(name, "hunter22")
    program = f"import os, sys; open({str(told)!r}, 'w').write(' '.join(os.environ)); sys.stdin.read()"
    with attended([sys.executable, "-c", program], {}, 1, without={"GRAFANA_SECRET"}):
        end = time.monotonic() + 30
        while not (told.exists() and told.read_text()) and time.monotonic() < end:
            time.sleep(0.02)

    assert "SMTP_PASSWORD" in told.read_text() and "GRAFANA_SECRET" not in told.read_text()


def test_workers_are_told_what_is_due_and_of_other_namespaces_the_log_says_once_that_nobody_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = tmp_path / "heard"
    program = f"import sys; open({str(heard)!r}, 'w').write(sys.stdin.readline() + 'x'); sys.stdin.read()"
    with attended([sys.executable, "-c", program], {}, 1) as tell:
        nudges = Nudges("team/a", tell)
        for namespace in ("team/b", "team/b", "team/a"):
            nudges(namespace)
        end = time.monotonic() + 30
        while not (heard.exists() and heard.read_text()) and time.monotonic() < end:
            nudges("team/a")
            time.sleep(0.02)
        assert heard.read_text() == "\nx"

    assert nudges.unserved == {"team/b"}
    assert caplog.text.count("brainops worker --namespace team/b") == 1 and "team/a" not in caplog.text
