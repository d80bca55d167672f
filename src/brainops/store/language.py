"""What may language models still take today, and what did they take?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brainops.store.database import Row, Session


class LanguageRows:
    """The budget and the use of language models in one transaction. A day is a number: days since 1970-01-01 UTC."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def reserve(self, day: int, tokens: int, cost: float, *, most_tokens: int | None, most_cost: float | None) -> bool:
        """Set tokens and cost aside; return False where the day's limits leave no room. None is no limit.

        One conditional update of one row: of two who ask at once, the second sees what the first has set aside.
        """
        self._session.run("language_day_open", day=day)
        limits = {"most_tokens": most_tokens, "most_cost": most_cost}
        return self._session.run("language_reserve", day=day, tokens=tokens, cost=cost, **limits) > 0

    def settle(self, day: int, tokens: int, cost: float) -> None:
        """Add what was taken less what was set aside; both may be negative."""
        self._session.run("language_settle", day=day, tokens=tokens, cost=cost)

    def taken(self, day: int) -> tuple[int, float]:
        """Return the tokens and the cost that are spent or set aside on a day."""
        row = self._session.one("language_day_get", day=day)
        return (int(row["tokens"]), float(row["cost"])) if row else (0, 0.0)

    def add(self, day: int, purpose: str, model: str, *, input_tokens: int, output_tokens: int, cost: float) -> None:
        """Count a call."""
        used = {"input_tokens": input_tokens, "output_tokens": output_tokens, "cost": cost}
        self._session.run("language_use_add", day=day, purpose=purpose, model=model, **used)

    def used(self, since: int) -> Sequence[Row]:
        """Return what was used since a day in the readable namespaces, by day, purpose and model, newest first."""
        return self._session.all("language_used", since=since)
