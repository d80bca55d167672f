"""Who may ask a language model, what does it take, and what is left today? Nothing, until a person sets a budget."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import (
    BrainOpsError,
    BudgetSpent,
    InvalidInput,
    MissingExtra,
    NotConfigured,
    StepFailed,
)
from brainops.store import acts
from brainops.types import LanguageBudget, LanguageUse
from brainops.types.times import DAY_MICROS

if TYPE_CHECKING:
    from brainops.agents.language.model import LanguageModels, Said
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.types import Micros, Proof

SETTING = "language_budget"  # of the namespace, guarded with its rules
MAX_TOKENS = 4_096  # of one answer, where nobody says otherwise
TIMEOUT_SECONDS = 120.0  # for one answer, where nobody says otherwise
FRAME_TOKENS = 256  # around a prompt: roles, marks, what a provider adds
MAX_PROMPT_CHARACTERS = 400_000  # about 100,000 tokens: more is no question any longer
MAX_PURPOSE_CHARACTERS = 100  # of a purpose or a model in the record
MOST_DAYS = 3_660
GIVEN_UP = ("TimeoutError", "Cancelled")


class Reserved(Struct, frozen=True, kw_only=True):
    """What was set aside for one call, and on which day."""

    day: int
    tokens: int
    cost: float


class _OwnModels:
    """The models that the program made or named itself, which all of a process ask."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.models: LanguageModels | None = None


class Language:
    """The language models of a namespace, and what they may take a day."""

    def __init__(self, context: MemoryContext, models: LanguageModels | None = None) -> None:
        from brainops.agents.language.model import LanguageModels

        self._context = context
        self._configured = models or LanguageModels()
        self._at_hand = context.process.of(_OwnModels)

    def register(self, name: str, model: Any) -> None:
        """Let a model of pydantic-ai that the program made itself be asked by a name of its own."""
        self._at_hand.objects[name] = model

    def use(self, models: LanguageModels) -> None:
        """Ask these models from now on, in this process; the settings `language`, `language_url` say it for all."""
        self._at_hand.models = models

    def ready(self) -> bool:
        """Say whether a model is named, installed and paid for: whether it is worth while to ask."""
        from brainops.agents.language.model import require_extra

        try:
            require_extra()
        except MissingExtra:
            return False
        return bool(self._models.names) and self.budget().open

    @property
    def _models(self) -> LanguageModels:
        return self._at_hand.models or self._configured

    # Budget

    def budget(self) -> LanguageBudget:
        """Return what may be taken a day in the written namespace, and what is spent or set aside today."""
        with self._context.store.read() as tx:
            return budget_of(tx, self._context.store.now())

    def set_budget(
        self,
        cost_a_day: float | None = None,
        tokens_a_day: int | None = None,
        *,
        reason: str = "",
        proof: Proof | None = None,
    ) -> LanguageBudget:
        """Let language models take so much a day: US dollars, tokens, or both; 0 lets nothing be asked.

        In a strict namespace where people are enrolled who may approve, it takes the `proof` of one of them. Raises
        InvalidInput, OperationBlocked for an agent, ApprovalUnproven.
        """
        limits = {"cost_a_day": _limit(cost_a_day, "cost_a_day"), "tokens_a_day": _limit(tokens_a_day, "tokens_a_day")}
        if all(each is None for each in limits.values()):
            raise InvalidInput("a budget names cost_a_day (US dollars), tokens_a_day, or both; 0 lets nothing be asked")
        text, said = json.dumps(limits), self._context.text(reason)
        with self._context.store.writing(acts.LANGUAGE_BUDGET, self._context.actor, proof) as tx:
            at = self._context.store.now()
            tx.rules.set(SETTING, text, tx.actor, at)
            tx.trail.append(tx.scope.write, at, value=text, reason=said)
        return self.budget()

    def used(self, days: int = 1) -> list[LanguageUse]:
        """Return what was used today and in the days before, in all that many, by purpose and model, newest first."""
        if not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
            raise InvalidInput(f"days is a whole number from 1 to {MOST_DAYS:,}, not {days!r:.40}")
        with self._context.store.read() as tx:
            rows = tx.language.used(self._context.store.now() // DAY_MICROS - days + 1)
        return [
            LanguageUse(
                day=datetime.fromtimestamp(int(row["day"]) * 86_400, UTC).date().isoformat(),
                purpose=row["purpose"],
                model=row["model"],
                calls=int(row["calls"]),
                input_tokens=int(row["input_tokens"]),
                output_tokens=int(row["output_tokens"]),
                cost=float(row["cost"]),
            )
            for row in rows
        ]

    # Asking

    def complete(
        self,
        prompt: str,
        *,
        purpose: str,
        system: str = "",
        max_tokens: int = MAX_TOKENS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> str:
        """Return what the configured models say to a prompt. What the prompt quotes is redacted by who writes it.

        Raises NotConfigured, MissingExtra, BudgetSpent before anything is asked; StepFailed where no model answered.
        """
        return self.say(
            prompt, purpose=purpose, system=system, max_tokens=max_tokens, timeout_seconds=timeout_seconds
        ).text

    def say(
        self,
        prompt: str,
        *,
        purpose: str,
        system: str = "",
        models: LanguageModels | None = None,
        max_tokens: int = MAX_TOKENS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Said:
        """Ask models, those that are configured where none are given, and return what was said and what it took.

        What it may take at most is set aside before, and what it took is written down after; a call whose process was
        killed counts with all that was set aside. Raises as `complete`.
        """
        from brainops.agents.language.model import Said, ask, require_extra

        chosen = models or self._models
        asked = replace(chosen, objects={**chosen.objects, **self._at_hand.objects})
        if not asked.names:
            raise NotConfigured(
                "no language model is named: set BRAINOPS_LANGUAGE, for example openai:gpt-5-mini, or `language` in "
                "the settings file"
            )
        require_extra()
        if len(prompt) + len(system) > MAX_PROMPT_CHARACTERS:
            raise InvalidInput(f"a prompt has at most {MAX_PROMPT_CHARACTERS:,} characters")
        reserved = self._reserve(asked, prompt, system, max_tokens)
        said: Said | None = None
        try:
            said = ask(
                asked,
                prompt,
                system=system,
                max_tokens=max_tokens,
                timeout_seconds=timeout_seconds,
                cancelled=cancelled,
            )
        except BrainOpsError as failure:  # given up by us, the server may go on, and send its bill
            asked_on = isinstance(failure, StepFailed) and failure.kind in GIVEN_UP
            tokens, cost = (reserved.tokens, reserved.cost) if asked_on else (0, 0.0)
            said = Said(text="", model=asked.names[0], input_tokens=tokens, output_tokens=0, cost=cost)
            raise
        else:
            if not said.input_tokens + said.output_tokens:  # a server that does not count; so we do, upwards
                output_tokens = len(said.text.encode(errors="replace"))
                said = replace(said, input_tokens=reserved.tokens - max_tokens, output_tokens=output_tokens)
            return said
        finally:
            if said is not None:
                self._settle(reserved, said, purpose)

    def _reserve(self, models: LanguageModels, prompt: str, system: str, max_tokens: int) -> Reserved:
        """Set aside the most that a call can take: no text has more tokens than bytes, no answer more than allowed."""
        from brainops.agents.language.model import cost_of

        input_tokens = len((prompt + system).encode(errors="replace")) + FRAME_TOKENS
        costs = [cost_of(models, name, input_tokens, max_tokens) for name in models.names]
        tokens, cost = input_tokens + max_tokens, max((each for each in costs if each is not None), default=0.0)
        with self._context.store.writing(acts.SPEND, self._context.actor) as tx:
            budget, day = _read(tx), self._context.store.now() // DAY_MICROS
            if budget.open and budget.tokens_a_day is None and None in costs:
                unknown = models.names[costs.index(None)]
                raise NotConfigured(
                    f"what {unknown} costs is not known, and the budget is in dollars alone; set one in tokens too: "
                    "brainops language budget --tokens N"
                )
            if budget.open and tx.language.reserve(
                day, tokens, cost, most_tokens=budget.tokens_a_day, most_cost=budget.cost_a_day
            ):
                return Reserved(day=day, tokens=tokens, cost=cost)
            taken = tx.language.taken(day)
        raise BudgetSpent(_spent(budget, taken, tokens, cost))

    def _settle(self, reserved: Reserved, said: Said, purpose: str) -> None:
        name = self._context.text(purpose.strip() or "unnamed", MAX_PURPOSE_CHARACTERS)
        tokens, cost = said.input_tokens + said.output_tokens, said.cost or 0.0
        with self._context.store.writing(acts.SPEND, self._context.actor) as tx:
            tx.language.settle(reserved.day, tokens - reserved.tokens, cost - reserved.cost)
            tx.language.add(
                reserved.day,
                name,
                said.model[:MAX_PURPOSE_CHARACTERS],
                input_tokens=said.input_tokens,
                output_tokens=said.output_tokens,
                cost=cost,
            )


def budget_of(tx: Transaction, now: Micros) -> LanguageBudget:
    """Return what may be taken a day in the written namespace, and what is spent or set aside today."""
    tokens, cost = tx.language.taken(now // DAY_MICROS)
    return replace(_read(tx), tokens_today=tokens, cost_today=cost)


def _limit(value: Any, name: str) -> Any:
    if value is None:
        return None
    kind = int if name == "tokens_a_day" else (int, float)
    if isinstance(value, bool) or not isinstance(value, kind) or not math.isfinite(value) or value < 0:
        raise InvalidInput(f"{name} is a number of 0 or more, not {value!r:.40}")
    return value


def _read(tx: Transaction) -> LanguageBudget:
    said = tx.rules.own(SETTING)
    return LanguageBudget(**json.loads(said)) if said is not None else LanguageBudget()


def _spent(budget: LanguageBudget, taken: tuple[int, float], tokens: int, cost: float) -> str:
    """Return why a call is not made, with its numbers and the way out."""
    if not budget.open:
        return "no budget is set for language models here; a person sets one: brainops language budget --cost 1"
    limits = [
        f"{taken[0]:,} of {budget.tokens_a_day:,} tokens" if budget.tokens_a_day is not None else "",
        f"${taken[1]:.4f} of ${budget.cost_a_day:g}" if budget.cost_a_day is not None else "",
    ]
    return (
        f"today {' and '.join(filter(None, limits))} are spent or set aside, and this call may take {tokens:,} tokens "
        f"and ${cost:.4f}; wait for tomorrow (UTC), ask for less, or a person sets more: brainops language budget"
    )
