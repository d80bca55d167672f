"""Is one value of a configuration changed, and nothing around it?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.errors import StepFailed
from brainops.procedures.fixes.configuration import ABSENT, change, read

ENV = "# pool\nPOOL_SIZE=20\nexport DEBUG = false\n\nNAME=api # not a comment\n"
INI = "[web]\nworkers = 4\n\n[db]\nworkers = 2\npool: 5\n"


def file(folder: Path, name: str, text: str) -> str:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("name", "text", "key", "value", "expected"),
    [
        (".env", ENV, "POOL_SIZE", 40, ENV.replace("=20", "=40")),
        ("a.env", ENV, "DEBUG", True, ENV.replace("false", "true")),
        ("a.env", ENV, "NEW", "x", ENV.rstrip("\n") + "\nNEW=x\n"),
        ("a.ini", INI, "db.workers", 8, INI.replace("workers = 2", "workers = 8")),
        ("a.ini", INI, "db.pool", 9, INI.replace("pool: 5", "pool: 9")),
        ("a.json", '{\n  "db": {\n    "pool": 5\n  }\n}\n', "db.pool", 9, '{\n  "db": {\n    "pool": 9\n  }\n}\n'),
        ("a.env", ENV, "POOL_SIZE", ABSENT, ENV.replace("POOL_SIZE=20\n", "")),
    ],
)
def test_only_the_value_that_is_named_changes(
    tmp_path: Path, name: str, text: str, key: str, value: Any, expected: str
) -> None:
    path = file(tmp_path, name, text)

    change({"file": path, "key": key, "value": value})

    assert Path(path).read_text(encoding="utf-8") == expected


def test_what_stood_there_before_is_told_and_put_back(tmp_path: Path) -> None:
    path = file(tmp_path, "a.ini", INI)
    before = read({"file": path, "key": "db.pool"})

    change({"file": path, "key": "db.pool", "value": "50"})
    change({"file": path, "key": "db.pool", **before})

    assert before == {"value": "5"}
    assert Path(path).read_text(encoding="utf-8") == INI


def test_a_key_that_was_not_there_is_taken_out_again(tmp_path: Path) -> None:
    path = file(tmp_path, "a.json", '{"a": 1}')
    before = read({"file": path, "key": "b.c"})

    change({"file": path, "key": "b.c", "value": 2})
    change({"file": path, "key": "b.c", **before})

    assert before == {"value": ABSENT}
    assert json.loads(Path(path).read_text(encoding="utf-8")) == {"a": 1, "b": {}}


def test_the_permissions_of_the_file_stay(tmp_path: Path) -> None:
    path = file(tmp_path, "a.env", ENV)
    Path(path).chmod(0o640)

    change({"file": path, "key": "POOL_SIZE", "value": 1})

    assert Path(path).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("name", "text", "key", "told"),
    [
        ("a.yaml", "a: 1", "a", "none of .env"),
        ("a.json", "[1]", "a", "no object"),
        ("a.json", "{", "a", "no JSON"),
        ("a.ini", INI, "cache.size", r"no section \[cache\]"),
        ("a.json", '{"a": 1}', "a.b", "no object"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused_with_the_file_untouched(
    tmp_path: Path, name: str, text: str, key: str, told: str
) -> None:
    path = file(tmp_path, name, text)

    with pytest.raises(StepFailed, match=told):
        change({"file": path, "key": key, "value": 2})

    assert Path(path).read_text(encoding="utf-8") == text


KEYS = st.from_regex(r"[A-Z][A-Z_]{0,8}", fullmatch=True)
VALUES = st.text(alphabet="abc XYZ.:=-_09", max_size=12)


@given(st.dictionaries(KEYS, VALUES))
def test_every_other_line_survives_any_change(values: dict[str, str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        text = "".join(f"{key}={value}\n" for key, value in values.items())
        path = file(Path(folder), "x.env", text)
        change({"file": path, "key": "TARGET_KEY_X", "value": "1"})
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        left = [line for line in lines if not line.startswith("TARGET_KEY_X")]

    assert [line for line in left if line] == [line for line in text.splitlines() if line]
