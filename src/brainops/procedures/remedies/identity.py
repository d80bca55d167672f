"""Which error does somebody mean: under which fingerprints is it known, and how does it read?"""

from __future__ import annotations

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.memory.recognition.error_events import from_exception, parse_error
from brainops.types import ErrorEvent
from brainops_core.recognition.digests import as_printed, bound_digests
from brainops_core.recognition.error_events import error_title
from brainops_core.recognition.fingerprint import identity
from brainops_core.recognition.plain_errors import PlainError


class Identity(Struct, frozen=True, kw_only=True):
    """An error that is meant: its fingerprint, all under which something may be bound to it, and its text."""

    digest: str
    digests: tuple[str, ...]
    text: str


def identify(error: str | ErrorEvent | BaseException) -> Identity:
    """Return which error is meant by its text, an exception, an event, or its fingerprint; raise InvalidInput."""
    if is_fingerprint(error):
        return Identity(digest=str(error), digests=(str(error),), text="")
    event = event_of(error)
    digest = digest_of(event)
    return Identity(
        digest=digest,
        digests=tuple(dict.fromkeys((digest, *bound_digests(event)))),
        text=error if isinstance(error, str) else error_title(event),
    )


def is_fingerprint(error: object) -> bool:
    """Say whether an error is named by its fingerprint."""
    return isinstance(error, str) and len(error) == 32 and set(error) <= set("0123456789abcdef")


def event_of(error: str | ErrorEvent | BaseException) -> ErrorEvent:
    """Return what somebody calls an error as an event; raise InvalidInput."""
    if isinstance(error, ErrorEvent):
        return error
    if isinstance(error, BaseException):
        return from_exception(error)
    if not isinstance(error, str) or not error.strip():
        raise InvalidInput("name the error: its text, a traceback, an exception, or its fingerprint")
    return parse_error(error)


def digest_of(event: ErrorEvent) -> str:
    """Return the fingerprint under which something is bound to an error: with its frames, or as it is printed."""
    if event.frames:
        return identity(event)[0]
    kind, message = as_printed(event)
    return identity(PlainError(type=kind, message=message))[0]
