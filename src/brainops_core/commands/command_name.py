"""What is a command line called, so that the record of one operation is not spread over many names? (pure)"""

from __future__ import annotations

from brainops_core.commands import shell
from brainops_core.commands.classes import READ, worst
from brainops_core.commands.command_line import classify_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brainops_core.commands.command_line import Own

NAME_WORDS = 3
MAX_WORD_CHARACTERS = 40
MOST_PARTS = 8  # commands of one line that are judged by themselves
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_WORD = _LETTERS | set("_:+-")
_INTERPRETERS = frozenset("python pypy node ruby perl php bash sh zsh dash ksh".split())
_GIVEN = ("-c", "-m", "-lc", "-ec")


def name_of(arguments: Sequence[str]) -> str:
    """Return what a command line is called: its program or script, and the plain words that follow.

    The same for `make deploy -j4` and `make deploy`, so that the record of one operation is not spread over many.
    """
    words = [_base(arguments[0]), *arguments[1:]]
    if _interprets(words[0]) and len(words) > 1:
        if not words[1].startswith("-"):
            words = [_base(words[1]), *words[2:]]
        elif words[1] in _GIVEN and len(words) > 2:
            words = words[2].split() or words
    kept = words[:1]
    for word in words[1:NAME_WORDS]:
        if not _plain(word):
            break
        kept.append(word)
    return " ".join(kept)


def _base(word: str) -> str:
    return word.rpartition("/")[2] or word


def _interprets(program: str) -> bool:
    return program.rstrip("0123456789.") in _INTERPRETERS


def _plain(word: str) -> bool:
    """Say whether a word is a subcommand or a target of make; a version or a file is none."""
    return 0 < len(word) <= MAX_WORD_CHARACTERS and word[0] in _LETTERS and _WORD.issuperset(word)


def parts_of(line: str, own: Own | None = None) -> list[tuple[str, str]]:
    """Return (name, class) of what a line of shell does beside reading, each name once; of a line that only reads, one.

    What decides how the line ends comes last, so that `cd api && make deploy | tee log` is first of all "make deploy".
    """
    whole = classify_command(line, own)
    try:
        found = sorted((each for each in shell.commands(line) if each.words), key=lambda each: not each.piped)
        words = [each.words for each in found]
    except (shell.Unreadable, RecursionError):
        words = []
    first = name_of(words[-1]) if words else line.strip()[:MAX_WORD_CHARACTERS] or "shell"
    if whole == READ:
        return [(first, READ)]
    named: dict[str, str] = {}
    for each in words:
        its = classify_command(each, own)
        if its != READ:
            name = name_of(each)
            named[name] = worst([its, named.pop(name, its)])
    if not named:
        return [(first, whole)]
    if worst(list(named.values())) != whole:  # a redirection, or what only the whole line shows
        named[next(reversed(named))] = whole
    return list(named.items())[-MOST_PARTS:]
