"""How is a procedure written as its native file, or as a skill? (pure)"""

from __future__ import annotations

import re
from typing import Any

from brainops.procedures.definition.canonical import as_mapping
from brainops.procedures.definition.prose import escaped, written
from brainops.procedures.definition.yaml_text import resolved
from brainops.types import JSON, Procedure

_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")

LINE_CHARACTERS = 120
SHORT_LIST = 6  # items; longer lists are written one below the other


def render(procedure: Procedure) -> str:
    """Return the native file: front matter and prose; reading it gives the same procedure."""
    value = as_mapping(procedure)
    listed = value.get("steps")
    steps = [step for step in listed if isinstance(step, dict)] if isinstance(listed, list) else []
    body = written(procedure.prose, [*steps], [step.text for step in procedure.steps])
    if body is None:  # such as a text with a code block that is not closed: keep the texts with their steps
        body = escaped(procedure.prose, [*steps])
    else:
        for step in steps:
            step.pop("text", None)
    value.pop("prose", None)
    return f"---\n{front_matter(value)}---\n" + (f"\n{body}\n" if body else "")


def skill(procedure: Procedure) -> str:
    """Return the text of a SKILL.md: the native file, with the description that a skill must have."""
    from msgspec.structs import replace

    told = procedure.description or f"How to do {procedure.name.replace('-', ' ')}, step by step."
    return render(replace(procedure, description=told))


def front_matter(value: dict[str, JSON]) -> str:
    """Return a mapping as YAML that reads the same by YAML 1.1, by 1.2, and here."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes what another reader may take for no text; writes long texts as blocks and short lists on a line."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    def of_text(dumper: Any, text: str) -> Any:
        if _OTHER_BREAKS.search(text):  # YAML takes them for line ends outside of double quotes
            return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
        if "\n" in text and not any(line.endswith((" ", "\t")) for line in text.split("\n")):
            return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
        style = None if isinstance(resolved(text), str) else "'"
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    def of_list(dumper: Any, values: list[Any]) -> Any:
        plain = len(values) <= SHORT_LIST and all(isinstance(each, str) and "\n" not in each for each in values)
        return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=plain or not values)

    def of_float(dumper: Any, number: float) -> Any:
        text = repr(number)
        if "e" in text and "." not in text:  # YAML 1.1 wants the point
            text = text.replace("e", ".0e")
        return dumper.represent_scalar("tag:yaml.org,2002:float", text)

    Dumper.add_representer(str, of_text)
    Dumper.add_representer(list, of_list)
    Dumper.add_representer(float, of_float)
    written: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=LINE_CHARACTERS)
    return written.replace("\n'on':", "\non:", 1)  # quoted only for readers of YAML 1.1, to whom it is a truth value
