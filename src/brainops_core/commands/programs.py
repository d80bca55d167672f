"""What can one command do, by its program and arguments: read, change, or destroy? (pure)

Tables of what widespread programs do. What is not in them changes something, and destroys where a word of it says so.
"""

from __future__ import annotations

from brainops_core.commands.classes import CHANGE, DESTROY, READ, letters, pieces, worst
from brainops_core.commands.program_tables import (
    DESTROYERS,
    DESTROYING_CMDLETS,
    DESTROYING_VERBS,
    DRY_RUNS,
    EMPTYING_OPTIONS,
    FRAMEWORK_SCRIPTS,
    OPTIONS_WITH_VALUE,
    READERS,
    READING_CMDLETS,
    SAME_AS,
    SAYS,
    SCHEMAS,
    TAKING_BACK,
    WRITING_OPTIONS,
)
from brainops_core.commands.sql_statements import class_of_sql
from brainops_core.glob import has_form
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Words = Sequence[str]

_PYTHON = Regex(r"python\d(\.\d+)?")
_HELP = frozenset(("--help", "--version", "-V"))
_INTERPRETERS = frozenset(
    "python python3 python2 node perl ruby php deno bun lua Rscript tclsh pwsh powershell osascript".split()
)
_INTERPRETED = Regex(
    r"(?i)rmtree|\bunlink\w*\b|os\.(?:remove|rmdir)|\brmdir(?:Sync)?\b|\brm(?:Sync)?\s*\(|\bFileUtils\.rm|\bdrop_?all\b|rm\s+-\w*[rf]"
    r"|\b(?:DROP|TRUNCATE)\s+(?:TABLE|DATABASE|SCHEMA)|\bDELETE\s+FROM|delete_many|deleteMany|shutil\.move|Remove-Item"
    r"|\bdestroy\b|\bterminate_instances\b|\bdelete_\w+\(|\bmkfs|\.drop\(|\.truncate\(",
)
_SHELLED = Regex(r"(?i)os\.system|subprocess|popen|child_process|exec\(|spawn|system\(|`")
_DESTROYER = Regex(rf"\b(?:{'|'.join(sorted(DESTROYERS))})\b")
_HARMLESS_BACKSLASH = Regex(r"\s*\\(?:d\S*|l\+?|conninfo|x|timing|h|\?)(?:\s[^!|`]*)?")
_SQL_CLIENTS: Mapping[str, tuple[str, ...]] = {
    "psql": ("-c", "--command"),
    "mysql": ("-e", "--execute"),
    "mariadb": ("-e", "--execute"),
    "sqlcmd": ("-Q", "-q"),
    "bq": ("query",),
    "clickhouse-client": ("-q", "--query"),
    "clickhouse": ("-q", "--query"),
    "cockroach": ("-e", "--execute"),
    "snowsql": ("-q", "--query"),
    "duckdb": ("-c", "-cmd"),
    "trino": ("--execute",),
    "presto": ("--execute",),
    "cqlsh": ("-e", "--execute"),
}


def class_of_program(program: str, arguments: Words) -> str:
    """Return what a program does when it is called so. `program` is its bare name."""
    program = SAME_AS.get(program, program)
    if program in DRY_RUNS and _is_dry_run(program, arguments):
        return READ
    if program in _SPECIAL:
        return _SPECIAL[program](arguments)
    if program in DESTROYERS or program.startswith("mkfs"):
        return READ if set(arguments) <= _HELP and arguments else DESTROY
    if program in WRITING_OPTIONS:
        globs = WRITING_OPTIONS[program]
        return CHANGE if any(has_form(word, glob) for word in arguments for glob in globs) else READ
    if program in READERS:
        return READ
    if program in _SQL_CLIENTS:
        return _class_of_sql_client(program, arguments)
    if program in SAYS:
        return _class_by_subcommand(program, arguments)
    if _interpreter(program):
        return _class_of_interpreter(arguments)
    verb, dash, noun = program.partition("-")
    if dash and verb.istitle() and noun[:1].isupper():
        return _class_of_cmdlet(verb.lower(), noun.lower(), arguments)
    return _class_of_unknown(arguments)


def _is_dry_run(program: str, arguments: Words) -> bool:
    """Say whether a call only says what it would do: the last that is said of it counts, and nothing behind `--`."""
    known, subcommands = (said.split() for said in DRY_RUNS[program])
    own = _before_dashes(arguments)
    if subcommands and _without_options(own)[:1] not in [[each] for each in subcommands]:
        return False
    names = {each.partition("=")[0] for each in known}
    denied = {each.replace("--", "--no-", 1) for each in names}
    said = [word for word in own if word.partition("=")[0] in names | denied]
    return bool(said) and said[-1] in known


def _before_dashes(arguments: Words) -> Words:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _class_of_block(words: Words) -> str:
    """A block of a script, Where-Object { Remove-Item $_ }: what it calls decides, and each word may be a call."""
    said = [word.strip("{}();") for word in words]
    parts = {piece for word in said for piece in pieces(word.lower(), "-._")}
    if parts & (DESTROYING_VERBS | DESTROYING_CMDLETS | DESTROYERS) or "ri" in parts:
        return DESTROY
    calls = [word.partition("-") for word in said]
    other = any(dash and verb.istitle() and verb.lower() not in READING_CMDLETS for verb, dash, _ in calls)
    return CHANGE if other else READ


def _class_of_cmdlet(verb: str, noun: str, arguments: Words) -> str:
    if "-whatif" in {word.lower() for word in arguments}:
        return READ
    if verb in DESTROYING_CMDLETS or (verb, noun) == ("format", "volume"):
        return DESTROY
    if verb not in READING_CMDLETS:
        return _class_of_unknown(arguments)
    block = next((number for number, word in enumerate(arguments) if "{" in word), len(arguments))
    return _class_of_block([word.rpartition("{")[2] for word in arguments[block:]])


def _class_by_subcommand(program: str, arguments: Words) -> str:
    reading, destroying = SAYS[program]
    said, whole = " ".join(_without_options(arguments)).lower(), " ".join(arguments).lower()
    patterns = [(said, _globs(destroying)), (whole, _globs(destroying))]
    if any(has_form(text, glob) for text, globs in patterns for glob in globs):
        return DESTROY
    if _HELP & set(arguments[:3]) or any(has_form(text, glob) for text in (said, whole) for glob in _globs(reading)):
        return READ
    return CHANGE


def _globs(text: str) -> list[str]:
    """Split at blanks; "* describe-*" is one glob of two words, as "?" stands for a blank inside one."""
    found: list[str] = []
    for piece in text.split():
        if found and found[-1] == "*":
            found[-1] = f"* {piece}"
        else:
            found.append(piece)
    return found


def _without_options(arguments: Words) -> list[str]:
    words, skip = [], False
    for word in arguments:
        if skip:
            skip = False
        elif word.startswith("-") and len(word) > 1:
            skip = word in OPTIONS_WITH_VALUE
        else:
            words.append(word)
    return words


def _interpreter(program: str) -> bool:
    return program in _INTERPRETERS or (program.startswith("python") and _PYTHON.fullmatch(program) is not None)


def _class_of_interpreter(arguments: Words) -> str:
    if arguments and set(arguments) <= _HELP | {"-v", "-VV"}:
        return READ
    script = next((number for number, word in enumerate(arguments) if not word.startswith("-")), len(arguments))
    if script < len(arguments) and arguments[script].rpartition("/")[2] in FRAMEWORK_SCRIPTS:
        return _class_of_unknown(arguments[script + 1 :])
    code = "\n".join(arguments)
    if _INTERPRETED.search(code):
        return DESTROY
    if _SHELLED.search(code) and _DESTROYER.search(code):
        return DESTROY
    return CHANGE


def class_of_script(text: str) -> str:
    """Return what a piece of Python, JavaScript or the like can do; it can always change something."""
    return _class_of_interpreter((text,))


def _class_of_sql_client(program: str, arguments: Words) -> str:
    options, found = _SQL_CLIENTS[program], []
    for number, word in enumerate(arguments):
        for option in options:
            if word == option:
                found.append(_class_of_client_text(" ".join(arguments[number + 1 : number + 2])))
            elif word.startswith(f"{option}=") or (len(option) == 2 and word.startswith(option) and len(word) > 2):
                found.append(_class_of_client_text(word[len(option) :].lstrip("=")))
    if found:
        return worst(found)
    return READ if set(arguments) & {"-l", "--list", "--version", "--help"} else CHANGE


def _class_of_client_text(text: str) -> str:
    if not text.lstrip().startswith("\\"):
        return class_of_sql(text)
    if _HARMLESS_BACKSLASH.fullmatch(text):
        return READ
    return DESTROY if "!" in text else CHANGE


def _class_of_unknown(arguments: Words) -> str:
    """A program that no table knows: its first words, and options that force or delete, say what it is about."""
    said = [part for word in _without_options(arguments)[:4] for part in pieces(word.lower(), ":/.@=")]
    verbs = {piece for word in said for piece in (word, *pieces(word, "-_"))}
    options = {word.lstrip("-").split("=")[0].lower() for word in arguments if word.startswith("--")}
    if (
        verbs & DESTROYING_VERBS
        or options & DESTROYING_VERBS
        or options & EMPTYING_OPTIONS
        or (verbs & TAKING_BACK and verbs & SCHEMAS)
    ):
        return DESTROY
    return READ if arguments and set(arguments) <= _HELP else CHANGE


def _git(arguments: Words) -> str:
    for number, word in enumerate(arguments):
        if word in ("-c", "--config-env") and "!" in " ".join(arguments[number + 1 : number + 2]):
            return DESTROY  # an alias that runs a shell
    words = list(arguments)
    while words and words[0].startswith("-"):
        takes_value = words[0] in ("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path")
        if words[0] in _HELP:
            return READ
        words = words[2 if takes_value else 1 :]
    if not words:
        return READ
    return _class_of_git(words[0], words[1:])


_GIT_READS = frozenset(
    "status log diff show ls-files ls-tree ls-remote blame rev-parse rev-list describe grep shortlog cat-file"
    " merge-base name-rev for-each-ref show-ref var whatchanged cherry count-objects fsck check-ignore version"
    " help annotate range-diff diff-tree diff-index diff-files show-branch verify-commit verify-tag".split()
)


def _class_of_git(verb: str, rest: Words) -> str:
    options = {word.split("=")[0] for word in rest if word.startswith("-")}
    short = letters(rest)
    plain = [word for word in rest if not word.startswith("-")]
    first = plain[0] if plain else ""
    forced = bool({"--force", "--force-with-lease", "--mirror", "--delete", "--prune"} & options)
    match verb:
        case "push":
            refs = any(word.startswith(("+", ":")) for word in plain[1:])
            return DESTROY if forced or refs or set("fd") & set(short) else CHANGE
        case "reset":
            return DESTROY if {"--hard", "--merge", "--keep"} & options else CHANGE
        case "clean":
            return READ if {"--dry-run"} & options or "n" in short else DESTROY
        case "branch":
            if set("D") & set(short) or "--delete" in options or "d" in short:
                return DESTROY
            listing = {"--list", "--show-current", "--all", "--remotes", "--contains", "--merged", "--no-merged"}
            return READ if not plain or listing & options or set("l") & set(short) else CHANGE
        case "tag":
            if "d" in short or "--delete" in options:
                return DESTROY
            return READ if not plain or "l" in short or "--list" in options else CHANGE
        case "checkout" | "switch" | "restore":
            discards = "f" in short or {"--force", "--discard-changes"} & options or "--" in rest or first == "."
            return DESTROY if discards or (verb == "restore" and "--staged" not in options) else CHANGE
        case "stash":
            return DESTROY if first in ("drop", "clear") else READ if first in ("list", "show") else CHANGE
        case "remote":
            if first in ("remove", "rm", "prune"):
                return DESTROY
            return READ if first in ("", "show", "get-url") else CHANGE
        case "reflog":
            return DESTROY if first in ("expire", "delete") else READ
        case "worktree":
            return DESTROY if first in ("remove", "prune") else READ if first == "list" else CHANGE
        case "config":
            reads = {"--get", "--get-all", "--list", "-l", "--get-regexp"} & options or first in ("get", "list")
            return READ if reads else CHANGE
        case "submodule":
            return READ if first in ("", "status", "summary") else DESTROY if first == "deinit" else CHANGE
        case "filter-branch" | "filter-repo" | "prune" | "update-ref" | "rm" | "replace":
            return DESTROY
        case "gc":
            return DESTROY if "--prune" in options else CHANGE
    return (
        READ
        if verb in _GIT_READS and not {"--output", "--ext-diff", "-O", "--open-files-in-pager"} & options
        else CHANGE
    )


_CURL_METHOD = Regex(r"-[a-zA-Z]*X[A-Za-z]+")
_CURL_SENDS = Regex(r"-[a-zA-Z]*[dFT]|--(?:data|form|upload-file|json)")
_CURL_WRITES = Regex(r"-[a-zA-Z]*[oOK]|--(?:output|remote-name|config)")


def _curl(arguments: Words) -> str:
    method, sends, writes = "", False, False
    for number, word in enumerate(arguments):
        if word in ("-X", "--request"):
            method = " ".join(arguments[number + 1 : number + 2]).upper()
        elif word.startswith("--request="):
            method = word.partition("=")[2].upper()
        elif "X" in word and _CURL_METHOD.fullmatch(word):
            method = word.partition("X")[2].upper()
        elif word[:1] == "-" and set(word) & set("dFT") and _CURL_SENDS.match(word):
            sends = True
        elif word[:1] == "-" and set(word) & set("oOK") and _CURL_WRITES.match(word):
            writes = " ".join(arguments[number + 1 : number + 2]) not in ("/dev/null", "-") or word[-1] != "o"
    if method in ("DELETE", "PURGE"):
        return DESTROY
    if method in ("", "GET", "HEAD", "OPTIONS") and not (sends and "G" not in "".join(arguments)):
        return CHANGE if writes else READ
    return CHANGE


_SED_IN_PLACE = Regex(r"-[nErsuz]*i|--in-place")
_SED_OPTION = Regex(r"-[nErsuze]+|--\w[\w-]*")
_SED_SAFE = Regex(r"(?:[\d$,]*|/[^/]*/(?:,/[^/]*/)?)!?[pdqD=]?|s(.)(?:(?!\1).)*\1(?:(?!\1).)*\1[gpIiM0-9]*|\d+q")


def _sed(arguments: Words) -> str:
    if any(word[:1] == "-" and _SED_IN_PLACE.match(word) for word in arguments):
        return CHANGE
    scripts = [word for word in arguments if not (word[:1] == "-" and _SED_OPTION.fullmatch(word))][:1]
    return READ if all(_SED_SAFE.fullmatch(part.strip()) for text in scripts for part in text.split(";")) else CHANGE


_AWK_RUNS = Regex(r"system\s*\(|\|\s*\"|\"\s*\|")
_AWK_REMOVES = Regex(r"\brm\b")
_AWK_CHANGES = Regex(r"system\s*\(|>|\||-i")


def _awk(arguments: Words) -> str:
    text = " ".join(arguments)
    if _AWK_RUNS.search(text) and _class_of_interpreter((text,)) == DESTROY:
        return DESTROY
    return DESTROY if _AWK_REMOVES.search(text) else CHANGE if _AWK_CHANGES.search(text) else READ


def _dd(arguments: Words) -> str:
    empties = "if=/dev/null" in arguments and any(word.startswith("of=") for word in arguments)
    disk = any(word.startswith("of=/dev/") and word != "of=/dev/null" for word in arguments)
    return DESTROY if empties or disk else CHANGE


def _rsync(arguments: Words) -> str:
    if "--dry-run" in (own := _before_dashes(arguments)) or "n" in letters(own):
        return READ
    removes = any(word.startswith(("--delete", "--del", "--remove-source")) for word in arguments)
    return DESTROY if removes else CHANGE


def _truncate(arguments: Words) -> str:
    return READ if arguments and set(arguments) <= _HELP else DESTROY


def _kill(arguments: Words) -> str:
    return READ if list(arguments[:1]) in (["-l"], ["-0"]) else DESTROY if "-1" in arguments[1:] else CHANGE


def _mv(arguments: Words) -> str:
    return DESTROY if arguments and arguments[-1] == "/dev/null" else CHANGE


def _cp(arguments: Words) -> str:
    return DESTROY if "/dev/null" in arguments[:-1] else CHANGE


_MONGO_DESTROYS = Regex(r"drop\w*\(|deleteMany|deleteOne|remove\(|shutdownServer")


def _mongo(arguments: Words) -> str:
    text = " ".join(arguments)
    if _MONGO_DESTROYS.search(text):
        return DESTROY
    return CHANGE


_SQLITE_CHANGES = Regex(r"\s*\.(?!tables|schema|indexes|databases|mode|headers)")
_SQLITE_RUNS = Regex(r"\s*\.(?:shell|system)\b")


def _sqlite(arguments: Words) -> str:
    plain = [word for word in arguments if not word.startswith("-")]
    said = [word for word in plain[1:] if word] + [
        w for n, w in enumerate(arguments) if n and arguments[n - 1] == "-cmd"
    ]
    found = [CHANGE if _SQLITE_CHANGES.match(text) else READ for text in said if text.lstrip().startswith(".")]
    found += [class_of_sql(text) for text in said if not text.lstrip().startswith(".")]
    if any(_SQLITE_RUNS.match(text) for text in said):
        return DESTROY
    return worst(found, CHANGE) if said else CHANGE


def _compose(arguments: Words) -> str:
    return _class_by_subcommand("docker", ["compose", *arguments])


def _make(arguments: Words) -> str:
    if {"-n", "--dry-run", "--just-print", "-q"} & set(_before_dashes(arguments)):
        return READ
    return _class_of_unknown([word for word in arguments if word != "clean"])


def _terraform_like(arguments: Words) -> str:
    if "-destroy" in arguments and "plan" in arguments:
        return READ
    return _class_by_subcommand("terraform", arguments)


_SPECIAL: Mapping[str, Callable[[Words], str]] = {
    "git": _git,
    "curl": _curl,
    "sed": _sed,
    "awk": _awk,
    "gawk": _awk,
    "mawk": _awk,
    "dd": _dd,
    "rsync": _rsync,
    "truncate": _truncate,
    "kill": _kill,
    "mv": _mv,
    "cp": _cp,
    "install": _cp,
    "mongo": _mongo,
    "mongosh": _mongo,
    "sqlite3": _sqlite,
    "compose": _compose,
    "make": _make,
    "terraform": _terraform_like,
}
