"""Does a key ask as often as it may in a minute, whichever server it asks, and no more; and captures go before?"""

from __future__ import annotations

from contextlib import suppress

import pytest

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.server.problem import Trouble
from brainops.server.rates import FOR_CAPTURES, FOR_ONE_PAGE, Rates
from brainops.store import Store
from brainops.types import Actor, ActorKind
from brainops.types.times import MINUTE_MICROS
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

BOT = Actor(kind=ActorKind.AGENT, id="bot", proof="key")
AT = 1_000 * MINUTE_MICROS
LIMIT, BLOCK = 200, 10


@pytest.fixture
def engines(open_brain: OpenBrain) -> list[Engine]:
    """The store as two servers have it open."""
    return [inside(open_brain()).engine, inside(open_brain()).engine]


def server(engine: Engine, at: list[int], limit: int = LIMIT) -> Rates:
    return Rates(engine, limit, lambda: at[0])


def let_through(servers: list[Rates], *, captures: bool = False, actor: Actor = BOT) -> int:
    """Ask the servers in turn until all refuse, and return how often one did not."""
    count, over = 0, 0
    refused: set[tuple[int, str]] = set()
    while over < len(servers):
        over = 0
        for each in servers:
            try:
                each.require(actor, captures=captures)
                count += 1
            except Trouble as error:
                refused.add((error.status, error.headers["retry_after"]))
                over += 1
    assert refused == {(429, "60")}
    return count


def test_two_servers_let_one_key_through_as_often_as_it_may(engines: list[Engine]) -> None:
    at = [AT]
    servers = [server(engine, at) for engine in engines]

    reads = let_through(servers)
    captures = let_through(servers, captures=True)

    assert reads == pytest.approx(LIMIT * (1 - FOR_CAPTURES), abs=BLOCK)
    assert LIMIT <= reads + captures <= LIMIT + BLOCK
    assert let_through(servers, actor=Actor(kind=ActorKind.AGENT, id="other", proof="key")) == reads
    at[0] += MINUTE_MICROS
    assert let_through(servers) == reads


def test_a_request_costs_no_write_but_one_in_a_block(engines: list[Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[str] = []
    took = Rates._took

    def counted(rates: Rates, name: str, window: int, captures: bool) -> bool:
        writes.append(name)
        return took(rates, name, window, captures)

    monkeypatch.setattr(Rates, "_took", counted)
    one = server(engines[0], [AT])

    reads = let_through([one])

    assert len(writes) == pytest.approx(reads / BLOCK, abs=1)  # those that are refused cost none either


def test_who_asks_now_and_then_costs_nothing_and_this_machine_is_not_counted(
    engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Rates, "_took")
    at = [AT]
    one = server(engines[0], at)
    for _ in range(5):
        for _ in range(BLOCK):
            one.require(BOT, captures=False)
        at[0] += MINUTE_MICROS
    for _ in range(LIMIT * 2):
        one.require(Actor(kind=ActorKind.AGENT, id="http", proof="loopback"), captures=False)
        server(engines[0], at, limit=0).require(BOT, captures=False)


def test_a_store_that_is_away_refuses_nobody(open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch) -> None:
    from brainops.errors import StoreUnavailable

    def away(*of: object, **more: object) -> None:
        raise StoreUnavailable("away")

    brain: Brain = open_brain()
    one = server(inside(brain).engine, [AT])
    monkeypatch.setattr(Store, "writing", away)

    for _ in range(LIMIT + 1):
        one.require(BOT, captures=False)


def test_what_is_kept_for_captures_no_read_takes(engines: list[Engine]) -> None:
    one = server(engines[0], [AT])
    let_through([one])
    captures = 0

    for _ in range(int(LIMIT * FOR_CAPTURES) - BLOCK):
        one.require(BOT, captures=True)
        captures += 1
        with pytest.raises(Trouble):
            one.require(BOT, captures=False)

    assert captures == LIMIT * FOR_CAPTURES - BLOCK


def test_an_answer_that_comes_after_its_minute_counts_for_none(
    engines: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    at, took = [AT], Rates._took
    one = server(engines[0], at)
    alone = let_through([one])
    at[0] += MINUTE_MICROS
    for _ in range(BLOCK):
        one.require(BOT, captures=False)

    def late(rates: Rates, name: str, window: int, captures: bool) -> bool:
        monkeypatch.setattr(Rates, "_took", took)
        at[0] += MINUTE_MICROS
        one.require(BOT, captures=False)  # somebody else begins the next minute
        return False

    monkeypatch.setattr(Rates, "_took", late)
    with pytest.raises(Trouble):
        one.require(BOT, captures=False)

    assert let_through([one]) == alone - 1


def test_a_page_that_asks_too_often_keeps_no_other_page_of_its_key_out(engines: list[Engine]) -> None:
    at = [AT]
    one = server(engines[0], at)
    page = Actor(kind=ActorKind.AGENT, id="bot", proof="token")

    def asked(secret: str, times: int) -> int:
        through = 0
        for _ in range(times):
            with suppress(Trouble):
                one.require(page, captures=False, page=secret)
                through += 1
        return through

    assert asked("loud", 3 * LIMIT) == LIMIT * FOR_ONE_PAGE
    assert asked("quiet", 5) == 5
    others = sum(asked(f"page {number}", LIMIT) for number in range(20))
    assert others == pytest.approx(LIMIT * (1 - FOR_CAPTURES - FOR_ONE_PAGE) - 5, abs=BLOCK)  # the key's ceiling
    at[0] += MINUTE_MICROS
    assert asked("loud", LIMIT) == LIMIT * FOR_ONE_PAGE
