"""Which words is a name put together from? (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def words_of(name: str) -> Iterator[str]:
    """Yield the words that a name is put together from, its numbers, and what joins them: getHTTPLog+drop2."""
    at, end = 0, len(name)
    while at < end:
        start, first = at, name[at]
        at += 1
        if "A" <= first <= "Z":
            while at < end and "A" <= name[at] <= "Z":
                at += 1
            if at < end and "a" <= name[at] <= "z" and at - start > 1:
                at -= 1  # the last capital begins the next word
            elif at - start == 1:
                while at < end and "a" <= name[at] <= "z":
                    at += 1
        elif "a" <= first <= "z":
            while at < end and "a" <= name[at] <= "z":
                at += 1
        elif first.isdecimal():
            while at < end and name[at].isdecimal():
                at += 1
        elif first not in ",;&+":
            continue
        yield name[start:at]
