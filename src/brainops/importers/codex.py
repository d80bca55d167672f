"""What was done in a Codex CLI session? Reads its rollout JSONL, of today's versions and the earliest, into steps."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import InvalidInput
from brainops.importers.claude_code import output_text
from brainops.importers.command_purpose import looks_only
from brainops.importers.foreign_text import json_lines, json_value
from brainops.importers.items import Format, Item, Leave
from brainops.importers.places import Place
from brainops.importers.session_steps import ToolUse, Transcript
from brainops.importers.transcripts import items
from brainops.types import JSON, Trust

SHELLS = frozenset({"shell", "shell_command", "exec_command", "container.exec", "local_shell", "exec", "unified_exec"})
CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call", "tool_call"})
OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output", "local_shell_call_output"})
EXIT = re.compile(r"(?:^|\n)\s*(?:Exit code:|Process exited with code|exited with code:?)\s*(-?\d{1,9})\b", re.I)
FAILED = re.compile(r"\A\s*(?:execution error|failed|error|apply_patch verification failed|unsupported call)\b", re.I)
HEAD = 600
"""Characters at the beginning of an output where the client writes the exit code."""

Record = dict[str, JSON]


class _Session(Struct):
    """What the records have said so far."""

    id: str = ""
    folder: str = ""
    steps: dict[str, ToolUse] = {}


def read(place: Place, *, trust: Trust = Trust.EXTERNAL) -> Iterator[Item]:
    """Yield the errors of the session with their candidate fixes, and what was left.

    Raises InvalidInput when the file cannot be read.
    """
    session = _Session()
    records = 0
    for line in json_lines(place.path):
        if isinstance(line, Leave):
            yield Leave(what=f"{place.relative}: {line.what}", why=line.why, fault=line.fault)
            continue
        records += 1
        record = line.value
        position = f"{place.relative}: line {line.number}"
        inner = record.get("payload")
        payload: Record = inner if isinstance(inner, dict) else record
        kind = _text(payload.get("type"))
        call_id = _text(payload.get("call_id")) or _text(payload.get("id"))
        at = _text(record.get("timestamp")) or None
        if _text(record.get("type")) == "session_meta" or ("type" not in record and "instructions" in record):
            session.id = session.id or _text(payload.get("id"))
        session.folder = session.folder or _text(payload.get("cwd"))
        if kind in CALLS:
            session.steps[call_id] = _call(payload, call_id, at, position)
        elif kind == "exec_command_begin" and call_id not in session.steps:
            session.steps[call_id] = _shell(_command(payload.get("command")), call_id, at, position)
        elif kind == "exec_command_end":
            step = session.steps.get(call_id) or _shell(_command(payload.get("command")), call_id, at, position)
            session.steps[call_id] = _ended(step, payload)
        elif kind in OUTPUTS and call_id in session.steps:
            session.steps[call_id] = _answered(session.steps[call_id], payload.get("output"))
    yield from items(
        Transcript(
            format=Format.CODEX,
            session_id=session.id or PurePosixPath(place.relative).stem,
            folder=session.folder or None,
            steps=tuple(session.steps.values()),
            records=records,
            uri=place.uri,
        ),
        trust,
    )


def _call(payload: Record, call_id: str, at: str | None, position: str) -> ToolUse:
    name = _text(payload.get("name")) or "tool"
    if payload.get("type") == "local_shell_call":
        action = payload.get("action")
        return _shell(_command(action.get("command") if isinstance(action, dict) else None), call_id, at, position)
    given = _parsed(payload.get("arguments"))
    if name in SHELLS and isinstance(given, dict):
        command = _command(given.get("command") or given.get("cmd"))
        if "*** Begin Patch" in command:
            return _patch(command, call_id, at, position)
        return _shell(command, call_id, at, position)
    text = _text(payload.get("input")) or _text(payload.get("arguments"))
    if name == "apply_patch":
        return _patch(text, call_id, at, position)
    return ToolUse(id=call_id, tool=name, command=text[:2_000], at=at, position=position)


def _shell(command: str, call_id: str, at: str | None, position: str) -> ToolUse:
    changes = not looks_only(command)
    return ToolUse(id=call_id, tool="shell", command=command, shell=True, changes=changes, at=at, position=position)


def _patch(text: str, call_id: str, at: str | None, position: str) -> ToolUse:
    paths = re.findall(r"^\*\*\* (?:Update|Add|Delete) File: (.+)$", text, re.M)
    changed = " ".join(line for line in text.splitlines() if re.match(r"[+-](?![+-]{2})", line))[:300]
    command = f"{', '.join(paths)}: {changed}" if paths else text[:300]
    target = ", ".join(sorted(paths))
    return ToolUse(
        id=call_id, tool="apply_patch", command=command, changes=True, target=target, at=at, position=position
    )


def _command(value: JSON) -> str:
    """Return a command given as text or as a list, without the `bash -lc` that it was started through."""
    if isinstance(value, str):
        return value
    words = [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
    if len(words) == 3 and re.search(r"(?:^|/)(?:ba|z|da)?sh$", words[0]) and re.fullmatch(r"-l?c", words[1]):
        return words[2]
    return shlex.join(words)


def _ended(step: ToolUse, payload: Record) -> ToolUse:
    code = payload.get("exit_code")
    parts = (payload.get("aggregated_output"), payload.get("formatted_output"))
    output = next((text for text in map(_text, parts) if text), "")
    output = output or "\n".join(filter(None, (_text(payload.get("stdout")), _text(payload.get("stderr")))))
    if not isinstance(code, int) or isinstance(code, bool):
        return replace(step, output=output_text(output) or step.output)
    return replace(step, exit_code=code, failed=code != 0, output=output_text(output) or step.output)


def _answered(step: ToolUse, output: JSON) -> ToolUse:
    """Return the step with its output; its exit code stands in JSON, in the text, or came by an event."""
    value = _parsed(output) if isinstance(output, str) else output
    code: JSON = None
    failed: bool | None = None
    text = output_text(output) if isinstance(output, str | list) else ""
    if isinstance(value, dict) and ("output" in value or "content" in value):
        about = value.get("metadata")
        code = about.get("exit_code") if isinstance(about, dict) else None
        failed = value["success"] is False if isinstance(value.get("success"), bool) else None
        body = value.get("output", value.get("content"))
        text = output_text(body) if isinstance(body, str | list) else text
    if code is None and (match := EXIT.search(text[:HEAD])):
        code = int(match[1])
    if isinstance(code, int) and not isinstance(code, bool):
        return replace(step, exit_code=code, failed=code != 0, output=step.output or text)
    if step.failed is not None:
        return step if step.output else replace(step, output=text)
    if failed is None and not step.shell:
        failed = bool(FAILED.match(text))
    if failed is None and re.match(r"\s*(?:execution error|failed to)", text, re.I):
        failed = True
    return replace(step, failed=failed, output=text)


def _parsed(value: JSON) -> JSON:
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value if isinstance(value, dict) else None
    try:
        return json_value(value)
    except InvalidInput:
        return None


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""
