"""Has every command an example in its help, and does it run as it stands there, in a store that holds everything?"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from brainops.cli.program import main
from tests.goldens.conftest import Copied
from tests.goldens.test_commands import FILES, made_by, make_repository

# The short ids of the examples, by what they are called in the store that is copied.
IDS = {
    "3f9a1c": "memory",
    "a07c5e": "archived",
    "8d02e7": "failed",
    "5b61d0": "open",
    "c94e12": "done",
    "b41f6a": "run_waiting",
    "72ac0f": "fix",
    "0e58b3": "application_verified",
    "d16e4b": "approval_pending",
    "49f0aa": "rule",
    "6c3b91": "decision_blocked",
    "f05d2e": "improvement_proposed",
    "1a7be4": "improvement_applied",
    "9e40c8": "task_waiting",
    "61bb0f": "task_running",
    "70f3c2": "task_succeeded",
    "27dd63": "case_stands",
    "58e1f9": "notice",
    "83d5ae": "last",
    "4b81d7": "last",
    "1c9a50": "last",
    "5e01d7": "last",
}

KEYS = {"bos_MTX7Mm": "bos_MTX7MmBfxHhRl-dqFWEYlPNAeyIT1apwfq6H33CvwuI"}  # cut in the help, which fits a terminal
REPOSITORY = ("allow make", "improvements repository add shop ~/src/shop -- make test")
BEFORE = {  # what has to be done first
    "causes undo": ("causes join 'OSError: disk full' 'ENOSPC: write failed' --reason both",),
    "evidence contradict": ("evidence record 'OSError: disk full' prune-images --helped",),
    "hook canary": ("install claude-code",),
    "improvements patch": REPOSITORY,
    "improvements repository add": ("allow make",),
    "improvements repository remove": REPOSITORY,
    "keys revoke": ("keys issue release-bot",),
    "keys rotate": ("keys issue release-bot",),
    "notices channel remove": ("notices channel add pager --command true",),
    "notices channel test": ("notices channel add pager --command true",),
    "people grant": ("people add ines",),
    "people remove": ("people add ines",),
    "people sign-ins": ("people add ines",),
    "people sign-out": ("people add ines",),
    "people withdraw": ("people add ines", "people grant ines writer 'team/*'"),
    "runs resume": ("runs pause b41f6a",),
    "session show": ("session start",),
    "share import": ("share export team.bundle",),
    "share revoke": ("share export team.bundle",),
    "workflow show": ("workflow run 'deploy the api' --budget 1",),
}
STRICT = {
    "approvals show",
    "guard false-block",
    "notices list",
    "share distrust",
}  # where somebody may approve
PARSED = {  # what takes a terminal, another machine, a state that no store is left in, or goes on until it is stopped
    "alerts show": "a monitor that told of something",
    "approve": "a person at a terminal",
    "approver clients": "a person at a terminal",
    "approver enrol": "a person at a terminal",
    "approver revoke": "a person at a terminal",
    "backup": "a folder for backups",
    "bypass": "a person at a terminal",
    "improvements apply": "an improvement that is better than what holds",
    "improvements undo": "an improvement whose place nobody changed since",
    "exec": "a make that deploys",
    "fix rollback": "a fix that says how it is taken back",
    "people link": "a person at a terminal",
    "people trust-server": "a person at a terminal",
    "jobs cancel": "a job that was asked for",
    "jobs show": "a job that was asked for",
    "mcp": "a client that speaks its protocol",
    "mcp-proxy": "another server of its protocol",
    "refuse": "a person at a terminal",
    "runs skip": "an approval, since its procedure is required",
    "runs retry": "a run that failed",
    "serve": "it answers until it is stopped",
    "service drain": "a server that was away",
    "service logs": "a server that runs",
    "service start": "it answers until it is stopped",
    "service status": "a server that runs",
    "share pull": "another instance",
    "worker": "it works until it is stopped",
}


def leaves(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command without commands below it, by its path."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from leaves(below, *path, name)
    else:
        yield " ".join(path), command


LEAVES = dict(leaves(main))
EXAMPLES: dict[str, tuple[str, ...]] = {path: getattr(command, "examples", ()) for path, command in LEAVES.items()}


def test_every_command_has_an_example_that_is_its_own() -> None:
    assert [path for path, examples in EXAMPLES.items() if not examples] == []
    assert [
        example
        for path, examples in EXAMPLES.items()
        for example in examples
        if not f"{example} ".startswith(f"brainops {path} ")
    ] == []
    assert set(PARSED) <= set(EXAMPLES)


def test_an_example_stands_in_the_help_in_one_piece() -> None:
    for path, [example, *_] in EXAMPLES.items():
        said = CliRunner().invoke(main, [*path.split(), "--help"]).output

        assert f"  Example: {example}\n" in said


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path not in PARSED])
def test_an_example_runs(path: str, copied: Copied, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in ("STORE=memory.db", "NAMESPACE=team/a", "READ=", "MODEL=none", "ACTOR=person:marta"):
        monkeypatch.setenv(*f"BRAINOPS_{setting}".split("="))
    recording = copied("strict" if path in STRICT else "open")
    folder = recording.store.parent
    for name, text in {**FILES, "src/shop/Makefile": "test:\n\ttrue\n"}.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    ids = dict(recording.ids)

    for line in (*BEFORE.get(path, ()), *(example.removeprefix("brainops ") for example in EXAMPLES[path])):
        words = [
            KEYS.get(word) or ids.get(IDS.get(word, ""), word) for word in shlex.split(line.replace("~", str(folder)))
        ]
        if words[:3] == ["improvements", "repository", "add"]:
            (folder / "src/shop/Makefile").unlink()
            (folder / "src/shop").rmdir()
            make_repository(folder / "src/shop")
            (folder / "src/shop/Makefile").write_text("test:\n\ttrue\n", encoding="utf-8")
        result = CliRunner().invoke(main, ["--json", *words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, f"brainops {line}\n{result.output}"
        ids["last"] = run_of(result.stdout) or made_by(result.stdout)


def run_of(answer: str) -> str:
    """Return the run that an answer names."""
    found = re.search(r'"run_id": "([^"]+)"', answer)
    return found[1] if found else ""


@pytest.mark.parametrize("path", PARSED)
def test_an_example_that_cannot_run_here_is_understood(path: str, copied: Copied) -> None:
    copied("open")
    command = LEAVES[path]

    for example in EXAMPLES[path]:
        words = shlex.split(example.removeprefix(f"brainops {path}"))
        command.make_context(path, words, parent=click.Context(main))
