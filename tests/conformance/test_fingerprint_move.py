"""Do errors that an earlier program stored, with the service in their identity, come to the identity of today?"""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.memory.draft import content_hash
from brainops.memory.recognition import fingerprint_move
from brainops.memory.recognition.digests import frames_of, told_by
from brainops.store import acts
from brainops.store.memories import memory_of
from brainops.store.operations import operation_of
from brainops.types import ErrorEvent, Failed, Fix
from brainops_core.recognition import fingerprint
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

TEXT = "TimeoutError: tax did not answer"


def raised() -> Exception:
    try:
        raise TimeoutError("tax did not answer")
    except TimeoutError as error:
        return error


def digest_with_service(error: ErrorEvent) -> str:
    """Return a digest by another rule than this program's, as one that counted the service had."""
    return hashlib.sha256(f"{error.service} {fingerprint.identity(error)[0]}".encode()).hexdigest()[:32]


def as_an_earlier_program(brain: Brain) -> None:
    """Write every fingerprint of the store as it was written when the service counted."""
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for row in tx.fingerprints.operations(0):
            outcome = operation_of(row).outcome
            assert isinstance(outcome, Failed)
            tx.fingerprints.move_operation(row["key"], digest_with_service(outcome.error))
        for row in tx.fingerprints.memories(0):
            memory = memory_of(row)
            service = memory.content.get("service") if isinstance(memory.content, dict) else None
            event = replace(told_by(memory), service=str(service) if service else None)
            whole = digest_with_service(replace(event, frames=frames_of(memory)))
            identity = content_hash("fingerprint", "1", whole)
            tx.fingerprints.move_memory(row["key"], whole=whole, text=digest_with_service(event), content_hash=identity)
            tx.fingerprints.rename(str(memory.fingerprint), whole)
        tx.set(setting(brain), "0")


def setting(brain: Brain) -> str:
    return fingerprint_move.setting(inside(brain).context)


def failing(brain: Brain, service: str | None) -> None:
    brain.begin("pay", service=service, consult="never").fail(raised())


def exact(brain: Brain, error: str | BaseException, service: str | None = None) -> list[str]:
    return [match.memory.id for match in brain.match(error, service=service) if match.exact]


def attached(brain: Brain) -> Fix:
    """Attach a fix as it was copied from a page: to the digest of an error with its service."""
    (memory,) = [hit.memory for hit in brain.retrieve(types=["error_pattern"])]
    return brain.fixes.attach(str(memory.fingerprint), "warm tax", advice="warm it")


def test_what_was_stored_with_a_service_is_found_without_and_its_fix_with_it(open_brain: OpenBrain) -> None:
    old = open_brain()
    failing(old, "checkout")
    fix = attached(old)
    as_an_earlier_program(old)
    assert old.fixes.suggest(raised()) == []

    brain = open_brain()

    (found,) = exact(brain, raised())
    assert exact(brain, TEXT) == [found]
    assert exact(brain, raised(), service="billing") == [found]
    assert [each.fix.id for each in brain.fixes.suggest(raised())] == [fix.id]
    assert brain.operations.list(outcome="failed")[0].fingerprint == brain.get(found).fingerprint


def test_the_next_occurrence_is_counted_on_what_was_moved(open_brain: OpenBrain) -> None:
    old = open_brain()
    failing(old, "checkout")
    as_an_earlier_program(old)

    brain = open_brain()
    failing(brain, "billing")

    (found,) = exact(brain, TEXT)
    assert brain.get(found).occurrences == 2


def test_a_text_with_a_service_and_one_without_stay_two_memories_of_one_error(open_brain: OpenBrain) -> None:
    old = open_brain()
    failing(old, "checkout")
    as_an_earlier_program(old)
    failing(old, None)

    brain = open_brain()

    assert len(exact(brain, TEXT)) == 2


def test_what_does_not_fit_its_digest_is_left_as_it_is(open_brain: OpenBrain) -> None:
    old = open_brain()
    kept = old.capture(TEXT, {"service": "checkout"}, type="error_pattern", fingerprint="f" * 32)
    with inside(old).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.set(setting(old), "0")

    brain = open_brain()

    assert brain.get(kept.id).fingerprint == "f" * 32


def test_it_is_done_once_and_never_in_a_new_store(open_brain: OpenBrain) -> None:
    failing(open_brain(), "checkout")
    brain = open_brain()

    assert fingerprint_move.version_of(inside(brain).context) == fingerprint.VERSION
    assert fingerprint_move.move(inside(brain).context) == 0


def test_nothing_is_written_into_a_namespace_that_holds_no_error(open_brain: OpenBrain) -> None:
    brain = open_brain(namespace="team/empty")

    with inside(brain).store.read() as tx:
        assert tx.setting(setting(brain)) is None


def test_a_new_version_identifies_what_an_earlier_one_stored_and_says_so(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = open_brain()
    failing(old, "checkout")
    fix, before = attached(old), old.operations.list(outcome="failed")[0].fingerprint
    old.capture("OSError: the disk is full", "text", type="error_pattern")
    by_hand = old.capture("known by its number", "text", type="error_pattern", fingerprint="f" * 32)
    monkeypatch.setattr(fingerprint, "VERSION", fingerprint.VERSION + 1)

    brain = open_brain()
    failing(brain, "billing")

    (found,) = exact(brain, raised())
    assert brain.get(found).occurrences == 2 and brain.get(found).fingerprint != before
    assert {each.fingerprint for each in brain.operations.list()} == {brain.get(found).fingerprint}
    assert [each.fix.id for each in brain.fixes.suggest(raised())] == [fix.id]
    assert len(exact(brain, "OSError: the disk is full")) == 1
    assert brain.get(by_hand.id).fingerprint == "f" * 32
    assert fingerprint_move.version_of(inside(brain).context) == fingerprint.VERSION
    assert fingerprint_move.move(inside(brain).context) == 0


def test_an_export_of_an_earlier_version_is_identified_by_this_one(
    open_brain: OpenBrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = open_brain()
    failing(old, "checkout")
    old.upkeep.export_to(str(tmp_path / "old.jsonl"))
    monkeypatch.setattr(fingerprint, "VERSION", fingerprint.VERSION + 1)

    with closing(Brain.open(tmp_path / "new.db", namespace="team/a", model="none", background=False)) as brain:
        brain.upkeep.import_from(str(tmp_path / "old.jsonl"))

        assert len(exact(brain, raised())) == 1


def test_doctor_names_a_store_whose_fingerprints_wait(open_brain: OpenBrain) -> None:
    brain = open_brain()
    failing(brain, None)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.set(setting(brain), "0")

    (before,) = [check for check in brain.upkeep.doctor() if check.name == "fingerprints"]
    (after,) = [check for check in open_brain().upkeep.doctor() if check.name == "fingerprints"]

    assert (before.passed, after.passed) == (False, True)
