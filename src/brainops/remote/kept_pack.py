"""What does a server's memory say while nobody reaches it? Its signed pack, which is fetched now and then, and kept.

It is signed with a key that is made of the caller's own, which lies in no file beside it: what was changed on the disk
since is refused, and so is what is too old.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from brainops import lazy
from brainops.brain import Brain
from brainops.errors import NotFound, StoreUnavailable
from brainops.memory.recognition.alerts import errors_in, merged
from brainops.memory.recognition.digests import is_about
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.operations.log import event_of
from brainops.remote.narrowing import Narrowing
from brainops.remote.whoami import KnownAs, whoami
from brainops.store.files import new_file
from brainops.types import (
    ActionClass,
    Allow,
    Ask,
    Decision,
    Deny,
    Guidance,
    Match,
    Memory,
    MemoryType,
    OperationStart,
    ProcedureVersion,
    Recognition,
    Recommendation,
    Trust,
)
from brainops.types.counted import counted
from brainops.types.times import MINUTE_MICROS, SECOND_MICROS
from brainops.wire import from_plain, plain, to_json
from brainops_core import pack
from brainops_core.guard.values import PlainActor, PlainStart, PlainState

FETCH_SECONDS = 300.0  # between two fetches by those who use a server
FETCH_AGAIN_SECONDS = 60.0  # after a pack that could not be fetched
MOST_SECONDS = 3 * 86_400.0  # that it is gone by: over a long weekend, and no longer than rules stay what they are
MOST_KNOWN = 500  # errors, the newest: a pack is read at once

log = lazy.logger()


def signing_key(secret: str | None) -> bytes:
    """Return what a pack for the holder of a key is signed with; of who has none, what shows damage alone."""
    return hashlib.blake2b((secret or "").encode(), digest_size=32, person=b"brainops-pack").digest()


def signed_pack(brain: Brain, secret: str | None, now: int) -> bytes:
    """Return the pack of what a view reads, with the errors that are known there and the procedures that hold."""
    known = brain.retrieve("", types=[MemoryType.ERROR_PATTERN], limit=MOST_KNOWN)
    beside = {
        "made_at": now,
        "whoami": plain(whoami(brain)),
        "known": plain([hit.memory for hit in known if hit.memory.fingerprint]),
        "procedures": plain(brain.procedures.active()),
    }
    return brain.guard.pack(signing_key(secret), beside=beside)


class Enclosed(Struct, frozen=True):
    """What stands beside the pack, as values."""

    made_at: int
    whoami: KnownAs
    known: tuple[Memory, ...]
    procedures: tuple[ProcedureVersion, ...]


class KeptPack:
    """The pack of one server for one key and the namespaces of one view, in the folder of the key."""

    def __init__(self, folder: Path, secret: str | None, scope: Narrowing) -> None:
        digest = hashlib.blake2b(to_json(scope), digest_size=6).hexdigest()
        self._path = folder / f"{digest}.pack"
        self._secret = secret
        self._scope = scope
        self._fetch_at = 0.0

    @property
    def headers(self) -> dict[str, str]:
        """What a request for it carries: the namespaces that it is to be of."""
        return self._scope.headers()

    def due(self) -> bool:
        """Say whether it is to be fetched anew; who is told so fetches it, and nobody else for a while."""
        if time.monotonic() < self._fetch_at:
            return False
        try:
            due = time.time() - self._path.stat().st_mtime > FETCH_SECONDS
        except OSError:
            due = True
        if due:
            self._fetch_at = time.monotonic() + FETCH_AGAIN_SECONDS
        return due

    def keep(self, data: bytes) -> None:
        """Keep a pack that was fetched. Raises PackUnusable for one that does not hold here."""
        self._checked(pack.decoded(data, signing_key(self._secret)))
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with new_file(self._path, force=True) as unfinished:
            unfinished.write_bytes(data)

    def read(self) -> Reading:
        """Return what the pack says. Raises StoreUnavailable where there is none that holds."""
        try:
            found = self._checked(pack.read(str(self._path), key=signing_key(self._secret)))
            beside = from_plain(Enclosed, found.body["beside"])
        except pack.PackUnusable as error:
            raise StoreUnavailable(f"the server's pack that was kept is of no use: {error}") from error
        except (KeyError, ValueError) as error:
            raise StoreUnavailable("the server's pack that was kept is of another version") from error
        age = max(0.0, time.time() - beside.made_at / SECOND_MICROS)
        if age > MOST_SECONDS:
            raise StoreUnavailable(
                f"the server's pack that was kept is {_told(age)} old, and no longer holds after {_told(MOST_SECONDS)}"
            )
        return Reading(found, beside, age)

    def _checked(self, found: pack.Pack) -> pack.Pack:
        """Return a pack that is of the namespaces of the view: rules of others would let pass what these refuse."""
        if not self._scope.holds_for(found.namespaces):
            raise pack.PackUnusable(f"it is of other namespaces: {', '.join(found.namespaces)}")
        return found


class Reading:
    """What one pack answers, and how old that is."""

    def __init__(self, kept: pack.Pack, beside: Enclosed, age: float) -> None:
        self._pack = kept
        self._beside = beside
        self.note = f"the server cannot be reached; this is what it said {_told(age)} ago"

    @property
    def known(self) -> KnownAs:
        """As whom somebody acts there."""
        return self._beside.whoami

    def match(self, error: Any, *, service: str | None = None, limit: int = 5, **_: Any) -> list[Match]:
        """Return the memories that are known of just this error."""
        event = event_of(error, service)
        digest = fingerprint(event).digest
        found = [each for each in self._beside.known if each.fingerprint == digest or is_about(event, each)]
        return [Match(memory=each, exact=True, probability=1.0) for each in found[:limit]]

    def recognise(self, text: str, *, service: str | None = None, limit: int = 5, **_: Any) -> Recognition:
        """Return what is known of each error that a text reports; fixes are suggested where their record is."""
        errors = errors_in(text)
        found = merged([self.match(each, service=service, limit=limit) for each in errors])
        return Recognition(errors=tuple(errors), matches=tuple(found), fixes=())

    def procedure(self, name: str, *, number: int | None = None) -> ProcedureVersion:
        """Return the version of a procedure that holds. Raises NotFound."""
        for each in self._beside.procedures:
            if each.procedure.name == name and number in (None, each.number):
                return each
        raise NotFound(f"of {name!r:.80} no such version holds; {self.note}")

    def procedures(self) -> list[ProcedureVersion]:
        """Return the procedures that hold."""
        return list(self._beside.procedures)

    def decide(self, start: OperationStart, least: ActionClass | None = None) -> Decision:
        """Decide as the guard does where it cannot look: rules that fail closed hold, the others are passed over."""
        asked = self._plain(start, least)
        state = PlainState(broken={rule.id for rule in self._pack.applying(asked)})
        said = self._pack.check(asked, state, time.time_ns() // 1_000)
        if said.verdict == "allow":
            return Allow(warnings=(*said.warnings, self.note), observed=said.observed, rules=said.rules)
        refusal = Deny if said.verdict == "deny" else Ask
        return refusal(reason=f"{said.reason}; {self.note}", rule=said.rule, way_out=said.way_out)

    def guidance(self, start: OperationStart) -> Guidance:
        """Return what holds for an operation: the procedures that must be followed. It is no receipt."""
        rules = self._pack.applying(self._plain(start))
        named = {rule.procedure for rule in rules if rule.procedure}
        held = [each for each in self._beside.procedures if each.procedure.name in named]
        now = time.time_ns() // 1_000
        return Guidance(
            id="", namespace=self._pack.namespaces[0], operation=start, created_at=now,
            expires_at=now + MINUTE_MICROS, confidence=0.0, failure_probability=None, primary_recommendation=None,
            recommendations=tuple(_recommended(held)), notes=(self.note,),
            procedures=tuple(f"{each.procedure.name}@{each.hash}" for each in held),
        )  # fmt: skip

    def prepared(self, start: OperationStart, least: ActionClass | None = None) -> OperationStart:
        """Return the operation with its class found; `least` may only raise that."""
        return replace(start, action_class=ActionClass(self._plain(start, least).action_class))

    def _plain(self, start: OperationStart, least: ActionClass | None = None) -> PlainStart:
        actor = PlainActor(kind=start.actor.kind.value, id=start.actor.id, proof=start.actor.proof)
        asked = PlainStart(
            name=start.name, target=start.target, context=start.context, actor=actor, session_id=start.session_id
        )
        asked.action_class = self._pack.classify(asked, None if least is None else least.value)
        return asked


def _recommended(versions: list[ProcedureVersion]) -> Iterator[Recommendation]:
    for each in versions:
        yield Recommendation(
            memory_id=each.id, name=each.procedure.name, kind="procedure", text=each.procedure.description,
            confidence=0.0, trust=Trust.AGENT, reason="it must be followed here",
        )  # fmt: skip


def _told(seconds: float) -> str:
    """Return a length of time as people say it."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return counted(int(seconds // size), name)
    return counted(int(seconds), "second")


def folder_of(data: Path, address: str, secret: str | None) -> Path:
    """Return where what is kept of a server lies, for one key."""
    digest = hashlib.blake2b(f"{address}\0{secret or ''}".encode(), digest_size=10).hexdigest()
    return data / "servers" / digest
