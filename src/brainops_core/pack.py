"""What holds in some namespaces, compiled into one file that a hook reads instead of the store?

Three lines of JSON: a head (format, version, which store and namespaces, at which of their change counters), a body
(settings, patterns, rules with their index, fixes, statements), and a signature over both, which is empty beside a
store of one's own and holds where the file came from elsewhere. Whoever reads it falls back where PackUnusable is
raised, and where `is_current` says no: a commit whose pack was never written leaves one that is known to be old.
"""

from __future__ import annotations

from brainops_core.json_text import from_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from brainops_core.guard.values import PlainRule, PlainStart, PlainState, Ruling

FORMAT = "brainops-pack"
FINGERPRINTS = 2  # the version of fingerprints that its fixes are found by
VERSION = 1  # raised whenever an older reader would misread it
MAX_BYTES = 64 * 1024 * 1024  # ten thousand rules take four megabytes; what is larger is no pack
SIGNED_BY = "hmac-sha256"


class PackUnusable(Exception):
    """The pack is missing, of another version, damaged, or not signed by the key; the store knows better."""


class Pack:
    """What one pack says; rules become values only where an operation could meet them."""

    __slots__ = ("_doubtful", "_rules", "active", "body", "head", "patterns")

    def __init__(self, head: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        from brainops_core.guard.rule_index import RuleIndex
        from brainops_core.guard.values import PlainPattern, rule_of

        self.head = head
        self.body = body
        self.active: Mapping[str, str] = body["active"]
        self.patterns = [PlainPattern(glob=glob, action_class=said) for said, glob in body["patterns"]]
        self._rules = RuleIndex(body["rules"], body["index"], rule_of)
        self._doubtful = RuleIndex(body["doubtful"]["rules"], body["doubtful"]["index"], rule_of)

    @property
    def namespaces(self) -> Sequence[str]:
        """The namespaces that it holds for: the written one first."""
        namespaces: Sequence[str] = self.head["namespaces"]
        return namespaces

    def is_current(self, counters: Sequence[Sequence[Any]]) -> bool:
        """Say whether these are the change counters that it was compiled at: rows of the statement `hook_changes`."""
        current: bool = counters_of(counters) == self.head["counters"]
        return current

    def statement(self, name: str) -> str | None:
        """Return the SQL of a statement for this store; None where a hook cannot ask it itself."""
        found: str | None = self.body["statements"].get(name)
        return found

    def fixes(self, digests: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the fixes worth naming for an error with these digests."""
        for digest in digests:
            yield from self.body["fixes"].get(digest, ())

    def classify(self, start: PlainStart, least: str | None = None) -> str:
        """Return the class of an operation, by what these namespaces say and by what it is."""
        from brainops_core.commands.action_class import classify

        return classify(start, self.patterns, least)

    def said(self, command: str) -> str | None:
        """Return the class that these namespaces say themselves of a single command, None where they say nothing."""
        from brainops_core.commands.action_class import said_of

        return said_of(self.patterns, command)

    def applying(self, start: PlainStart) -> list[PlainRule]:
        """Return the rules that an operation must meet; of those that several triggers set off, one."""
        return list({rule.id: rule for rule in self._rules.applying(start)}.values())

    def doubtful(self, start: PlainStart) -> list[PlainRule]:
        """Return the rules that hold for an operation where a condition is met that only the library can evaluate."""
        return list({rule.id: rule for rule in self._doubtful.applying(start)}.values())

    def check(self, start: PlainStart, state: PlainState, now: int) -> Ruling:
        """Decide whether an operation may begin, from the pack and from what was read of the store.

        A rule's condition, which only an expression language evaluates, counts as one that could not be evaluated; of
        those that `doubtful` names nothing is said here.
        """
        from brainops_core.guard import guard

        applied = self.applying(start)
        state.enforcement = self.body["enforcement"]
        state.active = self.active
        state.broken = {*state.broken, *(rule.id for rule in applied if rule.kind == "condition")}
        return guard.check(start, None, applied, state, now)


def counters_of(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Return change counters as a pack keeps them: namespace, of what, how often; in one order."""
    return sorted([str(namespace), str(what), str(counter)] for namespace, what, counter in rows)


def place(store: str, namespaces: Sequence[str], folder: str | None = None) -> str:
    """Return where the pack of some namespaces lies: beside the store's file, else in a folder, by the store's digest.

    `store` is a file's whole path, or an address without who logs in; such a store takes the folder.
    """
    scope = _digest("\n".join(namespaces))
    return f"{store}.{scope}.pack" if folder is None else f"{folder}/{_digest(store)}.{scope}.pack"


def place_of_guard(store: str, namespace: str, folder: str | None = None) -> str:
    """Return where the newest pack of a namespace lies, whichever others were read beside it: no name of one is empty.

    By it a hook finds what holds in a guarded namespace, whatever its environment names to be read.
    """
    return place(store, ["", namespace], folder)


def _digest(text: str) -> str:
    try:
        from _blake2 import blake2b  # hashlib brings OpenSSL along, which takes as long as all else here
    except ImportError:
        from hashlib import blake2b
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def encoded(head: Mapping[str, Any], body: Mapping[str, Any], key: bytes | None = None) -> bytes:
    """Return a pack as bytes, in one canonical form; signed where a key is given."""
    import json

    whole = {"format": FORMAT, "version": VERSION, **head}
    lines = [json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=True) for part in (whole, body)]
    signed = "".join(f"{line}\n" for line in lines).encode()
    signature = {"signature": f"{SIGNED_BY}:{_signature(signed, key)}" if key else ""}
    return signed + json.dumps(signature).encode() + b"\n"


def verify(data: bytes, key: bytes) -> bool:
    """Say whether a pack was signed with this key and is as it was then."""
    from hmac import compare_digest

    end = data.rstrip(b"\n").rfind(b"\n") + 1
    try:
        told = str(from_json(data[end:].decode().rstrip("\n"))["signature"])
    except (ValueError, KeyError, TypeError):
        return False
    return compare_digest(told.encode(), f"{SIGNED_BY}:{_signature(data[:end], key)}".encode())


def _signature(signed: bytes, key: bytes) -> str:
    import hmac

    return hmac.new(key, signed, "sha256").hexdigest()


def decoded(data: bytes, key: bytes | None = None) -> Pack:
    """Return the pack that some bytes are; with a key, only one that it signed. Raises PackUnusable."""
    if key is not None and not verify(data, key):
        raise PackUnusable("it was not signed by this key, or was changed since")
    try:
        head_line, body_line, _signature_line, rest = data.decode().split("\n")
        head = from_json(head_line)
        known = not rest and head["format"] == FORMAT
        version = head["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise PackUnusable("it is damaged") from error
    if not known:
        raise PackUnusable("it is no pack")
    if version != VERSION or head.get("fingerprints") != FINGERPRINTS:
        raise PackUnusable(f"another version of the program made it (format {version}, and this one reads {VERSION})")
    try:
        return Pack(head, from_json(body_line))
    except (ValueError, KeyError, TypeError) as error:
        raise PackUnusable("it is damaged") from error


def read(path: str, namespaces: Sequence[str] | None = None, key: bytes | None = None) -> Pack:
    """Return the pack in a file, of these namespaces where any are named. Raises PackUnusable."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PackUnusable("there is none" if isinstance(error, FileNotFoundError) else str(error)) from error
    if len(data) > MAX_BYTES:
        raise PackUnusable(f"it is larger than {MAX_BYTES:,} bytes")
    pack = decoded(data, key)
    if namespaces is not None and list(namespaces) != list(pack.namespaces):
        raise PackUnusable("it is of other namespaces")
    return pack
