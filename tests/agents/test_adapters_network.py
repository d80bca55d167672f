"""Are HTTP endpoints, tools of MCP servers and language models asked once, within what is allowed and paid for?"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.types import Actor, ActorKind, AdapterKind, Evidence, Failed, Outcome, Succeeded
from tests.agents.kit import PYTHON, agent_of, outcome_of, task_of

HTTP, MCP, LLM = AdapterKind.HTTP, AdapterKind.MCP, AdapterKind.LLM
PERSON = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
SECRET = "sk-quiet-heron-1234567"
SERVER = str(Path(__file__).with_name("mcp_server.py"))

Answer = Callable[[dict[str, Any]], tuple[int, Any]]


@pytest.fixture
def brain() -> Iterator[Brain]:
    """Return a memory whose namespace may reach this machine, run Python, and spend 100,000 tokens a day."""
    with Brain.open(":memory:", namespace="team/a", model="none", background=False, actor=PERSON) as opened:
        opened.limits.allow([PYTHON], hosts=["127.0.0.1"])
        opened.language.set_budget(tokens_a_day=100_000)
        yield opened


class Endpoint:
    """An HTTP server on this machine that answers as a function says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: (200, {"result": "fine"})
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                endpoint.asked.append((self.path, headers, body))
                status, said = endpoint.answer(body)
                with suppress(OSError):  # who asked may have gone
                    self.send_response(status)
                    self.send_header("content-type", "application/json")
                    self.end_headers()
                    self.wfile.write(json.dumps(said).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Return an endpoint that is closed at the end."""
    made = Endpoint()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def failed(outcome: Outcome) -> Failed:
    """Return a failure."""
    assert isinstance(outcome, Failed)
    return outcome


# HTTP


def test_an_endpoint_is_posted_the_task_with_its_key(
    brain: Brain, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", SECRET)
    agent = agent_of(HTTP, url=f"{endpoint.url}/do", headers={"X-Key": "{KEY}"}, secrets={"KEY": "env:THE_KEY"})
    task = task_of(target="api", context={"version": 2}, memory="a note", idempotency_key="e-1")
    outcome = outcome_of(brain, agent, task)

    [(path, headers, body)] = endpoint.asked
    assert path == "/do"
    assert (headers["idempotency-key"], headers["x-key"]) == ("e-1", SECRET)
    assert (body["task"], body["target"], body["context"]) == (task.text, "api", {"version": 2})
    assert "a note" in body["memory"] and body["memory"].startswith("<brainops-memory")
    assert isinstance(outcome, Succeeded)
    assert (outcome.result, outcome.evidence) == ({"result": "fine"}, Evidence.OBSERVED)


def test_an_endpoint_may_have_a_body_of_its_own(brain: Brain, endpoint: Endpoint) -> None:
    outcome_of(brain, agent_of(HTTP, url=endpoint.url, json={"input": [{"role": "user", "text": "{task}"}], "n": 1}))

    assert endpoint.asked[0][2] == {"input": [{"role": "user", "text": "Say how the gateway is."}], "n": 1}


def test_a_status_is_an_error_that_was_seen_and_is_asked_once(brain: Brain, endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: (503, {"error": "overloaded"})
    outcome = failed(outcome_of(brain, agent_of(HTTP, url=endpoint.url)))

    assert outcome.error.type == "HTTP 503" and "overloaded" in outcome.error.message
    assert outcome.evidence is Evidence.OBSERVED
    assert len(endpoint.asked) == 1


def test_an_answer_that_says_it_failed_is_a_failure_by_its_word(brain: Brain, endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: (200, {"error": {"type": "QuotaError", "message": "no more today"}, "cost": 0.2})
    outcome = failed(outcome_of(brain, agent_of(HTTP, url=endpoint.url)))

    assert (outcome.error.type, outcome.error.message, outcome.cost) == ("QuotaError", "no more today", 0.2)
    assert outcome.evidence is Evidence.CLAIMED


def test_a_host_that_was_not_allowed_is_not_asked(brain: Brain, endpoint: Endpoint) -> None:
    brain.limits.disallow(hosts=["127.0.0.1"])
    outcomes = [
        outcome_of(brain, agent_of(HTTP, url=endpoint.url)),
        outcome_of(brain, agent_of(MCP, url=f"{endpoint.url}/mcp", tool="look")),
        outcome_of(brain, agent_of(LLM, url=endpoint.url, model="mine")),
    ]

    assert [failed(each).error.type for each in outcomes] == ["HostNotAllowed"] * 3
    assert endpoint.asked == []


def test_an_endpoint_that_hangs_is_given_up_in_time(brain: Brain, endpoint: Endpoint) -> None:
    over = threading.Event()
    endpoint.answer = lambda _: (200, {"late": over.wait(20)})
    late = failed(outcome_of(brain, agent_of(HTTP, 0.3, url=endpoint.url)))
    began = time.monotonic()
    stopped = failed(outcome_of(brain, agent_of(HTTP, url=endpoint.url), cancelled=lambda: True))
    took = time.monotonic() - began
    over.set()

    assert (late.error.type, stopped.error.type) == ("TimeoutError", "Cancelled")
    assert took < 5


# MCP


def test_a_tool_of_a_program_is_called_with_the_prompt(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", SECRET)
    brain.limits.allow(variables=["TOKEN"])
    agent = agent_of(MCP, run=[PYTHON, SERVER], tool="look", secrets={"TOKEN": "env:THE_KEY"})
    outcome = outcome_of(brain, agent, task_of(memory="a note"))

    assert isinstance(outcome, Succeeded)
    said = json.dumps(outcome.result)
    assert "agent:bertha asked: Task: Say how the gateway is." in said and "a note" in said
    assert SECRET not in said and "[secret TOKEN]" in said


def test_a_tool_that_fails_says_why(brain: Brain) -> None:
    outcome = failed(outcome_of(brain, agent_of(MCP, run=[PYTHON, SERVER], tool="refuse")))

    assert "payments database is gone" in outcome.error.message
    assert outcome.error.type


def test_a_server_that_hangs_ends_with_the_call(brain: Brain, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    agent = agent_of(MCP, run=[PYTHON, SERVER], tool="hang", arguments={"prompt": str(pid)})
    outcome = failed(outcome_of(brain, agent, cancelled=lambda: pid.exists() and bool(pid.read_text())))

    assert outcome.error.type == "Cancelled"
    assert not Path(f"/proc/{pid.read_text()}").exists()


def test_a_program_that_is_no_server_says_what_it_printed(brain: Brain) -> None:
    agent = agent_of(MCP, run=[PYTHON, "-c", "import sys; sys.exit('no such workspace')"], tool="look")
    outcome = failed(outcome_of(brain, agent))

    assert "no such workspace" in outcome.error.message


def test_a_tool_at_an_address_is_called(brain: Brain) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([PYTHON, SERVER, str(port)], stderr=subprocess.DEVNULL) as server:
        try:
            await_port(port)
            outcome = outcome_of(brain, agent_of(MCP, url=f"http://127.0.0.1:{port}/mcp", tool="look"))
        finally:
            server.kill()

    assert isinstance(outcome, Succeeded)
    assert "Say how the gateway is." in json.dumps(outcome.result)


def await_port(port: int) -> None:
    """Wait until a server listens, at most twenty seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    raise TimeoutError(port)


# Language models


def completion(model: str, text: str) -> dict[str, Any]:
    """Return what an OpenAI-compatible server answers."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    return {"id": "1", "object": "chat.completion", "created": 1, "model": model, "choices": choices, "usage": usage}


def test_a_model_at_an_address_answers_and_is_metered(brain: Brain, endpoint: Endpoint) -> None:
    endpoint.answer = lambda body: (200, completion(body["model"], "All is well."))
    agent = agent_of(LLM, url=f"{endpoint.url}/v1", model="mine", price=[1.0, 10.0])
    outcomes = [outcome_of(brain, agent, task_of(memory="a note")) for _ in range(2)]

    assert [each.result for each in outcomes] == ["All is well."] * 2
    assert outcomes[0].evidence is Evidence.CLAIMED
    assert outcomes[0].cost == pytest.approx(0.000051)
    told = endpoint.asked[0][2]["messages"]
    assert [each["role"] for each in told] == ["system", "user"]
    assert "a note" in told[1]["content"] and "quoted data" in told[1]["content"]
    [use] = brain.language.used()
    assert (use.purpose, use.model, use.calls) == ("agent bertha", "mine", 2)
    assert (use.input_tokens, use.output_tokens) == (22, 8)


def test_the_next_model_is_asked_where_one_fails(brain: Brain, endpoint: Endpoint) -> None:
    def answer(body: dict[str, Any]) -> tuple[int, Any]:
        model = str(body["model"])
        return (400, {"error": {"message": "no such model"}}) if model == "first" else (200, completion(model, "Well."))

    endpoint.answer = answer
    outcome = outcome_of(brain, agent_of(LLM, url=endpoint.url, models=["first", "second"]))

    assert outcome.result == "Well."
    assert [body["model"] for _, _, body in endpoint.asked] == ["first", "second"]


def test_a_model_that_fails_says_its_status_and_costs_nothing(
    brain: Brain, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", SECRET)
    endpoint.answer = lambda _: (401, {"error": {"message": f"wrong key {SECRET}"}})
    outcome = failed(outcome_of(brain, agent_of(LLM, url=endpoint.url, model="mine", key="env:THE_KEY")))

    assert outcome.error.type == "HTTP 401"
    assert endpoint.asked[0][1]["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in repr(outcome)
    assert brain.language.budget().tokens_today == 0


def test_a_model_that_the_program_made_is_asked_by_its_name(brain: Brain) -> None:
    from pydantic_ai.messages import ModelResponse, TextPart
    from pydantic_ai.models.function import FunctionModel

    def reply(messages: list[Any], _: Any) -> ModelResponse:
        return ModelResponse(parts=[TextPart(content=messages[0].parts[-1].content[:6].upper())])

    brain.language.register("own", FunctionModel(reply))

    assert outcome_of(brain, agent_of(LLM, model="own")).result == "TASK: "
    assert outcome_of(brain, agent_of(LLM, model="test")).result == "success (no tool calls)"


def test_without_a_budget_no_model_is_asked(brain: Brain, endpoint: Endpoint) -> None:
    brain.language.set_budget(tokens_a_day=0)
    outcome = failed(outcome_of(brain, agent_of(LLM, url=endpoint.url, model="mine")))

    assert outcome.error.type == "BudgetSpent" and "brainops language budget" in outcome.error.message
    assert endpoint.asked == []


def test_a_model_that_nobody_named_is_said_so(brain: Brain) -> None:
    assert failed(outcome_of(brain, agent_of(LLM))).error.type == "NotConfigured"
    assert failed(outcome_of(brain, agent_of(LLM, model="nobody:none"))).error.type == "NotConfigured"


def test_a_model_that_hangs_is_given_up_and_counts_with_what_was_set_aside(brain: Brain, endpoint: Endpoint) -> None:
    over = threading.Event()
    endpoint.answer = lambda _: (200, {"late": over.wait(20)})
    outcome = failed(outcome_of(brain, agent_of(LLM, 0.5, url=endpoint.url, model="mine")))
    over.set()

    assert outcome.error.type == "TimeoutError"
    assert brain.language.budget().tokens_today > 4_096
