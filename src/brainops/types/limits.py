"""How long may a text be, and how much of a list is shown, where several parts mean the same? (pure)"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

MAX_TEXT_CHARACTERS: Final = 2_000  # of a reason, a note or a description: what a person reads at once
MAX_NAME_CHARACTERS: Final = 300  # of an operation, a target or a decision
LISTED: Final = 100  # entries of one list, unless more are asked for
LISTED_WHOLE: Final = 50  # the same, of what is listed with all its parts
SHOWN: Final = 5  # of each kind: what somebody reads before acting, or in a report
SHOWN_IN_A_LINE: Final = 3  # of what is wrong
MAX_TAGS: Final = 64
MAX_TAG_CHARACTERS: Final = 100
MAX_REFERENCE_CHARACTERS: Final = 2_000  # of ids, uris, keys and subjects
MAX_LIMIT: Final = 1_000  # entries of one answer
MAX_MICROS: Final = 253_402_300_799_000_000  # the end of the year 9999

Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT)]
Count = Annotated[int, Meta(ge=0)]
Said = Annotated[str, Meta(pattern=r"\S")]  # text that says something
Name = Annotated[str, Meta(max_length=MAX_NAME_CHARACTERS)]
