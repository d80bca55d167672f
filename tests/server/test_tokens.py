"""Does a page's token do what its one operation needs, and nothing else, from the pages that may show it?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import InvalidConfiguration
from brainops.remote.verbs import verbs
from brainops.server.app import application
from brainops.server.tokens import TAKEN
from brainops.types import Actor, ActorKind, Evidence
from tests.server.asking import Asking, asking

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="terminal")
SHOP = "https://shop.example"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(tmp_path / "memory.db", namespace="team/a", read=[], model="none", background=False) as opened:
        yield opened


@pytest.fixture
def person(engine: Engine) -> Brain:
    return Brain(engine, actor=MARTA)


@pytest.fixture
def server(engine: Engine) -> Iterator[Asking]:
    """A server that is open to this machine: what a page lacks, nobody's address gives it."""
    app = application(engine, hosts={"127.0.0.1"}, open_to_this_machine=True, closed=asyncio.Event(), origins=[SHOP])
    with asking(app) as client:
        yield client


@pytest.fixture
def key(person: Brain) -> str:
    return person.keys.issue("shop").secret


@pytest.fixture
def token(server: Asking, key: str) -> str:
    """What the page's own server asked for with its key."""
    secret: str = server.post("keys/token", operation="checkout", key=key)["secret"]
    return secret


def test_a_page_begins_and_ends_its_operation_and_tells_its_errors(server: Asking, person: Brain, token: str) -> None:
    begun = server.post("operations/begin", name="checkout", target="shop", context={"cart": 3}, key=token)
    server.post("operations/finish", operation_id=begun["id"], result={"orders": 1}, key=token)
    server.post("capture_error", error="RangeError: the cart is empty", service="shop-web", key=token)

    operation = person.operations.get(begun["id"])
    assert operation.start.actor == Actor(kind=ActorKind.AGENT, id="shop", proof="token")
    assert operation.outcome is not None and operation.outcome.evidence is Evidence.CLAIMED
    assert person.match("RangeError: the cart is empty")[0].exact


def test_with_a_token_every_other_verb_and_route_is_refused(server: Asking, token: str) -> None:
    """Whatever stands in the table of verbs, today or tomorrow, is asked."""
    for verb in verbs().values():
        if verb.name not in TAKEN:
            for headers in ({}, {"brainops-proof": "bok_x"}):
                refused = server.refused(verb.name.replace(".", "/"), key=token, headers=headers)
                assert (refused["status"], refused["type"]) == (403, "TokenDenied"), verb.name
    for path in ("/v1/pack", "/v1/stream", "/v1/retrieve?query=x", "/v1/upkeep/status", "/sign-in/who"):
        for shown in ({"authorization": f"Bearer {token}"}, {"x-api-key": token}):
            assert server.get(path, headers=shown).status_code in (401, 403), path
    assert server.send("POST", "/mcp", json={}, headers={"x-api-key": token}).status_code == 403
    told = server.send("POST", "/v1/events/generic", json={"name": "x"}, headers={"x-api-key": token})
    assert told.status_code == 403


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("operations/begin", {"name": "deploy"}),
        ("operations/begin", {"name": "checkout", "session": "s"}),
        ("operations/begin", {"name": "checkout", "action_class": "read_only"}),
        ("operations/begin", {"name": "checkout", "consult": "never"}),
        ("operations/finish", {"operation_id": "OWN", "followed": "m"}),
        ("operations/finish", {"operation_id": "OWN", "claimed": True}),
        ("operations/finish", {"operation_id": "OWN", "cost": 1.0}),
    ],
)
def test_a_page_says_no_more_than_the_client_does(server: Asking, token: str, verb: str, body: dict[str, Any]) -> None:
    own = server.post("operations/begin", name="checkout", key=token)["id"]
    said = {name: own if value == "OWN" else value for name, value in body.items()}

    assert server.refused(verb, key=token, **said)["type"] == "TokenDenied"
    for header in ("namespace", "read", "actor", "session", "proof"):
        headers = {f"brainops-{header}": "team/b"}
        assert server.refused("operations/begin", name="checkout", key=token, headers=headers)["status"] == 403


def test_a_page_ends_no_operation_of_anybody_else(server: Asking, person: Brain, key: str, token: str) -> None:
    """Neither that of the key that let it in, nor that of a page with another name, nor one elsewhere."""
    other = server.post("keys/token", operation="search", key=key)["secret"]
    elsewhere = person.keys.issue("far", namespace="team/b").secret
    ids = [
        server.post("operations/begin", name="checkout", key=key)["id"],
        server.post("operations/begin", name="search", key=other)["id"],
        server.post("operations/begin", name="checkout", key=elsewhere)["id"],
        "00000000-0000-7000-8000-000000000000",
    ]

    for each in ids:
        assert server.refused("operations/finish", operation_id=each, error="x", key=token)["type"] == "NotFound"
    assert all(person.operations.get(each).outcome is None for each in ids[:2])


def test_a_page_takes_no_idempotency_key_from_its_server_and_gets_none_of_its_answers(
    server: Asking, key: str, token: str
) -> None:
    once = {"brainops-call": "k-1"}
    mine = server.post("operations/begin", name="checkout", key=key, headers=once)
    pages = server.post("operations/begin", name="checkout", key=token, headers=once)
    again = server.post("operations/begin", name="checkout", key=token, headers=once)

    assert pages["id"] != mine["id"] and again["id"] == pages["id"]


def test_a_page_of_a_named_origin_asks_with_a_token_and_reads_the_answer(server: Asking, key: str, token: str) -> None:
    wants = {"origin": SHOP, "access-control-request-method": "POST", "sec-fetch-site": "cross-site"}
    before = server.send("OPTIONS", "/v1/operations/begin", headers=wants)
    begun = server.send(
        "POST", "/v1/operations/begin", json={"name": "checkout"}, headers={**wants, "authorization": f"Bearer {token}"}
    )
    ended = server.send("POST", "/v1/capture", json={}, headers={**wants, "authorization": f"Bearer {token}"})

    assert before.status_code == 204 and "authorization" in before.headers["access-control-allow-headers"]
    assert begun.status_code == 200 and ended.status_code == 403
    for answer in (before, begun, ended):
        assert (answer.headers["access-control-allow-origin"], answer.headers["vary"]) == (SHOP, "origin")
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("shown", ["nothing", "a key", "a cookie"])
def test_a_page_elsewhere_is_nobody_without_a_token(server: Asking, key: str, shown: str) -> None:
    """A server that is open to this machine takes no page in the browser there for this machine."""
    headers = {"nothing": {}, "a key": {"authorization": f"Bearer {key}"}, "a cookie": {"cookie": "brainops=x"}}[shown]

    for method, path in (("POST", "/v1/capture_error"), ("GET", "/v1/upkeep/status"), ("GET", "/sign-in")):
        answer = server.send(method, path, headers={"origin": SHOP, **headers})
        assert (answer.status_code, answer.json()["type"]) == (403, "TokenDenied"), path
    assert server.send("OPTIONS", "/v1/keys/token", headers={"origin": SHOP}).status_code == 403


def test_a_page_that_is_not_named_is_refused_even_with_a_token(server: Asking, token: str) -> None:
    for origin in ("https://evil.example", "https://shop.example.evil", "http://shop.example", "null"):
        headers = {"origin": origin, "authorization": f"Bearer {token}"}
        answer = server.send("POST", "/v1/operations/begin", json={"name": "checkout"}, headers=headers)
        assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers
        assert server.send("OPTIONS", "/v1/operations/begin", headers=headers).status_code == 403


@pytest.mark.parametrize("origin", ["*", "shop.example", "https://shop.example/", "https://u@shop.example", "null"])
def test_what_is_no_origin_keeps_a_server_from_beginning(engine: Engine, origin: str) -> None:
    with pytest.raises(InvalidConfiguration, match="an origin is https://HOST"):
        application(engine, hosts=set(), open_to_this_machine=True, closed=asyncio.Event(), origins=[origin])


def test_a_token_that_was_revoked_opens_nothing_and_says_so(server: Asking, person: Brain, token: str) -> None:
    person.keys.revoke("shop")

    refused = server.refused("operations/begin", name="checkout", key=token)

    assert (refused["status"], refused["type"]) == (401, "Unauthenticated")
    assert token not in str(refused)
