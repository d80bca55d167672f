"""Who is known, which roles were given, who is signed in? Rows that stand in the namespace of the whole store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brainops.store.actors import actor_columns
from brainops.store.rows import row_of, value_of
from brainops.types import Person, RoleGrant, SignIn

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.types import Claims

MAX_TICKETS = 10_000  # of a kind: whoever asks to sign in leaves one, and need not be known for that
LISTED = 1_000  # people or sign-ins of one answer


class PeopleRows:
    """The people, roles, sign-ins and tickets of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # People

    def add(self, person: Person) -> bool:
        """Keep a person; return False where that name or identity is taken."""
        row = row_of(person)
        return self._session.run("person_insert", **{key: row[key] for key in row.keys() - {"roles", "removed_at"}}) > 0

    def get(self, person_id: str) -> Person | None:
        """Return one person with their own roles, also one who was removed."""
        return self._one(self._session.one("person_get", id=person_id))

    def named(self, name: str) -> Person | None:
        """Return the person of a name, however it is written."""
        return self._one(self._session.one("person_named", name=name))

    def known_as(self, identity: Claims) -> Person | None:
        """Return whom a provider or a proxy means."""
        return self._one(self._session.one("person_known_as", issuer=identity.issuer, subject=identity.subject))

    def by_email(self, email: str) -> Person | None:
        """Return the one person of an address who has not signed in yet; None for several."""
        found = self._session.all("person_by_email", email=email)
        return self._one(found[0]) if len(found) == 1 else None

    def list(self) -> Sequence[Person]:
        """Return everybody, oldest first."""
        held: dict[str, list[RoleGrant]] = {}
        for grant in self.grants():
            if grant.withdrawn_at is None:
                held.setdefault(grant.holder, []).append(grant)
        return [
            value_of(Person, row, roles=tuple(held.get(row["id"], ())))
            for row in self._session.all("person_list", limit=LISTED)
        ]

    def namespaces(self) -> Sequence[str]:
        """Return every namespace of the store in which something stands."""
        return [row["namespace"] for row in self._session.all("namespaces_used")]

    def pin(self, person_id: str, identity: Claims) -> bool:
        """Say who somebody is from now on where they sign in; return False where that is said already."""
        return self._session.run("person_pin", id=person_id, issuer=identity.issuer, subject=identity.subject) > 0

    def identify(self, person: Person) -> None:
        """Say by which address, or as whom, somebody signs in."""
        told = {"email": person.email, "issuer": person.issuer, "subject": person.subject}
        self._session.run("person_identify", id=person.id, **told)

    def remove(self, person_id: str, at: int) -> bool:
        """Remove a person, and all but their name; return False where that was done before."""
        return self._session.run("person_remove", id=person_id, at=at) > 0

    def _one(self, row: Row | None) -> Person | None:
        return None if row is None else value_of(Person, row, roles=self.held([row["id"]]))

    # Roles

    def grant(self, grant: RoleGrant) -> bool:
        """Give a role; return False where it is held already."""
        row = {**row_of(grant), **actor_columns(grant.granted_by, "granted_by")}
        return self._session.run("role_grant_insert", **{key: row[key] for key in row.keys() - {"withdrawn_at"}}) > 0

    def held(self, holders: Sequence[str]) -> tuple[RoleGrant, ...]:
        """Return the roles that these holders have."""
        return tuple(value_of(RoleGrant, row) for row in self._session.all("role_grants_of", holders=list(holders)))

    def grants(self) -> Sequence[RoleGrant]:
        """Return every role that was ever given."""
        return [value_of(RoleGrant, row) for row in self._session.all("role_grants")]

    def withdraw(self, grant_id: str, at: int) -> bool:
        """Take a role back; return False where that was done before."""
        return self._session.run("role_grant_withdraw", id=grant_id, at=at) > 0

    # Sign-ins

    def sign_in(self, began: SignIn, digest: str) -> None:
        """Keep a sign-in, by the digest of its secret."""
        row = row_of(began, "groups", digest=digest)
        self._session.run("sign_in_insert", **{key: row[key] for key in row.keys() - {"ended_at", "seen_at"}})

    def sign_in_of(self, sign_in_id: str) -> tuple[SignIn, str] | None:
        """Return a sign-in and the digest of its secret."""
        row = self._session.one("sign_in_get", id=sign_in_id)
        return None if row is None else (value_of(SignIn, row, "groups"), row["digest"])

    def sign_ins(self, person_id: str | None, now: int) -> Sequence[SignIn]:
        """Return the sign-ins that hold, newest first."""
        rows = self._session.all("sign_in_list", person_id=person_id, now=now, limit=LISTED)
        return [value_of(SignIn, row, "groups") for row in rows]

    def prove(self, sign_in_id: str, at: int) -> bool:
        """Say that it was shown again who it is; return False where the sign-in is over."""
        return self._session.run("sign_in_prove", id=sign_in_id, at=at) > 0

    def end(self, sign_in_id: str, at: int) -> bool:
        """End a sign-in; return False where it is over."""
        return self._session.run("sign_in_end", id=sign_in_id, at=at) > 0

    def seen(self, sign_in_id: str, at: int) -> None:
        """Say when a sign-in was last used."""
        self._session.run("sign_in_seen", id=sign_in_id, at=at)

    # Tickets

    def add_ticket(self, digest: str, kind: str, said: Mapping[str, Any], expires_at: int, now: int) -> None:
        """Keep what is used once, and let go of what nobody used in time, and of the oldest of too many."""
        self._session.run("ticket_clear", now=now)
        self._session.run("ticket_insert", digest=digest, kind=kind, said=json.dumps(said), expires_at=expires_at)
        self._session.run("ticket_crowd", kind=kind, most=MAX_TICKETS)

    def ticket(self, digest: str, kind: str, now: int) -> dict[str, Any] | None:
        """Return what a ticket says, while it holds."""
        row = self._session.one("ticket_get", digest=digest, kind=kind, now=now)
        return None if row is None else dict(json.loads(row["said"]))

    def use_ticket(self, digest: str) -> bool:
        """Use a ticket up; return False where somebody did."""
        return self._session.run("ticket_use", digest=digest) > 0
