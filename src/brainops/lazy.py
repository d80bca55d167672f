"""What is imported when it is first asked for: the names of a package, a module, the log?

A start pays for what it uses: `import brainops` for next to nothing, a command for its own parts. So this module, as
everything that `import brainops` and `brainops --help` run, takes nothing that is slow to import, `typing` neither.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as a type checker reads it; `typing` itself takes longer than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from logging import Logger
    from types import ModuleType
    from typing import Any


def names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return the `__getattr__`, `__dir__` and `__all__` of a package whose names stand in its modules.

    `homes` says of each module which names it gives, as "Draft Evidence"; a module of that name would hide it.
    What a type checker reads stands beside it under TYPE_CHECKING; a test holds that both say the same.
    """
    home = {name: f"{package}.{module}" for module, given in homes.items() for name in given.split()}

    def getattr_(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}; it has {', '.join(sorted(home))}")
        value = getattr(_imported(home[name]), name)
        setattr(_imported(package), name, value)
        return value

    def dir_() -> list[str]:
        return sorted({*vars(_imported(package)), *home})

    return getattr_, dir_, sorted(home)


def modules(package: str, names: str) -> Iterator[Any]:
    """Return modules of a package, each imported when something of it is first asked for.

    For what many functions of a file name; what one function names, that one imports. What a type checker reads stands
    beside it under TYPE_CHECKING.
    """
    return (_Module(f"{package}.{name}") for name in names.split())


def logger() -> Logger:
    """Return the logger of BrainOps, with which `logging` is imported: a start has nothing to log, as a rule."""
    return _Logger()  # type: ignore[return-value]


class _Logger:
    """What stands for the logger."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        from logging import getLogger

        return getattr(getLogger("brainops"), name)


class _Module:
    """What stands for a module. The import system itself sees to threads, so it holds nothing but the name."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(_imported(self._name), name)


def _imported(name: str) -> ModuleType:
    from importlib import import_module

    return import_module(name)
