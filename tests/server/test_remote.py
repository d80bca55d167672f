"""Does a memory that a server answers for keep what it acknowledged, once, whatever becomes of the server?"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from brainops import net
from brainops.brain import Brain
from brainops.errors import (
    ApprovalUnproven,
    InvalidConfiguration,
    InvalidInput,
    NotConfigured,
    NotFound,
    OperationBlocked,
    OutcomeUnknown,
    StepFailed,
    StoreFull,
    StoreUnavailable,
)
from brainops.remote import spool
from brainops.remote.call import Server
from brainops.remote.later import Later
from brainops.remote.spool import Spool, Waiting
from brainops.remote.view import RemoteBrain
from brainops.types import Down, TerminalProof
from tests.inside import away, fetch_pack, operations_of
from tests.server.test_serve import MAIN, served

NOBODY = "http://127.0.0.1:1"
CHANGING = ("--class", "changing")


@pytest.fixture
def port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "client"))
    return tmp_path / "client"


def cli(address: str, home: Path, *words: str) -> Any:
    """Run a command against a server, as somebody does who has nothing but its address."""
    environment = {**os.environ, "BRAINOPS_URL": address, "BRAINOPS_HOME": str(home), "BRAINOPS_DOWN": "spool"}
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *words, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# The command line, and a server that is killed in between


def test_commands_work_by_the_address_of_a_server_that_is_killed_in_between(
    tmp_path: Path, home: Path, port: str
) -> None:
    with served(tmp_path / "memory.db", "--port", port, "--workers", "1") as (address, process):
        Brain.open(address).establish("name: careful\nsteps:\n  - {id: look, uses: manual, with: {text: Look.}}\n")
        first = cli(address, home, "capture", "Redis runs out of memory", "raise maxmemory")
        run = cli(address, home, "run", "careful")
        assert run["state"] == "waiting"
        assert cli(address, home, "show", first["id"][-8:])["id"] == first["id"]
        process.send_signal(signal.SIGKILL)
        process.wait(30)

    kept = cli(address, home, "capture", "Disk full", "remove old logs")
    assert "sent once it is back" in kept["notes"][0]
    assert cli(address, home, "procedure", "show", "careful")["procedure"]["name"] == "careful"

    with served(tmp_path / "memory.db", "--port", port, "--workers", "1"):
        assert cli(address, home, "runs", "complete", run["id"], "look")["state"] == "succeeded"
        again = cli(address, home, "list")
    assert sorted((each["title"], each["occurrences"]) for each in again) == [
        ("Disk full", 1),
        ("Redis runs out of memory", 1),
    ]


def test_files_of_this_machine_are_read_here_and_sent(tmp_path: Path, home: Path) -> None:
    log, notes = tmp_path / "app.log", tmp_path / "notes"
    log.write_text("2026-01-31T12:00:00Z ERROR ValueError: bad port\n" * 2)
    notes.mkdir()
    (notes / "redis.md").write_text("# Redis runs out of memory\n\nRaise maxmemory, then evict.\n")
    with served(tmp_path / "memory.db") as (address, _):
        taken = cli(address, home, "ingest", str(log))
        cli(address, home, "import", str(notes))
        [imported] = Brain.open(address).retrieve("redis", limit=1)

    assert (taken["lines"], taken["source"]) == (2, "app")
    assert "Redis" in imported.memory.title


def test_config_says_who_one_is_there(tmp_path: Path, home: Path) -> None:
    with served(tmp_path / "memory.db") as (address, _):
        held = cli(address, home, "config")
        known = Brain.open(address).settings
    away = cli(NOBODY, home, "config")

    said = (held["namespace"]["value"], held["actor"]["value"], held["namespace"]["from"])
    assert said == ("team/a", f"{known.actor.kind.value}:{known.actor.id}", "the server")
    assert (away["store"]["value"], away["namespace"]["value"], away["actor"]["value"]) == (NOBODY, None, None)


def test_a_call_whose_answer_was_lost_is_done_once(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from brainops import net

    real = net.ask
    lost: list[str] = []

    def losing(request: net.Request, **options: Any) -> net.Response:
        response = real(request, **options)
        if request.url.endswith(("capture", "feedback")) and len(lost) < 4 and request.url not in lost[-1:]:
            lost.append(request.url)
            raise net._failed("the line broke", "ConnectionResetError")
        return response

    with served(tmp_path / "memory.db") as (address, _):
        brain = Brain.open(address)
        monkeypatch.setattr(net, "ask", losing)
        captured = brain.capture("Redis runs out of memory", "x")
        brain.feedback(captured.id, "helpful")
        history = brain.history(captured.id)

    assert len(lost) == 2
    assert history.versions[0].occurrences == 1 and len(history.verdicts) == 1


def test_an_operation_runs_here_and_stands_there(tmp_path: Path, home: Path) -> None:
    with served(tmp_path / "memory.db") as (address, _):
        brain = Brain.open(address)
        seen: list[Any] = []

        def divide() -> None:
            with brain.operation("divide", target="api", session="s-1") as running:
                seen.append(running.guidance)
                _ = 1 / 0

        with pytest.raises(ZeroDivisionError):
            divide()
        assert seen[0].operation.name == "divide"
        [operation] = brain.operations.list()

        assert operation.start.name == "divide" and operation.start.session_id == "s-1"
        assert operation.start.actor == brain.settings.actor
        assert brain.match(ZeroDivisionError("division by zero"))[0].memory.id == operation.error_memory_id


def test_an_error_that_is_handed_over_is_sent_though_the_program_ends_at_once(tmp_path: Path, home: Path) -> None:
    program = "from brainops.brain import Brain; Brain.open().capture_error('ValueError: bad port')"
    with served(tmp_path / "memory.db") as (address, _):
        environment = {**os.environ, "BRAINOPS_URL": address}
        subprocess.run([sys.executable, "-c", program], env=environment, timeout=60, check=True)

        assert Brain.open(address).match("ValueError: bad port")[0].exact


# Errors


def test_what_is_not_asked_of_a_server_says_why_and_what_is_wrong_comes_back_as_it_was_raised(
    tmp_path: Path, home: Path
) -> None:
    with served(tmp_path / "memory.db") as (address, _):
        brain = Brain.open(address)
        with pytest.raises(NotFound, match="there is no memory"):
            brain.get("nothing")
        with pytest.raises(InvalidInput, match="nothing is known of"):
            brain.retrieve("x", kinds=["y"])
        with pytest.raises(TypeError):
            brain.retrieve("x", "y")  # type: ignore[call-arg, arg-type]
        with pytest.raises(NotConfigured, match="files of the machine"):
            brain.upkeep.backup("copy.db")
        with pytest.raises(AttributeError):
            _ = brain.upkeep.nothing  # type: ignore[attr-defined]
        with pytest.raises(ApprovalUnproven, match="terminal"):
            brain.approvals.grant("x", proof=TerminalProof(approver="marta", passphrase="secret"))
        with pytest.raises(InvalidInput, match="not JSON"):
            brain.capture("x", {"at": object()})


def test_a_key_that_is_not_known_is_a_setting_that_is_wrong(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path / "memory.db") as (address, _):
        monkeypatch.setenv("BRAINOPS_KEY", "boa_nothing")
        with pytest.raises(InvalidConfiguration, match="brainops keys issue"):
            Brain.open(address).retrieve("x")


def test_who_works_on_a_store_itself_is_not_sent_to_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    from brainops.engine import Engine

    monkeypatch.setenv("BRAINOPS_URL", NOBODY)
    with pytest.raises(InvalidConfiguration, match="without BRAINOPS_URL"):
        Engine.open()


# While the server is away


def test_a_call_is_closed_open_or_kept_while_the_server_is_away(home: Path) -> None:
    closed, open_, kept = (away(NOBODY, each).acting(deadline=0.3) for each in Down)

    with pytest.raises(StoreUnavailable, match="nothing was written"):
        closed.capture("x")
    assert "not kept" in open_.capture("x").notes[0]
    assert not (home / "servers").exists() or not list(home.rglob("spool.jsonl"))
    assert "once it is back" in kept.capture("x", "token: sk-live-0123456789abcdefghijklmn").notes[0]
    assert [each.notes[0] for each in kept.capture_many([kept.draft("a"), kept.draft("b")])] == [
        kept.capture("c").notes[0]
    ] * 2
    for verb in (lambda: kept.retrieve("x"), lambda: kept.establish("name: x"), lambda: kept.guard.rules()):
        with pytest.raises(StoreUnavailable):
            verb()
    [lines] = home.rglob("spool.jsonl")
    assert lines.stat().st_mode & 0o777 == 0o600
    assert "sk-live" not in lines.read_text() and "boa_x" not in lines.read_text()


def under_exec(address: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command that fails under `brainops exec`, by the address of a server."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            MAIN,
            "exec",
            *options,
            "--",
            "sh",
            "-c",
            "echo ran; echo 'ValueError: bad' >&2; exit 3",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "BRAINOPS_URL": address, **environment},
        check=False,
    )


@pytest.mark.parametrize("down", Down)
def test_a_command_runs_while_the_server_is_away_and_what_is_missing_is_said(home: Path, down: Down) -> None:
    done = under_exec(NOBODY, BRAINOPS_DOWN=down.value)

    assert (done.returncode, done.stdout) == (3, "ran\n")
    assert "goes on without memory" in done.stderr and "failed with exit code 3" in done.stderr
    assert bool(list(home.rglob("spool.jsonl"))) == (down is Down.SPOOL)


def test_a_command_that_asks_for_memory_is_not_run_while_the_server_is_away(home: Path) -> None:
    done = under_exec(NOBODY, "--strict")

    assert (done.returncode, done.stdout) == (125, "")
    assert "--strict asks for memory" in done.stderr


def test_a_command_does_not_wait_for_a_server_that_takes_calls_and_answers_none(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        brain = Brain.open(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert isinstance(brain, RemoteBrain)
        began = time.monotonic()
        brain.unhindered(0.2).begin("read the log").succeed()
        assert time.monotonic() - began < 10  # 30 for each call otherwise


def test_a_command_runs_whose_key_is_refused_and_one_that_fails_is_told_by_a_server_too(
    tmp_path: Path, home: Path
) -> None:
    with served(tmp_path / "memory.db") as (address, _):
        refused = under_exec(address, BRAINOPS_KEY="boa_nothing")
        told = under_exec(address)
        [known] = Brain.open(address).match("ValueError: bad")

    assert (refused.returncode, refused.stdout) == (3, "ran\n") and "brainops keys issue" in refused.stderr
    assert told.returncode == 3 and "memory does not have" not in told.stderr
    assert "failed with exit code 3" in told.stderr and f"fix attach {known.memory.id[-6:]}" in told.stderr


def test_what_destroys_does_not_begin_while_nobody_can_say_whether_it_may(home: Path) -> None:
    brain = away(NOBODY, Down.OPEN).acting(deadline=0.3)
    from brainops.operations.operation import Manner, start_of
    from brainops.types import Actor, ActorKind

    actor = Actor(kind=ActorKind.AGENT, id="bot")
    operations = operations_of(brain)
    with pytest.raises(OperationBlocked, match="destroys"):
        operations.begin(start_of("drop table users", None, None, actor, None), Manner())
    operations.begin(start_of("read the log", None, None, actor, None), Manner()).succeed()
    with pytest.raises(StoreUnavailable):
        operations.begin(start_of("read the log", None, None, actor, None), Manner(strict=True))


def test_the_pack_answers_meanwhile_and_says_how_old_it_is(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with served(tmp_path / "memory.db") as (address, _):
        brain = Brain.open(address).acting(down="open")
        brain.establish(
            "name: careful\nmode: required\non: [{operations: ['deploy*']}]\n"
            "steps:\n  - {id: a, uses: manual, with: {text: x}}\n"
        )
        brain.capture_error("ValueError: bad port 'x'", service="api")
        brain.flush()
        [known] = brain.match("ValueError: bad port 'x'")
        fetch_pack(brain)
        age = time.time() + 7_200
        folder = next(home.rglob("*.pack"))

    monkeypatch.setattr(time, "time", lambda: age)
    again = Brain.open(address).acting(down="open", deadline=0.5)
    assert again.match("ValueError: bad port 'x'")[0].memory == known.memory
    assert "this is what it said 2 hours ago" in caplog.text
    assert again.procedures.get("careful").procedure.name == "careful"
    guidance = again.guidance("deploy api")
    assert guidance.procedures[0].startswith("careful@") and "2 hours" in guidance.notes[0]
    assert again.settings.actor.id == "http"

    whole = folder.read_bytes()
    folder.write_bytes(whole.replace(b"bad port", b"bad part"))
    with pytest.raises(StoreUnavailable, match="not signed by this key, or was changed"):
        again.match("x")
    folder.write_bytes(whole)
    monkeypatch.setattr(time, "time", lambda: age + 4 * 86_400)
    with pytest.raises(StoreUnavailable, match="4 days old"):
        again.match("x")


def test_match_and_guard_check_answer_by_the_pack_and_the_text_of_an_exception_is_known(
    tmp_path: Path, home: Path
) -> None:
    with served(tmp_path / "memory.db") as (address, _):
        brain = Brain.open(address)
        brain.establish(
            "name: careful\nmode: required\non: [{operations: ['deploy*']}]\n"
            "steps:\n  - {id: a, uses: manual, with: {text: x}}\n"
        )
        with pytest.raises(TimeoutError), brain.operation("read"):
            raise TimeoutError("pool dried")
        fetch_pack(brain)

    [known] = Brain.open(address).acting(down="open").match("TimeoutError: pool dried")
    assert known.exact and known.memory.occurrences == 1
    assert not Brain.open(address).acting(down="open").match("TimeoutError: pool is full")
    assert [each["memory"]["id"] for each in cli(address, home, "match", "TimeoutError: pool dried")] == [
        known.memory.id
    ]
    classes = [cli(address, home, "guard", "check", "kubectl get pods", *least)["class"] for least in ((), CHANGING)]
    assert classes == ["read_only", "changing"]


def test_a_view_goes_by_the_pack_of_its_own_namespaces(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from brainops.engine import Engine
    from brainops.types import Actor, ActorKind

    store = tmp_path / "memory.db"
    with Engine.open(store, namespace="home", model="none", background=False) as engine:
        ines = Actor(kind=ActorKind.PERSON, id="ines", proof="os-user")
        monkeypatch.setenv("BRAINOPS_KEY", Brain(engine, actor=ines).keys.issue("bot", namespace="team/*").secret)
        strict = Brain(engine, actor=ines, namespace="team/b")
        strict.guard.set_enforcement("strict", reason="a test")
        strict.establish(
            "name: careful\nmode: strict\non: [{operations: ['drop*']}]\n"
            "steps:\n  - {id: a, uses: manual, with: {text: x}}\n"
        )

    with served(store, "--keys") as (address, _):
        for namespace in ("team/a", "team/b"):
            fetch_pack(Brain.open(address, namespace=namespace))
    lax, strict = (Brain.open(address, namespace=each).acting(down="open") for each in ("team/a", "team/b"))

    with lax.operation("drop table orders"):
        pass
    with pytest.raises(OperationBlocked, match="careful"), strict.operation("drop table orders"):
        pytest.fail("it ran")
    assert (lax.settings.namespace, strict.settings.namespace) == ("team/a", "team/b")
    assert strict.acting(read=[]).settings.read == ("team/b",)
    one, other = sorted(home.rglob("*.pack"))
    one.write_bytes(other.read_bytes())  # both signed by the key; one of them lies where the other should
    opened = [Brain.open(address, namespace=each).acting(down="open") for each in ("team/a", "team/b")]
    with pytest.raises(StoreUnavailable, match="of other namespaces"):
        [each.procedures.active() for each in opened]


def test_a_call_is_sent_as_it_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def lost(request: net.Request, **_: Any) -> net.Response:
        sent.append(json.loads(request.body or b""))
        raise StepFailed("the line broke", kind="ConnectionResetError", retryable=True)

    monkeypatch.setattr(net, "ask", lost)
    away(NOBODY, Down.SPOOL).acting(deadline=0.1).capture("x", "token: sk-live-0123456789abcdefghijklmn")

    [lines] = home.rglob("spool.jsonl")
    assert sent and "sk-live" not in str(sent)
    assert all(each == json.loads(lines.read_text())["body"] for each in sent)


def test_what_fails_in_an_unforeseen_way_does_not_keep_what_follows_from_being_sent() -> None:
    later, sent = Later(), []

    def full() -> None:
        raise OSError(28, "No space left on device")

    later.hand_over(full)
    later.hand_over(lambda: sent.append("next"))

    assert later.flush() and sent == ["next"]


# The file of what waits

ADDING = """
import sys
import time
from pathlib import Path
from brainops.remote.spool import Spool, Waiting
spool = Spool(Path(sys.argv[1]))
for number in range(100_000):
    spool.add(Waiting(verb="capture", body=number, headers={"brainops-call": str(number)}))
    print(number, flush=True)
"""

SENDING = """
import os, sys
from pathlib import Path
from brainops.remote.spool import Spool
spool = Spool(Path(sys.argv[1]))
def send(call):
    with open(sys.argv[2], "a") as file:
        file.write(call.headers["brainops-call"] + "\\n")
    if call.body == int(sys.argv[3]):
        os.kill(os.getpid(), 9)
spool.drain(send)
"""


def test_what_was_taken_is_sent_once_whoever_is_killed(tmp_path: Path) -> None:
    folder, sent = tmp_path / "spool", tmp_path / "sent"
    with subprocess.Popen([sys.executable, "-c", ADDING, str(folder)], stdout=subprocess.PIPE, text=True) as adding:
        assert adding.stdout is not None
        taken = [int(adding.stdout.readline()) for _ in range(20)]
        adding.send_signal(signal.SIGKILL)
        taken += [int(line) for line in adding.stdout]
    with (folder / "spool.jsonl").open("ab") as file:
        file.write(b'{"verb": "capture", "bo')  # as one that is killed in the middle of a line leaves it
    Spool(folder).add(Waiting(verb="capture", body=-1, headers={"brainops-call": "-1"}))

    for killed_at in (3, 7, -2):
        subprocess.run([sys.executable, "-c", SENDING, str(folder), str(sent), str(killed_at)], timeout=60, check=False)

    keys = [int(line) for line in sent.read_text().splitlines()]
    assert set(taken) <= set(keys) and -1 in keys
    assert [key for key in keys if keys.count(key) > 1] == [
        3,
        3,
        7,
        7,
    ]  # again under its key, by which a server knows it
    assert not Spool(folder).waits


def test_a_call_that_is_refused_is_set_aside_and_one_that_finds_nobody_waits(tmp_path: Path) -> None:
    kept = Spool(tmp_path)
    for number in range(3):
        kept.add(Waiting(verb="capture", body=number, headers={}))
    asked: list[int] = []

    def send(call: Waiting) -> None:
        asked.append(call.body)
        if call.body == 0:
            raise InvalidInput("no title")
        if len(asked) == 3:
            raise OutcomeUnknown("away")

    assert kept.drain(send) == 2 and kept.waits
    assert kept.drain(send) == 1 and not kept.waits
    assert asked == [0, 1, 2, 2]
    assert json.loads((tmp_path / "refused.jsonl").read_text())["message"] == "no title"


def test_two_do_not_send_at_once_and_a_full_file_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Spool(tmp_path)
    kept.add(Waiting(verb="capture", body="x", headers={}))

    assert kept.drain(lambda _: (Spool(tmp_path).drain(lambda _: pytest.fail("twice")) == 0) or None) == 1
    monkeypatch.setattr(spool, "MOST_BYTES", 100)
    with pytest.raises(StoreFull):
        kept.add(Waiting(verb="capture", body="x" * 200, headers={}))


def test_a_server_that_comes_back_in_time_answers_the_call(tmp_path: Path, home: Path, port: str) -> None:
    with served(tmp_path / "memory.db", "--port", port) as (address, _):
        pass
    asked = subprocess.Popen(
        [sys.executable, "-c", "from brainops.brain import Brain; print(Brain.open().capture('x').id)"],
        env={**os.environ, "BRAINOPS_URL": address}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with served(tmp_path / "memory.db", "--port", port):
        said, _ = asked.communicate(timeout=60)
        assert [hit.memory.id for hit in Brain.open(address).retrieve()] == [said.strip()]


@pytest.mark.parametrize("address", ["http://memory.example.com", "http://10.0.0.7:8321"])
def test_a_key_goes_over_plain_http_only_to_a_host_that_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidConfiguration, match="BRAINOPS_PLAIN_HTTP=") as refused:
        Server(address, "boa_secret")
    assert "boa_secret" not in str(refused.value)

    assert Server(address, None).key is None
    assert (
        Server(address.replace("http:", "https:"), "boa_secret").key and Server("http://[::1]:8321", "boa_secret").key
    )
    monkeypatch.setenv("BRAINOPS_PLAIN_HTTP", "memory.example.com, 10.0.0.7")
    assert Server(address, "boa_secret").key
