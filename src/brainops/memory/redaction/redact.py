"""What does redaction take out here, and what did it find, as values of the library? (pure)"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from brainops.errors import InvalidConfiguration
from brainops.types import JSON, Finding
from brainops_core.redaction import redact as core
from brainops_core.redaction.personal import PERSONAL_KINDS

PersonalAction = Literal["allow", "hash", "drop"]


class RedactionPolicy(Struct, frozen=True, kw_only=True):
    """What redaction takes out. Secrets and <private> blocks go by default; personal data stays unless asked for.

    `personal` is "allow", "hash" (a digest under `key`, so that equal values stay equal) or "drop";
    `personal_kinds` says which kinds that is about. Raises InvalidConfiguration.
    """

    secrets: bool = True
    private: bool = True
    personal: PersonalAction = "allow"
    personal_kinds: frozenset[str] = frozenset(PERSONAL_KINDS)
    key: bytes = b""

    def __post_init__(self) -> None:
        if self.personal not in ("allow", "hash", "drop"):
            raise InvalidConfiguration(f"personal data is one of allow, hash, drop; not {self.personal!r}")
        if self.personal == "hash" and not 16 <= len(self.key) <= 64:
            raise InvalidConfiguration(
                "hashing personal data needs a key of 16 to 64 bytes that is kept with the store"
            )
        unknown = sorted(self.personal_kinds - set(PERSONAL_KINDS))
        if unknown:
            known = ", ".join(PERSONAL_KINDS)
            raise InvalidConfiguration(f"no such personal data: {', '.join(unknown)}; there is {known}")


DEFAULT = RedactionPolicy()


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
