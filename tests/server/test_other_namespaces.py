"""Does nobody who comes over the network see or change anything of a namespace in which they have no role?"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.procedures.consent import approvers
from brainops.remote.verbs import Verb, verbs
from brainops.server.app import application
from brainops.server.people import csrf_of
from brainops.types import Claims, SignInKind
from tests.conformance.everything import MARTA, PROOF, furnish
from tests.inside import inside
from tests.server.asking import Asking, asking

WORDS = ("gateway is slow", "May I?", "planned", "a mug", "too much")
TRIES = 2  # of each verb, with ids of rows of different kinds


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A memory whose namespace team/a holds something of everything, and team/b nothing."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    with Engine.open(tmp_path / "memory.db", namespace="team/a", read=[], model="none", background=False) as opened:
        furnish(Brain(opened, actor=MARTA))
        yield opened


@pytest.fixture
def client(engine: Engine) -> Iterator[Asking]:
    with asking(application(engine, hosts={"127.0.0.1"}, open_to_this_machine=False, closed=asyncio.Event())) as found:
        yield found


def rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of team/a, by table."""
    found = {}
    with engine.store.database.raw() as connection:  # type: ignore[attr-defined]
        named = "select t.name from sqlite_master as t join pragma_table_info(t.name) as c "
        for (table,) in connection.execute(f"{named} where t.type = 'table' and c.name = 'namespace'").fetchall():
            read = connection.execute(f"select * from {table} where namespace = 'team/a'").fetchall()
            found[table] = [tuple(row) for row in read]
    return found


def ids(engine: Engine) -> list[str]:
    """Return the ids of what there is in team/a."""
    with engine.store.database.raw() as connection:  # type: ignore[attr-defined]
        found = []
        for table in ("memory", "run", "approval", "operation", "fix", "rule", "procedure", "improvement", "notice"):
            read = connection.execute(f"select id from {table} where namespace = 'team/a' order by id limit 3")
            found += [row[0] for row in read.fetchall()]
    return found


def body_of(verb: Verb, some: str) -> dict[str, Any]:
    """Return what a call might say that means a row of another's: its id wherever a text may stand."""
    said: dict[str, Any] = {}
    for field in fields(verb.takes):
        kind = str(field.type)
        if field.type is str or (not field.required and field.encode_name.endswith("_id")):
            said[field.encode_name] = some
        elif field.required:
            said[field.encode_name] = [some] if "list" in kind or "tuple" in kind else {} if "dict" in kind else 1
    return said


def by_key(engine: Engine) -> dict[str, str]:
    issued = Brain(engine, actor=MARTA).keys.issue("ops", namespace="team/b", role="admin", kind="service", proof=PROOF)
    return {"authorization": f"Bearer {issued.secret}"}


def by_sign_in(engine: Engine) -> dict[str, str]:
    """Sign an admin of team/b in, who showed just now who that is."""
    brain = Brain(engine, actor=MARTA)
    brain.people.add("jo", issuer="proxy", subject="jo", proof=PROOF)
    brain.people.grant("jo", "admin", "team/b", proof=PROOF)
    server = brain.people.trust_server(proof=PROOF)
    claims = Claims(issuer="proxy", subject="jo", at=engine.store.now())
    secret = inside(brain).services.sign_ins.by_server(SignInKind.OIDC, claims, server).secret
    return {"cookie": f"brainops={secret}", "x-csrf-token": csrf_of(secret)}


def by_narrowed_key(engine: Engine) -> dict[str, str]:
    return {**by_key(engine), "brainops-actor": "agent:none:ops"}


def by_narrowed_sign_in(engine: Engine) -> dict[str, str]:
    return {**by_sign_in(engine), "brainops-actor": "person:none:jo"}


@pytest.mark.parametrize("way", [by_key, by_sign_in, by_narrowed_key, by_narrowed_sign_in])
def test_no_verb_shows_or_changes_anything_of_another_namespace(engine: Engine, client: Asking, way: Any) -> None:
    headers, every, before = way(engine), ids(engine), rows(engine)
    theirs, unsaid = every[::2], (*every[1::2], *WORDS)  # what a call says may come back in its answer
    assert len(theirs) > 8 and sum(map(len, before.values())) > 100

    answered = 0
    for verb in verbs().values():
        for some in random.Random(verb.name).sample(theirs, TRIES):
            said = body_of(verb, some)
            answer = client.send("POST", f"/v1/{verb.name.replace('.', '/')}", json=said, headers=headers)

            assert not [each for each in unsaid if each in answer.text], (verb.name, said, answer.text)
            answered += answer.status_code == 200

    assert answered > 100
    inside(Brain(engine)).services.settle()
    after = rows(engine)
    assert {table: digest(after[table]) for table in after} == {table: digest(before[table]) for table in before}


def digest(read: list[tuple[Any, ...]]) -> str:
    return hashlib.sha256(json.dumps(read, default=str).encode()).hexdigest()


@pytest.mark.parametrize("way", [by_key, by_sign_in])
@pytest.mark.parametrize("header", ["brainops-namespace", "brainops-read"])
@pytest.mark.parametrize("namespace", ["team/a", "team", "team/b/x", "brainops-approvers", "*", "team/*", "../team/a"])
def test_no_header_leads_into_another_namespace(
    engine: Engine, client: Asking, way: Any, header: str, namespace: str
) -> None:
    asked = {**way(engine), header: namespace}

    for path in ("/v1/retrieve?query=gateway", "/v1/stream", "/v1/changes"):
        answer = client.get(path, headers=asked)
        assert (answer.status_code, answer.json()["type"]) == (403, "NamespaceDenied"), (path, answer.text)
    shown = client.get("/sign-in/who", headers=asked)
    assert shown.status_code == (401 if "authorization" in asked else 200) and "gateway" not in shown.text


@pytest.mark.parametrize("actor", ["service:none:ops", "agent:none:bot"])
def test_who_says_to_be_less_still_came_over_the_network(engine: Engine, client: Asking, actor: str) -> None:
    headers = {**by_key(engine), "brainops-actor": actor}
    Brain(engine, actor=MARTA).keys.issue("theirs", namespace="team/a", proof=PROOF)

    def ask(verb: str, **said: Any) -> Any:
        return client.send("POST", f"/v1/{verb}", json=said, headers=headers).json()

    forged = {"actor": {"kind": "person", "id": "marta", "proof": "terminal"}}
    memory = ask("capture", title="evil advice", source=forged)["id"]

    assert ask("get", memory_id=memory)["source"]["actor"] == dict(
        zip(("kind", "id", "proof"), [*actor.split(":none:"), "key"], strict=True)
    )
    assert ask("promote", memory_id=memory, namespace="team/a")["type"] == "NamespaceDenied"
    assert "theirs" not in str(ask("keys/list")) and "theirs" not in str(ask("keys/revoke", name="theirs").get("id"))
    assert Brain(engine, actor=MARTA).keys.list(limit=1)[0].revoked_at is None
    asked = ask("guard/ask", start={"name": "deploy api", "actor": forged["actor"]}, reason="now")
    assert asked["requested_by"]["proof"] == "key"


def test_who_is_signed_in_acts_as_nobody_else(engine: Engine, client: Asking) -> None:
    headers, said = by_sign_in(engine), {"start": {"name": "deploy api"}, "reason": "now"}

    for actor in ("agent:none:bot", "service:none:jo", "person:none:marta"):
        answer = client.send("POST", "/v1/guard/ask", json=said, headers={**headers, "brainops-actor": actor})
        assert answer.json()["type"] == "ApprovalUnproven", answer.text
    asked = client.send("POST", "/v1/guard/ask", json=said, headers={**headers, "brainops-actor": "person:none:jo"})
    told = {**headers, "brainops-digest": asked.json()["digest"]}
    granted = client.send("POST", "/v1/approvals/grant", json={"approval_id": asked.json()["id"]}, headers=told)

    assert asked.json()["requested_by"]["id"] == "jo" and "cannot approve it too" in granted.text, granted.text


def test_who_reads_a_namespace_ends_no_keys_and_no_sign_ins_of_it(engine: Engine, client: Asking) -> None:
    brain, headers = Brain(engine, actor=MARTA), by_sign_in(engine)
    brain.people.grant("jo", "reader", "team/a", proof=PROOF)
    brain.people.add("kim", proof=PROOF)
    for path in ("team/a", "team/b"):
        brain.people.grant("kim", "writer", path, proof=PROOF)
        brain.keys.issue(f"of-{path[-1]}", namespace=path, proof=PROOF)
    signs_in = inside(brain).services.sign_ins
    kim = signs_in.by_link(signs_in.link("kim"))

    def ask(verb: str, **said: Any) -> Any:
        told = {**headers, "brainops-namespace": "team/b", "brainops-read": "team/a"}
        return client.send("POST", f"/v1/{verb}", json=said, headers=told).json()

    assert [each["name"] for each in ask("keys/list")] == ["of-b"]
    assert ask("keys/revoke", name="of-a")["type"] == "NotFound"
    assert ask("people/sign_out", name="kim")["type"] == "NamespaceDenied"
    assert signs_in.known(kim.secret).person.name == "kim"
    brain.people.grant("jo", "admin", "team/*", proof=PROOF)
    assert ask("people/sign_out", name="kim") == 1
    assert [each["name"] for each in ask("keys/revoke", name="of-a")] == ["of-a"]


def test_what_the_whole_store_tells_is_read_by_who_approves_everywhere(engine: Engine, client: Asking) -> None:
    brain, headers = Brain(engine, actor=MARTA), by_sign_in(engine)
    brain.approvals.approvers.enrol("kim", role="approver", path="team/b", proof=PROOF)
    told = [each.id for each in brain.notices.pending() if each.namespace != "team/a"]
    assert told

    def ask() -> Any:
        return client.send("POST", "/v1/notices/acknowledge", json={"notice_ids": told}, headers=headers).json()

    assert ask() == 0
    brain.people.grant("jo", "approver", "*", proof=PROOF)
    assert ask() == len(told)
