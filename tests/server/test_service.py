"""Does the server go on in the background, say how it is, end when it is told to, and leave what is remembered?"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from brainops.brain import Brain
from brainops.cli.program import main
from brainops.errors import InvalidConfiguration
from brainops.server.service import ServicePlace, unit
from tests.server.test_serve import until

SETTINGS = {"BRAINOPS_STORE": "/srv/memory.db", "BRAINOPS_NAMESPACE": "team/a"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("BRAINOPS_MODEL", "none")
    monkeypatch.setenv("BRAINOPS_NAMESPACE", "team/a")
    Brain.open(namespace="team/a", read=[], background=False).close()
    return tmp_path / "data"


def told(*words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout or "null")


def test_the_server_goes_on_in_the_background_and_ends_when_it_is_told_to(home: Path) -> None:
    assert told("service", "status", code=3)["running"] is False

    begun = told("service", "start", "--port", "0", "--workers", "0")
    try:
        with Brain.open(begun["address"]) as brain:
            kept = brain.capture("kept by it").id
        told("service", "start", code=1)
        assert told("service", "status")["pid"] == begun["pid"]
        log = Path(begun["log"])
        assert any('"/v1/capture"' in line for line in told("service", "logs"))
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert told("service", "stop") == {"stopped": True}
    finally:
        if told_running := ServicePlace(home).status().pid:
            os.kill(told_running, signal.SIGKILL)

    assert told("service", "status", code=3)["running"] is False
    assert told("service", "stop") == {"stopped": False}
    with Brain.open(namespace="team/a", read=[], background=False) as brain:
        assert brain.get(kept).title == "kept by it"


def test_one_that_was_killed_is_not_said_to_run_and_one_that_cannot_begin_says_why(home: Path) -> None:
    begun = told("service", "start", "--port", "0", "--workers", "0")
    os.kill(begun["pid"], signal.SIGKILL)
    assert until(lambda: not ServicePlace(home).status().running)

    done = CliRunner().invoke(main, ["service", "start", "--host", "0.0.0.0", "--port", "0"])
    assert done.exit_code == 1
    assert "others reach 0.0.0.0" in " ".join(done.output.split())


def test_uninstalling_asks_names_what_goes_and_leaves_what_is_remembered(home: Path, tmp_path: Path) -> None:
    written = Path(told("service", "unit", "--write")["written"])
    told("service", "start", "--port", "0", "--workers", "0")

    refused = CliRunner().invoke(main, ["uninstall"], input="n\n")
    assert refused.exit_code != 0 and str(written) in refused.output and "leaves" in refused.output
    assert written.exists() and ServicePlace(home).status().running

    gone = told("uninstall", "--yes")
    assert {str(written), str(home / "service")} == set(gone["removed"])
    assert not written.exists() and not ServicePlace(home).status().running
    assert (home / "memory.db").exists()
    assert told("uninstall", "--yes")["removed"] == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not on this machine")
def test_the_unit_is_one_and_gives_the_server_few_rights(tmp_path: Path) -> None:
    for account in (None, "root"):
        file = tmp_path / "brainops.service"
        file.write_text(unit(["--port", "8321"], SETTINGS, tmp_path, account=account))
        checked = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
        assert "brainops.service" not in checked.stderr, checked.stderr
        judged = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(file)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert judged.returncode == 0, judged.stdout[-300:]


def test_a_service_is_begun_with_all_that_the_server_takes_and_its_unit_reads_secrets_from_a_file_of_their_own(
    home: Path, tmp_path: Path
) -> None:
    own = {"--json", "--as-service", "--store", "--namespace", "--read", "--model"}
    served = {name for option in main.commands["serve"].params for name in option.opts} - own
    group = main.commands["service"]
    assert isinstance(group, click.Group)
    for name in ("start", "unit"):
        assert served <= {word for option in group.commands[name].params for word in option.opts}
    words = ["--port", "8400", "--keys", "--sender", "grafana=env:G", "--url", "https://memory.example.org"]
    words += ["--proxy-header", "X-User", "--proxy-from", "10.0.0.7", "--proxy-from", "10.1.0.0/16"]

    made = told("service", "unit", *words)["unit"]

    [line] = [each for each in made.splitlines() if each.startswith("ExecStart=")]
    for word in words:
        assert word in line.split()
    assert f"EnvironmentFile=-{tmp_path}/config/brainops/service.env" in made.splitlines()
    assert "EnvironmentFile=-/etc/brainops/service.env" in unit([], SETTINGS, tmp_path, account="brainops").splitlines()


def test_a_unit_holds_no_password_and_nothing_that_would_end_its_line(tmp_path: Path) -> None:
    for store in ("postgresql://team:secret@db/brainops", 'x"\nExecStartPre=/bin/sh'):
        with pytest.raises(InvalidConfiguration) as refused:
            unit([], {**SETTINGS, "BRAINOPS_STORE": store}, tmp_path, account=None)
        assert "secret" not in str(refused.value)
    assert "User=brainops\n" in unit([], SETTINGS, tmp_path, account="brainops")
