"""Which parts of a text are personal data: addresses, numbers and accounts that point at a person? (pure)"""

from __future__ import annotations

from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from brainops_core.redaction.secrets import Span

PERSONAL_KINDS = ("email", "phone", "ipv4", "ipv6", "card", "iban", "ssn")

_EMAIL = Regex(
    r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62})\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9\-])"
)
_PHONE = Regex(
    r"(?<![\w.+\-:/=])(?:\+[0-9]{1,3}[ .\-]?(?:\([0-9]{1,4}\)[ .\-]?)?[0-9]{2,4}(?:[ .\-]?[0-9]{2,4}){1,4}"
    r"|\([0-9]{3}\)[ ]?[0-9]{3}[ .\-][0-9]{4}|[2-9][0-9]{2}([.\-])[0-9]{3}\1[0-9]{4})(?![\w\-])"
)
_IPV4 = Regex(r"(?<![\w.\-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w\-]|\.[0-9])")
_IPV6 = Regex(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:\.[0-9]{1,3}){0,3}(?![\w:])")
_CARD = Regex(r"(?<![\w.\-])[3-6][0-9]{3}(?:[ \-]?[0-9]{3,7}){1,4}(?![\w\-]|\.[0-9])")
_IBAN = Regex(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_SSN = Regex(r"(?<![\w\-.])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w\-])")

_SERVICE_USERS = frozenset(("git", "root", "postgres", "ubuntu", "ec2-user", "admin", "deploy"))


def _email(value: str) -> str | None:
    user, _, domain = value.partition("@")
    return None if user in _SERVICE_USERS or domain.endswith((".png", ".service", ".target")) else value.lower()


def _phone(value: str) -> str | None:
    digits = "".join(filter(str.isdigit, value))
    return digits if 8 <= len(digits) <= 15 else None


def _ipv4(value: str) -> str | None:
    parts = [int(part) for part in value.split(".")]
    if max(parts) > 255 or parts[0] in (0, 127) or parts == [255] * 4:
        return None
    return ".".join(map(str, parts))


def _ipv6(value: str) -> str | None:
    if value.count(":") < 2 or value in ("::", "::1"):
        return None
    from ipaddress import AddressValueError, IPv6Address

    try:
        return str(IPv6Address(value.rstrip(".")))
    except AddressValueError:
        return None


def luhn(digits: str) -> bool:
    """Say whether the check digit of a card number holds (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def _card(value: str) -> str | None:
    digits = "".join(filter(str.isdigit, value))
    fits = 13 <= len(digits) <= 19 and (digits[0] != "3" or digits[:2] in ("30", "34", "35", "36", "37", "38", "39"))
    return digits if fits and len(set(digits)) > 1 and luhn(digits) else None


def _iban(value: str) -> str | None:
    compact = value.replace(" ", "")
    if not 15 <= len(compact) <= 34:
        return None
    turned = compact[4:] + compact[:4]
    return compact if int("".join(str(int(character, 36)) for character in turned)) % 97 == 1 else None


_TABLE: dict[str, tuple[str, Regex, Callable[[str], str | None]]] = {
    "email": ("@", _EMAIL, _email),
    "card": ("", _CARD, _card),
    "iban": ("", _IBAN, _iban),
    "ssn": ("-", _SSN, str),
    "ipv4": (".", _IPV4, _ipv4),
    "ipv6": ("::", _IPV6, _ipv6),
    "phone": ("", _PHONE, _phone),
}


def find_personal(text: str, kinds: Collection[str]) -> Iterator[tuple[Span, str]]:
    """Yield each personal value of the given kinds with its canonical form, by which equal ones can be told."""
    from brainops_core.redaction.secrets import Span

    for rank, (kind, (trigger, pattern, canonical)) in enumerate(_TABLE.items(), start=10):
        if kind not in kinds or (trigger not in text and not (kind == "ipv6" and ":" in text)):
            continue
        for match in pattern.finditer(text):
            form = canonical(match.group())
            if form is not None:
                yield Span(match.start(), match.end(), kind, rank), form
