"""Which runbook does an alert lead to? Resolves `runbook_url` by name, and writes both ends of the binding. (pure)

An alert's memory names its runbook (`metadata["runbook"]`, a source key). The runbook's memory ends with a marked
section that holds what its alerts say, so that the text of a fired alert finds the runbook by ordinary search.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import unquote

from msgspec.structs import replace

from brainops.types import JSON, Draft, Trust

MARKER = "<!-- brainops:alerts -->"
LEADS_TO = "Leads to the runbook:"
HEADING = "## Alerts that lead here (from their rule files; not part of the runbook)"
ALERTS_LIMIT = 50
"""Alerts written out in one runbook; a page that more of them share is a page about everything."""
BINDING = frozenset({"runbook", "runbook_uri", "bound_by", "alerts", "binding_digest"})
"""The metadata that binding writes; the rest comes from the source."""
RANK = {Trust.EXTERNAL: 0, Trust.AGENT: 1, Trust.VERIFIED: 2}
DIGEST_LENGTH = 32


def digest(value: object) -> str:
    """Return a short stable digest of a JSON value."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:DIGEST_LENGTH]


def without_marker(text: str) -> str:
    """Return foreign text in which nothing can be taken for the section that binding writes."""
    return text.replace(MARKER, "<!-- brainops alerts -->")


def unbound(draft: Draft) -> Draft:
    """Return the draft as its source alone would give it."""
    content = draft.content
    if isinstance(content, str) and ("alert" in draft.metadata or _runbook_name(draft)):
        content = content.split(MARKER)[0].rstrip()
    return replace(draft, content=content, metadata={k: v for k, v in draft.metadata.items() if k not in BINDING})


def bind(drafts: Sequence[Draft]) -> list[Draft]:
    """Return the drafts, in their order, with every alert bound to its runbook among them.

    The same drafts give the same bindings in any order. `metadata["binding_digest"]` says whether a binding changed;
    it is taken from the alerts' `said_digest`, as redaction may have altered what is stored of their text.
    """
    plain = [unbound(draft) for draft in drafts]
    by_name: dict[str, list[Draft]] = {}
    for draft in plain:
        if name := _runbook_name(draft):
            by_name.setdefault(name, []).append(draft)
    bound = [_to_runbook(draft, by_name) for draft in plain]
    leading: dict[str, list[Draft]] = {}
    for draft in bound:
        if "runbook" in draft.metadata:
            leading.setdefault(str(draft.metadata["runbook"]), []).append(draft)
    return [
        _with_alerts(draft, leading.get(str(draft.source.key), ())) if _runbook_name(draft) else draft
        for draft in bound
    ]


def _runbook_name(draft: Draft) -> str:
    """Return the name by which an address finds this draft, "" when it is no whole Markdown document."""
    key = draft.source.key or ""
    if not key.startswith("markdown:") or "#" in key:
        return ""
    *folders, file = key.split("/")
    stem = re.sub(r"\.\w+$", "", file)
    return _plain(folders[-1] if stem.lower() == "index" and folders else stem)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def _to_runbook(draft: Draft, by_name: Mapping[str, list[Draft]]) -> Draft:
    if "alert" not in draft.metadata:
        return draft
    found = _resolve(draft.metadata, by_name)
    if found is None:
        return replace(draft, metadata={**draft.metadata, "binding_digest": ""})
    runbook, how = found
    key = runbook.source.key
    binding: dict[str, JSON] = {"runbook": key, "runbook_uri": runbook.source.uri, "bound_by": how}
    content = f"{draft.content}\n\n{MARKER}\n{LEADS_TO} {runbook.title} ({key})"
    return replace(draft, content=content, metadata={**draft.metadata, **binding, "binding_digest": digest(key)})


def _resolve(alert: Mapping[str, JSON], by_name: Mapping[str, list[Draft]]) -> tuple[Draft, str] | None:
    """Return the runbook and what it was found by: the address's last part or its anchor, else the alert's own name."""
    url = str(alert.get("runbook_url") or "")
    parts = address_parts(url)
    anchor = url.partition("#")[2].lower().removeprefix("alert-name-")
    last = parts[-2:] if parts[-1:] in (["index"], ["readme"]) else parts[-1:]
    tried = [*((name, "runbook_url") for name in (anchor, *reversed(last))), (str(alert["alert"]), "name")]
    for name, how in tried:
        if runbooks := by_name.get(_plain(name) or " "):
            return _nearest(runbooks, parts), how
    return None


def address_parts(url: str) -> list[str]:
    """Return host and path of an address as lower-case parts, the last without its suffix."""
    plain = unquote(re.sub(r"^[a-z]+://|[?#].*$", "", url.strip(), flags=re.I | re.S)).lower()
    parts = [part for part in plain.split("/") if part]
    return [*parts[:-1], re.sub(r"\.(md|markdown|html?|adoc|rst)$", "", parts[-1])] if parts else []


def _nearest(runbooks: Iterable[Draft], parts: Sequence[str]) -> Draft:
    """Return the runbook that shares most folder names with the address; of equals the one with the shortest key."""
    wanted = {_plain(word) for part in parts for word in (part, *part.split("."))}

    def distance(runbook: Draft) -> tuple[int, int, str]:
        key = runbook.source.key or ""
        shared = {_plain(part) for part in re.split(r"[/:.]", key)} & wanted
        return -len(shared), len(key), key

    return min(runbooks, key=distance)


def _with_alerts(runbook: Draft, alerts: Sequence[Draft]) -> Draft:
    """Return the runbook with the names of its alerts in the metadata, and in the content what they say.

    Only alerts that are trusted as far as the runbook speak in it, so no foreign text enters a verified memory.
    """
    if not alerts:
        return replace(runbook, metadata={**runbook.metadata, "binding_digest": ""})
    names: list[JSON] = list(sorted({str(alert.metadata["alert"]) for alert in alerts})[:ALERTS_LIMIT])
    trusted = [alert.metadata for alert in alerts if RANK[alert.trust] >= RANK[runbook.trust]]
    lines = sorted({said_by(alert) for alert in trusted})[:ALERTS_LIMIT]
    content = f"{runbook.content}\n\n{MARKER}\n{HEADING}\n\n" + "\n".join(lines) if lines else runbook.content
    said = sorted({str(alert.get("said_digest") or digest(said_by(alert))) for alert in trusted})
    return replace(
        runbook,
        content=content,
        metadata={**runbook.metadata, "alerts": names, "binding_digest": digest(said) if said else ""},
    )


def said_by(alert: Mapping[str, JSON]) -> str:
    """Return the line with which an alert speaks in its runbook."""
    severity = f" ({alert['severity']})" if alert.get("severity") else ""
    said = " ".join(str(alert[part]) for part in ("summary", "description") if alert.get(part))
    return without_marker(f"- {alert['alert']}{severity}: {said}" if said else f"- {alert['alert']}{severity}")
