"""Which regular expression is this, compiled when it is first asked? (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from re import Match


class Regex:
    """A regular expression; `re` itself is imported and the expression compiled at its first use, not before.

    A hook that judges one command needs a handful of the three hundred expressions here: to compile them all takes it
    longer than all the rest. After the first use the methods are those of the compiled one.
    """

    __slots__ = ("findall", "finditer", "fullmatch", "match", "search", "source", "split", "sub")

    if TYPE_CHECKING:
        source: str
        findall: Callable[[str], list[str]]
        finditer: Callable[..., Iterator[Match[str]]]
        split: Callable[..., list[str]]
        sub: Callable[[str | Callable[[Match[str]], str], str], str]

        def match(self, text: str, position: int = 0, end: int = 0, /) -> Match[str] | None: ...
        def fullmatch(self, text: str, position: int = 0, end: int = 0, /) -> Match[str] | None: ...
        def search(self, text: str, position: int = 0, end: int = 0, /) -> Match[str] | None: ...

    def __init__(self, source: str) -> None:
        self.source = source

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """Compile, since what was asked for is not there yet; from then on no look-up comes here."""
            if name not in Regex.__slots__:
                raise AttributeError(name)
            import re

            compiled = re.compile(self.source)
            for method in Regex.__slots__:
                if method != "source":
                    setattr(self, method, getattr(compiled, method))
            return getattr(self, name)
