"""Does every list of a view give each of its items once, in its order, by pages of any size, while others come in?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.nouns import Noun
from brainops.types import Memory, Page
from brainops.types.times import DAY_MICROS, SECOND_MICROS
from brainops.wire import plain
from tests.conformance.conftest import OpenBrain
from tests.conformance.everything import MARTA, furnish

NOW = 1_800_000_000_000_000


def lists(brain: Brain) -> Iterator[tuple[str, Callable[..., Page[Any]]]]:
    """Yield every public verb that can be asked for the page beside a cursor, but the feed."""
    yield "newest", brain.newest
    for name in sorted(dir(type(brain))):
        if not name.startswith("_") and isinstance(noun := getattr(brain, name), Noun):
            for verb in dir(noun):
                if callable(found := getattr(noun, verb)) and "after" in inspect.signature(found).parameters:
                    yield f"{name}.{verb}", found


def furnished(open_brain: OpenBrain) -> Brain:
    """Return a view of a store with something in every list, some of it of the same moment."""
    now = [NOW]

    def clock() -> int:
        now[0] += SECOND_MICROS
        return now[0] // (3 * SECOND_MICROS) * 3 * SECOND_MICROS

    brain = open_brain(actor=MARTA, clock=clock)
    furnish(brain)
    for number in range(4):
        more(brain, number)
    return brain


def more(brain: Brain, number: int) -> None:
    """Put something into several lists."""
    with brain.operation(f"deploy {number}"):
        pass
    brain.cases.learn("refund", {"amount": number}, {"pay": True})
    brain.fixes.attach(f"PoolTimeout{number}: none was free", f"restart {number}", advice="restart it")
    brain.runs.start("deploy-safely", {"version": str(number)}, target=f"new-{number}")


def walked(verb: Callable[..., Page[Any]], limit: int) -> list[Any]:
    """Return what is found from page to page."""
    page, found = verb(limit=limit), list[Any]()
    while True:
        found += page
        assert len(page) <= limit
        if page.next is None:
            return found
        page = verb(limit=limit, after=page.next)


def back(verb: Callable[..., Page[Any]], limit: int) -> list[Any]:
    """Return what is found from the last page to the first."""
    page = verb(limit=1)
    while page.next is not None:
        page = verb(limit=limit, after=page.next)
    found = list(page)
    while page.previous is not None:
        page = verb(limit=limit, before=page.previous)
        found = [*page, *found]
    return found


def test_every_list_gives_each_item_once_by_pages_of_any_size_in_both_directions(open_brain: OpenBrain) -> None:
    brain = furnished(open_brain)
    asked = dict(lists(brain))
    assert len(asked) >= 16

    for name, verb in asked.items():
        whole = plain(list(verb(limit=500)))
        for limit in (1, 2, 3, len(whole) or 1):
            assert plain(walked(verb, limit)) == whole, name
        for limit in (1, 2, 500):
            assert plain(back(verb, limit)) == whole, name


def test_what_comes_in_meanwhile_moves_no_page(open_brain: OpenBrain) -> None:
    brain = furnished(open_brain)
    for number, (name, verb) in enumerate(lists(brain)):
        whole = plain(list(verb(limit=500)))
        page = verb(limit=3)
        found = plain(list(page))
        more(brain, 100 + number)
        while page.next is not None:
            page = verb(limit=3, after=page.next)
            found += plain(list(page))

        assert [each.get("id", each) for each in found] == [each.get("id", each) for each in whole], name


def test_a_cursor_of_another_list_or_of_other_conditions_is_refused(open_brain: OpenBrain) -> None:
    brain = furnished(open_brain)
    cursors = {name: verb(limit=1).next for name, verb in lists(brain)}
    for name, verb in lists(brain):
        for other, cursor in cursors.items():
            if cursor is None or other == name or {name, other} == {"notices.list", "notices.pending"}:
                continue
            with pytest.raises(InvalidInput, match="another list"):
                verb(after=cursor)
        with pytest.raises(InvalidInput, match="no cursor"):
            verb(before="nothing of the sort")
        with pytest.raises(InvalidInput, match="either"):
            verb(before="a", after="b")

    with pytest.raises(InvalidInput, match="other conditions"):
        brain.operations.list(name="deploy 1", after=cursors["operations.list"])
    elsewhere = brain.acting(read=[])
    with pytest.raises(InvalidInput, match="other conditions"):
        elsewhere.operations.list(after=cursors["operations.list"])
    assert brain.operations.list(since=0, after=cursors["operations.list"])  # a bound that moves with the clock


def test_memories_of_several_namespaces_and_types_are_one_list_in_which_a_wrong_clock_comes_last(
    open_brain: OpenBrain,
) -> None:
    now = [NOW]
    brain = open_brain(read=["other"], clock=lambda: now[0])
    other = open_brain(namespace="other", clock=lambda: now[0])
    now[0] += 3 * DAY_MICROS
    for number in range(3):
        brain.capture(f"ahead {number}", "by a wrong clock")
    now[0] = NOW
    for number in range(4):
        brain.capture(f"note {number}", "kept here")
        other.capture(f"error {number}", "kept there", type="error_pattern")
        now[0] += SECOND_MICROS * (number % 2)

    def near(**asked: Any) -> Page[Memory]:
        return brain.newest(types=["learning_insight", "error_pattern"], **asked)

    for listed in (brain.newest, near):
        whole = [memory.title for memory in listed(limit=50)]
        assert [title.split()[0] for title in whole[-3:]] == ["ahead"] * 3 and len(whole) == 11
        for limit in (1, 2, 5, 8, 9, 11):
            assert [memory.title for memory in walked(listed, limit)] == whole
            assert [memory.title for memory in back(listed, limit)] == whole
    assert [memory.title for memory in walked(partial(brain.newest, types="error_pattern"), 3)] == [
        f"error {number}" for number in (3, 2, 1, 0)
    ]


def test_a_page_is_a_list_and_an_object_in_json(open_brain: OpenBrain) -> None:
    brain = open_brain()
    with brain.operation("deploy"):
        pass
    page = brain.operations.list(limit=5)

    assert isinstance(page, list) and page.next is None and page.previous is None
    assert [*plain(page)] == ["items", "next", "previous"]
    assert plain(page)["items"] == plain(list(page))
    assert plain(brain.runs.list()) == {"items": [], "next": None, "previous": None}
