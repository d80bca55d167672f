"""Is what a server is not asked listed by names that are there, each once?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.conformance.not_remote import FILES, TESTS

HERE = Path(__file__).parent


def test_each_name_is_that_of_a_test_and_stands_once() -> None:
    files = [name for names in FILES.values() for name in names.split()]
    tests = [name for names in TESTS.values() for name in names.split()]
    texts = {path.stem.removeprefix("test_"): path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py")}

    assert [name for name, count in Counter([*files, *tests]).items() if count > 1] == []
    assert [name for name in files if name not in texts] == []
    unknown = [name for name in tests if f"def test_{name.split('.')[1]}(" not in texts.get(name.split(".")[0], "")]
    assert unknown == []
    assert [name for name in tests if name.split(".")[0] in files] == []
