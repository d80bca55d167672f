"""Under which digests is an error known: with its frames, by its text alone, as others print it? (pure)"""

from __future__ import annotations

from brainops_core.recognition.error_events import error_title, parse_error
from brainops_core.recognition.fingerprint import identity, inner_digests
from brainops_core.recognition.masks import mask
from brainops_core.recognition.plain_errors import PlainError
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from brainops_core.recognition.plain_errors import AnyError

    _T = TypeVar("_T")

_QUALIFIED = Regex(r"(?:[A-Za-z_$][\w$]*\.)+(?=[A-Za-z_$][\w$]*$)", ".")
_MASK = Regex(r"<\w+>")
_WORD = Regex(r"[^\W\d_]{2}")
_REMEMBERED = 128  # texts of which the digests are kept: an incident asks for those of its error some twenty times
_REMEMBERED_CHARACTERS = 4_000
_READINGS = 3  # what is printed of an error is read again until it stays the same; more than twice was never seen


_printed: dict[tuple[str, str], tuple[str, str]] = {}
_digests: dict[tuple[str, str], tuple[str, ...]] = {}


def as_printed(event: AnyError) -> tuple[str, str]:
    """Return the type and message of an error as what is printed of it is read again: a type's end is not lost twice.

    An error of several lines stays as it is: one line of it would say less.
    """
    asked = said = (event.type, event.message)
    if "\n" in event.message.strip():
        return said
    if (known := _printed.get(asked)) is not None:
        return known
    for _ in range(_READINGS):
        printed = parse_error(error_title(PlainError(type=said[0], message=said[1])))
        if (printed.type, printed.message) == said:
            break
        said = (printed.type, printed.message)
    _remember(_printed, asked, said)
    return said


def text_digests(event: AnyError) -> tuple[str, ...]:
    """Return the digests of an error's text alone: as it is, as it is printed, and with its type's bare name.

    The last one is what a memory is found by: some print `payments.errors.Timeout`, others `Timeout`.
    """
    asked = (event.type, event.message)
    if (known := _digests.get(asked)) is not None:
        return known
    kind, message = as_printed(event)
    forms = (asked, (kind, message), (_QUALIFIED.sub("", kind), message))
    digests = [identity(PlainError(type=kind, message=message))[0] for kind, message in reversed(forms)]
    found = tuple(dict.fromkeys(digests))[::-1]
    _remember(_digests, asked, found)
    return found


def bound_digests(event: AnyError) -> tuple[str, ...]:
    """Return the digests under which a fix holds for an error: its own, of its innermost frames, of its text alone.

    So one that is bound to a printed text holds for the exception of that text, and one that is bound to frames holds
    where somebody else calls them. A text without a word says too little to stand for whatever raises it.
    """
    texts = text_digests(event) if not event.frames or says_something(event.message) else ()
    return tuple(dict.fromkeys((*inner_digests(event), *texts)))


def says_something(message: str) -> bool:
    """Say whether a message holds a word that stays when what varies is masked."""
    return _WORD.search(_MASK.sub("", mask(message))) is not None


def _remember(known: dict[tuple[str, str], _T], asked: tuple[str, str], answer: _T) -> None:
    if len(asked[1]) <= _REMEMBERED_CHARACTERS:
        if len(known) >= _REMEMBERED:
            known.clear()
        known[asked] = answer
