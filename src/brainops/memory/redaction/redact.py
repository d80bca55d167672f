"""What does redaction take out here, and what did it find, as values of the library? (pure)"""

from __future__ import annotations

from msgspec import Struct

from brainops.memory.redaction.policy import DEFAULT, RedactionPolicy
from brainops.types import JSON, Finding
from brainops_core.redaction import redact as core


class Redacted(Struct, frozen=True, kw_only=True):
    """A text without what had to go, and what that was."""

    text: str
    findings: tuple[Finding, ...] = ()


class RedactedJSON(Struct, frozen=True, kw_only=True):
    """A JSON value without what had to go, and what that was."""

    value: JSON
    findings: tuple[Finding, ...] = ()


def redact(text: str, policy: RedactionPolicy = DEFAULT) -> Redacted:
    """Return the text with placeholders such as [redacted:aws-access-key] for what the policy takes out.

    Redacting the result again changes nothing. Takes time linear in the length and accepts any string.
    """
    found, counts = core.redact(text, policy)
    return Redacted(text=found, findings=_findings(counts))


def redact_json(value: JSON, policy: RedactionPolicy = DEFAULT) -> RedactedJSON:
    """Return the JSON value with every string redacted, and with the scalars under secret names replaced whole."""
    found, counts = core.redact_json(value, policy)
    return RedactedJSON(value=found, findings=_findings(counts))


def _findings(counts: dict[str, int]) -> tuple[Finding, ...]:
    return tuple(Finding(kind=kind, count=count) for kind, count in sorted(counts.items()))
