"""Which roles do people and groups have on which paths, and does the audit trail know that they were given?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from brainops.errors import Conflict, InvalidInput
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.scope import STORE_NAMESPACE, checked_namespace
from brainops.types import ActorKind, Person, Role, RoleGrant
from brainops.types.access import EVERYWHERE
from brainops.types.people import GROUP, most_in
from brainops_core.regex import Regex

if TYPE_CHECKING:
    from brainops.store import Transaction
    from brainops.store.database import Row
    from brainops.types import JSON, Actor, AuditEntry

APPROVING = (Role.APPROVER, Role.ADMIN)  # roles that are given by somebody who proves to have one, always

MAX_GROUP_CHARACTERS = 200

_NAME = Regex(r"[\w.@+-][\w.@+ -]{0,98}[\w.@+-]|[\w.@+-]")


def checked_name(name: str) -> str:
    """Return the name of a person; raise InvalidInput where it is none."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r:.80} is no name for a person: letters, digits, spaces and . @ + - _, at most 100 characters"
        )
    return name


def checked_group(name: str) -> str:
    """Return the name of a group, which is whatever a provider says; raise InvalidInput where none says that."""
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= MAX_GROUP_CHARACTERS:
        raise InvalidInput(
            f"{name!r:.80} is no name of a group: group: and then just what the provider calls it, such as group:sre "
            f"or group:/staff/sre, at most {MAX_GROUP_CHARACTERS} characters"
        )
    return name


def checked_path(path: str) -> str:
    """Return a path of namespaces; raise InvalidInput where it is none, or the one in which people themselves stand."""
    if path != EVERYWHERE and checked_namespace(path.removesuffix("/*")) == STORE_NAMESPACE:
        raise InvalidInput(f"{STORE_NAMESPACE} holds who may do what, and belongs to those who have a role in all: *")
    return path


def added(tx: Transaction, name: str, email: str, issuer: str, subject: str, *, at: int) -> Person:
    """Add a person in the caller's transaction; raise Conflict where the name, or who they are elsewhere, is taken."""
    person = Person(
        id=new_id(), name=name, email=email, issuer=issuer, subject=subject, created_at=at, created_by=tx.actor
    )
    if tx.people.named(name) or not tx.people.add(person):
        raise Conflict(f"{name}, or who that is elsewhere, is a person here already: brainops people")
    tx.also(acts.PERSON_ADDED, tx.actor).append(person.id, at, name=name)
    return person


def identified(tx: Transaction, person: Person, email: str, issuer: str, subject: str, *, at: int) -> Person:
    """Say in the caller's transaction who somebody is where they sign in; raise Conflict where that is another here."""
    others = [each for each in tx.people.list() if each.id != person.id]
    for each in others:
        if (subject and (each.issuer, each.subject) == (issuer, subject)) or (
            email and each.email.casefold() == email.casefold()
        ):
            raise Conflict(f"that is {each.name} here already; brainops people remove {each.name} first, if it is they")
    if subject and person.subject and (person.issuer, person.subject) != (issuer, subject):
        raise Conflict(f"{person.name} signs in as {person.subject} of {person.issuer}, and nobody is two people")
    found = replace(
        person, email=email or person.email, issuer=issuer or person.issuer, subject=subject or person.subject
    )
    tx.people.identify(found)
    said = {"issuer": issuer, "known_as": subject} if subject else {}
    tx.also(acts.PERSON_ADDED, tx.actor).append(person.id, at, name=person.name, **said)
    return found


def granted(tx: Transaction, holder: str, role: Role, path: str, *, at: int) -> RoleGrant:
    """Give a role in the caller's transaction; raise Conflict where it is held."""
    grant = RoleGrant(id=new_id(), holder=holder, role=role, path=path, granted_at=at, granted_by=tx.actor)
    if not tx.people.grant(grant):
        raise Conflict(f"that role is given already: {role.value} of {path}")
    tx.also(acts.ROLE_GRANTED, tx.actor).append(grant.id, at, **_said(grant))
    return grant


def withdrawn(tx: Transaction, grant: RoleGrant, *, at: int) -> RoleGrant:
    """Take a role back in the caller's transaction; raise Conflict where nobody were left who gives any."""
    tx.people.withdraw(grant.id, at)
    if grant.role is Role.ADMIN and grant.path == EVERYWHERE and not doorkeepers(tx):
        raise Conflict("nobody else lets others in; make another an admin of * who proves it by a secret, then do this")
    tx.also(acts.ROLE_WITHDRAWN, tx.actor).append(grant.id, at, **_said(grant))
    return replace(grant, withdrawn_at=at)


def doorkeepers(tx: Transaction) -> Sequence[str]:
    """Return the names of those who let others in: admins of all, who have a secret; one at least is left."""
    found = [tx.people.named(name) for name in _enrolled(tx)]
    return [
        each.name for each in found if each is not None and vouched_roles(tx, each).role_in(EVERYWHERE) is Role.ADMIN
    ]


def own_role(tx: Transaction, actor: Actor, path: str, now: int) -> Role | None:
    """Return the role that somebody has on a path, whichever namespace they are in; by their groups, too.

    Those are the groups that were named where they signed in as they did for this call.
    """
    person = tx.people.named(actor.id) if actor.kind is ActorKind.PERSON else None
    if person is None:
        return None
    signed_in = [each for each in tx.people.sign_ins(person.id, now) if f"sign-in:{each.kind.value}" == actor.proof]
    groups = {GROUP + group for each in signed_in for group in each.groups}
    by_groups = [
        grant for grant in tx.people.held(sorted(groups)) if known_grant(tx.trail.of(grant.id), grant, None, ())
    ]
    return most_in((*vouched_roles(tx, person).roles, *by_groups), path)


def vouched_roles(tx: Transaction, person: Person) -> Person:
    """Return a person with the roles that the audit trail knows of."""
    before = any(grant.id == grant.holder for grant in person.roles)
    enrolled = _enrolled(tx) if before else ()
    held = [each for each in person.roles if known_grant(tx.trail.of(each.id), each, person, enrolled)]
    return replace(person, roles=tuple(held))


def known_grant(
    lines: Sequence[AuditEntry], grant: RoleGrant, person: Person | None, enrolled: Collection[str]
) -> bool:
    """Say whether the audit trail knows a role as it stands.

    One of before there were roles is known by the enrolment of whose id it has: that let somebody approve everywhere,
    and does for as long as they are one of the `enrolled`, by that secret or by another.
    """
    if any(line.act == "role-withdraw" for line in lines):
        return False
    if any(line.act == "role-grant" and dict(line.detail) == _said(grant) for line in lines):
        return True
    before = grant.role is Role.ADMIN and grant.path == EVERYWHERE and grant.id == grant.holder
    if not before or person is None or person.name not in enrolled:
        return False
    return any(line.act == "approver-enrol" and line.detail.get("name") == person.name for line in lines)


def _enrolled(tx: Transaction) -> Collection[str]:
    """Return the names of those who have a secret that holds, and that the audit trail knows."""
    holding = [row for row in tx.approvals.approvers() if row["revoked_at"] is None]
    return sorted({str(row["name"]) for row in holding if enrolled_in(tx.trail.of(row["id"]), row)})


def enrolment(entry: Row) -> dict[str, JSON]:
    """Return what the audit trail says of an entry: whose it is, and a digest of the hash, never the secret."""
    import hashlib

    return {
        "name": entry["name"],
        "kind": entry["kind"],
        "first_use": bool(entry["first_use"]),
        "secret": hashlib.sha256(entry["secret_hash"].encode()).hexdigest(),
    }


def enrolled_in(lines: Sequence[AuditEntry], entry: Row) -> bool:
    """Say whether the audit trail knows an entry as it stands."""
    return any(line.act == "approver-enrol" and dict(line.detail) == enrolment(entry) for line in lines)


def _said(grant: RoleGrant) -> dict[str, JSON]:
    return {"holder": grant.holder, "role": grant.role.value, "path": grant.path}
