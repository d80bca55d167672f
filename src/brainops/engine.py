"""What does a process have once, whoever asks? The store, the model, the threads, and what is kept at hand."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from msgspec.structs import replace

from brainops import config, lazy
from brainops.errors import ApprovalUnproven, BrainOpsError, InvalidConfiguration, NamespaceDenied, NotFound
from brainops.memory.context import AtHand, MemoryContext
from brainops.memory.meaning import Meaning
from brainops.memory.redaction.policy import redaction_policy
from brainops.memory.uses import Uses
from brainops.operations.middleware import MEMORY_VERBS as MEMORY_VERBS
from brainops.operations.middleware import Around as Around  # whoever opens a memory may hand some in
from brainops.operations.middleware import SeenCall as SeenCall
from brainops.operations.middleware import around_calls
from brainops.operations.recorder import Recorder
from brainops.services import Services
from brainops.store import acts, open_store
from brainops.store.scope import STORE_NAMESPACE as STORE_NAMESPACE  # in which nobody who comes over the network is
from brainops.store.scope import Scope
from brainops.types import ActorKind

if TYPE_CHECKING:
    from brainops.hooks.drain import Drained
    from brainops.operations.guard.other_namespaces import Other
    from brainops.procedures.consent.slack import Click
    from brainops.procedures.runs.dispatcher import Dispatcher
    from brainops.store import Store
    from brainops.store.database import Deadline
    from brainops.types import AccessKey, Actor, OperationToken, Proof, Role, SignedIn, SlackProof

KEY_USED_MICROS = 60_000_000  # how exactly the last use of a key is kept
KEPT_SCOPES = 1_000  # whose rules, procedures and words are at hand; a scope beyond these reads its own anew

DRAIN_SECONDS = 1.0  # that opening a memory takes for what hooks saw; the rest waits for the next
PACK_PAUSE = 20  # times as long as a pack took to write nothing is written: a folder of procedures comes one by one

P = ParamSpec("P")
V = TypeVar("V")

log = lazy.logger()
(remote_view,) = lazy.modules("brainops.remote", "view")  # by its name alone: it stands on the views of this module


def narrowed(
    mine: config.Settings,
    actor: Actor | None,
    namespace: str | None,
    read: Iterable[str] | None,
    session: str | None,
) -> config.Settings:
    """Return the settings of a view that sees and may do no more than one with these; see `Brain.acting`."""
    if actor is not None and not acts.narrows(mine.actor, actor):
        raise ApprovalUnproven(
            f"{mine.actor.kind.value}:{mine.actor.id} does not act as {actor.kind.value}:{actor.id}, proven by "
            f"{actor.proof}: who opened this memory makes the view of somebody else, with Brain(engine, actor=...)"
        )
    if actor is not None and mine.actor.remote:
        actor = replace(actor, proof=mine.actor.proof)  # what came over the network did so, whoever it goes on as
    scope = Scope.of(mine.namespace, mine.read)
    if mine.actor.kind is ActorKind.AGENT:
        if namespace not in (None, mine.namespace):
            raise NamespaceDenied(f"an agent writes in {mine.namespace}, where its view does, not in {namespace!r:.80}")
        if session is not None and mine.session not in (None, session):
            raise NamespaceDenied(f"an agent works in its session {mine.session}, not in {session!r:.80}")
    write = namespace or mine.namespace
    return replace(
        mine,
        actor=actor or mine.actor,
        namespace=write,
        read=scope.narrowed((write, *(scope.read if read is None else read))).read,
        session=session or mine.session,
    )


class PackTimes:
    """When packs were written, and what that took: they take a small part of a process's time, however much changes."""

    def __init__(self) -> None:
        self._next: dict[Scope, float] = {}
        self._owed: set[Scope] = set()

    def due(self, scope: Scope) -> bool:
        """Say whether a pack is to be written now; one that is not is owed."""
        now = time.monotonic() >= self._next.get(scope, 0.0)
        (self._owed.discard if now else self._owed.add)(scope)
        return now

    def wrote(self, scope: Scope, seconds: float) -> None:
        """Keep that it was written, and when it may be next."""
        self._next[scope] = time.monotonic() + PACK_PAUSE * seconds

    def owed(self) -> list[Scope]:
        """Return what is still to be written, as due."""
        owed, self._owed = list(self._owed), set()
        for scope in owed:
            self._next.pop(scope, None)
        return owed


class Engine:
    """One memory, open in one process for all that work with it; `Brain(engine, actor=...)` is the view of one of them.

    Who holds the engine says who somebody is: keep it where no agent's code reaches. Safe to share between threads, and
    usable after a fork. Use it as a context manager, or call `close`.
    """

    def __init__(
        self, store: Store, settings: config.Settings, *, background: bool = True, around: Sequence[Around] = ()
    ) -> None:
        from brainops.memory.drain import Drainer

        self.settings = settings
        self.store = store
        self.meaning = Meaning(settings.model)
        self.recorder = Recorder()
        self.uses = Uses(functools.partial(self.recorder.submit, beside=True))
        self.process = AtHand()
        self._redaction = redaction_policy(store, settings.personal_data)
        self._scopes: dict[Scope, AtHand] = {}
        self._drainer = Drainer(self.meaning) if background else None
        self._background = background
        self._around = around
        self._dispatcher: Dispatcher | None = None
        self._stewards: dict[str, Services] = {}
        self._others: dict[str, Engine] = {}
        self.nudged: Callable[[str], object] | None = None  # told where there may be something for workers elsewhere
        self._due: set[str] = set()  # where errors of this process set fixes off
        self._packs = PackTimes()
        store.prove, store.counted = self.prove, self._compile

    @classmethod
    def open(
        cls,
        store: str | os.PathLike[str] | None = None,
        *,
        namespace: str | None = None,
        read: Iterable[str] | None = None,
        model: str | None = None,
        personal_data: str | None = None,
        actor: Actor | None = None,
        background: bool = True,
        around: Sequence[Around] = (),
    ) -> Engine:
        """Open a memory; what is not given comes from the environment, the settings file, or the defaults.

        `store` is a file (made where there is none), ":memory:" or a postgresql:// URL. `namespace`, `read` and `actor`
        are those of views that name none, and what goes on in the background is done by that actor. `around` is called
        before and after operations and steps. Raises InvalidConfiguration, StoreError.
        """
        from brainops.memory.recognition import fingerprint_move

        settings = config.load(
            store=os.fspath(store) if store is not None else None,
            namespace=namespace,
            read=tuple(read) if read is not None else None,
            model=model,
            personal_data=personal_data,
            actor=actor,
        )
        if address := config.server_of(settings.store):
            raise InvalidConfiguration(
                f"{address} is a server, and this takes the store itself: name it, --store or BRAINOPS_STORE, without "
                "BRAINOPS_URL"
            )
        opened = open_store(settings.store, Scope.of(settings.namespace, settings.read))
        try:
            engine = cls(opened, settings, background=background, around=around)
            fingerprint_move.move(engine.services(settings).context)
            engine._take_up()
        except BaseException:  # a signal too: a command that is ended while it opens leaves no log behind
            opened.close()
            raise
        return engine

    def _take_up(self) -> None:
        """Take up what hooks saw; where the store is busy or cannot be written, that waits for who opens it next."""
        from brainops.hooks.folder import anything_waits

        if anything_waits(self.settings.store):
            try:
                self.drain(DRAIN_SECONDS)
            except (BrainOpsError, OSError) as error:
                log.warning("what hooks saw waits, as it could not be taken up: %s", error)

    def prove(self, proof: Proof, role: Role | None, places: Sequence[str], deadline: Deadline | None = None) -> Actor:
        """Return the person whom a proof shows, and who has a role in some places. Raises ApprovalUnproven."""
        return self.services(self.settings, deadline).approvals.approvers.prove(proof, role, places)

    def known_by(self, secret: str) -> AccessKey:
        """Return the key that a secret is of. Raises ApprovalUnproven."""
        key, store = self.services(self.settings).keys.known(secret), self.store.within(Scope.of(STORE_NAMESPACE))
        now = self.store.now()
        if (
            key.used_at is None or now - key.used_at >= KEY_USED_MICROS
        ):  # by the recorder: nobody waits for a writer here
            self.recorder.submit(store, lambda tx: tx.keys.used(key.id, now), beside=True)
        return key

    def let_in_by(self, secret: str) -> OperationToken:
        """Return the token that a page shows. Raises ApprovalUnproven."""
        return self.services(self.settings).keys.known_token(secret)

    def signed_in_by(self, secret: str) -> SignedIn:
        """Return who is signed in by a secret. Raises ApprovalUnproven."""
        found, store = self.services(self.settings).sign_ins.known(secret), self.store.within(Scope.of(STORE_NAMESPACE))
        now, seen = self.store.now(), found.sign_in.seen_at
        if seen is None or now - seen >= KEY_USED_MICROS:
            self.recorder.submit(store, lambda tx: tx.people.seen(found.sign_in.id, now), beside=True)
        return found

    def clicked(self, proof: SlackProof) -> tuple[Click, Callable[..., None]]:
        """Return what a person pressed in Slack, and what tells there how it went.

        Raises ApprovalUnproven where Slack did not sign it for one of its channels, and InvalidInput.
        """
        from brainops.procedures.consent.slack import click_of, tell

        here = replace(self.settings, namespace=click_of(proof.body).namespace, read=())
        channel, click = self.services(here).notices.clicked(proof)
        return click, functools.partial(tell, channel.settings, click.response_url)

    def take_turns(self, name: str, began_at: int, more: int, most: int) -> bool:
        """Take turns of somebody's minute, which all who have the store open count together.

        Return False where more than `most` were taken of the one that began then.
        """
        store = self.store.within(Scope.of(STORE_NAMESPACE))
        with store.writing(acts.KEY_USE, acts.ITSELF) as tx:
            return tx.keys.take_turns(name, began_at, more, most)

    def _compile(self, scope: Scope) -> None:
        """Write anew what hooks read of these namespaces, since it changed; many changes in a row share one writing.

        What cannot be written is known to be old by its counters, and doctor says so.
        """
        if not self._packs.due(scope):
            return
        began = time.monotonic()
        try:
            settings = replace(self.settings, namespace=scope.write, read=scope.read, session=None)
            self.services(settings).guard.write_pack()
        except (BrainOpsError, OSError) as error:
            log.warning("what hooks read could not be written, and they go by the store: %s", error)
        self._packs.wrote(scope, time.monotonic() - began)

    def services(self, settings: config.Settings, deadline: Deadline | None = None) -> Services:
        """Return the parts that an actor works with, until a deadline, in the namespaces that these settings name."""
        scope = Scope.of(settings.namespace, settings.read)
        here = self._scopes.get(scope)
        if here is None:
            if len(self._scopes) >= KEPT_SCOPES:
                self._scopes.pop(next(iter(self._scopes)), None)
            here = self._scopes.setdefault(scope, AtHand())

        def expect(application_ids: Sequence[str]) -> None:
            self._due.add(settings.namespace)
            services.fixes.expect(application_ids)

        store = self.store if scope == self.store.scope else self.store.within(scope)
        if deadline is not None:
            store = store.by(deadline)
            store.prove = functools.partial(self.prove, deadline=deadline)
        context = MemoryContext(
            store=store,
            redaction=self._redaction,
            meaning=self.meaning,
            actor=settings.actor,
            due=expect,
            here=here,
            process=self.process,
        )
        services = Services(
            context,
            settings,
            self.recorder,
            self.uses,
            lambda: self.nudge(settings.namespace),
            self._background,
            functools.partial(self._guard_elsewhere, deadline=deadline),
            self._around,
            None if deadline is None else functools.partial(self.services, settings),
        )
        return services

    def put_around(self, view: Any) -> None:
        """Put around a view's calls of memory what whoever opened it added."""
        if self._around:
            from brainops.memory.redaction.redact import redact_json

            around_calls(view, self._around, lambda said: redact_json(said, self._redaction).value)

    # What goes on by itself

    def drain(self, seconds: float | None = None) -> Drained:
        """Take up what hooks of coding agents saw, in `seconds` where that matters, and let them read what holds now.

        Raises StoreError.
        """
        from brainops.hooks import drain
        from brainops.hooks.folder import folder_of
        from brainops.operations.guard.pack import fault_of_pack

        folder = folder_of(self.settings.store)
        if folder is None:
            return drain.Drained()
        seen: dict[Scope, Services] = {}

        def services(namespaces: Sequence[str], actor: Actor) -> Services:
            found = self.services(
                replace(self.settings, namespace=namespaces[0], read=tuple(namespaces), actor=actor, session=None)
            )
            return seen.setdefault(found.context.store.scope, found)

        done = drain.drain(folder, services, seconds)
        for each in (self.services(replace(self.settings, session=None)), *seen.values()):
            if fault_of_pack(each.context) != "":
                each.guard.write_pack()
        return done

    def embed(self, store: Store) -> None:
        """Say that memories may wait for their vectors in what a store reads."""
        if self._drainer is not None:
            self._drainer.nudge(store)

    def begin(self, namespace: str) -> None:
        """Let what a namespace needs go on by itself, now that it is used: runs, notices, learning."""
        if self._background:
            self._dispatching(namespace).begin()

    def nudge(self, namespace: str) -> None:
        """Say that there may be something to do in a namespace."""
        if self.nudged is not None:
            self.nudged(namespace)
        if self._background:
            self._dispatching(namespace).nudge()

    def _dispatching(self, namespace: str) -> Dispatcher:
        """Return the loop of this process, which serves a namespace by the credentials of who opened the engine."""
        if self._dispatcher is None:
            from brainops.procedures.runs.dispatcher import Dispatcher

            self._dispatcher = self._dispatcher or Dispatcher()
        if namespace not in self._stewards:
            steward = self.services(replace(self.settings, namespace=namespace, session=None))
            if self._stewards.setdefault(namespace, steward) is steward:
                self._dispatcher.serve(steward.lane())
        return self._dispatcher

    def _guard_elsewhere(self, guarded: config.Guarded, deadline: Deadline | None) -> Other:
        """Return the guard of another namespace that holds here: of this store, or of the one that it was strict in."""
        from brainops.operations.guard.other_namespaces import place_of

        there = replace(self.settings, namespace=guarded.namespace)
        if guarded.store == place_of(self.settings.store):
            return self.services(there, deadline).guard
        if guarded.store not in self._others:
            if not os.path.isfile(guarded.store):
                raise NotFound(f"{guarded.namespace} is guarded in {guarded.store}, which cannot be opened from here")
            there = replace(there, store=guarded.store)
            opened = open_store(there.store, Scope.of(there.namespace, there.read))
            self._others[guarded.store] = Engine(opened, there, background=False)
        return self._others[guarded.store].services(replace(there, store=guarded.store), deadline).guard

    # The end

    def close(self) -> None:
        """Write what waits, let fixes that errors of this process set off end (ten seconds at most), and let go of all.

        What has not ended by then is gone on with by the next process that has the memory open, or by a worker.
        """
        self._finish_fixes()
        for scope in self._packs.owed():
            self._compile(scope)
        if self._dispatcher is not None:
            self._dispatcher.close()
        if self._drainer is not None:
            self._drainer.close()
        self.uses.write()
        self.process.close()
        self.recorder.close()
        for other in self._others.values():
            other.close()
        self.store.close()

    def _finish_fixes(self) -> None:
        try:
            self.recorder.flush()
            for namespace in self._due:
                self.services(replace(self.settings, namespace=namespace)).fixes.finish()
        except BrainOpsError as error:
            log.warning("fixes that were due are left to others: %s", error)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _view_of(open_engine: Callable[P, Engine]) -> Callable[Concatenate[type[V], P], V]:
    """Return what opens a memory as `Engine.open` does, for one view that closes it; a server's is asked for it."""

    def open(cls: type[V], /, *args: P.args, **kwargs: P.kwargs) -> V:
        given: dict[str, Any] = {"store": args[0], **kwargs} if args else kwargs
        if address := config.server_of(given.get("store")):
            served: V = remote_view.open_server(address, given)
            return served
        view = cls(open_engine(*args, **kwargs))  # type: ignore[call-arg]
        view._owns_engine = True  # type: ignore[attr-defined]
        return view

    opens = open_engine.__func__  # type: ignore[attr-defined]
    # what says the parameters to whoever asks for the signature, without `inspect` at a start
    told = FunctionType(opens.__code__, opens.__globals__, opens.__name__, opens.__defaults__, opens.__closure__)
    told.__kwdefaults__, told.__annotations__ = opens.__kwdefaults__, {**opens.__annotations__, "return": "Brain"}
    functools.update_wrapper(open, opens)
    open.__wrapped__, open.__annotations__ = told, told.__annotations__  # type: ignore[attr-defined]
    return open


class Opens(type):
    """Lets the class of views open a memory, and no view: who was handed one opens nothing through it."""

    open = _view_of(Engine.open)


def secret_at(reference: str) -> str:
    """Return the secret that env:NAME or file:PATH stands for. Raises StepFailed, which names no secret."""
    from brainops.procedures.steps.secret_refs import resolve

    return resolve(reference)
