"""How is a namespace's guard set, who may change that, and what is open for a while?"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from msgspec import Meta
from msgspec.structs import replace

from brainops import config
from brainops.errors import Conflict, InvalidInput
from brainops.operations.guard.state import PATTERNS_SETTING, SEPARATOR, settings_of
from brainops.procedures.consent.automatic import STOP_SETTING
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import ActionClass, Autonomy, Bypass, Enforcement, NoticeKind, Rule, RuleKind
from brainops.types.times import MINUTE_MICROS
from brainops.wire import checked, from_plain
from brainops_core.guard.requirements import MAX_DEPTH, too_deep
from brainops_core.guard.rule_kinds import RULE_KINDS
from brainops_core.redaction.redact import clean

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.operations.guard.other_namespaces import Elsewhere
    from brainops.procedures.consent.approvals import Approvals
    from brainops.procedures.consent.outbox import Outbox
    from brainops.store import Transaction
    from brainops.types import JSON, GuardSettings, Proof

BypassMinutes = Annotated[
    float, Meta(gt=0, le=240)
]  # half a shift: what takes longer is a change of the setting, which is shown as one
MAX_PATTERNS = 500  # each is compared with every operation
MAX_RULES = 10_000

Choice = TypeVar("Choice", bound=StrEnum)


class GuardControls:
    """The settings, the stop and the bypass of one namespace's guard."""

    def __init__(
        self,
        context: MemoryContext,
        approvals: Callable[[], Approvals],
        outbox: Callable[[], Outbox],
        elsewhere: Elsewhere,
    ) -> None:
        self._context = context
        self._approvals = approvals
        self._outbox = outbox
        self._elsewhere = elsewhere

    def settings(self) -> GuardSettings:
        """Return both settings, whether what happens by itself is stopped, and the bypass that is open."""
        floor = self._context.store.floor()
        with self._context.store.read() as tx:
            found = settings_of(tx.rules.settings(), tx.scope.write, floor=floor)
            return replace(found, bypass=tx.rules.bypass(self._context.store.now()))

    def set_enforcement(
        self, enforcement: Enforcement | str, *, reason: str = "", proof: Proof | None = None
    ) -> GuardSettings:
        """Let the guard only watch (observe) or hold (strict). Raises InvalidInput, ApprovalUnproven.

        Where people are enrolled who may approve, loosening a strict guard takes the proof of one of them; so it does
        for the other acts that take a `proof`.
        """
        wanted = self._member(Enforcement, enforcement)
        act = acts.ENFORCEMENT_LOOSEN if wanted is Enforcement.OBSERVE else acts.ENFORCEMENT_HOLD
        settings = self._set(act, "enforcement", wanted.value, reason, proof)
        self._mark(settings.enforcement is Enforcement.STRICT)
        return settings

    def set_autonomy(self, autonomy: Autonomy | str, *, reason: str = "", proof: Proof | None = None) -> GuardSettings:
        """Say what may change by itself: nothing (observe), what is proposed and agreed, or what has proved itself."""
        wanted, ranks = self._member(Autonomy, autonomy), list(Autonomy)
        more = ranks.index(wanted) > ranks.index(self.settings().autonomy)
        act = acts.AUTONOMY_RAISE if more else acts.AUTONOMY_LOWER
        return self._set(act, "autonomy", wanted.value, reason, proof)

    def set_per_person(self, counted: bool, *, reason: str = "") -> GuardSettings:
        """Count compliance per person too, or no longer; what was counted before stays as it was counted."""
        return self._set(acts.PER_PERSON, "per_person", "yes" if counted else "no", reason)

    def set_patterns(
        self, patterns: Mapping[str, ActionClass | str], *, reason: str = "", proof: Proof | None = None
    ) -> GuardSettings:
        """Say of operations, tools and single commands, by glob, what class they are of; replaces what was said."""
        if not isinstance(patterns, Mapping):
            raise InvalidInput(f"patterns are globs with a class each, not {patterns!r:.60}")
        if len(patterns) > MAX_PATTERNS:
            raise InvalidInput(f"{len(patterns)} patterns are too many; the limit is {MAX_PATTERNS}")
        lines = []
        for glob, said in patterns.items():
            text = " ".join(clean(str(glob)).split())
            if not text or set(text) <= {"*", "?", " "}:
                raise InvalidInput(f"{glob!r:.80} would cover everything; name an operation, for example 'make clean*'")
            lines.append(f"{self._member(ActionClass, said).value}{SEPARATOR}{text}")
        return self._set(acts.PATTERNS, PATTERNS_SETTING, "\n".join(lines), reason, proof)

    def bypass(self, minutes: float, reason: str, *, proof: Proof) -> Bypass:
        """Let everything pass in this namespace for a while, on record; only for a person who proves to be one.

        Raises ApprovalUnproven, InvalidInput.
        """
        from_plain(BypassMinutes, minutes, "minutes")
        said = self._context.text(reason)
        if not said:
            raise InvalidInput("a bypass needs a reason: it stands in the audit trail, and everybody is told")
        with self._context.store.writing(acts.BYPASS, self._context.actor, proof) as tx:
            now = self._context.store.now()
            opened = Bypass(
                id=new_id(),
                namespace=tx.scope.write,
                opened_at=now,
                until=now + int(minutes * MINUTE_MICROS),
                reason=said,
                by=tx.actor,
            )
            tx.rules.open_bypass(opened)
            tx.trail.append(opened.id, now, until=opened.until, reason=said)
            self._outbox().put(
                tx, NoticeKind.GUARD_BYPASSED, opened.namespace, by=tx.actor.id, until=opened.until, reason=said
            )
        return opened

    def close_bypass(self) -> bool:
        """End an open bypass before its time; return False where none is open."""
        now = self._context.store.now()
        with self._context.store.writing(acts.BYPASS_CLOSE, self._context.actor) as tx:
            closed = tx.rules.close_bypass(now)
            if closed:
                tx.trail.append(tx.scope.write, now)
        return closed

    def stop_automatic(self, reason: str = "") -> GuardSettings:
        """Stop fixes, self-changes and triggers in this namespace, at once; capture goes on. Anybody may."""
        return self._set(acts.STOP, STOP_SETTING, self._context.text(reason) or "stopped", reason)

    def resume_automatic(self, reason: str = "", *, proof: Proof | None = None) -> GuardSettings:
        """Let things happen by themselves again. Raises ApprovalUnproven."""
        return self._set(acts.RESUME, STOP_SETTING, "", reason, proof)

    def automatic_stopped(self) -> str | None:
        """Return why nothing happens by itself here (setting, file or environment variable), None where it may."""
        from brainops.procedures.consent.automatic import stopped_here

        return stopped_here(self._context.store, os.environ)

    def _mark(self, strict: bool) -> None:
        """Leave beside the repository that this namespace is named after where it is guarded, or take that away."""
        repository, place = config.repository_of(Path.cwd()), self._elsewhere.place
        if place and repository is not None and repository.namespace == self._context.store.scope.write:
            repository.mark(config.Guarded(store=place, namespace=repository.namespace), strict)

    def _set(self, act: acts.Act, name: str, value: str, reason: str, proof: Proof | None = None) -> GuardSettings:
        now = self._context.store.now()
        with self._context.store.writing(act, self._context.actor, proof) as tx:
            was, said = tx.rules.own(name), self._context.text(reason)
            tx.rules.set(name, value, tx.actor, now)
            if name == "enforcement":
                tx.hold(value == Enforcement.STRICT.value)
            self._changed(tx, tx.scope.write, now, value=value, before=was, reason=said)
        return self.settings()

    def _changed(self, tx: Transaction, subject: str, at: int, **detail: JSON) -> None:
        tx.rules.touch(tx.actor, at)
        tx.trail.append(subject, at, **detail)

    def _checked_rule(self, rule: Rule, rule_id: str, now: int) -> Rule:
        from brainops.procedures.conditions import conditions

        rule = checked(from_plain(Rule, rule, "a rule"))
        if not (name := self._context.text(rule.name)):
            raise InvalidInput("a rule has a name, which is told to whoever it stops")
        if too_deep(rule.requirement):
            raise InvalidInput(f"a requirement nests deeper than {MAX_DEPTH} levels; write several rules")
        kind = RULE_KINDS[rule.kind]
        if kind.field and not getattr(rule, kind.field):
            raise InvalidInput(kind.without)
        if rule.kind is RuleKind.CONDITION:
            conditions.compile(rule.condition or "")
        with self._context.store.read() as tx:
            if len(tx.rules.all()) >= MAX_RULES:
                raise Conflict(f"there are {MAX_RULES:,} rules, which is the limit; remove some")
        return replace(
            rule, id=rule_id, name=name, namespace=self._context.store.scope.write, source="written", created_at=now
        )

    @staticmethod
    def _member(kind: type[Choice], value: Choice | str) -> Choice:
        try:
            return kind(str(value))
        except ValueError as error:
            raise InvalidInput(f"{value!r:.40} is none of {', '.join(kind)}") from error
