"""What can a command line do: read, change, or destroy? Its most dangerous part decides. (pure)"""

from __future__ import annotations

from brainops_core.commands import shell
from brainops_core.commands.classes import CHANGE, DESTROY, READ, letters, worst
from brainops_core.commands.programs import class_of_program, class_of_script
from brainops_core.commands.sql_statements import class_of_sql

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Own = Callable[[str], str | None]
    """What a namespace says itself of one command, given as its words joined by blanks."""

MAX_LINE_CHARACTERS = 200_000  # a longer line is not read to its end, and counts as the worst
MAX_WRAPPERS = 12  # sudo env nice timeout ...: nobody wraps deeper, and what does hides something

_SHELLS = frozenset("sh bash zsh dash ksh ash fish csh tcsh rbash".split())
_WRAPPERS: dict[str, str] = {
    # program: its options that take a value
    "sudo": "-u -g -h -p -C -D -R -T -U -r -t --user --group --host --prompt --chdir",
    "doas": "-u -C",
    "env": "-u --unset -C --chdir",
    "nice": "-n --adjustment",
    "ionice": "-c -n -p -t",
    "nohup": "",
    "time": "-f -o",
    "timeout": "-s -k --signal --kill-after",
    "command": "",
    "builtin": "",
    "exec": "-a",
    "setsid": "",
    "stdbuf": "-i -o -e",
    "chroot": "",
    "unshare": "",
    "nsenter": "-t --target",
    "strace": "-e -o -p -s -u",
    "ltrace": "-e -o -p -s -u",
    "watch": "-n --interval",
    "xargs": "-I -n -P -L -d -E -s -a --max-args --max-procs --replace --delimiter --arg-file",
    "parallel": "-j --jobs",
    "busybox": "",
    "toybox": "",
    "flock": "-w -E --timeout",
    "caffeinate": "-t -w",
    "script": "-c",
    "uvx": "--from --with",
    "npx": "-p --package",
    "pipx": "",
    "poetry": "",
    "then": "",
    "do": "",
    "else": "",
    "!": "",
}
_OPERANDS = {"timeout": 1, "chroot": 1, "flock": 1}  # words of its own before the command
_REMOTE = {"ssh": "-p -i -l -o -F -J -L -R -D -b -c -E -m -S -W", "su": "", "runuser": "-u -l"}
_LATER = frozenset(("at", "batch"))  # run a shell's line that they are fed, at another time
_INSIDE = frozenset("docker podman nerdctl kubectl oc k compose docker-compose lxc".split())
_PAGERS = "PAGER EDITOR VISUAL SEQUENCE_EDITOR SSH_COMMAND SSH EXTERNAL_DIFF ASKPASS PROXY_COMMAND".split()
_VARIABLES_THAT_RUN = frozenset(
    (
        *_PAGERS,
        *(f"GIT_{each}" for each in _PAGERS),
        *"MANPAGER BROWSER LESSOPEN LESSCLOSE PROMPT_COMMAND BASH_ENV ENV LD_PRELOAD LD_LIBRARY_PATH PYTHONSTARTUP"
        " NODE_OPTIONS PERL5OPT RUBYOPT".split(),
    )
)
_DISK = (
    *(f"/dev/{each}" for each in "sd hd vd xvd nvme disk mmcblk mapper md dm- mem".split()),
    "/proc/sysrq-trigger",
)
_HARMLESS = frozenset(("", "-", "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"))


class JudgedCommand:
    """A command that a line runs in the end, behind all that wraps it, and what it can do.

    `piped` says that it reads another command's output; `decides` that it went well wherever the line did.
    """

    __slots__ = ("action_class", "decides", "piped", "words")

    def __init__(self, words: tuple[str, ...], action_class: str, *, piped: bool, decides: bool) -> None:
        self.words = words
        self.action_class = action_class
        self.piped = piped
        self.decides = decides


class _LineReading:
    """What is known while a command is read: what the namespace says, how deep this is, and the parts found so far."""

    __slots__ = ("decides", "depth", "own", "parts")

    def __init__(self, own: Own | None, parts: list[JudgedCommand], depth: int = 0, decides: bool = True) -> None:
        self.own = own
        self.parts = parts
        self.depth = depth
        self.decides = decides

    def within(self, *, decides: bool = True) -> _LineReading:
        return _LineReading(self.own, self.parts, self.depth + 1, self.decides and decides)

    def keep(self, words: tuple[str, ...], action_class: str, *, piped: bool = False) -> str:
        self.parts.append(JudgedCommand(words, action_class, piped=piped, decides=self.decides))
        return action_class


def classify_command(command: str | Sequence[str], own: Own | None = None) -> str:
    """Return what a command can do, given as a line of shell or as an argument list."""
    return read_command(command, own)[0]


def read_command(command: str | Sequence[str], own: Own | None = None) -> tuple[str, list[JudgedCommand]]:
    """Return what a command can do, and the commands that it runs, in order; none of a line that cannot be read."""
    parts: list[JudgedCommand] = []
    reading = _LineReading(own, parts)
    if isinstance(command, str):
        return _class_of_line(command, reading), parts
    return _class_of_words(tuple(command), reading), parts


def _class_of_line(line: str, reading: _LineReading) -> str:
    if len(line) > MAX_LINE_CHARACTERS or reading.depth > MAX_WRAPPERS:
        return DESTROY
    try:
        found = shell.commands(line)
    except (shell.Unreadable, RecursionError):
        return DESTROY
    parts, printed = [], ""
    for command in found:
        its = _LineReading(reading.own, reading.parts, reading.depth, reading.decides and command.decides)
        parts.append(_class_of_simple(command, its, printed if command.piped else ""))
        printed = _printed(command.words)
    return worst(parts)


def _class_of_simple(command: shell.SimpleCommand, reading: _LineReading, printed: str) -> str:
    parts = [_class_of_redirect(redirect, command.words) for redirect in command.redirects]
    parts += [_class_of_variable(name, value, reading) for name, value in command.variables]
    if command.words:
        words = tuple(command.words)
        parts.append(_class_of_words(words, reading, piped=command.piped, text=command.text))
        if printed and not command.text and _program(words[0]) not in _SHELLS:
            parts.append(_class_of_words(words, reading, piped=True, text=printed))
    return worst(parts)


def _printed(words: Sequence[str]) -> str:
    """Return what a command prints, where that stands in its words: echo "drop table orders" | mysql shop."""
    if not words or words[0] not in ("echo", "printf"):
        return ""
    text = " ".join(word for word in words[1:] if word not in ("-n", "-e", "-ne", "-en", "--"))
    return "" if shell.UNKNOWN in text else text


def _prints_nothing(words: Sequence[str]) -> bool:
    """Say whether what goes into a file by `>` is nothing, which empties it: > f, : > f, cat /dev/null > f."""
    return list(words) in ([], [":"], ["true"], ["cat", "/dev/null"], ["echo", "-n"], ["printf", ""])


def _class_of_redirect(redirect: shell.Redirect, words: Sequence[str]) -> str:
    if redirect.operator.startswith("<") and redirect.operator != "<>":
        return READ
    if redirect.target.startswith(_DISK):
        return DESTROY
    target = redirect.target.removeprefix("/dev/fd/")
    number = target.isdecimal() or (len(target) == 2 and target[0] == "&" and target[1].isdecimal())
    if number or redirect.target in _HARMLESS:
        return READ
    return DESTROY if redirect.operator in (">", ">|") and _prints_nothing(words) else CHANGE


def _class_of_variable(name: str, value: str, reading: _LineReading) -> str:
    """Some variables hold a command that an innocent program then runs: GIT_PAGER='rm -rf x' git log."""
    if name not in _VARIABLES_THAT_RUN:
        return READ
    if name.startswith("LD_") or name.endswith("ENV"):
        return CHANGE
    return _class_of_line(value, reading.within(decides=False))


def _class_of_words(words: tuple[str, ...], reading: _LineReading, *, piped: bool = False, text: str = "") -> str:
    """Return what a command does: what the namespace says of it, or what stands behind all that wraps it."""
    if reading.depth > MAX_WRAPPERS:
        return DESTROY
    if not words:
        return READ
    said = reading.own(" ".join(words)) if reading.own is not None else None
    before = len(reading.parts)
    found = _class_of_unwrapped(words, reading, piped=piped, text=text)
    if said is None:
        return found
    for part in reading.parts[before:]:
        part.action_class = said
    return said


def _class_of_unwrapped(words: tuple[str, ...], reading: _LineReading, *, piped: bool, text: str) -> str:
    """Take off what wraps a command: sudo, env, xargs, sh -c, ssh."""
    program, rest = _program(words[0]), words[1:]
    if program in _SHELLS:
        return _class_of_shell(words, reading, piped=piped, text=text)
    if program in ("eval", "source", "."):
        if program == "eval":
            return _class_of_line(" ".join(rest), reading.within())
        return reading.keep(words, CHANGE, piped=piped)
    if program in _WRAPPERS:
        return _class_of_wrapped(program, rest, reading, piped=piped, text=text)
    if program in _REMOTE:
        return _class_of_remote(program, rest, reading)
    if program in _INSIDE and (inside := _inside(rest)) is not None:
        return worst([reading.keep(words, READ if inside else CHANGE), _class_of_words(inside, reading.within())])
    if program == "find":
        return _class_of_find(rest, reading)
    if program == "trap" or program == "alias":
        later = reading.within(decides=False)
        return worst([_class_of_line(word.partition("=")[2] or word, later) for word in rest[:1]])
    if shell.UNKNOWN in program or not program:
        return reading.keep(words, _class_of_hidden(words), piped=piped)
    if program in _LATER and text:
        return _class_of_line(text, reading.within(decides=False))
    its = worst([class_of_program(program, rest), _class_of_fed(program, text, piped=piped)])
    return reading.keep(words, its, piped=piped)


def _program(word: str) -> str:
    """Return the bare name of a program: without folders, and without the extension of Windows."""
    name = word.strip().replace("\\", "/").rpartition("/")[2]
    return name.lower().removesuffix(".exe") if name.isupper() or name.lower().endswith(".exe") else name


def _class_of_hidden(words: tuple[str, ...]) -> str:
    """A program whose name only the running shell knows: `$PYTHON x.py` changes; `$X -rf /` shows what it is."""
    options = letters(words[1:])
    forced = {"--force", "--recursive", "--no-preserve-root", "--hard", "--delete"} & set(words)
    return DESTROY if forced or ({"r", "f"} <= set(options.lower())) else class_of_program("", words[1:])


def _class_of_shell(words: tuple[str, ...], reading: _LineReading, *, piped: bool, text: str) -> str:
    """sh -c LINE does what the line says; a shell that is fed does what nobody has seen."""
    rest = words[1:]
    for number, word in enumerate(rest):
        if "c" in letters((word,)) and word.islower() and number + 1 < len(rest):
            line, operands = rest[number + 1], rest[number + 2 :]
            for position, operand in enumerate(operands):
                line = line.replace(f"${position}", operand).replace(f"${{{position}}}", operand)
            return _class_of_line(line.replace("$@", " ".join(operands[1:])), reading.within())
    if text:
        return _class_of_line(text, reading.within())
    its = DESTROY if piped or any(shell.UNKNOWN in word for word in rest) else CHANGE
    if any(not word.startswith("-") and shell.UNKNOWN not in word for word in rest):
        its = CHANGE  # a script file
    elif rest and set(rest) <= {"--version", "--help"}:
        its = READ
    return reading.keep(words, its, piped=piped)


def _class_of_wrapped(program: str, rest: tuple[str, ...], reading: _LineReading, *, piped: bool, text: str) -> str:
    taking = set(_WRAPPERS[program].split())
    words = list(rest)
    lines: list[str] = []
    while words and (words[0].startswith("-") or (program in ("env", "sudo", "doas") and "=" in words[0])):
        option = words.pop(0)
        if option in ("-S", "--split-string") and program == "env" and words:
            lines.append(_class_of_line(words.pop(0), reading.within()))
        elif option.startswith("-S") and program == "env":
            lines.append(_class_of_line(option[2:], reading.within()))
        elif option in ("-c", "--command") and program == "script" and words:
            lines.append(_class_of_line(words.pop(0), reading.within()))
        elif "=" in option and not option.startswith("-"):
            name, _, value = option.partition("=")
            lines.append(_class_of_variable(name, value, reading))
        elif option in taking and words:
            words.pop(0)
        elif program == "command" and option in ("-v", "-V"):
            return READ
    words = words[_OPERANDS.get(program, 0) :]
    if program in ("poetry", "pipx"):
        if words[:1] != ["run"]:
            its = class_of_program(words[0], words[1:]) if words else CHANGE
            return worst([*lines, reading.keep((program, *words), its)])
        words = words[1:]
    if program in ("watch", "parallel", "flock") and len(words) == 1:
        lines.append(_class_of_line(words[0], reading.within()))
    elif words:
        fed = piped and program != "xargs"
        lines.append(_class_of_words(tuple(words), reading.within(), piped=fed, text=text))
    elif program in ("npx", "uvx", "pipx", "poetry"):
        lines.append(reading.keep((program,), CHANGE))
    return worst(lines)


def _class_of_remote(program: str, rest: tuple[str, ...], reading: _LineReading) -> str:
    """ssh HOST LINE, su -c LINE."""
    taking, words = set(_REMOTE[program].split()), list(rest)
    if program in ("su", "runuser"):
        lines = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-c", "--command")]
        lines += [word.partition("=")[2] for word in words if word.startswith("--command=")]
        return worst([_class_of_line(line, reading.within()) for line in lines], CHANGE)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in taking and words:
            value = words.pop(0)
            if option == "-o" and "command=" in value.lower():
                return worst([CHANGE, _class_of_line(value.partition("=")[2], reading.within())])
    return _class_of_line(" ".join(words[1:]), reading.within()) if len(words) > 1 else CHANGE


def _inside(rest: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return what `kubectl exec POD -- ...` or `docker run IMAGE ...` runs inside; None where it is no such call."""
    plain = [word for word in rest if not word.startswith("-")]
    if not {"exec", "run", "debug"} & set(plain[:3]):
        return None
    if "--" in rest:
        return rest[rest.index("--") + 1 :]
    verb = next(number for number, word in enumerate(rest) if word in ("exec", "run", "debug"))
    after = list(rest[verb + 1 :])
    taking = set("-u --user -w --workdir -e --env -v --volume -p --name --network -c --mount --entrypoint -n".split())
    while after and after[0].startswith("-"):
        option = after.pop(0)
        if option in taking and after:
            after.pop(0)
    return tuple(after[1:])


def _class_of_find(rest: tuple[str, ...], reading: _LineReading) -> str:
    found = [
        DESTROY if word == "-delete" else CHANGE for word in rest if word in ("-delete", "-fprint", "-fls", "-fprintf")
    ]
    for number, word in enumerate(rest):
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            command = rest[number + 1 :]
            ends = [n for n, each in enumerate(command) if each in (";", "+")]
            its = command[: ends[0]] if ends else command
            found.append(_class_of_words(its, reading.within(decides=False)))
    return worst(found)


_INTERPRETERS = frozenset("node perl ruby php mongo mongosh".split())
_CLIENTS = frozenset("psql mysql mariadb sqlite3".split())


def _runs_code(program: str) -> bool:
    version = program.removeprefix("python").replace(".", "")
    is_python = program.startswith("python") and (not version or version.isdecimal())
    return is_python or program in _INTERPRETERS


def _class_of_fed(program: str, text: str, *, piped: bool) -> str:
    """What a here-document feeds to a database client or an interpreter is code too."""
    if not text:
        return CHANGE if piped and (program in _CLIENTS or _runs_code(program)) else READ
    if program in ("psql", "mysql", "mariadb", "sqlite3", "sqlcmd", "cqlsh", "duckdb"):
        return class_of_sql(text)
    return class_of_script(text) if _runs_code(program) else READ
