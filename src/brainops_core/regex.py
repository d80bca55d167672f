"""Which regular expression is this, compiled when it is first asked? (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from re import Match


class Regex:
    """A regular expression; `re` itself is imported and the expression compiled at its first use, not before.

    A hook that judges one command needs a handful of the three hundred expressions here: to compile them all takes it
    longer than all the rest. Where `needs` names texts of which each match holds one, a text that holds none of them is
    answered without compiling. After the first use the methods are those of the compiled one.
    """

    __slots__ = ("findall", "finditer", "fullmatch", "match", "needs", "search", "source", "split", "sub")

    if TYPE_CHECKING:
        source: str
        needs: tuple[str, ...]
        findall: Callable[[str], list[str]]
        finditer: Callable[..., Iterator[Match[str]]]
        split: Callable[..., list[str]]
        sub: Callable[[str | Callable[[Match[str]], str], str], str]

        def match(self, text: str, position: int = 0, end: int = 0, /) -> Match[str] | None: ...
        def fullmatch(self, text: str, position: int = 0, end: int = 0, /) -> Match[str] | None: ...
        def search(self, text: str, position: int = 0, end: int = 0, /) -> Match[str] | None: ...

    def __init__(self, source: str, *needs: str) -> None:
        self.source = source
        self.needs = needs

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """Compile, since what was asked for is not there yet; from then on no look-up comes here."""
            if name not in Regex.__slots__:
                raise AttributeError(name)
            if self.needs:
                return lambda *asked: self._asked(name, asked)
            return self._compiled(name)

        def _asked(self, name, asked):
            text = asked[1] if name == "sub" else asked[0]
            if any(need in text for need in self.needs):
                return self._compiled(name)(*asked)
            return _NOTHING[name](text)

        def _compiled(self, name):
            import re

            compiled = re.compile(self.source)
            for method in _NOTHING:
                setattr(self, method, getattr(compiled, method))
            return getattr(self, name)


_NOTHING: Mapping[str, Callable[[str], object]] = {
    "findall": lambda text: [],
    "finditer": lambda text: iter(()),
    "fullmatch": lambda text: None,
    "match": lambda text: None,
    "search": lambda text: None,
    "split": lambda text: [text],
    "sub": lambda text: text,
}
"""What each method answers for a text in which nothing matches."""
