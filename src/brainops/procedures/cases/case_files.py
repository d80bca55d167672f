"""Which decided cases does a file hold: a table with a heading, or a mapping on each line?"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from brainops.errors import InvalidInput

MAX_FIELD_BYTES = 1_000_000  # of one column of a CSV file

Told = tuple[Mapping[str, Any], Mapping[str, Any], str]
"""A case as a file tells it: its inputs, its outputs, and where it stands."""


def cases_in(file: Path, decided: Sequence[str], left: Collection[str] = ()) -> Iterator[Told]:
    """Yield the cases of a .csv file with a heading, or of JSON lines; what is neither decided nor left is an input.

    A line of JSON may hold {"inputs": {...}, "outputs": {...}} instead. Raises InvalidInput.
    """
    for number, row in enumerate(_rows(file), 1):
        if set(row) <= {"inputs", "outputs", "source"} and isinstance(row.get("outputs"), dict):
            inputs, outputs = row.get("inputs"), row["outputs"]
        else:
            inputs = {key: value for key, value in row.items() if key not in decided and key not in left}
            outputs = {key: row[key] for key in decided if key in row}
        if not isinstance(inputs, dict) or not outputs:
            raise InvalidInput(f"case {number} has none of the outputs {', '.join(decided)}; name its columns exactly")
        yield inputs, outputs, f"{file.name}:{number}"


def _rows(file: Path) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(MAX_FIELD_BYTES)
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            if file.suffix.lower() == ".csv":
                yield from csv.DictReader(stream)
                return
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield _mapping(line, f"{file.name}, line {number}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{file.name} cannot be read: {error}") from error


def _mapping(line: str, where: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise InvalidInput(f"{where} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidInput(f'{where} is no mapping, such as {{"amount": 40, "decision": "yes"}}')
    return value
