"""What do the parameters of a step say, and what is wrong with them? (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Never

from brainops.errors import StepFailed
from brainops.types import Action


class Parameters:
    """The filled parameters of one action; each reading checks its type. Raises StepFailed, which no retry mends."""

    def __init__(self, action: Action, known: Sequence[str]) -> None:
        self._read(f"a {action.uses.value} step", action.parameters, known)

    @classmethod
    def named(cls, what: str, given: Mapping[str, Any], known: Sequence[str]) -> Parameters:
        """Return the settings of something else than a step, which refusals call by this name: "a command agent"."""
        settings = cls.__new__(cls)
        settings._read(what, given, known)
        return settings

    def _read(self, what: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
        self._what, self._given = what, given
        unknown = sorted(set(map(str, self._given)) - set(known))
        if unknown:
            self.refuse(f"does not know {', '.join(unknown)}; it takes {', '.join(known)}")

    def refuse(self, what: str) -> Never:
        """Raise StepFailed about this step's parameters."""
        raise StepFailed(f"{self._what} {what}", kind="InvalidParameters", retryable=False)

    def has(self, name: str) -> bool:
        """Say whether a parameter is given; null counts as not."""
        return self._given.get(name) is not None

    def any(self, name: str) -> Any:
        """Return a parameter as it is, None where it is not given."""
        return self._given.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; a number or truth is written out."""
        value = self._given.get(name)
        if value is None:
            if default is None:
                self.refuse(f"says `{name}`")
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, (str, int, float)):
            self.refuse(f"takes a text as `{name}`, not {type(value).__name__}")
        return str(value)

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """Return a number within bounds."""
        value = self._given.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            self.refuse(f"takes a number from {least:g} to {most:g} as `{name}`, not {value!r:.60}")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return whether something is set; false where it is not given."""
        value = self._given.get(name, False)
        if not isinstance(value, bool):
            self.refuse(f"takes true or false as `{name}`, not {value!r:.60}")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a mapping, an empty one where it is not given."""
        value = self._given.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.refuse(f"takes a mapping as `{name}`, not {type(value).__name__}")
        return {str(key): each for key, each in value.items()}

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; one text is a list of one."""
        value = self._given.get(name)
        if value is None:
            return ()
        values = [value] if isinstance(value, (str, int, float)) else value
        plain = isinstance(values, (list, tuple)) and all(isinstance(each, (str, int, float)) for each in values)
        if not plain:
            self.refuse(f"takes a list of texts as `{name}`, not {value!r:.60}")
        return tuple(("true" if each else "false") if isinstance(each, bool) else str(each) for each in values)
