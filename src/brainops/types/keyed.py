"""How is a value read like the mapping that its JSON is? (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, to_builtins


class Keyed(Struct, frozen=True, kw_only=True):
    """A value whose fields are read by name too, as the founding samples do: `guidance["confidence"]`."""

    def __getitem__(self, key: str) -> Any:
        """Return what the value's JSON has under a name; KeyError names what there is."""
        if key not in self.__struct_fields__:
            kind = type(self).__name__.lower()
            raise KeyError(f"{key!r} is no part of a {kind}, which has {', '.join(self.__struct_fields__)}")
        return to_builtins(getattr(self, key))

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the fields."""
        return iter(self.__struct_fields__)

    def __len__(self) -> int:
        """Return how many fields there are."""
        return len(self.__struct_fields__)

    def keys(self) -> Sequence[str]:
        """Return the names of the fields."""
        return self.__struct_fields__
