"""How are click and msgspec imported without what a short command never asks them for?

Click imports `inspect` for the help of a page, and `gettext`, which asks for a locale, for translations of its own
words that nobody ships; msgspec imports `typing_extensions` for names that `typing` has since Python 3.11. Each is lent
something else while it is imported, and nobody after it: a start and a half of the interpreter less.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # see brainops.lazy
if TYPE_CHECKING:
    from typing import Any


def load() -> None:
    """Import click and msgspec; what they were lent is gone from `sys.modules` afterwards."""
    import typing

    _import("click", inspect=_Inspect(), gettext=_Untranslated())
    _import("msgspec", typing_extensions=typing)


def _import(library: str, **lent: Any) -> None:
    lent = {name: module for name, module in lent.items() if name not in sys.modules}
    sys.modules.update(lent)
    try:
        __import__(library)
    finally:
        for name in lent:
            del sys.modules[name]


class _Inspect:
    """What click is lent for `inspect`: the module itself, as soon as more than a line of help is read."""

    def cleandoc(self, text: str) -> str:
        """Return the text of a help without its indent, as `inspect.cleandoc` does."""
        if "\n" not in text and "\t" not in text:
            return text.lstrip()
        return str(self.__getattr__("cleandoc")(text))

    def __getattr__(self, name: str) -> Any:
        from importlib import import_module

        return getattr(import_module("inspect"), name)


class _Untranslated:
    """What click is lent for `gettext`."""

    gettext = str

    @staticmethod
    def ngettext(one: str, many: str, number: int) -> str:
        """Return the word for so many."""
        return one if number == 1 else many
