"""How is an agent's call of a tool an operation: guarded before, its end on record, its known fix told after?

The frameworks differ in where they let somebody in; what is done there is the same for all, and stands here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from brainops.brain import Brain
from brainops.errors import BrainOpsError, OperationBlocked
from brainops.types import Actor, ActorKind, Recognition

NAME_CHARACTERS = 200
ERROR_CHARACTERS = 16_384  # of an error's end, near which the error itself stands
ADVICE_CHARACTERS = 2_000
MOST_TOLD = 3

_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class ToolCalls:
    """The calls of one agent's tools. Safe to share between threads."""

    def __init__(self, brain: Brain, *, agent: str | None = None) -> None:
        """Accompany calls as the actor of `brain`, or as an agent of another name."""
        name = _name(agent or "")
        self.brain = brain.acting(actor=Actor(kind=ActorKind.AGENT, id=name)) if name else brain
        self._strict = brain.guard.is_strict()  # when it was last asked: it may be out of reach when that matters

    def begin(
        self,
        tool: str,
        arguments: object,
        *,
        target: str | None = None,
        session: str | None = None,
        least: str | None = None,
    ) -> Any:
        """Begin a call, before it is made; return what `succeed`, `fail` and `discard` end, None without memory.

        `least` is what class it has at least, where the caller knows better. Raises OperationBlocked where the guard
        does not let it pass, also where it cannot be asked and has to be.
        """
        named = arguments if isinstance(arguments, Mapping) else {"arguments": arguments}
        try:
            return self.brain.begin(
                _name(tool) or "tool",
                target=target,
                context={str(name): value for name, value in named.items()},
                session=session,
                consult="cached",
                record="async",
                action_class=least,
            )
        except OperationBlocked:
            raise
        except BrainOpsError as trouble:
            with suppress(BrainOpsError):
                self._strict = self.brain.guard.is_strict()
            if not self._strict:
                return None
            raise OperationBlocked(
                f"memory cannot be asked about it: {trouble}. The way out: brainops doctor"
            ) from trouble

    def succeed(self, running: Any) -> None:
        """End a call that went well."""
        if running is not None:
            with suppress(BrainOpsError):
                running.succeed()

    def discard(self, running: Any) -> None:
        """Take a call back of which nothing was done, or of whose end nobody knows."""
        if running is not None:
            with suppress(BrainOpsError):
                running.discard()

    def fail(self, running: Any, error: str | BaseException) -> str:
        """End a call that failed; return what is known to help, "" where nothing is."""
        text = (error if isinstance(error, str) else f"{type(error).__name__}: {error}")[-ERROR_CHARACTERS:]
        try:
            known = self.brain.recognise(text)  # before it is written, so that it is not known by itself
            if running is not None:
                running.fail(text if isinstance(error, str) else error)
        except BrainOpsError:
            return ""
        return helps(known)


def refusal(error: BrainOpsError) -> str:
    """Return what a model reads in place of a tool's result: why it was not called, and the way out."""
    return f"BrainOps did not let this call pass: {error}"


def helps(known: Recognition) -> str:
    """Return what is known to help against an error, quoted as data; "" where nothing is."""
    told = [tries.text for tries in known.next_tries if tries.text]
    told += [
        f"Fix {each.fix.id}, {_quoted(each.fix.title)}: {_quoted(each.fix.advice)} {each.sentence}"
        for each in known.fixes
    ]
    return "\n".join(["BrainOps knows this error.", *told[:MOST_TOLD]]) if told else ""


def _name(said: str) -> str:
    return " ".join(_UNNAMEABLE.sub(" ", said).split())[:NAME_CHARACTERS]


def _quoted(text: str) -> str:
    return json.dumps(" ".join(text.split())[:ADVICE_CHARACTERS], ensure_ascii=False)
