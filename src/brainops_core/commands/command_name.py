"""What is a command line called, so that the record of one operation is not spread over many names? (pure)"""

from __future__ import annotations

from brainops_core.commands.classes import READ, worst
from brainops_core.commands.command_line import read_command
from brainops_core.commands.program_tables import OPTIONS_WITH_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brainops_core.commands.command_line import Own

NAME_WORDS = 3
MAX_WORD_CHARACTERS = 40
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_WORD = _LETTERS | set("_:+-")
_INTERPRETERS = frozenset("python pypy node ruby perl php bash sh zsh dash ksh".split())
_GIVEN = ("-c", "-m", "-lc", "-ec")


def name_of(arguments: Sequence[str]) -> str:
    """Return what a command line is called: the first command that it runs to do more than read, without its wrappers.

    The same for `make deploy -j4`, `timeout 60 make -j4 deploy` and `sh -c "cd api && make deploy"`, so that the record
    of one operation is not spread over many, and a rule about it holds for all.
    """
    _, parts = read_command(arguments)
    of = [part for part in parts if part.action_class != READ] or parts
    return _named(of[0].words if of else arguments)


def _named(words: Sequence[str]) -> str:
    """Return a command's program or script, and the plain words that follow its options."""
    words = [_base(words[0]), *words[1:]]
    if _interprets(words[0]) and len(words) > 1:
        if not words[1].startswith("-"):
            words = [_base(words[1]), *words[2:]]
        elif words[1] in _GIVEN and len(words) > 2:
            words = words[2].split() or words
    kept = words[:1]
    for word in _after_options(words)[: NAME_WORDS - 1]:
        if not _plain(word):
            break
        kept.append(word)
    return " ".join(kept)


def _after_options(words: Sequence[str]) -> Sequence[str]:
    """Return what follows a program's own options: deploy, of `make -C api -j 4 V=1 deploy`."""
    at = 1
    while at < len(words) and (words[at].startswith("-") or "=" in words[at] or words[at].isdecimal()):
        at += 2 if words[at] in OPTIONS_WITH_VALUE else 1
    return words[at:]


def _base(word: str) -> str:
    return word.rpartition("/")[2] or word


def _interprets(program: str) -> bool:
    return program.rstrip("0123456789.") in _INTERPRETERS


def _plain(word: str) -> bool:
    """Say whether a word is a subcommand or a target of make; a version or a file is none."""
    return 0 < len(word) <= MAX_WORD_CHARACTERS and word[0] in _LETTERS and _WORD.issuperset(word)


def parts_of(line: str, own: Own | None = None) -> list[tuple[str, str, bool]]:
    """Return what a line of shell does beside reading, each name once; of a line that only reads, one.

    Each is (name, class, whether it went well wherever the line did). What is no end of a pipe comes last, so that
    `cd api && make deploy | tee log` is first of all "make deploy".
    """
    whole, parts = read_command(line, own)
    parts.sort(key=lambda each: not each.piped)
    first = _named(parts[-1].words) if parts else line.strip()[:MAX_WORD_CHARACTERS] or "shell"
    if whole == READ:
        return [(first, READ, True)]
    named: dict[str, str] = {}
    sure: set[str] = set()
    for part in parts:
        if part.action_class != READ:
            name = _named(part.words)
            named[name] = worst([part.action_class, named.pop(name, READ)])
            if part.decides:
                sure.add(name)
    if not named:
        return [(first, whole, any(part.decides for part in parts))]
    if worst(list(named.values())) != whole:  # a redirection, or what only the whole line shows
        named[next(reversed(named))] = whole
    return [(name, said, name in sure) for name, said in named.items()]
