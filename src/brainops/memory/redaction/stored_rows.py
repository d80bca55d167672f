"""How does a stored row read once today's redaction rules have gone over it? (pure)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from brainops.memory.draft import content_hash, dumped, subject_hash
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.redaction.redact import redact, redact_json
from brainops.memory.transfer.line_kinds import KINDS
from brainops.types import JSON


def cleansed(line: Mapping[str, Any], policy: RedactionPolicy, counts: Counter[str]) -> dict[str, Any]:
    """Return a line (as `lines.line_of` gives it) without what the policy takes out, and add up what that was."""
    kind = line["kind"]
    clean = dict(line)
    for name, field in KINDS[kind].items():
        if field.redacted and line[name] is not None:
            clean[name] = _tree(line[name], policy, counts)
    if kind == "memory":
        clean["tags"] = list(dict.fromkeys(_tree(tag, policy, counts) for tag in line["tags"]))
        clean["content_hash"] = _hash(line, clean)
    return clean


def _tree(value: JSON, policy: RedactionPolicy, counts: Counter[str]) -> JSON:
    cleaned: JSON
    if isinstance(value, str):
        text = redact(value, policy)
        cleaned, findings = text.text, text.findings
    else:
        tree = redact_json(value, policy)
        cleaned, findings = tree.value, tree.findings
    for finding in findings:
        counts[finding.kind] += finding.count
    return cleaned


def _hash(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the content's identity; an error's is its fingerprint, which redaction does not change."""
    for identity in (_identity, _identity_about):
        if before["content_hash"] == identity(before):
            return identity(after)
    return str(before["content_hash"])


def _identity_about(line: Mapping[str, Any]) -> str:
    return subject_hash(_identity(line), str(line["subject"]))


def _identity(line: Mapping[str, Any]) -> str:
    content = line["content"]
    text = content if line["content_format"] == "text" else dumped(content, "content")
    return content_hash(line["type"], line["title"], text)
