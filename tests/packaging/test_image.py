"""Are the files by which a team runs the server in containers what their tools take, and true to what there is?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from brainops.cli.program import main
from tests.packaging.installing import ROOT

DOCKERFILE, COMPOSE = ROOT / "deploy" / "Dockerfile", ROOT / "deploy" / "compose.yaml"


def hadolint() -> str | None:
    return shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")


def taken(words: list[str]) -> None:
    """Fail where the program does not take these words; nothing of them is done."""
    command = main.get_command(click.Context(main), words[0])
    assert command is not None
    command.make_context(words[0], [str(word) for word in words[1:]], resilient_parsing=False)


@pytest.mark.skipif(hadolint() is None, reason="hadolint is not on this machine")
def test_the_dockerfile_passes_its_linter() -> None:
    done = subprocess.run([str(hadolint()), str(DOCKERFILE)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_the_image_copies_what_is_there_and_runs_as_nobody_who_may_more() -> None:
    lines = [line.split() for line in DOCKERFILE.read_text(encoding="utf-8").splitlines()]
    copied = [name for line in lines if line[:1] == ["COPY"] and "--from" not in line[1] for name in line[1:-1]]

    assert copied and [name for name in copied if not (ROOT / name).exists()] == []
    assert [line[1] for line in lines if line[:1] == ["USER"]] == ["10321"]
    [command] = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if line.startswith("CMD")]
    taken(yaml.safe_load(command.removeprefix("CMD ")))


def test_each_service_of_the_compose_file_runs_a_command_that_there_is_with_few_rights() -> None:
    compose: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    services = compose["services"]
    ours = {name: each for name, each in services.items() if each["image"] == "brainops"}

    assert set(ours) == {"migrate", "server", "worker"}
    for each in ours.values():
        taken(each["command"])
        assert each["read_only"] and each["cap_drop"] == ["ALL"]
        assert (COMPOSE.parent / each["build"]["context"] / each["build"]["dockerfile"]).exists()
        assert set(each["depends_on"]) <= set(services)
        assert {volume.partition(":")[0] for volume in each["volumes"]} <= set(compose["volumes"])
    assert [port.startswith("127.0.0.1:") for port in services["server"]["ports"]] == [True]
    assert "password" in services["database"]["environment"]["POSTGRES_PASSWORD"]
