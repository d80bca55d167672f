"""Which commands does a line of shell run, those inside pipes, subshells and substitutions too? (pure)

A reader of POSIX shell and the common parts of bash, in one pass and linear time. It runs nothing and expands only what
the line itself fixes (`a=rm; $a -rf x`). What it cannot know is marked, so that the caller can assume the worst.
"""

from __future__ import annotations

from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Match

MAX_DEPTH = 20  # of substitutions in substitutions; deeper ones are no work of people
MAX_EXPANSION_CHARACTERS = 10_000  # of one word, so that doubling variables cannot grow without end

UNKNOWN = "\0"  # stands in a word for what only the running shell knows
_SPLIT = "\1"  # stands where an unquoted variable's value falls apart into words

_ESCAPE = Regex(r"(?s)\\(?:[xuU](?P<hex>[0-9a-fA-F]{1,6})|(?P<octal>[0-7]{1,3})|(?P<plain>.))")
_OPERATORS = ("&&", "||", ";;", "|&", "&", "|", ";", "\n", "(", ")")
_REDIRECTS = ("<<<", "<<-", "&>>", "<<", ">>", "&>", ">|", ">&", "<&", "<>", ">", "<")
_CLOSERS = {"(": ")", "{": "}"}
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_KEYWORDS = frozenset("if then elif else fi while until do done { } ! time case esac function coproc [[ ]]".split())
_BRANCHES = frozenset("if while until do { ! case function coproc".split())
_LOOPS = frozenset(("for", "select", "read"))  # what follows are names and values, until `do`


_PLAIN_CHARACTERS = _NAME_CHARACTERS | set("@%+=:,./-")


class Redirect:
    """A redirection: its operator (`>`, `>>`, `<`, `<<` ...) and where to."""

    __slots__ = ("operator", "target")

    def __init__(self, operator: str, target: str) -> None:
        self.operator = operator
        self.target = target


def quoted(word: str) -> str:
    """Return a word so that a shell takes it as it is, as `shlex.quote` does."""
    if word and _PLAIN_CHARACTERS.issuperset(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"


class SimpleCommand:
    """One command as it would be run: variables set for it alone, its words, where its streams go.

    `piped` says that it reads another command's output; `text` is what a here-document or here-string feeds it;
    `decides` says that it went well wherever the whole line did.
    """

    __slots__ = ("after", "decides", "piped", "redirects", "text", "variables", "words")

    def __init__(self, after: str = ";") -> None:
        self.after = after
        self.piped = after in ("|", "|&")
        self.decides = False
        self.words: list[str] = []
        self.variables: list[tuple[str, str]] = []
        self.redirects: list[Redirect] = []
        self.text = ""


class Unreadable(Exception):
    """The line is nested deeper than anybody writes."""


def commands(line: str) -> list[SimpleCommand]:
    """Return every command that a line of shell may run, in order; raise Unreadable where it is nested too deeply."""
    reader = _ShellReader(line, {"IFS": " "}, 0)
    found = list(reader.read())
    if not reader.branches:
        _decide(reader.own)
    return found


def _decide(own: list[SimpleCommand]) -> None:
    """Mark what went well wherever its line did: back from the end over `&&`; of a pipe its last, or with pipefail all.

    Behind `||` nothing is certain, nor what ends in the background; before `;` is what the line's end does not tell.
    """
    if any(each.after == "||" for each in own) and any(each.after in "()" for each in own):
        return
    pipefail = any(each.words[:1] == ["set"] and "pipefail" in each.words for each in own)
    chain: list[SimpleCommand] = []
    last = True  # of a pipe
    for each in reversed(own):
        if not each.words and not each.variables and not chain and each.after in (";", "\n", ")"):
            continue
        if last or pipefail:
            chain.append(each)
        last = not each.piped
        if last:
            for one in chain:
                one.decides = each.after != "||"
            chain = []
            if each.after != "&&":
                return


class _ShellReader:
    def __init__(self, line: str, variables: dict[str, str], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Unreadable
        self._line = line.replace("\\\r\n", "").replace("\\\n", "")
        self._at = 0
        self._variables = variables
        self._depth = depth
        self._inner: list[SimpleCommand] = []
        self._documents: list[tuple[str, bool, SimpleCommand]] = []
        self.own: list[SimpleCommand] = []  # the commands of the line itself, empty ones too
        self.branches = False  # says that a part of the line may be left out, run again, or turned round

    def read(self) -> Iterator[SimpleCommand]:
        """Yield the commands, those of a substitution before the one that it is part of."""
        current = SimpleCommand()
        while self._at < len(self._line):
            operator = self._starting(_OPERATORS)
            if operator is not None and not self._starting(("&>>", "&>")):
                self._at += len(operator)
                yield from self._ended(current)
                filled = current.words or current.variables or current.redirects
                current = SimpleCommand(operator if filled or operator != "\n" else current.after)
                if operator == "\n":
                    self._read_documents()
            elif self._line[self._at] in " \t\r":
                self._at += 1
            elif self._line[self._at] == "#":
                self._skip_comment()
            elif (redirect := self._redirect()) is not None:
                self._read_redirect(redirect, current)
            else:
                word = self._word()
                assigned = not current.words and "=" in word.split(_SPLIT)[0]
                for part in [word.replace(_SPLIT, " ")] if assigned else word.split(_SPLIT):
                    self._take(part, current)
        yield from self._ended(current)

    def _starting(self, among: tuple[str, ...]) -> str | None:
        return next((each for each in among if self._line.startswith(each, self._at)), None)

    def _ended(self, current: SimpleCommand) -> Iterator[SimpleCommand]:
        yield from self._inner
        self._inner = []
        self.own.append(current)
        if not current.words:
            self._variables.update(current.variables)
        if current.words[:1] and current.words[0] in _LOOPS:
            self.branches = True
            current.words = ["true"]
        if current.words or current.variables or current.redirects:
            yield current

    def _take(self, word: str, current: SimpleCommand) -> None:
        """Add a word to a command: a keyword opens a new one, NAME=VALUE before the first word sets a variable."""
        if not current.words:
            if not word or word in _KEYWORDS:
                self.branches = self.branches or word in _BRANCHES
                return
            name, equals, value = word.partition("=")
            if equals and (name := name.removesuffix("+")) and not name[0].isdigit() and set(name) <= _NAME_CHARACTERS:
                current.variables.append((name, value))
                return
        current.words.append(word)

    def _skip_comment(self) -> None:
        end = self._line.find("\n", self._at)
        self._at = len(self._line) if end < 0 else end

    def _redirect(self) -> str | None:
        ahead = self._at
        while ahead < len(self._line) and self._line[ahead].isdigit():
            ahead += 1
        operator = next((each for each in _REDIRECTS if self._line.startswith(each, ahead)), None)
        if operator is None or (operator == "<" and self._line.startswith("<(", ahead)):
            return None
        if operator == ">" and self._line.startswith(">(", ahead):
            return None
        self._at = ahead + len(operator)
        return operator

    def _read_redirect(self, operator: str, current: SimpleCommand) -> None:
        while self._at < len(self._line) and self._line[self._at] in " \t":
            self._at += 1
        if operator in ("<<", "<<-"):
            quoted = self._at < len(self._line) and self._line[self._at] in "'\"\\"
            self._documents.append((self._word(), quoted, current))
            # The document may come after this command ended, so that its text is looked for at once.
            current.text += self._document_ahead(self._documents[-1][0])
            return
        target = self._word().replace(_SPLIT, " ")
        if operator == "<<<":
            current.text += target
        current.redirects.append(Redirect(operator, target))

    def _document_ahead(self, ending: str) -> str:
        start = self._line.find("\n", self._at)
        if start < 0:
            return ""
        lines = []
        for line in self._line[start + 1 :].split("\n"):
            if line.strip("\t") == ending:
                break
            lines.append(line)
        return "\n".join(lines)

    def _read_documents(self) -> None:
        """Skip the here-documents that begin on this line; what an unquoted one substitutes is run."""
        for ending, quoted, _ in self._documents:
            body: list[str] = []
            while self._at < len(self._line):
                end = self._line.find("\n", self._at)
                end = len(self._line) if end < 0 else end
                line = self._line[self._at : end]
                self._at = end + 1
                if line.strip("\t") == ending:
                    break
                body.append(line)
            if not quoted:
                self._substitutions("\n".join(body))
        self._documents = []

    def _substitutions(self, text: str) -> None:
        """Read what $( ) and backquotes in a text would run."""
        reader = _ShellReader(text, self._variables, self._depth + 1)
        while reader._at < len(reader._line):
            if reader._line[reader._at] in "$`":
                reader._expansion()
            else:
                reader._at += 2 if reader._line[reader._at] == "\\" else 1
        self._inner.extend(reader._inner)

    def _word(self) -> str:
        parts: list[str] = []
        while self._at < len(self._line):
            character = self._line[self._at]
            if character in " \t\r\n;|&()" or (character in "<>" and not self._starting(("<(", ">("))):
                break
            if character == "'":
                parts.append(self._until_quote())
            elif character == '"':
                parts.append(self._double_quoted())
            elif character == "\\":
                parts.append(self._line[self._at + 1 : self._at + 2])
                self._at += 2
            elif character in "$`":
                quoted = self._line.startswith("$'", self._at)
                value = self._expansion()
                parts.append(value if quoted else _SPLIT.join(value.split(" ")))
            elif character in "<>":
                self._at += 1
                parts.append(self._nested("(") + UNKNOWN)
            else:
                parts.append(character)
                self._at += 1
        if not parts and self._at < len(self._line) and self._line[self._at] in "<>&()":
            self._at += 1  # no shell would take this; go on behind it
        return "".join(parts)

    def _until_quote(self) -> str:
        end = self._line.find("'", self._at + 1)
        end = len(self._line) if end < 0 else end
        text = self._line[self._at + 1 : end]
        self._at = end + 1
        return text

    def _double_quoted(self) -> str:
        parts: list[str] = []
        self._at += 1
        while self._at < len(self._line) and self._line[self._at] != '"':
            if self._line[self._at] == "\\":
                following = self._line[self._at + 1 : self._at + 2]
                parts.append(following if following in '$`"\\' else "\\" + following)
                self._at += 2
            elif self._line[self._at] in "$`":
                parts.append(self._expansion())
            else:
                parts.append(self._line[self._at])
                self._at += 1
        self._at += 1
        return "".join(parts)

    def _expansion(self) -> str:
        """Read what begins with $ or a backquote, and return what it stands for, or UNKNOWN."""
        if self._line[self._at] == "`":
            end = self._line.find("`", self._at + 1)
            end = len(self._line) if end < 0 else end
            inside = self._line[self._at + 1 : end]
            self._at = end + 1
            return self._run(inside)
        following = self._line[self._at + 1 : self._at + 2]
        if following == "'":
            self._at += 1
            return _escaped(self._until_quote())
        if following in ("(", "{"):
            self._at += 1
            inside = self._nested(following)
            if following == "(":
                return inside
            return self._variables.get(inside, UNKNOWN) if set(inside) <= _NAME_CHARACTERS else UNKNOWN
        start = self._at = self._at + 1
        while self._at < len(self._line) and self._line[self._at] in _NAME_CHARACTERS:
            self._at += 1
        if self._at == start:
            if following and following in "@*#?$!-":
                self._at += 1
                return UNKNOWN
            return "$"
        value = self._variables.get(self._line[start : self._at], UNKNOWN)
        return value[:MAX_EXPANSION_CHARACTERS]

    def _nested(self, opener: str) -> str:
        """Read from an opening bracket to the one that closes it; what is inside ( ) is run."""
        closer, level, start = _CLOSERS[opener], 0, self._at + 1
        while self._at < len(self._line):
            character = self._line[self._at]
            if character == "\\":
                self._at += 1
            elif character == "'":
                end = self._line.find("'", self._at + 1)
                self._at = len(self._line) if end < 0 else end
            elif character == opener:
                level += 1
            elif character == closer:
                level -= 1
                if level == 0:
                    break
            self._at += 1
        inside = self._line[start : self._at]
        self._at += 1
        if opener == "{":
            if not set(inside) <= _NAME_CHARACTERS:
                self._substitutions(inside)
            return inside
        if inside.startswith("(") and inside.endswith(")"):
            self._substitutions(inside)  # arithmetic
            return UNKNOWN
        return self._run(inside)

    def _run(self, inside: str) -> str:
        """Keep what a substitution runs; what `echo` or `printf` says plainly is known, the rest is not."""
        found = list(_ShellReader(inside, dict(self._variables), self._depth + 1).read())
        self._inner.extend(found)
        if len(found) == 1 and found[0].words[:1] in (["echo"], ["printf"]) and not found[0].redirects:
            return " ".join(word for word in found[0].words[1:] if not word.startswith("-"))
        return UNKNOWN


def _escaped(text: str) -> str:
    """Return what $'...' stands for: \\x72 is r."""
    return _ESCAPE.sub(_meant, text)


def _meant(found: Match[str]) -> str:
    for digits, base in ((found["hex"], 16), (found["octal"], 8)):
        if digits:
            return chr(int(digits, base) % 0x110000)
    return {"n": "\n", "t": "\t", "r": "\r"}.get(found["plain"], found["plain"])
