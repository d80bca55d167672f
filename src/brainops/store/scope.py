"""Which namespaces may this reader and writer touch?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from brainops.errors import InvalidInput, NamespaceDenied

MAX_NAMESPACE_CHARACTERS = 200  # fits an index entry on both databases with room to spare
MAX_READ_NAMESPACES = 64  # personal, project, team, organisation and a few more; a chain of hundreds is a mistake

STORE_NAMESPACE = "brainops-approvers"  # what concerns the whole store: who may approve, and what is told of them

_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*(?:/[A-Za-z0-9][A-Za-z0-9._@-]*)*")


def checked_namespace(path: str) -> str:
    """Return the namespace path; raise InvalidInput where it is not one."""
    if len(path) <= MAX_NAMESPACE_CHARACTERS and _NAMESPACE.fullmatch(path):
        return path
    raise InvalidInput(
        f"{path[:80]!r} is not a namespace: use letters, digits and . _ @ - in parts separated by /, "
        f"at most {MAX_NAMESPACE_CHARACTERS} characters, for example team/payments"
    )


class Scope(Struct, frozen=True, kw_only=True):
    """One namespace to write, and an ordered chain of namespaces to read; the written one is always read first."""

    write: str
    read: tuple[str, ...]

    @classmethod
    def of(cls, write: str, read: Iterable[str] = ()) -> Scope:
        """Return the scope of these namespaces; raise InvalidInput where one is malformed or there are too many."""
        chain = tuple(dict.fromkeys([checked_namespace(write), *(checked_namespace(path) for path in read)]))
        if len(chain) > MAX_READ_NAMESPACES:
            raise InvalidInput(f"{len(chain)} namespaces to read are too many; the limit is {MAX_READ_NAMESPACES}")
        return cls(write=write, read=chain)

    def narrowed(self, namespaces: Iterable[str]) -> Scope:
        """Return the scope that reads only these; raise NamespaceDenied where one is outside this scope."""
        wanted = tuple(dict.fromkeys(namespaces))
        for path in wanted:
            if path not in self.read:
                raise NamespaceDenied(
                    f"namespace {path[:80]!r} is not readable here; this memory reads {', '.join(self.read)}. "
                    "Open it with `read=` (Python) or `--read` (command line) to add one."
                )
        return Scope(write=self.write, read=wanted or self.read)
