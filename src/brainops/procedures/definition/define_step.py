"""Which step does an entry of `steps:` define, and what is wrong with it? (pure)"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, cast

from brainops.procedures.definition.fields import Fields, kind_of, text
from brainops.procedures.definition.keywords import (
    ACTION_KEYS,
    MAX_ATTEMPTS,
    MAX_CONDITION_CHARACTERS,
    MAX_ITEM_CHARACTERS,
    MAX_SLUG_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MAX_TIMEOUT_SECONDS,
    RETRY_KEYS,
    STEP_ID,
    STEP_KEYS,
)
from brainops.procedures.definition.step_kinds import STEP_KINDS
from brainops.types import JSON, Action, Retry, Step, StepKind, Verification

MAX_RUN_CHARACTERS = 20_000

TEMPLATE = re.compile(  # bounded, so that openings without an end do not each read on to the text's
    r"""\$\{\{(?:"[^"]{0,2048}"|'[^']{0,2048}'|\}(?!\})|[^"'}]){0,2048}\}\}""", re.DOTALL
)
_NO_WORD = re.compile(r"[^a-z0-9]+")


def step_ids(steps: Sequence[object]) -> list[str]:
    """Return the id of each step of a list: its own, else one made of its name, else step_N."""
    ids: list[str] = []
    for number, step in enumerate(steps, 1):
        given = step if isinstance(step, Mapping) else {}
        own = given.get("id")
        if isinstance(own, str | int) and not isinstance(own, bool) and str(own):
            ids.append(str(own))
            continue
        made = _NO_WORD.sub("_", str(given.get("name") or "").lower()).strip("_")[:MAX_SLUG_CHARACTERS]
        if not made or not STEP_ID.fullmatch(made) or made in ids:
            made = f"step_{number}"
        ids.append(made)
    return ids


def read_step(fields: Fields, step_id: str, above: tuple[str, ...]) -> Step:
    """Build a step of whatever can be used of its fields; `above` is what it needs where it names no needs."""
    fields.known(STEP_KEYS)
    if len(step_id) > MAX_SLUG_CHARACTERS or not STEP_ID.fullmatch(step_id):
        fields.note(
            "id",
            f"{step_id[:80]!r} is no id: letters, digits, _ and -, at most {MAX_SLUG_CHARACTERS}",
            "for example run_tests",
        )
    needs = fields.texts("needs", MAX_ITEM_CHARACTERS) if fields.value.get("needs") is not None else above
    minutes = fields.number("timeout-minutes", 0, MAX_TIMEOUT_SECONDS / 60)
    seconds = fields.number("timeout-seconds", 0, MAX_TIMEOUT_SECONDS)
    if minutes is not None and seconds is not None:
        fields.note("timeout-seconds", "stands beside timeout-minutes", "keep one of them")
    if 0 in (minutes, seconds):
        fields.findings.add(fields.where, "a timeout of 0 lets nothing happen", "give it more, or leave it out")
    return Step(
        id=step_id,
        name=fields.text("name", MAX_ITEM_CHARACTERS).strip(),
        action=read_action(fields, StepKind.MANUAL),
        text=fields.text("text", MAX_TEXT_CHARACTERS).replace("\r\n", "\n").replace("\r", "\n").strip(),
        condition=_condition(fields, "if"),
        needs=needs,
        timeout_seconds=(seconds if minutes is None else minutes * 60),
        retry=_retry(fields),
        continue_on_error=fields.flag("continue-on-error"),
        verify=_verification(fields),
        compensate=_compensation(fields),
        satisfies=fields.texts("satisfies", MAX_ITEM_CHARACTERS),
        secrets=fields.texts("secrets", MAX_ITEM_CHARACTERS),
    )


def read_action(fields: Fields, default: StepKind | None) -> Action:
    """Build the action of a step, a verification or a compensation: `uses` and `with`, or `run`."""
    run = fields.value.get("run")
    if "uses" not in fields.value and run is None and default is None:
        fields.findings.add(fields.where, "does nothing", "add `run: ...`, or `uses: ...` and `with: ...`")
    kind = fields.member("uses", StepKind, StepKind.COMMAND if run is not None else (default or StepKind.MANUAL))
    parameters = dict(fields.mapping("with"))
    for key in ("run", "shell", "env", "working-directory"):
        if fields.value.get(key) is None:
            continue
        if not STEP_KINDS[kind].runs:
            fields.note(key, f"belongs to a command, not to {kind.value}", "give the step `uses: command`, or leave it")
        elif key in parameters:
            fields.note(key, "stands under `with:` too", "keep one of them")
        else:
            parameters[key] = fields.value[key]
    if STEP_KINDS[kind].runs:
        _command(fields, kind, parameters)
    return Action(uses=kind, parameters=parameters)


def _command(fields: Fields, kind: StepKind, parameters: dict[str, JSON]) -> None:
    """Check and complete the parameters of a command: `run` becomes an argument list unless a shell is asked for."""
    run, shell = parameters.get("run"), parameters.get("shell", False)
    if not isinstance(shell, bool):
        fields.note("shell", f"is true or false, not {kind_of(shell)}", "true runs the text by /bin/sh")
        shell = False
    if not shell:
        parameters.pop("shell", None)
    if run is None:
        if kind is StepKind.COMMAND:
            fields.note("run", "a command says what to run", "for example `run: make test`")
        return
    if shell:
        if not isinstance(run, str):
            fields.note("run", "is one text where `shell: true` is set", "write the line, or leave `shell` out")
        elif "${{" in run:
            fields.note(
                "run",
                "${{ }} in a shell's text would let a value become a command",
                'hand it over as `env: {NAME: ${{ ... }}}` and write "$NAME"',
            )
    elif isinstance(run, list):
        parameters["run"] = [text(each, fields.at("run"), fields.findings, MAX_RUN_CHARACTERS) for each in run]
    else:
        parameters["run"] = _split(fields, text(run, fields.at("run"), fields.findings, MAX_RUN_CHARACTERS))
    if parameters["run"] in ([], "") or (isinstance(parameters["run"], list) and not parameters["run"][0]):
        fields.note("run", "is empty", "for example `run: make test`")
    parameters.update({key: str(parameters[key]) for key in ("working-directory",) if key in parameters})
    if not isinstance(parameters.get("env", {}), Mapping):
        fields.note("env", f"is a mapping, not {kind_of(parameters['env'])}", "write `NAME: value` lines below it")


def _split(fields: Fields, line: str) -> JSON:
    """Split a line into arguments without a shell; a ${{ }} stays whole, so its value never becomes two arguments."""
    templates: list[str] = []

    def kept(found: re.Match[str]) -> str:
        templates.append(found[0])
        return f"\ue000{len(templates) - 1}\ue001"

    held = TEMPLATE.sub(kept, line)
    try:
        words = shlex.split(held)
    except ValueError as error:
        fields.note("run", f"cannot be split into arguments: {error}", "close the quotes, or write a list")
        return [line]
    if any(word in ("|", "||", "&&", ">", ">>", "<", "&", ";", "2>&1") for word in words):
        fields.note("run", "uses a shell's signs, and no shell runs it", "write several steps, or set `shell: true`")
    return [re.sub("\ue000(\\d+)\ue001", lambda found: templates[int(found[1])], word) for word in words]


def _condition(fields: Fields, key: str) -> str | None:
    value = fields.text(key, MAX_CONDITION_CHARACTERS).strip()
    whole = TEMPLATE.fullmatch(value)
    if whole:  # GitHub Actions allows `if: ${{ ... }}`
        value = value[3:-2].strip()
    return value or None


def _retry(fields: Fields) -> Retry:
    given = fields.value.get("retry")
    if given is None:
        return Retry()
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = {"attempts": given}
    one = Fields.of(given, fields.at("retry"), fields.findings, "for example {attempts: 3, wait-seconds: 10}")
    one.known(RETRY_KEYS)
    numbers = {key: one.number(key, *bounds) for key, bounds in _RETRY_BOUNDS.items()}
    read: dict[str, Any] = {key.replace("-", "_"): each for key, each in numbers.items() if each is not None}
    if (attempts := one.number("attempts", 1, MAX_ATTEMPTS)) is not None:
        if attempts != int(attempts):
            one.note("attempts", "is a whole number")
        read["attempts"] = int(attempts)
    return Retry(**read)


_RETRY_BOUNDS = {
    "wait-seconds": (0, MAX_TIMEOUT_SECONDS),
    "factor": (1, 100),
    "max-wait-seconds": (0, MAX_TIMEOUT_SECONDS),
    "jitter": (0, 1),
}


def _verification(fields: Fields) -> Verification | None:
    given = fields.value.get("verify")
    if given is None:
        return None
    if isinstance(given, str):
        return Verification(condition=_condition(fields, "verify"))
    one = Fields.of(given, fields.at("verify"), fields.findings, "a condition, or {run: ...}")
    one.known(("condition", *ACTION_KEYS))
    condition = _condition(one, "condition")
    acts = [key for key in ACTION_KEYS if key in one.value]
    if not acts:
        if condition is None:
            fields.note("verify", "says nothing", "a condition such as `output.status == 200`, or {run: ...}")
        return Verification(condition=condition)
    return Verification(condition=condition, action=read_action(one, None))


def _compensation(fields: Fields) -> Action | None:
    given = fields.value.get("compensate")
    if given is None:
        return None
    if isinstance(given, str | list):
        given = cast(JSON, {"run": given})
    one = Fields.of(given, fields.at("compensate"), fields.findings, "for example {run: make undo}")
    one.known(ACTION_KEYS)
    return read_action(one, None)
