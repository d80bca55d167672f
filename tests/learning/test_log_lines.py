"""Are lines of every usual form read: their time, level, writer and message?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.learning.signals.exposition import is_exposition, samples
from brainops.learning.signals.log_lines import Level, LogLine, Sample, read_log_line

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


@given(st.text(max_size=400))
def test_any_line_can_be_read(line: str) -> None:
    read_log_line(line, now=NOW)
    list(samples([line], now=NOW))
