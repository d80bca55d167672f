"""Which questions do the development sets ask, and of which texts? Reads ../shared/bench, which only measuring may use.

Each bench script is run as it stands with an adapter that records what it is given, so the cases are exactly those that
the script scores.
"""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench"
_STACKEVAL = ",".join(f"data/stackeval/{name}.jsonl" for name in ("stack-eval", "stack-unseen-1", "stack-unseen-2"))
_GITBUGS = ["data/gitbugs/hadoop_bugs.csv", "--pairs", "data/gitbugs/hadoop_bugs-combined.csv"]
SETS: dict[str, list[str]] = {
    "locomo": ["retr_locomo.py", "data/locomo/locomo10.json"],
    "locomo sessions": ["retr_locomo.py", "data/locomo/locomo10.json", "--unit", "session"],
    "stackeval title": ["sol_stackeval.py", _STACKEVAL, "--mode", "title"],
    "stackeval full": ["sol_stackeval.py", _STACKEVAL, "--mode", "full"],
    "alert runbook": ["sol_alert_runbook.py", "data/runbooks", "--half", "dev"],
    "gitbugs full": ["dup_gitbugs.py", *_GITBUGS],
    "gitbugs summary": ["dup_gitbugs.py", *_GITBUGS, "--mode", "summary"],
    "cranfield": ["ir_classic.py", "data/cranfield"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of a store: its id there and the session that it belongs to, if any."""

    id: str
    text: str
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question: the ids that answer it with their gain (none: not known), and how many texts stood there then."""

    question: str
    gold: dict[str, float]
    visible: int


@dataclass(slots=True)
class Recorded:
    """One store of a set in the order in which it grew."""

    texts: list[Text] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


def read(name: str) -> list[Recorded]:
    """Return the stores of a set; LoCoMo's adversarial questions, whose premise is false, are left out."""
    if not BENCH.is_dir():
        raise SystemExit(f"the development sets are not here: {BENCH} is absent; the committed results stand")
    script, *arguments = SETS[name]
    stores: list[Recorded] = []
    pending: list[dict[str, float]] = []
    sys.path.insert(0, str(BENCH))
    import common

    class Recorder:
        def __init__(self) -> None:
            self.store = Recorded()
            self.ids = self.store.texts
            stores.append(self.store)

        def add(self, id: str, text: str, meta: dict[str, Any]) -> None:
            self.store.texts.append(Text(id=str(id), text=text, session=meta.get("session")))

        def search(self, query: str, k: int) -> list[str]:
            gold = pending.pop()
            if gold:
                self.store.cases.append(Case(question=query, gold=gold, visible=len(self.store.texts)))
                self.asked = query, len(self.store.texts)
            return ["-"]

        def scored(self, query: str, k: int) -> list[tuple[str, float]]:
            if getattr(self, "asked", None) != (query, len(self.store.texts)):
                self.store.cases.append(Case(question=query, gold={}, visible=len(self.store.texts)))
            return [("-", 0.0)]

    def note(self: Any, store: Recorder, query: str, gold: Any, k: int = 10, tag: Any = None, drop: Any = ()) -> Any:
        gains = gold if isinstance(gold, dict) else dict.fromkeys(gold, 1.0)
        pending.append({} if tag == "adversarial" else {str(key): float(gain) for key, gain in gains.items()})
        return plain(self, store, query, gold, k, tag, drop)

    plain, before, arguments_before = common.Scores.run, Path.cwd(), sys.argv
    common.BUILTIN["recorder"] = Recorder
    common.Scores.run = note
    try:
        os.chdir(BENCH)
        sys.argv = [script, *arguments, "--adapter", "recorder"]
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(str(BENCH / script))
    finally:
        os.chdir(before)
        sys.argv = arguments_before
        common.Scores.run = plain
    return stores
