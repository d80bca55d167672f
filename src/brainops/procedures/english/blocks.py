"""Of which headings, paragraphs, lists and code does a prose document consist, and which lies inside which? (pure)"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from brainops.procedures.english.pseudocode import as_list

PSEUDO_LEVEL = 7
"""A paragraph that is bold as a whole stands for a heading below all real ones."""
DEPTH_LIMIT = 24
"""Lists inside lists; deeper ones are read as text of the one they stand in."""

FENCE = re.compile(r"(\s*)(`{3,}|~{3,})\s*([\w+-]*)[^`]*$")
HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*#*[ \t]*$")
ITEM = re.compile(
    r"([ \t]*)([-*+\u2022\u2023\u2013]|\d{1,3}(?:\.\d{1,3})*[.)]|\d{1,3}(?:\.\d{1,3})+|\(?[a-z]\)|"
    r"[a-z]\.)[ \t]+(\S.*)$"
)
STEP_LINE = re.compile(
    r"(?i)([ \t]*)(?:\*\*)?step[ \t]+(\d{1,3}(?:\.\d{1,3})*|"
    r"[a-z])\b(?:\*\*)?[ \t]*[:.)\u2013\u2014-](?:\*\*)?[ \t]*(\S.*)$"
)
TURNS = re.compile(r"(?:Otherwise|Else|If|When|Unless|Then|Finally|After|Before|Note)\b")
"""What begins a paragraph of its own though no empty line parts it from the list above."""
RULE = re.compile(r"[ \t]*([-*_])([ \t]*\1){2,}[ \t]*$")
BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1[ \t]*:?[ \t]*$")
LABEL = re.compile(
    r"(?i)^(?:(step|phase|stage|part|section|path|option|"
    r"task)\s+)?(\d{1,3}(?:\.\d{1,3})*)(?:[.:)\u2013\u2014-]+\s*|\s+)(?=\S)"
)


class BlockKind(StrEnum):
    """What sort of block it is; a heading holds its section, a list its items, an item what is indented below it."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    ITEM = "item"
    CODE = "code"
    TABLE = "table"


class Block(Struct, kw_only=True):
    """A part of a document: its text, the line it begins on (from 1), its number ("1.2") and what lies inside."""

    kind: BlockKind
    line: int
    text: str = ""
    level: int = 0
    label: str = ""
    ordered: bool = False
    language: str = ""
    indent: int = 0
    children: list[Block] = []


def blocks(text: str) -> list[Block]:
    """Return the document as a tree: sections by headings, lists by indentation."""
    reader = _BlockReader(as_list(text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).split("\n")))
    root: list[Block] = []
    open_headings: list[Block] = []
    for block in reader.read():
        if block.kind is BlockKind.HEADING:
            while open_headings and open_headings[-1].level >= block.level:
                open_headings.pop()
        (open_headings[-1].children if open_headings else root).append(block)
        if block.kind is BlockKind.HEADING:
            open_headings.append(block)
    return root


class _BlockReader:
    """Reads lines into flat blocks; items of lists are nested as it goes."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._found: list[Block] = []
        self._items: list[Block] = []  # the open items, outermost first
        self._paragraph: Block | None = None

    def read(self) -> list[Block]:
        if self._lines and self._lines[0].strip() == "---":
            end = next((n for n in range(1, len(self._lines)) if self._lines[n].strip() in ("---", "...")), None)
            names = self._lines[1:end] if end else []
            if end and any(re.match(r"[\w-]+:", name) for name in names):
                self._at = end + 1
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip() or re.match(r" {0,3}\[[^\]]+\]:\s+\S+$", line):  # empty, or where a link leads
                self._paragraph = None
                self._at += 1
            elif not (self._fenced(line) or self._heading(line) or self._item(line) or self._indented_code(line)):
                self._text(line)
        return self._found

    def _fenced(self, line: str) -> bool:
        opened = FENCE.match(line)
        if opened is None:
            return False
        start = self._at
        self._at += 1
        taken: list[str] = []
        while self._at < len(self._lines):
            inner = self._lines[self._at]
            self._at += 1
            if inner.strip().startswith(opened[2]) and not inner.strip().strip(opened[2][0]):
                break
            taken.append(inner)
        indent = len(opened[1])
        code = Block(
            kind=BlockKind.CODE, line=start + 1, text=_dedent(taken), language=opened[3].lower(), indent=indent
        )
        self._place(code, indent)
        return True

    def _heading(self, line: str) -> bool:
        level, text, taken = 0, "", 1
        if match := HEADING.match(line):
            level, text = len(match[1]), match[2] or ""
        elif self._underlined():
            level, text, taken = (1 if "=" in self._lines[self._at + 1] else 2), line, 2
        elif RULE.match(line):
            self._items, self._paragraph = [], None
            self._at += 1
            return True
        elif (
            (bold := BOLD.match(line.strip())) and not line.startswith("    ") and self._alone() and "**" not in bold[2]
        ):
            level, text = PSEUDO_LEVEL, line.strip()
            if self._items and len(line) - len(line.lstrip()) > self._items[-1].indent:
                return False
        if not level:
            return False
        self._items, self._paragraph = [], None
        text = plain(text)
        label = LABEL.match(text)
        self._found.append(
            Block(kind=BlockKind.HEADING, line=self._at + 1, text=text, level=level, label=label[2] if label else "")
        )
        self._at += taken
        return True

    def _underlined(self) -> bool:
        following = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        opens = re.match(r" {0,3}[^\s>#|*+-]", self._lines[self._at]) is not None
        return opens and self._paragraph is None and re.match(r"(={3,}|-{3,})[ \t]*$", following) is not None

    def _alone(self) -> bool:
        before = self._lines[self._at - 1] if self._at else ""
        return self._paragraph is None and (not before.strip() or HEADING.match(before) is not None)

    def _item(self, line: str) -> bool:
        match = ITEM.match(line) or STEP_LINE.match(line)
        if match is None or (self._paragraph is not None and not self._items and not _opens_list(match[2])):
            return False
        indent, marker, text = len(match[1]), match[2], re.sub(r"^\[[ xX]\]\s+", "", match[3])
        while self._items and (self._items[-1].indent >= indent or len(self._items) >= DEPTH_LIMIT):
            self._items.pop()
        ordered = re.search(r"\w", marker) is not None
        number = marker.strip("().")
        outer = self._items[-1].label if self._items else ""
        label = f"{outer}.{number}" if ordered and outer and "." not in number else number if ordered else ""
        item = Block(kind=BlockKind.ITEM, line=self._at + 1, text=text, label=label, ordered=ordered, indent=indent)
        holder = self._items[-1].children if self._items else self._found
        if not holder or holder[-1].kind is not BlockKind.LIST:
            holder.append(Block(kind=BlockKind.LIST, line=self._at + 1, ordered=ordered))
        holder[-1].children.append(item)
        self._items.append(item)
        self._paragraph = item
        self._at += 1
        return True

    def _indented_code(self, line: str) -> bool:
        indent = len(line) - len(line.lstrip())
        base = self._items[-1].indent + 2 if self._items else 0
        if self._paragraph is not None or indent < base + 4:
            return False
        start, taken = self._at, []
        while self._at < len(self._lines):
            inner = self._lines[self._at]
            if inner.strip() and len(inner) - len(inner.lstrip()) < base + 4:
                break
            taken.append(inner)
            self._at += 1
        self._place(Block(kind=BlockKind.CODE, line=start + 1, text=_dedent(taken), indent=indent), indent)
        return True

    def _text(self, line: str) -> None:
        stripped = re.sub(r"^>\s?", "", line.strip())
        if stripped.startswith("|") and stripped.count("|") > 1:
            kind = BlockKind.TABLE
        else:
            kind = BlockKind.PARAGRAPH
        open_block = self._paragraph
        indent = len(line) - len(line.lstrip())
        if open_block is not None and open_block.kind is BlockKind.ITEM and indent <= open_block.indent:
            open_block = None if TURNS.match(stripped) else open_block
        if open_block is not None and (open_block.kind is kind or open_block.kind is BlockKind.ITEM):
            open_block.text += f"\n{stripped}"
        else:
            block = Block(kind=kind, line=self._at + 1, text=stripped)
            self._place(block, len(line) - len(line.lstrip()))
            self._paragraph = block
        self._at += 1

    def _place(self, block: Block, indent: int) -> None:
        """Put a block into the innermost item that it is indented below, else beside everything."""
        while self._items and self._items[-1].indent >= indent:
            self._items.pop()
        (self._items[-1].children if self._items else self._found).append(block)
        self._paragraph = None


def _opens_list(marker: str) -> bool:
    """A list may interrupt a paragraph with a bullet or with its first number, not with any number in the text."""
    return not re.search(r"\w", marker) or marker.strip("().") in ("1", "a") or "." in marker.strip("().")


def _dedent(lines: list[str]) -> str:
    filled = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    cut = min(filled, default=0)
    return "\n".join(line[cut:].rstrip() for line in lines).strip("\n")


def plain(text: str) -> str:
    """Return a line without emphasis, images, anchors and HTML; links and code stay."""
    # Each is bounded, so that marks without an end do not each read on to the text's.
    text = re.sub(
        r"!\[[^\]]{0,999}\]\([^)]{0,999}\)|<!--.{0,9999}?-->|(?:(?<![ \t])[ \t]{1,99})?\{[#%{][^}]{0,999}\}",
        " ",
        text,
        flags=re.S,
    )
    text = re.sub(
        r"(?i)</?(?:br|p|div|span|b|i|em|strong|details|summary|a|img|sup|sub|kbd|ul|ol|li)(?: [^<>]{0,999})?/?>",
        " ",
        text,
    )
    text = re.sub(r"(\*\*|__)(?=\S)(.{1,999}?)(?<=\S)\1", r"\2", text, flags=re.S)
    text = re.sub(r"(?<![\w*])\*(?=[^\s*])([^*\n]+)(?<=\S)\*(?![\w*])", r"\1", text)
    text = re.sub(r"(?<=\w)--(?=\w)|(?<=[\w`])--(?=[\w`])", " \u2013 ", text)
    return " ".join(text.split())


def unlinked(text: str) -> str:
    """Return a text with the words of its links alone."""
    return re.sub(r"\[([^\]]{0,999})\](?:\([^)]{0,999}\)|\[[^\]]{0,999}\])", r"\1", text)
