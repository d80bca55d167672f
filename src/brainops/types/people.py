"""Who are the people of a memory, what may each do where, and how is it known that somebody is one of them?"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from brainops.types.access import Role, covers
from brainops.types.knowledge import Actor, Micros
from brainops.types.proof import Unseen

SIGNED_IN_SECONDS = 12 * 3_600  # a day's work; whoever is away overnight signs in again
PROVEN_SECONDS = 15 * 60  # since somebody showed who they are, for an approval: who sits there now is the same person
LINK_SECONDS = 10 * 60  # from the terminal to the browser beside it
FLOW_SECONDS = 10 * 60  # for a provider's page, with a second factor that is looked for

GROUP = "group:"
"""How the name of a holder begins that is no person but a group, as whoever signs people in names it."""


class RoleGrant(Struct, frozen=True, kw_only=True):
    """A role, and where it holds: a namespace, one and all below it (team/*), or every one (*)."""

    id: str
    holder: str
    role: Role
    path: str
    granted_at: Micros
    granted_by: Actor
    withdrawn_at: Micros | None = None


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who signs in, approves, or both; `name` is how they act and are named everywhere.

    `issuer` says who proves that it is they when they sign in (an OIDC issuer, or a proxy), and `subject` is who they
    are there; both are empty until they did so once.
    """

    id: str
    name: str
    email: str
    issuer: str
    subject: str
    created_at: Micros
    created_by: Actor
    removed_at: Micros | None = None
    roles: tuple[RoleGrant, ...] = ()

    def role_in(self, namespace: str) -> Role | None:
        """Return the most that they may do in a namespace, or on a path; None where they have no role there."""
        return most_in(self.roles, namespace)


def most_in(grants: tuple[RoleGrant, ...], namespace: str) -> Role | None:
    """Return the highest role of some grants that holds in a namespace, or on a path."""
    order = list(Role)
    held = [grant.role for grant in grants if covers(grant.path, namespace)]
    return max(held, key=order.index, default=None)


class SignInKind(StrEnum):
    """How somebody signed in: by a link that the server printed, a proxy's word, or an OIDC provider's."""

    LINK = "link"
    PROXY = "proxy"
    OIDC = "oidc"


class Claims(Struct, frozen=True, kw_only=True):
    """Whom a proxy or a provider says somebody is: `email` where it is verified, and when that was looked at."""

    issuer: str
    subject: str
    email: str = ""
    groups: tuple[str, ...] = ()
    at: Micros | None = None


class SignIn(Struct, frozen=True, kw_only=True):
    """One sign-in of a person at one browser; of its secret only the digest is kept.

    `proven_at` is when it was last shown who it is, by the provider or by a passphrase; an approval asks for a recent
    one. A link alone shows nobody's name, and is never enough.
    """

    id: str
    person_id: str
    kind: SignInKind
    groups: tuple[str, ...]
    created_at: Micros
    expires_at: Micros
    proven_at: Micros | None = None
    ended_at: Micros | None = None
    seen_at: Micros | None = None

    def holds(self, now: Micros) -> bool:
        """Say whether it still opens anything."""
        return self.ended_at is None and now < self.expires_at


class SignedIn(Unseen, frozen=True, kw_only=True):
    """Somebody who is signed in: the person with what their groups may besides, and the sign-in.

    `secret` is what the browser keeps; it is there once, when the sign-in began.
    """

    person: Person
    sign_in: SignIn
    secret: str = ""
