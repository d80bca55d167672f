"""Does a person decide, once, proven to be one and not the one who asked; and is it used once, and in time?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import ApprovalUnproven, Conflict, InvalidInput, NamespaceDenied, NotFound
from brainops.procedures.consent import approvers
from brainops.store import acts
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.types import (
    Actor,
    ActorKind,
    Approval,
    ApprovalKind,
    ApprovalState,
    ClientProof,
    KeyProof,
    Notice,
    NoticeKind,
    Proof,
    SecretKind,
    TerminalProof,
)
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

AGENT = Actor(kind=ActorKind.AGENT, id="claude-code")
MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
PHRASE = "seven quiet herons at dusk"
PROOF = TerminalProof(approver="ines", passphrase=PHRASE)
NOWHERE = "0197f6a2-3c1e-7b0a-9d54-2f8b6c1a7e90"
SECOND = 1_000_000


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make guessing cheap, for the tests only."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


class Clock:
    """A clock that stands until it is moved, but for a microsecond each time that it is asked."""

    def __init__(self) -> None:
        self.now = 1_700_000_000 * SECOND

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def pass_(self, seconds: float) -> None:
        """Move on."""
        self.now += int(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    """A memory in which ines may approve, by a passphrase."""
    opened = open_brain(clock=clock, actor=MARTA)
    opened.approvals.approvers.enrol("ines", passphrase=PHRASE)
    return opened


def ask(brain: Brain, subject: str = "deploy api prod-1", **options: Any) -> Approval:
    asked: dict[str, Any] = {"kind": ApprovalKind.OPERATION, "question": "Deploy?", "requested_by": AGENT, **options}
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        return inside(brain).services.approvals.ask(tx, subject=subject, **asked)


def use(brain: Brain, subject: str = "deploy api prod-1", **options: Any) -> Approval | None:
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        return inside(brain).services.approvals.use(tx, ApprovalKind.OPERATION, subject, **options)


def lines(brain: Brain, subject: str) -> list[str]:
    with inside(brain).store.read() as tx:
        return [line.act for line in tx.trail.of(subject)]


def notices(brain: Brain) -> list[Notice]:
    """Return what waits of this namespace, oldest first; what is told of approvers is the whole store's."""
    return [notice for notice in reversed(brain.notices.pending()) if notice.namespace == "team/a"]


def told(brain: Brain) -> list[NoticeKind]:
    return [notice.kind for notice in notices(brain)]


def test_a_question_waits_for_a_person_and_somebody_is_told(brain: Brain) -> None:
    asked = ask(brain, reason="version 2.1")

    [pending] = brain.approvals.pending()
    [notice] = notices(brain)
    assert pending == asked
    assert (asked.state, asked.requested_by, asked.reason) == (ApprovalState.PENDING, AGENT, "version 2.1")
    assert (notice.kind, notice.subject) == (NoticeKind.APPROVAL_ASKED, "deploy api prod-1")
    assert notice.body["command"] == f"brainops approve {asked.id} --namespace team/a"


def test_asking_again_while_it_is_open_is_the_same_question(brain: Brain) -> None:
    first = ask(brain)
    again = ask(brain, question="Really deploy?")
    other = ask(brain, "deploy api prod-2")
    brain.approvals.grant(first.id, proof=PROOF)
    granted = ask(brain)

    assert again == first
    assert other.id != first.id
    assert (granted.id, granted.state) == (first.id, ApprovalState.GRANTED)
    assert told(brain).count(NoticeKind.APPROVAL_ASKED) == 2


def test_a_question_that_is_rolled_back_was_never_asked(brain: Brain) -> None:
    def ask_and_fail() -> None:
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            inside(brain).services.approvals.ask(
                tx, kind=ApprovalKind.FIX, subject="x", question="Apply?", requested_by=AGENT
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ask_and_fail()

    assert (brain.approvals.pending(), notices(brain)) == ([], [])


def test_what_a_proven_person_grants_is_used_once(brain: Brain) -> None:
    asked = ask(brain)

    granted = brain.approvals.grant(asked.id, proof=PROOF, reason="the release is planned")
    used, again = use(brain), use(brain)

    assert granted.decided_by == Actor(kind=ActorKind.PERSON, id="ines", proof="terminal")
    assert granted.decision_reason == "the release is planned"
    assert asked.requested_at < (granted.decided_at or 0) < inside(brain).store.now()
    assert used is not None
    assert (used.id, used.state, again) == (asked.id, ApprovalState.USED, None)
    assert lines(brain, asked.id) == ["approval-grant", "approval-use"]
    assert told(brain) == [NoticeKind.APPROVAL_ASKED, NoticeKind.APPROVAL_DECIDED]


def test_an_approval_waits_while_the_clock_is_set_back_and_lasts_no_longer_for_it(brain: Brain, clock: Clock) -> None:
    asked = ask(brain)
    brain.approvals.grant(asked.id, proof=PROOF, reason="the release is planned")
    clock.pass_(-3 * 3600)

    early = use(brain)
    clock.pass_(3 * 3600)
    used = use(brain)

    assert early is None
    assert used is not None


def test_an_approval_covers_its_own_subject_and_kind_only(brain: Brain) -> None:
    asked = ask(brain)
    brain.approvals.grant(asked.id, proof=PROOF)

    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        other_kind = inside(brain).services.approvals.use(tx, ApprovalKind.BYPASS, "deploy api prod-1")
        other_id = inside(brain).services.approvals.use(
            tx, ApprovalKind.OPERATION, "deploy api prod-1", approval_id=NOWHERE
        )

    assert (other_kind, other_id, use(brain, "deploy api prod-2")) == (None, None, None)
    assert use(brain) is not None


def test_what_is_refused_cannot_be_used_and_may_be_asked_again(brain: Brain) -> None:
    asked = ask(brain)

    refused = brain.approvals.refuse(asked.id, proof=PROOF, reason="not on a Friday")

    assert (refused.state, refused.decision_reason) == (ApprovalState.REFUSED, "not on a Friday")
    assert use(brain) is None
    assert ask(brain).id != asked.id
    assert lines(brain, asked.id) == ["approval-refuse"]


def test_an_answer_is_given_once(brain: Brain) -> None:
    asked = ask(brain)
    brain.approvals.refuse(asked.id, proof=PROOF)

    with pytest.raises(Conflict, match="refused"):
        brain.approvals.grant(asked.id, proof=PROOF)
    with pytest.raises(NotFound):
        brain.approvals.grant(NOWHERE, proof=PROOF)


def test_who_asked_cannot_agree_whatever_case_the_name_is_in(brain: Brain) -> None:
    asked = ask(brain, requested_by=Actor(kind=ActorKind.PERSON, id="Ines", proof="os-user"))

    with pytest.raises(ApprovalUnproven, match="another approver"):
        brain.approvals.grant(asked.id, proof=PROOF)

    assert brain.approvals.get(asked.id).state is ApprovalState.PENDING
    assert brain.approvals.refuse(asked.id, proof=PROOF).state is ApprovalState.REFUSED


def test_what_a_person_granted_is_not_for_that_person_to_use(brain: Brain) -> None:
    brain.approvals.grant(ask(brain).id, proof=PROOF)

    own = use(brain, actor=Actor(kind=ActorKind.PERSON, id="ines", proof="os-user"))
    of_the_agent = use(brain, actor=AGENT)

    assert own is None
    assert of_the_agent is not None


@pytest.mark.parametrize(
    "proof",
    [
        TerminalProof(approver="ines", passphrase="seven quiet herons at dawn"),
        TerminalProof(approver="ines", passphrase=""),
        TerminalProof(approver="ines", passphrase="x" * 100_000),
        TerminalProof(approver="nobody", passphrase=PHRASE),
        KeyProof(key="bok_" + "0" * 32 + "_" + "A" * 43),
        KeyProof(key=PHRASE),
        ClientProof(client="claude-code", person="ines"),
    ],
    ids=["wrong", "empty", "huge", "unknown", "unknown key", "no key", "client that is not accepted"],
)
def test_without_a_right_proof_nothing_is_decided(brain: Brain, proof: Proof) -> None:
    asked = ask(brain)

    with pytest.raises(ApprovalUnproven) as refused:
        brain.approvals.grant(asked.id, proof=proof)

    assert PHRASE not in str(refused.value) + repr(proof)
    assert brain.approvals.get(asked.id) == asked


def test_wrong_proofs_in_a_row_lock_for_longer_and_longer(brain: Brain, clock: Clock) -> None:
    asked, wrong = ask(brain), TerminalProof(approver="ines", passphrase="something else entirely")
    waits = []
    for _ in range(5):
        with pytest.raises(ApprovalUnproven, match="that is not"):
            brain.approvals.grant(asked.id, proof=wrong)
        [entry] = brain.approvals.approvers.list()
        wait = round(((entry.locked_until or clock.now) - clock.now) / SECOND)
        waits.append(wait)
        if wait:
            with pytest.raises(ApprovalUnproven, match="too many tries"):
                brain.approvals.grant(asked.id, proof=PROOF)
        clock.pass_(wait)

    assert waits == [0, 0, 30, 60, 120]
    assert brain.approvals.grant(asked.id, proof=PROOF).state is ApprovalState.GRANTED
    assert brain.approvals.approvers.list()[0].failures == 0


def test_a_lock_is_told_and_every_wrong_proof_stands_in_the_trail(brain: Brain) -> None:
    asked = ask(brain)
    for _ in range(3):
        with pytest.raises(ApprovalUnproven):
            brain.approvals.grant(asked.id, proof=TerminalProof(approver="ines", passphrase="not that one either"))

    with inside(brain).store.within(Scope.of(STORE_NAMESPACE)).read() as tx:
        [entry] = tx.approvals.approvers()
        lines = [line.act for line in tx.trail.of(entry["id"])]
    assert lines == ["approver-enrol", "approver-wrong", "approver-wrong", "approver-wrong"]
    assert [notice.kind for notice in brain.notices.pending()].count(NoticeKind.APPROVER_LOCKED) == 1


def test_a_key_proves_its_owner_is_shown_once_and_stored_nowhere(brain: Brain, store_url: str) -> None:
    enrolled = brain.approvals.approvers.enrol("jo", proof=PROOF)
    assert enrolled.key is not None

    granted = brain.approvals.grant(ask(brain).id, proof=KeyProof(key=enrolled.key))

    assert granted.decided_by == Actor(kind=ActorKind.PERSON, id="jo", proof="key")
    assert enrolled.key not in repr(enrolled)
    with inside(brain).store.within(Scope.of(STORE_NAMESPACE)).read() as tx:
        stored = str([dict(row) for row in tx.approvals.approvers()])
    assert enrolled.key not in stored
    assert enrolled.key.split("_", 2)[-1] not in stored


def test_a_key_with_another_secret_of_the_same_owner_is_wrong(brain: Brain) -> None:
    key = brain.approvals.approvers.enrol("jo", proof=PROOF).key or ""
    forged = key[:-10] + ("A" * 10 if not key.endswith("A" * 10) else "B" * 10)

    with pytest.raises(ApprovalUnproven, match="not the key"):
        brain.approvals.grant(ask(brain).id, proof=KeyProof(key=forged))


def test_the_dialog_of_a_client_counts_where_an_approver_accepted_it(brain: Brain, open_brain: OpenBrain) -> None:
    by_client = ClientProof(client="claude-code", person="marta", session_id="s1")
    brain.approvals.approvers.accept_clients(["claude-code"], proof=PROOF)
    elsewhere = open_brain(namespace="team/b")

    granted = brain.approvals.grant(ask(brain).id, proof=by_client)

    assert granted.decided_by == Actor(kind=ActorKind.PERSON, id="marta", proof="client:claude-code")
    with pytest.raises(ApprovalUnproven):
        elsewhere.approvals.grant(ask(elsewhere).id, proof=by_client)
    brain.approvals.approvers.accept_clients([], proof=PROOF)
    with pytest.raises(ApprovalUnproven):
        brain.approvals.grant(ask(brain, "another").id, proof=by_client)


def test_the_first_approver_is_taken_on_trust_and_every_other_needs_one(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=MARTA)
    enrol = brain.approvals.approvers.enrol

    first = enrol("ines", passphrase=PHRASE).approver
    with pytest.raises(ApprovalUnproven, match="to enrol an approver takes one of ines"):
        enrol("jo", passphrase="another phrase of words")
    with pytest.raises(ApprovalUnproven):
        enrol("jo", passphrase="another phrase of words", proof=TerminalProof(approver="ines", passphrase="a guess at"))
    second = enrol("jo", passphrase="another phrase of words", proof=PROOF).approver

    assert (first.first_use, first.enrolled_by) == (True, MARTA)
    assert (second.first_use, second.enrolled_by.id) == (False, "ines")
    assert [each.name for each in brain.approvals.approvers.list()] == ["ines", "jo"]


def test_approvers_are_those_of_the_whole_store(brain: Brain, open_brain: OpenBrain) -> None:
    elsewhere = open_brain(namespace="team/b", read=[])

    granted = elsewhere.approvals.grant(ask(elsewhere).id, proof=PROOF)

    assert granted.namespace == "team/b"
    with pytest.raises(ApprovalUnproven):
        elsewhere.approvals.approvers.enrol("mallory", passphrase="let me in, let me in")


@pytest.mark.parametrize("kind", [ActorKind.AGENT, ActorKind.SERVICE])
def test_nothing_but_a_person_enrols_first(open_brain: OpenBrain, kind: ActorKind) -> None:
    brain = open_brain(actor=Actor(kind=kind, id="mallory"))

    with pytest.raises(ApprovalUnproven, match="may not enrol an approver"):
        brain.approvals.approvers.enrol("mallory", passphrase="let me in, let me in")

    assert brain.approvals.approvers.list() == []


@pytest.mark.parametrize("passphrase", ["", "short", " " * 40, "x" * 2_000])
def test_a_passphrase_is_long_enough_to_hold(open_brain: OpenBrain, passphrase: str) -> None:
    brain = open_brain(actor=MARTA)

    with pytest.raises(InvalidInput, match="passphrase"):
        brain.approvals.approvers.enrol("ines", passphrase=passphrase)


@pytest.mark.parametrize("name", ["", " ines", "in\nes", "x" * 101, "a/b", "\x1b[2J"])
def test_an_approver_has_a_name_that_reads_plainly(open_brain: OpenBrain, name: str) -> None:
    brain = open_brain(actor=MARTA)

    with pytest.raises(InvalidInput, match="no name"):
        brain.approvals.approvers.enrol(name, passphrase=PHRASE)


def test_who_is_revoked_proves_nothing_and_the_last_one_stays(brain: Brain) -> None:
    people = brain.approvals.approvers
    people.enrol("jo", passphrase="another phrase of words", proof=PROOF)
    jo = TerminalProof(approver="jo", passphrase="another phrase of words")

    [gone] = people.revoke("ines", proof=jo)

    assert gone.revoked_at is not None
    with pytest.raises(ApprovalUnproven):
        brain.approvals.grant(ask(brain).id, proof=PROOF)
    with pytest.raises(Conflict, match="the only one"):
        people.revoke("jo", proof=jo)
    with pytest.raises(NotFound):
        people.revoke("ines", proof=jo)


def test_a_person_has_one_passphrase_and_may_have_a_key_besides(brain: Brain) -> None:
    people = brain.approvals.approvers
    people.enrol("ines", proof=PROOF)

    with pytest.raises(Conflict, match="revoke it first"):
        people.enrol("ines", passphrase="another phrase of words", proof=PROOF)
    people.revoke("ines", proof=PROOF, kind=SecretKind.KEY)

    assert [each.kind for each in people.list() if each.revoked_at is None] == [SecretKind.PASSPHRASE]


def test_a_question_is_told_again_and_then_refused_when_nobody_answers(brain: Brain, clock: Clock) -> None:
    asked = ask(brain, timeout_seconds=7_200)

    clock.pass_(3_599)
    nothing = brain.approvals.sweep()
    clock.pass_(1)
    escalated, again = brain.approvals.sweep(), brain.approvals.sweep()
    clock.pass_(3_600)
    expired = brain.approvals.sweep()

    assert (nothing, escalated, again, expired) == (0, 1, 0, 1)
    late = brain.approvals.get(asked.id)
    assert late.state is ApprovalState.EXPIRED
    assert round(((late.escalated_at or 0) - asked.requested_at) / SECOND) == 3_600
    assert told(brain) == [NoticeKind.APPROVAL_ASKED, NoticeKind.APPROVAL_ESCALATED, NoticeKind.APPROVAL_EXPIRED]
    assert lines(brain, asked.id) == ["approval-expire"]


def test_nobody_grants_what_is_too_late_even_before_the_sweep(brain: Brain, clock: Clock) -> None:
    asked = ask(brain, timeout_seconds=60)
    clock.pass_(60)

    with pytest.raises(Conflict, match="its time has passed"):
        brain.approvals.grant(asked.id, proof=PROOF)

    assert ask(brain).id != asked.id
    assert brain.approvals.get(asked.id).state is ApprovalState.EXPIRED


def test_what_is_granted_is_used_in_time_or_lapses(brain: Brain, clock: Clock) -> None:
    asked = ask(brain, timeout_seconds=60)
    clock.pass_(59)
    brain.approvals.grant(asked.id, proof=PROOF, valid_seconds=600)

    clock.pass_(599)
    assert brain.approvals.sweep() == 0
    clock.pass_(1)

    assert use(brain) is None
    assert brain.approvals.sweep() == 1
    assert brain.approvals.get(asked.id).state is ApprovalState.EXPIRED


def test_the_open_questions_of_a_run_that_ended_are_closed(brain: Brain) -> None:
    asked = ask(brain, "r1/two", run_id="r1", step_id="two")
    other = ask(brain, "r2/two", run_id="r2", step_id="two")

    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        closed = inside(brain).services.approvals.withdraw(tx, "r1", "the run was cancelled")

    assert closed == 1
    assert brain.approvals.get(asked.id).state is ApprovalState.EXPIRED
    assert brain.approvals.get(other.id).state is ApprovalState.PENDING


def test_a_row_that_says_granted_without_the_trail_is_not_granted(brain: Brain) -> None:
    asked = ask(brain)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        by = Actor(kind=ActorKind.PERSON, id="ines", proof="terminal")
        now, until = inside(brain).store.now(), asked.expires_at
        tx.approvals.decide(asked.id, ApprovalState.GRANTED, by, now, reason="", expires_at=until)

    assert use(brain) is None
    assert brain.approvals.get(asked.id).state is ApprovalState.REFUSED
    assert lines(brain, asked.id) == ["approval-void"]
    assert told(brain)[-1] is NoticeKind.GUARD_ALARM


def test_a_secret_that_was_put_in_a_row_by_hand_proves_nothing(brain: Brain) -> None:
    asked, scope = ask(brain), Scope.of(STORE_NAMESPACE)
    with inside(brain).store.within(scope).writing(acts.TRY_STORE, acts.ITSELF) as tx:
        row = dict(tx.approvals.approvers()[0])
        forged = {name: row[name] for name in row if name not in ("revoked_at", "failures", "locked_until", "used_at")}
        forged |= {"id": NOWHERE, "name": "mallory", "secret_hash": approvers.hash_passphrase("let me in, let me in")}
        forged.pop("namespace")
        tx.approvals.add_approver(forged)

    with pytest.raises(ApprovalUnproven, match="changed by hand"):
        brain.approvals.grant(asked.id, proof=TerminalProof(approver="mallory", passphrase="let me in, let me in"))

    with inside(brain).store.within(scope).read() as tx:
        assert [line.act for line in tx.trail.of(NOWHERE)] == ["approver-void"]


def test_texts_are_redacted_before_they_are_stored(brain: Brain) -> None:
    asked = ask(brain, "rotate AKIAIOSFODNN7EXAMPLE", question="password=hunter2hunter2", reason="AKIAIOSFODNN7EXAMPLE")

    assert "AKIA" not in str(asked)
    assert "hunter2" not in str(asked)
    assert "AKIA" not in str(brain.notices.pending())
    assert brain.approvals.grant(asked.id, proof=PROOF, reason="AKIAIOSFODNN7EXAMPLE").state is ApprovalState.GRANTED
    assert use(brain, "rotate AKIAIOSFODNN7EXAMPLE") is not None


def test_long_subjects_that_differ_at_their_end_are_different(brain: Brain) -> None:
    one, other = ask(brain, "deploy " + "x" * 3_000 + "1"), ask(brain, "deploy " + "x" * 3_000 + "2")

    assert one.id != other.id
    assert one.subject != other.subject


@pytest.mark.parametrize("options", [{"subject": ""}, {"timeout_seconds": 0}, {"timeout_seconds": 1e12}])
def test_a_question_that_cannot_be_asked_is_told(brain: Brain, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        ask(brain, **options)


def test_a_question_of_another_namespace_is_decided_there(open_brain: OpenBrain, brain: Brain) -> None:
    shared = open_brain(namespace="team/shared", read=[])
    asked = ask(shared)

    with pytest.raises(NamespaceDenied, match="--namespace team/shared"):
        brain.approvals.grant(asked.id, proof=PROOF)

    assert [each.id for each in brain.approvals.pending()] == [asked.id]


def race(count: int, work: Callable[[], Any]) -> Iterator[Any]:
    """Yield what several threads got, or the error that stopped them, all let go at once."""
    gate, results = threading.Barrier(count), []

    def run() -> None:
        gate.wait(30)
        try:
            results.append(work())
        except (Conflict, ApprovalUnproven) as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    yield from results


def test_of_several_that_use_one_approval_one_gets_it(brain: Brain) -> None:
    asked = ask(brain)
    brain.approvals.grant(asked.id, proof=PROOF)

    got = [each for each in race(6, lambda: use(brain)) if each is not None]

    assert [each.id for each in got] == [asked.id]
    assert lines(brain, asked.id) == ["approval-grant", "approval-use"]


def test_of_several_that_decide_one_does(brain: Brain) -> None:
    keys = [brain.approvals.approvers.enrol(name, proof=PROOF).key or "" for name in ("jo", "kim", "lou", "mo")]
    asked, left = ask(brain), iter(keys)

    def decide() -> Approval:
        return brain.approvals.grant(asked.id, proof=KeyProof(key=next(left)))

    results = list(race(4, decide))

    assert len([each for each in results if isinstance(each, Approval)]) == 1
    assert len([each for each in results if isinstance(each, Conflict)]) == 3
    assert lines(brain, asked.id) == ["approval-grant"]


def test_several_that_ask_at_once_ask_one_question(brain: Brain) -> None:
    ids = {each.id for each in race(6, lambda: ask(brain))}

    assert len(ids) == 1
    assert told(brain) == [NoticeKind.APPROVAL_ASKED]


def test_several_guesses_at_once_gain_nothing(brain: Brain) -> None:
    wrong = TerminalProof(approver="ines", passphrase="a guess among many")
    asked = ask(brain)

    errors = [str(each) for each in race(6, lambda: brain.approvals.grant(asked.id, proof=wrong))]

    assert len([error for error in errors if "that is not" in error]) <= approvers.FREE_FAILURES
    assert brain.approvals.approvers.list()[0].failures <= approvers.FREE_FAILURES


def test_a_sweep_by_several_tells_once(brain: Brain, clock: Clock) -> None:
    ask(brain, timeout_seconds=60)
    clock.pass_(60)

    changed = sum(race(4, brain.approvals.sweep))

    assert changed == 1
    assert told(brain) == [NoticeKind.APPROVAL_ASKED, NoticeKind.APPROVAL_EXPIRED]
