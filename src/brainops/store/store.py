"""Where is memory kept, and what may this reader and writer do with it in one transaction?"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import Struct

import brainops.store.acts as acts
from brainops.errors import ApprovalUnproven, BrainOpsError
from brainops.store.acts import Act, Proven
from brainops.store.answers import CLAIM, Claim
from brainops.store.database import Database, Deadline, Session
from brainops.store.group import Group
from brainops.store.memories import MemoryRows
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.store.search import Index
from brainops.store.trail import Trail
from brainops.types import Actor

if TYPE_CHECKING:
    from brainops.store.agents import AgentRows
    from brainops.store.alerts import AlertRows
    from brainops.store.answers import AnswerRows
    from brainops.store.approvals import ApprovalRows
    from brainops.store.cases import CaseRows
    from brainops.store.changes import ChangeRows
    from brainops.store.code import CodeRows
    from brainops.store.counts import CountRows
    from brainops.store.evidence import EvidenceRows
    from brainops.store.figures import Figures
    from brainops.store.fingerprints import FingerprintRows
    from brainops.store.fixes import FixRows
    from brainops.store.handles import Handles
    from brainops.store.improvements import ImprovementRows
    from brainops.store.index import VectorRows
    from brainops.store.jobs import JobRows
    from brainops.store.keys import KeyRows
    from brainops.store.language import LanguageRows
    from brainops.store.learning import LearningRows
    from brainops.store.operations import OperationRows
    from brainops.store.people import PeopleRows
    from brainops.store.procedures import ProcedureRows
    from brainops.store.records import Records
    from brainops.store.rules import RuleRows
    from brainops.store.runs import RunRows
    from brainops.store.sharing import SharingRows
    from brainops.store.signals import SignalRows
    from brainops.store.sqlite_log import LogState
    from brainops.store.trust import TrustRows
    from brainops.store.variants import VariantRows
    from brainops.types import Proof, Role

    Prove = Callable[[Proof, Role, Sequence[str]], Actor]

T = TypeVar("T")

HOMES = {"vectors": "index"}  # the module of an aggregate that is called otherwise

LOOK = acts.Act()  # what only reads; it changes nothing, so nobody is asked


class StoreUpkeep(Protocol):
    """What is done to a whole store, outside its transactions."""

    def migrate(self) -> None:
        """Bring the schema to this program's, after an automatic backup where there is data."""
        ...

    def backup(self, target: str) -> str:
        """Write a consistent copy while others read and write; return its SHA-256."""
        ...

    def scrub(self) -> str | None:
        """Leave no trace of purged rows in the indexes' own files and logs; return who keeps one there, if anybody."""
        ...

    def log(self, *, shorten: bool = False) -> LogState | None:
        """Return the state of the log, after an attempt to cut it where asked; None where the server keeps it."""
        ...

    def check(self) -> list[str]:
        """Return what is wrong with the rows and the indexes; nothing when all is well."""
        ...

    def sizes(self) -> dict[str, int]:
        """Return the bytes that the store takes, by part, and `free`, what the disk has left."""
        ...

    def schema(self) -> dict[str, int | list[str]]:
        """Return the stored and the program's schema, and the migrations that are pending."""
        ...


class Permission(Struct, frozen=True, kw_only=True):
    """By whose leave a transaction writes: who asked, who acts, whether that was proven, and who may approve here."""

    asker: Actor
    actor: Actor
    proven: bool
    approvers: Sequence[str] = ()
    floor: bool | None = None  # None where nobody looked who may approve


class Transaction:
    """One transaction with the aggregates on it, and the act that it is opened for."""

    counts: CountRows
    operations: OperationRows
    procedures: ProcedureRows
    runs: RunRows
    approvals: ApprovalRows
    keys: KeyRows
    people: PeopleRows
    rules: RuleRows
    evidence: EvidenceRows
    fixes: FixRows
    fingerprints: FingerprintRows
    agents: AgentRows
    alerts: AlertRows
    cases: CaseRows
    signals: SignalRows
    learning: LearningRows
    improvements: ImprovementRows
    code: CodeRows
    variants: VariantRows
    sharing: SharingRows
    jobs: JobRows
    language: LanguageRows
    figures: Figures
    records: Records
    trust: TrustRows
    vectors: VectorRows
    handles: Handles
    changes: ChangeRows
    answers: AnswerRows

    def __init__(self, session: Session, index: Index, act: Act, leave: Permission) -> None:
        self.session = session
        self.index = index
        self.act = act
        self.actor = leave.actor
        self._leave = leave
        self.memories = MemoryRows(session, index)
        self.trail = Trail(session, act, leave.actor)
        self._require(act, leave.asker)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Make the rows of an aggregate when they are first asked for: few transactions need more than two."""
            kind = Transaction.__annotations__.get(name)
            if kind is None:
                raise AttributeError(f"a transaction has no {name}")
            home = import_module(f"brainops.store.{HOMES.get(name, name)}")
            return vars(self).setdefault(name, getattr(home, kind)(self.session))

    def also(self, act: Act, actor: Actor | None = None) -> Trail:
        """Return the trail for a further act within this one, once the table lets it be done too."""
        self._require(act, actor or self._leave.asker)
        return Trail(self.session, act, actor or self.actor)

    def lets(self, act: Act, actor: Actor | None = None) -> bool:
        """Say whether the table lets a further act be done here; by somebody on whose word it rests, where named.

        Where nobody looked who may approve, an act that takes a proof where somebody may is not let be done unproven.
        """
        strict = act.asks_strict and self.is_strict()
        approvers = self._leave.approvers if self.act.asks_approvers else ("somebody",)
        try:
            for asker in (self._leave.asker, actor or self._leave.asker):
                acts.require(act, asker, proven=self._leave.proven, strict=strict, approvers=approvers)
        except BrainOpsError:
            return False
        return True

    def require(self, act: Act) -> None:
        """Raise unless the table lets a further act, which has no line of its own, be done here."""
        self._require(act, self._leave.asker)

    def _require(self, act: Act, asker: Actor) -> None:
        strict = act.asks_strict and self.is_strict()
        acts.require(act, asker, proven=self._leave.proven, strict=strict, approvers=self._leave.approvers)

    def is_strict(self) -> bool:
        """Say whether the written namespace holds what its rules say, by itself or by the store's floor.

        Where nobody looked who may approve, a strict namespace anywhere counts as the floor.
        """
        floor = self._leave.floor
        return self.rules.is_strict(floor=bool(self.strict_namespaces()) if floor is None else floor)

    @property
    def scope(self) -> Scope:
        """The namespaces of this transaction."""
        return self.session.scope

    def setting(self, name: str) -> str | None:
        """Return one fact about the store."""
        row = self.session.one("setting_get", name=name)
        return None if row is None else str(row["value"])

    def strict_namespaces(self) -> tuple[str, ...]:
        """Return the namespaces of the whole store that hold what their rules say."""
        return tuple(json.loads(self.setting(STRICT_NAMESPACES) or "[]"))

    def hold(self, strict: bool) -> None:
        """Say of the written namespace, where all of the store see it, whether it holds what its rules say."""
        known = self.strict_namespaces()
        if strict is not (self.scope.write in known):
            others = [each for each in known if each != self.scope.write]
            self.set(STRICT_NAMESPACES, json.dumps([*others, *([self.scope.write] if strict else [])]))

    def set(self, name: str, value: str) -> None:
        """Set one fact about the store."""
        self.session.run("setting_put", name=name, value=value)


STRICT_NAMESPACES = "strict_namespaces"  # the fact about the store that its floor rests on


def _claim_of(act: Act) -> Claim | None:
    """Return the claim of the call that goes on, where no transaction of it has made it; to prove is not to do."""
    claim = CLAIM.get()
    return None if claim is None or claim.namespace is not None or act is acts.PROVE else claim


def _cannot_prove(proof: Proof, role: Role, places: Sequence[str]) -> Actor:
    raise ApprovalUnproven("nothing that checks a proof was given to this store; open it as a Brain")


class Store:
    """A database, its index and the namespaces that this reader and writer may touch.

    `prove` returns the person whom a proof shows and who has a role in some places, or raises; `counted` is told when
    rules, settings, procedures or fixes changed; whoever opens the store hands both in. With a deadline, what is not
    committed by then is not written: StoreUnavailable is raised.
    """

    def __init__(
        self,
        database: Database,
        index: Index,
        upkeep: StoreUpkeep,
        scope: Scope,
        prove: Prove = _cannot_prove,
        group: Group | None = None,
        deadline: Deadline | None = None,
        counted: Callable[[Scope], None] | None = None,
    ) -> None:
        self.database = database
        self.index = index
        self.upkeep = upkeep
        self.scope = scope
        self.prove = prove
        self.deadline = deadline
        self.counted = counted
        self._group = group or Group(lambda deadline: database.write(scope, deadline), database.location)

    @contextmanager
    def read(self, scope: Scope | None = None) -> Iterator[Transaction]:
        """Open a transaction that sees one consistent state."""
        with self.database.read(scope or self.scope, self.deadline) as session:
            yield Transaction(session, self.index, LOOK, Permission(asker=acts.ITSELF, actor=acts.ITSELF, proven=False))

    @contextmanager
    def writing(
        self,
        act: Act,
        actor: Actor,
        proof: Proof | Proven | None = None,
        scope: Scope | None = None,
        places: Sequence[str] = (),
    ) -> Iterator[Transaction]:
        """Open a transaction for one act, once the table of acts lets this actor do it.

        Who proves to agree has the role of the act in the namespace that is written, or in all the `places` named. Its
        changes are durable when the block ends without an error. Raises what the act refuses with, before anything
        is written; ApprovalUnproven where it takes a proof and there is none, or a wrong one.
        """
        leave = self._leave(act, actor, proof, places or ((scope or self.scope).write,))
        claim = _claim_of(act)
        with self.database.write(scope or self.scope, self.deadline) as session:
            if claim is not None:
                claim.make(session, self.now())
            yield Transaction(session, self.index, act, leave)
            self._require_time()
        if claim is not None:
            claim.namespace = (scope or self.scope).write
        if session.counted and self.counted is not None:
            self.counted(scope or self.scope)

    def write_together(self, act: Act, actor: Actor, work: Callable[[Transaction], T], keys: Collection[str] = ()) -> T:
        """Do a small write in a transaction that it may share with other threads'; it is durable on return.

        What changes nothing but what some `keys` stand for names them: others of its kind then write at the same time.
        """
        leave, claim = self._leave(act, actor, None, (self.scope.write,)), _claim_of(act)

        def write(session: Session) -> T:
            if claim is not None:
                claim.make(session, self.now())
            done = work(Transaction(session, self.index, act, leave))
            self._require_time()
            return done

        if self.database.dialect == "sqlite":
            done = self._group.write(lambda shared: write(shared.within(self.scope)), self.deadline)
        else:
            with self.database.write(self.scope, self.deadline, keys) as session:  # which shares syncs by itself
                done = write(session)
        if claim is not None:
            claim.namespace = self.scope.write
        return done

    def _require_time(self) -> None:
        """Raise, where the deadline has passed: what was done in this transaction is undone with it."""
        if self.deadline is not None and self.deadline.left() == 0:
            raise self.deadline.missed(self.database.location, "it took longer than that to write")

    def allow(
        self, act: Act, actor: Actor, proof: Proof | Proven | None = None, scope: Scope | None = None
    ) -> Proven | None:
        """Ask the table of acts beforehand, for what is also done outside of transactions; raise as `writing` does.

        What it returns stands for the proof when the same act is written.
        """
        leave = self._leave(act, actor, proof, ((scope or self.scope).write,))
        with self.database.read(scope or self.scope, self.deadline) as session:
            Transaction(session, self.index, act, leave)
        return Proven(actor=leave.actor) if leave.proven else None

    def _leave(self, act: Act, actor: Actor, proof: Proof | Proven | None, places: Sequence[str]) -> Permission:
        """Look at a proof, and at who could give one: both take transactions of their own."""
        if proof is not None:
            acts.require(act, actor, proven=True)
            by = proof.actor if isinstance(proof, Proven) else self.prove(proof, act.role, places)
            return Permission(asker=actor, actor=by, proven=True)
        if not (act.asks_approvers or act.asks_strict):
            return Permission(asker=actor, actor=actor, proven=False)
        with self.read(Scope.of(STORE_NAMESPACE)) as tx:
            approvers = tx.approvals.names_of_approvers()
            floor = bool(approvers and tx.strict_namespaces())
        return Permission(asker=actor, actor=actor, proven=False, approvers=approvers, floor=floor)

    def floor(self) -> bool:
        """Say whether a namespace that nobody set up is strict: where another one is, and somebody may approve."""
        with self.read(Scope.of(STORE_NAMESPACE)) as tx:
            return bool(tx.strict_namespaces() and tx.approvals.names_of_approvers())

    def within(self, scope: Scope) -> Store:
        """Return the same store seen through other namespaces; small writes of both go on sharing transactions."""
        return Store(
            self.database, self.index, self.upkeep, scope, self.prove, self._group, self.deadline, self.counted
        )

    def by(self, deadline: Deadline | None) -> Store:
        """Return the same store with this deadline; with None, for what is written after the call that had one."""
        if deadline is self.deadline:
            return self
        return Store(
            self.database, self.index, self.upkeep, self.scope, self.prove, self._group, deadline, self.counted
        )

    def to_end(self) -> Store:
        """Return the store to write how something ended, whose outcome is not lost because it outlasted its call."""
        return self.by(None) if self.deadline is not None and self.deadline.left() == 0 else self

    def now(self) -> int:
        """Return the database's time in microseconds."""
        return self.database.now(self.deadline)

    def close(self) -> None:
        """Release every connection."""
        self.database.close()
