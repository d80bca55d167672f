"""Can cases be learned, imported, decided and corrected at the command line?"""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Say


def rows(count: int = 40) -> list[dict[str, object]]:
    return [{"id": n, "amount": 25 * n, "decision": "ask" if n > 20 else "pay"} for n in range(count)]


def test_a_table_is_imported_once_and_decides(say: Say, tmp_path: Path) -> None:
    table = tmp_path / "old.csv"
    lines = [f"{row['id']},{row['amount']},{row['decision']}" for row in rows()]
    table.write_text("\n".join(["id,amount,decision", *lines]), encoding="utf-8")

    for _ in range(2):
        assert "40 cases of refund" in say("cases", "import", "refund", str(table), "--outputs", "decision").out
    decided = say("cases", "decide", "refund", "--in", "amount=30", "--in", "id=x", "--json")

    assert say("cases", "--json").value[0]["standing"] == 40
    assert decided.value["outputs"] == {"decision": "pay"}


def test_json_lines_are_imported(say: Say, tmp_path: Path) -> None:
    file = tmp_path / "old.jsonl"
    parted = {"inputs": {"amount": 7}, "outputs": {"decision": "pay"}}
    file.write_text("\n".join(json.dumps(row) for row in [*rows(4), parted]), encoding="utf-8")

    imported = say("cases", "import", "refund", str(file), "--outputs", "decision", "--leave-out", "id", "--json")
    newest = say("cases", "list", "refund", "--json").value[0]

    assert imported.value["cases"] == 5
    assert (newest["inputs"], newest["outputs"]) == ({"amount": 7}, {"decision": "pay"})


def test_it_abstains_with_an_exit_code_and_is_corrected(say: Say) -> None:
    learned = say("cases", "learn", "refund", "--in", "amount=3", "--out", "decision=pay", "--json")
    unknown = say("cases", "decide", "parcel", "--in", "weight=3")
    corrected = say("cases", "correct", learned.value["id"], "--out", "decision=ask", "--reason", "it was much")

    assert (unknown.code, "Abstains" in unknown.out) == (1, True)
    assert "Corrected: decision = ask" in corrected.out
    assert "(replaced)" in say("cases", "list", "refund").out


def test_what_is_no_case_is_refused_with_the_way_out(say: Say, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n", encoding="utf-8")

    assert "none of the outputs c" in say("cases", "import", "refund", str(wrong), "--outputs", "c").err
    assert "no NAME=VALUE" in say("cases", "learn", "refund", "--in", "amount", "--out", "a=1").err
    assert "--right" in say("cases", "correct", "some-id").err
