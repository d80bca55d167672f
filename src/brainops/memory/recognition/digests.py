"""Is a memory about this very error?"""

from __future__ import annotations

from msgspec.structs import replace

from brainops.memory.recognition.error_events import parse_error
from brainops.types import ErrorEvent, Frame, Memory, MemoryType
from brainops_core.recognition.digests import as_printed, says_something, text_digests
from brainops_core.recognition.fingerprint import identity, place


def is_of(event: ErrorEvent, memory: Memory) -> bool:
    """Say whether a memory with this error's digest or text is about this very error: it breaks at the same place.

    Where one of both is a text, its frames are not known and do not count; a text without a word stands for no frames.
    """
    if memory.fingerprint == identity(event)[0]:
        return True
    ours, theirs = as_printed(event)[0], as_printed(told_by(memory))[0]
    if "." in ours and "." in theirs and ours != theirs:
        return False
    known = frames_of(memory)
    if event.frames and known:
        return place(event.frames) == place(known)
    return not (event.frames or known) or says_something(event.message)


def is_about(event: ErrorEvent, memory: Memory) -> bool:
    """Say whether any memory is about this very error, going by what it says itself."""
    if memory.type is not MemoryType.ERROR_PATTERN:
        return False
    return not set(text_digests(event)).isdisjoint(text_digests(told_by(memory))) and is_of(event, memory)


def frames_of(memory: Memory) -> tuple[Frame, ...]:
    """Return the frames of one's own code that an error memory tells of."""
    told = memory.content.get("frames") if isinstance(memory.content, dict) else None
    lines = [line.rpartition(":") for line in told if isinstance(line, str)] if isinstance(told, list) else []
    return tuple(Frame(module=module, function=function, in_app=True) for module, _, function in lines)


def told_by(memory: Memory) -> ErrorEvent:
    """Return the error that a memory tells of, without its frames."""
    content = memory.content if isinstance(memory.content, dict) else {}
    said, message = content.get("error"), content.get("message")
    event = parse_error(said if isinstance(said, str) and said.strip() else memory.title)
    whole = message if isinstance(message, str) and message.startswith(event.message) else event.message
    return replace(event, message=whole, frames=())
