"""Does a real Alertmanager begin a run that waits for a person, and end it by telling that all is well again?"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from brainops.brain import Brain
from brainops.types import Actor, ActorKind, RunState
from tests.server.test_serve import served
from tests.server.test_stream import Reader

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Alertmanager is a package of Debian")

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="terminal")
START_SECONDS = 30
PROCEDURE: dict[str, Any] = {
    "name": "enlarge-pool",
    "description": "Give the pool more connections, once somebody agreed",
    "on": {"events": ["alert.PoolExhausted"]},
    "steps": [
        {"id": "ask", "uses": "approval", "with": {"question": "May the pool be enlarged?"}},
        {
            "id": "enlarge",
            "uses": "capture",
            "with": {"title": "the pool was enlarged"},
            "needs": ["ask"],
            "verify": {"uses": "wait", "with": {"until": "resolved", "minutes": 10}},
        },
    ],
}


@contextmanager
def alertmanager(folder: Path, address: str, key: str) -> Iterator[str]:
    """Run an Alertmanager that tells a server of alerts; yield its address."""
    binary = shutil.which("prometheus-alertmanager")
    assert binary, "this test needs the Alertmanager: apt-get install prometheus-alertmanager"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = {
        "route": {
            "receiver": "brainops",
            "group_by": ["alertname"],
            "group_wait": "100ms",
            "group_interval": "300ms",
            "repeat_interval": "1h",
        },
        "receivers": [
            {
                "name": "brainops",
                "webhook_configs": [
                    {
                        "url": f"{address}/v1/events/alertmanager",
                        "send_resolved": True,
                        "http_config": {"authorization": {"credentials": key}},
                    }
                ],
            }
        ],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    process = subprocess.Popen(
        [
            binary,
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _await_ready(process, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def _await_ready(process: subprocess.Popen[bytes], at: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            urlopen(f"{at}/-/ready", timeout=5).close()
            return
        except URLError:
            time.sleep(0.05)  # it tells nobody when it listens
    raise AssertionError(process.stderr.read() if process.stderr else "it did not begin")


def tell(at: str, *instances: str, service: str = "shop", ends: str | None = None) -> None:
    """Tell the Alertmanager of alerts, as Prometheus does."""
    alerts = [
        {
            "labels": {"alertname": "PoolExhausted", "service": service, "instance": instance, "severity": "page"},
            "annotations": {"summary": f"no connection is free on {instance}"},
            "startsAt": "2026-11-30T10:00:00Z",
            **({"endsAt": ends} if ends else {}),
        }
        for instance in instances
    ]
    body = json.dumps(alerts).encode()
    urlopen(Request(f"{at}/api/v2/alerts", body, {"content-type": "application/json"}), timeout=10).close()


def grant(address: str, approval: str, key: str, proof: str) -> Any:
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}", "brainops-proof": proof}
    body = json.dumps({"approval_id": approval, "reason": "we need it"}).encode()
    with urlopen(Request(f"{address}/v1/approvals/grant", body, headers), timeout=30) as answer:
        return json.load(answer)


def test_an_alert_begins_a_run_that_a_person_lets_go_on_and_its_end_verifies_it(tmp_path: Path) -> None:
    store = tmp_path / "memory.db"
    with Brain.open(store, namespace="team/a", read=[], model="none", background=False, actor=MARTA) as brain:
        brain.establish(PROCEDURE)
        brain.guard.set_autonomy("auto", reason="as the team decided")
        key = brain.keys.issue("alertmanager").secret
        proof = brain.approvals.approvers.enrol("ines").key or ""
        with served(store) as (address, _), alertmanager(tmp_path, address, key) as at, ExitStack() as held:
            reader = held.enter_context(closing(Reader(address, "/v1/stream?kinds=alert,run,approval")))
            told = reader.events()

            def hear(kind: str) -> Any:
                return next(entry for _, entry in told if entry["kind"] == kind)

            tell(at, "db-1", "db-2")
            run_id = hear("run.queued")["ref"]
            firing = hear("alert.firing")["facts"]
            assert firing == {"event": "alert.PoolExhausted", "target": "shop", "severity": "page"}
            assert brain.runs.advance(run_id).state is RunState.WAITING  # as a worker does
            asked = hear("approval.pending")

            granted = grant(address, asked["ref"], key, proof)
            assert (granted["state"], granted["decided_by"]["id"]) == ("granted", "ines")
            waits = brain.runs.advance(run_id)
            assert [(step.step_id, step.stage, step.waits_for) for step in waits.steps if step.waits_for] == [
                ("enlarge", "verify", "resolved")
            ]

            tell(at, "db-1", "db-2", ends=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
            resolved = {hear("alert.resolved")["ref"], hear("alert.resolved")["ref"]}
            ended = brain.runs.advance(run_id)
            heard = hear("run.succeeded")

        assert resolved == {alert.key for alert in brain.alerts.list("resolved")}
        assert (ended.state, heard["ref"]) == (RunState.SUCCEEDED, run_id)
        assert ended.steps[-1].evidence == {
            "verified": True,
            "by": "resolved",
            "output": {"resolved": True, "alerts": 2},
        }
        assert [run.id for run in brain.runs.list()] == [run_id]
