"""Which advisory procedure does a runbook or a skill of somebody else hold? (pure)"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from brainops.errors import InvalidInput, InvalidProcedure
from brainops.procedures.definition.define import define
from brainops.procedures.definition.findings import Findings
from brainops.procedures.definition.keywords import (
    MAX_DESCRIPTION_CHARACTERS,
    MAX_ITEM_CHARACTERS,
    MAX_SOURCE_CHARACTERS,
    SKILL_KEYS,
)
from brainops.procedures.definition.parse import parse
from brainops.procedures.definition.yaml_text import YamlText
from brainops.procedures.english.blocks import Block, BlockKind, blocks
from brainops.procedures.english.draft import Drafted, draft, slug
from brainops.procedures.english.flow import Flow
from brainops.procedures.english.reader import outline
from brainops.procedures.english.units import Note
from brainops.procedures.english.vocabulary import words
from brainops.types import JSON
from brainops.wire import from_plain

DIAGNOSIS = frozenset(
    "diagnosis diagnostics diagnose investigate investigation troubleshooting troubleshoot triage debug debugging "
    "analysis verification assessment detection".split()
)
MITIGATION = frozenset(
    "mitigation mitigate remediation remediate resolution resolve resolving fix fixes solution solutions recovery "
    "recover repair workaround workarounds action actions response".split()
)
AFTERWARDS = frozenset(
    "rollback escalation escalate prevention follow-up followup postmortem cleanup aftermath".split()
)
ALERT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*[a-z0-9][A-Z][A-Za-z0-9_]*|[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+")
FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
WITHOUT_NAME = frozenset({"index", "readme", "skill", "runbook", "_index"})


def imported(text: str, *, path: str = "") -> Drafted:
    """Return what a document of somebody else holds as a procedure; it is never more than a draft.

    A procedure's own file or a SKILL.md with `steps` is read as it stands; a SKILL.md without them becomes an advisory
    procedure of prose alone; everything else is read as a runbook. Raises InvalidProcedure, InvalidInput.
    """
    from_plain(str, path, "a document's path")
    if len(from_plain(str, text, "a document")) > MAX_SOURCE_CHARACTERS:
        raise InvalidInput(f"{path or 'the text'}: {len(text):,} characters; at most {MAX_SOURCE_CHARACTERS:,}")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    front, body = front_matter(text)
    if "steps" in front:
        return Drafted(procedure=parse(text, path), flow=Flow(nodes=(), edges=()), by="file")
    if path.rsplit("/", 1)[-1].lower() == "skill.md" or {"name", "description"} <= set(front):
        return skill(front, body, path=path)
    return runbook(text, path=path)


def front_matter(text: str) -> tuple[Mapping[str, JSON], str]:
    """Return the front matter, empty where there is none that can be read, and the text below it."""
    match = FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    findings = Findings()
    value = YamlText(match[1], findings).value
    if findings.failed or not isinstance(value, Mapping):
        return {}, text
    return cast("Mapping[str, JSON]", value), text[match.end() :]


def skill(front: Mapping[str, JSON], body: str, *, path: str = "") -> Drafted:
    """Return a skill without steps as an advisory procedure of prose alone."""
    folder = "/".join(path.split("/")[-2:-1])
    name = slug(str(front.get("name") or folder or "skill"))
    described = str(front.get("description") or "").strip()
    if not body.strip():
        raise InvalidProcedure(f"{path or 'the skill'} has no text below its front matter, so there is nothing to do")
    value: dict[str, JSON] = {
        "name": name,
        "description": described[:MAX_DESCRIPTION_CHARACTERS],
        "prose": body,
        "tags": ["skill"],
        **{key: front[key] for key in SKILL_KEYS if key in front},
    }
    if described:
        value["on"] = {"intents": [" ".join(described.split())[:MAX_ITEM_CHARACTERS]]}
    note = Note(line=1, text="", why="a skill without steps: its prose is handed out as a whole, nothing is tracked")
    return Drafted(procedure=define(value, path=path), flow=Flow(nodes=(), edges=()), notes=(note,), by="file")


def runbook(text: str, *, path: str = "") -> Drafted:
    """Return a runbook as an advisory procedure: what it means, how to diagnose, then how to mitigate.

    Its alert's name sets it off, as an event and in somebody's words; the whole text stays as prose.
    """
    front, body = front_matter(text)
    tree = blocks(text)
    found = outline(arranged(tree))
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    named = found.title or str(front.get("title") or "") or ("" if stem.lower() in WITHOUT_NAME else stem)
    alert = alert_of(found.title, stem)
    tags: list[JSON] = ["runbook"]
    more: dict[str, JSON] = {"tags": tags}
    if alert:
        more["on"] = {"events": [alert, f"alert:{alert}"], "intents": [f"{alert} is firing", _spaced(alert)]}
    elif named:
        more["on"] = {"intents": [_spaced(named)[:MAX_ITEM_CHARACTERS]]}
    if not body.strip():
        raise InvalidProcedure(f"{path or 'the runbook'} is empty")
    return draft(found, text, name=alert or named or None, more=more)


def alert_of(title: str, stem: str = "") -> str:
    """Return the name of the alert that a runbook is about, by its title or its file's name; "" for none."""
    for candidate in (title.strip().strip("`"), stem if stem[:1].isupper() else ""):
        if ALERT_NAME.fullmatch(candidate):
            return candidate
    return ""


def arranged(tree: Sequence[Block]) -> list[Block]:
    """Return the blocks with diagnosis before mitigation, and what comes afterwards last."""
    if len(tree) == 1 and tree[0].kind is BlockKind.HEADING and _rank(tree[0]) is None:
        tree[0].children = _sorted(tree[0].children)
        return list(tree)
    return _sorted(tree)


def _sorted(content: Sequence[Block]) -> list[Block]:
    ranks: list[int] = []
    for block in content:
        rank = _rank(block) if block.kind is BlockKind.HEADING else None
        ranks.append(rank if rank is not None else ranks[-1] if ranks else 0)
    return [block for _, block in sorted(zip(ranks, content, strict=True), key=lambda each: each[0])]


def _rank(block: Block) -> int | None:
    found = set(words(block.text)[:3])
    for rank, names in enumerate((DIAGNOSIS, MITIGATION, AFTERWARDS), 1):
        if found & names:
            return rank
    return None


def _spaced(name: str) -> str:
    return slug(name).replace("-", " ")
