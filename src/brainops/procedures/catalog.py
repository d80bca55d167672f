"""Which procedures are there, in which versions, and which version of each holds?"""

from __future__ import annotations

import builtins
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from brainops import lazy
from brainops.errors import Conflict, InvalidInput, NotFound
from brainops.memory.filters import member
from brainops.procedures.definition.keywords import name_of
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.procedures import version_of
from brainops.types import Applied, Change, Mode, Owner, ProcedureHistory, ProcedureState, ProcedureVersion, Trust
from brainops.wire import from_plain

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.procedures.definition import files, sources
    from brainops.procedures.definition.sources import Definition
    from brainops.procedures.english import draft as english
    from brainops.procedures.english import placeholders, runbook
    from brainops.store import Transaction
    from brainops.store.database import Row
    from brainops.types import JSON, Actor, Procedure, Proof
else:
    files, sources = lazy.modules("brainops.procedures.definition", "files sources")
    english, placeholders, runbook = lazy.modules("brainops.procedures.english", "draft placeholders runbook")


Action = Literal["new", "changed", "unchanged", "missing", "retired", "refused"]


class _Active(Struct, frozen=True, kw_only=True):
    """The active versions as they were at these change counters."""

    changes: Mapping[str, int]
    versions: list[ProcedureVersion]


class _ReadLast:
    """The active versions that one scope read last."""

    active: _Active | None = None


class Catalog:
    """The procedures of one memory: save, apply, activate, retire, look up."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
        self._at_hand = context.here.of(_ReadLast)

    def save(
        self,
        source: Procedure | str | Mapping[str, JSON],
        *,
        path: str | None = None,
        owner: Owner = Owner.STORE,
        reason: str = "",
        trust: Trust = Trust.AGENT,
    ) -> ProcedureVersion:
        """Keep a procedure (a file's text, a mapping or a Procedure) as a draft; the same again is the same version.

        Nothing becomes active by it. Raises InvalidProcedure with every problem; Conflict where git owns the name.
        """
        definition = checked(
            self._context, sources.definition(source, self._context.name(path) if path else path, member(Trust, trust))
        )
        with self._context.store.writing(acts.PROCEDURE_SAVE, self._context.actor) as tx:
            if definition.trust is Trust.VERIFIED and not tx.lets(acts.VOUCH):
                definition = replace(definition, trust=Trust.AGENT)
            row = self.keep(tx, definition, owner, reason)
            return self._version(tx, row)

    def from_text(
        self,
        prose: str,
        *,
        name: str | None = None,
        model: english.Model | None = None,
        answers: Mapping[str, str] | None = None,
        trust: Trust = Trust.EXTERNAL,
    ) -> tuple[ProcedureVersion, english.Drafted]:
        """Keep what a text in plain English describes as a draft; return it with how it was understood, to read back.

        What is not clear is a question of the draft (`questions`), in its place; `answers` are the author's words for
        it, by number. A person activates it once none is open. No language model is asked unless a `model` is given.
        Raises InvalidInput, Conflict.
        """
        named = self._context.text(name) if name else name
        drafted = english.read(prose, name=named, model=model, answers=answers)
        return self.save(drafted.procedure, trust=trust, reason="read from plain English"), drafted

    def from_document(
        self, text: str, *, path: str = "", taken: Mapping[str, str] | None = None
    ) -> tuple[ProcedureVersion, english.Drafted]:
        """Keep a runbook or skill of somebody else as a draft that only a person may activate.

        What looks like a secret becomes a placeholder, and a note asks for it by its line; the draft cannot be
        activated while a step holds one. In a procedure's own file it is refused, as `save` does.
        `taken` are names that other documents of the same import have. Raises InvalidInput, InvalidProcedure, Conflict.
        """
        text, secrets = from_plain(str, text, "a document"), self._context.redaction.secrets
        kept, notes = placeholders.without_secrets(text, path) if secrets else (text, ())
        drafted = runbook.imported(kept, path=self._context.text(path) if path else path)
        drafted = replace(drafted, notes=(*drafted.notes, *notes))
        if other := (taken or {}).get(drafted.procedure.name):
            raise Conflict(f"{other} became {drafted.procedure.name} already; import this one into another namespace")
        return self.save(drafted.procedure, trust=Trust.EXTERNAL, reason=f"imported from {path or 'a text'}"), drafted

    def activate(
        self, name: str, *, number: int | None = None, reason: str = "", proof: Proof | None = None
    ) -> ProcedureVersion:
        """Let a version hold (the newest, or this number); the one before it is retired, and comes back the same way.

        What an agent may not activate takes a proof in a strict namespace where people are enrolled who may approve;
        so it is for `retire` and `apply`, which raise ApprovalUnproven without. Raises NotFound; InvalidProcedure or
        MissingExtra where a condition cannot be evaluated here; Conflict where git owns the name; ApprovalRequired
        where an agent would activate what only a person may.
        """
        version = self._own_version(name, number)
        with self._context.store.read() as tx:
            rows = self._own_rows(tx, version.procedure.name)
        newest_of_git = next((row for row in rows if row["owner"] == Owner.GIT), None)
        if _owner(rows) is Owner.GIT and newest_of_git is not None and newest_of_git["id"] != version.id:
            raise Conflict(
                f"{version.procedure.name} belongs to git ({newest_of_git['path']}), where number "
                f"{newest_of_git['number']} is the newest: change the file and run `brainops procedure apply`"
            )
        bound = version.trust is Trust.EXTERNAL or version.procedure.mode is Mode.STRICT or _holds(rows)
        bound = bound and version.state is not ProcedureState.ACTIVE
        sources.require_evaluable(version.procedure)
        sources.require_filled(version.procedure)
        act = acts.PROCEDURE_ACTIVATE_BINDING if bound else acts.PROCEDURE_ACTIVATE
        with self._context.store.writing(act, self._context.actor, proof) as tx:
            self.hold(tx, version, reason, act)
            return self._version(tx, tx.procedures.by_id(version.id))

    def retire(self, name: str, *, reason: str = "", proof: Proof | None = None) -> ProcedureVersion:
        """Let a procedure hold no longer; activating it again brings it back. Raises NotFound, Conflict."""
        with self._context.store.writing(acts.PROCEDURE_RETIRE, self._context.actor, proof) as tx:
            tx.procedures.changed()
            rows = self._own_rows(tx, name)
            active = next((row for row in rows if row["state"] == ProcedureState.ACTIVE), None)
            if active is None:
                raise NotFound(f"no version of {name[:80]!r} is active in {tx.scope.write}")
            if active["owner"] == Owner.GIT:
                raise Conflict(
                    f"{name} belongs to git ({active['path']}): remove the file and run "
                    "`brainops procedure apply FOLDER --prune`"
                )
            self._retire(tx, active, reason)
            return self._version(tx, tx.procedures.by_id(active["id"]))

    def get(self, name: str, *, number: int | None = None) -> ProcedureVersion:
        """Return a version: this number, else the active one, else the newest; the written namespace is asked first.

        Raises NotFound.
        """
        with self._context.store.read() as tx:
            rows = self._rows(tx, name)
            if number is not None:
                rows = [row for row in rows if row["number"] == number]
            active = [row for row in rows if row["state"] == ProcedureState.ACTIVE]
            chosen = next(iter(active or rows), None)
            if chosen is None:
                what = name[:80] if number is None else f"{name[:80]} number {number}"
                nearby = sources.hint(name, sorted({row["name"] for row in tx.procedures.list(None)}))
                raise NotFound(f"there is no procedure {what!r} in the namespaces that you read: {nearby}")
            return self._version(tx, chosen)

    def by_id(self, version_id: str) -> ProcedureVersion:
        """Return one version by its id; raise NotFound."""
        with self._context.store.read() as tx:
            return self._version(tx, tx.procedures.by_id(version_id))

    def list(self, *, state: ProcedureState | str | None = None) -> builtins.list[ProcedureVersion]:
        """Return the versions in a state, the newest of each name; without one, the active and the newest of each."""
        if state is not None and state not in tuple(ProcedureState):
            raise InvalidInput(f"a procedure's state is {', '.join(ProcedureState)}, not {state!r:.40}")
        wanted = None if state is None else ProcedureState(state)
        with self._context.store.read() as tx:
            return [version_of(row, sources.stored) for row in tx.procedures.list(wanted)]

    def history(self, name: str) -> ProcedureHistory:
        """Return every version of a name, and who did what to it, when and why; raise NotFound."""
        with self._context.store.read() as tx:
            rows = self._rows(tx, name)
            if not rows:
                raise NotFound(f"there is no procedure {name[:80]!r} in the namespaces that you read")
            versions = tuple(version_of(row, sources.stored) for row in rows)
            return ProcedureHistory(versions=versions, acts=tuple(tx.trail.of(subject_of(name))))

    def active(self) -> builtins.list[ProcedureVersion]:
        """Return the version that holds of each name, the written namespace's first; cheap while nothing changes.

        It is the same list until something changes, in this process or another, so it may be compared by identity; do
        not change it.
        """
        with self._context.store.read() as tx:
            changes = tx.procedures.changes()
            known = self._at_hand.active
            if known is None or known.changes != changes:
                before = {} if known is None else {version.id: version.procedure for version in known.versions}
                order = {namespace: number for number, namespace in enumerate(tx.scope.read)}
                rows = sorted(tx.procedures.active(), key=lambda row: (row["name"], order[row["namespace"]]))
                nearest: dict[str, Row] = {}
                for row in rows:
                    nearest.setdefault(row["name"], row)
                known = _Active(
                    changes=changes, versions=[_remembered(row, before.get(row["id"])) for row in nearest.values()]
                )
                self._at_hand.active = known
            return known.versions

    def diff(
        self, name: str, *, old: int | None = None, new: int | None = None, proposal: Procedure | str | None = None
    ) -> str:
        """Return how a version (the active one) differs from another (the newest), or from a proposal, as a patch.

        Where git owns the procedure, the patch is for its file. Raises NotFound, InvalidProcedure.
        """
        before = self.get(name, number=old)
        if proposal is not None:
            return sources.patch(before, sources.definition(proposal, before.path, Trust.AGENT).source)
        number = new
        if number is None:
            with self._context.store.read() as tx:
                number = max(row["number"] for row in self._rows(tx, name) if row["namespace"] == before.namespace)
        return sources.patch(before, self.get(name, number=number).source)

    def apply(
        self,
        folder: str | os.PathLike[str],
        *,
        dry_run: bool = False,
        activate: bool = True,
        strict: bool = False,
        adopt: bool = False,
        prune: bool = False,
        reason: str = "",
        proof: Proof | None = None,
    ) -> Applied:
        """Make the store say what the files of a folder (or one file) say; doing it again changes nothing.

        Changed procedures become active, strict ones only with `strict`. `adopt` takes over what the store owned;
        `prune` retires what is in no file any more; `dry_run` only says what would be done. All or nothing: raises
        InvalidProcedure with every problem of every file.
        """
        found = files.procedures_in(folder)
        problems = tuple(problem for file in found for problem in file.problems if problem.severity == "error")
        if problems:
            raise sources.invalid_files(problems)
        definitions = [checked(self._context, definition) for definition in sources.of_files(found)]
        chosen = {
            each.procedure.name
            for each in definitions
            if activate and (strict or each.procedure.mode is not Mode.STRICT)
        }
        for each in definitions:
            if each.procedure.name in chosen:
                sources.require_evaluable(each.procedure, path=each.path or "")
                sources.require_filled(each.procedure)
        with self._context.store.writing(acts.PROCEDURE_APPLY, self._context.actor, proof) as tx:
            tx.procedures.changed()
            changes = [
                self._apply_one(tx, each, each.procedure.name in chosen, adopt, dry_run, reason) for each in definitions
            ]
            names = {each.procedure.name for each in definitions}
            changes += self._gone(tx, files.label(folder), names, prune and not dry_run, reason)
        return Applied(changes=tuple(sorted(changes, key=lambda change: change.name)), dry_run=dry_run)

    # What the verbs are made of

    def _apply_one(
        self, tx: Transaction, definition: Definition, activate: bool, adopt: bool, dry_run: bool, reason: str
    ) -> Change:
        name, path = definition.procedure.name, definition.path
        rows = self._own_rows(tx, name)
        same = next((row for row in rows if row["hash"] == definition.digest), None)
        active = next((row for row in rows if row["state"] == ProcedureState.ACTIVE), None)
        bound = definition.procedure.mode is Mode.STRICT or _holds(rows)
        activate = activate and (not bound or acts.PROCEDURE_ACTIVATE_BINDING.open_to(self._context.actor))
        number = same["number"] if same else max((row["number"] for row in rows), default=0) + 1
        if _owner(rows) is Owner.STORE and not adopt:
            note = "belongs to the store: --adopt gives it to git, `brainops procedure diff` shows how they differ"
            state = ProcedureState(rows[0]["state"])
            return Change(name=name, action="refused", state=state, path=path, number=number, note=note)
        holds = same is not None and same["state"] == ProcedureState.ACTIVE
        if holds or activate:
            state = ProcedureState.ACTIVE
        else:
            state = ProcedureState.DRAFT if same is None else ProcedureState(same["state"])
        settled = same is not None and (holds or not activate) and same["owner"] == Owner.GIT and same["path"] == path
        if not settled and not dry_run:
            row = self.keep(tx, definition, Owner.GIT, reason, by_apply=True)
            if activate:
                act = acts.PROCEDURE_ACTIVATE_BINDING if bound and not holds else acts.PROCEDURE_ACTIVATE
                self.hold(tx, version_of(row, sources.stored), reason, act)
        left = "" if state is ProcedureState.ACTIVE else f"not active: brainops procedure activate {name}"
        if same is not None and active is not None and not holds and not activate:
            left = f"number {active['number']} is active: brainops procedure activate {name}"
        action: Action = "unchanged" if settled else ("changed" if rows else "new")
        return Change(name=name, action=action, state=state, path=path, number=number, note=left)

    def _gone(self, tx: Transaction, label: str, names: set[str], prune: bool, reason: str) -> builtins.list[Change]:
        """Find what came from this folder and is in none of its files any more."""
        changes: list[Change] = []
        for row in tx.procedures.active():
            here = row["namespace"] == tx.scope.write and row["owner"] == Owner.GIT and row["name"] not in names
            if not here or not files.under(row["path"], label):
                continue
            gone = prune and (not _holds([row]) or acts.PROCEDURE_RETIRE_BINDING.open_to(self._context.actor))
            note = "" if gone else "active, and in no file: --prune retires it"
            state = ProcedureState.RETIRED if gone else ProcedureState.ACTIVE
            action: Action = "retired" if gone else "missing"
            if gone:
                self._retire(tx, row, reason or f"{row['path']} is gone")
            changes.append(
                Change(name=row["name"], action=action, state=state, path=row["path"], number=row["number"], note=note)
            )
        return changes

    def holds(self, procedure: Procedure) -> bool:
        """Say whether this very procedure is the active one of its name in the written namespace."""
        digest = sources.digest_of(procedure)
        with self._context.store.read() as tx:
            rows = self._own_rows(tx, procedure.name)
        return any(row["state"] == ProcedureState.ACTIVE and row["hash"] == digest for row in rows)

    def keep(
        self, tx: Transaction, definition: Definition, owner: Owner, reason: str, *, by_apply: bool = False
    ) -> Row:
        """Keep a definition as a draft, in the caller's transaction; the same again is the same version."""
        tx.procedures.changed()
        name = definition.procedure.name
        rows = self._own_rows(tx, name)
        same = next((row for row in rows if row["hash"] == definition.digest), None)
        if same is not None:
            if owner is Owner.GIT and (same["owner"], same["path"]) != (Owner.GIT, definition.path):
                tx.procedures.own(same["id"], Owner.GIT, definition.path)
            return _required(tx.procedures.by_id(same["id"]), same["id"])
        if _owner(rows) is Owner.GIT and owner is not Owner.GIT:
            raise Conflict(
                f"{name} belongs to git ({rows[0]['path']}): change the file and run `brainops procedure apply`. "
                f"`brainops procedure diff {name} --proposal FILE` makes a patch of a proposal."
            )
        if _owner(rows) is Owner.STORE and owner is Owner.GIT and not by_apply:
            raise Conflict(f"{name} belongs to the store: `brainops procedure apply FOLDER --adopt` gives it to git")
        version_id, at = new_id(), self._context.store.now()
        said = self._context.text(reason)
        values = {
            "id": version_id,
            "name": name,
            "number": max((row["number"] for row in rows), default=0) + 1,
            "hash": definition.digest,
            "body": definition.canonical,
            "source": definition.source,
            "path": definition.path,
            "owner": owner.value,
            "trust": definition.trust.value,
            "created_at": at,
            "reason": said,
        }
        tx.procedures.insert(values, self._context.actor)
        detail: dict[str, JSON] = {"number": values["number"], "hash": definition.digest, "owner": owner.value}
        tx.also(acts.PROCEDURE_SAVE, self._context.actor).append(subject_of(name), at, **detail, reason=said)
        return _required(tx.procedures.by_id(version_id), version_id)

    def hold(
        self, tx: Transaction, version: ProcedureVersion, reason: str, act: acts.Act, by: Actor | None = None
    ) -> None:
        """Let a version hold, in the caller's transaction, as an act that the table of acts lets be done."""
        tx.procedures.changed()
        name, at, said = version.procedure.name, self._context.store.now(), self._context.text(reason)
        rows = self._own_rows(tx, name)
        before = next((row for row in rows if row["state"] == ProcedureState.ACTIVE), None)
        if before is not None and before["id"] == version.id:
            return
        trail = tx.also(act, by)
        replaced = None if before is None else before["number"]
        if before is not None:
            tx.procedures.retire(name, at, f"replaced by number {version.number}")
        tx.procedures.activate(version.id, by or tx.actor, at, said)
        detail: dict[str, JSON] = {"number": version.number, "hash": version.hash, "replaced": replaced}
        trail.append(subject_of(name), at, **detail, reason=said)

    def _retire(self, tx: Transaction, row: Row, reason: str) -> None:
        trail = tx.also(acts.PROCEDURE_RETIRE_BINDING if _holds([row]) else acts.PROCEDURE_RETIRE)
        at, said = self._context.store.now(), self._context.text(reason)
        tx.procedures.retire(row["name"], at, said)
        detail: dict[str, JSON] = {"number": row["number"], "hash": row["hash"]}
        trail.append(subject_of(row["name"]), at, **detail, reason=said)

    def _own_version(self, name: str, number: int | None) -> ProcedureVersion:
        with self._context.store.read() as tx:
            every = self._rows(tx, name)
            rows = [row for row in every if row["namespace"] == tx.scope.write]
            if number is not None:
                rows = [row for row in rows if row["number"] == number]
            if rows:
                return version_of(rows[0], sources.stored)
            elsewhere = sorted({row["namespace"] for row in every} - {tx.scope.write})
            where = f"; it stands in {', '.join(elsewhere)}: open that one with --namespace" if elsewhere else ""
            which = "" if number is None else f" number {number}"
            raise NotFound(f"{tx.scope.write} has no procedure {name[:80]!r}{which}{where}")

    def _rows(self, tx: Transaction, name: str) -> builtins.list[Row]:
        """Return the readable versions of a name: the written namespace first, then as they are read; newest first."""
        order = {namespace: number for number, namespace in enumerate(tx.scope.read)}
        versions = tx.procedures.versions(name_of(from_plain(str, name, "a procedure's name")))
        return sorted(versions, key=lambda row: (order[row["namespace"]], -row["number"]))

    def _own_rows(self, tx: Transaction, name: str) -> builtins.list[Row]:
        return [row for row in self._rows(tx, name) if row["namespace"] == tx.scope.write]

    def _version(self, tx: Transaction, row: Row | None) -> ProcedureVersion:
        if row is None:
            raise NotFound("there is no such version in the namespaces that you read")
        return version_of(row, sources.stored)


def checked(context: MemoryContext, definition: Definition) -> Definition:
    """Refuse what could run an input as code, and what looks like a secret: it is handed on, and kept for good."""
    from brainops.procedures.consent.limits import limits_of

    sources.require_safe(definition, limits_of(context).plain)
    if context.redaction.secrets and (problems := sources.secrets_in(definition)):
        raise sources.invalid_files(problems)
    return definition


def unkept(context: MemoryContext, procedure: Procedure) -> ProcedureVersion:
    """Return the version that a procedure would be, which could be kept and hold; nothing is written.

    Raises InvalidProcedure, MissingExtra.
    """
    known = checked(context, sources.unwritten(procedure))
    sources.require_evaluable(known.procedure)
    sources.require_filled(known.procedure)
    return ProcedureVersion(
        id="",
        namespace=context.store.scope.write,
        number=0,
        hash=known.digest,
        procedure=known.procedure,
        state=ProcedureState.DRAFT,
        owner=Owner.STORE,
        source="",
        path=None,
        created_at=context.store.now(),
        created_by=context.actor,
    )


def subject_of(name: str) -> str:
    """Return what the audit trail calls a procedure."""
    return f"procedure:{name}"


def _remembered(row: Row, known: Procedure | None) -> ProcedureVersion:
    """Read a row as a version; its procedure never changes, so it is not read twice."""
    return version_of(row, sources.stored if known is None else lambda _: known)


def _holds(rows: Sequence[Row]) -> bool:
    """Say whether a version is active that must be followed, so that no agent takes it out of its own way."""
    return any(
        row["state"] == ProcedureState.ACTIVE and sources.stored(row["body"]).mode is not Mode.ADVISORY for row in rows
    )


def _owner(rows: Sequence[Row]) -> Owner | None:
    """Return who owns a name: the owner of its active version, else of its newest; nobody where all are retired."""
    standing = [row for row in rows if row["state"] != ProcedureState.RETIRED]
    active = next((row for row in standing if row["state"] == ProcedureState.ACTIVE), None)
    chosen = active or (standing[0] if standing else None)
    return None if chosen is None else Owner(chosen["owner"])


def _required(row: Row | None, version_id: str) -> Row:
    if row is None:
        raise NotFound(f"the version {version_id} is gone")
    return row
