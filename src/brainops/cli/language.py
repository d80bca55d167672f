"""What may language models take, and what did they take? The command language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brainops.cli import show
from brainops.cli.commands import group
from brainops.cli.options import REASON
from brainops.cli.screen import dim, padded
from brainops.cli.shared import Said
from brainops.cli.terminal import proven
from brainops.types import LanguageUse
from brainops.types.counted import counted
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.brain import Brain

SHOWN_USES = 14  # lines of use, so that the first screen fits a terminal


@group("language")
def language() -> None:
    """Language models are asked for nothing until a person sets what they may take a day, and nothing needs them.

    \b
    brainops language budget                   what may be taken, and what is left
    brainops language budget --cost 1          one dollar a day
    brainops language budget --tokens 200000   for models whose price is not known
    brainops language used --days 30           what was taken, for what, by which
    """


@language.command("budget")
@click.option("--cost", type=click.FloatRange(0), metavar="DOLLARS", help="US dollars a day; 0 lets nothing be asked.")
@click.option("--tokens", type=click.IntRange(0), metavar="N", help="Tokens a day, in and out.")
@REASON
def budget(brain: Brain, cost: float | None, tokens: int | None, reason: str) -> Said:
    """Show the budget of this namespace, or set it; a limit that is not named stays as it is.

    Example: brainops language budget --cost 1 --reason "to try it"
    """
    now = brain.language.budget()
    if cost is not None or tokens is not None:
        kept_cost = cost if cost is not None else now.cost_a_day or None
        kept_tokens = tokens if tokens is not None else now.tokens_a_day or None
        now = proven(brain, "LANGUAGE_BUDGET", brain.language.set_budget, kept_cost, kept_tokens, reason=reason)
    models = brain.settings.language
    yield {**plain(now), "models": models}
    yield from show.pairs(
        {
            "budget": show.language_budget(plain(now)),
            "models": ", ".join(models) or "none is named: set BRAINOPS_LANGUAGE, or `language` in the settings file",
        }
    )


@language.command("used")
@click.option("--days", type=click.IntRange(1, 3_660), default=7, show_default=True, metavar="N", help="How far back.")
def used(brain: Brain, days: int) -> Said:
    """Show what language models took, by day, purpose and model, newest first.

    Example: brainops language used --days 30
    """
    uses = brain.language.used(days)
    yield [plain(use) for use in uses]
    if not uses:
        yield dim(f"  no language model was asked in {days} days")
        return
    yield f"${sum(use.cost for use in uses):.4f} and {sum(map(_tokens, uses)):,} tokens in {days} days"
    for use in uses[:SHOWN_USES]:
        calls = counted(use.calls, "call")
        what = f"{padded(use.purpose, 20)} {padded(use.model, 18)} {calls}, {_tokens(use):,} tokens, ${use.cost:.4f}"
        yield f"  {use.day}  {what}"
    if len(uses) > SHOWN_USES:
        yield dim(f"  and {len(uses) - SHOWN_USES} more: brainops language used --days {days} --json")


def _tokens(use: LanguageUse) -> int:
    return use.input_tokens + use.output_tokens
