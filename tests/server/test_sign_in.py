"""Does who signs in get in as themselves, no further than their roles go, and nobody by what was forged or replayed?"""

from __future__ import annotations

import asyncio
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import oidc_provider_mock
import pytest
from authlib import jose
from oidc_provider_mock import User, _app
from werkzeug.serving import WSGIRequestHandler

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import InvalidConfiguration
from brainops.procedures.consent import approvers
from brainops.server.app import application
from brainops.server.door import THREADS, UNKNOWN
from brainops.server.oidc import Provider
from brainops.server.people import Ways, csrf_of, ways_of
from brainops.server.sign_in import inside
from brainops.types import Actor, ActorKind, Approval, OperationStart, TerminalProof
from brainops.types.people import PROVEN_SECONDS
from tests.server.asking import Asking, asking

URL = "http://127.0.0.1:8321"
PHRASE = "seven quiet herons at dusk"
INES = TerminalProof(approver="ines", passphrase=PHRASE)
BOT = Actor(kind=ActorKind.AGENT, id="bot", proof="key")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the provider for tests uses what authlib ends
JO = User(sub="jo-1", claims={"email": "jo@example.org", "email_verified": True, "groups": ["sre", "all"]})


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(
        tmp_path / "memory.db", namespace="team/a", read=["team/shared"], model="none", background=False
    ) as opened:
        yield opened


@pytest.fixture
def person(engine: Engine) -> Brain:
    """Somebody at a terminal of a memory that ines looks after."""
    brain = Brain(engine, actor=Actor(kind=ActorKind.PERSON, id="ines", proof="os-user"))
    brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
    return brain


class Browser:
    """What keeps cookies, follows redirects of this server, and sends the forms that it is shown."""

    def __init__(self, client: Asking) -> None:
        self.client = client
        self.cookies: dict[str, str] = {}
        self.policy = ""

    def get(self, path: str, **headers: str) -> httpx2.Response:
        said = {"sec-fetch-site": "same-origin", **self._cookie(), **headers}
        answer = self._kept(self.client.get(path, headers=said))
        self.policy = answer.headers["referrer-policy"]
        return answer

    def form(self, path: str, *, headers: dict[str, str] | None = None, **fields: str) -> httpx2.Response:
        origin = "null" if self.policy == "no-referrer" else URL  # Fetch, "append a request `Origin` header"
        kind = {"content-type": "application/x-www-form-urlencoded", "origin": origin, "sec-fetch-site": "same-origin"}
        body = urlencode(fields).encode()
        return self._kept(
            self.client.send("POST", path, content=body, headers={**self._cookie(), **kind, **(headers or {})})
        )

    def call(self, verb: str, *, csrf: str | None = None, headers: dict[str, str] | None = None, **body: Any) -> Any:
        """Call a verb as a page does, and return the answer or the problem."""
        told = {"x-csrf-token": csrf if csrf is not None else csrf_of(self.cookies.get("brainops", ""))}
        told |= {"origin": URL, "sec-fetch-site": "same-origin"}
        return self.client.send(
            "POST", f"/v1/{verb}", json=body, headers={**self._cookie(), **told, **(headers or {})}
        ).json()

    def who(self, **headers: str) -> Any:
        return self.get("/sign-in/who", **headers).json()

    def _cookie(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def _kept(self, answer: httpx2.Response) -> httpx2.Response:
        for said in answer.headers.get_list("set-cookie"):
            name, _, rest = said.partition("=")
            value = rest.partition(";")[0].strip('"')
            assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(said.split("; ")), said
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer


Serve = Callable[..., Browser]


@pytest.fixture
def serve(engine: Engine) -> Iterator[Serve]:
    """Serve the memory, with ways to sign in; returns a browser of it."""
    with ExitStack() as opened:

        def one(ways: Ways | None = None, *, keyed: bool = True) -> Browser:
            hosts = {"127.0.0.1"}
            app = application(engine, hosts=hosts, open_to_this_machine=not keyed, closed=asyncio.Event(), ways=ways)
            return Browser(opened.enter_context(asking(app)))

        yield one


@contextmanager
def provider_of(*users: User) -> Iterator[Provider]:
    with oidc_provider_mock.run_server_in_thread(user_claims=users) as server:
        yield Provider(issuer=f"http://localhost:{server.server_port}", client_id="brainops", client_secret="s3cret")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    quiet = pytest.MonkeyPatch()
    quiet.setattr(WSGIRequestHandler, "log_request", lambda *_: None)
    with provider_of(JO) as found:
        yield found
    quiet.undo()


@pytest.fixture
def team(serve: Serve, person: Brain, provider: Provider) -> Browser:
    """A browser of a server that a provider signs people in at."""
    return serve(Ways(url=URL, secret=person.people.trust_server(proof=INES), provider=provider))


def at_provider(browser: Browser, sub: str = "jo-1", to: str = "/sign-in", again: str = "") -> str:
    """Go to the provider, sign in there, and return the address that it sends the browser back to."""
    there = browser.get(f"/sign-in/oidc?next={to}&again={again}").headers["location"]
    said = parse_qs(urlsplit(there).query)
    assert ("prompt" in said, "max_age" in said) == (bool(again), bool(again))
    assert (said["code_challenge_method"], said["response_type"]) == (["S256"], ["code"])
    answer = httpx2.post(there, data={"sub": sub}, follow_redirects=False, trust_env=False)
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == URL
    return f"{back.path}?{back.query}"


def asked(person: Brain, by: Actor = BOT) -> Approval:
    return person.guard.ask(OperationStart(name="deploy api", actor=by))


# By a link, on one's own machine


def test_a_link_signs_one_browser_in_once_by_a_form_and_never_by_a_mere_look(serve: Serve, person: Brain) -> None:
    mine, other = serve(keyed=False), serve(keyed=False)
    link = person.people.link("marta", URL).removeprefix(URL)

    shown = mine.get(link)
    assert mine.cookies == {} and "<form" in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    secret = parse_qs(urlsplit(link).query)["link"][0]
    assert mine.form("/sign-in/link", link=secret, next="/sign-in").status_code == 303
    replayed = other.form("/sign-in/link", link=secret)

    assert (mine.who()["name"], mine.who()["role"]) == ("marta", "admin")
    assert replayed.status_code == 403 and other.cookies == {}
    captured = mine.call("capture", title="Redis runs out of memory")
    assert person.get(captured["id"]).source.actor == Actor(kind=ActorKind.PERSON, id="marta", proof="sign-in:link")


def test_a_link_of_somebody_whose_roles_are_said_gives_these_and_no_more(serve: Serve, person: Brain) -> None:
    person.people.add("jo", proof=INES)
    person.people.grant("jo", "reader", "team/a", proof=INES)
    browser = serve(keyed=False)
    link = parse_qs(urlsplit(person.people.link("jo", URL)).query)["link"][0]
    browser.form("/sign-in/link", link=link, next="/sign-in")

    assert (browser.who()["name"], browser.who()["role"]) == ("jo", "reader")


def test_who_came_by_a_link_approves_only_by_a_passphrase_of_their_own(serve: Serve, person: Brain) -> None:
    browser, question = serve(keyed=False), asked(person)
    link = parse_qs(urlsplit(person.people.link("ines", URL)).query)["link"][0]
    browser.form("/sign-in/link", link=link)
    seen = {"brainops-digest": question.digest}

    refused = browser.call("approvals/grant", approval_id=question.id, headers=seen)
    wrong = browser.form("/sign-in/prove", csrf=browser.who()["csrf"], secret="not the phrase at all")
    without = browser.form("/sign-in/prove", secret=PHRASE)
    right = browser.form("/sign-in/prove", csrf=browser.who()["csrf"], secret=PHRASE)
    unseen = browser.call("approvals/grant", approval_id=question.id)
    granted = browser.call("approvals/grant", approval_id=question.id, headers=seen)

    assert refused["type"] == "ApprovalUnproven" and "too long ago" in refused["detail"]
    assert (wrong.status_code, without.status_code, right.status_code) == (403, 403, 303)
    assert unseen["type"] == "ApprovalUnproven" and "look at the approval again" in unseen["detail"]
    assert (granted["state"], granted["decided_by"]["proof"]) == ("granted", "sign-in:link")


def test_who_signed_in_at_one_server_is_known_at_the_other_and_signed_out_at_both(
    serve: Serve, person: Brain, tmp_path: Path
) -> None:
    one, link = serve(keyed=False), parse_qs(urlsplit(person.people.link("marta", URL)).query)["link"][0]
    with (
        Engine.open(tmp_path / "memory.db", namespace="team/a", read=[], model="none", background=False) as engine,
        asking(application(engine, hosts={"127.0.0.1"}, open_to_this_machine=True, closed=asyncio.Event())) as client,
    ):
        other = Browser(client)

        other.form("/sign-in/link", link=link)
        one.cookies = dict(other.cookies)
        known = one.who()
        one.form("/sign-in/out", csrf=known["csrf"])

        assert known["name"] == "marta"
        assert other.who()["type"] == "SignedOut"


# By a provider


def test_who_signed_in_at_the_provider_is_that_person_with_the_roles_of_their_groups(
    team: Browser, person: Brain, signed_in_at: SignedInAt
) -> None:
    person.people.add("jo", email="jo@example.org", proof=INES)
    person.people.grant("group:sre", "approver", "team/*", proof=INES)
    question = asked(person)
    signed_in_at(time.time() - 60)

    done = team.get(at_provider(team, to="/sign-in/who"))

    assert (done.status_code, done.headers["location"]) == (303, "/sign-in/who")
    assert list(team.cookies) == ["brainops"]
    who = team.who()
    assert (who["name"], who["role"], who["namespace"], who["sign_in"]["kind"]) == ("jo", "approver", "team/a", "oidc")
    granted = team.call("approvals/grant", approval_id=question.id, headers={"brainops-digest": question.digest})
    assert granted["decided_by"] == {"kind": "person", "id": "jo", "proof": "sign-in:oidc"}
    assert team.call("guard/set_enforcement", enforcement="strict")["type"] == "RoleDenied"
    out = team.form("/sign-in/out", csrf=who["csrf"])
    assert (out.status_code, team.cookies) == (303, {})


SignedInAt = Callable[[float | None], None]


@pytest.fixture
def signed_in_at(monkeypatch: pytest.MonkeyPatch) -> SignedInAt:
    """Let the provider say when somebody signed in there, or not."""
    told = _app.OpenIDCode.generate_user_info

    def say(at: float | None) -> None:
        said = {"auth_time": None if at is None else int(at)}
        monkeypatch.setattr(_app.OpenIDCode, "generate_user_info", lambda *of: {**told(*of), **said})

    return say


@pytest.mark.parametrize("ago", [None, PROVEN_SECONDS + 120], ids=["not said", "long ago"])
def test_a_new_token_of_an_old_sign_in_at_the_provider_proves_nobody_to_be_there(
    team: Browser, person: Brain, signed_in_at: SignedInAt, ago: float | None
) -> None:
    person.people.grant("group:sre", "approver", "team/*", proof=INES)
    question = asked(person)
    seen = {"brainops-digest": question.digest}
    signed_in_at(None if ago is None else time.time() - ago)

    team.get(at_provider(team))
    refused = team.call("approvals/grant", approval_id=question.id, headers=seen)
    again = team.get(at_provider(team, again="1"))
    signed_in_at(time.time())
    assert team.get(at_provider(team, again="1")).status_code == 303

    assert (refused["type"], again.status_code) == ("ApprovalUnproven", 403) and "passphrase" in again.json()["detail"]
    granted = team.call("approvals/grant", approval_id=question.id, headers=seen)
    assert granted.get("state") == "granted", granted


@pytest.mark.parametrize("wrong", ["state", "browser", "twice", "code", "issuer"])
def test_what_comes_back_from_elsewhere_than_this_browser_began_signs_nobody_in(
    team: Browser, serve: Serve, wrong: str
) -> None:
    back = at_provider(team)
    match wrong:
        case "state":
            back = re.sub("state=[^&]+", f"state={secrets.token_urlsafe(32)}", back)
        case "browser":
            team.cookies.clear()
        case "twice":
            kept = dict(team.cookies)
            assert team.get(back).status_code == 303
            team.cookies = kept
        case "code":
            back = re.sub("code=[^&]+", "code=another", back)
        case _:
            back += "&iss=https://other.example"

    answer = team.get(back)

    assert answer.status_code == 403 and "brainops" not in team.cookies
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "said",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"aud": ["brainops", "another"], "azp": "another"},
        {"iss": "https://other.example"},
        {"exp": 1_000_000},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
    ],
    ids=["nonce", "audience", "party", "issuer", "expired", "too early", "not yet"],
)
def test_an_id_token_that_is_not_of_this_sign_in_here_and_now_signs_nobody_in(
    team: Browser, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    told = _app.OpenIDCode.generate_user_info
    monkeypatch.setattr(_app.OpenIDCode, "generate_user_info", lambda *of: {**told(*of), **said})

    answer = team.get(at_provider(team))

    assert (answer.status_code, answer.json()["type"]) == (403, "ApprovalUnproven")
    assert "brainops" not in team.cookies and "s3cret" not in answer.text


def test_clocks_may_differ_by_a_little(team: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    told, now = _app.OpenIDCode.generate_user_info, int(time.time())
    monkeypatch.setattr(
        _app.OpenIDCode, "generate_user_info", lambda *of: {**told(*of), "iat": now + 30, "exp": now - 30}
    )

    assert team.get(at_provider(team)).status_code == 303


@pytest.mark.parametrize("published", [True, False])
def test_a_key_that_was_changed_at_the_provider_is_known_and_another_is_not(
    team: Browser, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    assert team.get(at_provider(team)).status_code == 303
    team.cookies.clear()
    made = _app.OpenIDCode.get_jwt_config

    def signed_by_a_new_one(*of: Any) -> Any:
        key = jose.RSAKey.generate_key(is_private=True)
        if published:
            _app.storage.jwk = key
        return {**made(*of), "key": key.as_dict(is_private=True)}

    monkeypatch.setattr(_app.OpenIDCode, "get_jwt_config", signed_by_a_new_one)

    assert team.get(at_provider(team)).status_code == (303 if published else 403)


def test_an_address_that_is_not_verified_makes_nobody_the_person_of_that_address(
    team: Browser, person: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.people.add("boss", email="boss@example.org", proof=INES)
    person.people.grant("boss", "admin", "*", proof=INES)
    told = _app.OpenIDCode.generate_user_info
    claims = {"email": "boss@example.org", "email_verified": False, "preferred_username": "boss"}
    monkeypatch.setattr(_app.OpenIDCode, "generate_user_info", lambda *of: {**told(*of), **claims})

    team.get(at_provider(team, sub="eve"))

    who = team.who()
    assert who["name"].startswith("eve-") and who["role"] is None and who["roles"] == []
    assert team.call("retrieve", query="x")["type"] == "NamespaceDenied"


def test_a_provider_that_is_away_is_said_to_be(serve: Serve, person: Brain) -> None:
    away = Provider(issuer="http://localhost:9", client_id="brainops")
    browser = serve(Ways(url=URL, secret=person.people.trust_server(proof=INES), provider=away))

    answer = browser.get("/sign-in/oidc")

    assert (answer.status_code, answer.json()["type"]) == (502, "ProviderUnavailable")
    with pytest.raises(InvalidConfiguration, match="over https"):
        Provider(issuer="http://id.example", client_id="brainops")


class Slow:
    """A provider that answers nobody until the test lets it."""

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Semaphore(0), threading.Event()

    def address(self, *_: Any, **__: Any) -> str:
        self.asked.release()
        assert self.let_go.wait(30)
        return "https://id.example/"


def test_a_provider_that_hangs_keeps_only_those_waiting_who_sign_in(engine: Engine, person: Brain) -> None:
    slow, key = Slow(), {"authorization": f"Bearer {person.keys.issue('bot', proof=INES).secret}"}
    ways = Ways(url=URL, secret="s", provider=slow)  # type: ignore[arg-type]
    app: Any = application(engine, hosts={"127.0.0.1"}, open_to_this_machine=False, closed=asyncio.Event(), ways=ways)

    async def seen() -> tuple[int, list[int]]:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=URL, timeout=30) as client:
            waiting = [asyncio.create_task(client.get("/sign-in/oidc")) for _ in range(UNKNOWN + 2)]
            for _ in range(THREADS):
                assert await asyncio.to_thread(slow.asked.acquire, timeout=30)
            asked = await client.post("/v1/retrieve", json={"query": "x"}, headers=key)
            slow.let_go.set()
            return asked.status_code, [answer.status_code for answer in await asyncio.gather(*waiting)]

    status, signing = asyncio.run(asyncio.wait_for(seen(), 60))

    assert status == 200
    assert (signing.count(303), signing.count(503)) == (UNKNOWN, 2)


# By a proxy


@pytest.fixture
def proxied(serve: Serve, person: Brain) -> Callable[[str], Browser]:
    """A browser of a server behind a proxy at an address; the test's own requests come from 127.0.0.1."""
    person.people.add("jo", issuer="proxy", subject="jo", proof=INES)
    person.people.grant("jo", "writer", "team/a", proof=INES)
    secret = person.people.trust_server(proof=INES)

    return lambda address: serve(ways_of(URL, secret, None, ("X-Forwarded-User", "X-Groups", (address,))))


def test_a_header_says_who_somebody_is_only_from_the_proxy_that_is_named(
    proxied: Callable[[str], Browser], person: Brain
) -> None:
    person.people.grant("group:sre", "approver", "team/shared", proof=INES)
    trusted, elsewhere = proxied("127.0.0.0/8"), proxied("10.0.0.0/8")
    said = {"x-forwarded-user": "jo", "x-groups": "sre, all"}

    assert elsewhere.get("/sign-in", **said).status_code == 200 and elsewhere.cookies == {}
    assert trusted.get("/sign-in", **said).status_code == 303

    assert trusted.who(**said)["role"] == "writer"
    assert trusted.who(**said, **{"brainops-namespace": "team/shared"})["role"] == "approver"
    for other in ({}, {"x-forwarded-user": "ines"}):
        assert trusted.get("/sign-in/who", **other).json()["type"] == "SignedOut"


# What was forged, and where nobody goes


def test_a_cookie_that_was_forged_or_ended_opens_nothing(team: Browser, person: Brain) -> None:
    team.get(at_provider(team))
    mine = team.cookies["brainops"]

    for forged in (f"{mine[:-1]}{'A' if mine[-1] != 'A' else 'B'}", "boi_x", "", mine.upper(), 'a"b', mine + "; x"):
        answer = team.client.get("/sign-in/who", headers={"cookie": f"brainops={forged}"})
        assert answer.status_code == 401 or forged.startswith(mine), forged
    person.people.remove(team.who()["name"], proof=INES)

    assert team.who()["type"] == "SignedOut"
    assert team.call("retrieve", query="x")["type"] == "SignedOut"


@pytest.mark.parametrize("others", ['prefs={"a": 1}; {}', '{}; prefs={"a": 1}', "a[b]=1; {}", "brainops=; x; {};"])
def test_what_else_sets_cookies_at_this_host_signs_nobody_out(serve: Serve, person: Brain, others: str) -> None:
    browser = serve(keyed=False)
    link = parse_qs(urlsplit(person.people.link("marta", URL)).query)["link"][0]
    browser.form("/sign-in/link", link=link)
    cookie = others.replace("{}", f"brainops={browser.cookies['brainops']}")

    assert browser.client.get("/sign-in/who", headers={"cookie": cookie}).json()["name"] == "marta"


def test_an_act_with_a_cookie_comes_from_a_page_of_ours(serve: Serve, person: Brain) -> None:
    browser = serve(keyed=False)
    link = parse_qs(urlsplit(person.people.link("marta", URL)).query)["link"][0]
    browser.form("/sign-in/link", link=link)
    other = csrf_of("boi_another")

    for said in ("", other):
        assert browser.call("capture", title="x", csrf=said)["type"] == "CsrfDenied"
        assert browser.form("/sign-in/out", csrf=said).status_code == 403
    elsewhere = {"origin": "https://evil.example"}
    assert browser.form("/sign-in/out", csrf=browser.who()["csrf"], headers=elsewhere).status_code == 403
    assert browser.get("/v1/retrieve?query=x", **{"sec-fetch-site": "cross-site"}).status_code == 403
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert browser.get("/v1/whoami", **followed).status_code == 403
    assert browser.get("/sign-in", **followed).status_code == 200
    assert person.retrieve() == [] and browser.who()["name"] == "marta"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/a\\b",
        "/\r\nset-cookie: x=y",
        "javascript:x",
        "/\t/x",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(path: str, serve: Serve, person: Brain) -> None:
    browser = serve(keyed=False)
    link = parse_qs(urlsplit(person.people.link("marta", URL)).query)["link"][0]

    assert browser.form("/sign-in/link", link=link, next=path).headers["location"] == "/"
    assert inside("/runs?state=waiting&limit=3") == "/runs?state=waiting&limit=3"


def test_a_link_that_is_not_good_is_answered_by_a_page_to_a_browser_and_by_a_problem_to_a_program(
    serve: Serve,
) -> None:
    browser = serve(keyed=False)

    page = browser.form("/sign-in/link", headers={"accept": "text/html,*/*"}, link="bol_never")
    told = browser.form("/sign-in/link", link="bol_never")

    assert (page.status_code, told.status_code) == (403, 403)
    assert page.headers["content-type"].startswith("text/html") and 'href="/sign-in"' in page.text
    assert told.json()["type"] == "ApprovalUnproven"


def test_what_is_said_on_a_page_is_text(serve: Serve) -> None:
    shown = serve(keyed=False).get("/sign-in?link=%22%3E%3Cscript%3Ex%3C/script%3E&next=/%22%3E%3Cscript%3E")

    assert "<script" not in shown.text and "&lt;script&gt;" in shown.text


def test_over_tls_the_cookie_is_of_this_host_alone(serve: Serve, person: Brain, provider: Provider) -> None:
    secret = person.people.trust_server(proof=INES)
    browser = serve(ways_of("https://memory.example.org", secret, provider, None))

    said = browser.get("/sign-in/oidc").headers["set-cookie"]

    assert said.startswith("__Host-brainops-flow=") and "; Secure" in said and "Domain" not in said
    plain = browser.client.get("/sign-in/who", headers={"cookie": "brainops=boi_x"})
    assert plain.json()["type"] == "SignedOut"


def test_a_server_begins_with_no_way_by_which_others_say_who_somebody_is(provider: Provider) -> None:
    for url, secret, by, proxy, told in (
        ("http://memory.example.org", "bov_x", provider, None, "over https"),
        ("https://memory.example.org", "", provider, None, "trust-server"),
        ("https://memory.example.org", "bov_x", None, ("x-user", "", ()), "--proxy-from"),
        ("https://memory.example.org", "bov_x", None, ("x-user", "", ("anywhere",)), "address or network"),
    ):
        with pytest.raises(InvalidConfiguration, match=told):
            ways_of(url, secret, by, proxy)


# What is the machine's


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("command", {"argv": ["/bin/true"]}),
        ("webhook", {"url": "file:/etc/passwd"}),
        ("webhook", {"url": "https://elsewhere.example/", "secret": "env:BRAINOPS_SIGN_IN_SECRET"}),
        ("webhook", {"url": "http://10.0.0.1/", "private": ["10.0.0.1"]}),
        ("email", {"host": "m.example", "from": "a@b.c", "to": "a@b.c", "username": "a", "password": "env:X"}),
    ],
)
def test_who_looks_after_one_namespace_has_no_say_over_the_machine_and_who_looks_after_all_has(
    proxied: Callable[[str], Browser], person: Brain, kind: str, settings: dict[str, Any]
) -> None:
    person.people.add("ann", issuer="proxy", subject="ann", proof=INES)
    person.people.grant("ann", "admin", "*", proof=INES)
    person.people.grant("jo", "admin", "team/a", proof=INES)

    def add(who: str, name: str, kind: str, settings: dict[str, Any]) -> Any:
        browser, said = proxied("127.0.0.0/8"), {"x-forwarded-user": who}
        browser.get("/sign-in", **said)
        return browser.call("notices/add_channel", headers=said, name=name, kind=kind, settings=settings)

    refused = add("jo", "x", kind, settings)
    plain = add("jo", "y", "webhook", {"url": "https://chat.example/hook"})

    assert (refused["status"], refused["type"]) == (403, "RoleDenied") and "(*)" in refused["detail"]
    assert plain["name"] == "y"
    assert add("ann", "x", kind, settings)["kind"] == kind


def test_an_admin_of_all_by_way_of_a_group_sees_all_people_and_keys(
    team: Browser, person: Brain, signed_in_at: SignedInAt
) -> None:
    person.people.add("ann", proof=INES)
    person.people.grant("ann", "reader", "elsewhere", proof=INES)
    person.keys.issue("theirs", namespace="elsewhere", proof=INES)
    person.people.grant("group:sre", "reader", "team/*", proof=INES)
    signed_in_at(time.time() - 60)
    team.get(at_provider(team))

    assert team.call("people/list")["type"] == "RoleDenied"
    assert [each["name"] for each in team.call("people/namespaces")] == ["team/a", "team/shared"]
    person.people.grant("group:sre", "admin", "*", proof=INES)
    assert {"ann", "ines"} <= {each["name"] for each in team.call("people/list")}
    assert "theirs" in {each["name"] for each in team.call("keys/list")}


def test_who_has_a_role_below_a_path_alone_is_asked_at_its_root_and_hears_what_lies_below(
    proxied: Callable[[str], Browser], person: Brain
) -> None:
    browser, said = proxied("127.0.0.0/8"), {"x-forwarded-user": "jo"}
    person.people.withdraw("jo", "writer", "team/a", proof=INES)
    person.people.grant("jo", "writer", "team2/*", proof=INES)
    browser.get("/sign-in", **said)
    below = {**said, "brainops-namespace": "team2/x"}
    browser.call("capture", headers=below, title="first of its namespace")

    found = browser.call("people/namespaces", headers=said)

    assert [(each["name"], each["role"]) for each in found] == [("team2", "writer"), ("team2/x", "writer")]
    narrowed = browser.call("people/namespaces", headers={**below, "brainops-read": "team2/x"})
    assert [each["name"] for each in narrowed] == ["team2/x"]


# Who approves nothing


def test_no_key_and_nobody_who_asked_approves(team: Browser, person: Brain, signed_in_at: SignedInAt) -> None:
    person.people.add("jo", email="jo@example.org", proof=INES)
    person.people.grant("jo", "admin", "*", proof=INES)
    signed_in_at(time.time())
    team.get(at_provider(team))
    mine = team.call("guard/ask", start={"name": "deploy api", "actor": {"kind": "agent", "id": "bot"}})
    agent = person.keys.issue("bot", proof=INES).secret
    admin = person.keys.issue("ops", role="admin", kind="service", proof=INES).secret
    seen = {"brainops-digest": mine["digest"]}

    refused = team.call("approvals/grant", approval_id=mine["id"], headers=seen)
    by_keys = [
        team.client.refused("approvals/grant", approval_id=mine["id"], key=key, headers={**seen, **more})
        for key in (agent, admin)
        for more in ({}, {"cookie": f"brainops={team.cookies['brainops']}"})
    ]

    assert mine["requested_by"]["id"] == "jo"
    assert refused["type"] == "ApprovalUnproven" and "asked for this" in refused["detail"]
    assert {each["status"] for each in by_keys} == {403}
    assert person.approvals.get(mine["id"]).state.value == "pending"
