"""How do people sign in at a server, who is signed in, and is it shown recently enough who that is?"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec.structs import replace

from brainops.errors import ApprovalUnproven, Conflict
from brainops.procedures.consent.roles import added, checked_name
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.types import Claims, Person, SignedIn, SignIn, SignInKind
from brainops.types.people import FLOW_SECONDS, GROUP, LINK_SECONDS, PROVEN_SECONDS, SIGNED_IN_SECONDS
from brainops.types.times import SECOND_MICROS

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.types import JSON

SERVER = "sign_in_server"  # the fact about the store by which the word of a server counts
MAX_GROUPS = 200

_SECRET = re.compile(r"boi_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
_UNNAMED = re.compile(r"[^\w.@+-]+")


class SignIns:
    """The sign-ins of one store: by a link, or by the word of a server; known again, proven anew, ended."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
        self._scope = Scope.of(STORE_NAMESPACE)

    # What is used once

    def link(self, name: str) -> str:
        """Return the secret of a link by which one browser signs in as this person, once and within ten minutes."""
        who = self._context.name(checked_name(name))
        return self._ticket(acts.SIGN_IN_LINK, SignInKind.LINK, {"name": who}, LINK_SECONDS)

    def flow(self, said: Mapping[str, JSON]) -> str:
        """Keep what is needed when somebody comes back from a provider, and return the state that goes along."""
        return self._ticket(acts.SIGN_IN_FLOW, SignInKind.OIDC, said, FLOW_SECONDS)

    def back(self, state: str) -> Mapping[str, Any]:
        """Return what was kept for a state, which is used up by that. Raises ApprovalUnproven."""
        with self._writing(acts.SIGN_IN_FLOW) as tx:
            return self._used(tx, SignInKind.OIDC, state)

    def _ticket(self, act: acts.Act, kind: SignInKind, said: Mapping[str, JSON], seconds: float) -> str:
        secret, now = _random(), self._context.store.now()
        with self._context.store.writing(act, self._context.actor, scope=self._scope) as tx:
            tx.people.add_ticket(_digest(secret), kind.value, said, now + int(seconds * SECOND_MICROS), now)
            if act.name:
                tx.trail.append(kind.value, now, **said)
        return secret

    def _used(self, tx: Transaction, kind: SignInKind, secret: str) -> dict[str, Any]:
        said = tx.people.ticket(_digest(secret), kind.value, self._context.store.now())
        if said is None or not tx.people.use_ticket(_digest(secret)):
            raise ApprovalUnproven("that was used before, or is too old; begin again")
        return said

    # Beginning, knowing, ending

    def by_link(self, secret: str) -> SignedIn:
        """Sign somebody in by a link, which is used up by that. Raises ApprovalUnproven."""
        with self._writing(acts.SIGN_IN) as tx:
            name, now = str(self._used(tx, SignInKind.LINK, secret)["name"]), self._context.store.now()
            person = tx.people.named(name) or added(tx, name, "", "", "", at=now)
            return self._begin(tx, person, SignInKind.LINK, (), None)

    def by_server(self, kind: SignInKind, identity: Claims, server: str) -> SignedIn:
        """Sign somebody in by the word of a server, which shows its secret.

        Who is not known yet is known from then on, and may do what their groups may. Raises ApprovalUnproven.
        """
        with self._writing(acts.SIGN_IN) as tx:
            _require_server(tx, server)
            at = min(identity.at or 0, self._context.store.now()) or None
            return self._begin(tx, self._person(tx, identity), kind, identity.groups[:MAX_GROUPS], at)

    def known(self, secret: str) -> SignedIn:
        """Return who is signed in by this secret. Raises ApprovalUnproven, without saying why."""
        parts = _SECRET.fullmatch(secret)
        if parts is not None:
            with self._context.store.read(self._scope) as tx:
                found = tx.people.sign_in_of(str(UUID(hex=parts[1])))
                person = tx.people.get(found[0].person_id) if found else None
                if found and person and person.removed_at is None and found[0].holds(self._context.store.now()):
                    held = tx.people.held([GROUP + each for each in found[0].groups])
                    right = hmac.compare_digest(found[1], _digest(secret))
                    if right and _vouched(tx, found[0], found[1]):
                        return SignedIn(person=replace(person, roles=(*person.roles, *held)), sign_in=found[0])
        raise ApprovalUnproven("nobody is signed in by that: it ended, or was never one; sign in again")

    def prove(self, secret: str, person: str) -> SignIn:
        """Say that whoever is signed in has just proven to be this person. Raises ApprovalUnproven, Conflict."""
        signed = self.known(secret)
        if signed.person.name.casefold() != person.casefold():
            raise Conflict(f"{signed.person.name} is signed in here, and {person} is somebody else: sign out first")
        with self._writing(acts.SIGN_IN) as tx:
            now = self._context.store.now()
            if not tx.people.prove(signed.sign_in.id, now):
                raise ApprovalUnproven("that sign-in has ended meanwhile; sign in again")
            proven = replace(signed.sign_in, proven_at=now)
            tx.trail.append(proven.id, now, **_said(proven, _digest(secret)))
        return proven

    def end(self, secret: str) -> None:
        """Sign out whoever is signed in by this."""
        sign_in = self.known(secret).sign_in
        with self._writing(acts.SIGN_OUT) as tx:
            now = self._context.store.now()
            if tx.people.end(sign_in.id, now):
                tx.trail.append(sign_in.id, now, person=sign_in.person_id)

    def recent(self, secret: str) -> SignedIn:
        """Return who is signed in by this and showed recently who that is. Raises ApprovalUnproven."""
        signed = self.known(secret)
        proven = signed.sign_in.proven_at
        if proven is None or self._context.store.now() - proven > PROVEN_SECONDS * SECOND_MICROS:
            raise ApprovalUnproven(
                f"it is too long ago that {signed.person.name} showed who that is: sign in again, or give a passphrase"
            )
        return signed

    def _begin(
        self, tx: Transaction, person: Person, kind: SignInKind, groups: tuple[str, ...], proven_at: int | None
    ) -> SignedIn:
        now, sign_in_id = self._context.store.now(), new_id()
        sign_in = SignIn(
            id=sign_in_id,
            person_id=person.id,
            kind=kind,
            groups=groups,
            created_at=now,
            expires_at=now + SIGNED_IN_SECONDS * SECOND_MICROS,
            proven_at=proven_at,
        )
        secret = f"boi_{sign_in_id.replace('-', '')}_{_random()}"
        tx.people.sign_in(sign_in, _digest(secret))
        tx.trail.append(sign_in.id, now, **_said(sign_in, _digest(secret)))
        held = tx.people.held([GROUP + each for each in groups])
        return SignedIn(person=replace(person, roles=(*person.roles, *held)), sign_in=sign_in, secret=secret)

    def _person(self, tx: Transaction, identity: Claims) -> Person:
        """Return whom an identity means: who was it before, whose address it is, or else somebody new."""
        known = tx.people.known_as(identity) or (tx.people.by_email(identity.email) if identity.email else None)
        if known is not None:
            if not known.subject:
                tx.people.pin(known.id, identity)
                tx.trail.append(known.id, self._context.store.now(), issuer=identity.issuer, known_as=identity.subject)
            return known
        wanted = _UNNAMED.sub("-", identity.email or identity.subject).strip("-")[:80] or "somebody"
        if not identity.email or tx.people.named(wanted):  # what people may call themselves there names nobody here
            told = f"{identity.issuer} {identity.subject}"
            wanted = f"{wanted}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
        return added(tx, wanted, identity.email, identity.issuer, identity.subject, at=self._context.store.now())

    def _writing(self, act: acts.Act) -> AbstractContextManager[Transaction]:
        return self._context.store.writing(act, acts.ITSELF, scope=self._scope)


def trust(tx: Transaction, secret: str, now: int) -> None:
    """Let the word of the server that has this secret count, and that of none before."""
    digest = _server_digest(secret)
    tx.set(SERVER, json.dumps(digest))
    tx.trail.append(SERVER, now, digest=digest)


def _is_trusted(tx: Transaction, secret: str) -> bool:
    """Say whether this is the secret of the server whose word on who signed in counts here."""
    digest, lines = json.loads(tx.setting(SERVER) or "null"), tx.trail.of(SERVER)
    known = bool(digest) and bool(lines) and lines[-1].detail.get("digest") == digest
    return known and hmac.compare_digest(_server_digest(secret), digest)


def _require_server(tx: Transaction, secret: str) -> None:
    """Raise ApprovalUnproven unless this is that server's secret."""
    if not _is_trusted(tx, secret):
        raise ApprovalUnproven(
            "the word of this server on who signed in does not count here: brainops people trust-server gives it a "
            "secret, which it is started with"
        )


def _server_digest(secret: str) -> str:
    return hashlib.sha256(f"sign-in server {secret}".encode()).hexdigest()


def _vouched(tx: Transaction, sign_in: SignIn, digest: str) -> bool:
    """Say whether the audit trail knows a sign-in as it stands; one that was written by hand, it does not."""
    lines = [line for line in tx.trail.of(sign_in.id) if line.act == "sign-in"]
    return bool(lines) and dict(lines[-1].detail) == _said(sign_in, digest)


def _said(sign_in: SignIn, digest: str) -> dict[str, JSON]:
    return {
        "person": sign_in.person_id,
        "kind": sign_in.kind.value,
        "groups": list(sign_in.groups),
        "proven_at": sign_in.proven_at,
        "expires_at": sign_in.expires_at,
        "digest": digest,
    }


def _random() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def _digest(secret: str) -> str:
    return hashlib.sha256(f"sign-in {secret}".encode()).hexdigest()
