"""Is everybody told who must be: at least once, after the fact is durable, and by one process at a time?"""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import structs

from brainops.brain import Brain
from brainops.errors import ApprovalUnproven, InvalidInput, NotFound
from brainops.procedures.consent import approvers, channels, outbox
from brainops.store import acts
from brainops.types import Actor, ActorKind, Notice, NoticeKind, OperationStart, SlackProof, TerminalProof
from tests.conformance.conftest import OpenBrain
from tests.conformance.test_approvals import PHRASE, PROOF, Clock
from tests.inside import inside

HERE = {"private": ["127.0.0.1"]}
MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make guessing cheap, for the tests only."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    return open_brain(clock=clock, actor=MARTA)


def put(brain: Brain, subject: str = "deploy api", **body: Any) -> str:
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        return inside(brain).services.notices.put(tx, NoticeKind.RUN_FAILED, subject, **body)


def script(folder: Path, text: str) -> list[str]:
    """Return the argument list of a small program."""
    path = folder / f"channel{len(list(folder.iterdir()))}.py"
    path.write_text(text, encoding="utf-8")
    return [sys.executable, str(path)]


def appending(folder: Path) -> tuple[list[str], Path]:
    """Return a command that adds what it is handed to a file, and the file."""
    received = folder / "received.jsonl"
    text = f"import sys\nopen({str(received)!r}, 'a').write(sys.stdin.read() + '\\n')\n"
    return script(folder, text), received


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Listener:
    """A small web server that keeps what is posted to it, and answers as told."""

    def __init__(self) -> None:
        listener, self.received, self.status = self, [], 200  # type: ignore[var-annotated]

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.received.append((dict(self.headers), body))
                self.send_response(listener.status)
                if listener.status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.close()


def test_without_a_channel_notices_wait_and_are_shown(brain: Brain) -> None:
    put(brain, "one"), put(brain, "two")

    delivery = brain.notices.deliver()

    assert (delivery.delivered, delivery.failed, delivery.pending) == (0, 0, 2)
    assert [notice.subject for notice in brain.notices.pending()] == ["two", "one"]
    assert brain.notices.counts()["pending"] == 2


def test_a_notice_of_what_was_rolled_back_is_never_told(brain: Brain) -> None:
    def put_and_fail() -> None:
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            inside(brain).services.notices.put(tx, NoticeKind.RUN_FAILED, "deploy")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        put_and_fail()

    assert brain.notices.list(every=True) == []


def test_a_command_is_handed_the_notice_once(brain: Brain, tmp_path: Path) -> None:
    argv, received = appending(tmp_path)
    brain.notices.add_channel("pager", "command", {"argv": argv})
    notice_id = put(brain, "deploy api", run="r1")

    first, second = brain.notices.deliver(), brain.notices.deliver()

    [told] = lines(received)
    assert (first.delivered, second.delivered, first.pending) == (1, 0, 0)
    assert (told["id"], told["kind"], told["text"]) == (notice_id, "run_failed", "A run failed: deploy api")
    assert told["body"] == {"run": "r1"}
    [notice] = brain.notices.list(every=True)
    assert (notice.delivered_to, notice.attempts) == (("pager",), 1)


def test_a_delivery_carries_the_end_of_the_trail(brain: Brain, tmp_path: Path) -> None:
    argv, received = appending(tmp_path)
    brain.notices.add_channel("pager", "command", {"argv": argv})
    put(brain)

    brain.notices.deliver()

    with inside(brain).store.read() as tx:
        sequence, line_hash = tx.trail.end()
    assert lines(received)[0]["trail"] == {"sequence": sequence, "hash": line_hash}


def test_a_command_sees_little_of_our_environment(
    brain: Brain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "do not tell")
    seen = tmp_path / "environment"
    text = f"import os\nopen({str(seen)!r}, 'w').write(str(dict(os.environ)))\n"
    brain.notices.add_channel("pager", "command", {"argv": script(tmp_path, text)})
    put(brain)

    brain.notices.deliver()

    assert "PATH" in seen.read_text()
    assert "do not tell" not in seen.read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import sys\nprint('no such room')\nsys.exit(3)", "ended with 3: no such room"),
        ("print('password=hunter2hunter2')\nraise SystemExit(1)", "password="),
        ("import time\ntime.sleep(60)", "took over 1 seconds"),
        (
            "import sys, time\nsys.stdout.write('x' * 9_000_000)\nsys.stdout.flush()\ntime.sleep(60)",
            "took over 1 seconds",
        ),
    ],
    ids=["fails", "secret", "slow", "loud"],
)
def test_a_command_that_does_not_take_it_is_tried_later(
    brain: Brain, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setattr(channels, "SEND_SECONDS", 1.0)
    brain.notices.add_channel("pager", "command", {"argv": script(tmp_path, text)})
    put(brain)

    first, at_once = brain.notices.deliver(), brain.notices.deliver()
    clock.pass_(outbox.FIRST_WAIT_SECONDS)
    later = brain.notices.deliver()

    assert [(each.delivered, each.failed) for each in (first, at_once, later)] == [(0, 1), (0, 0), (0, 1)]
    [notice] = brain.notices.pending()
    assert said in (notice.error or "")
    assert "hunter2" not in (notice.error or "")
    assert notice.attempts == 2


def test_what_a_command_starts_does_not_outlive_it(brain: Brain, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    text = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(pid_file)!r}, "w").write(str(child.pid))
"""
    brain.notices.add_channel("pager", "command", {"argv": script(tmp_path, text)})
    put(brain)

    assert brain.notices.deliver().delivered == 1

    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", pid_file.read_text()], capture_output=True, text=True, check=False
    ).stdout
    assert state == "" or state.startswith("Z")


def test_a_program_that_is_not_there_is_told(brain: Brain) -> None:
    brain.notices.add_channel("pager", "command", {"argv": ["/nowhere/notify"]})
    put(brain)

    assert brain.notices.deliver().failed == 1
    assert "there is no program" in (brain.notices.pending()[0].error or "")


def test_waits_between_tries_grow_and_in_the_end_it_is_given_up(
    brain: Brain, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "ATTEMPTS", 4)
    brain.notices.add_channel("pager", "command", {"argv": ["/nowhere/notify"]})
    put(brain)
    waits = []
    for _ in range(4):
        brain.notices.deliver()
        [notice] = brain.notices.pending()
        waits.append(round(((notice.next_attempt_at or 0) - clock.now) / 1_000_000))
        clock.pass_(waits[-1])

    over = brain.notices.deliver()

    assert waits == [10, 20, 40, 80]
    assert (over.failed, over.pending, brain.notices.counts()["given_up"]) == (0, 1, 1)


def test_a_webhook_gets_json_that_it_can_trust(
    brain: Brain, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "a shared secret")
    brain.notices.add_channel("chat", "webhook", {"url": listener.url, "secret": "env:HOOK_SECRET", **HERE})
    notice_id = put(brain, "deploy api")

    assert brain.notices.deliver().delivered == 1

    [(headers, body)] = listener.received
    seconds, digest = (part.partition("=")[2] for part in headers["X-Brainops-Signature"].split(","))
    assert digest == hmac.new(b"a shared secret", f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert (headers["Content-Type"], headers["Idempotency-Key"]) == ("application/json", notice_id)
    assert json.loads(body)["text"] == "A run failed: deploy api"


@pytest.mark.parametrize(
    ("status", "said"), [(500, "HTTP 500"), (404, "HTTP 404"), (302, "HTTP 302")], ids=["500", "404", "redirect"]
)
def test_a_webhook_that_refuses_is_tried_again(
    brain: Brain, clock: Clock, listener: Listener, status: int, said: str
) -> None:
    listener.status = status
    brain.notices.add_channel("chat", "webhook", {"url": listener.url, **HERE})
    put(brain)

    first = brain.notices.deliver()
    assert said in (brain.notices.pending()[0].error or "")
    listener.status = 200
    clock.pass_(outbox.FIRST_WAIT_SECONDS)
    second = brain.notices.deliver()

    assert (first.failed, second.delivered, len(listener.received)) == (1, 1, 2)


def test_the_address_of_a_webhook_may_stand_elsewhere(
    brain: Brain, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain.notices.add_channel("chat", "webhook", {"url": "env:CHAT_URL", **HERE})
    put(brain)

    assert brain.notices.try_channel("chat") is not None
    monkeypatch.setenv("CHAT_URL", listener.url)

    assert brain.notices.deliver().delivered == 1
    with inside(brain).store.read() as tx:
        assert listener.url not in str(tx.approvals.channels())


def test_a_channel_that_took_it_does_not_get_it_again(
    brain: Brain, clock: Clock, listener: Listener, tmp_path: Path
) -> None:
    argv, received = appending(tmp_path)
    brain.notices.add_channel("pager", "command", {"argv": argv})
    brain.notices.add_channel("chat", "webhook", {"url": listener.url, **HERE})
    listener.status = 503
    put(brain)

    first = brain.notices.deliver()
    listener.status = 200
    clock.pass_(outbox.FIRST_WAIT_SECONDS)
    second = brain.notices.deliver()

    assert (first.failed, second.delivered) == (1, 1)
    assert (len(lines(received)), len(listener.received)) == (1, 2)
    assert brain.notices.list(every=True)[0].delivered_to == ("pager", "chat")


def test_a_channel_may_want_some_kinds_only(brain: Brain, tmp_path: Path) -> None:
    argv, received = appending(tmp_path)
    brain.notices.add_channel("pager", "command", {"argv": argv}, kinds=[NoticeKind.GUARD_ALARM])
    put(brain)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(brain).services.notices.put(tx, NoticeKind.GUARD_ALARM, "a rule could not be evaluated")

    brain.notices.deliver()

    assert [told["kind"] for told in lines(received)] == ["guard_alarm"]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("command", {}),
        ("command", {"argv": "rm -rf /"}),
        ("command", {"argv": [""]}),
        ("command", {"argv": ["notify", 3]}),
        ("command", {"argv": ["notify", "a\0b"]}),
        ("command", {"argv": ["notify"], "shell": True}),
        ("command", {"argv": ["notify", "--token", "ghp_" + "a1B2" * 9]}),
        ("webhook", {"url": "ftp://example.com"}),
        ("webhook", {"url": "https://"}),
        ("webhook", {"url": "file:"}),
        ("webhook", {"url": "https://example.com/a b"}),
        ("webhook", {"url": "https://user:hunter2hunter2@example.com/"}),
        ("webhook", {"url": "https://example.com", "secret": "hunter2hunter2"}),
        ("pigeon", {}),
    ],
)
def test_a_channel_that_cannot_work_or_would_store_a_secret_is_refused(
    brain: Brain, kind: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        brain.notices.add_channel("x", kind, settings)

    assert brain.notices.channels() == []


def test_an_agent_sets_up_no_channel_and_later_it_takes_an_approver(open_brain: OpenBrain, brain: Brain) -> None:
    agent = open_brain(actor=Actor(kind=ActorKind.AGENT, id="claude-code"))
    with pytest.raises(ApprovalUnproven):
        agent.notices.add_channel("pager", "command", {"argv": ["notify"]})
    people = brain.approvals.approvers
    people.enrol("ines", passphrase=PHRASE)

    with pytest.raises(ApprovalUnproven):
        brain.notices.add_channel("pager", "command", {"argv": ["notify"]})
    channel = brain.notices.add_channel("pager", "command", {"argv": ["notify"]}, proof=PROOF)
    with pytest.raises(ApprovalUnproven):
        brain.notices.remove_channel("pager")
    wrong = TerminalProof(approver="ines", passphrase="not this phrase")
    with pytest.raises(ApprovalUnproven):
        brain.notices.remove_channel("pager", proof=wrong)

    assert channel.created_by == Actor(kind=ActorKind.PERSON, id="ines", proof="terminal")
    brain.notices.remove_channel("pager", proof=PROOF)
    with pytest.raises(NotFound):
        brain.notices.try_channel("pager")


def test_a_channel_that_was_put_in_a_row_by_hand_sends_nothing(brain: Brain, tmp_path: Path) -> None:
    argv, received = appending(tmp_path)
    channel = brain.notices.add_channel("pager", "command", {"argv": ["true"]})
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        row = {"id": channel.id, "name": "pager", "kind": "command", "settings": json.dumps({"argv": argv})}
        by = {"created_by_kind": "person", "created_by_id": "marta", "created_by_proof": "os-user"}
        tx.approvals.put_channel({**row, **by, "kinds": "[]", "created_at": channel.created_at})
    put(brain)

    delivery = brain.notices.deliver()

    assert (delivery.delivered, delivery.pending, received.exists()) == (0, 1, False)


def test_what_a_person_has_read_needs_no_delivery(brain: Brain, tmp_path: Path) -> None:
    argv, received = appending(tmp_path)
    one, two = put(brain, "one"), put(brain, "two")

    assert brain.notices.acknowledge([one, "nonsense"]) == 1
    assert brain.notices.acknowledge([one]) == 0
    brain.notices.add_channel("pager", "command", {"argv": argv})
    brain.notices.deliver()

    assert [told["id"] for told in lines(received)] == [two]


def test_notices_of_another_namespace_are_delivered_there(open_brain: OpenBrain, brain: Brain, tmp_path: Path) -> None:
    argv, received = appending(tmp_path)
    shared = open_brain(namespace="team/shared", read=[], actor=MARTA)
    brain.notices.add_channel("pager", "command", {"argv": argv})
    put(shared)

    brain.notices.deliver()

    assert not received.exists()
    assert len(shared.notices.pending()) == 1


def test_of_several_that_deliver_at_once_one_hands_it_over(brain: Brain, tmp_path: Path) -> None:
    argv, received = appending(tmp_path)
    brain.notices.add_channel("pager", "command", {"argv": argv})
    ids = {put(brain, f"run {number}") for number in range(6)}
    gate = threading.Barrier(4)

    def deliver() -> None:
        gate.wait(30)
        brain.notices.deliver()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(told["id"] for told in lines(received)) == sorted(ids)
    assert brain.notices.pending() == []


PROCESS = """
import sys
from brainops.brain import Brain
with Brain.open(sys.argv[1], namespace="team/a", model="none", background=False) as brain:
    print(brain.notices.deliver().delivered)
"""


def test_several_processes_deliver_each_notice_once(open_brain: OpenBrain, store_url: str, tmp_path: Path) -> None:
    brain = open_brain(actor=MARTA)
    argv, received = appending(tmp_path)
    brain.notices.add_channel("pager", "command", {"argv": argv})
    ids = {put(brain, f"run {number}") for number in range(6)}

    started = [
        subprocess.Popen([sys.executable, "-c", PROCESS, store_url], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    counts = [int(process.communicate(timeout=120)[0] or 0) for process in started]

    assert sum(counts) == 6
    assert sorted(told["id"] for told in lines(received)) == sorted(ids)


def test_what_a_killed_process_had_in_hand_is_delivered_by_another(brain: Brain, clock: Clock, tmp_path: Path) -> None:
    argv, received = appending(tmp_path)
    brain.notices.add_channel("pager", "command", {"argv": argv})
    notice_id = put(brain)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        [due] = tx.approvals.due_notices(clock.now, attempts=9, limit=9)
        assert tx.approvals.claim_notice(due, outbox.LEASE.until(clock.now), clock.now)

    held = brain.notices.deliver()
    clock.pass_(outbox.LEASE.seconds)
    taken = brain.notices.deliver()

    assert (held.delivered, taken.delivered) == (0, 1)
    assert [told["id"] for told in lines(received)] == [notice_id]


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_notice_reads_as_a_sentence(kind: NoticeKind) -> None:
    notice = Notice(id="n", namespace="team/a", kind=kind, subject="deploy {api} %s", created_at=0)

    assert outbox.sentence(notice)
    assert "\n" not in outbox.sentence(notice)


def test_each_attempt_is_kept_with_what_went_wrong_and_let_go_after_its_time(
    brain: Brain, clock: Clock, tmp_path: Path
) -> None:
    brain.notices.add_channel("broken", "command", {"argv": script(tmp_path, "raise SystemExit('no route')")})
    first = put(brain)
    brain.notices.deliver()

    [attempt] = brain.notices.attempts(first)
    assert (attempt.channel, attempt.notice_id, attempt.namespace) == ("broken", first, "team/a")
    assert "no route" in (attempt.problem or "") and attempt.seconds > 0
    clock.now += (outbox.KEPT_DAYS + 1) * 86_400 * 1_000_000
    second = put(brain)
    brain.notices.deliver()

    assert brain.notices.attempts("none of them") == []
    assert {each.notice_id for each in brain.notices.attempts()} == {first, second}
    assert all(each.at > attempt.at for each in brain.notices.attempts())


def test_a_button_of_slack_answers_for_an_approver(
    brain: Brain, clock: Clock, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_SECRET", "the signing secret")
    brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
    settings = {
        "url": listener.url,
        "secret": "env:SLACK_SECRET",
        "approve": True,
        "people": {"U0INES": "ines"},
        **HERE,
    }
    brain.notices.add_channel("ops", "slack", settings, proof=PROOF)
    asked = brain.guard.ask(OperationStart(name="deploy api", actor=Actor(kind=ActorKind.AGENT, id="bot")))
    brain.notices.deliver()
    blocks = [block for _, body in listener.received for block in json.loads(body)["blocks"]]
    [buttons] = [block["elements"] for block in blocks if block["type"] == "actions"]
    proofs = [slack_proof(button, clock) for button in buttons]

    with pytest.raises(ApprovalUnproven, match="is not what stands"):
        brain.approvals.refuse(asked.id, proof=proofs[0])
    with pytest.raises(ApprovalUnproven, match="signature"):
        brain.approvals.grant(asked.id, proof=structs.replace(proofs[0], signature="v0=" + "0" * 64))
    granted = brain.approvals.grant(asked.id, proof=proofs[0])

    assert (granted.state.value, granted.decided_by) == (
        "granted",
        Actor(kind=ActorKind.PERSON, id="ines", proof="slack"),
    )


def slack_proof(button: dict[str, Any], clock: Clock) -> SlackProof:
    """Return what Slack sends when the button is pressed, signed."""
    action = {"action_id": button["action_id"], "value": button["value"]}
    said = {"type": "block_actions", "user": {"id": "U0INES"}, "actions": [action], "response_url": "https://x.example"}
    body, at = urlencode({"payload": json.dumps(said)}).encode(), str(clock() // 1_000_000)
    digest = hmac.new(b"the signing secret", f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return SlackProof(body=body, timestamp=at, signature=f"v0={digest}")
