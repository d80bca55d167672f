"""Which lines of a text are if and else of pseudo-code, and how does a list say the same? (pure)"""

from __future__ import annotations

import re
from itertools import pairwise

IF = re.compile(r"(?i)(\s*)(?:\}\s*)?(else ?if|elif|elsif|if)\b\s*\(?(.+?)\)?\s*(?:\bthen\b\s*:?|:|\{)?\s*$")
ELSE = re.compile(r"(?i)(\s*)(?:\}\s*)?(?:else|otherwise)\s*[:{]?\s*$")
END = re.compile(r"(?i)\s*(?:end ?if|end|fi|\})[.;]?\s*$")
OPENS = re.compile(r"(?i)\s*(?:\}\s*)?(?:else ?if|elif|elsif|if)\b.+(?:\bthen\b\s*:?|:|\{)\s*$")
FENCED = re.compile(r"(?m)^[ \t]*```(?:text|pseudo\w*)?[ \t]*\n((?:(?!^[ \t]*```).*\n)*?)^[ \t]*```[ \t]*$")
MARK = re.compile(r"(?:[-*+]|\d+[.)])\s+")


def as_list(lines: list[str]) -> list[str]:
    """Return the lines with pseudo-code as a nested list, each in its place; a text without is returned as it is."""
    text = "\n".join(lines)
    for fence in reversed(list(FENCED.finditer(text))):
        inner = fence[1]
        if any(OPENS.match(line) for line in inner.split("\n")) and not re.search(r"\bif \[|\$|;\s*then", inner):
            text = f"{text[: fence.start()]}\n{inner}{text[fence.end() :]}"
    given = text.split("\n")
    if not any(_begins(one, other) for one, other in pairwise(given)):
        return lines
    closed = any(END.match(line) for line in given)
    open_ifs: list[int] = []
    found: list[str] = []
    for line in given:
        indent, depth = len(line) - len(line.lstrip()), len(open_ifs)
        match = ELSE.match(line) or IF.match(line)
        branch = bool(match and (match.re is ELSE or match[2].lower() != "if"))
        while (
            open_ifs
            and line.strip()
            and not closed
            and indent <= open_ifs[-1]
            and not (branch and indent == open_ifs[-1])
        ):
            open_ifs.pop()
        depth = len(open_ifs)
        if END.match(line) and depth:
            open_ifs.pop()
            found.append("")
        elif match and branch and depth:
            then = "Otherwise:" if match.re is ELSE else f"Otherwise, if {match[3]}:"
            found.append(f"{'    ' * (depth - 1)}- {then}")
        elif match and match.re is IF and not branch and OPENS.match(line):
            found.append(f"{'    ' * depth}- If {match[3]}:")
            open_ifs.append(indent)
        elif not line.strip() or (not depth and re.match(r"\s*(?:#|[-*+>|]\s|\d+[.)]|```)", line)):
            found.append(line)
        else:
            found.append(f"{'    ' * depth}- {MARK.sub('', line.strip(), count=1)}")
    return found


def _begins(line: str, following: str) -> bool:
    """Say whether a line begins a branch of pseudo-code: what is indented below it is no list."""
    deeper = len(following) - len(following.lstrip()) > len(line) - len(line.lstrip())
    shouted = re.match(r"\s*(?:ELSE )?IF\b", line) is not None or line.rstrip().endswith("{")
    return bool(OPENS.match(line)) and (shouted or (deeper and not MARK.match(following.lstrip())))
