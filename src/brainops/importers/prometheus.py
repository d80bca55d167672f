"""Which alerts does a Prometheus rule file define? One memory an alert, its templates made readable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from brainops.errors import InvalidInput
from brainops.importers.foreign_text import read_text, yaml_value
from brainops.importers.items import Format, Item, Leave, Take
from brainops.importers.places import Place
from brainops.importers.runbook_links import without_marker
from brainops.importers.sections import slug
from brainops.types import JSON, Draft, MemoryType, Source, Trust

Rule = dict[str, JSON]
IMPORTANCE = {"critical": 0.8, "page": 0.8, "error": 0.7, "warning": 0.6, "info": 0.4, "none": 0.3}
"""By severity, around the 0.5 of a memory that says nothing of itself."""
CONTROL = re.compile(r"(if|else|end|with|range|define|template|block)\b|/\*")


def read(place: Place, *, trust: Trust = Trust.EXTERNAL) -> Iterator[Item]:
    """Yield the alerts of a rule file: plain `groups:`, PrometheusRule manifests, lists of them, several documents.

    Raises InvalidInput when the file cannot be read as text.
    """
    used: Counter[str] = Counter()
    for line, text in _documents(without_marker(read_text(place.path))):
        where = f"{place.relative}: document at line {line}"
        try:
            groups = list(rule_groups(yaml_value(text)))
        except InvalidInput as fault:
            yield Leave(what=where, why=str(fault), fault=True)
            continue
        if not groups:
            yield Leave(what=where, why="no rule groups in it")
        for group in groups:
            yield from _group(place, group, trust, used)


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Yield each YAML document with its first line, parted by hand so that a broken one costs only itself."""
    begin = 1
    for part in re.split(r"^---(?=[ \t]|$).*\n?", text, flags=re.M):
        if re.search(r"^[ \t]*[^\s#]", part, re.M):
            yield begin, part
        begin += part.count("\n") + 1


def rule_groups(value: JSON) -> Iterator[Rule]:
    """Yield the rule groups of a parsed document, however it wraps them; nothing when it is another kind of document.

    A rule file and a manifest of rules hold `groups`; Helm's values hold them under names, lists and ConfigMaps inside
    of others, a ConfigMap as a text.
    """
    if isinstance(value, str):
        # Only a text that looks like a rule file is parsed: values hold scripts and certificates too.
        if re.search(r"^\s*-?\s*rules:[ \t]*$", value, re.M) and "{{- " not in value:
            yield from rule_groups(yaml_value(value))
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, dict | str):
                yield from rule_groups(part)
    elif isinstance(value, dict):
        groups = value.get("groups")
        if isinstance(groups, list) and any(isinstance(group, dict) and "rules" in group for group in groups):
            yield from (group for group in groups if isinstance(group, dict) and "rules" in group)
            return
        for part in value.values():
            yield from rule_groups(part)


def _rule(rule: JSON) -> JSON:
    """Return a rule in the words of Prometheus; Grafana's own have a title and queries instead."""
    if not isinstance(rule, dict) or "alert" in rule or not isinstance(rule.get("title"), str) or "data" not in rule:
        return rule
    queries = rule["data"] if isinstance(rule["data"], list) else []
    models = [query.get("model") for query in queries if isinstance(query, dict)]
    asked = (model.get("expr") or model.get("rawSql") for model in models if isinstance(model, dict))
    return {**rule, "alert": rule["title"], "expr": next(filter(None, asked), "")}


def _group(place: Place, group: Rule, trust: Trust, used: Counter[str]) -> Iterator[Item]:
    name = str(group.get("name") or "group")
    where = f"{place.relative}: group {name}"
    recording = 0
    rules = group.get("rules")
    if not isinstance(rules, list):
        yield Leave(what=where, why="its rules are no list", fault=True)
        return
    for number, rule in enumerate(map(_rule, rules), 1):
        if isinstance(rule, dict) and isinstance(rule.get("alert"), str) and str(rule["alert"]).strip():
            yield Take(draft=_draft(place, name, rule, trust, used), position=f"{where}, rule {number}")
        elif isinstance(rule, dict) and "record" in rule:
            recording += 1
        else:
            yield Leave(what=f"{where}, rule {number}", why="neither an alert nor a recording rule", fault=True)
    if recording:
        yield Leave(
            what=f"{where}: {recording} recording rules", why="they compute series and say nothing of what to do"
        )


def _draft(place: Place, group: str, rule: Rule, trust: Trust, used: Counter[str]) -> Draft:
    facts = alert_facts(rule)
    severity = facts.get("severity", "")
    identity = "/".join(filter(None, (slug(group), facts["alert"] + (f"@{slug(severity)}" if severity else ""))))
    used[identity] += 1
    fragment = identity if used[identity] == 1 else f"{identity}~{used[identity]}"
    tags = ("alert", f"severity:{slug(severity)}" if severity else "", slug(group))
    labels = rule.get("labels")
    metadata: dict[str, JSON] = {**facts, "group": group, "labels": labels if isinstance(labels, dict) else {}}
    return Draft(
        title=": ".join(filter(None, (facts["alert"], facts.get("summary"))))[:200],
        content=alert_text(facts),
        type=MemoryType.ERROR_PATTERN,
        tags=tuple(tag for tag in tags if tag),
        importance=IMPORTANCE.get(severity.lower(), 0.5),
        metadata=metadata,
        trust=trust,
        source=Source(key=place.key(Format.PROMETHEUS, fragment), uri=f"{place.uri}#{facts['alert']}"),
    )


def alert_facts(rule: Mapping[str, JSON]) -> dict[str, str]:
    """Return what a rule says of its alert, templates made readable; parts that it does not have are not there."""
    annotations = rule.get("annotations")
    labels = rule.get("labels")
    notes: Mapping[str, JSON] = annotations if isinstance(annotations, dict) else {}
    facts = {
        "alert": str(rule["alert"]).strip(),
        "severity": str(labels.get("severity") or "").strip() if isinstance(labels, dict) else "",
        "summary": readable(notes.get("summary")),
        "description": readable(notes.get("description") or notes.get("message")),
        "expression": str(rule.get("expr") or "").strip(),
        "for": str(rule.get("for") or ""),
        "runbook_url": str(notes.get("runbook_url") or notes.get("runbook") or "").strip(),
    }
    return {name: value for name, value in facts.items() if value}


def alert_text(facts: Mapping[str, str]) -> str:
    """Return the text of an alert's memory: what a fired alert says first, then when it fires and where to look."""
    names = {"alert": "Alert", "severity": "Severity", "summary": "Summary", "description": "Description"}
    lines = [f"{label}: {facts[name]}" for name, label in names.items() if name in facts]
    if "expression" in facts:
        lasting = f" for {facts['for']}" if "for" in facts else ""
        lines.append(f"Fires when this holds{lasting}:\n{facts['expression']}")
    if "runbook_url" in facts:
        lines.append(f"Runbook: {facts['runbook_url']}")
    return "\n".join(lines)


def readable(template: JSON) -> str:
    """Return an annotation with its Go templates as the names of what they stand for: `{{ $labels.pod }}` is `<pod>`.

    A fired alert has values there; one short word each keeps the sentence whole for people and for search.
    """
    if not isinstance(template, str):
        return ""
    return " ".join(re.sub(r"\{\{-?(.*?)-?\}\}", _stand_in, template, flags=re.S).split())


def _stand_in(match: re.Match[str]) -> str:
    inner = match[1].strip()
    if CONTROL.match(inner):
        return ""
    if label := re.search(r"\$?\.?[Ll]abels\.(\w+)", inner):
        return f"<{label[1]}>"
    return "<value>" if re.search(r"\$value|\.Value\b", inner) else ""
