"""Can whoever shows no right key keep the server from answering others?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.server.app import application
from brainops.server.door import THREADS, UNKNOWN, WAITING
from brainops.types import Actor, ActorKind

URL = "http://127.0.0.1:8321"
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(tmp_path / "memory.db", namespace="team/a", read=[], model="none", background=False) as opened:
        yield opened


async def never(app: Any, path: str, headers: dict[str, str]) -> int:
    """Send the beginning of a request, whose body never comes, and return what it is answered with."""
    status = 0

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    said = {"host": "127.0.0.1", "content-length": "10", **headers}
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": path,
             "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
             "headers": [(name.encode(), value.encode()) for name, value in said.items()],
             "client": ("10.0.0.9", 5), "server": ("127.0.0.1", 8321)}  # fmt: skip
    await app(scope, receive, send)
    return status


@pytest.mark.parametrize(
    ("path", "headers", "refused"),
    [
        ("/v1/capture", {"authorization": "Bearer bok_made_up", **JSON}, 401),
        ("/v1/events/alertmanager", {"authorization": "Bearer bok_made_up", **JSON}, 401),
        ("/v1/events/grafana", {"x-grafana-alerting-signature": "00", **JSON}, 503),
        ("/sign-in/link", FORM, 503),
    ],
    ids=["verb", "event", "signed", "sign-in"],
)
def test_many_who_send_no_body_to_its_end_and_are_not_known_keep_nobody_waiting(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str], refused: int
) -> None:
    monkeypatch.setenv("GRAFANA", "a secret that it signs with")
    ines = Brain(engine, actor=Actor(kind=ActorKind.PERSON, id="ines", proof="os-user"))
    key = {"authorization": f"Bearer {ines.keys.issue('bot').secret}"}
    senders = {"grafana": ["env:GRAFANA"]}
    app: Any = application(
        engine, hosts={"127.0.0.1"}, open_to_this_machine=False, closed=asyncio.Event(), senders=senders
    )
    count = WAITING + THREADS + 1

    async def asked() -> tuple[list[int], int]:
        crowd = [asyncio.create_task(never(app, path, headers)) for _ in range(count)]
        inside = UNKNOWN if refused == 503 else 0
        answered: list[int] = []
        for done in asyncio.as_completed(crowd):
            answered.append(await done)
            if len(answered) == count - inside:
                break
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as client:
            status = (await client.post("/v1/retrieve", json={"query": "x"}, headers=key)).status_code
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        return answered, status

    answered, status = asyncio.run(asyncio.wait_for(asked(), 60))

    assert status == 200
    assert set(answered) <= {refused, 503} and refused in answered
