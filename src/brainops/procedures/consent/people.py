"""Who are the people of this memory, and what may each of them do where?"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from msgspec.structs import replace

from brainops.errors import InvalidInput, NamespaceDenied, NotFound
from brainops.memory.filters import member
from brainops.procedures.consent.roles import (
    APPROVING,
    added,
    checked_group,
    checked_name,
    checked_path,
    granted,
    identified,
    own_role,
    withdrawn,
)
from brainops.procedures.consent.sign_ins import SignIns, trust
from brainops.store import acts
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.types import Person, ReadableNamespace, Role, RoleGrant
from brainops.types.access import EVERYWHERE, covers
from brainops.types.people import GROUP

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.types import Proof, SignIn

MAX_NAME_CHARACTERS = 200  # of an address, an issuer, or what somebody is known by there


class People:
    """The people of one store: add, grant, withdraw, remove; where they are signed in, and who signs them in."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
        self._scope = Scope.of(STORE_NAMESPACE)

    def add(
        self, name: str, *, email: str = "", issuer: str = "", subject: str = "", proof: Proof | None = None
    ) -> Person:
        """Let a person be known: who signs in with this verified address, or as this subject of this issuer, is they.

        They may do nothing until `grant` says what. Of somebody who is here already, an approver say, it tells by what
        they are known where they sign in. Raises InvalidInput, Conflict, ApprovalUnproven.
        """
        name, told = (
            self._context.name(checked_name(name)),
            [self._context.name(each.strip()) for each in (email, issuer, subject)],
        )
        if any(len(each) > MAX_NAME_CHARACTERS for each in told) or bool(told[1]) is not bool(told[2]):
            raise InvalidInput(
                f"an address, an issuer and a subject have at most {MAX_NAME_CHARACTERS} characters, and a subject "
                'stands with who says so: issuer="https://..." or "proxy"'
            )
        with self._writing(acts.PERSON_ADD, proof) as tx:
            known, now = tx.people.named(name), self._context.store.now()
            if known is None or not any(told):
                return added(tx, name, *told, at=now)
            return identified(tx, known, *told, at=now)

    def grant(self, name: str, role: Role | str, path: str | None = None, *, proof: Proof | None = None) -> RoleGrant:
        """Give a person, or a group ("group:sre"), a role in a namespace (the written one) or on a path.

        `path` is team, team/* or *. Raises NotFound, InvalidInput, Conflict, ApprovalUnproven.
        """
        wanted, path = member(Role, role), self._path(path)
        act = acts.ROLE_GRANT_APPROVING if wanted in APPROVING else acts.ROLE_GRANT
        with self._writing(act, proof, path) as tx:
            return granted(tx, _holder(tx, name), wanted, path, at=self._context.store.now())

    def withdraw(
        self, name: str, role: Role | str, path: str | None = None, *, proof: Proof | None = None
    ) -> RoleGrant:
        """Take a role back, as it was given. Raises NotFound, Conflict where nobody were left who gives any."""
        wanted, path = member(Role, role), self._path(path)
        with self._writing(acts.ROLE_WITHDRAW, proof, path) as tx:
            held = tx.people.held([_holder(tx, name)])
            found = next((grant for grant in held if grant.role is wanted and grant.path == path), None)
            if found is None:
                raise NotFound(f"{name!r:.80} is no {wanted.value} of {path}; brainops people shows who is what where")
            return withdrawn(tx, found, at=self._context.store.now())

    def remove(self, name: str, *, proof: Proof | None = None) -> Person:
        """Remove a person: their roles, secrets and sign-ins end, and of who they are only the name is kept.

        Raises NotFound, Conflict where nobody were left who lets others in, ApprovalUnproven.
        """
        with self._writing(acts.PERSON_REMOVE, proof) as tx:
            now, found = self._context.store.now(), _person(tx, name)
            for grant in found.roles:
                withdrawn(tx, grant, at=now)
            for row in tx.approvals.approvers():
                if row["name"] == found.name and row["revoked_at"] is None:
                    tx.approvals.revoke_approver(row["id"], now)
                    tx.also(acts.APPROVER_GONE).append(row["id"], now, name=found.name, kind=row["kind"])
            for each in tx.people.sign_ins(found.id, now):
                tx.people.end(each.id, now)
            tx.people.remove(found.id, now)
            tx.trail.append(found.id, now, name=found.name)
        return replace(found, roles=(), email="", issuer="", subject="", removed_at=now)

    def get(self, name: str) -> Person:
        """Return a person by name. Raises NotFound."""
        found = next((each for each in self.list() if each.name.casefold() == name.casefold()), None)
        if found is None:
            raise _unknown(name)
        return found

    def list(self) -> Sequence[Person]:
        """Return everybody with their roles, oldest first; over the network, who has one in the written namespace."""
        with self._context.store.read(self._scope) as tx:
            people = tx.people.list()
            if self._looks_after(tx, EVERYWHERE):
                return people
        return [own for each in people if (own := replace(each, roles=self._here(each.roles))).roles]

    def namespaces(self, *, may: Callable[[str], Role | None] | None = None) -> Sequence[ReadableNamespace]:
        """Return the namespaces that the caller may read: what this view reads, and over the network all others too.

        There it is each namespace in which something stands and the caller has a role, whatever a call reads of them.
        """
        read = self._context.store.scope.read
        if may is None:
            return [ReadableNamespace(name=each) for each in read]
        with self._context.store.read(self._scope) as tx:
            names = sorted({*tx.people.namespaces(), *read} - {STORE_NAMESPACE})
        return [ReadableNamespace(name=each, role=role) for each in names if (role := may(each)) is not None]

    def groups(self) -> Sequence[RoleGrant]:
        """Return what is given to groups; over the network, in the written namespace."""
        with self._context.store.read(self._scope) as tx:
            held = [each for each in tx.people.grants() if each.holder.startswith(GROUP) and each.withdrawn_at is None]
        return self._here(tuple(held)) if self._context.actor.remote else held

    def sign_ins(self, name: str | None = None) -> Sequence[SignIn]:
        """Return where people, or one of them, are signed in, newest first."""
        shown = {each.id for each in self.list()} if name is None else {self.get(name).id}
        with self._context.store.read(self._scope) as tx:
            return [each for each in tx.people.sign_ins(None, self._context.store.now()) if each.person_id in shown]

    def sign_out(self, name: str) -> int:
        """End every sign-in of a person, or the one of this id; return how many that were.

        Over the network an admin does of every path on which they have a role. Raises NotFound, NamespaceDenied.
        """
        found = [each for each in self.sign_ins() if each.id == name] or self.sign_ins(name)
        with self._writing(acts.SIGN_OUT, None) as tx:
            now = self._context.store.now()
            for grant in tx.people.held([each.person_id for each in found]):
                if not self._looks_after(tx, grant.path):
                    raise NamespaceDenied(f"{name!r:.80} has a role on {grant.path} too, whose admin signs them out")
            ended = [each for each in found if tx.people.end(each.id, now)]
            for each in ended:
                tx.trail.append(each.id, now, person=each.person_id)
        return len(ended)

    def link(self, name: str, url: str) -> str:
        """Return an address of a server at which one browser signs in as this person, once and within ten minutes.

        Who opens it sees a terminal of ours, which names nobody: to approve takes more. Raises InvalidInput.
        """
        return f"{url.rstrip('/')}/sign-in?link={SignIns(self._context).link(name)}"

    def trust_server(self, *, proof: Proof | None = None) -> str:
        """Let a server say who signed in, by the secret that is returned this once; the one before says nothing more.

        Whoever has it can be anybody here: it belongs to the server alone. Raises ApprovalUnproven.
        """
        secret = f"bov_{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip('=')}"
        with self._writing(acts.SERVER_TRUST, proof) as tx:
            trust(tx, secret, self._context.store.now())
        return secret

    def _writing(self, act: acts.Act, proof: Proof | None, *places: str) -> AbstractContextManager[Transaction]:
        return self._context.store.writing(act, self._context.actor, proof, scope=self._scope, places=places)

    def _path(self, path: str | None) -> str:
        return checked_path(self._context.store.scope.write if path is None else path)

    def _here(self, grants: tuple[RoleGrant, ...]) -> tuple[RoleGrant, ...]:
        return tuple(each for each in grants if covers(each.path, self._context.store.scope.write))

    def _looks_after(self, tx: Transaction, path: str) -> bool:
        """Say whether this view's actor is an admin of a path; in the written namespace the server has seen that."""
        actor, write = self._context.actor, self._context.store.scope.write
        return not actor.remote or path == write or own_role(tx, actor, path, self._context.store.now()) is Role.ADMIN


def _holder(tx: Transaction, name: str) -> str:
    return GROUP + checked_group(name.removeprefix(GROUP)) if name.startswith(GROUP) else _person(tx, name).id


def _person(tx: Transaction, name: str) -> Person:
    found = tx.people.named(name)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> NotFound:
    return NotFound(f"nobody here is called {name!r:.80}; brainops people lists who there is, `people add` adds one")
