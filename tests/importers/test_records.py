"""Are records of trackers and pagers read for what they say, by one table? Written after the products' documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from brainops import Brain
from brainops.errors import InvalidInput
from brainops.importers import Format, ImportReport, import_path, records
from brainops.importers.detect import detect
from brainops.importers.records import SHAPES
from brainops.types import Draft, MemoryType
from tests.importers.material import Write, drafts, left, lines, place
from tests.importers.small_memory import SmallMemory

GITHUB: dict[str, Any] = {
    "url": "https://api.github.com/repos/octocat/Hello-World/issues/1347",
    "repository_url": "https://api.github.com/repos/octocat/Hello-World",
    "html_url": "https://github.com/octocat/Hello-World/issues/1347",
    "id": 1,
    "node_id": "MDU6SXNzdWUx",
    "number": 1347,
    "state": "closed",
    "state_reason": "completed",
    "title": "Consumer stops after a rebalance",
    "body": "It logs `CommitFailedException` and waits.",
    "user": {"login": "octocat", "id": 1},
    "labels": [{"id": 208045946, "name": "bug", "color": "f29513"}, {"id": 2, "name": "area/kafka"}],
    "assignee": None,
    "milestone": None,
    "comments": 0,
    "created_at": "2011-04-22T13:33:48Z",
    "closed_at": "2011-05-01T00:00:00Z",
}
GH = {
    "number": 1347,
    "title": "Consumer stops after a rebalance",
    "body": "It logs and waits.",
    "state": "CLOSED",
    "stateReason": "COMPLETED",
    "labels": [{"name": "bug"}],
    "comments": [{"author": {"login": "a"}, "body": "A longer poll interval helped."}],
    "url": "https://github.com/octocat/hello-world/issues/1347",
    "closedByPullRequestsReferences": [{"number": 1350, "url": "https://github.com/octocat/hello-world/pull/1350"}],
}
GITLAB: dict[str, Any] = {
    "id": 76,
    "iid": 6,
    "project_id": 8,
    "title": "Runner loses its token",
    "description": "After the upgrade.",
    "state": "opened",
    "created_at": "2016-01-04T15:31:51.081Z",
    "closed_at": None,
    "labels": ["backend"],
    "milestone": {"title": "v4.0"},
    "web_url": "https://gitlab.example.com/ops/infra/-/issues/6",
    "confidential": False,
    "issue_type": "incident",
    "severity": "HIGH",
}
SENTRY: dict[str, Any] = {
    "id": "4711",
    "shortId": "PUMP-STATION-1",
    "title": "TypeError: Cannot read property 'price' of undefined",
    "culprit": "cart/total",
    "permalink": "https://sentry.io/organizations/the-org/issues/4711/",
    "level": "error",
    "status": "resolved",
    "statusDetails": {"inRelease": "shop@1.2.3", "inCommit": {"id": "f00ba4"}},
    "type": "error",
    "metadata": {"type": "TypeError", "value": "Cannot read property 'price' of undefined", "filename": "cart.js"},
    "count": "150",
    "firstSeen": "2018-11-06T21:19:55Z",
    "lastSeen": "2018-11-07T21:19:55Z",
    "project": {"id": "2", "name": "Pump", "slug": "pump"},
}
PAGERDUTY: dict[str, Any] = {
    "id": "PT4KHLK",
    "type": "incident",
    "summary": "[#1234] The server is on fire.",
    "html_url": "https://subdomain.pagerduty.com/incidents/PT4KHLK",
    "incident_number": 1234,
    "title": "The server is on fire.",
    "created_at": "2015-10-06T21:30:42Z",
    "resolved_at": "2015-10-06T21:38:23Z",
    "status": "resolved",
    "incident_key": "baf7cf21b1da41b4b0221008339ff357",
    "service": {"id": "PIJ90N7", "type": "service_reference", "summary": "My Mail Service"},
    "urgency": "high",
    "body": {"type": "incident_body", "details": "Disk of mail-3 at 100 %."},
    "notes": [{"content": "Looking at it."}],
    "resolution": "Rotated the logs and freed the disk.",
}
OPSGENIE: dict[str, Any] = {
    "id": "70413a06-38d6-4c85-92b8-5ebc900d42e2",
    "tinyId": "1791",
    "alias": "event_573",
    "message": "Our servers are in danger",
    "status": "closed",
    "acknowledged": True,
    "tags": ["OverwriteQuietHours", "Critical"],
    "count": 79,
    "createdAt": "2017-05-08T06:21:36.187Z",
    "source": "Isengard",
    "priority": "P4",
    "report": {"ackTime": 15702, "closeTime": 60503, "closedBy": "a@example.com"},
    "description": "Load of 97.",
    "details": {"serverName": "Zion", "resolution": "Moved two tenants away."},
}
SAMPLES = [
    (Format.GITHUB, GITHUB),
    (Format.GITHUB, GH),
    (Format.GITLAB, GITLAB),
    (Format.SENTRY, SENTRY),
    (Format.PAGERDUTY, PAGERDUTY),
    (Format.OPSGENIE, OPSGENIE),
]


def read(write: Write, format: Format, *given: object) -> list[Draft]:
    return drafts(records.read(place(write("a.jsonl", lines(*given))), format))


@pytest.mark.parametrize(("format", "record"), SAMPLES)
def test_the_shape_is_known_from_the_record_however_it_stands_in_its_file(
    write: Write, format: Format, record: dict[str, Any]
) -> None:
    for text in (lines(record), lines([record]), lines([[record], [record]]), lines([record], [record])):
        path = place(write("a.json", text))

        assert detect(path) is format
        assert drafts(records.read(path, format))[0].title == record.get("title", record.get("message"))


@pytest.mark.parametrize("name", ["data", "incidents", "records"])
def test_an_answer_with_its_records_under_a_name_is_read(write: Write, name: str) -> None:
    path = place(write("a.json", lines({name: [PAGERDUTY, PAGERDUTY], "limit": 25, "more": False})))

    assert detect(path) is Format.PAGERDUTY
    assert len(drafts(records.read(path, Format.PAGERDUTY))) == 2


def test_one_record_in_its_envelope_is_read(write: Write) -> None:
    assert read(write, Format.PAGERDUTY, {"incident": PAGERDUTY})[0].source.key == "pagerduty:account#PT4KHLK"


def test_an_issue_of_github_keeps_what_it_says(write: Write) -> None:
    (draft,) = read(write, Format.GITHUB, GITHUB)

    assert (draft.type, draft.tags) == (MemoryType.ERROR_PATTERN, ("github", "resolved", "bug", "area-kafka"))
    assert draft.content == {"report": "It logs `CommitFailedException` and waits.", "state": "closed"}
    assert draft.metadata["ended_at"] == "2011-05-01T00:00:00Z"
    assert draft.source.key == "github:github.com/octocat/hello-world#1347"
    assert draft.source.uri == "https://github.com/octocat/Hello-World/issues/1347"


def test_both_forms_of_one_github_issue_have_one_key(write: Write) -> None:
    assert read(write, Format.GITHUB, GITHUB)[0].source.key == read(write, Format.GITHUB, GH)[0].source.key


def test_comments_and_the_change_that_closed_it_stand_with_an_issue_and_are_no_fix(write: Write) -> None:
    (draft,) = read(write, Format.GITHUB, GH)

    assert draft.content == {
        "report": "It logs and waits.",
        "comments": "A longer poll interval helped.",
        "fixed_by": "https://github.com/octocat/hello-world/pull/1350",
        "state": "closed",
    }
    assert "candidate-fix" not in draft.tags


@pytest.mark.parametrize(
    ("change", "type"),
    [
        ({"issue_type": "incident"}, MemoryType.ERROR_PATTERN),
        ({"issue_type": "issue"}, MemoryType.LEARNING_INSIGHT),
        ({"issue_type": "issue", "labels": ["type::bug"]}, MemoryType.ERROR_PATTERN),
        ({"issue_type": "issue", "labels": [{"name": "debugging"}]}, MemoryType.LEARNING_INSIGHT),
    ],
)
def test_an_issue_is_an_error_where_its_kind_or_a_label_says_so(
    write: Write, change: dict[str, Any], type: MemoryType
) -> None:
    (draft,) = read(write, Format.GITLAB, GITLAB | change)

    assert draft.type is type
    assert draft.source.key == "gitlab:gitlab.example.com/ops/infra#6"


def test_an_error_of_sentry_is_known_by_its_own_words(write: Write) -> None:
    (draft,) = read(write, Format.SENTRY, SENTRY)

    assert isinstance(draft.content, dict)
    assert draft.content["error"] == "TypeError: Cannot read property 'price' of undefined"
    assert (draft.content["where"], draft.content["fixed_by"]) == ("cart/total", "f00ba4")
    assert (draft.metadata["service"], draft.metadata["resolved_in_release"]) == ("pump", "shop@1.2.3")
    assert draft.source.key == "sentry:pump#4711"


@pytest.mark.parametrize(
    ("format", "record", "helped"),
    [
        (Format.PAGERDUTY, PAGERDUTY, "Rotated the logs and freed the disk."),
        (Format.OPSGENIE, OPSGENIE, "Moved two tenants away."),
    ],
)
def test_what_resolved_an_incident_is_a_candidate_fix_only_once_it_is_resolved(
    write: Write, format: Format, record: dict[str, Any], helped: str
) -> None:
    (done,) = read(write, format, record)
    (open_,) = read(write, format, record | {"status": "acknowledged"})

    assert isinstance(done.content, dict) and isinstance(open_.content, dict)
    assert (done.content["resolution"], done.tags[1]) == (helped, "candidate-fix")
    assert done.metadata["verified"] is False
    assert "resolution" not in open_.content and "candidate-fix" not in open_.tags


@pytest.mark.parametrize(
    ("format", "record", "why"),
    [
        (Format.GITHUB, GITHUB | {"pull_request": {"url": "https://api.github.com/x"}}, "a pull request"),
        (Format.GITHUB, {"issue_url": "https://api.github.com/x/issues/1", "body": "me too"}, "a comment"),
        (Format.GITHUB, GH | {"stateReason": "DUPLICATE"}, "duplicate"),
        (Format.GITLAB, GITLAB | {"source_branch": "x"}, "a merge request"),
        (Format.GITLAB, GITLAB | {"confidential": True}, "confidential"),
        (Format.PAGERDUTY, PAGERDUTY | {"resolve_reason": {"type": "merge_resolve_reason"}}, "merged"),
        (Format.GITHUB, {"number": {}, "title": "x"}, "no `number`"),
        (Format.SENTRY, {"shortId": "A-1", "title": ["x"]}, "no `title`"),
        (Format.OPSGENIE, {"colour": "red"}, "not a record of opsgenie"),
    ],
)
def test_what_is_not_taken_is_said_with_its_reason(write: Write, format: Format, record: object, why: str) -> None:
    items = list(records.read(place(write("a.jsonl", lines(record))), format))

    assert drafts(items) == []
    assert why in left(items)[0].why


@pytest.mark.parametrize("wrong", [None, 7, True, "text", [], {}, [None, [1], {"name": {}}], {"a": []}])
@pytest.mark.parametrize(("format", "record"), SAMPLES)
def test_a_field_that_is_absent_or_of_another_kind_raises_nothing(
    write: Write, format: Format, record: dict[str, Any], wrong: object
) -> None:
    changed = [record | {name: wrong} for name in record]
    without = [{key: value for key, value in record.items() if key != name} for name in record]

    items = list(records.read(place(write("a.jsonl", lines(*changed, *without))), format))

    assert len(items) == 2 * len(record)


def test_a_huge_text_is_shortened_in_its_middle_and_says_so(write: Write) -> None:
    (draft,) = read(
        write, Format.GITHUB, GITHUB | {"body": "a" * 2_000_000 + "the end", "labels": [{"name": "x"}] * 999}
    )

    assert isinstance(draft.content, dict)
    text = str(draft.content["report"])
    assert len(text) < 61_000 and "characters left out" in text and text.endswith("the end")


def test_a_second_export_under_another_name_counts_nothing_twice(write: Write) -> None:
    memory = SmallMemory()
    first = import_path(memory, write("monday.jsonl", lines(GITLAB, GITLAB)))
    again = import_path(memory, write("tuesday.jsonl", lines(GITLAB | {"updated_at": "2026-01-01", "upvotes": 4})))
    closed = import_path(memory, write("friday.jsonl", lines(GITLAB | {"state": "closed"})), sync=True)

    assert (first.taken, len(first.left)) == (1, 1)
    assert (again.taken, again.repeated) == (0, 1)
    assert (closed.superseded, closed.flagged) == (1, 0)


def test_an_export_that_no_longer_holds_an_issue_flags_nothing(write: Write) -> None:
    memory = SmallMemory()
    import_path(memory, write("a.jsonl", lines(GITLAB, GITLAB | {"iid": 7, "web_url": None})))

    assert import_path(memory, write("a.jsonl", lines(GITLAB)), sync=True).flagged == 0


def test_secrets_of_a_record_reach_neither_memory_nor_link(write: Write, tmp_path: Path) -> None:
    secret = "hunter2Xq9Zt7Lm4Wp"
    record = PAGERDUTY | {
        "title": f"login failed: password={secret}",
        "body": {"details": f"postgres://app:{secret}@db.example.com/shop"},
        "resolution": f"export API_TOKEN={secret}",
        "html_url": f"https://me:{secret}@x.pagerduty.com/incidents/1?token={secret}",
    }
    with Brain.open(tmp_path / "memory.db", model="none") as brain:
        report: ImportReport = import_path(brain, write("a.jsonl", lines(record)))
        (memory,) = brain.by_source("pagerduty:")

    assert report.taken == 1
    assert secret not in repr(memory)


def test_the_kind_can_be_said_where_the_records_do_not_tell(write: Write) -> None:
    path = write("a.jsonl", lines({"number": 3, "title": "Slow at noon"}, {"title": "no number"}))

    report = import_path(SmallMemory(), path, format="github")

    assert (report.taken, len(report.left)) == (1, 1)
    with pytest.raises(InvalidInput, match="no format"):
        import_path(SmallMemory(), path, format="bugzilla")


def test_every_shape_is_a_format_of_its_own_with_a_sample() -> None:
    assert [shape.format for shape in SHAPES] == list(dict.fromkeys(format for format, _ in SAMPLES))
