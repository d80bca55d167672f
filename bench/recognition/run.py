"""How many pairs of printed errors are judged wrongly: different ones merged, equal ones split?

    python -m bench.recognition.run --work FOLDER [--show]

`--show` names the pairs of the development half that are judged wrongly; of the held half there are two counts alone.
"""

from __future__ import annotations

import json
from pathlib import Path

from bench.figures import Figure, proportion
from bench.part import options, publish
from brainops import fingerprint, parse_error

PAIRS = Path(__file__).parent / "pairs.jsonl"
MOST = {"merged": 1 / 60, "split": 5 / 100}


def main() -> None:
    given = options()
    pairs = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    found: list[Figure] = []
    for half in ("development", "held"):
        for what, same in (("merged", False), ("split", True)):
            asked = [pair for pair in pairs if pair["half"] == half and pair["same"] is same]
            wrong = [pair for pair in asked if (digest(pair["a"]) == digest(pair["b"])) is not same]
            found.append(proportion(f"{half}: {what}", len(wrong), len(asked), at_most=MOST[what]))
            if half == "development" and "--show" in given.rest:
                print(f"{what}: {', '.join(pair['id'] for pair in wrong)}")
    if "--show" not in given.rest:
        publish(found, quick=given.quick)


def digest(text: str) -> str:
    """Return the identity of a printed error."""
    return fingerprint(parse_error(text)).digest


if __name__ == "__main__":
    main()
