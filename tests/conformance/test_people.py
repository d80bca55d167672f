"""Do people do what their roles say where these hold, and nothing elsewhere; and is it they who signed in?"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainops.brain import Brain
from brainops.errors import ApprovalUnproven, Conflict, InvalidInput, NotFound
from brainops.procedures.consent import approvers
from brainops.procedures.consent.sign_ins import SignIns
from brainops.store import acts, people
from brainops.store.schema import migrations
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.types import (
    Actor,
    ActorKind,
    Approval,
    Claims,
    KeyProof,
    OperationStart,
    Proof,
    Role,
    SecretKind,
    SignedIn,
    SignInKind,
    SignInProof,
    TerminalProof,
)
from brainops.types.access import covers
from brainops.types.people import LINK_SECONDS, PROVEN_SECONDS
from tests.conformance.conftest import OpenBrain, set_clock
from tests.conformance.everything import MARTA
from tests.inside import inside

PHRASE = "seven quiet herons at dusk"
INES = TerminalProof(approver="ines", passphrase=PHRASE)
BOT = Actor(kind=ActorKind.AGENT, id="bot", proof="key")
JO = Claims(issuer="https://id.example", subject="jo-1", email="jo@example.org")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    monkeypatch.setattr(approvers, "PROOF_SECONDS", 0)


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    """A memory whose first approver is ines, who lets others in."""
    opened = open_brain(actor=MARTA)
    opened.approvals.approvers.enrol("ines", passphrase=PHRASE)
    return opened


def joined(brain: Brain, name: str, role: str, path: str) -> Proof:
    """Let somebody in with a role, and return what they prove it by."""
    brain.people.add(name, proof=INES)
    brain.people.grant(name, role, path, proof=INES)
    phrase = f"{PHRASE} of {name}"
    brain.approvals.approvers.enrol(name, passphrase=phrase, proof=INES, role="approver", path="elsewhere")
    return TerminalProof(approver=name, passphrase=phrase)


def asked(brain: Brain, by: Actor = BOT) -> Approval:
    return brain.guard.ask(OperationStart(name="deploy api", actor=by))


def of(brain: Brain) -> SignIns:
    return inside(brain).services.sign_ins


@pytest.fixture
def signed(brain: Brain) -> Callable[..., SignedIn]:
    """Sign people in by the word of a server that is trusted."""
    server = brain.people.trust_server(proof=INES)

    def sign(identity: Claims = JO, **more: Any) -> SignedIn:
        at = inside(brain).store.now()
        told = {"issuer": identity.issuer, "subject": identity.subject, "email": identity.email}
        return of(brain).by_server(SignInKind.OIDC, Claims(**{**told, "at": at, **more}), server)

    return sign


def proof_of(signed: SignedIn, approval: Approval) -> SignInProof:
    return SignInProof(secret=signed.secret, approval=approval.id, digest=approval.digest)


_NAMES = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=3).map("/".join)


@settings(max_examples=200)
@given(path=_NAMES, namespace=_NAMES, below=st.booleans())
def test_a_path_covers_what_it_names_and_what_lies_below_it_where_it_says_so(
    path: str, namespace: str, below: bool
) -> None:
    parts, of = path.split("/"), namespace.split("/")
    expected = of[: len(parts)] == parts if below else of == parts

    assert covers(f"{path}/*" if below else path, namespace) is expected
    assert covers("*", namespace) and not covers(path, "*") and not covers(path, f"{path}/*")


@pytest.mark.parametrize(
    ("role", "path", "may"),
    [
        ("approver", "team/a", True),
        ("admin", "team/a", True),
        ("approver", "team/*", True),
        ("approver", "*", True),
        ("writer", "team/a", False),
        ("approver", "team", False),
        ("approver", "team/ab", False),
        ("approver", "team/a/b/*", False),
    ],
)
def test_who_approves_has_the_role_where_the_question_is(brain: Brain, role: str, path: str, may: bool) -> None:
    proof, question = joined(brain, "jo", role, path), asked(brain)

    if may:
        assert brain.approvals.grant(question.id, proof=proof).decided_by == Actor(
            kind=ActorKind.PERSON, id="jo", proof="terminal"
        )
    else:
        with pytest.raises(ApprovalUnproven, match="this takes that of approver there: brainops people"):
            brain.approvals.grant(question.id, proof=proof)
        assert brain.approvals.get(question.id).state.value == "pending"


def test_roles_are_given_by_an_admin_of_the_whole_path_and_approving_always_takes_a_proof(brain: Brain) -> None:
    admin = joined(brain, "jo", "admin", "team/*")

    brain.people.grant("group:sre", "approver", "team/b", proof=admin)
    for path in ("*", "other", "team"):
        if path != "team":
            with pytest.raises(ApprovalUnproven, match="that of admin"):
                brain.people.grant("group:sre", "approver", path, proof=admin)
    with pytest.raises(ApprovalUnproven, match="let somebody approve"):
        brain.people.grant("jo", "approver", "team/b")
    with pytest.raises(ApprovalUnproven, match="agent:bot may not"):
        brain.acting(actor=Actor(kind=ActorKind.AGENT, id="bot")).people.add("eve", proof=INES)
    with pytest.raises(ApprovalUnproven, match="that of admin"):
        brain.keys.issue("spy", namespace="team/a", read=["other"], proof=admin)
    assert brain.keys.issue("mine", namespace="team/a", read=["team/b"], proof=admin).access.reads == (
        "team/a",
        "team/b",
    )


def test_a_role_that_is_withdrawn_holds_no_longer_and_the_last_who_lets_in_stays(brain: Brain) -> None:
    proof, question = joined(brain, "jo", "approver", "team/*"), asked(brain)

    brain.people.withdraw("jo", "approver", "team/*", proof=INES)

    with pytest.raises(ApprovalUnproven):
        brain.approvals.grant(question.id, proof=proof)
    with pytest.raises(NotFound, match="is no approver of"):
        brain.people.withdraw("jo", "approver", "team/*", proof=INES)
    with pytest.raises(Conflict, match="nobody else lets others in"):
        brain.people.withdraw("ines", "admin", "*", proof=INES)
    with pytest.raises(Conflict, match="nobody else lets others in"):
        brain.people.remove("ines", proof=INES)
    with pytest.raises(Conflict, match="lets others in"):
        brain.approvals.approvers.revoke("ines", proof=INES)
    assert brain.approvals.refuse(question.id, proof=INES).state.value == "refused"


def test_of_a_person_who_is_removed_only_the_name_is_kept(brain: Brain, signed: Callable[..., SignedIn]) -> None:
    proof = joined(brain, "jo", "approver", "team/a")
    brain.people.grant("group:sre", "reader", "team/a", proof=INES)
    other = signed(email="else@example.org", groups=("sre",))

    gone = brain.people.remove("jo", proof=INES)
    brain.people.remove(other.person.name, proof=INES)

    assert (gone.email, gone.subject, gone.roles) == ("", "", ())
    assert [each.name for each in brain.people.list()] == ["ines"]
    with pytest.raises(ApprovalUnproven):
        brain.approvals.grant(asked(brain).id, proof=proof)
    with pytest.raises(ApprovalUnproven, match="sign in again"):
        of(brain).known(other.secret)
    assert brain.people.sign_ins() == []


def test_what_is_no_person_and_no_path_is_refused(brain: Brain) -> None:
    with pytest.raises(InvalidInput, match="no name for a person"):
        brain.people.add("a\nb", proof=INES)
    with pytest.raises(Conflict, match="is a person here already"):
        brain.people.add("INES", proof=INES)
    for path in (STORE_NAMESPACE, "team/**", "/"):
        with pytest.raises(InvalidInput):
            brain.people.grant("ines", "reader", path, proof=INES)


def test_a_role_that_was_written_by_hand_is_not_honoured_and_doctor_names_it(brain: Brain) -> None:
    proof, question = joined(brain, "jo", "writer", "team/a"), asked(brain)
    forged = _forged(brain)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF, scope=Scope.of(STORE_NAMESPACE)) as tx:
        tx.session.run("role_grant_insert", **forged)

    with pytest.raises(ApprovalUnproven):
        brain.approvals.grant(question.id, proof=proof)
    with pytest.raises(Conflict):
        brain.approvals.approvers.revoke("ines", proof=INES)
    [told] = [each for each in brain.upkeep.doctor() if each.name == "approvers"]
    assert not told.passed and "'jo' has a role that nobody gave: admin of *" in told.detail


def _forged(brain: Brain) -> dict[str, Any]:
    grant = {"id": brain.people.get("jo").id, "role": "admin", "path": "*", "granted_at": 1}
    by = {"granted_by_kind": "person", "granted_by_id": "ines", "granted_by_proof": "terminal"}
    return {**grant, "holder": grant["id"], **by}


def _upgraded(brain: Brain, dialect: str) -> None:
    """Let those who are enrolled be as they were before there were roles, and move them to what there is now."""
    script = next(script for _, name, script in migrations(dialect) if name == "people")
    moves = re.findall(r"^insert into .*?;", script, re.MULTILINE | re.DOTALL)

    with inside(brain).store.database.raw() as connection:  # type: ignore[attr-defined]
        if dialect == "postgres":
            connection.execute("set brainops.upkeep = 'on'")
        for statement in ("delete from role_grant", "delete from person", *moves):
            connection.execute(statement)
        connection.commit()
    assert len(moves) == 2


def test_who_could_approve_before_there_were_roles_goes_on(brain: Brain, dialect: str) -> None:
    brain.approvals.approvers.enrol("jo", passphrase=f"{PHRASE} too", proof=INES)
    _upgraded(brain, dialect)

    assert [(each.name, each.role_in("*")) for each in brain.people.list()] == [
        ("ines", Role.ADMIN),
        ("jo", Role.ADMIN),
    ]
    assert brain.approvals.grant(asked(brain).id, proof=INES).state.value == "granted"
    brain.people.add("eve", proof=TerminalProof(approver="jo", passphrase=f"{PHRASE} too"))
    [told] = [each for each in brain.upkeep.doctor() if each.name == "approvers"]
    assert told.passed, told.detail


def test_who_could_approve_before_there_were_roles_goes_on_by_a_secret_that_is_left(brain: Brain, dialect: str) -> None:
    key = KeyProof(key=brain.approvals.approvers.enrol("ines", proof=INES).key or "")
    _upgraded(brain, dialect)

    brain.approvals.approvers.revoke("ines", kind=SecretKind.PASSPHRASE, proof=key)

    brain.approvals.approvers.enrol("ines", passphrase=PHRASE, proof=key)
    assert brain.approvals.grant(asked(brain).id, proof=INES).state.value == "granted"
    [told] = [each for each in brain.upkeep.doctor() if each.name == "approvers"]
    assert told.passed, told.detail


def test_who_could_approve_before_there_were_roles_and_was_let_go_may_not_by_a_row_written_again(
    brain: Brain, dialect: str
) -> None:
    brain.approvals.approvers.enrol("jo", passphrase=f"{PHRASE} too", proof=INES)
    _upgraded(brain, dialect)
    grant = brain.people.get("jo").roles[0].id
    brain.approvals.approvers.revoke("jo", proof=INES)
    with inside(brain).store.database.raw() as connection:  # type: ignore[attr-defined]
        if dialect == "postgres":
            connection.execute("set brainops.upkeep = 'on'")
        connection.execute(f"update role_grant set withdrawn_at = null where id = '{grant}'")
        connection.commit()

    [told] = [each for each in brain.upkeep.doctor() if each.name == "approvers"]
    assert not told.passed and "'jo' has a role that nobody gave" in told.detail


# Signing in


def test_who_signed_in_approves_what_they_looked_at_and_nothing_else(
    brain: Brain, signed: Callable[..., SignedIn]
) -> None:
    brain.people.add("jo", email=JO.email, proof=INES)
    brain.people.grant("jo", "approver", "team/a", proof=INES)
    question, jo = asked(brain), signed()

    for wrong in (
        SignInProof(secret=jo.secret),
        SignInProof(secret=jo.secret, approval="another", digest=question.digest),
        SignInProof(secret=jo.secret, approval=question.id, digest="another"),
        SignInProof(secret=f"{jo.secret[:-1]}!", approval=question.id, digest=question.digest),
    ):
        with pytest.raises(ApprovalUnproven):
            brain.approvals.grant(question.id, proof=wrong)
    granted = brain.approvals.grant(question.id, proof=proof_of(jo, question))

    assert granted.decided_by == Actor(kind=ActorKind.PERSON, id="jo", proof="sign-in:oidc")
    assert jo.secret not in repr(jo) and jo.secret not in repr(proof_of(jo, question))


def test_nobody_who_signed_in_approves_what_they_asked_for(brain: Brain, signed: Callable[..., SignedIn]) -> None:
    brain.people.add("jo", email=JO.email, proof=INES)
    brain.people.grant("jo", "admin", "*", proof=INES)
    jo = signed()
    question = asked(brain, Actor(kind=ActorKind.PERSON, id="JO", proof="sign-in:oidc"))

    with pytest.raises(ApprovalUnproven, match="asked for this"):
        brain.approvals.grant(question.id, proof=proof_of(jo, question))


def test_a_group_gives_its_roles_to_who_is_in_it_when_they_sign_in(
    brain: Brain, signed: Callable[..., SignedIn]
) -> None:
    brain.people.grant("group:sre", "approver", "team/*", proof=INES)
    question = asked(brain)

    inside_it, outside = signed(groups=("sre", "all")), signed(subject="kim", email="kim@example.org", groups=("all",))

    assert inside_it.person.role_in("team/a") is Role.APPROVER and outside.person.role_in("team/a") is None
    with pytest.raises(ApprovalUnproven, match="no role"):
        brain.approvals.grant(question.id, proof=proof_of(outside, question))
    assert brain.approvals.grant(question.id, proof=proof_of(inside_it, question)).state.value == "granted"


def test_a_sign_in_of_long_ago_opens_the_memory_and_approves_only_once_it_is_proven_anew(
    brain: Brain, signed: Callable[..., SignedIn]
) -> None:
    proof, question = joined(brain, "jo", "approver", "team/a"), asked(brain)
    brain.people.add("kim", issuer=JO.issuer, subject="kim", proof=INES)
    jo, now = signed(subject="jo-1", email=""), inside(brain).store.now()
    assert jo.person.name != "jo"  # whoever bears a name that somebody has is not they
    link = of(brain).by_link(of(brain).link("jo"))
    set_clock(inside(brain).store, lambda: now + (PROVEN_SECONDS + 60) * 1_000_000)

    assert of(brain).known(jo.secret).person.name == jo.person.name
    for each in (jo, link):
        with pytest.raises(ApprovalUnproven, match="too long ago"):
            brain.approvals.grant(question.id, proof=proof_of(each, question))
    with pytest.raises(Conflict, match="sign out first"):
        of(brain).prove(jo.secret, "jo")
    of(brain).prove(link.secret, inside(brain).engine.prove(proof, None, ()).id)
    assert brain.approvals.grant(question.id, proof=proof_of(link, question)).state.value == "granted"


def test_nobody_has_a_name_here_that_they_gave_themselves_elsewhere(
    brain: Brain, signed: Callable[..., SignedIn]
) -> None:
    eve = signed(subject="maria", email="").person

    assert re.fullmatch(r"maria-[0-9a-f]{12}", eve.name)
    assert brain.approvals.approvers.enrol("maria", proof=INES).approver.name == "maria"
    assert of(brain).known(signed(subject="maria", email="").secret).person.roles == ()


def test_who_signs_in_already_is_enrolled_only_where_that_was_meant(
    brain: Brain, signed: Callable[..., SignedIn]
) -> None:
    jo = signed()

    with pytest.raises(Conflict, match="--signs-in"):
        brain.approvals.approvers.enrol(JO.email, proof=INES)
    assert of(brain).known(jo.secret).person.roles == ()
    brain.approvals.approvers.enrol(JO.email, passphrase=PHRASE, signs_in=True, proof=INES)
    brain.approvals.approvers.enrol(JO.email, proof=INES)  # a second secret of who has one

    assert of(brain).known(jo.secret).person.role_in("*") is Role.ADMIN


@pytest.mark.parametrize("told", [{"email": "ines@example.org"}, {"issuer": JO.issuer, "subject": "1"}], ids=str)
def test_an_approver_who_is_said_to_sign_in_is_one_person(
    brain: Brain, signed: Callable[..., SignedIn], told: Any
) -> None:
    with pytest.raises(ApprovalUnproven):
        brain.people.add("ines", **told)
    brain.people.add("ines", **told, proof=INES)
    ines = signed(subject="1", email="ines@example.org")
    question = asked(brain, Actor(kind=ActorKind.PERSON, id=ines.person.name, proof="sign-in:oidc"))

    assert (ines.person.name, ines.person.role_in("*")) == ("ines", Role.ADMIN)
    with pytest.raises(ApprovalUnproven, match="asked for this"):
        brain.approvals.grant(question.id, proof=INES)


def test_nobody_is_said_to_be_who_another_is(brain: Brain, signed: Callable[..., SignedIn]) -> None:
    signed()

    for told in ({"email": "JO@example.org"}, {"issuer": JO.issuer, "subject": JO.subject}):
        with pytest.raises(Conflict, match="remove jo@"):
            brain.people.add("ines", **told, proof=INES)
    with pytest.raises(Conflict, match="nobody is two people"):
        brain.people.add(JO.email, issuer=JO.issuer, subject="another", proof=INES)
    with pytest.raises(Conflict, match="already"):
        brain.people.add("ines", proof=INES)


def test_a_link_signs_in_once_and_soon(brain: Brain) -> None:
    link, late = of(brain).link("jo"), of(brain).link("jo")

    assert of(brain).by_link(link).person.name == "jo"
    with pytest.raises(ApprovalUnproven, match="used before"):
        of(brain).by_link(link)
    now = inside(brain).store.now()
    set_clock(inside(brain).store, lambda: now + (LINK_SECONDS + 1) * 1_000_000)
    with pytest.raises(ApprovalUnproven, match="too old"):
        of(brain).by_link(late)
    with pytest.raises(ApprovalUnproven, match="may not make a link"):
        SignIns(inside(brain.acting(actor=Actor(kind=ActorKind.AGENT, id="bot"))).context).link("ines")


def test_only_the_server_that_is_trusted_signs_people_in(brain: Brain, signed: Callable[..., SignedIn]) -> None:
    before = brain.people.trust_server(proof=INES)
    brain.people.trust_server(proof=INES)

    for secret in (before, "", "bov_x"):
        with pytest.raises(ApprovalUnproven, match="trust-server"):
            of(brain).by_server(SignInKind.OIDC, JO, secret)
    with pytest.raises(ApprovalUnproven, match="let a server say"):
        brain.people.trust_server()


@pytest.mark.parametrize("change", ["proven_at", "person_id", "groups"])
def test_a_sign_in_that_was_written_by_hand_opens_nothing(
    brain: Brain, signed: Callable[..., SignedIn], change: str
) -> None:
    jo, ines = signed(), brain.people.get("ines").id
    value = {"proven_at": "1", "person_id": f"'{ines}'", "groups": "'[\"sre\"]'"}[change]
    with inside(brain).store.database.raw() as connection:  # type: ignore[attr-defined]
        if "postgres" in inside(brain).store.database.dialect:
            connection.execute("set brainops.upkeep = 'on'")
        connection.execute(f"update sign_in set {change} = {value}")
        connection.commit()

    with pytest.raises(ApprovalUnproven, match="sign in again"):
        of(brain).known(jo.secret)


@pytest.mark.parametrize("group", ["/sre", "/staff/on call", "CN=SRE,OU=Staff", "überall", "a" * 200])
def test_a_group_is_named_just_as_whoever_signs_people_in_names_it(
    brain: Brain, signed: Callable[..., SignedIn], group: str
) -> None:
    brain.people.grant(f"group:{group}", "approver", "team/a", proof=INES)

    assert signed(JO, groups=(group,)).person.role_in("team/a") is Role.APPROVER


@pytest.mark.parametrize("group", ["", " sre", "sre\n", "\x1b[2J", "a" * 201])
def test_what_no_provider_calls_a_group_is_said_to_be_none(brain: Brain, group: str) -> None:
    with pytest.raises(InvalidInput, match="is no name of a group"):
        brain.people.grant(f"group:{group}", "approver", "team/a", proof=INES)


def test_of_too_many_who_went_to_a_provider_the_newest_come_back(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_ins = of(brain)
    monkeypatch.setattr(people, "MAX_TICKETS", 2)
    link = sign_ins.link("ines")
    states = [sign_ins.flow({"number": number}) for number in range(4)]

    with pytest.raises(ApprovalUnproven):
        sign_ins.back(states[0])
    assert [sign_ins.back(state)["number"] for state in states[2:]] == [2, 3]
    assert sign_ins.by_link(link).person.name == "ines"


def test_sign_ins_are_listed_and_ended(brain: Brain, signed: Callable[..., SignedIn]) -> None:
    one, two, other = signed(), signed(), signed(subject="kim", email="kim@example.org")

    assert brain.people.sign_out(one.sign_in.id) == 1
    assert [each.id for each in brain.people.sign_ins(two.person.name)] == [two.sign_in.id]
    of(brain).end(two.secret)
    assert [each.id for each in brain.people.sign_ins()] == [other.sign_in.id]
    assert brain.people.sign_out("kim@example.org") == 1
    for each in (one, two, other):
        with pytest.raises(ApprovalUnproven):
            of(brain).known(each.secret)
    with pytest.raises(NotFound):
        brain.people.sign_out("nobody")


def test_the_namespaces_are_those_with_something_in_them_in_which_somebody_has_a_role(
    brain: Brain, open_brain: OpenBrain
) -> None:
    read = brain.settings.read
    for name in ("team/b", "team/c", "team/c/deep"):
        open_brain(actor=MARTA, namespace=name).capture(f"of {name}")
    joined(brain, "jo", "reader", "team/c/*")
    jo = brain.people.get("jo")

    theirs = inside(brain).services.people.namespaces(may=jo.role_in)

    assert [(each.name, each.role) for each in theirs] == [("team/c", Role.READER), ("team/c/deep", Role.READER)]
    of_all = inside(brain).services.people.namespaces(may=lambda _: Role.ADMIN)
    assert {each.name for each in of_all} == {"team/a", "team/b", "team/c", "team/c/deep", *read}
    assert [each.name for each in brain.acting(read=read).people.namespaces()] == ["team/a", *read]
