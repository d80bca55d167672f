"""Which procedures does an operation, an event, an error or somebody's words set off?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.memory.recognition.error_events import parse_error
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.types import Actor, ActorKind, OperationStart, ProcedureVersion, TriggerMatch
from tests.conformance.conftest import OpenBrain

ANN = Actor(kind=ActorKind.PERSON, id="ann", proof="terminal")
PHRASES = ["restart the worker", "the worker hangs", "bounce the job runner", "restart the stuck consumer"]
ERROR = "ConnectionError: could not reach the payment gateway"


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain(actor=ANN)


def establish(brain: Brain, name: str, on: Any, **more: Any) -> ProcedureVersion:
    step = {"id": "do", "uses": "manual", "with": {"text": "do it"}}
    brain.procedures.save({"name": name, "on": on, "steps": [step], **more})
    return brain.procedures.activate(name)


def start(name: str, target: str | None = None, **context: Any) -> OperationStart:
    return OperationStart(name=name, target=target, context=context)


def names(matches: list[TriggerMatch]) -> list[str]:
    return [match.version.procedure.name for match in matches]


def test_an_operation_sets_off_what_names_it(brain: Brain) -> None:
    version = establish(brain, "deploy-api", {"operations": ["deploy api", "release *"]})
    establish(brain, "other", {"operations": ["deploy web"]})

    [exact] = brain.triggers.pushed(start("Deploy  API"))
    [glob] = brain.triggers.pushed(start("release the api"))

    assert (exact.version.id, exact.pushed) == (version.id, True)
    assert "deploy api" in exact.reason
    assert "release *" in glob.reason
    assert brain.triggers.pushed(start("undeploy api")) == []


@pytest.mark.parametrize(
    ("operation", "target", "matches"),
    [
        ("deploy api", "prod-1", True),
        ("deploy api", "dev-1", False),
        ("deploy api", None, False),
        ("x", "prod-1", False),
    ],
)
def test_targets_narrow_the_operations_of_a_trigger(
    brain: Brain, operation: str, target: str | None, matches: bool
) -> None:
    establish(brain, "deploy-api", {"operations": ["deploy *"], "targets": ["prod-*"]})

    assert bool(brain.triggers.pushed(start(operation, target))) is matches


def test_targets_alone_cover_every_operation_there(brain: Brain) -> None:
    establish(brain, "careful", {"targets": ["prod-*"]})

    assert names(brain.triggers.pushed(start("anything", "prod-7"))) == ["careful"]
    assert brain.triggers.pushed(start("anything")) == []


@pytest.mark.parametrize("context", [{"event": "alert.disk"}, {"events": [{"name": "alert.disk"}, "other"]}])
def test_an_event_sets_a_procedure_off(brain: Brain, context: Mapping[str, Any]) -> None:
    establish(brain, "free-disk", {"events": ["alert.*"]})

    assert names(brain.triggers.pushed(start("handle", **context))) == ["free-disk"]


def test_an_error_sets_off_the_procedure_of_its_fingerprint_and_no_near_miss(brain: Brain) -> None:
    establish(brain, "gateway", {"fingerprints": [fingerprint(parse_error(ERROR)).digest]})

    assert names(brain.triggers.pushed(start("pay", error=ERROR))) == ["gateway"]
    assert brain.triggers.pushed(start("pay", error=ERROR.replace("reach", "leave"))) == []


def test_a_condition_must_hold_besides(brain: Brain) -> None:
    establish(brain, "big", {"operations": ["deploy *"], "when": "context.size > 3"})

    assert names(brain.triggers.pushed(start("deploy api", size=4))) == ["big"]
    assert brain.triggers.pushed(start("deploy api", size=3)) == []


def test_a_condition_that_cannot_be_evaluated_holds_where_a_procedure_is_required(brain: Brain) -> None:
    establish(brain, "advice", {"operations": ["deploy *"], "when": "context.size > 3"})
    establish(brain, "duty", {"operations": ["deploy *"], "when": "context.size > 3"}, mode="required")

    [match] = brain.triggers.pushed(start("deploy api"))

    assert match.version.procedure.name == "duty"
    assert "could not be evaluated" in match.reason


def test_a_condition_alone_covers_every_operation_for_which_it_holds(brain: Brain) -> None:
    establish(brain, "freeze", {"when": "operation.action_class == 'destructive'"})

    assert brain.triggers.pushed(start("read")) == []


def test_one_trigger_of_several_is_enough_and_names_its_procedure_once(brain: Brain) -> None:
    establish(brain, "deploy-api", [{"operations": ["deploy *"]}, {"targets": ["prod"]}])

    assert names(brain.triggers.pushed(start("deploy api", "prod"))) == ["deploy-api"]


def test_only_active_versions_are_set_off(brain: Brain, open_brain: OpenBrain) -> None:
    other = open_brain(actor=ANN)
    establish(brain, "deploy-api", {"operations": ["deploy *"]})
    assert names(other.triggers.pushed(start("deploy api"))) == ["deploy-api"]

    brain.procedures.retire("deploy-api")

    assert other.triggers.pushed(start("deploy api")) == []


def test_words_are_classified_and_set_off_what_they_mean(brain: Brain) -> None:
    establish(brain, "restart-worker", {"intents": PHRASES})
    establish(brain, "rotate-keys", {"intents": ["rotate the api keys", "a key has leaked", "issue new keys"]})

    decided = brain.triggers.classify("please restart the worker")
    [match] = brain.triggers.matching(start("help", request="please restart the stuck worker"))

    assert decided.procedure == "restart-worker"
    assert decided.confidence > 0.7
    assert (match.version.procedure.name, match.pushed) == ("restart-worker", False)
    assert brain.triggers.matching(start("help", request="what is for lunch today")) == []
    assert brain.triggers.pushed(start("help", request="please restart the stuck worker")) == []


def test_the_words_of_an_operation_count_only_on_the_targets_of_their_trigger(brain: Brain) -> None:
    establish(brain, "restart-worker", {"intents": PHRASES, "targets": ["prod"]})

    assert names(brain.triggers.matching(start("restart the worker", "prod"))) == ["restart-worker"]
    assert brain.triggers.matching(start("restart the worker", "dev")) == []


def test_what_words_mean_is_learned_anew_when_a_procedure_changes(brain: Brain) -> None:
    establish(brain, "restart-worker", {"intents": PHRASES})
    assert brain.triggers.classify("rotate the api keys").procedure == "restart-worker"

    establish(brain, "rotate-keys", {"intents": ["rotate the api keys", "issue new keys"]})

    assert brain.triggers.classify("rotate the api keys").procedure == "rotate-keys"


def test_nothing_is_meant_without_intents_or_words(brain: Brain) -> None:
    establish(brain, "deploy-api", {"operations": ["deploy *"]})

    assert brain.triggers.classify("deploy the api").procedure is None
    assert brain.triggers.classify("   ").confidence == 0.0
    with pytest.raises(InvalidInput):
        brain.triggers.classify(7)  # type: ignore[arg-type]


def test_procedures_of_a_namespace_that_is_not_read_are_not_set_off(brain: Brain, open_brain: OpenBrain) -> None:
    stranger = open_brain(namespace="team/b", read=[], actor=ANN)
    establish(stranger, "deploy-api", {"operations": ["deploy *"], "intents": PHRASES})

    assert brain.triggers.pushed(start("deploy api")) == []
    assert brain.triggers.classify(PHRASES[0]).procedure is None
