"""Does the reference name what there is: every command, every public method, every setting?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from brainops import Brain
from brainops.config import KNOWN

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"


def test_the_page_of_the_command_line_is_what_the_commands_say() -> None:
    writer = ROOT / "scripts" / "write_cli_reference.py"
    printed = subprocess.run([sys.executable, writer, "--print"], capture_output=True, text=True, check=True).stdout

    assert (REFERENCE / "cli.md").read_text(encoding="utf-8") == printed, (
        "run .venv/bin/python scripts/write_cli_reference.py"
    )


def test_the_page_of_python_names_every_public_method() -> None:
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    methods = [name for name in dir(Brain) if not name.startswith("_")]

    assert [name for name in methods if f"`{name}" not in page] == []


def test_the_page_of_settings_names_every_setting() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")

    assert [name for name in KNOWN if f"| `{name}` |" not in page] == []
