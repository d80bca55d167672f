"""How is one value of a configuration file read and changed, without disturbing what stands around it?

Three kinds of files: `.env` (KEY=VALUE lines), `.ini`/`.cfg` (key "section.key") and `.json` (key "a.b.c"). A change is
written beside the file and moved over it, so that nobody ever reads half of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainops.errors import BrainOpsError, StepFailed
from brainops.store.files import ORDINARY, new_file

MAX_BYTES = 1_000_000  # a configuration file is small; this is a mistake or an attack
ABSENT = {"absent": True}
"""What stands for a key that is not there; setting it takes the key out."""


def read(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"value": ...} of `key` in `file`; ABSENT where it is not there. Raises StepFailed."""
    path, key = _where(arguments)
    text = _text(path)
    if path.suffix == ".json":
        value: Any = _json(path, text)
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                return {"value": ABSENT}
            value = value[part]
        return {"value": value}
    found = _line(path, text, key)
    return {"value": ABSENT if found is None else found[2]}


def change(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Set `key` in `file` to `value` and return {"before": ..., "after": ...}; doing it twice changes nothing more."""
    path, key = _where(arguments)
    if "value" not in arguments:
        raise StepFailed("a change of configuration names file, key and value", retryable=False)
    before = read(arguments)["value"]
    text, value = _text(path), arguments["value"]
    changed = _json_changed(path, text, key, value) if path.suffix == ".json" else _changed(path, text, key, value)
    if changed != text:
        try:  # written beside the file, with its permissions, and moved over it
            with new_file(path, force=True, mode=ORDINARY) as unfinished:
                unfinished.write_text(changed, encoding="utf-8")
        except BrainOpsError as error:
            raise StepFailed(str(error), retryable=False) from error
    return {"before": before, "after": value}


def _where(arguments: Mapping[str, Any]) -> tuple[Path, str]:
    file, key = arguments.get("file"), arguments.get("key")
    if not isinstance(file, str) or not isinstance(key, str) or not file or not key or "\n" in key:
        raise StepFailed("a configuration is named by `file` and `key`, both text", retryable=False)
    path = Path(file)
    if path.suffix not in (".env", ".ini", ".cfg", ".json") and path.name != ".env":
        raise StepFailed(f"{file} is none of .env, .ini, .cfg, .json; use a command step for it", retryable=False)
    return path, key


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StepFailed(f"{path} is larger than {MAX_BYTES:,} bytes", retryable=False)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StepFailed(f"{path} cannot be read: {error}", retryable=False) from error


def _json(path: Path, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise StepFailed(f"{path} is no JSON: {error}", retryable=False) from error
    if not isinstance(value, dict):
        raise StepFailed(f"{path} holds no object", retryable=False)
    return value


def _json_changed(path: Path, text: str, key: str, value: Any) -> str:
    whole = _json(path, text)
    *parents, last = key.split(".")
    at = whole
    for part in parents:
        at = at.setdefault(part, {})
        if not isinstance(at, dict):
            raise StepFailed(f"{part} of {key} in {path} is no object", retryable=False)
    if value == ABSENT:
        at.pop(last, None)
    else:
        at[last] = value
    indent = 2 if "\n" in text.strip() else None
    changed = json.dumps(whole, ensure_ascii=False, indent=indent) + ("\n" if text.endswith("\n") else "")
    return text if _json(path, text) == whole else changed


def _line(path: Path, text: str, key: str) -> tuple[int, int, str] | None:
    """Return (start, end, value) of the line that sets a key, or None."""
    begin, end, name = _section(path, text, key)
    pattern = re.compile(rf"^[ \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*[=:][ \t]*(.*)$", re.MULTILINE)
    found = pattern.search(text, begin, end)
    return None if found is None else (found.start(1), found.end(1), found[1].strip())


def _section(path: Path, text: str, key: str) -> tuple[int, int, str]:
    if path.suffix not in (".ini", ".cfg"):
        return 0, len(text), key
    section, _, name = key.rpartition(".")
    head = re.compile(r"^\[([^\]\n]+)\][ \t]*$", re.MULTILINE)
    heads = list(head.finditer(text))
    for each, following in zip(heads, [*heads[1:], None], strict=True):
        if each[1].strip() == section:
            return each.end(), following.start() if following else len(text), name
    raise StepFailed(f"{path} has no section [{section}]; name the key as section.key", retryable=False)


def _changed(path: Path, text: str, key: str, value: Any) -> str:
    found = _line(path, text, key)
    if value == ABSENT:
        if found is None:
            return text
        start = text.rfind("\n", 0, found[0]) + 1
        return text[:start] + text[found[1] :].removeprefix("\n")
    written = "true" if value is True else "false" if value is False else str(value)
    if "\n" in written:
        raise StepFailed("a value of a line-based file has no line breaks", retryable=False)
    if found is not None:
        return text[: found[0]] + written + text[found[1] :]
    _, end, name = _section(path, text, key)
    before = text[:end].rstrip("\n")
    return f"{before}\n{name}={written}\n{text[end:]}" if before else f"{name}={written}\n{text[end:]}"
