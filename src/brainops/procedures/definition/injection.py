"""May a value from outside stand at this place of a command, or could it become code or an option there? (pure)

A ${{ }} is handed to a program as a whole word of its own, where the program is known to take its words as plain data;
to every other program as a variable of the environment or in a file, which nothing reads as code by itself.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.procedures.conditions.templates import sources

WAY_OUT = (
    "hand it over as a variable, `env: {INPUT_NAME: ${{ ... }}}`, which the program or its script reads as "
    '"$INPUT_NAME", or in a file'
)

PLAIN = frozenset(
    "[ basename cat chgrp chmod chown cksum cmp cp createdb cut df diff dig dirname dropdb du echo false file getent"
    " grep groups head host id kill ln logger ls md5sum mkdir mv nl notify-send nslookup paste pgrep pidof ping printf"
    " pkill readlink realpath rm rmdir seq sha1sum sha256sum sha512sum sleep stat tac tail test touch tr true uniq wc"
    " which whoami journalctl".split()
)
"""Programs that take every word as data: nothing that they are given is run, and no file of code is read by its name.

What has a language of its own for words (find, awk, sed, jq, make, tar, curl's @ and file:) is none of them.
"""

BY_SUBCOMMAND: Mapping[str, frozenset[str]] = {
    program: frozenset(words.split())
    for program, words in {
        "aws": (
            "batch cloudformation codebuild configure deploy ecs eks emr glue lambda sagemaker ssm stepfunctions"
            " --ca-bundle --cli-input-json --cli-input-yaml --endpoint-url --template-body --template-url --user-data"
        ),
        "brainops": (
            "agent allow approve approver autonomy bypass cases enforcement exec fix guard import improvements language"
            " learn procedure promote restore run share stop worker workflow --model --store"
        ),
        "docker": (
            "bake build buildx commit compose config context cp create exec import load plugin run service stack swarm"
            " -f -H --host --entrypoint --config"
        ),
        "gcloud": (
            "add-metadata app batch builds components config create-with-container dataflow dataproc deploy functions"
            " run scp ssh update-container workflows --command --flags-file --image --metadata --metadata-from-file"
        ),
        "gh": "alias api auth clone codespace config extension secret variable workflow -F --input",
        "git": (
            "-c --config-env -C --git-dir --work-tree --exec-path --exec --receive-pack --upload-pack -s --strategy"
            " alias am apply bisect clone config credential daemon difftool filter-branch filter-repo hook init"
            " instaweb mergetool pull rebase receive-pack remote send-email submodule upload-pack worktree"
        ),
        "helm": (
            "create dependency install plugin push repo template upgrade -f --kube-apiserver --kubeconfig"
            " --post-renderer --repo --set --values"
        ),
        "kubectl": (
            "attach config cp create debug edit exec kustomize patch plugin proxy run set"
            " -f --filename -k --kustomize --image --kubeconfig --overrides -s --server --"
        ),
        "podman": (
            "build commit compose cp create exec generate import kube load machine play quadlet run runlabel unshare"
            " -f -H --host --config --connection --entrypoint --hooks-dir --module --root --runtime --url"
        ),
        "redis-cli": (
            "acl config debug eval eval_ro evalsha evalsha_ro fcall fcall_ro function migrate module replicaof restore"
            " script slaveof"
        ),
        "service": "",
        "supervisorctl": "-s --configuration --serverurl",
        "systemctl": (
            "bind edit enable import-environment link mount-image preset reenable set-environment set-property"
            " switch-root -H --host --image -M --machine --root"
        ),
    }.items()
}
"""Programs with subcommands that take plain arguments: and the words after which something else is meant than data.

The first word of theirs, which says what is done, is never an input. Where a word can also be the path or address of
what is then installed or run (systemctl enable, helm install), or names an image, that word is more than data.
"""

FLAGS: Mapping[str, frozenset[str]] = {
    program: frozenset(words.split())
    for program, words in {
        "aws": "--debug --no-cli-pager --no-paginate",
        "docker": "--debug -D",
        "gcloud": "--quiet -q",
        "git": "--no-optional-locks --no-pager --paginate -P",
        "helm": "--debug",
        "systemctl": "--force --no-ask-password --no-block --no-pager --now --quiet -q --system --user",
    }.items()
}
"""Options of theirs that take no value, so that the word after one is the subcommand."""

RUNS_ITS_WORDS = frozenset(
    "ash awk bash busybox bun cmd csh dash deno doas emacs env eval exec expect fish flock gawk gdb ionice ksh lua make"
    " mawk mysql nice node nohup nsenter osascript parallel perl php pipx powershell psql pwsh python rbash rscript"
    " ruby runuser script sed setsid sh sqlite3 ssh stdbuf strace su sudo tclsh tcsh time timeout toybox unshare uvx"
    " npx vi vim watch xargs zsh".split()
)
"""Shells, interpreters and what wraps another command: what they are given is code, standard input included."""

CODE_OPTIONS = frozenset(
    "-c -e -E -ec -lc -ic -x -exec -execdir -ok -okdir --eval --command --exec --execute --expression --print -pe"
    " --run --init-file --rcfile -Command -EncodedCommand --to-command --checkpoint-action".split()
)
"""Options whose value is code, whatever the program: of sh, python, node, perl, psql, ssh, find."""

SYSTEM_FOLDERS = frozenset(("", "/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"))
"""Where a program of a known name is that program."""

_SECRET = re.compile(r"secrets\.[A-Za-z_]\w*")
_SUBCOMMAND = re.compile(r"[a-z][a-z0-9-]*")
_VERSIONED = re.compile(r"[\d.]+$")


class Unsafe(Struct, frozen=True, kw_only=True):
    """Why a value may not stand where it does. `known` is false where a person may know better, and vouch for it."""

    place: str
    message: str
    way_out: str = WAY_OUT
    known: bool = True


def unsafe(parameters: Mapping[str, Any], plain: Collection[str] = ()) -> Unsafe | None:
    """Return the first place of a command's parameters in which a ${{ }} could become code, None where there is none.

    `plain` are the programs, perhaps with first arguments, that a person said take plain arguments.
    """
    run = parameters.get("run")
    if isinstance(run, str):
        whole = Unsafe(place="run", message="${{ }} as the whole command, or in a shell's text, is code from outside")
        return whole if _reads(run) else None
    if not isinstance(run, Sequence) or not run:
        return None
    words = [str(word) for word in run]
    if shell := parameters.get("shell"):
        named = any(map(_reads, words))
        return Unsafe(place="run", message="${{ }} in a shell's text is code from outside") if shell and named else None
    for number in range(len(words)):
        if (found := _of_word(words, number, plain)) is not None:
            return found
    return _of_surroundings(words, parameters)


def code_option(words: Sequence[str], number: int) -> str:
    """Return the option whose value a word is, where that value is code; "" where it is none."""
    if number and words[number - 1] in CODE_OPTIONS:
        return words[number - 1]
    option = words[number].partition("=")[0]
    glued = words[number][:2] in ("-c", "-e", "-x", "-E") and len(words[number]) > 2
    return words[number][:2] if glued else option if option in CODE_OPTIONS and option != words[number] else ""


def option_like(value: object, words: Sequence[str], number: int) -> bool:
    """Say whether a value that was filled in as a word would be taken as an option: nothing is, after `--`."""
    return str(value).startswith("-") and "--" not in words[1:number]


def program_of(word: str) -> str:
    """Return a program's bare name, without its folder and version: /usr/bin/python3.12 is python."""
    name = posixpath.basename(word)
    return _VERSIONED.sub("", name).lower() or name


def _of_word(words: Sequence[str], number: int, plain: Collection[str]) -> Unsafe | None:
    word = words[number]
    found = _expressions(word)
    if not found:
        return None
    place = "run"
    if number == 0:
        return Unsafe(place=place, message="a value from outside does not choose the program", way_out="name it")
    option = code_option(words, number)
    if option:
        return Unsafe(place=place, message=f"the value of {option} is code")
    if all(_SECRET.fullmatch(source) for source in found):
        return None  # it is the owner's own, not from outside
    inside = word.strip()
    if not (len(found) == 1 and word.startswith("${{") and inside.endswith("}}") and inside[3:-2].strip() == found[0]):
        message = f"a value from outside is a whole word of its own, not a part of {word[:60]!r}"
        return Unsafe(place=place, message=message, way_out=f"write it as an argument by itself; or {WAY_OUT}")
    if any(list(words[: len(entry)]) == entry and number >= len(entry) for entry in map(shlex.split, plain)):
        return None
    if (program := program_of(words[0])) in RUNS_ITS_WORDS:
        script = any(not each.startswith("-") for each in words[1:number])  # whose words they are: a person may know it
        return Unsafe(place=place, message=f"what {program} is given can be run as code", known=not script)
    folder, program = posixpath.split(words[0])
    if program in PLAIN and folder in SYSTEM_FOLDERS:
        return None
    if program not in BY_SUBCOMMAND or folder not in SYSTEM_FOLDERS:
        message = f"nothing says that {program[:60]} takes its words as plain data"
        way_out = (
            f"{WAY_OUT}; a person who knows that it does says so: brainops allow --plain {shlex.quote(words[0][:60])}"
        )
        return Unsafe(place=place, message=message, way_out=way_out, known=False)
    return _of_subcommand(program, words, number)


def _of_subcommand(program: str, words: Sequence[str], number: int) -> Unsafe | None:
    before = words[1:number]
    more = BY_SUBCOMMAND[program]
    after = next((each for each in before if {each.partition("=")[0], each.lower()} & more), None)
    if after is not None:
        return Unsafe(place="run", message=f"after `{program} {after}` a word is not only data")
    flags = FLAGS.get(program, frozenset())
    values = (last.startswith("-") and "=" not in last and last not in flags for last in ("", *before))
    if not any(_SUBCOMMAND.fullmatch(each) and not value for each, value in zip(before, values, strict=False)):
        return Unsafe(
            place="run", message=f"a value from outside does not choose what {program} does", way_out="name it"
        )
    return None


def _of_surroundings(words: Sequence[str], parameters: Mapping[str, Any]) -> Unsafe | None:
    """Judge what a program reads, and where it runs: code on standard input, code in a folder that it looks into."""
    name = program_of(words[0])
    if _reads(parameters.get("stdin")) and name in RUNS_ITS_WORDS:
        return Unsafe(place="stdin", message=f"what {name} reads can be run as code")
    harmless = "/" not in words[0] and name in PLAIN
    if _reads(parameters.get("working-directory")) and not harmless:
        message = f"a value from outside does not choose the folder in which {name[:60]} looks for code of its own"
        return Unsafe(place="working-directory", message=message, way_out="name the folder")
    return None


def _expressions(word: str) -> list[str]:
    try:
        return list(sources(word))
    except InvalidInput:
        return [word]  # its template is not closed, which is said elsewhere


def _reads(value: Any) -> bool:
    """Say whether a text or list holds a ${{ }} of something else than a secret alone."""
    match value:
        case str():
            return any(not _SECRET.fullmatch(source) for source in _expressions(value))
        case list() | tuple():
            return any(map(_reads, value))
    return False
