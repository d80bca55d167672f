"""Which lines of a log say the same thing: what in them is constant, and what varies from time to time? (pure)"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from brainops_core.recognition.masks import mask

VALUE = "<*>"
"""What stands for a value in a template's text."""

ANY = "\x00"
"""The token of a position that many distinct words were seen at: any word fits there (shown as VALUE)."""

WORDS = 6
"""How many distinct plain words at one position, all else being equal, make it a variable. Fewer may be what happened
(started, paused, stopped, resumed, failed); a name soon has more."""

NAMES = 3
"""The same for words that look like names (a value, a dot, a dash or a capital inside)."""

CONTEXT = 2
"""How many constant words must remain: without them two lines share nothing but their length."""

TEMPLATES = 20_000
"""How many templates are held; beyond that the one that was not seen for longest leaves, and begins anew if it comes
back (a stored template has the same id then)."""

TOKENS = 120
"""How many words of a line count; what comes behind is data."""

_PLACEHOLDER = re.compile(r"<[a-z*]{1,9}>%?|\[redacted[^\]]{0,60}\]")
_SEGMENT = r"[/\\][\w.@+%~=\-<>*$#]"
_PATH = re.compile(
    rf"(?<![\w/*])(?:<\*>|~|\.{{1,2}}|[A-Za-z]:)?(?:(?:{_SEGMENT}{{1,200}}){{2,40}}|{_SEGMENT}{{2,200}})/?|(?<![\w/])/(?=<\*>)"
)
_HOST = re.compile(r"(?<![\w/.])(?<!^)(?:[\w\-]|<\*>){1,60}(?:\.(?:[A-Za-z]|<\*>)(?:[\w\-$]|<\*>){1,60}){2,12}(?!\w)")
_NOUNS = (
    "user|account|role|host|client|tenant|customer|database|table|topic|queue|bucket|container|image|pod|namespace|"
    "job|task|service|device|volume"
)
_NAMED = re.compile(
    rf"(?i)(?<=\w )((?:for|by|of|from|on|to|in|at|as) (?:the )?(?:{_NOUNS}) )(?!\w+(?:ed|ing)\b)[\w.@$\-]+"
)
_EMPTY = re.compile(r"\(\)|\[\]|\{\}|\"\"|''|(?<=\w)=(?=[\s,;)\]]|$)")
_DIGITS = re.compile(r"[\w$]*\d[\w$]*")
_JOINED = re.compile(r"<\*>(?:[\s,;:|/\\.@#+_=~-]*<\*>)+")
_SPLIT = re.compile(r"\s+")
_NAME = re.compile(r"<\*>|\w[.:/@$\-]\w|[a-z][A-Z]")
_KEY = re.compile(r"[^=:]*[=:]")
_LEADER = re.compile(r"\.{3,}")
_ACT = re.compile(r"(?i)\w(?:ed|ing)\W*$")


@dataclass(slots=True, kw_only=True)
class Template:
    """Lines that say the same thing: `tokens` (ANY where a word varies), how many, and what it became, if merged."""

    tokens: tuple[str, ...]
    count: int = 0
    merged_into: Template | None = None
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = hashlib.blake2b("\x1f".join(self.tokens).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    @property
    def text(self) -> str:
        """The template as a person reads it."""
        return " ".join(VALUE if token == ANY else token for token in self.tokens)

    @property
    def current(self) -> Template:
        """The template that its lines belong to now."""
        found = self
        while found.merged_into is not None:
            found = found.merged_into
        return found


class TemplateMiner:
    """Groups log lines into templates as they come.

    Values that can be told by their form (numbers, ids, times, addresses, paths, hosts) are masked; then a position is
    a variable when, all other words being equal, it was seen with enough distinct words. Deterministic; the state is
    its live templates. After Drain (He et al., 2017) in that lines of one length are compared word by word.
    """

    def __init__(self, templates: Iterable[Template] = ()) -> None:
        self._live: dict[tuple[str, ...], Template] = {}
        self._siblings: dict[tuple[int, tuple[str, ...]], set[tuple[str, ...]]] = {}
        self._tree: dict[int, _Node] = {}
        for template in templates:
            self._add(template)

    def feed(self, line: str) -> Template:
        """Return the template of a line, counting it; it may be merged into another later (`current`)."""
        tokens = tokenise(line)
        template = self._counted(tokens)
        if template is None:
            if len(self._live) >= TEMPLATES:
                self._drop(next(iter(self._live)))
            self._add(Template(tokens=tokens))
            template = self._widened(tokens)
            template.count += 1
        return template

    def known(self, line: str) -> Template | None:
        """Return the template that a line fits, counting it; None, and nothing is learnt, where there is none."""
        return self._counted(tokenise(line))

    def _counted(self, tokens: tuple[str, ...]) -> Template | None:
        template = self._live.get(tokens) or self._fitting(tokens)
        if template is not None:
            template.count += 1
        return template

    def templates(self) -> list[Template]:
        """Return the live templates, in order of first appearance."""
        return list(self._live.values())

    def _widened(self, tokens: tuple[str, ...]) -> Template:
        """Open the positions at which a new template differs from enough others, and return what it became."""
        for position in range(len(tokens)):
            if tokens[position] == ANY:
                continue
            siblings = self._siblings[_key(tokens, position)]
            if len(siblings) > 1 and _varies(tokens, position, [each[position] for each in siblings]):
                return self._merged(tokens, position, sorted(siblings))
        return self._live[tokens]

    def _merged(self, tokens: tuple[str, ...], position: int, siblings: Sequence[tuple[str, ...]]) -> Template:
        wide = (*tokens[:position], ANY, *tokens[position + 1 :])
        if wide not in self._live:
            self._add(Template(tokens=wide))
        whole = self._live[wide]
        for each in siblings:
            if each != wide:
                narrow = self._drop(each)
                narrow.merged_into = whole
                whole.count += narrow.count
        return self._widened(wide)

    def _add(self, template: Template) -> None:
        tokens = template.tokens
        self._live[tokens] = template
        for position in range(len(tokens)):
            self._siblings.setdefault(_key(tokens, position), set()).add(tokens)
        node = self._tree.setdefault(len(tokens), _Node())
        for token in tokens:
            node = node.children.setdefault(token, _Node())

    def _drop(self, tokens: tuple[str, ...]) -> Template:
        template = self._live.pop(tokens)
        for position in range(len(tokens)):
            key = _key(tokens, position)
            siblings = self._siblings[key]
            siblings.discard(tokens)
            if not siblings:
                del self._siblings[key]
        _prune(self._tree[len(tokens)], tokens)
        return template

    def _fitting(self, tokens: tuple[str, ...]) -> Template | None:
        """Return the template that a line fits where some of its words stand at open positions."""
        root = self._tree.get(len(tokens))
        found = _walk(root, tokens, 0) if root is not None else None
        return self._live[found] if found is not None else None


class _Node(Struct):
    children: dict[str, _Node] = {}


def _walk(node: _Node, tokens: tuple[str, ...], at: int) -> tuple[str, ...] | None:
    if at == len(tokens):
        return ()
    for token in (tokens[at], ANY):
        child = node.children.get(token)
        if child is not None:
            rest = _walk(child, tokens, at + 1)
            if rest is not None:
                return (token, *rest)
    return None


def _prune(node: _Node, tokens: tuple[str, ...]) -> None:
    path = [node]
    for token in tokens:
        path.append(path[-1].children[token])
    for at in range(len(tokens) - 1, -1, -1):
        if path[at + 1].children:
            return
        del path[at].children[tokens[at]]


def _key(tokens: tuple[str, ...], position: int) -> tuple[int, tuple[str, ...]]:
    return position, tokens[:position] + tokens[position + 1 :]


def _varies(tokens: tuple[str, ...], position: int, values: Sequence[str]) -> bool:
    """Say whether the words seen at a position are values of a variable, and not different things that happened."""
    if ANY in values or all(value == VALUE for value in values):
        return True
    constant = sum(1 for at, token in enumerate(tokens) if at != position and VALUE not in token and token != ANY)
    keys = {found.group() if (found := _KEY.match(value)) else "" for value in values}
    if position == 0 or constant < CONTEXT or len(keys) > 1 or any(_ACT.search(value) for value in values):
        return False
    if _around_a_value(values) or all(VALUE in value for value in values):
        return True
    return len(values) >= (NAMES if all(map(_NAME.search, values)) else WORDS)


def _around_a_value(values: Sequence[str]) -> bool:
    """Say whether one of the words has a value where the others have something else: chdir(<*>) and chdir(home)."""
    for value in values:
        before, found, behind = value.partition(VALUE)
        if found and VALUE not in behind and (before or behind):
            length = len(before + behind)
            if all(len(each) > length and each.startswith(before) and each.endswith(behind) for each in values):
                return True
    return False


def tokenise(line: str) -> tuple[str, ...]:
    """Return a line's words with what is a value by its form replaced, and lists reduced to one of their kind."""
    text = _PLACEHOLDER.sub(VALUE, mask(_LEADER.sub(" ... ", line)))
    text = _HOST.sub(VALUE, _PATH.sub(VALUE, text))
    text = _NAMED.sub(rf"\1{VALUE}", _EMPTY.sub(_filled, text))
    text = _JOINED.sub(VALUE, _DIGITS.sub(VALUE, text))
    tokens = _SPLIT.split(text.strip())[:TOKENS]
    kept: list[str] = []
    for token in tokens:
        kept.append(token)
        for width in (1, 2, 3, 4):
            again = kept[-width:]
            if len(kept) >= 2 * width and again == kept[-2 * width : -width] and any(VALUE in each for each in again):
                del kept[-width:]
                break
    return tuple(kept)


def _filled(empty: re.Match[str]) -> str:
    found = empty.group()
    return f"={VALUE}" if found == "=" else f"{found[0]}{VALUE}{found[-1]}"
