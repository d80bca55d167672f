"""Where does each coding agent read which hooks to call, and how is a call of ours written there?"""

from __future__ import annotations

import difflib
import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

import brainops_core
from brainops.errors import InvalidInput
from brainops_core.hook.clients import BEFORE, CLIENTS
from brainops_core.hook.run import CLOSED

Scope = Literal["user", "project"]

TIMEOUT_SECONDS = 5  # in which a client waits for a hook, which ends by itself in a quarter of that
MARK = "brainops_core.hook.run"  # by which a handler is known as ours


class FileChange(Struct, frozen=True, kw_only=True):
    """A file as it is and as it is to be; None where there is none."""

    path: Path
    before: str | None
    after: str | None

    @property
    def diff(self) -> str:
        """What changes, as a unified diff; "" where nothing does."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            (self.after or "").splitlines(keepends=True),
            str(self.path),
            str(self.path),
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


class Wiring(Struct, frozen=True, kw_only=True):
    """One client's file of hooks, in one scope."""

    client: str
    path: Path
    fails_closed: bool  # the client can be told to block where a hook fails


def wiring(client: str, scope: Scope, environment: Mapping[str, str], folder: Path) -> Wiring:
    """Return where a client reads its hooks. Raises InvalidInput for a client that is not known.

    In a project it is the file that belongs to one person alone where the client has one: the path of an interpreter is
    of no use to others.
    """
    home = Path(environment.get("HOME") or os.path.expanduser("~"))
    match client, scope:
        case "claude-code", "user":
            path = Path(environment.get("CLAUDE_CONFIG_DIR") or home / ".claude") / "settings.json"
        case "claude-code", _:
            path = folder / ".claude" / "settings.local.json"
        case "codex", "user":
            path = codex_home(environment) / "hooks.json"
        case "codex", _:
            path = folder / ".codex" / "hooks.json"
        case _:
            raise InvalidInput(f"no hooks are known of {client!r:.40}; there is {', '.join(CLIENTS)}")
    return Wiring(client=client, path=path, fails_closed=client == "claude-code")


def codex_home(environment: Mapping[str, str]) -> Path:
    """Return where Codex keeps its settings."""
    home = Path(environment.get("HOME") or os.path.expanduser("~"))
    return Path(environment.get("CODEX_HOME") or home / ".codex")


def handler(client: str, event: str, *, closed: bool = False) -> dict[str, Any]:
    """Return the handler of an event: the interpreter by its whole path, without a shell where the client can do so.

    The program is in the arguments and no file: Python ends with 2 where a file is missing, by which clients block
    every call. So a package that was taken away is an error that the client tells of, and the tool runs.
    """
    source = str(Path(brainops_core.__file__).parent.parent)
    program = f"import sys; sys.path.append({source!r}); from {MARK} import main; main()"
    blocks = closed and client == "claude-code" and CLIENTS[client].events[event] == BEFORE
    words = ["-I", "-S", "-c", program, client, *([CLOSED] if blocks else [])]
    if client == "codex":
        return {"type": "command", "command": shlex.join([sys.executable, *words]), "timeout": TIMEOUT_SECONDS}
    called = {"type": "command", "command": sys.executable, "args": words, "timeout": TIMEOUT_SECONDS}
    return {**called, "onFailure": "block"} if blocks else called


def is_ours(group: Any) -> bool:
    """Say whether an entry of a client's hooks was written by us."""
    return MARK in json.dumps(group)


def events_of(client: str, without: frozenset[str]) -> list[str]:
    """Return the events of a client that are wired. Raises InvalidInput where `without` names none of them."""
    known = CLIENTS[client].events
    if unknown := without - set(known.values()):
        raise InvalidInput(
            f"no such event: {', '.join(sorted(unknown))}; there is {', '.join(dict.fromkeys(known.values()))}"
        )
    return [name for name, kind in known.items() if kind not in without]
