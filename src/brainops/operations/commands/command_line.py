"""What can a command line do: read, change, or destroy? Its most dangerous part decides. (pure)"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from brainops.operations.commands import shell
from brainops.operations.commands.programs import CHANGE, DESTROY, READ, class_of_program, class_of_script, worst
from brainops.operations.commands.sql_statements import class_of_sql
from brainops.types import ActionClass

MAX_LINE_CHARACTERS = 200_000  # a longer line is not read to its end, and counts as the worst
MAX_WRAPPERS = 12  # sudo env nice timeout ...: nobody wraps deeper, and what does hides something

Own = Callable[[str], ActionClass | None]
"""What a namespace says itself of one command, given as its words joined by blanks."""

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
_INSIDE = frozenset("docker podman nerdctl kubectl oc k compose docker-compose lxc".split())
_VARIABLES_THAT_RUN = re.compile(
    r"(?:GIT_)?(?:PAGER|EDITOR|VISUAL|SEQUENCE_EDITOR|SSH_COMMAND|SSH|EXTERNAL_DIFF|ASKPASS|PROXY_COMMAND)|MANPAGER|BROWSER"
    r"|LESSOPEN|LESSCLOSE|PROMPT_COMMAND|BASH_ENV|ENV|LD_PRELOAD|LD_LIBRARY_PATH|PYTHONSTARTUP|NODE_OPTIONS|PERL5OPT|RUBYOPT"
)
_DISK = re.compile(r"/dev/(?:sd|hd|vd|xvd|nvme|disk|mmcblk|mapper|md|dm-)|/proc/sysrq-trigger|/dev/mem")
_HARMLESS = re.compile(r"/dev/(?:null|stdout|stderr|tty|fd/\d+)|\d+|-|&?\d|")


def classify_command(command: str | Sequence[str], own: Own | None = None) -> ActionClass:
    """Return what a command can do, given as a line of shell or as an argument list."""
    if not isinstance(command, str):
        return _class_of_words(tuple(command), own, 0)
    return _class_of_line(command, own, 0)


def _class_of_line(line: str, own: Own | None, depth: int) -> ActionClass:
    if len(line) > MAX_LINE_CHARACTERS or depth > MAX_WRAPPERS:
        return DESTROY
    try:
        found = shell.commands(line)
    except (shell.Unreadable, RecursionError):
        return DESTROY
    return worst([_class_of_simple(command, own, depth) for command in found])


def _class_of_simple(command: shell.SimpleCommand, own: Own | None, depth: int) -> ActionClass:
    parts = [_class_of_redirect(redirect) for redirect in command.redirects]
    parts += [_class_of_variable(name, value, own, depth) for name, value in command.variables]
    if command.words:
        parts.append(_class_of_words(command.words, own, depth, piped=command.piped, text=command.text))
    return worst(parts)


def _class_of_redirect(redirect: shell.Redirect) -> ActionClass:
    if redirect.operator.startswith("<") and redirect.operator != "<>":
        return READ
    if _DISK.match(redirect.target):
        return DESTROY
    return READ if _HARMLESS.fullmatch(redirect.target) else CHANGE


def _class_of_variable(name: str, value: str, own: Own | None, depth: int) -> ActionClass:
    """Some variables hold a command that an innocent program then runs: GIT_PAGER='rm -rf x' git log."""
    if not _VARIABLES_THAT_RUN.fullmatch(name):
        return READ
    if name.startswith("LD_") or name.endswith("ENV"):
        return CHANGE
    return _class_of_line(value, own, depth + 1)


def _class_of_words(
    words: tuple[str, ...], own: Own | None, depth: int, *, piped: bool = False, text: str = ""
) -> ActionClass:
    """Return what a command does, after what wraps it (sudo, env, xargs, sh -c, ssh) was taken off."""
    if depth > MAX_WRAPPERS:
        return DESTROY
    if not words:
        return READ
    said = own(" ".join(words)) if own is not None else None
    if said is not None:
        return said
    program, rest = _program(words[0]), words[1:]
    if program in _SHELLS:
        return _class_of_shell(rest, own, depth, piped=piped, text=text)
    if program in ("eval", "source", "."):
        return _class_of_line(" ".join(rest), own, depth + 1) if program == "eval" else CHANGE
    if program in _WRAPPERS:
        return _class_of_wrapped(program, rest, own, depth, piped=piped, text=text)
    if program in _REMOTE:
        return _class_of_remote(program, rest, own, depth)
    if program in _INSIDE and (inside := _inside(rest)) is not None:
        return worst([CHANGE if not inside else READ, _class_of_words(inside, own, depth + 1)])
    if program == "find":
        return _class_of_find(rest, own, depth)
    if program == "trap" or program == "alias":
        return worst([_class_of_line(word.partition("=")[2] or word, own, depth + 1) for word in rest[:1]])
    if shell.UNKNOWN in program or not program:
        return _class_of_hidden(words)
    return worst([class_of_program(program, rest), _class_of_fed(program, text, piped=piped)])


def _program(word: str) -> str:
    """Return the bare name of a program: without folders, and without the extension of Windows."""
    name = re.split(r"[/\\]", word.strip())[-1]
    return name.lower().removesuffix(".exe") if name.isupper() or name.lower().endswith(".exe") else name


def _class_of_hidden(words: tuple[str, ...]) -> ActionClass:
    """A program whose name only the running shell knows: `$PYTHON x.py` changes; `$X -rf /` shows what it is."""
    options = "".join(word[1:] for word in words[1:] if re.fullmatch(r"-[A-Za-z]+", word))
    forced = {"--force", "--recursive", "--no-preserve-root", "--hard", "--delete"} & set(words)
    return DESTROY if forced or ({"r", "f"} <= set(options.lower())) else class_of_program("", words[1:])


def _class_of_shell(rest: tuple[str, ...], own: Own | None, depth: int, *, piped: bool, text: str) -> ActionClass:
    """sh -c LINE does what the line says; a shell that is fed does what nobody has seen."""
    for number, word in enumerate(rest):
        if re.fullmatch(r"-[a-z]*c[a-z]*", word) and number + 1 < len(rest):
            line, operands = rest[number + 1], rest[number + 2 :]
            for position, operand in enumerate(operands):
                line = line.replace(f"${position}", operand).replace(f"${{{position}}}", operand)
            return _class_of_line(line.replace("$@", " ".join(operands[1:])), own, depth + 1)
    if text:
        return _class_of_line(text, own, depth + 1)
    if any(not word.startswith("-") and shell.UNKNOWN not in word for word in rest):
        return CHANGE  # a script file
    if rest and set(rest) <= {"--version", "--help"}:
        return READ
    return DESTROY if piped or any(shell.UNKNOWN in word for word in rest) else CHANGE


def _class_of_wrapped(
    program: str, rest: tuple[str, ...], own: Own | None, depth: int, *, piped: bool, text: str
) -> ActionClass:
    taking = set(_WRAPPERS[program].split())
    words = list(rest)
    lines: list[ActionClass] = []
    while words and (words[0].startswith("-") or (program in ("env", "sudo", "doas") and "=" in words[0])):
        option = words.pop(0)
        if option in ("-S", "--split-string") and program == "env" and words:
            lines.append(_class_of_line(words.pop(0), own, depth + 1))
        elif option.startswith("-S") and program == "env":
            lines.append(_class_of_line(option[2:], own, depth + 1))
        elif option in ("-c", "--command") and program == "script" and words:
            lines.append(_class_of_line(words.pop(0), own, depth + 1))
        elif "=" in option and not option.startswith("-"):
            name, _, value = option.partition("=")
            lines.append(_class_of_variable(name, value, own, depth + 1))
        elif option in taking and words:
            words.pop(0)
        elif program == "command" and option in ("-v", "-V"):
            return READ
    words = words[_OPERANDS.get(program, 0) :]
    if program in ("poetry", "pipx") and words[:1] == ["run"]:
        words = words[1:]
    if program in ("watch", "parallel", "flock") and len(words) == 1:
        lines.append(_class_of_line(words[0], own, depth + 1))
    elif words:
        lines.append(_class_of_words(tuple(words), own, depth + 1, piped=piped and program != "xargs", text=text))
    elif program in ("npx", "uvx", "pipx", "poetry"):
        lines.append(CHANGE)
    return worst(lines)


def _class_of_remote(program: str, rest: tuple[str, ...], own: Own | None, depth: int) -> ActionClass:
    """ssh HOST LINE, su -c LINE."""
    taking, words = set(_REMOTE[program].split()), list(rest)
    if program in ("su", "runuser"):
        lines = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-c", "--command")]
        lines += [word.partition("=")[2] for word in words if word.startswith("--command=")]
        return worst([_class_of_line(line, own, depth + 1) for line in lines], CHANGE)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in taking and words:
            value = words.pop(0)
            if option == "-o" and "command=" in value.lower():
                return worst([CHANGE, _class_of_line(value.partition("=")[2], own, depth + 1)])
    return _class_of_line(" ".join(words[1:]), own, depth + 1) if len(words) > 1 else CHANGE


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


def _class_of_find(rest: tuple[str, ...], own: Own | None, depth: int) -> ActionClass:
    found = [
        DESTROY if word == "-delete" else CHANGE for word in rest if word in ("-delete", "-fprint", "-fls", "-fprintf")
    ]
    for number, word in enumerate(rest):
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            command = rest[number + 1 :]
            ends = [n for n, each in enumerate(command) if each in (";", "+")]
            found.append(_class_of_words(command[: ends[0]] if ends else command, own, depth + 1))
    return worst(found)


def _class_of_fed(program: str, text: str, *, piped: bool) -> ActionClass:
    """What a here-document feeds to a database client or an interpreter is code too."""
    if not text:
        piping = piped and re.fullmatch(r"python[\d.]*|node|perl|ruby|php|psql|mysql|mariadb|sqlite3|mongosh?", program)
        return CHANGE if piping else READ
    if program in ("psql", "mysql", "mariadb", "sqlite3", "sqlcmd", "cqlsh", "duckdb"):
        return class_of_sql(text)
    return class_of_script(text) if re.fullmatch(r"python[\d.]*|node|perl|ruby|php|mongosh?", program) else READ
