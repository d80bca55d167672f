"""Which other namespaces hold what their rules say here, whatever folder, remote and environment this was opened with?

The guard asks the namespace that a process writes, which follows its folder and its environment. So the namespaces of
the repositories around it, of those that the operation names, and the one that its session was opened in are asked too,
where they are strict; and what was left in a repository when it became strict says so in every store.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from msgspec.structs import replace

from brainops.config import Guarded, repositories_of
from brainops.errors import BrainOpsError
from brainops.store.scope import Scope
from brainops.types import Allow, Ask, Deny

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.operations.guard.decisions import Looked
    from brainops.types import OperationStart

FRESH_SECONDS = 1.0  # how long the repositories around a folder are taken for known
MAX_PATHS = 20  # of one operation that are looked at


def place_of(store: str) -> str:
    """Return where a store is, as it may be written down: a whole path, or an address without who logs in."""
    if "://" in store:
        parts = urlsplit(store)
        return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or ''}{parts.path}"
    return "" if store == ":memory:" else os.path.abspath(os.path.expanduser(store))


class Other(Protocol):
    """What is asked of the guard of another namespace."""

    def prepared(self, start: OperationStart) -> OperationStart:
        """Return the operation as that namespace classes it."""
        ...

    def look(self, start: OperationStart, guidance: None, *, alone: bool) -> Looked:
        """Decide on it, and use nothing up."""
        ...


class _Around:
    """The guarded namespaces around folders, and when a folder was looked at."""

    def __init__(self) -> None:
        self.by_folder: dict[str, tuple[float, tuple[Guarded, ...]]] = {}


class Elsewhere:
    """What holds around one guard of one store."""

    def __init__(self, context: MemoryContext, place: str, opened: Callable[[Guarded], Other]) -> None:
        self._store = context.store
        self.place = place
        self._opened = opened
        self._around = context.process.of(_Around).by_folder

    def holding(self, start: OperationStart) -> tuple[Guarded, ...]:
        """Return the strict namespaces that hold for an operation, besides the written one."""
        found = dict.fromkeys(each for folder in _folders(start) for each in self._of(folder))
        own = self._store.scope.write
        with self._store.read() as tx:
            strict = tuple(each for each in tx.strict_namespaces() if each != own)
        here = [each for each in found if each.store == self.place and each.namespace in strict]
        there = [each for each in found if each.store != self.place]
        known = {each.namespace for each in here}
        opened = [
            Guarded(store=self.place, namespace=namespace)
            for namespace in strict
            if namespace not in known and self._opened_in(namespace, start.session_id)
        ]
        return (*here, *there, *opened)

    def strictest(self, looked: Looked, in_trouble: Callable[[Looked, BrainOpsError], Looked]) -> Looked:
        """Return the decision of the strictest namespace that holds here: no folder or variable leads out of it."""
        try:
            others = self.holding(looked.start)
        except BrainOpsError as error:
            return in_trouble(looked, error)
        for guarded in others:
            if isinstance(looked.decision, Deny):
                break
            try:
                other = self._opened(guarded)
                decision = other.look(other.prepared(looked.start), None, alone=True).decision
            except BrainOpsError as error:
                looked = in_trouble(looked, error)
                continue
            if isinstance(decision, Deny) or (isinstance(decision, Ask) and isinstance(looked.decision, Allow)):
                looked = replace(looked, decision=self.told(decision, guarded))
        return looked

    def told(self, decision: Ask | Deny, guarded: Guarded) -> Ask | Deny:
        """Return a decision with whose it is, and the one call that clears it there."""
        said = ["brainops", *([] if guarded.store == self.place else ["--store", shlex.quote(guarded.store)])]
        there = " ".join([*said, "--namespace", shlex.quote(guarded.namespace), ""])
        way_out = decision.way_out.replace("brainops ", there, 1)
        return replace(decision, reason=f"{decision.reason} (as {guarded.namespace} holds here)", way_out=way_out)

    def _of(self, folder: Path) -> Iterator[Guarded]:
        key, now = str(folder), time.monotonic()
        looked_at, found = self._around.get(key, (-FRESH_SECONDS, ()))
        if now - looked_at >= FRESH_SECONDS:
            named: list[Guarded] = []
            for repository in repositories_of(folder):
                named += [Guarded(store=self.place, namespace=repository.namespace), *repository.marked()]
            if len(self._around) > MAX_PATHS:
                self._around.clear()
            found = tuple(dict.fromkeys(named))
            self._around[key] = (now, found)
        yield from found

    def _opened_in(self, namespace: str, session_id: str | None) -> bool:
        if session_id is None:
            return False
        with self._store.read(Scope.of(namespace)) as tx:
            return tx.figures.session(session_id)[1] is not None


def _folders(start: OperationStart) -> Iterator[Path]:
    """Yield the folder of this process, and those that the operation names."""
    try:
        here = Path.cwd()
    except OSError:  # it was removed
        here = Path("/")
    yield here
    words = [word for text in (start.name, start.target or "") for word in text.split() if "/" in word]
    for word in words[:MAX_PATHS]:
        path = here / os.path.expanduser(word.strip("'\""))
        try:
            if path.exists():
                yield path if path.is_dir() else path.parent
        except (OSError, ValueError):
            continue
