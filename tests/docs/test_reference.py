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


def test_the_page_of_python_names_every_verb_and_noun() -> None:
    page = (REFERENCE / "python.md").read_text(encoding="utf-8")
    names = [name for name in dir(Brain) if not name.startswith("_")]

    assert [name for name in names if f"`{name}" not in page and f"`brain.{name}`" not in page] == []


def test_the_page_of_settings_names_every_setting() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")

    assert [name for name in KNOWN if f"| `{name}` |" not in page] == []


def test_the_page_of_procedures_names_every_public_method_and_every_key() -> None:
    from brainops.procedures.catalog import Catalog
    from brainops.procedures.definition.keywords import PROCEDURE_KEYS, STEP_KEYS

    page = (REFERENCE / "procedures.md").read_text(encoding="utf-8")
    methods = [name for name in vars(Catalog) if not name.startswith("_")]
    keys = [key for key in (*PROCEDURE_KEYS, *STEP_KEYS) if key not in ("$schema", "shell", "text", "prose")]

    assert [name for name in methods if f"`{name}(" not in page] == []
    assert [key for key in keys if f"`{key}`" not in page] == []


def test_the_procedure_on_the_page_is_right_and_its_example_holds() -> None:
    import re

    from brainops.procedures.definition.parse import parse
    from brainops.procedures.definition.rehearse import rehearse

    page = (REFERENCE / "procedures.md").read_text(encoding="utf-8")
    shown = re.search(r"^```markdown\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert shown is not None
    procedure = parse(shown[1], "procedures.md")

    assert [rehearse(procedure, example).differences for example in procedure.tests] == [()]


def test_the_page_of_the_guard_names_every_public_method() -> None:
    from brainops.operations.guard.enforcement import Guard

    page = (REFERENCE / "guard.md").read_text(encoding="utf-8")

    assert [name for name in dir(Guard) if not name.startswith("_") and f"`{name}`" not in page] == []


def test_the_pages_of_deciding_and_foretelling_name_every_public_method() -> None:
    from brainops.operations.predictions import Predictions
    from brainops.procedures.cases.cases import Cases

    deciding = (REFERENCE / "decide.md").read_text(encoding="utf-8")
    foretelling = (REFERENCE / "prediction.md").read_text(encoding="utf-8")

    assert [name for name in dir(Cases) if not name.startswith("_") and f"`{name}`" not in deciding] == []
    assert [name for name in dir(Predictions) if not name.startswith("_") and f"`{name}`" not in foretelling] == []


def test_the_page_of_agents_names_every_public_method() -> None:
    from brainops.agents.agents import Agents

    page = (REFERENCE / "agents.md").read_text(encoding="utf-8")

    assert [name for name in dir(Agents) if not name.startswith("_") and f"`{name}`" not in page] == []


def test_the_page_of_health_says_every_formula() -> None:
    from brainops.health.formulas import FORMULAS

    page = (REFERENCE / "health.md").read_text(encoding="utf-8")

    assert [
        name for name, formula in FORMULAS.items() if f"| {name} | {formula.replace('|', '&#124;')} |" not in page
    ] == []


def test_the_page_of_improvements_names_every_public_method() -> None:
    from brainops.learning.improvements.improvements import Improvements

    page = (REFERENCE / "improvements.md").read_text(encoding="utf-8")

    assert [name for name in dir(Improvements) if not name.startswith("_") and f"`{name}`" not in page] == []
