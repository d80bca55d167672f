"""Does every command still answer what it answered, with the same exit code? See golden.py for how to record anew."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from string import Template

import click
import pytest
from click.testing import CliRunner

from brainops.cli.program import main
from tests.goldens.conftest import Copied
from tests.goldens.golden import Normal, compare

UNRECORDED = {
    "completion": "the script is click's own",
    "changes": "its cursors hold the id of the store; tests/conformance/test_changes.py compares what it says",
    "exec": "its output is that of the program which it runs",
    "hook canary": "it calls the hook that is wired; tests/hooks/test_install.py asks it",
    "hook drain": "what hooks saw has ids and times of their own; tests/hooks/test_drain.py compares it",
    "install": "it writes with the paths of this machine; tests/hooks/test_install.py compares them",
    "mcp": "it answers until its client goes; tests/server/test_mcp.py has what",
    "mcp-proxy": "it passes on what another server says; tests/server/test_mcp_proxy.py has what",
    "serve": "it answers until it is stopped",
    **dict.fromkeys(
        [f"service {name}" for name in "start status logs stop drain unit".split()] + ["uninstall"],
        "it is of a process, or of paths of this machine: tests/server/test_service.py",
    ),
}

FILES = {
    "coder.py": "print('deployed')\n",
    "error.txt": "Traceback (most recent call last):\nConnectionError: payments api timed out after 12 s\n",
    "secret.txt": "password = hunter2secret and the rest\n",
    "notes/gateway.md": "# The gateway\n\nIt is slow on Mondays.\n\n## Restart\n\nDrain it first.\n",
    "facts.jsonl": '{"title": "the api has two replicas", "content": "in each zone"}\n',
    "app.log": '{"time": "2040-01-02T11:59:00Z", "level": "error", "message": "OSError: disk full on node 7"}\n',
    "cases.csv": "amount,of,decision\n12,a cup,pay\n90,a table,ask\n",
    "change.diff": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
    "runbook.txt": "Restart the api\n\n1. Drain the gateway.\n2. If the queue is empty, restart the api.\n",
    "broken.md": "---\nname: broken\nsteps:\n  - id: a\n    needs: [b]\n---\n",
    "procedures/greet.md": (
        "---\nname: greet\ndescription: Say hello.\nsteps:\n  - id: keep\n    uses: capture\n"
        "    with: {title: hello, content: said}\n---\n"
    ),
}


def cases() -> dict[str, list[str]]:
    """Return the lines of cases.txt by the first word of their commands."""
    found: dict[str, list[str]] = {}
    for line in Path(__file__).with_name("cases.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            found.setdefault(line.split()[1], []).append(line)
    return found


CASES = cases()


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every command that does something and can answer in JSON."""
    takes_json = any("--json" in option.opts for option in command.params)
    if takes_json and path and (not isinstance(command, click.Group) or getattr(command, "bare", None)):
        yield path
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, (*path, name))


def test_every_command_that_answers_in_json_is_recorded() -> None:
    known = set(commands(main))
    asked = [shlex.split(line.partition(" ")[2].split(" && ")[-1]) for lines in CASES.values() for line in lines]
    starts = [[tuple(words[:length]) for length in (3, 2, 1)] for words in asked]
    recorded = {next(path for path in paths if path in known) for paths in starts}

    assert {" ".join(path) for path in known - recorded} == set(UNRECORDED)


@pytest.mark.parametrize("name", CASES)
def test_a_command_answers_what_it_answered(name: str, copied: Copied, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in ("STORE=memory.db", "NAMESPACE=team/a", "READ=", "MODEL=none", "ACTOR=person:marta"):
        monkeypatch.setenv(*f"BRAINOPS_{setting}".split("="))

    compare(name, {line: answer_to(line, copied) for line in CASES[name]})


def answer_to(line: str, copied: Copied) -> dict[str, object]:
    """Return the exit code of a case and what it said, normalised: the answer, or the error, is one JSON document."""
    store, _, command = line.partition(" ")
    recording = copied(store)
    folder = recording.store.parent
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    if "repository" in command:
        make_repository(folder / "repository")
    ids = dict(recording.ids)
    for part in command.split(" && "):
        result = CliRunner().invoke(main, ["--json", *shlex.split(Template(part).substitute(ids))])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        ids["last"] = made_by(result.stdout)
    normal = Normal(folder=str(folder))
    said = {"answer": result.stdout, "error": result.stderr}
    return {"exit": result.exit_code} | {kind: read(normal, text) for kind, text in said.items() if text}


def made_by(answer: str) -> str:
    """Return the id of what a command made, where its answer names one."""
    try:
        made = json.loads(answer)
    except ValueError:
        return ""
    return str(made.get("id") or made.get("bundle") or "") if isinstance(made, dict) else ""


def make_repository(folder: Path) -> None:
    """Make a git repository with one commit."""
    folder.mkdir()
    (folder / "x").write_text("a\n", encoding="utf-8")
    name = ["-c", "user.name=marta", "-c", "user.email=marta@example.com"]
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "x"], [*name, "commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", *words], cwd=folder, check=True)


def read(normal: Normal, text: str) -> object:
    """Return a JSON document normalised; what is none as the lines that it has."""
    try:
        json.loads(text)
    except ValueError:
        return normal.plain(text).splitlines()
    return json.loads(normal(text))
