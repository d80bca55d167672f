"""Under which digests is an error known: with its frames, by its text alone, as others print it?"""

from __future__ import annotations

import re

from msgspec.structs import replace

from brainops.memory.recognition.error_events import error_title, parse_error
from brainops.memory.recognition.fingerprint import fingerprint, inner_digests, place
from brainops.memory.recognition.masks import mask
from brainops.types import ErrorEvent, Frame, Memory, MemoryType

_QUALIFIED = re.compile(r"(?:[A-Za-z_$][\w$]*\.)+(?=[A-Za-z_$][\w$]*$)")
_MASK = re.compile(r"<\w+>")
_WORD = re.compile(r"[^\W\d_]{2}")
_READINGS = 3  # what is printed of an error is read again until it stays the same; more than twice was never seen


def as_printed(event: ErrorEvent) -> ErrorEvent:
    """Return an error without its frames, as what is printed of it is read again: where a type ends is not lost twice.

    An error of several lines stays as it is: one line of it would say less.
    """
    event = replace(event, frames=(), service=None)
    if "\n" in event.message.strip():
        return event
    for _ in range(_READINGS):
        again = replace(parse_error(error_title(event)), frames=(), service=None)
        if again == event:
            break
        event = again
    return event


def text_digests(event: ErrorEvent) -> tuple[str, ...]:
    """Return the digests of an error's text alone: as it is, as it is printed, and with its type's bare name.

    The last one is what a memory is found by: some print `payments.errors.Timeout`, others `Timeout`.
    """
    printed = as_printed(event)
    bare = replace(printed, type=_QUALIFIED.sub("", printed.type))
    forms = (replace(event, frames=()), printed, bare)
    return tuple(dict.fromkeys(fingerprint(each).digest for each in reversed(forms)))[::-1]


def bound_digests(event: ErrorEvent) -> tuple[str, ...]:
    """Return the digests under which a fix holds for an error: its own, of its innermost frames, of its text alone.

    So one that is bound to a printed text holds for the exception of that text, and one that is bound to frames holds
    where somebody else calls them. A text without a word says too little to stand for whatever raises it.
    """
    texts = text_digests(event) if not event.frames or _says_something(event.message) else ()
    return tuple(dict.fromkeys((*inner_digests(event), *texts)))


def is_of(event: ErrorEvent, memory: Memory) -> bool:
    """Say whether a memory with this error's digest or text is about this very error: it breaks at the same place.

    Where one of both is a text, its frames are not known and do not count; a text without a word stands for no frames.
    """
    if memory.fingerprint == fingerprint(event).digest:
        return True
    ours, theirs = as_printed(event).type, as_printed(told_by(memory)).type
    if "." in ours and "." in theirs and ours != theirs:
        return False
    known = frames_of(memory)
    if event.frames and known:
        return place(event.frames) == place(known)
    return not (event.frames or known) or _says_something(event.message)


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


def _says_something(message: str) -> bool:
    return _WORD.search(_MASK.sub("", mask(message))) is not None
