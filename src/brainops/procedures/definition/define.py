"""Which procedure does a mapping define (from a file, JSON or Python), and what is wrong with it? (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from msgspec import Struct

from brainops.errors import Problem
from brainops.procedures.definition.check import check, check_injection
from brainops.procedures.definition.define_step import read_step, step_ids
from brainops.procedures.definition.fields import Fields, limited, readable, shown, texts
from brainops.procedures.definition.findings import Findings, Lines, Where, invalid
from brainops.procedures.definition.keywords import (
    CONCURRENCY_KEYS,
    EXPECT_KEYS,
    EXPECTED_STATES,
    EXPECTED_STEPS,
    FAKE_KEYS,
    MAX_CONDITION_CHARACTERS,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_ITEM_CHARACTERS,
    MAX_SLUG_CHARACTERS,
    MAX_SOURCE_CHARACTERS,
    MAX_STEPS,
    MAX_TESTS,
    MAX_TRIGGERS,
    NAME,
    PROCEDURE_KEYS,
    SKILL_KEYS,
    TEST_KEYS,
    TRIGGER_KEYS,
    TRIGGER_LISTS,
    meant,
    name_of,
)
from brainops.types import JSON, Concurrency, Example, Mode, Procedure, Step, Trigger


class Examined(Struct, frozen=True, kw_only=True):
    """What became of a text: the procedure, where nothing is wrong, and every problem, those that only warn too."""

    procedure: Procedure | None
    problems: tuple[Problem, ...]
    lines: Lines

    def required(self) -> Procedure:
        """Return the procedure; raise InvalidProcedure with all problems where there is none."""
        if self.procedure is None:
            raise invalid(self.problems)
        return self.procedure


def define(value: Mapping[str, JSON], *, path: str = "") -> Procedure:
    """Return the procedure that a mapping defines; raise InvalidProcedure with every problem."""
    return examine(value, Findings(path)).required()


def examine(value: JSON | Mapping[str, JSON], findings: Findings, *, injection: bool = True) -> Examined:
    """Look at a mapping as a whole: its procedure, and all that is wrong with it."""
    procedure = None
    if not isinstance(value, Mapping):
        findings.add((), "a procedure is a mapping with name and steps", "begin with `name: the-name`")
    elif readable(value, findings):
        built = read(value, findings)
        check(built, findings)
        if injection:
            check_injection(built, findings)
        procedure = None if findings.failed else built
    return Examined(procedure=procedure, problems=findings.sorted(), lines=findings.lines)


def read(value: Mapping[str, JSON], findings: Findings) -> Procedure:
    """Build a procedure of whatever can be used of a mapping; what cannot is noted and left out."""
    fields = Fields(value, (), findings)
    fields.known(PROCEDURE_KEYS)
    name, title = _name(fields)
    return Procedure(
        name=name,
        description=fields.text("description", MAX_DESCRIPTION_CHARACTERS).strip() or title,
        mode=fields.member("mode", Mode, Mode.ADVISORY),
        triggers=_triggers(fields),
        inputs=_inputs(fields),
        steps=_steps(fields),
        outputs=fields.text_mapping("outputs", MAX_CONDITION_CHARACTERS),
        expected_outcomes=fields.texts("expected_outcomes", MAX_CONDITION_CHARACTERS),
        secrets=fields.text_mapping("secrets", MAX_ITEM_CHARACTERS),
        concurrency=_concurrency(fields),
        tags=fields.texts("tags", MAX_ITEM_CHARACTERS),
        tests=_tests(fields),
        skill={key: value[key] for key in SKILL_KEYS if value.get(key) not in (None, "", [], {})},
        prose=prose(fields.text("prose", MAX_SOURCE_CHARACTERS)),
    )


def prose(text: str) -> str:
    """Return prose as it is kept: with plain line ends, and nothing empty around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _name(fields: Fields) -> tuple[str, str]:
    """Return the name, and the title that it was made of; "" where the name was given."""
    given = fields.text("name", 10 * MAX_SLUG_CHARACTERS)
    name = name_of(given)
    if "name" not in fields.value:
        fields.note("name", "a procedure has a name", "add `name: the-name`")
    elif len(name) > MAX_SLUG_CHARACTERS or not NAME.fullmatch(name):
        fields.note(
            "name",
            f"{given[:80]!r} is no name: lower-case letters, digits and single hyphens, at most {MAX_SLUG_CHARACTERS}",
            "for example deploy-api",
        )
    return name, "" if name == given else " ".join(given.split())


def _triggers(fields: Fields) -> tuple[Trigger, ...]:
    given = fields.value.get("on")
    if given is None:
        return ()
    where: Where = ("on",)
    if isinstance(given, Mapping):
        each: list[tuple[Where, JSON]] = [(where, cast(JSON, given))]
    elif isinstance(given, list):
        each = [((*where, number), one) for number, one in enumerate(given)]
    else:
        fields.note("on", "is a mapping or a list of mappings", "for example `on: {operations: [deploy *]}`")
        return ()
    each = limited(each, MAX_TRIGGERS, where, fields.findings)
    return tuple(_trigger(one, at, fields.findings) for at, one in each)


def _trigger(value: JSON, where: Where, findings: Findings) -> Trigger:
    fields = Fields.of(value, where, findings, "for example {operations: [deploy *]}")
    fields.known(TRIGGER_KEYS)
    lists: dict[str, tuple[str, ...]] = {
        key: fields.texts(key, MAX_ITEM_CHARACTERS) for key in TRIGGER_LISTS if key in fields.value
    }
    when = fields.text("when", MAX_CONDITION_CHARACTERS).strip() or None
    if isinstance(value, Mapping) and not any(lists.values()) and when is None:
        findings.add(where, "names nothing that would trigger it", f"fill one of {', '.join(TRIGGER_KEYS)}")
    return Trigger(**lists, when=when)


def _inputs(fields: Fields) -> Mapping[str, JSON]:
    """Return the JSON Schema; a mapping of names to schemas, as GitHub Actions writes it, becomes one."""
    given = fields.mapping("inputs")
    if not given or given.get("type") == "object":
        return given
    properties: dict[str, JSON] = {}
    required: list[JSON] = []
    for name, schema in given.items():
        one = Fields.of({} if schema is None else schema, ("inputs", name), fields.findings, "{type: string}")
        properties[name] = _property(dict(one.value), name, required)
    whole: dict[str, JSON] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**whole, "required": required} if required else whole


def _property(schema: dict[str, JSON], name: str, required: list[JSON]) -> JSON:
    if isinstance(schema.get("required"), bool) and schema.pop("required"):
        required.append(name)
    if schema.get("type") == "choice" and isinstance(schema.get("options"), list):
        del schema["type"]
        schema["enum"] = schema.pop("options")
    return schema


def _steps(fields: Fields) -> tuple[Step, ...]:
    given = fields.value.get("steps")
    if given is None:
        return ()
    if not isinstance(given, list):
        fields.note("steps", "is a list", "begin each step with `- id: ...`")
        return ()
    steps: list[Step] = []
    ids = step_ids(given)
    for number, each in enumerate(given[:MAX_STEPS]):
        above = (steps[-1].id,) if steps else ()
        one = Fields.of(each, ("steps", number), fields.findings, "for example {id: check, run: make check}")
        steps.append(read_step(one, ids[number], above))
    if len(given) > MAX_STEPS:
        fields.note("steps", f"{len(given)} steps; at most {MAX_STEPS}", "make several of it: `uses: procedure`")
    return tuple(steps)


def _concurrency(fields: Fields) -> Concurrency:
    given = fields.value.get("concurrency")
    if given is None:
        return Concurrency()
    if isinstance(given, str):
        given = {"group": given}
    one = Fields.of(given, ("concurrency",), fields.findings, "for example {group: '...', on-conflict: queue}")
    one.known(CONCURRENCY_KEYS)
    conflict = one.text("on-conflict", 20) or Concurrency().on_conflict
    if conflict not in ("queue", "drop", "attach"):
        one.note("on-conflict", f"{conflict!r} is not known", "one of queue, drop, attach")
        conflict = "attach"
    group = one.text("group", MAX_CONDITION_CHARACTERS) or Concurrency().group
    return Concurrency(group=group, on_conflict=cast(Literal["queue", "drop", "attach"], conflict))


def _tests(fields: Fields) -> tuple[Example, ...]:
    given = fields.value.get("tests")
    if given is None:
        return ()
    if not isinstance(given, list):
        fields.note("tests", "is a list", "begin each test with `- name: ...`")
        return ()
    given = limited(given, MAX_TESTS, ("tests",), fields.findings)
    return tuple(
        _test(Fields.of(each, ("tests", number), fields.findings, "{name: ..., expect: {...}}"), number)
        for number, each in enumerate(given)
    )


def _test(fields: Fields, number: int) -> Example:
    fields.known(TEST_KEYS)
    fakes: dict[str, Mapping[str, JSON]] = {}
    for step_id, fake in fields.mapping("steps").items():
        one = Fields.of(fake, (*fields.where, "steps", step_id), fields.findings, "{output: ...} or {error: ...}")
        one.known(FAKE_KEYS)
        fakes[step_id] = one.value
    expect = Fields.of(fields.mapping("expect"), (*fields.where, "expect"), fields.findings, "{state: succeeded}")
    expect.known(EXPECT_KEYS)
    if not expect.value:
        fields.note("expect", "says nothing", "for example `expect: {state: succeeded}`")
    expected: dict[str, Any] = dict(expect.value)
    if expected.get("state") not in (None, *EXPECTED_STATES):
        expect.note("state", f"{shown(expected['state'])} is no end", meant(str(expected["state"]), EXPECTED_STATES))
    for key in EXPECTED_STEPS:
        if key in expected:
            expected[key] = list(texts(expected[key], expect.at(key), fields.findings, MAX_ITEM_CHARACTERS))
    return Example(
        name=fields.text("name", MAX_ITEM_CHARACTERS) or f"test {number + 1}",
        inputs=fields.mapping("inputs"),
        target=fields.text("target", MAX_ITEM_CHARACTERS) or None,
        steps=fakes,
        expect=expected,
    )
