"""Does Codex trust the hooks that were written for it, and how is it told to, once a person has seen what they are?

It skips hooks that nobody trusted without a word. What it compares is a hash of its own making, which it tells itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from brainops.errors import InvalidInput, NotFound
from brainops.hooks.clients import MARK, FileChange, codex_home

OURS = "  # brainops"  # behind the head of each table that we wrote: it is known by that, wherever it is moved to
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
    """Return what trusting these hooks changes in Codex's settings: a table for each at their end.

    Raises InvalidInput where that file would not be read any more.
    """
    path = codex_home(environment) / "config.toml"
    before = path.read_text(encoding="utf-8") if path.exists() else None
    kept = _without(path, before or "", lambda key: key in {each.key for each in known})
    tables = "".join(
        f"[hooks.state.{_quoted(each.key)}]{OURS}\ntrusted_hash = {_quoted(each.hash)}\n" for each in known
    )
    after = f"{kept}{'' if not kept or kept.endswith(chr(10)) else chr(10)}{tables}"
    try:
        tomllib.loads(after)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path} trusts some of these hooks already, in another way: {error}") from error
    return FileChange(path=path, before=before, after=after)


def forgetting(environment: Mapping[str, str], hooks: Path | None = None) -> FileChange | None:
    """Return what taking out our tables changes in Codex's settings, of one file of hooks or of all; None without any.

    Raises InvalidInput.
    """
    path = codex_home(environment) / "config.toml"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    of = () if hooks is None else (f"{hooks}:", f"{os.path.realpath(hooks)}:")
    after = _without(path, before, lambda key: hooks is None or key.startswith(of))
    return None if after == before else FileChange(path=path, before=before, after=after or None)


def _without(path: Path, text: str, gone: Callable[[str], bool]) -> str:
    """Return settings without the tables that we wrote for some keys. Raises InvalidInput where more would go."""
    kept: list[str] = []
    keys: set[str] = set()
    inside = False
    for line in text.splitlines(keepends=True):
        key = _key(line)
        if key is not None and gone(key):
            inside = True
            keys.add(key)
            continue
        inside = inside and line.strip() != "" and not line.lstrip().startswith(("[", "#"))
        if not inside:
            kept.append(line)
    after = "".join(kept)
    if not keys:
        return text
    try:
        was, now = tomllib.loads(text), tomllib.loads(after)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{path} is no TOML, so it stays as it is: {error}") from error
    if _others(was, keys) != _others(now, ()):
        raise InvalidInput(f"{path} holds what was added to the tables of BrainOps, so it stays as it is")
    return after


def _key(line: str) -> str | None:
    """Return the key of a hook, of a line that is the head of a table that we wrote; else None."""
    head = line.rstrip("\r\n")
    if not (head.startswith("[hooks.state.") and head.endswith(f"]{OURS}")):
        return None
    try:
        return str(json.loads(head.removeprefix("[hooks.state.").removesuffix(f"]{OURS}")))
    except ValueError:
        return None


def _others(said: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    hooks = dict(said.get("hooks", {}))
    states = {key: state for key, state in hooks.pop("state", {}).items() if key not in keys}
    return {**said, "hooks": hooks, "states of hooks": states}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
