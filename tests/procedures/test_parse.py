"""Is every mistake in a procedure's text told, at its line, with the way out?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.errors import InvalidProcedure
from brainops.procedures.definition.define import define
from brainops.procedures.definition.findings import told
from brainops.procedures.definition.parse import parse, read
from brainops.types import Concurrency, StepKind, Trigger

TEXT = """\
---
name: deploy-api
description: Deploy the API.
on:
  - operations: [deploy *]
    when: target != "staging"
inputs:
  service: {type: string, required: true}
  tries: {type: integer, default: 3}
secrets: {token: env:DEPLOY_TOKEN}
steps:
  - id: build
    run: kubectl rollout restart deployment "${{ inputs.service }}"
    timeout-minutes: 10
  - id: ship
    run: [ship, it]
    env: {TOKEN: "${{ secrets.token }}"}
    secrets: [token]
    verify: output.exit_code == 0
    compensate: {run: unship}
  - name: Look at it
    needs: [build, ship]
    if: steps.ship.output.exit_code == 0
---

Deploy with care.

## ship

Say so in the channel.

## Look at it

All of it.

## Afterwards

Rest.
"""


def problems(text: str, path: str = "p.md") -> list[str]:
    return [told(problem) for problem in read(text, path).problems]


def spoilt(old: str, new: str) -> list[str]:
    assert old in TEXT
    return problems(TEXT.replace(old, new))


def test_a_file_is_read_with_its_prose_and_its_steps_texts() -> None:
    procedure = parse(TEXT)

    build, ship, look = procedure.steps
    assert procedure.triggers == (Trigger(operations=("deploy *",), when='target != "staging"'),)
    assert procedure.inputs["required"] == ["service"]
    assert build.action.parameters == {"run": ["kubectl", "rollout", "restart", "deployment", "${{ inputs.service }}"]}
    assert (build.timeout_seconds, build.needs, ship.needs) == (600.0, (), ("build",))
    assert (look.id, look.action.uses, look.needs) == ("look_at_it", StepKind.MANUAL, ("build", "ship"))
    assert (ship.text, look.text) == ("Say so in the channel.", "All of it.")
    assert procedure.prose == "Deploy with care.\n\n## Afterwards\n\nRest."


def test_the_same_comes_from_yaml_json_and_python() -> None:
    value: dict[str, Any] = {"name": "one", "on": {"operations": "deploy"}, "steps": [{"run": "make"}]}

    same = {
        repr(parse(json.dumps(value))),
        repr(parse("name: one\non: {operations: deploy}\nsteps:\n  - run: make\n", "one.yaml")),
        repr(define(value)),
    }

    assert len(same) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: deploy-api", 'name: "?!"', "p.md:2: name: '?!' is no name"),
        ("description: Deploy the API.", f"description: {'x' * 1025}", "p.md:3: description: has 1,025 characters"),
        ("on:\n", "om:\n", "p.md:4: om: is not known here (did you mean 'on'?)"),
        ("operations: [deploy", "operation: [deploy", "p.md:5: on[1].operation: is not known here (did you mean"),
        ("timeout-minutes: 10", "timeout-minutes: ten", "p.md:14: steps[1].timeout-minutes: is a number"),
        ("timeout-minutes: 10", "retry: {attempt: 2}", "steps[1].retry.attempt: is not known here (did you mean 'att"),
        ("id: ship", "id: build", "p.md:15: steps[2].id: 'build' is the id of step 1 too"),
        ("[build, ship]", "[build, shop]", "p.md:22: steps[3].needs[2]"),
        ("secrets: [token]", "secrets: [tokn]", "p.md:18: steps[2].secrets: the secret 'tokn' is not declared"),
        ("    secrets: [token]\n", "", "p.md:17: steps[2].env.TOKEN: this step may not read the secret 'token'"),
        ("env:DEPLOY_TOKEN", "hunter2", "p.md:10: secrets.token: a secret is a reference"),
        ("inputs.service }}", "inputs.servce }}", "there is no input 'servce' (did you mean 'service'?"),
        ("needs: [build, ship]", "needs: [build]", "step 'look_at_it' does not need 'ship', so it may run first"),
        ("verify: output.exit_code == 0", "verify: output.exit_code +", "p.md:19: steps[2].verify: condition"),
        ("type: integer, default: 3", "type: intger", "p.md:9: inputs.tries.type: no JSON Schema"),
        ("type: integer, default: 3", "type: integer, default: x", "p.md:9: inputs.tries: its default does not fit"),
        ("type: integer,", "$ref: http://example.com/x,", "leads out of this file"),
        ("run: [ship, it]", "run: ship | tee log", "p.md:16: steps[2].run: uses a shell's signs"),
        ("run: [ship, it]", 'run: "ship ${{ inputs.service }}"\n    shell: true', "would let a value become a command"),
        ("run: [ship, it]", "uses: http", "steps[2].env: belongs to a command, not to http"),
        ("run: [ship, it]", "uses: comand", "p.md:16: steps[2].uses: 'comand' is not known (did you mean 'command'?)"),
        ("id: ship", "id: ship\n    id: shop", "p.md:16: 'id' stands here twice; the first time in line 15"),
        ("[deploy *]", "[deploy *", "p.md:6: not YAML"),
        ("[deploy *]", "!!python/name:os.system x", "p.md:5: the tag 'python/name:os.system' is not read"),
        ("Say so in the channel.", "Say so.", ""),
    ],
)
def test_each_mistake_is_told_at_its_line(old: str, new: str, said: str) -> None:
    found = spoilt(old, new)

    if not said:
        assert found == []
        return
    assert any(said.removesuffix("[2]") in line for line in found), found


def test_all_mistakes_are_told_at_once() -> None:
    text = TEXT.replace("name: deploy-api", "name: X").replace("id: ship", "id: 1x").replace("run: [ship, it]", "rn: x")

    found = problems(text)

    assert len(found) >= 3
    assert [line.split(":")[1] for line in found] == sorted((line.split(":")[1] for line in found), key=int)


def test_steps_that_need_each_other_are_told_as_a_circle() -> None:
    text = TEXT.replace("  - id: build\n", "  - id: build\n    needs: [look_at_it]\n")

    assert any("steps need each other: " in line and "look_at_it" in line for line in problems(text))


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    bomb = "name: a\nx0: &x0 [a, a, a, a, a, a, a, a, a]\n" + "".join(
        f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )

    found = problems(f"---\n{bomb}steps: []\n---\n")

    assert any("more than 20,000 values" in line for line in found)


@pytest.mark.parametrize(
    "text", ["a: &a [*a]", "[" * 200, "a: {" * 100, "\x07", "", "---\nname: a", "{", '{"a": 1, "a": 2}']
)
def test_what_is_no_procedure_is_told_and_never_raises_anything_else(text: str) -> None:
    with pytest.raises(InvalidProcedure):
        parse(f"---\n{text}\n---\n")
    with pytest.raises(InvalidProcedure):
        parse(text)


@given(st.text(max_size=200), st.sampled_from(["a.md", "a.yaml", "a.json", ""]))
def test_any_text_is_read_or_refused(text: str, path: str) -> None:
    for each in (text, f"---\n{text}\n---\n", f"name: a\nsteps:\n- {text}"):
        examined = read(each, path)

        assert examined.procedure is not None or examined.problems


def test_words_that_yaml_takes_for_truth_stay_words() -> None:
    procedure = parse("name: a\nsteps:\n  - {id: on, run: [echo, on, yes, 1:30, 2024-01-01]}\n", "a.yaml")

    assert procedure.steps[0].action.parameters["run"] == ["echo", "on", "yes", "1:30", "2024-01-01"]
    assert (procedure.steps[0].id, procedure.concurrency) == ("on", Concurrency())


def test_a_heading_in_a_code_block_begins_no_step() -> None:
    text = TEXT.replace("Deploy with care.", "```\n## ship\n```")

    assert parse(text).prose.startswith("```\n## ship\n```")


def test_a_value_that_is_filled_in_cannot_become_a_part_of_a_condition() -> None:
    value: dict[str, Any] = {"name": "a", "inputs": {"x": {"type": "string"}}}
    step = {"uses": "check", "with": {"condition": "${{ inputs.x }} > 3"}}

    with pytest.raises(InvalidProcedure, match="would let a value become a part of it"):
        define({**value, "steps": [step]})


def test_half_a_character_is_a_mistake_with_its_line() -> None:
    with pytest.raises(InvalidProcedure) as wrong:
        parse("---\nname: look\ndescription: half \udc80\n---\n")

    assert [problem.line for problem in wrong.value.problems] == [3]
