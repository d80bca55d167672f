"""What was done in a Claude Code session? Reads its JSONL transcript into steps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from brainops.importers.command_purpose import looks_only
from brainops.importers.foreign_text import json_lines
from brainops.importers.items import Format, Item, Leave
from brainops.importers.places import Place
from brainops.importers.session_steps import ToolUse, Transcript
from brainops.importers.transcripts import items
from brainops.types import JSON, Trust

EDITING = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
OUTPUT_LIMIT = 20_000
"""Characters of a tool's output that are held, half from each end."""
EXCERPT = 150

Record = dict[str, JSON]


def read(place: Place, *, trust: Trust = Trust.EXTERNAL) -> Iterator[Item]:
    """Yield the errors of the session with their candidate fixes, and what was left.

    Raises InvalidInput when the file cannot be read.
    """
    calls: dict[str, tuple[Record, str]] = {}
    steps: list[ToolUse] = []
    session = folder = ""
    records = 0
    for line in json_lines(place.path):
        if isinstance(line, Leave):
            yield Leave(what=f"{place.relative}: {line.what}", why=line.why, fault=line.fault)
            continue
        records += 1
        record = line.value
        session = session or _text(record.get("sessionId"))
        folder = folder or _text(record.get("cwd"))
        thread = _text(record.get("agentId")) or ("sidechain" if record.get("isSidechain") is True else "")
        for block in _blocks(record):
            if block.get("type") == "tool_use":
                calls[_text(block.get("id"))] = (block, thread)
            elif block.get("type") == "tool_result" and (call := calls.pop(_text(block.get("tool_use_id")), None)):
                steps.append(_step(*call, block, record, f"{place.relative}: line {line.number}"))
    yield from items(
        Transcript(
            format=Format.CLAUDE_CODE,
            session_id=session or PurePosixPath(place.relative).stem,
            folder=folder or None,
            steps=tuple(steps),
            records=records,
            uri=place.uri,
        ),
        trust,
    )


def _blocks(record: Record) -> list[Record]:
    message = record.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _step(call: Record, thread: str, result: Record, record: Record, position: str) -> ToolUse:
    tool = _text(call.get("name")) or "tool"
    given = call.get("input")
    inputs: Record = given if isinstance(given, dict) else {}
    output = output_text(result.get("content"))
    shell = tool == "Bash"
    command = _text(inputs.get("command")) if shell else _described(tool, inputs)
    failed = result.get("is_error") is True
    code = re.match(r"\s*(?:Error: )?Exit code:? (-?\d{1,9})", output) if failed and shell else None
    return ToolUse(
        id=_text(call.get("id")),
        tool=tool,
        command=command,
        shell=shell,
        changes=tool in EDITING or (shell and not looks_only(command)),
        target=_text(inputs.get("file_path") or inputs.get("notebook_path")) if not shell else "",
        failed=failed,
        exit_code=int(code[1]) if code else None,
        output=output,
        at=_text(record.get("timestamp")) or None,
        position=position,
        thread=thread,
    )


def _described(tool: str, inputs: Record) -> str:
    if tool not in EDITING:
        return json.dumps(inputs, ensure_ascii=False, sort_keys=True)[:2_000]
    path = _text(inputs.get("file_path") or inputs.get("notebook_path"))
    old, new = _text(inputs.get("old_string")), _text(inputs.get("new_string"))
    return f"{path}: {_excerpt(old)} -> {_excerpt(new)}" if old or new else path


def _excerpt(text: str) -> str:
    plain = " ".join(text.split())
    return repr(plain if len(plain) <= EXCERPT else f"{plain[:EXCERPT]}...")


def output_text(content: JSON) -> str:
    """Return the text of a tool's output, a string or a list of blocks; the middle of a long one is cut."""
    if isinstance(content, list):
        content = "\n".join(_text(block.get("text")) for block in content if isinstance(block, dict))
    text = _text(content)
    return text if len(text) <= OUTPUT_LIMIT else f"{text[: OUTPUT_LIMIT // 2]}\n[...]\n{text[-OUTPUT_LIMIT // 2 :]}"


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""
