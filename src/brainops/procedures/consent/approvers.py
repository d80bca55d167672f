"""Who may approve, and is it really they?"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from brainops.errors import ApprovalUnproven, Conflict, InvalidInput, NotFound
from brainops.memory.filters import member
from brainops.procedures.consent.roles import (
    APPROVING,
    added,
    checked_name,
    checked_path,
    doorkeepers,
    enrolled_in,
    enrolment,
    granted,
    vouched_roles,
    withdrawn,
)
from brainops.procedures.consent.sign_ins import SignIns
from brainops.store import acts
from brainops.store.actors import actor_columns
from brainops.store.acts import Proven
from brainops.store.approvals import approver_of
from brainops.store.ids import new_id
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.types import (
    Actor,
    ActorKind,
    ClientProof,
    Enrolled,
    KeyProof,
    NoticeKind,
    Role,
    SecretKind,
    SignInProof,
    TerminalProof,
)
from brainops.types.access import EVERYWHERE
from brainops.types.times import SECOND_MICROS
from brainops_core.redaction.redact import clean

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.procedures.consent.outbox import Outbox
    from brainops.store.database import Row
    from brainops.types import JSON, Approval, ApprovalState, Approver, Person, Proof, SlackProof

SCRYPT_COST = 2**16  # 64 MB and a fifth of a second a guess: whoever reads the file can guess at home
SCRYPT_BLOCK = 8
MIN_PASSPHRASE_CHARACTERS = 12  # what such guessing does not get through in years, unless it is a common phrase
MAX_SECRET_CHARACTERS = 1_000
FREE_FAILURES = 3  # wrong proofs in a row before the first wait: people mistype
FIRST_LOCK_SECONDS = 30
MAX_LOCK_SECONDS = 3_600
PROOF_SECONDS = 5  # while one proof is being checked no other is, so that many at once gain nothing
MAX_CLIENTS = 20
KEY_BITS = 256

_KEY = re.compile(r"bok_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


class Approvers:
    """The people who may approve in one store: enrol, revoke, prove."""

    def __init__(self, context: MemoryContext, outbox: Outbox) -> None:
        self._context = context
        self._outbox = outbox
        self._scope = Scope.of(STORE_NAMESPACE)
        self.sign_ins = SignIns(context)

    def enrol(
        self,
        name: str,
        *,
        passphrase: str | None = None,
        role: Role | str | None = None,
        path: str | None = None,
        signs_in: bool = False,
        proof: Proof | None = None,
    ) -> Enrolled:
        """Let a person approve: by this passphrase, or, without one, by a key that is returned once.

        Where they have no such role yet, they get this one (admin: they let others in, too) on this path (*, every
        namespace). The first one of a store is taken on trust, which the trail says, and lets others in; every later
        one needs the proof of who does. Whoever signs in under that name already is meant only with `signs_in`. Raises
        InvalidInput, Conflict, ApprovalUnproven.
        """
        name, wanted, path = checked_name(name), None if role is None else member(Role, role), checked_path(path or "*")
        if wanted is not None and wanted not in APPROVING:
            raise InvalidInput(f"a {wanted.value} does not approve: enrol an approver or an admin")
        entry_id, key = new_id(), None
        if passphrase is None:
            secret = base64.urlsafe_b64encode(os.urandom(KEY_BITS // 8)).decode().rstrip("=")
            key = f"bok_{entry_id.replace('-', '')}_{secret}"
        secret_hash = hash_passphrase(checked_passphrase(passphrase)) if passphrase is not None else _key_hash(key)
        kind = SecretKind.PASSPHRASE if key is None else SecretKind.KEY
        with self._context.store.writing(acts.ENROL, self._context.actor, proof, scope=self._scope) as tx:
            now, by, first = self._context.store.now(), tx.actor, proof is None
            if first and tx.approvals.approvers():
                raise Conflict("somebody enrolled first in the meantime; ask them to enrol you")
            if first and (wanted or Role.ADMIN, path) != (Role.ADMIN, EVERYWHERE):
                raise InvalidInput("the first one lets others in: an admin of every namespace")
            person = tx.people.named(name) or added(tx, name, "", "", "", at=now)
            name = person.name
            if person.subject and not signs_in and name not in tx.approvals.names_of_approvers():
                raise Conflict(
                    f"{name} signs in already, as {person.subject} of {person.issuer}, and would have this role there "
                    "too: say that it is they (--signs-in), or enrol another name"
                )
            has = [(each.role, each.path) for each in person.roles if each.role in APPROVING]
            if (wanted or Role.ADMIN, path) not in has if wanted or first else not has:
                granted(tx, person.id, wanted or Role.ADMIN, path, at=now)
            row = {
                "id": entry_id,
                "name": name,
                "kind": kind.value,
                "secret_hash": secret_hash,
                "enrolled_at": now,
                **actor_columns(by, "enrolled_by"),
                "first_use": int(first),
            }
            if not tx.approvals.add_approver(row):
                raise Conflict(f"{name} has a {kind.value} already; revoke it first: brainops approver revoke {name}")
            stored = tx.approvals.approver_row(entry_id)
            assert stored is not None
            tx.trail.append(entry_id, now, **enrolment(stored))
            said: dict[str, JSON] = {"by": by.id, "kind": kind.value, "first_use": first, "what": "enrolled"}
            self._outbox.put(tx, NoticeKind.APPROVER_CHANGED, name, **said)
        return Enrolled(approver=approver_of(stored), key=key)

    def revoke(self, name: str, *, proof: Proof, kind: SecretKind | None = None) -> Sequence[Approver]:
        """Take the right to approve from a person (or only one kind of secret), with the proof of somebody enrolled.

        The last one cannot go: with nobody left, whoever comes first would be trusted. Raises NotFound, Conflict.
        """
        with self._context.store.writing(acts.APPROVER_REVOKE, self._context.actor, proof, scope=self._scope) as tx:
            now = self._context.store.now()
            active = [row for row in tx.approvals.approvers() if row["revoked_at"] is None]
            gone = [row for row in active if row["name"] == name and kind in (None, SecretKind(row["kind"]))]
            if not gone:
                raise NotFound(f"nobody called {name!r:.80} may approve here; brainops approver list shows who may")
            if len(gone) == len(active):
                raise Conflict(f"{name} is the only one who may approve; enrol another first, then revoke this one")
            for row in gone:
                tx.approvals.revoke_approver(row["id"], now)
                tx.trail.append(row["id"], now, name=name, kind=row["kind"])
            person = tx.people.named(name)
            if person is not None and name not in tx.approvals.names_of_approvers():
                for grant in [each for each in person.roles if each.role in APPROVING]:
                    withdrawn(tx, grant, at=now)
            if not doorkeepers(tx):
                raise Conflict(f"{name} is the only one who lets others in; enrol another admin first")
            self._outbox.put(tx, NoticeKind.APPROVER_CHANGED, name, by=tx.actor.id, what="revoked")
            return [approver_of(row) for row in tx.approvals.approvers() if row["id"] in {each["id"] for each in gone}]

    def list(self) -> Sequence[Approver]:
        """Return everybody who may approve, or might once, oldest first."""
        with self._context.store.read(self._scope) as tx:
            return [approver_of(row) for row in tx.approvals.approvers()]

    def names(self) -> Sequence[str]:
        """Return the names of those who may approve."""
        with self._context.store.read(self._scope) as tx:
            return tx.approvals.names_of_approvers()

    def accept_clients(self, clients: Sequence[str], *, proof: Proof) -> tuple[str, ...]:
        """Say which coding clients' own dialogs count as proof in the written namespace; () accepts none."""
        wanted = tuple(dict.fromkeys(checked_name(client) for client in clients))
        if len(wanted) > MAX_CLIENTS:
            raise InvalidInput(f"at most {MAX_CLIENTS} clients can be accepted")
        with self._context.store.writing(acts.CLIENTS, self._context.actor, proof) as tx:
            tx.approvals.set_clients(wanted)
            tx.trail.append(tx.scope.write, self._context.store.now(), clients=list(wanted))
        return wanted

    def clients(self) -> tuple[str, ...]:
        """Return the coding clients whose own dialog counts as proof in the written namespace."""
        with self._context.store.read(Scope.of(self._context.store.scope.write)) as tx:
            return tx.approvals.clients()

    def prove(self, proof: Proof, role: Role | None = Role.APPROVER, places: Sequence[str] = ()) -> Actor:
        """Return the person whom a proof shows, and who has a role in some places (the written namespace; None: any).

        Raises ApprovalUnproven. Wrong ones are counted and slow down.
        """
        where = places or (self._context.store.scope.write,)
        match proof:
            case TerminalProof():
                actor = self._by_secret(checked_name(proof.approver), SecretKind.PASSPHRASE, proof.passphrase)
            case KeyProof():
                actor = self._by_key(proof.key)
            case ClientProof():
                return self._by_client(proof, role, where)
            case SignInProof():
                signed = self.sign_ins.recent(proof.secret)
                kind = signed.sign_in.kind.value
                actor = Actor(kind=ActorKind.PERSON, id=signed.person.name, proof=f"sign-in:{kind}")
                return self._with_role(actor, signed.person, role, where)
            case _:  # of whatever it is that somebody handed over for one
                raise ApprovalUnproven("that is no proof: a passphrase, a key or a sign-in is one")
        return self._with_role(actor, None, role, where)

    def by_slack(self, proof: SlackProof, approval: Approval, state: ApprovalState) -> Proven:
        """Return the approver who pressed a button in Slack that gives just this answer to just this approval.

        Raises ApprovalUnproven.
        """
        channel, click = self._outbox.clicked(proof)
        if (click.approval, click.digest, click.state) != (approval.id, approval.digest, state):
            raise ApprovalUnproven(
                f"what was looked at is not what stands: look at it again, brainops approvals show {approval.id}"
            )
        people = channel.settings["people"]
        name = people.get(click.user) if isinstance(people, dict) else None
        with self._context.store.read(self._scope) as tx:
            person = tx.people.named(str(name)) if name else None
        if person is None or person.created_at > channel.created_at:  # whom an admin meant was somebody else, or nobody
            raise ApprovalUnproven(
                f"the user {click.user} of Slack is nobody who is known here: an admin says who that is, brainops "
                f"notices channel add {channel.name} ... --approve --person {click.user}=NAME"
            )
        actor = Actor(kind=ActorKind.PERSON, id=person.name, proof="slack")
        return Proven(actor=self._with_role(actor, None, Role.APPROVER, (self._context.store.scope.write,)))

    def _with_role(self, actor: Actor, person: Person | None, role: Role | None, places: Sequence[str]) -> Actor:
        """Return somebody who has a role in all of some places, which the trail knows of; raise ApprovalUnproven."""
        if role is None:
            return actor
        with self._context.store.read(self._scope) as tx:
            person = person or tx.people.named(actor.id)
            known = vouched_roles(tx, person) if person is not None else None
        for place in places:
            held = known.role_in(place) if known is not None else None
            if held is None or not held.covers(role):
                where = "every namespace" if place in (EVERYWHERE, STORE_NAMESPACE) else place
                raise ApprovalUnproven(
                    f"{actor.id} has {f'the role {held.value}' if held else 'no role'} in {where}, and this takes "
                    f"that of {role.value} there: brainops people shows who has it, `people grant` gives it"
                )
        return actor

    def _by_secret(self, name: str, kind: SecretKind, given: str) -> Actor:
        with self._context.store.read(self._scope) as tx:
            entry = tx.approvals.approver(name, kind)
        if entry is None:
            raise ApprovalUnproven(
                f"nobody called {name!r} may approve here by {kind.value}; brainops approver list shows who may"
            )
        return self._checked(entry, given)

    def _by_key(self, key: str) -> Actor:
        parts = _KEY.fullmatch(key.strip()) if isinstance(key, str) else None
        if parts is None:
            raise ApprovalUnproven("an approval key begins with bok_ and was shown once, when its owner enrolled")
        with self._context.store.read(self._scope) as tx:
            entry = tx.approvals.approver_row(str(UUID(hex=parts[1])))
        if entry is None or entry["revoked_at"] is not None or entry["kind"] != SecretKind.KEY.value:
            raise ApprovalUnproven("that key is not, or no longer, one of an approver")
        return self._checked(entry, key.strip())

    def _by_client(self, proof: ClientProof, role: Role | None, places: Sequence[str]) -> Actor:
        with self._context.store.read(Scope.of(places[0])) as tx:
            accepted = tx.approvals.clients()
        if role is Role.ADMIN or proof.client not in accepted:
            raise ApprovalUnproven(
                f"this namespace does not accept the dialog of {proof.client!r:.80}; approve on a terminal "
                "(brainops approve ID), or let an approver accept it: brainops approver clients NAME..."
            )
        return Actor(kind=ActorKind.PERSON, id=checked_name(proof.person), proof=f"client:{proof.client}")

    def _checked(self, entry: Row, given: str) -> Actor:
        """Compare a secret with an entry's hash; a passphrase counts as wrong until it is right."""
        self._begin(entry)
        right = _is_right(entry, given)  # outside of any transaction: it takes its time on purpose
        with self._context.store.writing(acts.PROVE, self._context.actor, scope=self._scope) as tx:
            now = self._context.store.now()
            known = enrolled_in(tx.trail.of(entry["id"]), entry)
            if not right:
                failures = entry["failures"] + 1
                lock = _lock_seconds(failures)
                tx.approvals.lock(entry["id"], failures, now + lock * SECOND_MICROS if lock else None)
                tx.also(acts.APPROVER_WRONG).append(entry["id"], now, name=entry["name"], failures=failures)
                if failures == FREE_FAILURES:
                    self._outbox.put(tx, NoticeKind.APPROVER_LOCKED, entry["name"], failures=failures, seconds=lock)
            elif not known:
                tx.also(acts.APPROVER_VOID).append(entry["id"], now, name=entry["name"])
            elif tx.approvals.proven(entry["id"], now):
                return Actor(kind=ActorKind.PERSON, id=entry["name"], proof=_PROOFS[SecretKind(entry["kind"])])
        if right:
            raise ApprovalUnproven(
                f"the audit trail does not know this secret of {entry['name']}: the row was changed by hand, or "
                "revoked just now; brainops doctor says more"
            )
        wait = _lock_seconds(entry["failures"] + 1)
        again = f"; the next try is possible in {wait} seconds" if wait else ""
        raise ApprovalUnproven(f"that is not the {entry['kind']} of {entry['name']}{again}")

    def _begin(self, entry: Row) -> None:
        """Raise where an entry is locked, and let nobody else try a passphrase of it meanwhile."""
        with self._context.store.writing(acts.PROVE, self._context.actor, scope=self._scope) as tx:
            now = self._context.store.now()
            until = entry["locked_until"] or 0
            if entry["kind"] == SecretKind.PASSPHRASE.value:  # nobody guesses 256 bits, and a service may ask at once
                lock = max(_lock_seconds(entry["failures"] + 1), PROOF_SECONDS)
                if tx.approvals.begin_proof(entry, now + lock * SECOND_MICROS, now):
                    return
                current = tx.approvals.approver_row(entry["id"])
                until = max(until, (current["locked_until"] if current else None) or now + 1)
            if until > now:
                wait = max(1, (until - now) // SECOND_MICROS)
                raise ApprovalUnproven(f"too many tries: {entry['name']} can prove to be it again in {wait:,} seconds")


_PROOFS = {SecretKind.PASSPHRASE: "terminal", SecretKind.KEY: "key"}


def hash_passphrase(passphrase: str) -> str:
    """Return a passphrase's salted scrypt hash, with its parameters."""
    salt = os.urandom(16)
    return json.dumps({"n": SCRYPT_COST, "salt": salt.hex(), "scrypt": _scrypt(passphrase, salt, SCRYPT_COST)})


def checked_passphrase(passphrase: str) -> str:
    """Return a passphrase that is long enough; raise InvalidInput."""
    if not MIN_PASSPHRASE_CHARACTERS <= len(passphrase.strip()) <= MAX_SECRET_CHARACTERS:
        raise InvalidInput(
            f"a passphrase has at least {MIN_PASSPHRASE_CHARACTERS} characters: several words that nobody would guess"
        )
    return passphrase


def _is_right(entry: Row, given: str) -> bool:
    if len(given) > MAX_SECRET_CHARACTERS:
        return False
    if entry["kind"] == SecretKind.KEY.value:
        return hmac.compare_digest(_key_hash(given), entry["secret_hash"])
    stored = json.loads(entry["secret_hash"])
    return hmac.compare_digest(_scrypt(given, bytes.fromhex(stored["salt"]), stored["n"]), stored["scrypt"])


def _scrypt(passphrase: str, salt: bytes, cost: int) -> str:
    memory = 2 * 128 * SCRYPT_BLOCK * cost  # twice what it needs: OpenSSL counts a little on top
    secret = clean(passphrase).encode()
    return hashlib.scrypt(secret, salt=salt, n=cost, r=SCRYPT_BLOCK, p=1, maxmem=memory, dklen=32).hex()


def _key_hash(key: str | None) -> str:
    return hashlib.sha256(f"brainops approval key {key}".encode()).hexdigest()


def _lock_seconds(failures: int) -> int:
    """Return how long an entry rests after so many wrong proofs in a row: twice as long each time."""
    over = failures - FREE_FAILURES
    return 0 if over < 0 else int(min(MAX_LOCK_SECONDS, FIRST_LOCK_SECONDS * 2 ** min(over, 20)))
