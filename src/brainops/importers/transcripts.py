"""Which errors of a coding session are worth keeping, and what seems to have cured them? Steps in, drafts out. (pure)

An error followed, within a bounded number of steps, by a success of the same purpose is a candidate fix: nobody has
checked it, it rests on the order of the commands alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from brainops.importers.command_purpose import ends_in_filter, same_purpose, shown
from brainops.importers.items import Item, Leave, Take
from brainops.importers.session_steps import ToolUse, Transcript
from brainops.types import JSON, Actor, ActorKind, Draft, MemoryType, Source, Trust

WINDOW = 25
"""Steps after an error in which a success still counts as its cure; later ones are more often about something else."""
BETWEEN_LIMIT = 10
"""Changes told between the error and the success; of more than that the last ones are told."""
ERROR_HEAD, ERROR_TAIL = 1_000, 3_000
"""Characters of an error's text that are kept: how it began, and its end, where most programs say what was wrong."""
COMMAND_LIMIT = 1_000
REFUSED = re.compile(
    r"user doesn't want to|user rejected|rejected by (?:the )?user|request interrupted|aborted by user|"
    r"permission to use|requested permissions|hook (?:error|blocked)|blocked by hook|cancelled: parallel tool call",
    re.I,
)
MISUSE = re.compile(
    r"<tool_use_error>|has not been read yet|string to replace not found|file has been modified since|"
    r"inputvalidationerror|exceeds maximum allowed tokens|failed to find expected lines",
    re.I,
)
TELLING = re.compile(
    r"error|exception|fatal|fail|cannot|can't|denied|refused|not found|no such|unable|invalid|panic", re.I
)
HIDDEN = re.compile(
    r"^[ \t]{0,8}(?:Traceback \(most recent call last\)|[\w.]*(?:Error|Exception)(?:: |$)|panic: |fatal: |FAILED\b"
    r"|npm (?:ERR!|error) |error(?:\[\w+\])?: |g?make(?:\[\d+\])?: \*\*\* |FAIL(?:\t|: |$)|BUILD FAILED\b|FAILURE: "
    r"|\[ERROR\] |.*: command not found$|E   \w|ERROR: )"
    r"|\b[1-9]\d* (?:failed|failing|failures?|errors? generated)\b|\bTS\d{4}: |\bexit (?:status|code) [1-9]",
    re.M,
)
"""How programs say that they failed, at the beginning of a line or with a count: a pipe hides only their exit code."""


def items(transcript: Transcript, trust: Trust) -> Iterator[Item]:
    """Yield the errors (once each, with the cure that seems to be one), and what was left."""
    threads: dict[str, list[ToolUse]] = {}
    for given in transcript.steps:
        hidden = given.shell and given.failed is False and ends_in_filter(given.command)
        step = replace(given, failed=True, exit_code=None) if hidden and HIDDEN.search(given.output) else given
        threads.setdefault(step.thread, []).append(step)
    seen: set[str] = set()
    errors = 0
    for steps in threads.values():
        for position, step in enumerate(steps):
            if not step.failed:
                continue
            errors += 1
            text = error_text(step.output)
            if why := _not_worth(step, text):
                yield Leave(what=f"{step.position}: {first_line(step.command)}", why=why)
            elif (identity := error_identity(step, text)) not in seen:
                seen.add(identity)
                draft = _draft(transcript, step, text, identity, steps[position + 1 :][:WINDOW], trust)
                yield Take(draft=draft, position=step.position)
    others = transcript.records - errors
    if others:
        why = "messages, thoughts and calls that worked: of a transcript only errors and what cured them are taken"
        yield Leave(what=f"{others} of {transcript.records} records", why=why)


def _not_worth(step: ToolUse, text: str) -> str:
    if REFUSED.search(text[:600]):
        return "not an error: somebody refused or interrupted the call"
    if MISUSE.search(text[:600]):
        return "misuse of the client's own tool, which the client corrects by itself"
    if not text or (step.exit_code == 1 and len(text) < 4):
        return "ended without a message: a search or comparison that found nothing, or nothing to recognise it by"
    return ""


def error_text(output: str) -> str:
    """Return an error's text without what the client wrapped around it, shortened in the middle."""
    text = re.sub(r"<system-reminder>.*?(</system-reminder>|\Z)", "", output, flags=re.S)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    text = re.sub(r"\A\s*(Error: )?Exit code:? -?\d+[ \t]*\n?", "", text)
    text = re.sub(
        r"\A(?:(?:Wall time|Chunk ID|Process exited with code|Original token count|Total output lines)\b.*\n)+",
        "",
        text,
    )
    text = re.sub(r"\A\s*Output:[ \t]*\n", "", text).strip()
    if len(text) <= ERROR_HEAD + ERROR_TAIL:
        return text
    cut = len(text) - ERROR_HEAD - ERROR_TAIL
    return f"{text[:ERROR_HEAD]}\n[... {cut} characters left out ...]\n{text[-ERROR_TAIL:]}"


def error_identity(step: ToolUse, text: str) -> str:
    """Return what makes two errors of a session the same: the tool and the text without its numbers."""
    masked = re.sub(r"0x[0-9a-f]+|\d+", "0", f"{step.tool}\n{text}".lower())
    return hashlib.sha256(" ".join(masked.split()).encode()).hexdigest()[:16]


def telling_line(text: str) -> str:
    """Return the line that says most: the last that names an error, else the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if TELLING.search(line)), lines[-1] if lines else "")[:200]


def first_line(command: str) -> str:
    """Return the first line of a command, shortened."""
    return (command.strip().splitlines() or [""])[0][:100]


def cure(failed: ToolUse, after: Sequence[ToolUse]) -> tuple[ToolUse, list[ToolUse]] | None:
    """Return the first later success of the same purpose, and the changes that worked in between; None without one."""
    for position, step in enumerate(after):
        if step.failed is False and step.tool == failed.tool and same_purpose(failed, step):
            between = [earlier for earlier in after[:position] if earlier.changes and earlier.failed is False]
            return step, between
    return None


def _draft(
    transcript: Transcript, step: ToolUse, text: str, identity: str, after: Sequence[ToolUse], trust: Trust
) -> Draft:
    found = cure(step, after)
    client = transcript.format.value
    # Under "error" the fingerprint of the memory is that of the error itself.
    content: dict[str, JSON] = {"error": text, "failing_command": _command(step)}
    metadata: dict[str, JSON] = {
        "client": client,
        "tool": step.tool,
        "failing_command": _command(step),
        "exit_code": step.exit_code,
        "happened_at": step.at,
        "folder": transcript.folder,
    }
    if found:
        worked, between = found
        between = between[-BETWEEN_LIMIT:]
        content |= {
            "done_in_between": [shown(one) for one in between],
            "worked_afterwards": _command(worked),
            "standing": "unverified: read from a session transcript by the order of its commands alone",
        }
        metadata |= {
            "candidate_fix": True,
            "verified": False,
            "worked_command": _command(worked),
            "commands_between": [shown(one) for one in between],
        }
    return Draft(
        title=telling_line(text),
        content=content,
        type=MemoryType.ERROR_PATTERN,
        tags=("candidate-fix", "transcript", client) if found else ("transcript", client),
        metadata={name: value for name, value in metadata.items() if value is not None},
        trust=trust,
        source=Source(
            actor=Actor(kind=ActorKind.AGENT, id=client),
            session_id=transcript.session_id,
            uri=transcript.uri,
            key=f"{client}:{transcript.session_id}#{identity}",
        ),
    )


def _command(step: ToolUse) -> str:
    return (step.command if step.shell else f"{step.tool} {step.command}")[:COMMAND_LIMIT]
