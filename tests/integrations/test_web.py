"""Does memory hear of what requests raise, in the frameworks themselves, and hold back what a rule holds back?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, HTTPException
from litestar import Litestar, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException

from brainops.brain import Brain
from brainops.integrations.asgi import RequestMemory, running_of
from brainops.integrations.fastapi import operation, remember
from brainops.integrations.litestar import MemoryPlugin
from brainops.types import MemoryType, Rule, RuleKind, RuleMode

App = Callable[..., Awaitable[None]]
SHOP = ("POST /orders*",)


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "m.db", namespace="shop", read=[], model="none", background=False) as opened:
        yield opened


def plain_app(brain: Brain) -> App:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/broken":
            raise RuntimeError("the gateway is gone")
        running = running_of(scope)
        body = b"consulted" if running is not None and running.guidance is not None else b"plain"
        await send({"type": "http.response.start", "status": 503 if scope["path"] == "/busy" else 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return RequestMemory(app, brain, service="shop", operations=(*SHOP, "GET /busy"))


def fastapi_app(brain: Brain) -> App:
    app, accompanied = FastAPI(), Depends(operation(brain, "refund an order"))
    remember(app, brain, service="shop", operations=SHOP)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the gateway is gone")

    @app.get("/missing")
    def missing() -> None:
        raise HTTPException(404)

    @app.post("/orders")
    def orders() -> str:
        return "taken"

    @app.post("/refunds")
    async def refunds(running: Any = accompanied, fails: bool = False) -> str:
        if fails:
            raise RuntimeError("the bank is gone")
        return str(running.id)

    return app


def litestar_app(brain: Brain) -> App:
    @get("/broken", sync_to_thread=False)
    def broken() -> None:
        raise RuntimeError("the gateway is gone")

    @get("/missing", sync_to_thread=False)
    def missing() -> None:
        raise NotFoundException

    @post("/orders", sync_to_thread=False)
    def orders(memory: NamedDependency[Brain]) -> str:
        return str(memory.settings.namespace)

    plugin = MemoryPlugin(brain, service="shop", operations=SHOP)
    return Litestar([broken, missing, orders], plugins=[plugin], logging_config=None)


def ask(app: App, method: str, path: str) -> httpx2.Response:
    async def sent() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.local") as client:
            return await client.request(method, path)

    return asyncio.run(sent())


APPS = pytest.mark.parametrize("make", [plain_app, fastapi_app, litestar_app])


@APPS
def test_what_a_request_raises_is_a_memory_and_the_answer_stays_what_it_was(
    brain: Brain, make: Callable[[Brain], App]
) -> None:
    answer = ask(make(brain), "GET", "/broken?token=very-secret")
    brain.flush()

    assert answer.status_code == 500
    [found] = brain.retrieve(types=[MemoryType.ERROR_PATTERN])
    assert "the gateway is gone" in str(found.memory.content) and found.memory.occurrences == 1
    assert "very-secret" not in str(found.memory)
    assert brain.match(RuntimeError("the gateway is gone"))[0].memory.id == found.memory.id


def test_an_operation_fails_with_what_its_handler_raised_which_is_one_memory(brain: Brain) -> None:
    @get("/broken", sync_to_thread=False)
    def broken() -> None:
        raise RuntimeError("the gateway is gone")

    plugin = MemoryPlugin(brain, service="shop", operations=["GET /broken"])
    answer = ask(Litestar([broken], plugins=[plugin], logging_config=None), "GET", "/broken")
    brain.flush()

    assert answer.status_code == 500
    [found] = brain.retrieve(types=[MemoryType.ERROR_PATTERN])
    assert "the gateway is gone" in str(found.memory.content) and found.memory.occurrences == 1
    [operation] = brain.operations.list()
    assert "the gateway is gone" in str(operation.outcome)


@pytest.mark.parametrize("make", [fastapi_app, litestar_app])
def test_what_a_client_got_wrong_is_no_error_of_the_service(brain: Brain, make: Callable[[Brain], App]) -> None:
    app = make(brain)

    assert [ask(app, "GET", path).status_code for path in ("/missing", "/nowhere")] == [404, 404]
    brain.flush()
    assert brain.retrieve(types=[MemoryType.ERROR_PATTERN]) == []


@APPS
def test_a_request_that_is_an_operation_is_recorded_and_held_back_by_a_rule(
    brain: Brain, make: Callable[[Brain], App]
) -> None:
    app = make(brain)
    assert ask(app, "POST", "/orders").status_code in (200, 201)
    [operation] = brain.operations.list()
    assert (operation.start.name, operation.start.target) == ("POST /orders", "shop")
    assert operation.outcome is not None and operation.outcome.result in ({"status": 200}, {"status": 201})

    brain.guard.add(
        Rule(
            id="", namespace="", name="a person agrees", kind=RuleKind.APPROVAL, operations=("POST /orders",),
            mode=RuleMode.DENY,
        )
    )  # fmt: skip
    brain.guard.set_enforcement("strict", reason="a test")
    refused = ask(app, "POST", "/orders")
    assert refused.status_code == 403 and "a person agrees" in refused.text


def test_an_answer_that_says_that_it_failed_is_a_failed_operation(brain: Brain) -> None:
    assert ask(plain_app(brain), "GET", "/busy").status_code == 503
    brain.flush()

    [operation] = brain.operations.list()
    assert operation.outcome is not None and "GET /busy answered 503" in str(operation.outcome)


def test_a_route_of_fastapi_is_an_operation_by_its_dependency(brain: Brain) -> None:
    app = fastapi_app(brain)
    began = ask(app, "POST", "/refunds").json()
    failed = ask(app, "POST", "/refunds?fails=true")
    brain.flush()

    newest, first = brain.operations.list()
    assert first.id == began and failed.status_code == 500
    assert "the bank is gone" in str(newest.outcome)
    [error] = brain.retrieve(types=[MemoryType.ERROR_PATTERN])
    assert error.memory.occurrences >= 1


def test_trouble_of_memory_is_none_of_the_request(brain: Brain, tmp_path: Path) -> None:
    app = plain_app(brain)
    brain.close()

    assert ask(app, "GET", "/anything").status_code == 200
