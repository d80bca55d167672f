"""Who reaches a memory from elsewhere, by which key, and what may they do there?"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from brainops.types.knowledge import Actor, ActorKind, Micros
from brainops.types.proof import Unseen


class Role(StrEnum):
    """What somebody who comes from elsewhere may ask for, the least first; each may what those before it may.

    A reader reads; a writer does whatever the table of acts lets an agent do; an approver judges and answers what a
    person is asked; an admin changes what holds. The table of acts is asked all the same.
    """

    READER = "reader"
    WRITER = "writer"
    APPROVER = "approver"
    ADMIN = "admin"

    def covers(self, other: Role) -> bool:
        """Say whether who has this role may do what the other one allows."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Down(StrEnum):
    """What becomes of a call while the server that has the memory cannot be reached.

    "closed": it raises. "open": it goes on, with what the server's pack says, and what was to be kept is not. "spool":
    the same, and what was to be kept waits in a file until the server is back.
    """

    CLOSED = "closed"
    OPEN = "open"
    SPOOL = "spool"


EVERYWHERE = "*"


def covers(path: str, namespace: str) -> bool:
    """Say whether a path takes a namespace in, or another path: team is that one, team/* all below it too, * every one.

    A path in a path's place is covered where every namespace of it is.
    """
    return path in (EVERYWHERE, namespace) or (path.endswith("/*") and f"{namespace}/".startswith(path[:-1]))


class ReadableNamespace(Struct, frozen=True, kw_only=True):
    """A namespace that somebody may read, and their role there; None for who has the store open here."""

    name: str
    role: Role | None = None


class AccessKey(Struct, frozen=True, kw_only=True):
    """A key by which an agent or a service reaches the memory over the network; of its secret only the digest is kept.

    It writes in the path `writes`, and reads that and the paths `reads`; see `covers`.
    """

    id: str
    name: str
    kind: ActorKind
    role: Role
    writes: str
    reads: tuple[str, ...]
    created_at: Micros
    created_by: Actor
    expires_at: Micros | None = None
    revoked_at: Micros | None = None
    used_at: Micros | None = None

    @property
    def namespace(self) -> str:
        """The namespace in which it writes where a call names none."""
        return self.writes.removesuffix("/*")

    def role_in(self, namespace: str) -> Role | None:
        """Return what may be asked for with it in a namespace; None where it has no business there."""
        if covers(self.writes, namespace):
            return self.role
        return Role.READER if any(covers(path, namespace) for path in self.reads) else None

    @property
    def prefix(self) -> str:
        """How its secret begins, which may be shown."""
        return f"boa_{self.id.replace('-', '')}"

    def holds(self, now: Micros) -> bool:
        """Say whether the key opens anything at this time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class IssuedKey(Unseen, frozen=True, kw_only=True):
    """A new key with its secret, which is shown this once and stored nowhere."""

    access: AccessKey
    secret: str


class OperationToken(Unseen, frozen=True, kw_only=True):
    """What a page shows in place of a key: for a few minutes, one operation name in one namespace.

    Whoever holds it acts as `kind` and `name`, whose key (`key_id`) it ends with. `secret` is shown once and stored
    nowhere: "" where the token is known again.
    """

    operation: str
    namespace: str
    kind: ActorKind
    name: str
    expires_at: Micros
    key_id: str | None = None
    secret: str = ""
