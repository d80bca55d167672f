"""Does every part of learning belong to a cycle?"""

from __future__ import annotations

import ast
from pathlib import Path

from brainops import learning
from brainops.brain import Brain
from brainops.types import Cycle
from tests.inside import inside


def test_every_part_that_is_written_is_done_by_a_cycle() -> None:
    made = {
        str(word.value.value)
        for path in Path(learning.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Part"
        for word in node.keywords
        if word.arg == "name" and isinstance(word.value, ast.Constant)
    }
    with Brain.open(":memory:", model="none", background=False) as brain:
        done = {part.name for cycle in Cycle for part in inside(brain).services.learning.parts(cycle)}

    assert done == made, "the list of `_sources` in learning/cycles/cycles.py names each part's module"
