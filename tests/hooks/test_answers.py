"""What does a hook say to an event, and what does it leave? In process, on a store that is a file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from brainops import Brain
from brainops.engine import Engine
from brainops.hooks.clients import handler
from brainops.types import Actor, ActorKind, Failed, Rule, RuleKind, RuleMode
from brainops_core.hook import ledger, run, spool
from brainops_core.hook.clients import CLIENTS
from brainops_core.json_text import to_json

ERROR = "PaymentError: the ledger of tenant 7 is locked"
AGENT = Actor(kind=ActorKind.AGENT, id="claude-code", proof="environment")


class Place:
    """A home, a repository, a memory, and the events of a client in them."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self.folder = folder / "shop"
        (self.folder / ".git").mkdir(parents=True)
        self.store = folder / "data" / "memory.db"
        self.store.parent.mkdir()
        shutil.copy(empty, self.store)
        self.environment = {"HOME": str(folder), "BRAINOPS_HOME": str(self.store.parent), "BRAINOPS_HOOKS": ALL}

    def brain(self, **more: Any) -> Brain:
        settings = {"namespace": "shop", "read": ("personal",), "model": "none", "background": False, **more}
        return Brain.open(self.store, **settings)

    def drained(self) -> Brain:
        with Engine.open(self.store, namespace="shop", read=("personal",), model="none", background=False) as engine:
            engine.drain()
        return self.brain()

    def tell(self, event: str, client: str = "claude-code", **fields: Any) -> dict[str, Any] | None:
        """Return what a client is answered to an event of this session."""
        given = {"session_id": "s1", "cwd": str(self.folder), "hook_event_name": event, **fields}
        return run.answered(client, json.dumps(given).encode(), self.environment)

    def bash(self, event: str, command: str, client: str = "claude-code", **fields: Any) -> dict[str, Any] | None:
        """Return what is answered to an event of a command."""
        return self.tell(event, client, tool_name="Bash", tool_input={"command": command}, tool_use_id="c1", **fields)

    def fails(self, command: str, text: str, **fields: Any) -> dict[str, Any] | None:
        return self.bash("PostToolUseFailure", command, error=f"Exit code 1\n{text}", **fields)


PROCEDURE = """---
name: release
description: release it
mode: required
steps:
  - id: check
    name: Check it
    uses: manual
---
"""
ALL = "session,prompt,before,after,failure,stop,subagent,compact,end"


@pytest.fixture
def place(tmp_path: Path, empty_store: Path) -> Place:
    made = Place(tmp_path, empty_store)
    with made.brain() as brain:
        brain.guard.write_pack()
    return made


def said(answer: Mapping[str, Any] | None) -> str:
    """Return what the model is told by an answer."""
    if answer is None:
        return ""
    told = answer.get("hookSpecificOutput", answer)
    return str(told.get("additionalContext") or told.get("permissionDecisionReason") or told.get("reason"))


def verdict(answer: Mapping[str, Any] | None) -> str:
    return "allow" if answer is None else str(answer["hookSpecificOutput"].get("permissionDecision", "allow"))


def test_a_failure_and_a_success_become_operations_of_the_agent_with_the_error_as_a_memory(place: Place) -> None:
    place.fails("make deploy", ERROR)
    place.bash("PostToolUse", "make clean", tool_response={"stdout": "", "stderr": ""})

    with place.drained() as brain:
        operations = {each.start.name: each for each in brain.operations.list()}
        memories = brain.match(ERROR)

    failed = operations["make deploy"]
    assert isinstance(failed.outcome, Failed) and failed.start.session_id == "s1"
    assert (failed.start.actor.kind, failed.start.actor.id) == (ActorKind.AGENT, "claude-code")
    assert operations["make clean"].outcome is not None
    assert [each.memory.id for each in memories] == [failed.error_memory_id]


def test_a_known_fix_is_told_after_the_failure_with_its_id_and_once_a_session(place: Place) -> None:
    with place.brain() as brain:
        fix = brain.fixes.attach(ERROR, "unlock it", advice="run make unlock first")

    first, again = place.fails("make deploy", ERROR), place.fails("make deploy", ERROR)

    assert "run make unlock first" in said(first) and fix.id in said(first)
    assert again is None


def test_nothing_is_told_of_an_error_that_only_reads_alike(place: Place) -> None:
    with place.brain() as brain:
        brain.fixes.attach(ERROR, "unlock it", advice="run make unlock first")

    assert place.fails("make deploy", "PaymentError: the ledger of tenant 7 is missing") is None


def test_a_prompt_is_answered_where_it_holds_a_known_error_and_never_otherwise(place: Place) -> None:
    with place.brain() as brain:
        brain.fixes.attach(ERROR, "unlock it", advice="run make unlock first")

    assert place.tell("UserPromptSubmit", prompt="add a test for the error page of the shop") is None
    assert "make unlock" in said(place.tell("UserPromptSubmit", prompt=ERROR))


def test_what_failed_and_was_mended_is_told_before_the_same_command_in_another_session(place: Place) -> None:
    place.fails("cd api && make deploy 2>&1 | tee log", ERROR)
    place.bash("PostToolUse", "make unlock", tool_response={})
    place.bash("PostToolUse", "make deploy", tool_response={})
    place.drained().close()

    told = said(place.bash("PreToolUse", "make deploy -j4", session_id="s2"))

    assert "make unlock" in told and ERROR in told
    assert place.bash("PreToolUse", "make deploy -j4", session_id="s2") is None
    assert place.bash("PreToolUse", "make test", session_id="s2") is None


def strict(place: Place, *rules: Rule) -> None:
    with place.brain() as brain:
        for rule in rules:
            brain.guard.add(rule)
        brain.guard.set_enforcement("strict", reason="tests")
        brain.guard.write_pack()


@pytest.mark.parametrize(
    "line",
    [
        "make deploy 2>&1 | tail -5",
        "make deploy || true",
        "make deploy; ls",
        "make deploy &",
        "bash -c 'make deploy | tail'",
        "if make deploy; then ls; fi",
    ],
)
def test_what_a_line_does_not_tell_of_is_begun_and_no_success(place: Place, line: str) -> None:
    place.bash("PostToolUse", line, tool_response={"stdout": "make: *** [deploy] Error 1"})

    with place.drained() as brain:
        assert [(each.start.name, each.outcome) for each in brain.operations.list()] == [("make deploy", None)]


def test_what_goes_on_in_the_background_is_begun_and_no_success(place: Place) -> None:
    given = {"command": "make deploy", "run_in_background": True}
    place.tell("PostToolUse", tool_name="Bash", tool_input=given, tool_response={"backgroundTaskId": "b1"})

    with place.drained() as brain:
        assert [(each.start.name, each.outcome) for each in brain.operations.list()] == [("make deploy", None)]


@pytest.mark.parametrize(
    "line",
    [
        "cd api && make deploy",
        "make prepare; make deploy",
        "make deploy && touch done | cat",
        "set -o pipefail; make deploy | tail",
        "false || make prepare && make deploy",
        "(cd api && make deploy)",
    ],
)
def test_what_decides_how_a_line_ends_is_what_went_well(place: Place, line: str) -> None:
    place.bash("PostToolUse", line, tool_response={"stdout": ""})

    with place.drained() as brain:
        found = [(each.start.name, type(each.outcome).__name__) for each in brain.operations.list()]
    assert found == [("make deploy", "Succeeded")]


@pytest.mark.parametrize("between", ["an edit", "an unknown end", "nothing else"])
def test_advice_is_learnt_only_where_all_between_is_commands_that_went_well(place: Place, between: str) -> None:
    place.fails("make deploy", ERROR)
    if between == "an edit":
        given = {"file_path": "/x/ledger.py", "old_string": "a", "new_string": "b"}
        place.tell("PostToolUse", tool_name="Edit", tool_input=given, tool_response={})
    elif between == "an unknown end":
        place.bash("PostToolUse", "make unlock | tail", tool_response={"stdout": ""})
    place.bash("PostToolUse", "touch notes.txt", tool_response={"stdout": ""})
    place.bash("PostToolUse", "make deploy", tool_response={"stdout": "ok"})

    with place.drained() as brain:
        learnt = [each.fix.title for each in brain.fixes.suggest(ERROR)]
    assert learnt == (["touch notes.txt"] if between == "nothing else" else [])


@pytest.fixture
def no_deploy(place: Place) -> Place:
    strict(
        place,
        Rule(id="", namespace="", name="no deploy", operations=("make deploy*",), kind=RuleKind.APPROVAL),
    )
    return place


@pytest.mark.parametrize(
    "line",
    [
        "timeout 60 make deploy",
        "sudo -u ops nice make deploy",
        "env A=1 make deploy",
        "bash -c 'cd x && make deploy'",
        "make -j4 deploy",
        "make -C api deploy",
        "find . -name Makefile -exec make deploy ';'",
        "ls | xargs -n1 make deploy",
        "docker exec web make deploy",
    ],
)
def test_a_rule_about_an_operation_holds_however_it_is_wrapped(no_deploy: Place, line: str) -> None:
    assert "no deploy" in said(no_deploy.bash("PreToolUse", line))


def test_every_command_of_a_line_is_judged_however_many_follow(no_deploy: Place) -> None:
    line = "; ".join(["make deploy", *(f"make step-{chr(97 + number)}" for number in range(20))])

    assert "no deploy" in said(no_deploy.bash("PreToolUse", line))
    assert "no deploy" not in said(no_deploy.bash("PreToolUse", line.partition("; ")[2]))


def test_in_strict_a_change_is_denied_until_memory_was_consulted_and_reading_never(place: Place) -> None:
    strict(place)

    assert verdict(place.bash("PreToolUse", "ls -la && git status")) == "allow"
    assert verdict(place.tell("PreToolUse", tool_name="TodoWrite", tool_input={"todos": []})) == "allow"
    denied = place.bash("PreToolUse", "make deploy")
    assert verdict(denied) == "deny" and "guide 'make deploy' --session s1" in said(denied)
    with place.brain(actor=AGENT) as brain:
        brain.guidance("make deploy", session="s1")
    assert verdict(place.bash("PreToolUse", "make deploy")) == "allow"


def test_a_denial_that_repeats_says_something_else_and_the_third_asks_a_person(place: Place) -> None:
    strict(place)

    answers = [place.bash("PreToolUse", "make deploy") for _ in range(3)]
    codex = [place.bash("PreToolUse", "make deploy", "codex", session_id="s2") for _ in range(3)]

    assert [verdict(each) for each in answers] == ["deny", "deny", "ask"]
    assert len(set(map(said, answers))) == 3
    assert [verdict(each) for each in codex] == ["deny"] * 3 and "ask the person" in said(codex[2])


def test_a_rule_holds_for_the_command_that_it_names_wherever_it_stands_and_not_for_its_words(place: Place) -> None:
    rule = Rule(
        id="",
        namespace="",
        name="deploy asks",
        operations=("make deploy*",),
        kind=RuleKind.APPROVAL,
        mode=RuleMode.DENY,
    )
    strict(place, rule)
    with place.brain(actor=AGENT) as brain:
        brain.guidance("anything", session="s1")

    assert verdict(place.bash("PreToolUse", "cd api && sudo -u x true; make deploy")) == "deny"
    assert verdict(place.bash("PreToolUse", "git commit -m 'make deploy faster'")) == "allow"


def test_a_denial_is_on_record_where_people_see_blocks_and_mark_false_ones(place: Place) -> None:
    strict(place)
    place.bash("PreToolUse", "make deploy")

    with place.drained() as brain:
        (decision,) = brain.guard.decisions()
        brain.guard.false_block(decision.id, note="it was only a build")

    assert (decision.operation_name, decision.session_id, decision.verdict) == ("make deploy", "s1", "deny")


def test_a_guarded_repository_holds_whatever_namespace_the_environment_names(place: Place) -> None:
    strict(place)
    place.environment["BRAINOPS_NAMESPACE"] = "elsewhere"
    mark = [{"store": str(place.store), "namespace": "shop"}]
    (place.folder / ".git" / "brainops-guard.json").write_text(json.dumps(mark), "utf-8")

    answer = place.bash("PreToolUse", "rm -rf build")

    assert verdict(answer) == "deny" and "--namespace shop" in said(answer)


def test_a_session_begins_with_what_failed_lately_and_is_told_again_after_compaction(place: Place) -> None:
    assert place.tell("SessionStart", source="startup") is None
    place.fails("make deploy", ERROR)
    place.drained().close()

    first = said(place.tell("SessionStart", source="startup", session_id="s2"))
    resumed = place.tell("SessionStart", source="resume", session_id="s2")
    compacted = said(place.tell("SessionStart", source="compact", session_id="s2"))
    sub_agent = said(place.tell("SubagentStart", session_id="s2", agent_id="a1"))

    assert ERROR in first and len(first) <= 6_000 and resumed is None
    assert ERROR in compacted and ERROR in sub_agent


@pytest.mark.parametrize("client", list(CLIENTS))
def test_an_agent_is_held_once_where_a_step_that_it_must_do_is_open(place: Place, client: str) -> None:
    with place.brain() as brain:
        brain.establish(PROCEDURE)
        brain.runs.start("release", session="s1")
        brain.guard.write_pack()

    first = place.tell("Stop", client, stop_hook_active=False)

    assert first is not None and first["decision"] == "block" and '"release"' in first["reason"]
    assert place.tell("Stop", client, stop_hook_active=False) is None
    assert place.tell("Stop", client, stop_hook_active=True, session_id="s9") is None


def test_codex_tells_how_a_command_ended_only_in_its_transcript_and_that_is_read_before_the_next_event(
    place: Place, tmp_path: Path
) -> None:
    transcript = tmp_path / "rollout.jsonl"
    about = {"transcript_path": str(transcript)}
    place.bash("PostToolUse", "make deploy", "codex", tool_response=f"{ERROR}\n", **about)
    output = f"Wall time: 0.1 seconds\nProcess exited with code 3\nOutput:\n{ERROR}\n"
    payload = {"type": "function_call_output", "call_id": "c1", "output": output}
    transcript.write_text(json.dumps({"type": "response_item", "payload": payload}).replace(": ", ":") + "\n", "utf-8")
    place.tell("Stop", "codex", **about)
    place.tell("Stop", "codex", **about)

    with place.drained() as brain:
        (operation,) = brain.operations.list()

    assert isinstance(operation.outcome, Failed) and operation.outcome.result == {"exit_code": 3}
    assert operation.outcome.error.message == "the ledger of tenant 7 is locked"


def test_secrets_stand_neither_in_the_spool_nor_in_what_is_told(place: Place) -> None:
    secret = "AKIA" + "Z7QK3M5T9X2B4N6P"
    place.fails(f"aws --key {secret} s3 ls", f"AccessError: {secret} is not known")

    assert secret not in "".join(path.read_text("utf-8") for path in place.store.parent.rglob("*.jsonl"))


def test_the_spool_and_the_ledger_are_for_their_owner_only(place: Place) -> None:
    with place.brain() as brain:
        brain.fixes.attach(ERROR, "unlock it", advice="run make unlock first")
    place.fails("make deploy", ERROR)

    files = list(place.store.parent.rglob("*.jsonl"))

    assert len(files) == 2 and all(path.stat().st_mode & 0o077 == 0 for path in files)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\0" * 100, b"\xff\xfe{}", b'{"hook_event_name": 7}', b"[" * 100_000],
    ids=["nothing", "half", "list", "null", "NUL", "bytes", "number", "deep"],
)
def test_what_is_no_event_is_refused_and_what_is_an_unknown_one_is_let_pass(place: Place, data: bytes) -> None:
    if data.startswith(b'{"'):
        assert run.answered("claude-code", data, place.environment) is None
        return
    with pytest.raises(ValueError, match="no event"):
        run.answered("claude-code", data, place.environment)


def test_unknown_events_and_fields_of_other_kinds_say_nothing(place: Place) -> None:
    assert place.tell("Elicitation") is None
    assert place.tell("PreToolUse", tool_name=["x"], tool_input="y") is None
    assert place.tell("PostToolUse", tool_name="Bash", tool_input={"command": 7}, tool_response=[1]) is None
    assert (
        place.tell("PostToolUseFailure", tool_name="Bash", tool_input={"command": "x\0y \ud800"}, error="a\0b") is None
    )


def test_an_answer_of_ten_megabytes_is_an_event_as_any_other(place: Place) -> None:
    place.bash("PostToolUse", "make big", tool_response={"stdout": "x" * 10_000_000})

    with place.drained() as brain:
        assert [each.start.name for each in brain.operations.list()] == ["make big"]


@pytest.mark.parametrize("value", ["off", "session,stop"])
def test_an_event_that_is_switched_off_is_not_answered(place: Place, value: str) -> None:
    strict(place)
    place.environment["BRAINOPS_HOOKS"] = value

    assert place.bash("PreToolUse", "make deploy") is None
    given = {"session_id": "s1", "cwd": str(place.folder), "hook_event_name": "PreToolUse", "tool_name": "Bash"}
    data = to_json({**given, "tool_input": {"command": "make deploy"}}).encode()
    assert verdict(run.answered("claude-code", data, place.environment, closed=True)) == "deny"


def test_a_store_that_is_locked_or_gone_lets_pass_what_only_asks_for_memory_and_waits_for_nothing(place: Place) -> None:
    strict(place)
    place.store.rename(place.store.with_suffix(".away"))

    assert verdict(place.bash("PreToolUse", "make deploy")) == "allow"
    assert verdict(place.bash("PreToolUse", "rm -rf /srv")) == "deny"  # what destroys fails closed


def guards_deploys(place: Place) -> None:
    """Deny what deploys and what destroys, to agents that consulted memory."""
    rule = Rule(
        id="",
        namespace="",
        name="deploys ask",
        operations=("make deploy*", "mcp__*", "shell"),
        kind=RuleKind.APPROVAL,
        mode=RuleMode.DENY,
    )
    strict(place, rule)
    for name in CLIENTS:
        with place.brain(actor=Actor(kind=ActorKind.AGENT, id=name, proof="environment")) as brain:
            brain.guidance("anything", session="s1")


def marked(place: Place) -> None:
    """Leave in the repository, as strict does, that its namespace is guarded."""
    mark = [{"store": str(place.store), "namespace": "shop"}]
    (place.folder / ".git" / "brainops-guard.json").write_text(json.dumps(mark), "utf-8")


def test_no_setting_leads_out_of_a_guarded_repository(place: Place, tmp_path: Path) -> None:
    guards_deploys(place)
    marked(place)
    settings = tmp_path / "broken.toml"
    settings.write_text("[", "utf-8")
    own = dict(place.environment)

    for more in (
        {"BRAINOPS_READ": ""},
        {"BRAINOPS_READ": "x"},
        {"BRAINOPS_NAMESPACE": "elsewhere", "BRAINOPS_READ": "x"},
        {"BRAINOPS_STORE": ":memory:"},
        {"BRAINOPS_STORE": str(tmp_path / "other.db")},
        {"BRAINOPS_HOME": str(tmp_path / "other")},
        {"BRAINOPS_CONFIG": str(settings)},
    ):
        place.environment = {**own, **more}
        assert verdict(place.bash("PreToolUse", "make deploy")) in ("deny", "ask"), more
        assert verdict(place.bash("PreToolUse", "ls")) == "allow"


@pytest.mark.parametrize("damage", ["gone", "another version"])
def test_where_a_guarded_repository_has_no_pack_that_can_be_read_changes_are_denied_and_the_way_out_mends_it(
    place: Place, damage: str
) -> None:
    guards_deploys(place)
    marked(place)
    assert verdict(place.bash("PreToolUse", "make build")) == "allow"
    for pack in place.store.parent.glob("*.pack"):
        pack.unlink()
        if damage != "gone":
            pack.write_text('{"format":"brainops-pack","version":99}\n{}\n{}\n', "utf-8")

    denied = place.bash("PreToolUse", "make build")
    canary = place.tell("PreToolUse", tool_name="brainops-canary", tool_input={})

    assert verdict(denied) == "deny" and "--namespace shop hook drain" in said(denied)
    assert "cannot be read" in said(canary)
    assert verdict(place.bash("PreToolUse", "ls")) == "allow"
    place.drained().close()  # as `brainops hook drain` does
    assert verdict(place.bash("PreToolUse", "make build")) == "allow"
    assert "as it should be" in said(place.tell("PreToolUse", tool_name="brainops-canary", tool_input={}))


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_denial_stands_where_it_cannot_be_put_on_record(place: Place, client: str) -> None:
    guards_deploys(place)
    folder = Path(f"{place.store}.hooks")
    folder.mkdir()
    (folder / "sessions").touch()
    with open(folder / spool.NAME, "wb") as file:
        file.truncate(spool.MAX_BYTES + 1)

    assert verdict(place.bash("PreToolUse", "make deploy", client)) == "deny"
    url = {"tool_name": "mcp__shop__delete", "tool_input": {"url": "A" * 70_000}}
    assert verdict(place.tell("PreToolUse", client, **url)) == "deny"


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_denial_is_on_record_however_long_and_strange_what_was_called_is(place: Place, client: str) -> None:
    guards_deploys(place)
    long = {"url": "A" * 70_000, **{f"\U0001f600{number}" * 500: "\U0001f600" * 5_000 for number in range(30)}}
    calls = [
        place.tell("PreToolUse", client, tool_name="mcp__shop__delete", tool_input=long),
        place.bash("PreToolUse", "make deploy \ud800", client),
        place.bash("PreToolUse", "make deploy;" + "a;" * 100_000, client),
    ]

    assert [verdict(each) for each in calls] == ["deny"] * 3
    with place.drained() as brain:
        assert len(brain.guard.decisions()) == 3


def test_a_failure_in_letters_that_are_not_ascii_leaves_the_guard_as_it_is(place: Place, tmp_path: Path) -> None:
    guards_deploys(place)
    transcript = tmp_path / "rollout.jsonl"
    payload = {"type": "function_call_output", "call_id": "c1", "output": "Process exited with code 1\n"}
    transcript.write_text(json.dumps({"payload": payload}, separators=(",", ":")) + "\n", "utf-8")
    about = {"transcript_path": str(transcript)}
    place.bash("PostToolUse", "make test", "codex", tool_response=f"{'ошибка ' * 3_000}\n{ERROR}")

    assert [verdict(place.bash("PreToolUse", "make deploy", "codex", **about)) for _ in range(2)] == ["deny"] * 2
    with place.drained() as brain:
        (failed,) = brain.operations.list()
    assert isinstance(failed.outcome, Failed) and failed.outcome.error.message == "the ledger of tenant 7 is locked"


def test_what_cannot_be_settled_keeps_no_call_from_being_judged(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    guards_deploys(place)
    place.bash("PostToolUse", "make test", "codex", tool_response="ok")
    monkeypatch.setattr("brainops_core.hook.outcome.exit_codes", lambda *_: 1 / 0)

    assert verdict(place.bash("PreToolUse", "make deploy", "codex")) == "deny"


def test_a_secret_is_taken_out_before_a_text_is_cut(place: Place) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    content = {"file_path": "/x", "content": f"{'y' * 263} {secret}"}
    place.tell("PostToolUse", tool_name="Write", tool_input=content, tool_response={})
    place.bash("PostToolUse", f"make {'y' * 1_960} {secret}", tool_response={})
    place.fails("make", f"{secret} {'z ' * 8_180}")

    kept = "".join(path.read_text("utf-8") for path in place.store.parent.rglob("*.jsonl"))
    assert not any(secret[at : at + 12] in kept for at in range(len(secret) - 11))


# As a process of its own


def hook(place: Place, client: str, data: bytes, *more: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    called = handler(client, next(iter(CLIENTS[client].events)))
    words = [called["command"], *called["args"]] if "args" in called else ["sh", "-c", called["command"]]
    return subprocess.run(
        [*words, *more],
        input=data,
        env={**place.environment, **environment},
        capture_output=True,
        timeout=20,
        cwd=place.folder,
    )


PROBE = """
import sys
sys.path.append({source!r})
import os
real = os._exit
def end(code):
    names = sorted(name for name, module in sys.modules.items() if getattr(module, "__file__", None))
    sys.stderr.write("\\n".join(f"{{name}} {{sys.modules[name].__file__}}" for name in names))
    sys.stderr.flush()
    real(code)
os._exit = end
from brainops_core.hook.run import main
main()
"""


@pytest.mark.parametrize(
    "event",
    [
        {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "make deploy"}},
        {
            "hook_event_name": "PostToolUseFailure",
            "tool_name": "Bash",
            "tool_input": {"command": "make"},
            "error": ERROR,
        },
        {"hook_event_name": "SessionStart", "source": "startup"},
        {"hook_event_name": "UserPromptSubmit", "prompt": ERROR},
    ],
    ids=lambda event: event["hook_event_name"],
)
def test_a_hook_imports_nothing_but_the_standard_library_and_itself(place: Place, event: dict[str, Any]) -> None:
    strict(place)
    source = str(Path(spool.__file__).parents[2])
    given = json.dumps({"session_id": "s1", "cwd": str(place.folder), **event}).encode()

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE.format(source=source), "claude-code"],
        input=given, env=place.environment, capture_output=True, timeout=20,
    )  # fmt: skip

    loaded = dict(line.split(" ", 1) for line in done.stderr.decode().splitlines())
    assert done.returncode == 0 and "brainops_core.hook.answer" in loaded
    foreign = {name for name, file in loaded.items() if "site-packages" in file}
    assert not foreign and "brainops" not in loaded
    ours = {name.partition(".")[0] for name, file in loaded.items() if file.startswith(source)}
    assert ours == {"brainops_core"}


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_hook_that_fails_ends_with_zero_says_so_in_the_spool_and_only_closed_with_one(
    place: Place, client: str
) -> None:
    done, closed = hook(place, client, b"no event"), hook(place, client, b"no event", "closed")

    assert (done.returncode, done.stdout) == (0, b"")
    if client == "claude-code":
        assert (closed.returncode, closed.stdout) == (1, b"")
    with place.drained():
        pass
    from brainops.hooks.folder import counted

    counts = counted(f"{place.store}.hooks")[client]
    assert counts["faults"] == 2 and "no event" in counts["newest"][0]["error"]


def test_without_a_home_or_where_nothing_can_be_written_the_tool_runs(place: Place, tmp_path: Path) -> None:
    given = {"session_id": "s1", "cwd": str(place.folder), "hook_event_name": "PostToolUse", "tool_name": "Bash"}
    data = json.dumps({**given, "tool_input": {"command": "make"}}).encode()
    file = tmp_path / "a file"
    file.touch()

    for environment in ({"BRAINOPS_HOME": "", "HOME": ""}, {"BRAINOPS_HOME": str(file)}):
        done = hook(place, "claude-code", data, **environment)
        assert (done.returncode, done.stdout) == (0, b"")


def test_standard_input_that_never_ends_is_left_within_the_time(place: Place) -> None:
    called = handler("claude-code", "PreToolUse")
    with subprocess.Popen(
        [called["command"], *called["args"]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=place.environment,
        cwd=place.folder,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b'{"half')
        process.stdin.flush()

        assert process.wait(timeout=20) == 0


def test_the_ledger_of_a_session_says_what_it_was_told_and_what_of_it_was_used(place: Place) -> None:
    with place.brain() as brain:
        fix = brain.fixes.attach(ERROR, "unlock it", advice="run make unlock first")
    place.fails("make deploy", ERROR)
    place.bash("PostToolUse", "make deploy", tool_response={})

    lines = ledger.Ledger(f"{place.store}.hooks", "claude-code", "s1").lines

    told, used = lines
    assert fix.id in told["ids"] and told["tokens"] > 0
    assert used["of"] == [told["id"]] and used["spent"] == told["tokens"]


def test_at_the_end_of_a_turn_a_process_of_its_own_takes_up_what_was_seen_and_compiles_what_holds(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = next(place.store.parent.glob("*.pack"))
    pack.unlink()
    del place.environment["BRAINOPS_HOOKS"]
    place.environment.update(BRAINOPS_MODEL="none", PATH=os.environ["PATH"])
    began: list[int] = []
    spawn = os.posix_spawn
    monkeypatch.setattr(os, "posix_spawn", lambda *said, **more: began.append(spawn(*said, **more)))
    place.fails("make deploy", ERROR)

    place.tell("Stop", stop_hook_active=False)
    for process in began:
        os.waitpid(process, 0)

    assert len(began) == 1 and pack.exists()
    assert not spool.waiting(f"{place.store}.hooks")
