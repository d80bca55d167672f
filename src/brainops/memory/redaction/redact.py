"""Which secrets and personal data stand in a text, and how does it read without them? (pure)"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from brainops.errors import InvalidConfiguration
from brainops.memory.redaction.assignments import find_assignments
from brainops.memory.redaction.injected import (
    INJECTED_CLOSE,
    INJECTED_OPEN,
    contains_injected,
    strip_injected,
    wrap_injected,
)
from brainops.memory.redaction.personal import PERSONAL_KINDS, find_personal
from brainops.memory.redaction.secret_names import is_harmless, looks_random, name_kind
from brainops.memory.redaction.secrets import (
    Span,
    find_aws_pairs,
    find_command_credentials,
    find_header_credentials,
    find_key_blocks,
    find_tokens,
    find_url_credentials,
)
from brainops.types import JSON, Finding

__all__ = [
    "INJECTED_CLOSE",
    "INJECTED_OPEN",
    "Redacted",
    "RedactedJSON",
    "RedactionPolicy",
    "contains_injected",
    "redact",
    "redact_json",
    "strip_injected",
    "wrap_injected",
]

PersonalAction = Literal["allow", "hash", "drop"]

ROUNDS = 8
"""How often a text is searched again after something was taken out; nearly all need one."""

JSON_DEPTH = 200
"""How deep JSON may nest; what lies deeper is replaced, well before the interpreter's own stack ends."""

DIGEST_CHARACTERS = 12

LONGEST_SECRET = 65_536
"""Characters: a private key with its chain of certificates; what is longer is a file."""

_ABSENT = "\ufffd"


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
    counts: Counter[str] = Counter()
    return Redacted(text=_redact(text, policy, counts), findings=_findings(counts))


def safe_text(text: str, policy: RedactionPolicy = DEFAULT, most: int | None = None) -> str:
    """Return a text as it may be kept and shown: clean, redacted, and at most so many characters of it.

    It is cut last: half a secret before the cut would be recognised by nobody. What is looked at beyond the cut is as
    long as secrets are, so that a text without end costs no more than one.
    """
    looked_at = text if most is None else text[: most + LONGEST_SECRET]
    return redact(clean(looked_at), policy).text[:most]


def clean(text: str) -> str:
    """Return a text that every database and terminal can hold: NUL and lone surrogates become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", _ABSENT)


def redact_name(name: str, policy: RedactionPolicy = DEFAULT) -> str:
    """Return an id, key or subject without secrets; a digest keeps what held one apart from every other."""
    text = redact(name, policy).text
    return name if text == name else f"{text}~{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}"


def redact_json(value: JSON, policy: RedactionPolicy = DEFAULT) -> RedactedJSON:
    """Return the JSON value with every string redacted, and with the scalars under secret names replaced whole."""
    counts: Counter[str] = Counter()
    return RedactedJSON(value=_Walk(policy, counts).value(value, None, 0), findings=_findings(counts))


def _findings(counts: Counter[str]) -> tuple[Finding, ...]:
    return tuple(Finding(kind=kind, count=count) for kind, count in sorted(counts.items()))


def _redact(text: str, policy: RedactionPolicy, counts: Counter[str]) -> str:
    for _ in range(ROUNDS):
        lower = text.lower() if text.isascii() else text.replace("\u0130", "i").lower()
        spans = list(_private_blocks(text)) if policy.private and "private" in lower else []
        if policy.secrets:
            spans += _secrets(text, lower)
        personal: dict[Span, str] = {}
        if policy.personal != "allow":
            personal = dict(find_personal(text, policy.personal_kinds))
            spans += personal
        replacements = [(span, _placeholder(span, personal.get(span), policy)) for span in _merge(spans)]
        if not replacements:
            break
        kept: list[str] = []
        position = 0
        for span, replacement in replacements:
            kept += text[position : span.start], replacement
            position = span.end
            counts[span.kind] += 1
        text = "".join(kept) + text[position:]
    return text


def _secrets(text: str, lower: str) -> Iterable[Span]:
    tokens = [*find_tokens(text), *find_key_blocks(text)]
    yield from tokens
    yield from find_aws_pairs(text, tokens)
    yield from find_url_credentials(text)
    yield from find_header_credentials(text, lower)
    yield from find_command_credentials(text)
    yield from find_assignments(text, lower)


def _merge(spans: list[Span]) -> list[Span]:
    """Join overlapping spans: the widest extent, the kind of the most specific."""
    merged: list[Span] = []
    for span in sorted(span for span in spans if span.end > span.start):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            best = min(last, span, key=lambda one: one.rank)
            merged[-1] = Span(last.start, max(last.end, span.end), best.kind, best.rank, last.quoted)
        else:
            merged.append(span)
    return merged


def _placeholder(span: Span, canonical: str | None, policy: RedactionPolicy) -> str:
    if canonical is not None and policy.personal == "hash":
        return f"[{span.kind}:{_digest(span.kind, canonical, policy.key)}]"
    return f'"[redacted:{span.kind}]"' if span.quoted else f"[redacted:{span.kind}]"


def _digest(kind: str, canonical: str, key: bytes) -> str:
    return hashlib.blake2b(f"{kind}\0{canonical}".encode(), key=key).hexdigest()[:DIGEST_CHARACTERS]


_PRIVATE = re.compile(r"<[ \t]{0,4}(?P<slash>/)?[ \t]{0,4}private(?:\s[^<>]{0,64})?>", re.IGNORECASE)


def _private_blocks(text: str) -> Iterator[Span]:
    depth, start = 0, 0
    for tag in _PRIVATE.finditer(text):
        if text[tag.start() - 1 : tag.start()] == "`" == text[tag.end() : tag.end() + 1]:
            continue  # `<private>` in Markdown speaks of the tag.
        if not tag["slash"]:
            start = tag.start() if depth == 0 else start
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield Span(start, tag.end(), "private", -1)
    if depth:
        yield Span(start, len(text), "private", -1)


_FOUND = re.compile(r"\[redacted:[a-z0-9-]{1,40}\]")


class _Walk:
    """One pass over a JSON value."""

    def __init__(self, policy: RedactionPolicy, counts: Counter[str]) -> None:
        self.policy = policy
        self.counts = counts

    def value(self, value: JSON, kind: str | None, depth: int) -> JSON:
        if depth > JSON_DEPTH:
            return self._replaced("too-deep")
        match value:
            case dict():
                return self._fields(value, depth)
            case list():
                return [self.value(one, kind, depth + 1) for one in value]
            case str():
                return self._text(value, kind)
            case bool() | None:
                return value
            case _:
                return self._replaced(kind) if kind == "password" and len(str(value)) >= 4 else value

    def _fields(self, fields: dict[str, JSON], depth: int) -> dict[str, JSON]:
        named = fields.get("name", fields.get("key")) if "value" in fields else None
        value_kind = self._kind(named) if isinstance(named, str) else None
        secret_object = fields.get("kind") == "Secret"
        result: dict[str, JSON] = {}
        for name, value in fields.items():
            clean = self._name(name, result)
            kind = value_kind if name == "value" and value_kind else self._kind(clean)
            if secret_object and name in ("data", "stringData") and isinstance(value, dict):
                result[clean] = {self._name(one, {}): self._text(str(each), "secret") for one, each in value.items()}
            else:
                result[clean] = self.value(value, kind, depth + 1)
        return result

    def _kind(self, name: str) -> str | None:
        return name_kind(_FOUND.sub("", name)) if self.policy.secrets else None

    def _name(self, name: str, taken: dict[str, JSON]) -> str:
        clean = unique = _redact(name, self.policy, self.counts)
        number = 2
        while clean != name and unique in taken:
            unique, number = f"{clean}#{number}", number + 1
        return unique

    def _text(self, text: str, kind: str | None) -> str:
        if kind is None or is_harmless(text) or (kind in ("key", "tokens") and not looks_random(text)):
            return _redact(text, self.policy, self.counts)
        return self._replaced("secret" if kind in ("key", "tokens") else kind)

    def _replaced(self, kind: str | None) -> str:
        self.counts[kind or "secret"] += 1
        return f"[redacted:{kind or 'secret'}]"
