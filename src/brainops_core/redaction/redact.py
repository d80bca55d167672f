"""Which secrets and personal data stand in a text, and how does it read without them? (pure)"""

from __future__ import annotations

from brainops_core.redaction.assignments import find_assignments
from brainops_core.redaction.personal import find_personal
from brainops_core.redaction.secret_names import is_harmless, looks_random, name_kind
from brainops_core.redaction.secrets import (
    Span,
    find_aws_pairs,
    find_command_credentials,
    find_header_credentials,
    find_key_blocks,
    find_tokens,
    find_url_credentials,
)
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import Any, Protocol

    class AnyPolicy(Protocol):
        """What is taken out of a text."""

        @property
        def secrets(self) -> bool: ...
        @property
        def private(self) -> bool: ...
        @property
        def personal(self) -> str: ...
        @property
        def personal_kinds(self) -> Collection[str]: ...
        @property
        def key(self) -> bytes: ...


ROUNDS = 8
"""How often a text is searched again after something was taken out; nearly all need one."""

JSON_DEPTH = 200
"""How deep JSON may nest; what lies deeper is replaced, well before the interpreter's own stack ends."""

DIGEST_CHARACTERS = 12

REMEMBERED = 512
"""Texts, and by how many characters at most, that held nothing and are asked about again and again: the error of an
incident and the names of its context come with every step of it. What held something is not kept."""

REMEMBERED_CHARACTERS = 4_000

LONGEST_SECRET = 65_536
"""Characters: a private key with its chain of certificates; what is longer is a file."""

_ABSENT = "\ufffd"


class PlainPolicy:
    """What is taken out where nobody says otherwise: secrets and <private> blocks; personal data stays."""

    __slots__ = ()
    secrets = True
    private = True
    personal = "allow"
    personal_kinds: Collection[str] = ()
    key = b""


DEFAULT = PlainPolicy()


def redact(text: str, policy: AnyPolicy = DEFAULT) -> tuple[str, dict[str, int]]:
    """Return the text with placeholders such as [redacted:aws-access-key] for what the policy takes out, and counts.

    Redacting the result again changes nothing. Takes time linear in the length and accepts any string.
    """
    counts: dict[str, int] = {}
    return _redact(text, policy, counts), counts


def safe_text(text: str, policy: AnyPolicy = DEFAULT, most: int | None = None) -> str:
    """Return a text as it may be kept and shown: clean, redacted, and at most so many characters of it.

    It is cut last: half a secret before the cut would be recognised by nobody. What is looked at beyond the cut is as
    long as secrets are, so that a text without end costs no more than one.
    """
    looked_at = text if most is None else text[: most + LONGEST_SECRET]
    return redact(clean(looked_at), policy)[0][:most]


def clean(text: str) -> str:
    """Return a text that every database and terminal can hold: NUL and lone surrogates become U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", _ABSENT)


def redact_name(name: str, policy: AnyPolicy = DEFAULT) -> str:
    """Return an id, key or subject without secrets; a digest keeps what held one apart from every other."""
    text = redact(name, policy)[0]
    if text == name:
        return name
    import hashlib

    return f"{text}~{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}"


def redact_json(value: Any, policy: AnyPolicy = DEFAULT) -> tuple[Any, dict[str, int]]:
    """Return the JSON value with every string redacted, scalars under secret names replaced whole, and counts."""
    counts: dict[str, int] = {}
    return _Walk(policy, counts).value(value, None, 0), counts


_clean: set[tuple[str, bool, bool]] = set()


def _redact(text: str, policy: AnyPolicy, counts: dict[str, int]) -> str:
    asked = (text, policy.secrets, policy.private)
    usual = policy.personal == "allow"  # where personal data is looked for, nothing is remembered
    if usual and asked in _clean:
        return text
    for number in range(ROUNDS):
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
            if usual and not number and len(text) <= REMEMBERED_CHARACTERS:
                if len(_clean) >= REMEMBERED:
                    _clean.clear()
                _clean.add(asked)
            break
        kept: list[str] = []
        position = 0
        for span, replacement in replacements:
            kept += text[position : span.start], replacement
            position = span.end
            counts[span.kind] = counts.get(span.kind, 0) + 1
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


def _placeholder(span: Span, canonical: str | None, policy: AnyPolicy) -> str:
    if canonical is not None and policy.personal == "hash":
        return f"[{span.kind}:{_digest(span.kind, canonical, policy.key)}]"
    return f'"[redacted:{span.kind}]"' if span.quoted else f"[redacted:{span.kind}]"


def _digest(kind: str, canonical: str, key: bytes) -> str:
    import hashlib

    return hashlib.blake2b(f"{kind}\0{canonical}".encode(), key=key).hexdigest()[:DIGEST_CHARACTERS]


_PRIVATE = Regex(r"(?i)<[ \t]{0,4}(?P<slash>/)?[ \t]{0,4}private(?:\s[^<>]{0,64})?>")


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


_FOUND = Regex(r"\[redacted:[a-z0-9-]{1,40}\]")


class _Walk:
    """One pass over a JSON value."""

    def __init__(self, policy: AnyPolicy, counts: dict[str, int]) -> None:
        self.policy = policy
        self.counts = counts

    def value(self, value: Any, kind: str | None, depth: int) -> Any:
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

    def _fields(self, fields: dict[str, Any], depth: int) -> dict[str, Any]:
        named = fields.get("name", fields.get("key")) if "value" in fields else None
        value_kind = self._kind(named) if isinstance(named, str) else None
        secret_object = fields.get("kind") == "Secret"
        result: dict[str, Any] = {}
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

    def _name(self, name: str, taken: dict[str, Any]) -> str:
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
        told = kind or "secret"
        self.counts[told] = self.counts.get(told, 0) + 1
        return f"[redacted:{told}]"
