"""Can a value from outside, or a variable, make a step run what nobody allowed?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import BrainOpsError, InvalidInput, InvalidProcedure, StepFailed
from brainops.procedures.consent.limits import check_environment
from brainops.procedures.steps.executor import Limits
from brainops.types import JSON, Action, AdapterKind, Agent, Procedure, Run, RunState, Step, StepKind

EVIL = "; touch pwned; $(touch pwned) `touch pwned`"
X = "${{ inputs.x }}"
INPUTS: dict[str, JSON] = {"type": "object", "properties": {"x": {"type": "string"}}}
HIJACKS = (
    "GIT_EXTERNAL_DIFF GIT_PAGER GIT_SSH_COMMAND GIT_CONFIG_COUNT GIT_DIR PYTHONPATH PYTHONHOME PYTHONSTARTUP PERL5LIB"
    " PERL5OPT RUBYLIB RUBYOPT PAGER LESSOPEN MANPAGER EDITOR VISUAL BROWSER JAVA_TOOL_OPTIONS _JAVA_OPTIONS NODE_PATH"
    " NODE_OPTIONS LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES GCONV_PATH LOCPATH NLSPATH BASH_ENV ENV"
    " PATH IFS SHELLOPTS PS4 PROMPT_COMMAND HOME XDG_CONFIG_HOME TERMINFO EMACSLOADPATH CLASSPATH MAKEFLAGS KUBECONFIG"
    " AWS_CONFIG_FILE DOCKER_HOST RSYNC_RSH TAR_OPTIONS GREP_OPTIONS path git_pager"
).split()


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="team", read=[], model="none", background=False) as opened:
        yield opened


def step(run: Any, **fields: Any) -> Step:
    return Step(id="go", action=Action(uses=StepKind.COMMAND, parameters={"run": run, **fields}))


def procedure(run: Any, **fields: Any) -> Procedure:
    return Procedure(name="go", inputs=INPUTS, steps=(step(run, **fields),))


def ran(brain: Brain, made: Procedure, value: Any = EVIL) -> Run:
    brain.procedures.save(made)
    brain.procedures.activate(made.name)
    return brain.runs.start(made.name, inputs={"x": value})


def printed(run: Run) -> str:
    row = run.step("go")
    assert row is not None and isinstance(row.output, dict), run.error
    return str(row.output["stdout"])


# Variables


@pytest.mark.parametrize("name", HIJACKS)
def test_a_step_sets_no_variable_that_nobody_allowed_by_name(name: str) -> None:
    with pytest.raises(StepFailed, match="brainops allow --variable") as refused:
        check_environment(Limits(commands=("git diff",)), [name])

    assert refused.value.kind == "VariableNotAllowed"


def test_a_step_does_not_speak_as_another_step_whatever_is_allowed(brain: Brain) -> None:
    with pytest.raises(StepFailed):
        check_environment(Limits(commands=("*",)), ["BRAINOPS_IDEMPOTENCY_KEY"])
    with pytest.raises(InvalidInput):
        brain.limits.allow(variables=["BRAINOPS_STORE"])


def test_an_allowed_program_is_not_made_to_run_another(brain: Brain, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'pwned')!r}, 'w')", encoding="utf-8")
    brain.limits.allow([f"{sys.executable} -m json.tool"])
    run = ran(brain, procedure([sys.executable, "-m", "json.tool", "--help"], env={"PYTHONPATH": str(tmp_path)}))

    assert run.state is RunState.FAILED and "PYTHONPATH" in str(run.error)
    assert not (tmp_path / "pwned").exists()


def test_a_person_allows_a_variable_by_name_and_takes_it_back(brain: Brain) -> None:
    printing = procedure(["printenv", "REGION"], env={"REGION": "eu"})
    brain.limits.allow(["printenv"], variables=["REGION"])
    allowed = ran(brain, printing)
    brain.limits.disallow(variables=["REGION"])

    assert printed(allowed) == "eu\n"
    assert ran(brain, printing).state is RunState.FAILED


def test_a_secret_by_command_runs_only_what_the_steps_may_run(brain: Brain, tmp_path: Path) -> None:
    made = Procedure(
        name="go",
        inputs=INPUTS,
        secrets={"key": f'command:["touch", "{tmp_path / "pwned"}"]'},
        steps=(Step(id="go", secrets=("key",), action=Action(uses=StepKind.COMMAND, parameters={"run": ["true"]})),),
    )
    brain.limits.allow(["true"])
    run = ran(brain, made)

    assert run.state is RunState.FAILED and "brainops allow touch" in str(run.error)
    assert not (tmp_path / "pwned").exists()


# Values


@pytest.mark.parametrize(
    "run",
    [
        ["sh", "-c", f"echo {X}"],
        ["sh", "-c", X],
        ["/bin/bash", "-ec", f"echo '{X}'"],
        ["bash", "-c", "echo $1", "sh", X],
        ["sh", X],
        ["python3", "-c", f"print({X})"],
        ["python3.12", X],
        ["perl", "-e", X],
        ["perl", f"-e{X}"],
        ["ruby", "-e", X],
        ["node", "--eval", X],
        ["node", f"--eval={X}"],
        ["psql", "-c", X],
        ["psql", f"--command={X}"],
        ["mysql", "-e", X],
        ["ssh", "db1", X],
        ["ssh", "-o", X, "db1"],
        ["ssh", X],
        ["exec", X],
        ["xargs", X],
        ["sudo", "systemctl", "restart", X],
        ["env", X, "true"],
        ["env", "true", X],
        ["nice", X],
        ["timeout", "5", X],
        ["find", ".", "-exec", X, ";"],
        ["find", ".", "-exec", "grep", X, "{}", ";"],
        ["awk", X],
        ["sed", X],
        ["make", X],
        ["tar", "-xf", X],
        ["curl", X],
        ["rsync", "-e", X, "a", "b"],
        ["docker", "exec", "db", X],
        ["docker", "run", X],
        ["docker", "compose", "exec", "db", X],
        ["kubectl", "exec", "pod", "--", X],
        ["kubectl", "apply", "-f", X],
        ["kubectl", X],
        ["git", X],
        ["git", "-c", X, "log"],
        ["git", f"--exec-path={X}", "log"],
        ["git", "config", "core.pager", X],
        ["git", "bisect", "run", X],
        ["git", "submodule", "foreach", X],
        ["git", "rebase", "-x", X],
        ["git", "-C", X, "status"],
        ["redis-cli", "eval", X],
        ["aws", "ssm", "send-command", "--parameters", X],
        ["redis-cli", "EVAL", "code", X],
        ["systemctl", "enable", X],
        ["systemctl", "reenable", X],
        ["systemctl", "--host", X, "restart", "web"],
        ["apt-get", "install", X],
        ["apt-get", "remove", X],
        ["helm", "install", "web", X],
        ["helm", "upgrade", "web", X],
        ["helm", "template", X],
        ["docker", "stack", "deploy", "--compose-file", X, "shop"],
        ["docker", "service", "update", "--image", X, "web"],
        ["docker", "cp", X, "web:/app"],
        ["podman", "play", "kube", X],
        ["podman", "container", "runlabel", "install", X],
        ["kubectl", "set", "image", "deployment/web", X],
        ["kubectl", "create", "deployment", "web", "--image", X],
        ["kubectl", "--user", "admin", X],
        ["brainops", "procedure", "apply", X],
        ["brainops", "fix", "attach", "timed out", "--command", X],
        ["git", "apply", X],
        ["git", "pull", X],
        ["git", "fetch", "--upload-pack", X, "origin"],
        ["git", "--no-pager", X],
        ["gh", "workflow", "run", X],
        ["aws", "ec2", "run-instances", "--user-data", X],
        ["gcloud", "run", "deploy", "web", "--image", X],
        ["./deploy.sh", X],
        ["deploy", X],
        ["./echo", X],
        ["echo", f"a{X}"],
        ["ls", f"--color={X}"],
        [X],
        [X, "a"],
        X,
        f"deploy {X}",
    ],
    ids=str,
)
def test_a_value_is_refused_where_it_could_be_code(brain: Brain, run: Any) -> None:
    with pytest.raises(InvalidProcedure, match=r"INPUT_|name it"):
        brain.procedures.save(procedure(run))


@pytest.mark.parametrize("place", ["verify", "compensate", "check"])
def test_it_is_refused_in_every_action_of_a_step(brain: Brain, place: str) -> None:
    kind = "check" if place == "check" else "command"
    act = {"uses": kind, "with": {"run": ["sh", "-c", X]}}
    only = {"id": "go", **(act if place == "check" else {"run": ["true"], place: act})}

    with pytest.raises(InvalidProcedure, match="the value of -c is code"):
        brain.procedures.save({"name": "go", "inputs": {"x": {"type": "string"}}, "steps": [only]})


@pytest.mark.parametrize(
    ("run", "more", "said"),
    [
        (["sh"], {"stdin": X}, "what sh reads"),
        (["python3", "-"], {"stdin": X}, "what python reads"),
        (["sudo", "tee", "/etc/motd"], {"stdin": X}, "what sudo reads"),
        (["./deploy.sh"], {"working-directory": X}, "chooses? the folder"),
        (["make", "all"], {"working-directory": X}, "choose the folder"),
        (["git", "status"], {"working-directory": X}, "choose the folder"),
        (["docker", "compose", "up"], {"working-directory": X}, "choose the folder"),
    ],
)
def test_no_value_is_code_by_what_a_program_reads_or_where_it_runs(
    brain: Brain, run: list[str], more: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidProcedure, match=said):
        brain.procedures.save(procedure(run, **more))


@pytest.mark.parametrize(
    "source", ["steps.a.output.stdout", "target", "error", "run.target", 'inputs.x + ""', "string(inputs.x)"]
)
def test_it_is_refused_wherever_the_value_comes_from(brain: Brain, source: str) -> None:
    first = Step(id="a", action=Action(uses=StepKind.COMMAND, parameters={"run": ["echo", "a"]}))
    last = Step(
        id="b",
        needs=("a",),
        action=Action(uses=StepKind.COMMAND, parameters={"run": ["sh", "-c", f"${{{{ {source} }}}}"]}),
    )

    with pytest.raises(InvalidProcedure, match="the value of -c is code"):
        brain.procedures.save(Procedure(name="go", inputs=INPUTS, steps=(first, last)))


@pytest.mark.parametrize("run", [["echo", X], ["/bin/echo", X], ["printf", "%s\\n", X]])
def test_a_program_of_plain_arguments_gets_a_value_as_one_word(brain: Brain, run: list[str]) -> None:
    brain.limits.allow([run[0]])

    assert printed(ran(brain, procedure(run))) == f"{EVIL}\n"


@pytest.mark.parametrize(
    "run",
    [
        ["systemctl", "restart", X],
        ["kubectl", "rollout", "restart", "deployment", X],
        ["kubectl", "describe", "node", X],
        ["git", "checkout", X],
        ["git", "--no-pager", "log", X],
        ["systemctl", "--user", "restart", X],
        ["kubectl", "--context=production", "get", "pod", X],
        ["journalctl", "-u", X],
        ["helm", "rollback", "web", X],
        ["docker", "restart", X],
        ["rm", "--", X],
        ["dropdb", X],
    ],
    ids=str,
)
def test_what_runbooks_do_with_a_value_is_still_kept(brain: Brain, run: list[str]) -> None:
    assert brain.procedures.save(procedure(run)).number == 1


def test_a_value_is_handed_over_as_a_variable(brain: Brain, tmp_path: Path) -> None:
    brain.limits.allow(["sh"])
    run = ran(brain, procedure(["sh", "-c", 'printf "%s" "$INPUT_X"'], env={"INPUT_X": X}))

    assert printed(run) == EVIL


@pytest.mark.parametrize("value", ["-rf", "--output=/etc/passwd", "-"])
def test_a_value_that_begins_like_an_option_is_none(brain: Brain, value: str) -> None:
    brain.limits.allow(["echo", "printf"])
    run = ran(brain, procedure(["echo", X]), value)

    assert run.state is RunState.FAILED and "begins with -" in str(run.error)
    after = ran(brain, procedure(["printf", "--", "%s", X]), value)
    assert printed(after) == value


def test_a_procedure_of_an_earlier_version_is_refused_where_it_runs(
    brain: Brain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain.limits.allow(["*"])
    with monkeypatch.context() as earlier:
        earlier.setattr("brainops.procedures.definition.sources.require_safe", lambda *_: None)
        earlier.setattr("brainops.procedures.definition.define.check_injection", lambda *_: None)
        brain.procedures.save(procedure(["sh", "-c", f"touch {tmp_path}/pwned; echo {X}"]))
    brain.procedures.activate("go")
    run = brain.runs.start("go", inputs={"x": "a"})

    assert run.state is RunState.FAILED and "the value of -c is code" in str(run.error)
    assert not (tmp_path / "pwned").exists()


def test_a_person_vouches_for_a_program_of_plain_arguments(brain: Brain, tmp_path: Path) -> None:
    script = tmp_path / "deploy.py"
    script.write_text("import sys; print(sys.argv[1:])", encoding="utf-8")
    made = procedure([sys.executable, str(script), X])
    with pytest.raises(InvalidProcedure, match="as code"):
        brain.procedures.save(made)
    brain.limits.allow(["*"], plain=[f"{sys.executable} {script}"])

    assert printed(ran(brain, made)) == f"{[EVIL]}\n"
    with pytest.raises(InvalidProcedure, match="the value of -c is code"):
        brain.procedures.save(procedure([sys.executable, str(script), "-c", X]))


def test_nobody_vouches_for_every_program(brain: Brain) -> None:
    with pytest.raises(InvalidInput, match="name each program"):
        brain.limits.allow(plain=["*"])


@pytest.mark.parametrize(
    "run", [["sh", "-c", "claude {task}"], ["node", "--eval={prompt}"], ["perl", "-e{target}"], ["bash"], ["sh", "-s"]]
)
def test_no_agent_runs_its_task_as_code(brain: Brain, run: list[str]) -> None:
    with pytest.raises(BrainOpsError, match="run a task as code"):
        brain.agents.register(Agent(name="bertha", adapter=AdapterKind.COMMAND, settings={"run": run}))
