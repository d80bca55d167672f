"""Does Codex trust the hooks that were written for it, and how is it told to, once a person has seen what they are?

It skips hooks that nobody trusted without a word. What it compares is a hash of its own making, which it tells itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from brainops.errors import InvalidInput, NotFound
from brainops.hooks.clients import MARK, FileChange, codex_home

BEGIN, END = "# brainops: begin\n", "# brainops: end\n"
SECONDS = 20.0
ANSWERS = 200  # lines of Codex that are read for one answer


class CodexHook(Struct, frozen=True, kw_only=True):
    """One hook of ours as Codex sees it."""

    key: str
    event: str
    hash: str
    trusted: bool


def hooks(environment: Mapping[str, str], folder: Path) -> list[CodexHook]:
    """Return our hooks as Codex sees them in a folder. Raises NotFound where there is no Codex, InvalidInput."""
    program = shutil.which("codex", path=environment.get("PATH"))
    if program is None:
        raise NotFound(
            "there is no codex in PATH, so nobody can say whether it trusts its hooks: run it and type /hooks"
        )
    try:
        answer = _asked(program, environment, folder)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise InvalidInput(f"codex does not say which hooks it knows ({error}): run it and type /hooks") from error
    return [
        CodexHook(
            key=str(each["key"]),
            event=str(each["eventName"]),
            hash=str(each["currentHash"]),
            trusted=each.get("trustStatus") == "trusted",
        )
        for place in answer.get("data", ())
        for each in place.get("hooks", ())
        if MARK in str(each.get("command"))
    ]


def _asked(program: str, environment: Mapping[str, str], folder: Path) -> Mapping[str, Any]:
    said = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([program, "app-server"], **said, text=True, env=dict(environment)) as server:  # type: ignore[call-overload]
        try:
            about = {"clientInfo": {"name": "brainops", "version": "1"}}
            for message in (
                {"id": 1, "method": "initialize", "params": about},
                {"method": "initialized"},
                {"id": 2, "method": "hooks/list", "params": {"cwds": [os.fspath(folder)]}},
            ):
                server.stdin.write(f"{json.dumps(message)}\n")
            server.stdin.flush()
            for _ in range(ANSWERS):
                answer = json.loads(server.stdout.readline() or "null")
                if answer is None:
                    break
                if answer.get("id") == 2:
                    return dict(answer.get("result") or {})
            raise ValueError("it gave no answer")
        finally:
            server.kill()


def trusting(environment: Mapping[str, str], known: list[CodexHook]) -> FileChange:
    """Return what trusting these hooks changes in Codex's settings: a marked block at their end.

    Raises InvalidInput where that file would not be read any more.
    """
    path = codex_home(environment) / "config.toml"
    before = path.read_text(encoding="utf-8") if path.exists() else None
    kept = without(before or "")
    block = "".join(f"[hooks.state.{json.dumps(each.key)}]\ntrusted_hash = {json.dumps(each.hash)}\n" for each in known)
    after = f"{kept}{'' if not kept or kept.endswith(chr(10)) else chr(10)}{BEGIN}{block}{END}"
    try:
        tomllib.loads(after)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path} trusts some of these hooks already, in another way: {error}") from error
    return FileChange(path=path, before=before, after=after)


def forgetting(environment: Mapping[str, str]) -> FileChange | None:
    """Return what taking our block out of Codex's settings changes; None where it is not there."""
    path = codex_home(environment) / "config.toml"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = without(before)
    return None if after == before else FileChange(path=path, before=before, after=after or None)


def without(text: str) -> str:
    """Return settings without our block."""
    begin, end = text.find(BEGIN), text.find(END)
    return text if begin == -1 or end == -1 else text[:begin] + text[end + len(END) :]
