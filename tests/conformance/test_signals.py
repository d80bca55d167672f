"""Is each line of a log taken in once, is what it tells kept and found again, and is nothing secret kept of it?"""

from __future__ import annotations

import bz2
import gzip
import http.server
import json
import lzma
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput, StepFailed
from brainops.learning.cycles.part import CycleWork, Found
from brainops.store import acts
from brainops.types import Actor, ActorKind, Cycle, ErrorEvent, MemoryType, Trust
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

START = 1_700_000_000_000_000 - 1_700_000_000_000_000 % 3_600_000_000
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    return open_brain(clock=clock, actor=PERSON)


def line(at: int, level: str, message: str, service: str = "api") -> str:
    when = datetime.fromtimestamp(at / 1e6, UTC).isoformat()
    return json.dumps({"time": when, "level": level, "service": service, "message": message})


def sample(at: int, pod: str, value: float, metric: str = "cpu") -> str:
    return json.dumps({"metric": metric, "value": value, "time": at / 1e6, "pod": pod})


def found(brain: Brain, clock: Clock, name: str, *, write: bool = False) -> Found:
    """Find what a part of a cycle finds now, and write it where asked."""
    for cycle in Cycle:
        for part in inside(brain).services.signals.parts(cycle):
            if part.name == name:
                at = clock()
                work = CycleWork(context=inside(brain).context, cycle=cycle, from_at=at - HOUR, to_at=at, now=at)
                seen = part.find(work)
                if write and seen.write is not None:
                    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
                        seen.write(tx)
                return seen
    raise AssertionError(name)


def test_the_same_file_twice_counts_once_and_a_growing_one_is_read_on(brain: Brain, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("".join(f"2023-11-14T22:00:{at:02d}Z INFO request {at} was answered\n" for at in range(30)))

    first, again = brain.signals.ingest(log), brain.signals.ingest(log)
    with log.open("a") as file:
        file.write("2023-11-14T22:01:00Z INFO request 99 was answered\n")
    more = brain.signals.ingest(log)

    assert (first.lines, again.lines, more.lines) == (30, 0, 1)
    assert more.resumed > 0
    assert [(each.text, each.count) for each in brain.signals.templates()] == [("request <*> was answered", 31)]


def test_a_file_that_was_renamed_is_known_and_its_successor_is_new(brain: Brain, tmp_path: Path) -> None:
    log, old = tmp_path / "app.log", tmp_path / "app.log.1"
    log.write_text("".join(f"2023-11-14T22:00:{at:02d}Z INFO request {at} was answered\n" for at in range(40)))
    brain.signals.ingest(log)
    log.rename(old)
    log.write_text("".join(f"2023-11-15T22:00:{at:02d}Z INFO request {at} was answered\n" for at in range(40)))

    assert brain.signals.ingest(old).lines == 0
    assert brain.signals.ingest(log).lines == 40


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_log_that_rotation_packed_is_known_and_read_on(
    brain: Brain, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    text = "".join(f"2023-11-14T22:00:{at:02d}Z INFO request {at} was answered\n" for at in range(40))
    log, packed = tmp_path / "app.log", tmp_path / "app.log.2.gz"
    log.write_text(text)
    brain.signals.ingest(log)
    log.unlink()
    packed.write_bytes(pack(f"{text}2023-11-14T22:01:00Z INFO request 99 was answered\n".encode()))

    more = brain.signals.ingest(packed)

    assert (more.lines, more.notes, brain.signals.ingest(packed).lines) == (1, (), 0)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_log_in_another_encoding_is_read(brain: Brain, tmp_path: Path, encoding: str) -> None:
    log = tmp_path / "app.log"
    log.write_bytes("2023-11-14T22:00:00Z ERROR größe is wrong\r\n".encode(encoding))

    taken = brain.signals.ingest(log)

    assert (taken.errors, [each.text for each in taken.new]) == (1, ["größe is wrong"])


def test_lines_that_are_no_utf_8_are_read_and_that_is_said(brain: Brain, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes("2023-11-14T22:00:00Z ERROR größe is wrong\n2023-11-14T22:00:00Z INFO well\n".encode("cp1252"))

    taken = brain.signals.ingest(log)

    assert taken.new[0].text == "größe is wrong"
    assert taken.notes == ("1 lines are not UTF-8: read as Windows-1252",)


def test_lines_without_any_time_are_counted_and_never_of_now(brain: Brain) -> None:
    taken = brain.signals.ingest(["[ERROR] the disk is full"] * 40)
    timed = brain.signals.ingest([f"{datetime.fromtimestamp(START / 1e6, UTC).isoformat()} ERROR the disk is full"])

    (template,) = brain.signals.templates()

    assert (taken.lines, taken.errors, taken.untimed) == (40, 40, 40)
    assert taken.notes == ("40 lines have no time that can be read: they are counted, and stand in no minute",)
    assert (timed.untimed, timed.notes) == (0, ())
    assert (template.count, template.first_at, template.last_at) == (41, START, START)
    assert brain.signals.trouble() == START


def test_the_first_lines_are_of_the_time_of_the_first_that_says_one(brain: Brain) -> None:
    brain.signals.ingest(["#Version: 1.0", "2023-11-14 22:00:00 ERROR the disk is full"])

    assert {each.first_at for each in brain.signals.templates()} == {1_700_000_000_000_000 - 800_000_000}


def test_a_time_of_day_is_of_the_day_that_a_line_before_it_named(brain: Brain) -> None:
    brain.signals.ingest(["2023-11-14 23:59:50 ERROR the disk is full", "00:00:10 ERROR the fan stands still"])

    first, last = sorted(brain.signals.templates(), key=lambda each: each.first_at)

    assert last.first_at - first.first_at == 20_000_000


def test_a_time_that_is_none_is_said_and_the_line_is_of_the_one_before(brain: Brain) -> None:
    taken = brain.signals.ingest(["2023-11-14 22:00:00 INFO well", "2023-02-31 22:00:00 ERROR the disk is full"])

    assert {each.last_at for each in brain.signals.templates()} == {1_700_000_000_000_000 - 800_000_000}
    assert taken.notes == ("1 lines have a time that is none: taken to be of the line before",)


def test_half_a_line_waits_for_its_end(brain: Brain, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("2023-11-14T22:00:00Z INFO one\n2023-11-14T22:00:01Z ERR")

    first = brain.signals.ingest(log)
    with log.open("a") as file:
        file.write("OR disk is full\n")

    assert first.lines == 1
    assert brain.signals.ingest(log).errors == 1


def test_an_error_of_a_log_becomes_a_memory_once_and_a_known_one_is_named(brain: Brain, clock: Clock) -> None:
    event = ErrorEvent(type="", message="payments api timed out after 30 s")
    operation = brain.begin("charge", target="api")
    operation.fail(event)

    taken = brain.signals.ingest(
        [
            line(START, "error", "payments api timed out after 41 s"),
            line(START, "error", "cannot write to /var/lib/db/17: no space left on device"),
            line(START, "error", "cannot write to /var/lib/db/18: no space left on device"),
        ]
    )
    templates = {each.text: each for each in brain.signals.templates(errors=True)}

    assert taken.errors == 3
    assert len(taken.known) == 1
    assert len(templates) == 2
    new = next(each for text, each in templates.items() if "no space" in text)
    assert new.error_memory_id is not None
    memory = brain.get(new.error_memory_id)
    assert (memory.type, memory.trust) == (MemoryType.ERROR_PATTERN, Trust.EXTERNAL)


def test_a_stack_trace_belongs_to_its_line(brain: Brain) -> None:
    brain.signals.ingest(
        [
            "2023-11-14T22:00:00Z ERROR worker: job 7 failed",
            "Traceback (most recent call last):",
            '  File "/app/job.py", line 3, in run',
            "    raise ValueError(x)",
            "ValueError: bad x",
            "2023-11-14T22:00:01Z INFO worker: next job",
        ]
    )

    first = brain.signals.templates()[0]

    assert first.error
    assert first.exemplar.endswith("ValueError: bad x")
    assert len(brain.signals.templates()) == 2


def test_nothing_secret_is_kept_of_a_log(brain: Brain) -> None:
    secret = "hunter2-" + "q7Zp3xW9" * 3
    brain.signals.ingest([line(START, "error", f"login failed with password={secret} for bob")] * 3)
    brain.signals.ingest([line(START, "error", f"login failed with password={secret[::-1]} for bob")])

    kept = repr(brain.signals.templates()) + repr(brain.retrieve("login failed"))

    assert "login failed" in kept
    assert secret not in kept
    assert secret[::-1] not in kept


def test_templates_that_are_one_in_the_end_have_one_count(brain: Brain) -> None:
    names = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove"]
    for name in names:
        brain.signals.ingest([line(START, "error", f"worker cannot pick item {name} now")])

    (only,) = brain.signals.templates()

    assert (only.text, only.count) == ("worker cannot pick item <*> now", len(names))


def test_an_anomaly_is_tied_to_what_was_done_right_before(brain: Brain, clock: Clock) -> None:
    draw = random.Random(1)
    begun = START + 300 * MINUTE
    lines = [
        sample(START + at * MINUTE, pod, draw.gauss(50, 1) + (80 if pod == "api-1" and at >= 300 else 0))
        for at in range(310)
        for pod in ("api-1", "api-2", "cart-1", "mail-1")
    ]
    clock.now = begun - 2 * MINUTE
    brain.begin("deploy", target="api-1").succeed()
    clock.now = START + 310 * MINUTE
    brain.signals.ingest(lines)

    seen = found(brain, clock, "anomalies")
    level = next(iter(brain.signals.change_points()), None)
    suspects = brain.signals.suspects(begun)

    assert [anomaly.at for anomaly in brain.signals.anomalies()] == [begun]
    assert "deploy of api-1 2 min before" in seen.section.lines[0]
    assert seen.insights[0].operations
    assert suspects[0].name == "api-1"
    assert any("deploy was done" in reason for reason in suspects[0].reasons)
    assert brain.signals.around("api-1", begun)["cpu"]
    assert level is None  # ten minutes are no lasting change


def test_a_level_that_lasts_is_told_with_its_beginning(brain: Brain, clock: Clock) -> None:
    draw = random.Random(2)
    lines = [sample(START + at * MINUTE, "api-1", draw.gauss(20 if at >= 150 else 10, 1)) for at in range(300)]
    clock.now = START + 301 * MINUTE
    brain.signals.ingest(lines)

    (change,) = brain.signals.change_points()

    assert abs(change.at - (START + 150 * MINUTE)) <= 3 * MINUTE
    assert found(brain, clock, "levels").insights[0].since == change.at


def test_samples_that_come_again_count_once(brain: Brain, clock: Clock) -> None:
    lines = [sample(START + at * MINUTE, "api-1", float(at)) for at in range(5)]
    brain.signals.ingest(lines)
    clock.now = START + 5 * MINUTE
    brain.signals.ingest(lines)

    assert brain.signals.around("api-1", START, minutes=30)["cpu"] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_counter_says_its_rate_and_begins_anew_without_a_fall(brain: Brain, clock: Clock) -> None:
    for at, value in enumerate([0, 60, 180, 6, 66]):
        clock.now = START + at * MINUTE
        brain.signals.ingest(["# TYPE done_total counter", f'done_total{{pod="api-1"}} {value}'])

    assert brain.signals.around("api-1", START, minutes=30)["done_total"] == [1.0, 2.0, 1.0]


def test_new_rising_and_returning_errors_are_told_apart(brain: Brain, clock: Clock) -> None:
    now = START + 20 * DAY
    back = [line(START, "error", "certificate of mail has expired", "mail")]
    daily = [
        line(START + day * DAY + hour * HOUR, "error", "queue is full", "jobs") for day in range(20) for hour in (1, 9)
    ]
    brain.signals.ingest(back + daily)
    brain.signals.ingest(
        [line(now - 5 * MINUTE, "error", "certificate of mail has expired", "mail")]
        + [line(now - at * MINUTE, "error", "queue is full", "jobs") for at in range(1, 41)]
        + [line(now - 9 * MINUTE, "error", "disk of cart is broken", "cart")]
    )
    clock.now = now

    told = {each.evidence["standing"]: each.title for each in found(brain, clock, "error patterns").insights}

    assert "certificate of mail" in told["returning"]
    assert "queue is full" in told["rising"]
    assert "disk of cart" in told["new"]


def test_errors_of_operations_are_grouped_by_what_they_say(brain: Brain, clock: Clock) -> None:
    for name in ("amber", "birch", "cedar", "delta", "ember", "fjord"):  # six fingerprints, one thing said
        operation = brain.begin("import", target="api")
        operation.fail(ErrorEvent(type="ParseError", message=f"cannot read field {name} of it"))
    clock.now += MINUTE

    seen = found(brain, clock, "error patterns")

    assert len(seen.insights) == 1
    assert seen.insights[0].evidence["day"] == 6
    assert seen.insights[0].operations
    assert seen.complete


def test_a_precursor_that_was_learnt_is_seen_while_it_is_fresh(brain: Brain, clock: Clock) -> None:
    for block in range(40):
        clock.now = START + block * 2 * HOUR
        warned = block % 2 == 0
        if warned:
            brain.signals.ingest([line(clock.now, "warning", f"replica lags by {block} s", "db")])
        clock.now += 5 * MINUTE
        operation = brain.begin("report")
        if warned:
            operation.fail(ErrorEvent(type="StaleRead", message="stale"))
        else:
            operation.succeed()
        clock.now += HOUR

    learnt = found(brain, clock, "precursors", write=True)
    stale = inside(brain).services.signals.precursors(clock.now)
    brain.signals.ingest([line(clock.now, "warning", "replica lags by 9 s", "db")])
    clock.now += MINUTE
    (fresh,) = inside(brain).services.signals.precursors(clock.now)

    assert "db logged: replica lags by <*>" in learnt.section.lines[0]
    assert stale == []
    assert (fresh.operation, fresh.probability) == ("report", 1.0)
    assert fresh.lift > 5


def test_what_is_old_is_kept_by_the_hour(brain: Brain, clock: Clock) -> None:
    brain.signals.ingest([sample(START + at * MINUTE, "api-1", float(at)) for at in range(120)])
    brain.signals.ingest([line(START + at * MINUTE, "error", "it broke") for at in range(120)])
    clock.now = START + 9 * DAY

    found(brain, clock, "resolution", write=True)
    found(brain, clock, "resolution", write=True)

    assert brain.signals.around("api-1", START + HOUR, minutes=60)["cpu"] == [29.5, 89.5]
    assert brain.signals.templates()[0].count == 120


class Page(http.server.BaseHTTPRequestHandler):
    """Serves one page of metrics."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'up{pod="api-1"} 1\n')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def page() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()


def test_a_page_is_asked_for_only_where_its_host_was_allowed(brain: Brain, page: str) -> None:
    with pytest.raises(StepFailed, match="brainops allow --host"):
        brain.signals.ingest(page)

    brain.limits.allow(hosts=["127.0.0.1"])

    assert brain.signals.ingest(page).samples == 1


def test_what_cannot_be_taken_in_says_the_way_out(brain: Brain, tmp_path: Path) -> None:
    damaged = tmp_path / "app.log.gz"
    damaged.write_bytes(gzip.compress(b"2023-11-14T22:00:00Z ERROR disk is full\n" * 99)[:-20])

    with pytest.raises(InvalidInput, match="damaged or cut short"):
        brain.signals.ingest(damaged)
    with pytest.raises(InvalidInput, match="there is no file"):
        brain.signals.ingest(tmp_path / "missing.log")
    with pytest.raises(InvalidInput, match="minutes"):
        brain.signals.suspects(minutes=0)
    with pytest.raises(InvalidInput):
        brain.signals.ingest(["x"], format="xml")


def test_another_namespace_sees_nothing_of_it(open_brain: OpenBrain, clock: Clock) -> None:
    open_brain(clock=clock, actor=PERSON).signals.ingest([line(START, "error", "it broke"), sample(START, "a", 1.0)])

    other = open_brain(clock=clock, actor=PERSON, namespace="team/b", read=[])

    assert other.signals.templates() == []
    assert other.signals.around("a", START) == {}


def test_what_is_no_text_is_not_taken_in_as_a_log(brain: Brain, tmp_path: Path) -> None:
    (tmp_path / "core.log").write_bytes(bytes(range(256)) * 40)

    for wrong in (tmp_path / "core.log", "", "ftp://example.com/app.log", "a\0b"):
        with pytest.raises(InvalidInput):
            brain.signals.ingest(wrong)

    assert brain.signals.templates() == []


def test_opening_a_session_changes_nothing_and_is_suspected_of_nothing(brain: Brain, clock: Clock) -> None:
    brain.sessions.open()

    assert brain.signals.suspects() == []
