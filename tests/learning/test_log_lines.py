"""Are lines of every usual form read: their time, level, writer and message?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.learning.signals.exposition import is_exposition, samples
from brainops.learning.signals.levels import Level
from brainops.learning.signals.log_lines import LogLine, Sample, read_log_line
from brainops.learning.signals.moments import moment, near

NOW = 1_704_500_000_000_000  # the sixth of January 2024


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("line", "message", "when", "level", "writer"),
    [
        (
            "2024-01-05T12:00:00Z ERROR payments: connection to db-7 timed out",
            *("connection to db-7 timed out", "2024-01-05T12:00:00", Level.ERROR, "payments"),
        ),
        (
            "2024-01-05 12:00:00,123 - WARN [main] com.acme.Pool - slow",
            *("slow", "2024-01-05T12:00:00.123", Level.WARNING, "com.acme.Pool"),
        ),
        (
            "17/06/09 20:10:40 INFO executor.Backend: Registered",
            *("Registered", "2017-06-09T20:10:40", Level.INFO, "executor.Backend"),
        ),
        (
            "Jun 14 15:16:01 combo sshd[19939]: check pass; user unknown",
            *("check pass; user unknown", "2023-06-14T15:16:01", None, "sshd"),
        ),
        (
            "<27>1 2024-01-05T12:00:00.5Z host app 12 ID - it broke",
            *("it broke", "2024-01-05T12:00:00.5", Level.ERROR, "app"),
        ),
        (
            "[Sun Dec 04 04:47:44 2005] [error] child in error state 6",
            *("child in error state 6", "2005-12-04T04:47:44", Level.ERROR, None),
        ),
        (
            "E0105 12:00:00.250000       1 reflector.go:12] failed to list",
            *("failed to list", "2024-01-05T12:00:00.25", Level.ERROR, None),
        ),
        (
            'level=error ts=2024-01-05T12:00:00Z service=api msg="cannot connect" err="refused"',
            *("cannot connect refused", "2024-01-05T12:00:00", Level.ERROR, "api"),
        ),
        (
            '{"time": 1704456000, "severity": "WARN", "service": "api", "msg": "slow"}',
            *("slow", "2024-01-05T12:00:00", Level.WARNING, "api"),
        ),
        (
            '10.0.0.1 - - [05/Jan/2024:13:00:00 +0100] "GET /a HTTP/1.1" 500 12',
            *('"GET /a HTTP/1.1" 500 12', "2024-01-05T12:00:00", Level.ERROR, None),
        ),
        (
            "2024-01-05T12:00:00Z ERROR ValueError: bad thing",
            *("ValueError: bad thing", "2024-01-05T12:00:00", Level.ERROR, None),
        ),
    ],
)
def test_a_line_is_read(line: str, message: str, when: str, level: Level | None, writer: str | None) -> None:
    found = read_log_line(line, now=NOW)

    assert found == LogLine(message=message, at=at(when), level=level, writer=writer)


def test_a_plain_line_is_its_own_message() -> None:
    assert read_log_line("VM started", now=NOW) == LogLine(message="VM started")


def test_a_stack_trace_goes_on_from_the_line_before() -> None:
    found = read_log_line("    at java.lang.Thread.run(Thread.java:1)", now=NOW)

    assert isinstance(found, LogLine)
    assert found.continued


def test_json_with_a_metric_is_a_sample() -> None:
    found = read_log_line('{"metric": "cpu", "value": 3.5, "time": 1704456000, "pod": "api-1"}', now=NOW)

    assert found == [Sample(name="cpu", value=3.5, labels={"pod": "api-1"}, at=at("2024-01-05T12:00:00"))]


PAGE = """\
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{pod="api-1",path="/a\\"b"} 1027 1704456000000
# TYPE seconds histogram
seconds_bucket{le="0.1"} 3
seconds_sum 4.5
seconds_count 7
up 1
odd NaN
"""


def test_a_page_of_metrics_is_read_without_buckets() -> None:
    found = list(samples(PAGE.splitlines(), now=NOW))

    assert is_exposition(PAGE)
    assert [(sample.name, sample.value, sample.counter) for sample in found] == [
        ("requests_total", 1027.0, True),
        ("seconds_sum", 4.5, True),
        ("seconds_count", 7.0, True),
        ("up", 1.0, False),
    ]
    assert found[0].labels == {"pod": "api-1", "path": '/a"b'}
    assert found[0].at == at("2024-01-05T12:00:00")


def test_a_log_is_no_page_of_metrics() -> None:
    assert not is_exposition("2024-01-05T12:00:00Z ERROR it broke\n")


WAYS = (
    "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d/%b/%Y:%H:%M:%S +0000", "%a %b %d %H:%M:%S %Y",
    "%b %d, %Y %I:%M:%S %p", "%d-%b-%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y-%jT%H:%M:%S",
    "%Y%m%dT%H%M%S", "%a, %d %b %Y %H:%M:%S +0000",
)  # fmt: skip
FORMATS = [
    tuple(line.split(" :: ", 2))
    for line in Path(__file__).with_name("log_formats.txt").read_text(encoding="utf-8").splitlines()[2:]
]
WRITTEN = at("2025-03-09T14:05:07")
READ = at("2025-06-01T00:00:00")


@pytest.mark.parametrize(("name", "level", "line"), FORMATS, ids=[name for name, _, _ in FORMATS])
def test_time_and_level_of_what_common_programs_write_are_read(name: str, level: str, line: str) -> None:
    found = read_log_line(line, now=READ)

    assert isinstance(found, LogLine)
    assert found.level == (None if level == "-" else level)
    assert not found.unread
    if name.startswith("!"):
        assert found.at is None
    else:
        assert found.at is not None
        assert 0 <= found.at - WRITTEN < 1_000_000
    assert found.message
    assert "2025" not in found.message or name in ("oracle", "rust tracing json")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-03-09 15:05:07 CET", "2025-03-09T14:05:07"),
        ("2025-03-09 06:05:07 PST", "2025-03-09T14:05:07"),
        ("2025-03-09T19:35:07+05:30", "2025-03-09T14:05:07"),
        ("2025-03-09 10:05:07 America/New_York", "2025-03-09T14:05:07"),
        ("2025-03-09 12:05:07 AM", "2025-03-09T00:05:07"),
        ("13/02/2025 14:05:07", "2025-02-13T14:05:07"),
        ("Dec 31 23:59:59", "2024-12-31T23:59:59"),
        ("31 Dec 99 23:59:59", "1999-12-31T23:59:59"),
        (1_741_529_107, "2025-03-09T14:05:07"),
        ("1741529107.250", "2025-03-09T14:05:07.250"),
        (1_741_529_107_250, "2025-03-09T14:05:07.250"),
        ("1741529107250000000", "2025-03-09T14:05:07.250"),
    ],
)
def test_a_time_is_read_with_its_zone_in_any_scale_and_without_a_year(written: str | int, meant: str) -> None:
    assert moment(written, READ) == at(meant)


@pytest.mark.parametrize(
    "line", ["31-Feb-2025 14:05:07 ERROR full", '{"time": "yesterday", "level": "error", "msg": "full"}']
)
def test_a_time_that_is_none_is_said(line: str) -> None:
    found = read_log_line(line, now=READ)

    assert isinstance(found, LogLine)
    assert (found.at, found.unread, found.level) == (None, True, Level.ERROR)


def test_a_time_inside_of_a_sentence_is_not_the_time_of_the_line() -> None:
    found = read_log_line("the lease of node seven ends 2025-03-09 14:05:07", now=READ)

    assert found == LogLine(message="the lease of node seven ends 2025-03-09 14:05:07")


def test_a_time_of_day_is_the_nearest_to_another_time() -> None:
    midnight = at("2025-03-09T00:00:00")

    assert near(timedelta(hours=23, minutes=59) // timedelta(microseconds=1), midnight) == at("2025-03-08T23:59:00")
    assert near(60_000_000, midnight) == at("2025-03-09T00:01:00")


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2025, 5, 30)), st.sampled_from(WAYS))  # noqa: DTZ001
def test_what_is_written_in_a_usual_way_is_read_back(when: datetime, way: str) -> None:
    assert moment(when.strftime(way), READ) == at(when.replace(microsecond=0).isoformat())


@pytest.mark.parametrize(
    "part", ["1", "12:", "GET /", " 500 ", "2025-03-09 ", '"GET ', "a.b.c-1 ", "[", "1.1.1.1:", "9/"]
)
def test_a_hostile_line_is_read_at_once(part: str) -> None:
    begun = process_time()
    read_log_line(part * 8_192, now=READ)

    assert process_time() - begun < 0.25


@given(st.text(max_size=400))
def test_any_line_can_be_read(line: str) -> None:
    read_log_line(line, now=NOW)
    list(samples([line], now=NOW))
