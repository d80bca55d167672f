"""Which steps, branches, jumps and ends does a prose document hold, in its order? Blocks in, units out. (pure)"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from brainops.procedures.english.blocks import Block, BlockKind, blocks, plain, unlinked
from brainops.procedures.english.branches import (
    chain,
    give_label,
    innermost,
    latest,
    only_jumps,
    same_subject,
)
from brainops.procedures.english.order import cut, put_in_order, settle, without_idle
from brainops.procedures.english.passages import (
    chooses,
    does_something,
    flat,
    is_open,
    is_title,
    lead_of,
    number_of,
    offers_choice,
    unlabelled,
)
from brainops.procedures.english.sentences import (
    Clause,
    Else,
    Go,
    If,
    Instruction,
    OpenQuestion,
    Reply,
    Say,
    Stop,
    clauses,
)
from brainops.procedures.english.units import (
    EXPLAINED,
    Chapter,
    Do,
    EndPoint,
    Fork,
    Jump,
    Note,
    Outline,
    Unit,
    asked,
    runnable,
    shortened,
)
from brainops.procedures.english.vocabulary import (
    ALTERNATIVES,
    COMMANDS,
    EXPLAINING,
    begins_instruction,
    opposite,
    words,
)

IT = re.compile(
    r"(?i)^(?:so|yes|true|it (?:is|does|has|was|did)|they (?:are|do|have)|this is(?: the case)?|"
    r"that is(?: the case)?|this is true|applicable)$"
)
IT_NOT = re.compile(
    r"(?i)^(?:not|no|false|it (?:is|does|has|was|did)(?: not|n't)|it isn't|it doesn't|they (?:are|do) not|"
    r"they (?:aren't|don't)|this is not(?: the case)?|that is not(?: the case)?|none(?: of .*)?)$"
)
ONLY_IF = {
    "rollback": "a rollback is needed",
    "roll": "a rollback is needed",
    "back-out": "a rollback is needed",
    "backout": "a rollback is needed",
    "contingency": "the plan did not work",
    "escalation": "the problem remains",
    "fallback": "the plan did not work",
}
"""Sections that are read only when something went wrong: first word of the heading -> the condition."""
INTRODUCES = re.compile(r"(?i)\b(?:following|these|below|next|as follows|steps|actions|methods|ways)\b")

CAUTION = "a caution that is no step of its own; it stays with the step beside it"
NOTE_CHARACTERS = 300
UNCLEAR = "it is not clear what this refers to; it became a question of its own"
UNREAD = "not understood as a step, a condition or a reference"


def outline(text: str) -> Outline:
    """Return the steps, branches and jumps of a document in reading order, and what became none."""
    return outline_of(blocks(text))


def outline_of(tree: list[Block]) -> Outline:
    """Return the outline of a document that was read into blocks."""
    reader = _Outliner()
    title = ""
    first = tree[0] if tree and tree[0].kind is BlockKind.HEADING else None
    if first is not None and not any(each.kind is BlockKind.HEADING for each in tree[1:]):
        title, tree = first.text, [*first.children, *tree[1:]]
    elif first is not None and not first.children:
        title, tree = first.text, tree[1:]
    elif len(tree) > 1 and is_title(tree[0]):
        title, tree = plain(tree[0].text), tree[1:]
    units = reader.read(tree)
    cut(units, reader.notes)
    put_in_order(units)
    settle(units)
    units = without_idle(units, reader.notes)
    return Outline(title=title, about=" ".join(reader.about), units=units, notes=tuple(reader.notes))


class _Outliner:
    """Reads blocks one after the other; what a sentence means depends on those before it in the same place."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.about: list[str] = []
        self.choosing = False  # in a list of which one item applies

    def read(self, content: Sequence[Block]) -> list[Unit]:
        """Return the units of blocks that stand side by side."""
        out: list[Unit] = []
        position = 0
        headings = [each for each in content if each.kind is BlockKind.HEADING]
        alternatives = headings if offers_choice(content) else [b for b in headings if ALTERNATIVES.match(b.text)]
        while position < len(content):
            block = content[position]
            following = content[position + 1 : position + 3]
            taken = 1
            match block.kind:
                case BlockKind.HEADING:
                    self._section(block, out, len(alternatives) > 1 and block in alternatives)
                case BlockKind.PARAGRAPH:
                    taken += self._paragraph(block, out, following)
                case BlockKind.LIST:
                    before = content[position - 1] if position else None
                    self._list(block, out, choice=before is not None and chooses(before))
                case BlockKind.ITEM:
                    self._item(block, out, steps=True)
                case BlockKind.CODE:
                    self._code(block, out)
                case BlockKind.TABLE:
                    self._explain(block.line, block.text, "a table: it stays in the text")
            position += taken
        return out

    # Sections

    def _section(self, block: Block, out: list[Unit], alternative: bool) -> None:
        found = words(unlabelled(block.text))
        said = clauses(unlabelled(block.text)) if found else []
        first = found[0] if found else ""
        if (
            found
            and first in EXPLAINING
            and (len(found) == 1 or not begins_instruction(block.text))
            and not block.label
        ):
            pieces = list(flat(block.children))
            if words(block.text)[0] in {
                "meaning",
                "purpose",
                "overview",
                "summary",
                "impact",
                "introduction",
                "description",
            }:
                self.about += [plain(each.text) for each in pieces[:2] if each.kind is BlockKind.PARAGRAPH]
            self._explain(block.line, block.text, "a section that explains; it stays in the text")
        elif said and isinstance(said[0], If | Else | Reply):
            self._branch(said[0], block.line, out, self.read(block.children))
        elif alternative:
            named = unlinked(ALTERNATIVES.sub("", unlabelled(block.text))).strip(" :.()\u2013\u2014-")
            question = f"{named if len(words(named)) > 1 else block.text} applies"
            fork = Fork(question=question, text=block.text, line=block.line, label=number_of(block))
            fork.yes = [
                Chapter(name=block.text, line=block.line, label=number_of(block), units=self.read(block.children))
            ]
            chain(
                out, fork, exclusive=bool(out) and isinstance(out[-1], Fork) and out[-1].question.endswith(" applies")
            )
        elif first in ONLY_IF and not block.label and (first != "roll" or found[1:2] == ["back"]):
            body = self.read(block.children)
            out.append(Fork(question=ONLY_IF[first], text=block.text, line=block.line, yes=body))
        else:
            self._part(block, out)

    def _part(self, block: Block, out: list[Unit]) -> None:
        step = bool(block.label) or begins_instruction(block.text)
        part = Chapter(name=unlabelled(block.text), line=block.line, label=number_of(block), shown=step)
        lead, rest = lead_of(block.children) if step else ([], block.children)
        if lead:
            do = Do(name=shortened(part.name), text=part.name, line=block.line)
            do.text += "".join(f"\n{plain(each.text)}" for each in lead if each.kind is BlockKind.PARAGRAPH)
            part.units.append(do)
            part.shown = False
            for each in lead:
                if each.kind is BlockKind.CODE:
                    self._code(each, part.units)
        part.units += self.read(rest)
        if step and not part.units:
            part.units.append(Do(name=shortened(part.name), text=part.name, line=block.line))
            part.shown = False
        out.append(part)

    # Paragraphs, lists, code

    def _paragraph(self, block: Block, out: list[Unit], following: Sequence[Block]) -> int:
        """Read a paragraph; one that ends with an open condition takes what follows. Returns how much it took."""
        text = plain(block.text)
        said = clauses(text)
        leads_on = bool(following) and following[0].kind in (BlockKind.LIST, BlockKind.CODE)
        if said and leads_on and isinstance(said[-1], If | Else | Reply) and is_open(said[-1]):
            for clause in said[:-1]:
                self._clause(clause, block.line, out, [])
            taken = 2 if [each.kind for each in following] == [BlockKind.CODE, BlockKind.LIST] else 1
            self._branch(said[-1], block.line, out, self.read(following[:taken]))
            return taken
        opened: list[Do] = []
        before_list = leads_on and following[0].kind is BlockKind.LIST
        for clause in said:
            if text.endswith(":") and clause is said[-1] and before_list and INTRODUCES.search(clause.text):
                self._explain(block.line, clause.text)
            else:
                self._clause(clause, block.line, out, opened)
        last = said[-1] if said else None
        if (
            isinstance(last, Say)
            and leads_on
            and following[0].kind is BlockKind.CODE
            and runnable(following[0])
            and not opened
        ):
            self.notes = [note for note in self.notes if not (note.line == block.line and note.text == last.text)]
            out.append(Do(name=shortened(last.text), text=text, line=block.line))
        return 0

    def _list(self, block: Block, out: list[Unit], *, choice: bool = False) -> None:
        items = block.children
        telling_items = [each for each in items if does_something(each)]
        steps = 2 * len(telling_items) >= len(items)
        if not steps and out and isinstance(out[-1], Do) and not telling_items:
            for each in flat(items):
                out[-1].text += f"\n- {plain(each.text)}"
            return
        self.choosing, before = choice, self.choosing
        for number, item in enumerate(items):
            if not choice or not does_something(item) or isinstance(clauses(plain(item.text))[0], If | Else | Reply):
                self._item(item, out, steps=steps and block.ordered)
                continue
            way: list[Unit] = []
            self._item(item, way, steps=steps and block.ordered)
            if len(way) == 1 and isinstance(way[0], Fork):
                chain(out, way[0], exclusive=bool(number))
            else:
                question = f"{shortened(item.text)}: this way"
                chain(
                    out, Fork(question=question, text=plain(item.text), line=item.line, yes=way), exclusive=bool(number)
                )
        self.choosing = before

    def _item(self, item: Block, out: list[Unit], *, steps: bool) -> None:
        text = plain(item.text)
        said = clauses(text)
        if not said:
            return
        start = len(out)
        mine: list[Do] = []
        if steps and len(said) > 1 and isinstance(said[0], Say) and not said[0].caution:
            said[0] = Instruction(text=said[0].text)
        for clause in said[:-1]:
            self._clause(clause, item.line, out, mine, merge=True)
        last = said[-1]
        body = item.children
        if isinstance(last, If | Else | Reply) and is_open(last) and body:
            self._branch(last, item.line, out, self.read(body))
        else:
            self._plain_item(last, item, out, mine, steps)
        give_label(out[start:], item.label)

    def _plain_item(self, last: Clause, item: Block, out: list[Unit], mine: list[Do], steps: bool) -> None:
        """Read an item whose last sentence is no open condition, and what is indented below it."""
        if isinstance(last, Say) and not mine and steps and not last.caution:
            last = Instruction(text=last.text)
        known = len(self.notes)
        codes = list(takewhile(lambda each: each.kind is BlockKind.CODE, item.children))
        inner = self.read(item.children[len(codes) :]) if not isinstance(last, OpenQuestion) else []
        groups = not codes and any(not isinstance(unit, Fork) for unit in inner)
        if isinstance(last, Instruction) and not mine and plain(item.text).endswith(":") and groups:
            out.append(Chapter(name=shortened(last.text), line=item.line, label=item.label, shown=True, units=inner))
            return
        if not inner:
            del self.notes[known:]
        self._clause(last, item.line, out, mine, merge=True)
        if isinstance(last, OpenQuestion):
            # What is indented below a question: its answers join the fork that stands last.
            under: list[Unit] = [out.pop()] if out and isinstance(out[-1], Fork) else []
            for block in item.children:
                for each in block.children or [block]:
                    self._item(each, under, steps=False)
            out += under
            return
        if mine or not isinstance(last, Say):
            for each in codes:
                self._code(each, out)
        if not inner and mine:
            for each in flat(item.children[len(codes) :]):
                mine[-1].text += f"\n- {plain(each.text)}"
        out += inner

    def _code(self, block: Block, out: list[Unit]) -> None:
        command = runnable(block)
        last = latest(out)
        if isinstance(last, Do) and (not last.command or not command):
            last.text += f"\n```{block.language}\n{block.text}\n```"
            last.command = last.command or command
        elif command:
            first = next(line.strip() for line in command.splitlines() if line.strip())
            text = f"```{block.language}\n{block.text}\n```"
            out.append(Do(name=shortened(f"Run {first}"), text=text, line=block.line, command=command))
        else:
            self._explain(block.line, block.text, "an example or output: it stays in the text")

    # Clauses

    def _clause(self, clause: Clause, line: int, out: list[Unit], mine: list[Do], *, merge: bool = False) -> None:
        """Add what one clause says; in an item the sentences after the first belong to its step."""
        match clause:
            case Instruction():
                if (
                    merge
                    and mine
                    and out
                    and out[-1] is mine[-1]
                    and not (clause.before or clause.after or clause.apart)
                ):
                    mine[-1].text += f"\n{clause.text}"
                    return
                command = ""
                if inline := re.findall(r"`([^`\n]+)`", clause.text):
                    command = next(
                        (
                            each
                            for each in inline
                            if each.split()[0:1] and each.split()[0] in COMMANDS and " " in each.strip()
                        ),
                        "",
                    )
                do = Do(
                    name=shortened(clause.text),
                    text=clause.text,
                    line=line,
                    command=command,
                    before=clause.before,
                    after=clause.after,
                )
                mine.append(do)
                out.append(do)
            case Say():
                if mine and out and out[-1] is mine[-1]:
                    mine[-1].text += f"\n{clause.text}"
                else:
                    self._explain(line, clause.text, CAUTION if clause.caution else EXPLAINED)
            case If() | Else() | Reply():
                self._branch(clause, line, out, None)
            case OpenQuestion():
                out.append(Fork(question=clause.text.rstrip("?"), text=clause.text, line=line))
            case Go():
                out.append(Jump(target=clause.target, text=clause.text, line=line, until=clause.until))
            case Stop():
                out.append(EndPoint(kind=clause.kind, text=clause.text, line=line))

    def _then(self, then: Sequence[Clause], line: int) -> list[Unit]:
        out: list[Unit] = []
        for clause in then:
            if not isinstance(clause, Say):
                self._clause(clause, line, out, [])
        return out

    def _branch(self, clause: If | Else | Reply, line: int, out: list[Unit], body: list[Unit] | None) -> None:
        then = [*self._then(clause.then, line), *(body or [])]
        concluded = " ".join(each.text for each in clause.then if isinstance(each, Say))
        if isinstance(clause, Else):
            previous = innermost(out)
            if previous is None or previous.no:
                self._answered(out, False, then, clause.text, line)
            else:
                previous.no = then
                previous.text += f"\n{clause.text}"
            return
        if isinstance(clause, Reply):
            self._answered(out, clause.yes, then, clause.text, line)
            return
        otherwise = self._then(clause.otherwise, line)
        condition = clause.condition.strip(" .,;:?")
        if IT.match(condition) or IT_NOT.match(condition):
            self._answered(out, bool(IT.match(condition)), then, clause.text, line)
            return
        fork = Fork(
            question=unlinked(condition), text=clause.text, line=line, yes=then, no=otherwise, concluded=concluded
        )
        previous = innermost(out)
        if previous is not None and not previous.no and opposite(previous.question, fork.question) and not otherwise:
            previous.no = then or previous.no
            previous.text += f"\n{clause.text}"
            if previous.concluded and not previous.yes and only_jumps(then):
                previous.yes = [EndPoint(kind="resolved", text=previous.concluded, line=previous.line)]
            return
        chain(
            out,
            fork,
            exclusive=self.choosing or (previous is not None and same_subject(previous.question, fork.question)),
        )

    def _answered(self, out: list[Unit], yes: bool, then: list[Unit], text: str, line: int) -> None:
        """Add what follows from yes or no to the question that stands last, or that the last step asks."""
        last = out[-1] if out else None
        if not isinstance(last, Fork):
            question = (
                asked(last.text.split("\n")[-1]) or asked(last.text.split("\n")[0]) if isinstance(last, Do) else ""
            )
            if not question and isinstance(last, Do) and not yes:
                question = f"{last.name.rstrip('.')}: it worked"
            if not question:
                if then:
                    question = "it applies"
                    self._explain(line, text, UNCLEAR)
                else:
                    self._explain(line, text, UNREAD)
                    return
            last = Fork(question=question, text=text, line=line)
            out.append(last)
        else:
            last.text += f"\n{text}"
        if yes:
            last.yes += then
        else:
            (innermost([last]) or last).no += then

    def _explain(self, line: int, text: str, why: str = EXPLAINED) -> None:
        told = " ".join(plain(text).split())[:NOTE_CHARACTERS]
        self.notes.append(Note(line=line, text=told, why=why, plain=why not in (UNREAD, UNCLEAR)))
