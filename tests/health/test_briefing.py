"""Does a briefing hold its bounds whatever memory holds?"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from brainops.health.briefing import SORTS, block, screen, tokens_of
from brainops.types import Briefing
from brainops_core.redaction.injected import strip_injected

TEXTS = st.text(max_size=400)


def item(title: str, text: str) -> dict[str, Any]:
    return {"id": "i", "title": title, "text": text, "at": 0, "trust": "external", "importance": 1, "occurrences": 2}


def briefing(texts: list[str]) -> Briefing:
    said = texts or ["x"]
    return Briefing(
        session_id=said[0],
        namespace="team/a",
        at=10**12,
        system_status={
            "version": "1",
            "now": 10**12,
            "memories": {"total": 3, "last_capture_at": 5},
            "index": {"waiting": 1},
            "operations": {"week": 1, "failed": 1},
            "waiting": {"approvals": 1, "notices": 2},
            "guard": {"enforcement": "observe", "autonomy": "auto"},
        },
        operational_procedures=[
            {"name": text, "mode": "strict", "binds": number % 2 == 0, "description": text, "steps": 2}
            for number, text in enumerate(said)
        ],
        memory_context={sort: [item(text, text) for text in said] for sort in SORTS},
        frameworks=[{"kind": "extra", "name": "policy", "present": False}],
        monitoring_loops=[{"kind": "workers", "name": "workers", "state": "none"}],
        session_summary=said[:2],
    )


@settings(max_examples=60)
@given(st.lists(TEXTS, max_size=12), st.integers(min_value=200, max_value=2_000))
def test_a_block_holds_its_bound_and_is_one_block(texts: list[str], tokens: int) -> None:
    found = block(briefing(texts), tokens)

    assert tokens_of(found) <= tokens
    assert strip_injected(found).strip() == ""


@settings(max_examples=60)
@given(st.lists(TEXTS, max_size=12))
def test_no_line_of_a_screen_is_wider_than_a_terminal_or_steers_it(texts: list[str]) -> None:
    found = screen(briefing(texts))

    assert all(len(line) <= 80 for line in found.split("\n"))
    assert all(character.isprintable() or character == "\n" for character in found)


def test_every_sort_is_named_before_any_is_told_at_length() -> None:
    found = block(briefing([f"number {n}" for n in range(8)]))
    headings = [line for line in found.splitlines() if line.endswith(":")]

    assert headings == [
        "Procedures that must be followed:",
        "Recent errors:",
        "Recent learnings:",
        "Recent decisions:",
        "Recent deployments:",
        "Other procedures:",
        "Earlier errors:",
        "Earlier learnings:",
        "Earlier decisions:",
        "Earlier deployments:",
    ]
