"""Who reaches the memory over the network, by which key, and what may they ask for?"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from msgspec.structs import replace

from brainops.errors import ApprovalUnproven, Conflict, InvalidInput, NotFound
from brainops.memory.context import MemoryContext
from brainops.memory.filters import member
from brainops.procedures.consent.roles import checked_path, own_role
from brainops.store import Transaction, acts
from brainops.store.ids import new_id
from brainops.store.scope import MAX_READ_NAMESPACES, STORE_NAMESPACE, Scope
from brainops.types import AccessKey, ActorKind, IssuedKey, OperationToken, Proof, Role
from brainops.types.access import EVERYWHERE
from brainops.types.limits import MAX_NAME_CHARACTERS
from brainops.types.times import DAY_MICROS, MINUTE_MICROS, SECOND_MICROS
from brainops.wire import from_plain, plain

SECRET_BYTES = 32  # 256 bits: nobody guesses them, so a plain digest is enough, and is looked up in microseconds
MAX_DAYS = 3_650
MAX_OVERLAP_SECONDS = 30 * 86_400
LISTED = 1_000
TOKEN = "token"  # the kind of its ticket
MOST_TOKEN_MINUTES = 60  # a page fetches the next one; what a browser holds is taken sooner or later

_NAME = re.compile(r"[\w.@+-]{1,100}")
_SECRET = re.compile(r"boa_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
_TOKEN = re.compile(r"bot_[A-Za-z0-9_-]{43}")


class Keys:
    """The keys of one store: issue, rotate, revoke, and know whose a secret is."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
        self._scope = Scope.of(STORE_NAMESPACE)

    def issue(
        self,
        name: str,
        *,
        role: Role | str = Role.WRITER,
        kind: ActorKind | str | None = None,
        namespace: str | None = None,
        read: Iterable[str] = (),
        days: float | None = None,
        proof: Proof | None = None,
    ) -> IssuedKey:
        """Let an agent or a service reach a namespace (the written one, where none is named); the secret is told once.

        What is done with the key is done by an actor of its `kind` (an agent, and a service where it is an admin's: no
        agent changes what holds) and `name`. Nobody approves with such a key: people have keys of their own
        (`brain.approvals.approvers`). Raises InvalidInput, Conflict, ApprovalUnproven.
        """
        wanted = member(Role, role)
        of_kind = member(ActorKind, kind or (ActorKind.SERVICE if wanted is Role.ADMIN else ActorKind.AGENT))
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidInput(f"{name!r:.80} is no name for a key: letters, digits and . @ + - _, at most 100 of them")
        if wanted is Role.APPROVER or of_kind is ActorKind.PERSON:
            raise InvalidInput(
                "a key is an agent's or a service's, and none of them approves: a reader, a writer or an admin; people "
                "who approve have a key of their own: brainops approver enrol NAME --key"
            )
        if days is not None and not 0 < days <= MAX_DAYS:
            raise InvalidInput(f"a key holds for more than 0 and at most {MAX_DAYS:,} days, not {days}")
        writes = checked_path(namespace or self._context.store.scope.write)
        reads = tuple(dict.fromkeys([writes, *map(checked_path, read)]))
        if writes == EVERYWHERE:
            raise InvalidInput("a key writes in a namespace (team/a), or in one and all below it (team/*)")
        if len(reads) > MAX_READ_NAMESPACES:
            raise InvalidInput(f"{len(reads)} namespaces to read are too many; the limit is {MAX_READ_NAMESPACES}")
        with self._writing(proof, reads) as tx:
            now = self._context.store.now()
            if tx.keys.holding(name, now):
                raise Conflict(f"{name} has a key already; brainops keys rotate {name} replaces it")
            issued = _issued(
                AccessKey(
                    id=new_id(),
                    name=name,
                    kind=of_kind,
                    role=wanted,
                    writes=writes,
                    reads=reads,
                    created_at=now,
                    created_by=tx.actor,
                    expires_at=None if days is None else now + int(days * DAY_MICROS),
                )
            )
            self._keep(tx, issued)
        return issued

    def rotate(self, name: str, *, overlap_seconds: float = 86_400, proof: Proof | None = None) -> IssuedKey:
        """Issue the next key of a name, for the same; the one before goes on for `overlap_seconds`, and then ends.

        It holds as long as the one before did. Raises NotFound, InvalidInput, ApprovalUnproven.
        """
        if not 0 <= overlap_seconds <= MAX_OVERLAP_SECONDS:
            raise InvalidInput(f"the overlap is between 0 and {MAX_OVERLAP_SECONDS:,} seconds, not {overlap_seconds}")
        with self._context.store.read(self._scope) as tx:
            newest = self._newest(tx, name)
        with self._writing(proof, newest.reads) as tx:
            now = self._context.store.now()
            newest, holding = self._newest(tx, name), tx.keys.holding(name, now)
            span = None if newest.expires_at is None else newest.expires_at - newest.created_at
            for each in holding:
                tx.keys.end(each.id, now + int(overlap_seconds * SECOND_MICROS))
            issued = _issued(
                AccessKey(
                    id=new_id(),
                    name=name,
                    kind=newest.kind,
                    role=newest.role,
                    writes=newest.writes,
                    reads=newest.reads,
                    created_at=now,
                    created_by=tx.actor,
                    expires_at=None if span is None else now + span,
                )
            )
            self._keep(tx, issued)
        return issued

    def token(self, operation: str, *, minutes: float = 15) -> OperationToken:
        """Let whoever holds its secret, a page, tell of one operation in the written namespace for some minutes.

        With it operations of this name are begun and ended, and errors captured, as whoever asks for it; nothing else.
        It ends with the key by which it was asked for. Raises InvalidInput, ApprovalUnproven.
        """
        if not isinstance(operation, str) or not operation.strip() or len(operation) > MAX_NAME_CHARACTERS:
            raise InvalidInput(f"an operation has a name of 1 to {MAX_NAME_CHARACTERS} characters")
        if not 0 < minutes <= MOST_TOKEN_MINUTES:
            raise InvalidInput(f"a token holds for more than 0 and at most {MOST_TOKEN_MINUTES} minutes, not {minutes}")
        actor, secret = self._context.actor, f"bot_{_random()}"
        with self._context.store.writing(acts.TOKEN_MINT, actor, scope=self._scope) as tx:
            now = self._context.store.now()
            ends, key = now + int(minutes * MINUTE_MICROS), None
            if actor.proof == "key":
                key = self._newest(tx, actor.id)
                ends = min(ends, key.expires_at or ends)
            found = OperationToken(
                operation=self._context.name(operation),
                namespace=self._context.store.scope.write,
                kind=actor.kind,
                name=actor.id,
                expires_at=ends,
                key_id=None if key is None else key.id,
            )
            tx.people.add_ticket(_digest(secret), TOKEN, plain(found), ends, now)
        return replace(found, secret=secret)

    def revoke(self, name: str) -> Sequence[AccessKey]:
        """Take the keys of a name (or the one of this id) back, from now on, or the token of this secret.

        With a key end the tokens that were asked for by it. Raises NotFound.
        """
        with self._context.store.writing(acts.KEY_REVOKE, self._context.actor, scope=self._scope) as tx:
            now = self._context.store.now()
            if _TOKEN.fullmatch(name):
                self._let_go(tx, name, now)
                return []
            by_id = tx.keys.get(name)
            found = self._own(tx, [by_id[0]] if by_id else tx.keys.holding(name, now))
            gone = [each for each in found if tx.keys.revoke(each.id, now)]
            if not gone:
                raise NotFound(f"no key of {name!r:.80} holds; brainops keys list shows those that do")
            for each in gone:
                tx.trail.append(each.id, now, name=each.name)
            return [replace(each, revoked_at=now) for each in gone]

    def list(self, *, limit: int = LISTED) -> Sequence[AccessKey]:
        """Return the keys, those that ended too, newest first."""
        with self._context.store.read(self._scope) as tx:
            return self._own(tx, tx.keys.list(limit))

    def _newest(self, tx: Transaction, name: str) -> AccessKey:
        holding = self._own(tx, tx.keys.holding(name, self._context.store.now()))
        if not holding:
            raise NotFound(f"no key of {name!r:.80} holds; brainops keys list shows those that do")
        return holding[-1]

    def _own(self, tx: Transaction, keys: Sequence[AccessKey]) -> Sequence[AccessKey]:
        """Return the keys that are this view's business: over the network, those of where its actor is an admin.

        That they are one in the namespace that it writes, the server has seen.
        """
        actor, write = self._context.actor, self._context.store.scope.write
        if not actor.remote:
            return keys
        now = self._context.store.now()
        theirs = {
            path: own_role(tx, actor, path, now) is Role.ADMIN for path in {each.writes for each in keys} - {write}
        }
        return [each for each in keys if theirs.get(each.writes, True)]

    def _writing(self, proof: Proof | None, places: Sequence[str]) -> AbstractContextManager[Transaction]:
        return self._context.store.writing(acts.KEY_ISSUE, self._context.actor, proof, scope=self._scope, places=places)

    def known(self, secret: str) -> AccessKey:
        """Return the key that a secret is of. Raises ApprovalUnproven where it opens nothing, without saying why."""
        parts = _SECRET.fullmatch(secret.strip())
        if parts is not None:
            with self._context.store.read(self._scope) as tx:
                found = tx.keys.get(str(UUID(hex=parts[1])))
            now = self._context.store.now()
            if found and hmac.compare_digest(found[1], _digest(secret.strip())) and found[0].holds(now):
                return found[0]
        raise ApprovalUnproven(
            "that key opens nothing here: it was revoked, has ended, or is another store's; who looks after the memory "
            "issues one: brainops keys issue NAME"
        )

    def known_token(self, secret: str) -> OperationToken:
        """Return the token that a secret is of. Raises ApprovalUnproven where it opens nothing, without saying why."""
        with self._context.store.read(self._scope) as tx:
            now = self._context.store.now()
            said = tx.people.ticket(_digest(secret), TOKEN, now) if _TOKEN.fullmatch(secret) else None
            found = said and from_plain(OperationToken, said)
            key = tx.keys.get(found.key_id) if found and found.key_id else None
            if not found or (found.key_id and not (key and key[0].holds(now))):
                raise ApprovalUnproven("that token opens nothing here: it has ended; the page asks its own server anew")
        return found

    def _let_go(self, tx: Transaction, secret: str, now: int) -> None:
        """End a token, where it stands in a namespace that is this view's business."""
        said, actor = tx.people.ticket(_digest(secret), TOKEN, now), self._context.actor
        here = str(said["namespace"]) if said else ""
        ours = not actor.remote or here == self._context.store.scope.write
        if said is None or not (ours or own_role(tx, actor, here, now) is Role.ADMIN):
            raise NotFound("no such token holds")
        tx.people.use_ticket(_digest(secret))
        tx.trail.append(TOKEN, now, operation=said["operation"], name=said["name"])

    def _keep(self, tx: Transaction, issued: IssuedKey) -> None:
        key = issued.access
        tx.keys.add(key, _digest(issued.secret))
        tx.trail.append(
            key.id,
            key.created_at,
            name=key.name,
            kind=key.kind.value,
            role=key.role.value,
            writes=key.writes,
            reads=list(key.reads),
        )


def _issued(key: AccessKey) -> IssuedKey:
    """Return a key with a new secret."""
    return IssuedKey(access=key, secret=f"{key.prefix}_{_random()}")


def _random() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=")


def _digest(secret: str) -> str:
    return hashlib.sha256(f"access key {secret}".encode()).hexdigest()
