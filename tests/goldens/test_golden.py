"""Is a change seen, told where it is, and nothing seen that is none?"""

from __future__ import annotations

import json

from tests.goldens.clock import START_MICROS
from tests.goldens.golden import RECORDED, Normal, differences
from tests.goldens.test_commands import CASES
from tests.goldens.test_statements import VERBS

ID = "020259b7-ae06-755a-8ac0-b3a7df84793f"


def test_a_value_that_differs_is_told_by_its_path() -> None:
    was = {"a": [{"b": 1, "gone": 0}, 2], "long": "x" * 300 + "y", "same": None}
    now = {"a": [{"b": True, "more": 3}], "long": "x" * 300 + "z", "same": None}

    assert list(differences(was, now)) == [
        "$.a[0].b is true, it was 1",
        "$.a[0].gone is gone, it was 0",
        "$.a[0].more is new: 3",
        "$.a has 1 entries, it had 2",
        f'$.long from character 300 on is ..."{"x" * 50}z", it was ..."{"x" * 50}y"',
    ]


def test_ids_times_places_and_measurements_are_told_alike_and_nothing_else() -> None:
    found = {
        "id": ID,
        "text": f"see {ID} at 2040-01-02T13:00:01Z in /tmp/x/out",
        "expires_at": START_MICROS + 60_000_001,
        "duration_us": 12,
        "sizes": {"rows": 4_096},
        "rows": 3,
        "confidence": 0.123456789,
        "quoted": '{"confidence": 0.1234567891234567}',
        "fingerprint": "c97d44aed0484f139be1cd2f63a418da",
    }

    assert json.loads(Normal(folder="/tmp/x")(json.dumps(found))) == {
        "id": "<id 1>",
        "text": "see <id 1> at <start+60 min> in <folder>/out",
        "expires_at": "<start+1 min>",
        "duration_us": "<measured>",
        "sizes": {"rows": "<measured>"},
        "rows": 3,
        "confidence": 0.123457,
        "quoted": '{"confidence": 0.123457}',
        "fingerprint": "c97d44aed0484f139be1cd2f63a418da",
    }


def test_nothing_is_recorded_that_no_test_asks_for() -> None:
    statements = {f"statements-{name.replace(' ', '-')}" for name in VERBS}
    others = {"export-bytes", "hashes", "trail-strict", "trail-open", "mcp-tools"}

    assert {path.stem for path in RECORDED.iterdir()} <= {*CASES, *statements, *others}
