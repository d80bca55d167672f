"""Does the memory answer over HTTP what it answers in Python, to whom it may, and refuse the rest with a way out?"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.remote.verbs import UNREACHED, verbs
from brainops.server.app import application
from brainops.server.openapi import DOCUMENT, document
from brainops.server.problem import STATUS, problem
from brainops.store import Store, acts
from brainops.types import Actor, ActorKind, Role
from tests.server.asking import Asking, asking

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="terminal")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(tmp_path / "memory.db", namespace="team/a", read=[], model="none", background=False) as opened:
        yield opened


@pytest.fixture
def person(engine: Engine) -> Brain:
    return Brain(engine, actor=MARTA)


@pytest.fixture
def local(engine: Engine) -> Iterator[Asking]:
    """A server on this machine's own address, to which nobody shows a key."""
    with asking(application(engine, hosts={"127.0.0.1"}, open_to_this_machine=True, closed=asyncio.Event())) as client:
        yield client


@pytest.fixture
def keyed(engine: Engine) -> Iterator[Asking]:
    with asking(application(engine, hosts={"127.0.0.1"}, open_to_this_machine=False, closed=asyncio.Event())) as client:
        yield client


def test_what_was_captured_over_http_is_found_over_http_and_in_python(local: Asking, person: Brain) -> None:
    captured = local.post("capture", title="Redis runs out of memory", content="raise maxmemory", tags=["redis"])
    hits = local.post("retrieve", query="redis memory")

    assert hits[0]["memory"]["id"] == captured["id"]
    memory = person.get(captured["id"])
    assert memory.source.actor.id == "http" and memory.tags == ("redis",)


def test_what_only_reads_is_answered_to_get_and_not_sent_again_while_it_is_the_same(local: Asking) -> None:
    captured = local.post("capture", title="Redis runs out of memory")

    hits = local.get("/v1/retrieve?query=redis&limit=3&types=learning_insight")
    first = local.get(f"/v1/get?memory_id={captured['id']}")
    again = local.get(f"/v1/get?memory_id={captured['id']}", headers={"if-none-match": first.headers["etag"]})

    assert len(hits.json()) == 1
    assert (again.status_code, again.content) == (304, b"")
    assert local.get("/v1/capture").status_code == 405


def test_an_operation_begins_and_ends_in_two_calls_and_its_error_becomes_a_memory(local: Asking, person: Brain) -> None:
    begun = local.post("operations/begin", name="deploy api", target="checkout")
    local.post("operations/finish", operation_id=begun["id"], error="ConnectionError: no route to 10.0.0.7")
    local.post("operations/finish", operation_id=begun["id"], error="ConnectionError: no route to 10.0.0.7")

    operation = person.operations.get(begun["id"])
    assert begun["guidance"]["id"] and begun["decision"]["verdict"] == "allow"
    assert operation.outcome is not None and operation.error_memory_id is not None
    assert local.post("match", error="ConnectionError: no route to 10.0.0.9")[0]["exact"]


def test_a_key_says_who_asks_and_what_is_read_and_the_body_cannot(keyed: Asking, person: Brain) -> None:
    mine = person.keys.issue("release-bot").secret
    theirs = person.keys.issue("other-bot", namespace="team/b").secret

    captured = keyed.post("capture", title="Redis runs out of memory", key=mine)

    assert person.get(captured["id"]).source.actor == Actor(kind=ActorKind.AGENT, id="release-bot", proof="key")
    assert keyed.post("retrieve", query="redis", key=theirs) == []
    refused = keyed.refused("retrieve", query="redis", namespaces=["team/a"], key=theirs)
    assert (refused["status"], refused["type"]) == (403, "NamespaceDenied")
    assert (
        keyed.refused("capture", title="x", actor={"kind": "person", "id": "marta"}, key=mine)["type"] == "InvalidInput"
    )


def test_nobody_is_answered_without_a_key_that_holds(keyed: Asking, person: Brain) -> None:
    secret = person.keys.issue("release-bot").secret
    person.keys.revoke("release-bot")

    for headers in (
        {},
        {"authorization": f"Bearer {secret}"},
        {"x-api-key": secret},
        {"authorization": "Basic x"},
        {"x-api-key": ""},
    ):
        answer = keyed.get("/v1/retrieve?query=redis", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert secret not in answer.text and "brainops keys issue" in answer.json()["way_out"]


def test_a_role_reaches_its_verbs_and_those_of_lesser_ones(keyed: Asking, person: Brain) -> None:
    reader = person.keys.issue("reader", role="reader").secret
    admin = person.keys.issue("admin", role="admin", kind="service").secret

    assert keyed.refused("capture", title="x", key=reader)["type"] == "RoleDenied"
    assert keyed.refused("guard/set_enforcement", enforcement="strict", key=reader)["type"] == "RoleDenied"
    assert keyed.post("guard/set_enforcement", enforcement="strict", key=admin)["enforcement"] == "strict"


def test_an_admins_key_approves_nothing_and_a_persons_own_key_does(keyed: Asking, person: Brain) -> None:
    admin = person.keys.issue("admin", role="admin", kind="service").secret
    marta = person.approvals.approvers.enrol("marta").key
    assert marta is not None
    asked = keyed.post("guard/ask", start={"name": "deploy api", "actor": {"kind": "agent", "id": "bot"}}, key=admin)

    refused = keyed.refused("approvals/grant", approval_id=asked["id"], key=admin)
    granted = keyed.post("approvals/grant", approval_id=asked["id"], key=admin, headers={"brainops-proof": marta})

    assert (refused["status"], refused["type"]) == (403, "ApprovalUnproven")
    assert granted["state"] == "granted" and granted["decided_by"]["id"] == "marta"


def test_a_call_is_over_by_its_deadline_and_a_run_that_it_starts_is_left_to_workers(
    local: Asking, person: Brain
) -> None:
    person.establish("name: restart\nsteps:\n  - {id: one, uses: wait, with: {seconds: 1}}\n")

    run = local.post("runs/start", name="restart")

    assert run["state"] == "queued" and run["owner"] is None
    assert local.refused("retrieve", query="x", headers={"brainops-deadline": "soon"})["type"] == "InvalidInput"
    late = local.refused("capture", title="x", headers={"brainops-deadline": "0.000001"})
    assert (late["status"], late["type"]) == (503, "StoreUnavailable")


def test_the_same_call_again_under_its_key_is_the_same_call(local: Asking, person: Brain) -> None:
    key = {"idempotency-key": "k-1"}
    captured = [local.post("capture", title="x", content="y", headers=key) for _ in range(2)]
    judged = [local.post("feedback", memory_id=captured[0]["id"], verdict="helpful", headers=key) for _ in range(2)]
    begun = [local.post("operations/begin", name="deploy", headers={"idempotency-key": "k-2"}) for _ in range(2)]

    assert captured[0]["id"] == captured[1]["id"] and captured[1]["repeated"]
    assert judged[0] == judged[1] and len(person.history(captured[0]["id"]).verdicts) == 1
    assert begun[0] == begun[1] and begun[1]["guidance"]["id"] and len(person.operations.list()) == 1
    said = {"error": "ValueError: a", "remedy": "restart", "effect": "helped"}
    local.post("evidence/record", headers={"idempotency-key": "k-3"}, **said)
    taken = local.refused("evidence/record", headers={"idempotency-key": "k-3"}, **{**said, "error": "ValueError: b"})
    assert taken["type"] == "Conflict"
    other = local.refused("feedback", memory_id=captured[0]["id"], verdict="wrong", headers=key)
    assert (other["status"], other["type"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "this is no JSON"),
        (b"[]", "Expected object, got array"),
        (b'{"title": 3}', "title: Expected str, got int"),
        (b"{}", "missing required field title"),
        (b'{"title": "x", "typ": "y"}', "typ: nothing is known of it"),
        (b'{"title": "x", "type": "y"}', "there is automation_rule"),
        (b'{"title": "x\\u0000"}', ""),
        (b'{"title": "x", "metadata": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", ""),
        (b"\xff\xfe", "this is no JSON"),
    ],
)
def test_a_body_that_is_not_one_is_refused_with_what_it_lacks(local: Asking, body: bytes, told: str) -> None:
    answer = local.send("POST", "/v1/capture", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (200, 422)
    if told:
        assert answer.status_code == 422
        assert told in answer.json()["detail"]
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_too_large_or_of_another_kind_is_refused(local: Asking) -> None:
    large = local.send("POST", "/v1/capture", content=b'{"title": "' + b"x" * 11_000_000 + b'"}')
    form = local.send("POST", "/v1/capture", content=b"title=x", headers={"content-type": "text/plain"})
    packed = local.send("POST", "/v1/capture", content=b"{}", headers={"content-encoding": "gzip"})

    assert [large.status_code, form.status_code, packed.status_code] == [413, 415, 415]
    assert {each.headers["content-type"] for each in (large, form, packed)} == {"application/problem+json"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": ""}, 421),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "127.0.0.1:8321", "origin": "http://127.0.0.1:8321"}, 200),
    ],
)
def test_no_page_elsewhere_reaches_a_server_of_this_machine(
    local: Asking, headers: dict[str, str], status: int
) -> None:
    assert local.get("/v1/upkeep/status", headers=headers).status_code == status
    assert local.get("/healthz", headers=headers).status_code == status


def test_a_request_is_known_by_its_id_in_the_answer_and_in_the_problem(local: Asking) -> None:
    answer = local.get("/v1/runs/get?run_id=none", headers={"x-request-id": "r-1"})
    forged = local.get("/v1/runs/get?run_id=none", headers={"x-request-id": "r 1\tx"})

    assert (answer.headers["x-request-id"], answer.json()["request_id"]) == ("r-1", "r-1")
    assert forged.headers["x-request-id"] != "r 1\tx"
    assert local.get("/elsewhere").json()["type"] == "NotFound"


def test_what_nobody_expected_is_told_without_a_word_of_it(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("brainops.remote.verbs.Verb.call", failing)
    with asking(application(engine, hosts={"127.0.0.1"}, open_to_this_machine=True, closed=asyncio.Event())) as client:
        answer = client.get("/v1/upkeep/status")

    assert answer.status_code == 500
    assert "hunter2" not in answer.text and answer.json()["type"] == "Unexpected"


# The table


def test_every_verb_of_a_view_is_reached_or_it_is_said_why_not(person: Brain) -> None:
    surface = (Path(__file__).parents[1] / "public_surface.txt").read_text(encoding="utf-8")
    callable_ = {line.partition("(")[0] for line in surface.splitlines() if "(" in line}
    known = {each.removeprefix("brainops.Brain.") for each in callable_ if each.startswith("brainops.Brain.")}
    known |= {each.removeprefix("brain.") for each in callable_ if each.startswith("brain.")}
    reached = set(verbs())

    assert known - reached - set(UNREACHED) == {"open"}
    assert not reached & set(UNREACHED)
    assert reached - known == {"operations.begin", "operations.finish", "whoami"}


def test_every_verb_that_writes_has_its_act_and_no_role_reaches_what_its_kind_may_never(person: Brain) -> None:
    for verb in verbs().values():
        if verb.act is None:
            assert verb.role is Role.READER or verb.name.startswith(("keys.", "people.", "notices.channels"))
        else:
            act = acts.TABLE[verb.act]
            assert verb.role is not Role.READER
            assert (verb.role is Role.WRITER) <= (not act.refuses_agents), verb.name


def test_a_verb_that_is_said_to_read_writes_nothing(person: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every one that takes nothing is called; how often memory was asked is counted all the same."""
    person.sessions.open()
    called = [verb for verb in verbs().values() if not verb.writes and not verb.needs]
    assert len(called) > 40

    person.flush()
    written: list[acts.Act] = []
    begin = Store._leave

    def noted(store: Store, act: acts.Act, *rest: Any) -> Any:
        written.append(act)
        return begin(store, act, *rest)

    monkeypatch.setattr(Store, "_leave", noted)
    for verb in called:
        verb.call(person, verb.takes())
        assert not [act for act in written if act.name or act.does], verb.name


def test_the_document_is_what_the_verbs_say(person: Brain) -> None:
    told = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(document(verbs().values(), told["info"]["version"])))

    assert now == told, "scripts/write_openapi.py writes it anew"


def test_every_error_of_the_tree_has_a_status_and_a_way_out() -> None:
    for kind in STATUS:
        found, _ = problem(kind("what happened"), "r-1")
        assert found.type == kind.__name__ and found.title and found.way_out


# What a key must not reach


def test_a_key_writes_its_own_namespace_and_says_who_it_is(keyed: Asking, person: Brain) -> None:
    writer = person.keys.issue("writer").secret
    captured = keyed.post(
        "capture", title="x", source={"actor": {"kind": "person", "id": "marta", "proof": "terminal"}}, key=writer
    )
    assert person.get(captured["id"]).source.actor == Actor(kind=ActorKind.AGENT, id="writer", proof="key")
    draft = {"title": "y", "source": {"actor": {"kind": "person", "id": "marta", "proof": "terminal"}}}
    for verb, body in (
        ("capture_many", {"drafts": [draft]}),
        ("supersede", {"memory_id": captured["id"], "draft": draft}),
    ):
        told = keyed.post(verb, key=writer, **body)
        found = person.get((told[0] if isinstance(told, list) else told)["id"])
        assert found.source.actor.id == "writer", verb

    for namespace in ("team/b", "brainops-approvers"):
        refused = keyed.refused("promote", memory_id=found.id, namespace=namespace, key=writer)
        assert (refused["status"], refused["type"]) == (403, "NamespaceDenied")


def test_an_admin_of_one_namespace_neither_sees_nor_ends_the_keys_of_another(keyed: Asking, person: Brain) -> None:
    mine = person.keys.issue("mine", role="admin", kind="service").secret
    other = person.keys.issue("other", role="admin", kind="service", namespace="team/b").secret

    assert [each["name"] for each in keyed.post("keys/list", key=mine)] == ["mine"]
    assert keyed.refused("keys/revoke", name="other", key=mine)["status"] == 404
    assert keyed.post("keys/list", key=other)[0]["name"] == "other"


def test_a_persons_proof_is_enough_for_what_a_person_answers_whoever_carries_it(keyed: Asking, person: Brain) -> None:
    writer = person.keys.issue("writer").secret
    marta = person.approvals.approvers.enrol("marta").key
    assert marta is not None
    asked = keyed.post("guard/ask", start={"name": "deploy", "actor": {"kind": "agent", "id": "writer"}}, key=writer)

    assert keyed.refused("approvals/grant", approval_id=asked["id"], key=writer)["type"] == "RoleDenied"
    made_up = {"brainops-proof": "bok_" + "0" * 32 + "_" + "A" * 43}
    refused = keyed.refused("approvals/grant", approval_id=asked["id"], key=writer, headers=made_up)
    assert refused["type"] == "ApprovalUnproven"
    granted = keyed.post("approvals/grant", approval_id=asked["id"], key=writer, headers={"brainops-proof": marta})
    assert granted["decided_by"]["id"] == "marta"


def test_what_a_page_can_send_without_being_asked_first_changes_nothing(local: Asking, person: Brain) -> None:
    before = person.changes(after="newest").next
    simple = local.send("POST", "/v1/capture", content=b'{"title": "x"}')
    text = local.send("POST", "/v1/capture", content=b'{"title": "x"}', headers={"content-type": "text/plain"})
    planned = local.get("/v1/workflows/plan?goal=deploy")
    neighbour = local.get("/v1/upkeep/status", headers={"host": "127.0.0.1:8321", "origin": "http://127.0.0.1:3000"})
    image = local.get("/v1/retrieve?query=x", headers={"sec-fetch-site": "cross-site"})
    odd = [local.get("/healthz", headers=each) for each in ({"host": "["}, {"origin": "http://["})]

    assert [each.status_code for each in (simple, text, planned, neighbour, image)] == [415, 415, 405, 403, 403]
    assert [each.status_code for each in odd] == [421, 403]
    assert list(person.changes(after=before)) == []


def test_who_has_a_key_is_known_while_somebody_else_writes(keyed: Asking, person: Brain, engine: Engine) -> None:
    secret = person.keys.issue("reader", role="reader").secret
    with engine.store.writing(acts.TRY_STORE, acts.ITSELF):
        began = time.perf_counter()
        assert keyed.post("retrieve", query="x", key=secret) == []
        assert time.perf_counter() - began < 2


def test_who_shows_half_a_key_is_nobody_even_where_nobody_needs_one(local: Asking) -> None:
    for headers in ({"authorization": "Bearer "}, {"authorization": "Basic abc"}, {"x-api-key": ""}):
        assert local.get("/v1/retrieve?query=x", headers=headers).status_code == 401


def test_a_method_that_there_is_not_is_told_with_those_that_there_are(local: Asking) -> None:
    refused = local.send("DELETE", "/v1/capture")

    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
    assert refused.json()["type"] == "MethodNotAllowed"


def test_a_job_is_asked_for_by_who_may_do_what_it_does(engine: Engine, keyed: Asking, person: Brain) -> None:
    writer, admin = person.keys.issue("writer").secret, person.keys.issue("admin", role="admin").secret

    job = keyed.post("jobs/start", key=writer, kind="audit", given={"limit": 3})
    refused = keyed.refused("jobs/start", key=writer, kind="reindex")
    indexed = keyed.post("jobs/start", key=admin, kind="reindex")
    elsewhere = keyed.refused("jobs/start", key=admin, kind="export", given={"path": "/tmp/all.jsonl"})
    wrong = keyed.refused("jobs/start", key=admin, kind="audit", given={"limit": 0})
    purge = keyed.refused("jobs/start", key=admin, kind="purge_subject", given={"subject": "jo", "reason": "x"})
    with Brain(engine) as worker:
        while worker.jobs.work():
            pass

    assert (refused["type"], elsewhere["type"]) == ("RoleDenied", "RoleDenied") and "signed in" in elsewhere["detail"]
    assert (wrong["type"], purge["type"]) == ("InvalidInput", "ApprovalUnproven")
    assert keyed.post("jobs/get", key=writer, job_id=job["id"])["result"] == []
    assert [each["state"] for each in keyed.post("jobs/list", key=writer)["items"]] == ["succeeded", "succeeded"]
    assert keyed.refused("jobs/cancel", key=writer, job_id=indexed["id"])["type"] == "OperationBlocked"


def test_who_asks_too_often_is_told_when_to_come_back(engine: Engine, person: Brain) -> None:
    key = person.keys.issue("busy").secret
    app = application(engine, hosts={"127.0.0.1"}, open_to_this_machine=False, closed=asyncio.Event(), per_minute=2)
    busy = {"authorization": f"Bearer {key}"}
    with asking(app) as client:
        answers = [client.get("/v1/whoami", headers=busy) for _ in range(8)]
        answers += [client.get(path, headers=busy) for path in ("/v1/pack", "/v1/stream")]

    assert answers[0].status_code == 200 and {each.status_code for each in answers[-3:]} == {429}
    assert answers[-1].json()["type"] == "TooManyRequests" and 0 < int(answers[-1].headers["retry-after"]) <= 60
