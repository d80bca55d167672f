"""What does one actor see of a memory that is somewhere else? A Brain whose verbs a server answers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from msgspec.structs import replace

from brainops import config, lazy
from brainops.brain import Brain
from brainops.engine import narrowed
from brainops.errors import (
    ApprovalUnproven,
    BrainOpsError,
    InvalidConfiguration,
    InvalidInput,
    NotConfigured,
    OutcomeUnknown,
    StoreUnavailable,
)
from brainops.memory.filters import member
from brainops.memory.redaction.redact import redact_json
from brainops.operations.log import event_of
from brainops.remote.call import Server, answer_of, body_of
from brainops.remote.kept_pack import Reading
from brainops.remote.link import Link
from brainops.remote.narrowing import Narrowing, header
from brainops.remote.operations import RemoteOperations
from brainops.remote.spool import Waiting
from brainops.remote.verbs import UNREACHED, Verb, verbs
from brainops.remote.whoami import KnownAs
from brainops.services import part
from brainops.store.database import Deadline, sooner
from brainops.types import (
    JSON,
    NOBODY,
    Captured,
    Down,
    Draft,
    ErrorEvent,
    KeyProof,
    OperationStart,
    Progress,
    Proof,
    Role,
    Source,
)
from brainops.types.limits import MAX_NAME_CHARACTERS
from brainops.wire import from_json, to_json

if TYPE_CHECKING:
    pass

CAPTURED_AT_ONCE = 500  # of many memories: one request each

log = lazy.logger()


def _asked(name: str) -> Callable[..., Any]:
    """Return the method that asks for a verb."""

    def ask(view: RemoteBrain, *arguments: Any, **named: Any) -> Any:
        return view.ask(name, arguments, named)

    return ask


class RemoteNoun:
    """What a view has under a noun."""

    __slots__ = ("_noun", "_view")

    def __init__(self, view: RemoteBrain, noun: str) -> None:
        self._view = view
        self._noun = noun

    def __getattr__(self, name: str) -> Any:
        path, view = f"{self._noun}.{name}", self._view
        if path == "upkeep.catching_up":
            return nullcontext  # the server catches up by itself
        if path in UNREACHED:
            raise NotConfigured(
                f"{path} is not asked of a server: {UNREACHED[path]}. It is called where the store is opened itself"
            )
        if name.startswith("_") or path not in verbs():
            raise AttributeError(f"{self._noun} shows no {name}")
        return lambda *arguments, **named: view.ask(path, arguments, named)

    def __dir__(self) -> list[str]:
        return sorted(each.partition(".")[2] for each in verbs() if each.startswith(f"{self._noun}."))


class _Parts:
    """What the verbs of a Brain that go on in this process find of its parts: the operations that it accompanies."""

    def __init__(self, view: RemoteBrain) -> None:
        self.operations = RemoteOperations(view.ask, view._link, view._pack)


class RemoteBrain(Brain):
    """The view of a memory that a server answers for: the same verbs, with the same types and the same errors.

    Made by `Brain.open` with the address of a server. What works on files or functions of the process that has the
    store open is not there, and says so.
    """

    def __init__(
        self,
        link: Link,
        less: Narrowing,
        *,
        deadline: Deadline | None = None,
        idempotency_key: str | None = None,
        down: Down = Down.CLOSED,
        call_seconds: float | None = None,
    ) -> None:
        self._link = link
        self._down = down
        self._call_seconds = call_seconds
        self._less = less
        self._pack = link.pack(less)
        self._deadline = deadline
        self._key = idempotency_key
        self._known: KnownAs | None = None
        self._owns_engine = False
        self._services = _Parts(self)  # type: ignore[assignment]

    @property
    def settings(self) -> config.Settings:  # type: ignore[override]
        """Who this view is and what it reads, as the server says; asked for once. Of who goes on without it, nobody."""
        if self._known is None:
            try:
                self._known = self.ask("whoami", (), {})
            except StoreUnavailable:
                if self._down is Down.CLOSED:
                    raise
        return self._settings(self._known or self._nobody())

    def _nobody(self) -> KnownAs:
        return KnownAs(actor=NOBODY, namespace=self._less.namespace or "", read=self._less.read or ())

    def _settings(self, known: KnownAs) -> config.Settings:
        return config.Settings(
            store=self._link.server.address, namespace=known.namespace, read=known.read, model="",
            personal_data="", actor=known.actor, session=known.session,
        )  # fmt: skip

    def acting(
        self,
        *,
        actor: Any = None,
        namespace: str | None = None,
        read: Iterable[str] | None = None,
        session: str | None = None,
        deadline: float | None = None,
        idempotency_key: str | None = None,
        down: Down | str | None = None,
    ) -> Brain:
        """Return a view that sees and may do the same as this one, or less: see `Brain.acting`."""
        key = idempotency_key
        if key is not None and (not isinstance(key, str) or not key.strip() or len(key) > MAX_NAME_CHARACTERS):
            raise InvalidInput(f"an idempotency key is a text of 1 to {MAX_NAME_CHARACTERS} characters")
        less = self._less
        if not (actor is None and namespace is None and read is None and session is None):
            held = narrowed(self.settings, actor, namespace, read, session)
            less = Narrowing(
                actor=less.actor if actor is None else held.actor,
                namespace=held.namespace,
                read=tuple(held.read),
                session=held.session,
            )
        mode = self._down if down is None else member(Down, down)
        view = RemoteBrain(
            self._link, less, deadline=sooner(self._deadline, deadline), idempotency_key=key, down=mode,
            call_seconds=self._call_seconds,
        )  # fmt: skip
        if less is self._less:
            view._known = self._known
        return view

    def unhindered(self, call_seconds: float) -> RemoteBrain:
        """Return this view for what must not fail because its memory does: it goes on, and no call takes longer."""
        down = Down.OPEN if self._down is Down.CLOSED else self._down
        return RemoteBrain(self._link, self._less, deadline=self._deadline, down=down, call_seconds=call_seconds)

    def ask(self, name: str, arguments: Iterable[Any], named: Mapping[str, Any], *, key: str | None = None) -> Any:
        """Ask the server for a verb, and return what it answers."""
        verb = verbs()[name]
        said = dict(verb.signature.bind(*arguments, **named).arguments)
        for each in verb.signature.parameters.values():
            if each.kind is each.VAR_KEYWORD:
                conditions = said.pop(each.name, {})
                said |= {
                    name: [it] if name in verb.lists and isinstance(it, str) else it for name, it in conditions.items()
                }
        headers = self._less.headers()
        if verb.writes:
            headers["brainops-call"] = header(key or self._key or str(uuid4()))
        if (proof := said.pop("proof", None)) is not None:
            headers["brainops-proof"] = _shown(proof)
        if (own := said.pop("idempotency_key", None)) is not None:
            headers["idempotency-key" if name == "capture" else "brainops-call"] = header(own)
        for mine in ("progress", "detached"):  # nobody there shows it; and a server starts every run detached
            said.pop(mine, None)
        body = body_of(verb, said)
        if self._down is Down.SPOOL and _may_wait(verb):  # as it is kept: under its key it is the same call then
            kept: Any = from_json(Any, body)
            body = to_json(redact_json(kept).value)
        try:
            deadline = sooner(self._deadline, self._call_seconds)
            return answer_of(verb, self._link.call(verb, body, headers, deadline, self._down, self._pack))
        except (StoreUnavailable, OutcomeUnknown) as error:
            if self._down is Down.CLOSED:
                raise
            return self._meanwhile(
                verb, said, Waiting(verb=verb.name, body=from_json(Any, body), headers=headers), error
            )

    def _meanwhile(self, verb: Verb, said: dict[str, Any], call: Waiting, error: BrainOpsError) -> Any:
        """Answer by the pack, or keep a call that answers nothing but that it was taken. Raises the error else."""
        if verb.name in FROM_PACK:
            reading = self._pack.read()
            log.warning("%s: %s", verb.name, reading.note)
            return FROM_PACK[verb.name](reading, self, said)
        if not _may_wait(verb):
            raise error
        if self._down is Down.SPOOL:
            self._link.spool.add(call)
            note = "the server cannot be reached: it is kept here, and sent once it is back"
        else:
            log.error("%s: not kept, since the server cannot be reached: %s", verb.name, error)
            note = "the server cannot be reached: it was not kept"
        taken = Captured(
            id="", namespace=self._less.namespace or "", occurrences=1, repeated=False,
            created_at=time.time_ns() // 1_000, notes=(note,),
        )  # fmt: skip
        return {None: None, Captured: taken}.get(verb.answers, [taken] * len(said.get("drafts", ())))

    def capture_error(self, error: BaseException | ErrorEvent | str, *, service: str | None = None) -> None:
        """Make an error a memory, without waiting: one per fingerprint, with a count."""
        event = event_of(error, service)
        self._link.later.hand_over(lambda: self.ask("capture_error", (event,), {}))

    # What this process does itself

    def _start(
        self, name: str, target: str | None, context: Mapping[str, Any] | None, session: str | None
    ) -> OperationStart:
        from brainops.operations.operation import start_of

        acts = self._acts()
        return start_of(name, target, context, acts.actor, session or acts.session)

    def _acts(self) -> config.Settings:
        """Return as whom an operation begins. It goes on without the server: then by the pack, or as nobody."""
        try:
            return self.settings
        except (StoreUnavailable, InvalidConfiguration):  # away, or the key is refused
            try:
                return self._settings(FROM_PACK["whoami"](self._pack.read(), self, {}))
            except StoreUnavailable:
                return self._settings(self._nobody())

    def _about(self, said: Mapping[str, Any]) -> OperationStart:
        """Return the operation that a call of `guidance` is about."""
        return self._start(said["name"], said.get("target"), said.get("context"), said.get("session"))

    def draft(self, title: str, content: JSON = "", **fields: Any) -> Draft:
        """Return a draft of a memory; who says it, the server knows."""
        return super().draft(title, content, **{"source": Source(session_id=self._less.session), **fields})

    def capture_many(self, drafts: Iterable[Draft], progress: Progress | None = None) -> list[Captured]:
        """Store many memories, and return their acknowledgements in order."""
        return list(self.capture_each(drafts, progress))

    def capture_each(self, drafts: Iterable[Draft], progress: Progress | None = None) -> Iterator[Captured]:
        """Store many memories, yielding each acknowledgement once it is durable."""
        total = len(drafts) if isinstance(drafts, Sized) else None
        done, whole = 0, iter(drafts)
        while some := list(islice(whole, CAPTURED_AT_ONCE)):
            key = None if self._key is None else f"{self._key}:{done}"
            yield from self.ask("capture_many", (some,), {}, key=key)
            done += len(some)
            if progress is not None:
                progress(done, total)

    def drain(self) -> int:
        """Send what waits here for the server, and return how many calls that were."""
        return self._link.drain()

    def flush(self) -> bool:
        """Wait until everything handed over is durable; False where that took too long."""
        return self._link.later.flush()

    def close(self) -> None:
        """Send what waits."""
        self.flush()


def _shown(proof: Proof) -> str:
    if not isinstance(proof, KeyProof):
        raise ApprovalUnproven(
            "what is typed on this terminal proves nothing to a server elsewhere: show a personal key, "
            "KeyProof(key=...), or agree where the server is"
        )
    return proof.key


def _noun(noun: str) -> property:
    return property(lambda view: RemoteNoun(view, noun))


for _name in verbs():
    if "." not in _name and _name not in vars(RemoteBrain):
        setattr(RemoteBrain, _name, _asked(_name))
for _name, _shows in vars(Brain).items():
    if isinstance(_shows, part):
        setattr(RemoteBrain, _name, _noun(_name))


FROM_PACK: Mapping[str, Callable[[Reading, RemoteBrain, dict[str, Any]], Any]] = {
    "match": lambda reading, _, said: reading.match(**said),
    "recognise": lambda reading, _, said: reading.recognise(**said),
    "guidance": lambda reading, view, said: reading.guidance(view._about(said)),
    "guard.check": lambda reading, _, said: reading.decide(said["start"], said.get("least")),
    "guard.prepared": lambda reading, _, said: reading.prepared(**said),
    "procedures.get": lambda reading, _, said: reading.procedure(**said),
    "procedures.active": lambda reading, *_: reading.procedures(),
    "whoami": lambda reading, view, _: replace(
        reading.known,
        actor=view._less.actor or reading.known.actor,
        session=view._less.session or reading.known.session,
    ),
}
"""What the pack answers, and how."""

ACKNOWLEDGED = (None, Captured, list[Captured])
"""What is answered by who takes a call and says no more than that: such a call can wait."""


def _may_wait(verb: Verb) -> bool:
    return verb.role is Role.WRITER and verb.answers in ACKNOWLEDGED


def open_server(address: str, given: Mapping[str, Any]) -> RemoteBrain:
    """Return the view of a memory that a server answers for, narrowed to what is given and what the settings name.

    What only a process with the store open can do something with, a model for one, is the server's own.
    """
    stated = config.stated(given)
    read = stated.get("read")
    less = Narrowing(
        actor=given.get("actor"),
        namespace=stated.get("namespace"),
        read=None if read is None else config.names(read),
        session=config.session_of(stated, os.environ),
    )
    down = member(Down, stated.get("down", Down.CLOSED))
    return RemoteBrain(Link(Server(address, config.access_key()), given.get("around", ())), less, down=down)
