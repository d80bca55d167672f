"""How are hooks put into a client's files, and taken out again so that each file is what it was?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from brainops import config
from brainops.errors import InvalidInput
from brainops.hooks.clients import FileChange, Scope, Wiring, events_of, handler, is_ours, wiring
from brainops.hooks.folder import WIRED, wired
from brainops.hooks.trust import forgetting
from brainops.store.files import new_file
from brainops.wire import from_plain

BLOCK_BEGIN, BLOCK_END = "<!-- brainops: begin -->", "<!-- brainops: end -->"
GUIDE = """This repository is remembered by BrainOps. Before something risky, ask it: `brainops guide "OPERATION"`.
Has an error happened before? `brainops match "THE ERROR"`. When you know what mended one, keep it for the next:
`brainops fix attach "THE ERROR" --advice "WHAT HELPED"`.
"""


class Installed(Struct, frozen=True, kw_only=True):
    """A client that was wired: in which scope and file, with which events left out."""

    client: str
    scope: str
    path: str
    without: tuple[str, ...] = ()
    closed: bool = False


def plan(
    client: str,
    scope: Scope,
    environment: Mapping[str, str],
    folder: Path,
    *,
    without: Iterable[str] = (),
    closed: bool,
) -> FileChange:
    """Return what wiring a client changes: nothing where it is wired so already. Raises InvalidInput."""
    return _planned(wiring(client, scope, environment, folder), without, closed)


def _planned(where: Wiring, without: Iterable[str], closed: bool) -> FileChange:
    client, before = where.client, _read(where.path)
    said = _parsed(where, before)
    hooks = _without_ours(said.get("hooks", {}))
    for event in events_of(client, frozenset(without)):
        hooks.setdefault(event, []).append({"hooks": [handler(client, event, closed=closed)]})
    after = _text({**said, "hooks": hooks}, before)
    same = before is not None and json.loads(before) == json.loads(after)
    return FileChange(path=where.path, before=before, after=before if same else after)


def removal(client: str, scope: Scope, environment: Mapping[str, str], folder: Path) -> FileChange:
    """Return what taking a client's hooks out changes: what stood there before, where nobody changed it since."""
    return _removal(wiring(client, scope, environment, folder), environment)


def _removal(where: Wiring, environment: Mapping[str, str]) -> FileChange:
    now = _read(where.path)
    known = wired(environment).get(str(where.path))
    if known is not None and now == known["after"]:
        return FileChange(path=where.path, before=now, after=known["before"])
    return FileChange(path=where.path, before=now, after=_cleaned(where, now))


def _cleaned(where: Wiring, now: str | None) -> str | None:
    """Return a file without our hooks; None where nothing else stood in it."""
    said = _parsed(where, now)
    hooks = _without_ours(said.get("hooks", {}))
    if hooks == said.get("hooks", {}):
        return now
    kept = {name: value for name, value in said.items() if name != "hooks"} | ({"hooks": hooks} if hooks else {})
    return _text(kept, now) if kept else None


def guide(folder: Path, *, remove: bool = False) -> FileChange:
    """Return what the marked block in AGENTS.md changes; nothing outside the marks does."""
    path = folder / "AGENTS.md"
    before = _read(path)
    text = before or ""
    begin, end = text.find(BLOCK_BEGIN), text.find(BLOCK_END)
    block = f"{BLOCK_BEGIN}\n{GUIDE}{BLOCK_END}\n"
    if begin != -1 and end > begin:
        stop = end + len(BLOCK_END)
        rest = text[stop:].removeprefix("\n")
        after = text[:begin] + ("" if remove else block) + rest
    else:
        after = text if remove else text + block
    if remove and not after and begin == 0:
        return FileChange(path=path, before=before, after=None)
    return FileChange(path=path, before=before, after=after if before is not None or not remove else None)


def apply(change: FileChange, environment: Mapping[str, str], installed: Installed | None) -> None:
    """Write a change, whole or not at all, and put on record what stood there; `installed` is None where it leaves."""
    if change.after != change.before:
        path = Path(os.path.realpath(change.path))
        if change.after is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
            with new_file(path, force=True) as unfinished:
                unfinished.write_bytes(change.after.encode())
                unfinished.chmod(mode)
    known = wired(environment)
    entry = known.pop(str(change.path), None)
    if installed is not None:
        where = Wiring(client=installed.client, path=change.path, fails_closed=False)
        same = entry is not None and entry["after"] == change.before
        original = entry["before"] if entry is not None and same else _cleaned(where, change.before)
        known[str(change.path)] = {**asdict(installed), "before": original, "after": change.after}
    place = _record_file(environment)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with new_file(place, force=True) as unfinished:
        unfinished.write_text(json.dumps(known, indent=1), encoding="ascii")


def fail_closed(environment: Mapping[str, str]) -> list[Path]:
    """Let the hooks of every client that can do so block where they fail; return the files that changed.

    To install a client anew in a namespace that only observes takes it back.
    """
    changed = []
    for entry in wired(environment).values():
        each = from_plain(Installed, {name: entry[name] for name in Installed.__struct_fields__}, "what was installed")
        where = replace(wiring(each.client, "user", environment, Path()), path=Path(each.path))
        if each.closed or not where.fails_closed or not is_ours(_read(where.path)):
            continue  # what was taken out of a file stays out
        change = _planned(where, each.without, closed=True)
        apply(change, environment, replace(each, closed=True))
        changed.append(change.path)
    return changed


def unwire(environment: Mapping[str, str]) -> list[Path]:
    """Take our hooks out of every file in which they were put; return the files. Raises InvalidInput."""
    changed = []
    for path, entry in wired(environment).items():
        change = _removal(Wiring(client=entry["client"], path=Path(path), fails_closed=False), environment)
        apply(change, environment, None)
        changed.append(change.path)
    if (trusted := forgetting(environment)) is not None:
        apply(trusted, environment, None)
        changed.append(trusted.path)
    return changed


def compile_hooks() -> int:
    """Compile what a hook imports to byte code, which some installers leave out; return how many files have none."""
    import compileall
    from importlib.util import cache_from_source

    import brainops_core

    folder = Path(brainops_core.__file__).parent
    compileall.compile_dir(folder, quiet=2)
    return sum(not Path(cache_from_source(str(path))).exists() for path in folder.rglob("*.py"))


def _record_file(environment: Mapping[str, str]) -> Path:
    return config.data_folder(environment) / WIRED


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read, so it stays as it is: {error}") from error


def _parsed(where: Wiring, text: str | None) -> dict[str, Any]:
    try:
        said = json.loads(text) if text and text.strip() else {}
    except ValueError as error:
        raise InvalidInput(f"{where.path} is no JSON, so it stays as it is: {error}") from error
    groups = said.get("hooks", {}) if isinstance(said, dict) else None
    if (
        not isinstance(groups, dict)
        or not all(isinstance(each, list) for each in groups.values())
        or not _readable(groups)
    ):
        raise InvalidInput(f"{where.path} holds no hooks as {where.client} has them, so it stays as it is")
    return said


def _readable(groups: Mapping[str, list[Any]]) -> bool:
    """Say whether every group that holds a hook of ours has its handlers in a list, as both clients have them."""
    ours = [group for each in groups.values() for group in each if is_ours(group)]
    return all(isinstance(group, dict) and isinstance(group.get("hooks"), list) for group in ours)


def _without_ours(hooks: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    kept = {event: [each for group in groups for each in _theirs(group)] for event, groups in hooks.items()}
    return {event: groups for event, groups in kept.items() if groups or not hooks[event]}


def _theirs(group: Any) -> list[Any]:
    """Return a group without our handler; nothing where no other stood in it."""
    if not is_ours(group):
        return [group]
    handlers = [each for each in group["hooks"] if not is_ours(each)]
    return [{**group, "hooks": handlers}] if handlers else []


def _text(said: Mapping[str, Any], before: str | None) -> str:
    """Return settings as text, indented as they were."""
    second = (before or "").split("\n", 2)[1:2]
    indent = second[0][: len(second[0]) - len(second[0].lstrip())] if second else ""
    end = "\n" if before is None or before.endswith("\n") else ""
    return json.dumps(said, indent=indent or 2, ensure_ascii=False) + end
