"""Does the server say what its alert rules and its dashboard ask for, and nothing of what is another's?"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.server.app import application
from brainops.server.metrics import kind_of
from brainops.types import Actor, ActorKind
from tests.server.asking import Asking, asking

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
RULES, DASHBOARD = DEPLOY / "prometheus" / "brainops.rules.yml", DEPLOY / "grafana" / "brainops.json"
MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="terminal")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(tmp_path / "memory.db", namespace="team/a", read=[], model="none", background=False) as opened:
        yield opened


@pytest.fixture
def client(engine: Engine) -> Iterator[Asking]:
    with asking(application(engine, hosts={"127.0.0.1"}, open_to_this_machine=False, closed=asyncio.Event())) as found:
        yield found


def scraped(client: Asking, key: str) -> dict[str, float]:
    """Return the samples by name and labels, as a Prometheus reads them."""
    answer = client.get("/metrics", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain"), answer.text
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_the_metrics_say_what_was_answered_and_how_the_memory_stands(client: Asking, engine: Engine) -> None:
    person = Brain(engine, actor=MARTA)
    key, other = person.keys.issue("prometheus").secret, person.keys.issue("b", namespace="team/b").secret
    client.post("capture", key=key, title="the pool is small")
    client.get("/v1/retrieve?query=pool", headers={"authorization": f"Bearer {key}"})
    client.refused("runs/start", key=key, name="nothing")
    client.refused("no/such/verb", key=key)
    person.jobs.start("doctor")
    person.alerts.receive("generic", {"name": "DiskFull"})

    found = scraped(client, key)

    assert found['brainops_http_requests_total{code="200",kind="capture"}'] == 1
    assert found['brainops_http_requests_total{code="200",kind="read"}'] == 1
    assert found['brainops_http_requests_total{code="404",kind="write"}'] == 1
    assert found['brainops_http_requests_total{code="404",kind="other"}'] == 1
    assert found['brainops_http_request_duration_seconds_bucket{kind="capture",le="+Inf"}'] == 1
    assert found['brainops_http_request_duration_seconds_count{kind="capture"}'] == 1
    assert (found["brainops_memories"], found["brainops_inbox_pending"]) == (1, 1)
    assert found['brainops_jobs{state="waiting"}'] == 1
    assert scraped(client, other)["brainops_memories"] == 0  # who reads another namespace hears of that one
    assert client.get("/metrics").status_code == 401
    assert not [name for name in found if "team/a" in name or "prometheus" in name]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/capture_many", "capture"),
        ("/v1/runs/get", "read"),
        ("/v1/runs/start", "write"),
        ("/v1/events/grafana", "event"),
        ("/v1/stream", "stream"),
        ("/v1/" + "x" * 50, "other"),
        ("/readyz", "probe"),
        ("/sign-in", "page"),
    ],
)
def test_a_request_is_of_one_of_a_few_kinds(path: str, kind: str) -> None:
    assert kind_of(path) == kind


def test_every_metric_that_the_rules_and_the_dashboard_name_is_there(client: Asking, engine: Engine) -> None:
    key = Brain(engine, actor=MARTA).keys.issue("prometheus").secret
    client.get("/v1/retrieve?query=pool", headers={"authorization": f"Bearer {key}"})
    there = {name.partition("{")[0] for name in scraped(client, key)}
    asked = " ".join(
        re.findall(r"expr: *(?:>-\n)?((?:.|\n)*?)\n +(?:for|labels):", RULES.read_text())
        + [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]
        + [each["query"] for each in json.loads(DASHBOARD.read_text())["templating"]["list"]]
    )

    named = set(re.findall(r"\b(?:brainops|process)_\w+", asked))

    assert len(named) >= 15 and named <= there, named - there
    assert {name for name in there if name.startswith("brainops_http")} >= {"brainops_http_requests_total"}


def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "this test needs promtool: apt-get install prometheus"

    checked = subprocess.run([promtool, "check", "rules", str(RULES)], capture_output=True, text=True, check=False)

    assert checked.returncode == 0 and "SUCCESS" in checked.stdout, checked.stdout + checked.stderr


def test_without_prometheus_client_the_extra_is_named(
    client: Asking, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Brain(engine, actor=MARTA).keys.issue("prometheus").secret
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    answer = client.get("/metrics", headers={"authorization": f"Bearer {key}"})

    assert (answer.status_code, answer.json()["type"]) == (501, "MissingExtra")
    assert "brainops[server]" in answer.json()["detail"]
