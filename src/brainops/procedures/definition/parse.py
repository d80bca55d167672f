"""Which procedure stands in a text: Markdown with front matter, YAML, or JSON? (pure)"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from brainops.procedures.definition.define import Examined, examine
from brainops.procedures.definition.findings import Findings
from brainops.procedures.definition.keywords import MAX_SOURCE_CHARACTERS
from brainops.procedures.definition.prose import Sections, sections
from brainops.procedures.definition.yaml_text import YamlText
from brainops.types import JSON, Procedure

FENCE = re.compile(r"---[ \t]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(text: str, path: str = "") -> Procedure:
    """Return the procedure that a text defines; raise InvalidProcedure with every problem, each with its line."""
    return read(text, path).required()


def read(text: str, path: str = "") -> Examined:
    """Look at a text as a whole: its procedure, every problem, and the line of each part."""
    findings = Findings(path)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_SOURCE_CHARACTERS:
        message = f"{len(text):,} characters; at most {MAX_SOURCE_CHARACTERS:,}"
        findings.add((), message, "make several procedures of it: `uses: procedure` joins them")
        return Examined(procedure=None, problems=findings.sorted(), lines={})
    if (half := _SURROGATE.search(text)) is not None:
        line = text.count("\n", 0, half.start()) + 1
        findings.at_line(line, "holds half a character, which no file keeps", "write it anew, as UTF-8")
        return Examined(procedure=None, problems=findings.sorted(), lines={})
    value = _value(text, findings)
    if findings.failed and not isinstance(value, dict):
        return Examined(procedure=None, problems=findings.sorted(), lines=findings.lines)
    return examine(value, findings)


def _value(text: str, findings: Findings) -> JSON:
    if text.lstrip().startswith("{"):

        def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
            found: dict[str, Any] = {}
            for key, each in given:
                if key in found:
                    findings.at_line(1, f"{key[:80]!r} stands in one object twice", "keep one of them")
                found.setdefault(key, each)
            return found

        try:
            value = json.loads(text, object_pairs_hook=pairs)
        except json.JSONDecodeError as error:
            findings.at_line(error.lineno, f"not JSON: {error.msg}")
            return None
        except (RecursionError, ValueError) as error:
            findings.at_line(1, f"not JSON that is read here: {type(error).__name__}", "cut it down")
            return None
        if not findings.failed:
            findings.lines = YamlText(
                text, Findings()
            ).lines  # JSON is YAML but for rare escapes; then lines are missing
        return cast(JSON, value)
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if not FENCE.fullmatch(lines[first]):
        return _bare_yaml(text, findings)
    last = next((number for number in range(first + 1, len(lines)) if FENCE.fullmatch(lines[number])), None)
    if last is None:
        if findings.path.endswith((".yaml", ".yml")):
            return _bare_yaml(text, findings)
        findings.at_line(first + 1, "the front matter does not end", "close it with a line of ---")
        return None
    front = YamlText("\n".join(lines[first + 1 : last]), findings, first_line=first + 2)
    findings.lines = front.lines
    body = sections("\n".join(lines[last + 1 :]), _steps(front.value))
    return _joined(front.value, body, findings, last + 2)


def _bare_yaml(text: str, findings: Findings) -> JSON:
    yaml = YamlText(text, Findings() if not _is_yaml(findings.path) else findings)
    findings.lines = yaml.lines
    if isinstance(yaml.value, dict) and ("steps" in yaml.value or _is_yaml(findings.path)):
        if yaml.value and not _is_yaml(findings.path):
            yaml = YamlText(text, findings)  # again, to hear what is wrong with it
        return yaml.value
    if not findings.failed:
        way_out = "begin the file with ---, `name:` and `steps:`; `brainops procedure new NAME` writes one"
        findings.at_line(1, "no front matter, so no procedure", way_out)
    return None


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml"))


def _steps(value: JSON) -> list[JSON]:
    steps = value.get("steps") if isinstance(value, dict) else None
    return steps if isinstance(steps, list) else []


def _joined(value: JSON, body: Sections, findings: Findings, first_line: int) -> JSON:
    """Put the body's prose and the steps' texts where a mapping has them."""
    if not isinstance(value, dict):
        if not findings.failed:
            findings.at_line(1, "the front matter is no mapping", "begin it with `name: the-name`")
        return None
    whole = dict(value)
    if body.prose and whole.get("prose"):
        findings.add(("prose",), "stands in the front matter and in the body", "keep the body")
    elif body.prose:
        whole["prose"] = body.prose
        findings.lines = {**findings.lines, ("prose",): first_line}
    steps = list(_steps(value))
    for number, (line, text) in body.texts.items():
        step = steps[number]
        if not isinstance(step, Mapping):
            continue
        if step.get("text"):
            findings.at_line(first_line + line, "this step has a text in the front matter too", "keep one of them")
        steps[number] = {**step, "text": text}
        findings.lines = {**findings.lines, ("steps", number, "text"): first_line + line}
    if body.texts:
        whole["steps"] = cast(JSON, steps)
    return whole
