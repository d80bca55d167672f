"""Which steps, branches, jumps and ends does a prose document hold, in its order? Blocks in, units out. (pure)"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from brainops.procedures.english import patterns, vocabulary
from brainops.procedures.english.blocks import LABEL, Block, BlockKind, plain, unlinked
from brainops.procedures.english.branches import (
    chain,
    give_label,
    guarded,
    innermost,
    is_open,
    last_fork,
    latest,
    places,
    same_subject,
)
from brainops.procedures.english.grammar import WHAT_IS_IT, WHICH_STEP, clauses
from brainops.procedures.english.instructions import is_instruction
from brainops.procedures.english.order import arranged, closed, cut, settle
from brainops.procedures.english.passages import chooses, does_something, flat, gerund, is_title, runnable
from brainops.procedures.english.units import (
    Chapter,
    Do,
    EndPoint,
    Fork,
    Jump,
    Note,
    Or,
    Outline,
    Reply,
    Say,
    Skip,
    Unit,
    asked,
    shortened,
)
from brainops.procedures.english.vocabulary import base_form, begins_instruction, opposite, telling, words

NOTE_CHARACTERS = 300
EXPLAINED = "read as explanation, not as a step"
CAUTION = "a caution that is no step of its own; it stays with the step beside it"
TO_WHAT = "to which question is this the answer?"
BEFORE_WHAT = "before which step is this to be done?"
OF_WHICH = "is this for when none of the conditions before it holds, or only the last one?"
INSTEAD_OF = "instead of which step?"
SUMMARY = "is the sentence before this one a step that comes after it, or does it only say what follows?"
IN_TABLE = "what of this table is to be done, and when?"
WHOSE_BRANCH = "is this done only if the condition before it holds, or in any case?"
INTRODUCES = re.compile(r"(?i)\b(?:following|these|below|next|as follows|steps|actions|methods|ways)\b")
APPLIES = re.compile(r"(?i)\b(?:applies|apply|applicable|is for|use this (?:procedure|runbook|guide)|covers)\b")
ABOUT = frozenset("meaning purpose overview summary impact introduction description".split())


def outline(tree: list[Block]) -> Outline:
    """Return the steps, branches and jumps of a document in reading order, and what became none."""
    reader = _Reader()
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
    for skip, line in reader.skips:
        reader.skip_far(units, skip, line)
    arranged(units)
    closed(units)
    settle(units)
    return Outline(title=title, about=" ".join(reader.about), units=units, notes=tuple(reader.notes))


class _Reader:
    """Reads blocks one after the other; what a sentence means depends on those before it in the same place."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.about: list[str] = []
        self.skips: list[tuple[Skip, int]] = []
        self.choosing = False  # in a list of which one item applies

    def read(self, content: Sequence[Block]) -> list[Unit]:
        """Return the units of blocks that stand side by side."""
        out: list[Unit] = []
        headings = [each for each in content if each.kind is BlockKind.HEADING]
        choice = any(chooses(one) and other.kind is BlockKind.HEADING for one, other in pairwise(content))
        alternatives = headings if choice else [each for each in headings if vocabulary.ALTERNATIVES.match(each.text)]
        position = 0
        while position < len(content):
            block, following = content[position], content[position + 1 : position + 3]
            position += 1
            match block.kind:
                case BlockKind.HEADING:
                    self._section(block, out, len(alternatives) > 1 and block in alternatives)
                case BlockKind.PARAGRAPH:
                    position += self._paragraph(block, out, following)
                case BlockKind.LIST:
                    self._list(block, out, choice=position > 1 and chooses(content[position - 2]))
                case BlockKind.ITEM:
                    self._item(block, out, steps=True)
                case BlockKind.CODE:
                    self._code(block, out)
                case BlockKind.TABLE:
                    cells = [cell.strip() for cell in re.split(r"[|\n]", block.text)]
                    if any(is_instruction(cell) and len(words(cell)) > 1 for cell in cells):
                        out.append(Do(text=block.text, name=cells[1], line=block.line, why=IN_TABLE))
                    else:
                        self._explain(block.line, block.text, "a table: it stays in the text")
        return out

    # Sections

    def _section(self, block: Block, out: list[Unit], alternative: bool) -> None:
        label = LABEL.match(block.text)
        name = block.text[label.end() :] if label else block.text
        found = words(name)
        first = (found or [""])[0]
        said = clauses(name)
        number = match[1].lower() if (match := vocabulary.ALTERNATIVES.match(block.text)) else block.label
        explains = (
            first in vocabulary.EXPLAINING
            and (len(found) == 1 or not begins_instruction(block.text))
            and not block.label
        )
        if explains or re.match(r"(?i)(?:when|where) to use\b|when this applies|applicability|prerequisites?$", name):
            if first in ABOUT:
                texts = [plain(each.text) for each in flat(block.children) if each.kind is BlockKind.PARAGRAPH]
                self.about += texts[:2]
            self._explain(block.line, block.text, "a section that explains; it stays in the text")
        elif said and isinstance(said[0], Fork | Reply):
            self._add(said[0], block.line, out, self.read(block.children))
        elif alternative:
            named = unlinked(vocabulary.ALTERNATIVES.sub("", name)).strip(" :.()\u2013\u2014-")
            part = Chapter(name=block.text, line=block.line, label=number, units=self.read(block.children))
            question = f"{named if len(words(named)) > 1 else block.text} applies"
            fork = Fork(question=question, text=block.text, line=block.line, label=number, yes=[part])
            before = out[-1] if out else None
            chain(out, fork, exclusive=isinstance(before, Fork) and before.question.endswith(" applies"))
        elif first in vocabulary.ONLY_IF and not block.label and (first != "roll" or found[1:2] == ["back"]):
            body = self.read(block.children)
            out.append(Fork(question=vocabulary.ONLY_IF[first], text=block.text, line=block.line, yes=body))
        else:
            self._part(block, name, number, out)

    def _part(self, block: Block, name: str, number: str, out: list[Unit]) -> None:
        """Add a section; one with a number or a verb is a step itself where a paragraph says how, or nothing does."""
        step = bool(block.label) or begins_instruction(block.text)
        part = Chapter(name=name, line=block.line, label=number, shown=step, units=[])
        rest = block.children
        lead = rest[0] if step and rest and rest[0].kind is BlockKind.PARAGRAPH else None
        said = clauses(plain(lead.text)) if lead else []
        opens = not said or (plain(lead.text if lead else "").endswith(":") and isinstance(said[-1], Do))
        plain_lead = lead is not None and not opens and all(isinstance(each, Say | Do) for each in said)
        if plain_lead and not any(isinstance(each, Do) and (each.place or each.why or each.before) for each in said):
            text = f"{name}\n{plain(lead.text if lead else '')}"
            part.units.append(Do(name=shortened(name), text=text, line=block.line))
            part.shown, rest = False, rest[1:]
        part.units += self._read_behind(rest, part.units)
        if step and not part.units:
            part.units.append(Do(name=shortened(name), text=name, line=block.line))
            part.shown = False
        out.append(part)

    def _read_behind(self, content: Sequence[Block], before: list[Unit]) -> list[Unit]:
        """Return the units of blocks of which the first may be the code of the step before."""
        if before and content and content[0].kind is BlockKind.CODE:
            self._code(content[0], before)
            content = content[1:]
        return self.read(content)

    # Paragraphs, lists, code

    def _paragraph(self, block: Block, out: list[Unit], following: Sequence[Block]) -> int:
        """Read a paragraph; one that ends with an open condition takes what follows. Returns how much it took."""
        text = plain(block.text)
        said = clauses(text)
        leads_on = bool(following) and following[0].kind in (BlockKind.LIST, BlockKind.CODE)
        if said and leads_on and is_open(said[-1]):
            self._all(said[:-1], block.line, out)
            taken = 2 if [each.kind for each in following] == [BlockKind.CODE, BlockKind.LIST] else 1
            self._add(said[-1], block.line, out, self.read(following[:taken]))
            return taken
        introduces = leads_on and following[0].kind is BlockKind.LIST and text.endswith(":")
        if said and introduces and isinstance(said[-1], Do | Say) and INTRODUCES.search(said[-1].text):
            self._explain(block.line, said.pop().text)
        count = len(out)
        self._all(said, block.line, out)
        last = said[-1] if said else None
        if isinstance(last, Say) and leads_on and len(out) == count and runnable(following[0]):
            self.notes = [note for note in self.notes if not (note.line == block.line and note.text == last.text)]
            out.append(Do(name=shortened(last.text), text=text, line=block.line))
        return 0

    def _list(self, block: Block, out: list[Unit], *, choice: bool = False) -> None:
        items = block.children
        telling_items = [each for each in items if does_something(each)]
        steps = 2 * len(telling_items) >= len(items)
        if not steps and out and isinstance(out[-1], Do) and not telling_items:
            out[-1].text += "".join(f"\n- {plain(each.text)}" for each in flat(items))
            return
        self.choosing, before = choice, self.choosing
        for number, item in enumerate(items):
            named = block.ordered or all(words(each.text) and base_form(words(each.text)[0]) for each in items)
            if not choice or not does_something(item):
                self._item(item, out, steps=steps and (named or bool(gerund(item.text))))
                continue
            way: list[Unit] = []
            self._item(item, way, steps=steps and block.ordered)
            fork = way[0] if len(way) == 1 and isinstance(way[0], Fork) else None
            question = f"{shortened(item.text)}: this way"
            fork = fork or Fork(question=question, text=plain(item.text), line=item.line, yes=way)
            chain(out, fork, exclusive=bool(number))
        self.choosing = before

    def _item(self, item: Block, out: list[Unit], *, steps: bool) -> None:
        """Read an item: what it says, then what is indented below it; an item of several steps is a part."""
        said = clauses(plain(item.text))
        if not said:
            return
        told = [each for each in said if not isinstance(each, Say)]
        first = said[0]
        if (
            steps
            and isinstance(first, Say)
            and not (first.caution or patterns.NOTE.match(first.text) or (told and isinstance(told[0], EndPoint)))
        ):
            said[0] = Do(text=first.text, said=first.text)
        joined = any(isinstance(each, Reply | Skip | Or) for each in said[:1]) or isinstance(said[0], Fork)
        mine: list[Unit] = out if joined else []
        start = len(mine)
        if mine is not out and isinstance(said[0], Do) and said[0].place in ("before", "start"):
            self._add(said[0], item.line, out)
            said = said[1:]
        last = said[-1] if said else None
        if last is not None and is_open(last) and item.children:
            self._all(said[:-1], item.line, mine)
            body = item.children
            if isinstance(last, Fork) and last.text.endswith("?"):
                self._add(last, item.line, mine)
                for each in [inner for block in body for inner in block.children or [block]]:
                    self._item(each, mine, steps=False)
            else:
                self._add(last, item.line, mine, self.read(body))
        else:
            self._all(said, item.line, mine)
            self._below(item, said, mine)
        give_label(mine[start:], item.label)
        if mine is not out:
            several = item.label and len(mine) > 1 and not isinstance(mine[-1], Fork)
            out += [Chapter(name="", line=item.line, label=item.label, units=mine)] if several else mine

    def _below(self, item: Block, said: Sequence[Unit], mine: list[Unit]) -> None:
        known = len(self.notes)
        content = list(item.children)
        while content and content[0].kind is BlockKind.CODE and mine:
            self._code(content.pop(0), mine)
        inner = self.read(content)
        last = mine[-1] if mine else None
        if not inner:
            del self.notes[known:]
            if isinstance(last, Do):
                last.text += "".join(f"\n- {plain(each.text)}" for each in flat(content))
        elif (
            len(said) == 1
            and isinstance(last, Do)
            and plain(item.text).endswith(":")
            and len(content) == len(item.children)
        ):
            named = shortened(last.text)
            mine[-1:] = [Chapter(name=named, line=item.line, label=item.label, shown=True, units=inner)]
        else:
            mine += inner

    def _code(self, block: Block, out: list[Unit]) -> None:
        command = runnable(block)
        last = latest(out)
        fenced = f"```{block.language}\n{block.text}\n```"
        if isinstance(last, Do) and (not last.command or not command):
            last.text += f"\n{fenced}"
            last.command = last.command or command
        elif command:
            first = next(line.strip() for line in command.splitlines() if line.strip())
            out.append(Do(name=shortened(f"Run {first}"), text=fenced, line=block.line, command=command))
        else:
            self._explain(block.line, block.text, "an example or output: it stays in the text")

    # Clauses

    def _all(self, said: Sequence[Unit], line: int, out: list[Unit]) -> None:
        """Add what the sentences of one paragraph or item say; an explanation belongs to the step before it."""
        mine = len(out)
        taken: list[Unit] = []
        for number, clause in enumerate(said):
            following = said[number + 1] if number + 1 < len(said) else None
            open_branch = isinstance(out[-1], Fork) and out[-1].yes and not out[-1].no if len(out) > mine else False
            if isinstance(clause, Do) and clause.then and open_branch:
                clause.why = clause.why or WHOSE_BRANCH
            question = out[-1] if len(out) > mine else None
            if any(clause is each for each in taken):
                continue
            if (
                isinstance(clause, Do)
                and isinstance(question, Fork)
                and question.text[-1:] == "?"
                and is_open(question)
            ):
                if clause.then:  # "Is it full? Then empty it and tell the team."
                    taken = [each for each in said[number:] if isinstance(each, Do) and each.said == clause.said]
                    self._reply(Reply(text=clause.said, yes=True, then=taken, said=False), line, out, [])
                    continue
                clause.why = clause.why or WHOSE_BRANCH
            if isinstance(clause, Do) and clause.place == "first":
                clause.place = ""
                if len(out) > mine and isinstance(out[-1], Do):
                    why = SUMMARY if isinstance(following, Do) else ""
                    out.insert(len(out) - 1 if why else mine, self._do(clause, line, why))
                    continue
            if isinstance(clause, Say) and len(out) > mine and isinstance(out[-1], Do):
                out[-1].text += f"\n{clause.text}"
                if clause.caution:
                    self._explain(line, clause.text, CAUTION)
            else:
                self._add(clause, line, out)

    def _add(self, clause: Unit, line: int, out: list[Unit], body: list[Unit] | None = None) -> None:
        """Add what one clause says to what stands before it; `body` is what is indented below its condition."""
        match clause:
            case Do():
                self._placed(self._do(clause, line), out)
            case Say():
                applies = APPLIES.search(clause.text)
                self._explain(line, clause.text, CAUTION if clause.caution and not applies else EXPLAINED)
            case Reply():
                self._reply(clause, line, out, body or [])
            case Skip():
                self._skip(clause, line, out)
            case Or():
                self._or(clause, line, out)
            case Fork():
                self._fork(clause, line, out, body or [])
            case Jump() | EndPoint():
                clause.line = line
                out.append(clause)
            case Chapter():
                out.append(clause)

    def _do(self, do: Do, line: int, why: str = "") -> Do:
        do.line, do.why = line, why or do.why
        inline = [each for each in re.findall(r"`([^`\n]+)`", do.text) if " " in each.strip()]
        do.command = do.command or next((each for each in inline if each.split()[0] in vocabulary.COMMANDS), "")
        do.name = do.name or shortened(do.text)
        return do

    def _placed(self, do: Do, out: list[Unit]) -> None:
        unit: Unit = do
        if do.optional:
            unit = Fork(question="the optional step that follows is wanted", text=do.text, line=do.line, yes=[do])
        if do.place == "start":
            out.insert(0, unit)
        elif do.place == "before":
            last = out[-1] if out else None
            several = isinstance(last, Chapter) and not last.shown and len(last.units) > 1
            if last is None or several or isinstance(last, Fork | Jump | EndPoint):
                do.why = do.why or BEFORE_WHAT
                out.append(unit)
            else:
                out.insert(len(out) - 1, unit)
        else:
            out.append(unit)

    def _then(self, then: Sequence[Unit], line: int) -> list[Unit]:
        out: list[Unit] = []
        for clause in then:
            if not isinstance(clause, Say):
                self._add(clause, line, out)
        return out

    def _fork(self, fork: Fork, line: int, out: list[Unit], body: list[Unit]) -> None:
        yes, no = [*self._then(fork.yes, line), *body], self._then(fork.no, line)
        fork.line, fork.yes, fork.no = line, yes, no
        condition = fork.question.strip(" .,;:?")
        before = latest(out)
        if patterns.THAT_FAILED.match(condition) and isinstance(before, Do):
            fork.question = f'"{before.name}" {"failed" if "fail" in condition else "did not help"}'
            out.append(fork)
            return
        if (patterns.IT.match(condition) or patterns.IT_NOT.match(condition)) and not no:
            self._reply(Reply(text=fork.text, yes=bool(patterns.IT.match(condition))), line, out, yes)
            return
        fork.question = unlinked(condition)
        previous = innermost(out)
        if previous is not None and not previous.no and not no and opposite(previous.question, fork.question):
            previous.no = yes or previous.no
            previous.text += f"\n{fork.text}"
            if previous.concluded and not previous.yes and len(yes) == 1 and isinstance(yes[0], Jump):
                previous.yes = [EndPoint(kind="resolved", text=previous.concluded, line=previous.line)]
            return
        chain(out, fork, exclusive=self.choosing)

    def _reply(self, reply: Reply, line: int, out: list[Unit], body: list[Unit]) -> None:
        """Add what follows from yes, no or otherwise to the question that stands last, or that the last step asks."""
        then = [*self._then(reply.then, line), *body]
        if reply.then and not then and not all(isinstance(each, Jump) for each in reply.then):
            then = [self._do(Do(text=reply.text), line, WHAT_IS_IT)]
        if body and len(then) > 1 and isinstance(inner := then[0], Fork) and is_open(inner):  # "else if" with a body
            inner.yes, then = body, [inner]
        last = last_fork(out)
        if last is None:
            before = latest(out)
            question = ""
            if isinstance(before, Do):
                lines = before.text.split("\n")
                question = asked(lines[-1]) or asked(lines[0])
                question = question or ("" if reply.yes or not reply.said else f"{before.name.rstrip('.')}: it worked")
            if not question:
                why = TO_WHAT if then else WHAT_IS_IT
                out.append(self._do(Do(text=reply.text), line, why))
                return
            last = Fork(question=question, text=reply.text, line=line)
            out.append(last)
        else:
            last.text += f"\n{reply.text}"
        if reply.yes:
            unclear = last.no and not reply.said
            last.yes += [self._do(Do(text=reply.text), line, TO_WHAT)] if unclear else then
            return
        while not reply.said and len(out) > 1 and isinstance(before := out[-2], Fork) and not before.no:
            if not same_subject(before.question, last.question):
                then = [self._do(Do(text=reply.text), line, OF_WHICH)]
                break
            before.no, last = [out.pop()], before  # cases of one thing, of which "otherwise" is the last
        inner = innermost([last]) or last
        inner.no += then

    def _or(self, other: Or, line: int, out: list[Unit]) -> None:
        """Add another way for the step before: a question which of the two, or the condition that is named."""
        then = self._then(other.then, line)
        before = out.pop() if out and isinstance(out[-1], Do | Chapter) else None
        if not isinstance(before, Do | Chapter):
            out.append(self._do(Do(text=other.text), line, INSTEAD_OF))
            return
        text = f"{before.text or before.name}\n{other.text}"
        if other.condition:
            fork = Fork(question=other.condition, text=text, line=line, yes=then, no=[before])
        else:
            names = [each.name for each in (before, *then) if isinstance(each, Do | Chapter) and each.name]
            question = " rather than ".join(names[:1] + [name[:1].lower() + name[1:] for name in names[1:2]])
            fork = Fork(question=question, text=text, line=line, yes=[before], no=then)
        fork.label, before.label = before.label, ""
        out.append(fork)

    def _skip(self, skip: Skip, line: int, out: list[Unit]) -> None:
        if skip.steps or not skip.condition:
            self.skips.append((skip, line))
            if skip.steps == ("next",):
                out.append(skip)
        elif out and isinstance(out[-1], Do | Chapter):
            out[-1] = guarded(skip, line, [out[-1]])
        else:
            out.append(self._do(Do(text=skip.text), line, WHICH_STEP))

    def skip_far(self, units: list[Unit], skip: Skip, line: int) -> None:
        """Put a question before the steps that a sentence elsewhere names; by their numbers, or by their words."""
        wanted = skip.steps[0].removeprefix("= ") if skip.steps and skip.steps[0].startswith("= ") else ""
        done = near = False
        for where, position in list(places(units)):
            unit = where[position]
            if skip.steps == ("next",):
                if unit is skip:
                    following = where[position + 1 : position + 2]
                    done = bool(following)
                    where[position : position + 2] = [guarded(skip, line, following)] if done else []
                    break
            elif wanted:
                near = near or (isinstance(unit, Do) and bool(telling(wanted) & telling(unit.name)))
                same = isinstance(unit, Do) and bool(telling(wanted)) and telling(wanted) <= telling(unit.name)
                if same:
                    where[position] = guarded(skip, line, [unit])
                    done = True
            elif unit.label and unit.label in skip.steps:
                where[position] = guarded(skip, line, [unit])
                done = True
        if not done and wanted and telling(wanted) and not near:
            self._explain(line, skip.text, CAUTION)
        elif not done:
            units.append(self._do(Do(text=skip.text), line, WHICH_STEP))

    def _explain(self, line: int, text: str, why: str = EXPLAINED) -> None:
        told = " ".join(plain(text).split())[:NOTE_CHARACTERS]
        self.notes.append(Note(line=line, text=told, why=why, plain=why is not CAUTION))
