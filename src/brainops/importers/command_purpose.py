"""Do two commands serve the same purpose? Compares programs, arguments and files. (pure)"""

from __future__ import annotations

import re

from brainops.importers.session_steps import ToolUse

COMPARED = 2_000
"""Characters of a command that are compared; behind that come here-documents."""
SIMILAR = 0.5
"""Share of words that two commands of one program have in common; below, `git push` and `git status` would be alike."""
SHOWN_LIMIT = 400
WRAPPERS = frozenset("sudo env time nice nohup command exec npx bunx uvx".split())
RUNNERS = frozenset({("uv", "run"), ("poetry", "run"), ("pipenv", "run"), ("bundle", "exec"), ("pnpm", "exec")})
SUBCOMMANDS = frozenset(
    "git npm yarn pnpm pip uv poetry cargo go docker docker-compose kubectl helm terraform make gh systemctl apt "
    "apt-get brew mvn gradle dotnet bundle rails composer conda aws gcloud az oc ansible just mix bun deno".split()
)
"""Programs whose first word says what they do, so that it belongs to the program's name."""
LOOKING = frozenset(
    "cat ls head tail less more grep rg ag find fd wc file stat which type tree pwd echo printf diff cmp jq sort uniq "
    "cut awk env printenv whoami date df du ps top true sleep".split()
)
FILTERS = frozenset("tee sed tr fold column nl cut xargs ts sponge".split())
LOOKING_SUBCOMMANDS = frozenset(
    "git status|git log|git diff|git show|git branch|git blame|pip show|pip list|pip freeze|npm ls|npm list|docker ps|"
    "docker logs|docker images|docker inspect|kubectl get|kubectl describe|kubectl logs|oc get|oc describe|oc logs|"
    "systemctl status|gh pr|gh run|cargo tree|go list|helm list|helm status|terraform show|terraform plan".split("|")
)


def words(command: str) -> list[str]:
    """Return the words of the part of a shell command that matters: the last of `cd x && A=1 sudo program ...`."""
    text = re.split(r"<<-?\s*['\"]?\w+", command[:COMPARED])[0]
    text = re.sub(r"\d?>&\d|&>\s*\S+|\d?>>?\s*\S+|(?<=\s)#.*$", " ", text, flags=re.M)
    parts = [part.split("|")[0].strip() for part in re.split(r"&&|\|\||;|\n", text)]
    parts = [part for part in parts if part and not re.match(r"(cd|set|export|source|echo|true|pwd)\b", part)] or parts
    found = re.findall(r"[^\s'\"()`]+", parts[-1]) if parts else []
    while found and (re.match(r"\w+=", found[0]) or found[0] in WRAPPERS):
        found = found[1:]
    if found[:1] == ["timeout"]:
        found = found[2:]
    return found[2:] if tuple(found[:2]) in RUNNERS else found


def program(found: list[str]) -> str:
    """Return the name of what runs: without folder and version; `python -m x` is x, `git push` stays two words."""
    if not found:
        return ""
    name = re.sub(r"[\d.]+$", "", found[0].rsplit("/", 1)[-1]) or found[0]
    if name in ("python", "py") and len(found) > 2 and found[1] == "-m":
        return program(found[2:])
    if name == "docker" and found[1:2] == ["compose"]:
        return program(["docker-compose", *found[2:]])
    if name in SUBCOMMANDS:
        verb = next((word for word in found[1:] if not word.startswith("-")), "")
        return f"{name} {verb}".strip()
    return name


def looks_only(command: str) -> bool:
    """Return whether a shell command only looks: it changes nothing and cures nothing."""
    name = program(words(command))
    writes = re.search(r"(?<![\d&])>(?!&)|\btee\b", command[:COMPARED]) is not None
    if name == "sed":
        return not re.search(r"\s-\w*i|--in-place", command[:COMPARED])
    return (name in LOOKING or name in LOOKING_SUBCOMMANDS) and not writes


def ends_in_filter(command: str) -> bool:
    """Return whether the exit code is that of a program that only filters what another one printed: `make | tail`."""
    text = re.split(r"<<-?\s*['\"]?\w+", command[:COMPARED])[0]
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "_", text).replace("|&", "|")
    first, *others = re.split(r"\|", re.split(r"&&|\|\||;|\n", text.strip().rstrip(";"))[-1])
    if not others or re.search(r"\bpipefail\b", text):
        return False
    last = program(words(others[-1]))
    does, looks = program(words(first)), LOOKING | LOOKING_SUBCOMMANDS
    return last in LOOKING | FILTERS and does != "" and does not in looks


def files(found: list[str]) -> set[str]:
    """Return the arguments that name a file or a test."""
    return {
        word.split("::")[0].removeprefix("./") for word in found[1:] if re.search(r"[\w-]/[\w.-]|\.\w{1,5}(::|$)", word)
    }


def same_purpose(failed: ToolUse, later: ToolUse) -> bool:
    """Return whether a later step of the same tool does what the failed one was to do."""
    if failed.command == later.command:
        return True
    if not failed.shell:
        if failed.target or later.target:
            return failed.target == later.target
        return _alike(
            set(re.findall(r"\w+", failed.command[:COMPARED])), set(re.findall(r"\w+", later.command[:COMPARED]))
        )
    first, second = words(failed.command), words(later.command)
    if not first or not second or program(first) != program(second):
        return False
    return bool(files(first) & files(second)) or _alike(set(first[1:]), set(second[1:]))


def _alike(first: set[str], second: set[str]) -> bool:
    return not (first or second) or len(first & second) >= SIMILAR * len(first | second)


def shown(step: ToolUse) -> str:
    """Return a step in between as one short entry."""
    text = f"$ {step.command}" if step.shell else f"{step.tool} {step.command}"
    return text if len(text) <= SHOWN_LIMIT else f"{text[:SHOWN_LIMIT]} [...]"
