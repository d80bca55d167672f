"""Are the files and tests that the page of the seven changes names there, and is none of the changes more than four?"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "seven-changes.md").read_text(encoding="utf-8")


def test_every_file_and_every_test_that_the_page_names_is_there() -> None:
    files = re.findall(r"`((?:src|tests|scripts)/[^`]*)`", PAGE)
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    assert [file for file in files if not (ROOT / file).exists()] == []
    assert [name for name in re.findall(r"`(test_\w+)`", PAGE) if f"def {name}(" not in tests] == []


def test_each_of_the_seven_touches_four_files_at_most() -> None:
    sections = PAGE.split("\n## ")[1:]

    assert len(sections) == 7
    assert all(1 <= len(re.findall(r"^\d\. ", section, re.MULTILINE)) <= 4 for section in sections)
