"""Does redaction hold for every text: no secret left, twice is once, never an error, JSON stays JSON, linear time?"""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.redaction.redact import redact, redact_json
from brainops_core.redaction.injected import contains_injected, strip_injected, wrap_injected

ALL = RedactionPolicy(personal="hash", key=b"0123456789abcdef")
ANY_TEXT = st.text(st.characters(), max_size=200)  # lone surrogates and NUL included
PIECES = st.sampled_from(
    [
        "password", "PASSWORD", "api_key", "token", "secret", "=", ": ", ":", '"', "'", "`", "\\", "\\n", "\n", " ",
        "{", "}", "[", "]", "(", ")", ",", ";", "<", ">", "&", "$", "%", "--password ", "--token", "://", "@", "user",
        "Authorization: ", "Bearer ", "Basic ", "Cookie: ", "a=b; ", "<private>", "</private>", "[redacted:password]",
        "[redacted:", "hunter2", "abcdefgh12345678IJKL", "AKIA" + "A1B2C3D4E5F6G7H8", "ey" + "JhbGciOiJIUzI1NiJ9",
        ".ey" + "JzdWIiOiIxMjM0In0", "-----BEGIN " + "PRIVATE KEY-----", "-----END PRIVATE KEY-----", "bob@example.com",
        "10.1.2.3", "2001:db8::1", "+14155552671", "4111111111111111", "name", "value", "is ", "mysql -p", "curl -u a:",
        "\u0130", "\ud800", "\x00", "é", "is", "123456", "sk-" + "a1B2" * 6, "export ", "- ", "null",
    ]
)  # fmt: skip
TRICKY_TEXT = st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join)
SECRET = st.text("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789+/_-", min_size=18, max_size=60).map(
    "Zq7".__add__
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TRICKY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TRICKY_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(ANY_TEXT | TRICKY_TEXT)
@settings(max_examples=1500, deadline=None)
def test_redacting_any_text_twice_is_redacting_it_once(text: str) -> None:
    once = redact(text, ALL)

    again = redact(once.text, ALL)

    assert again.text == once.text
    assert again.findings == ()


@pytest.mark.parametrize(
    "form",
    [
        "password={}", "password: {}", 'password: "{}"', "{{'api_key': '{}'}}", '{{"token": "{}"}}', "--secret {} x",
        "export API_TOKEN={}", "postgres://u:{}@h/d", "Authorization: Bearer {}", "Authorization: Basic {}",
        "X-Auth-Token: {}", "Password={};Database=x", "<secret>{}</secret>", "DB_PASSWORD={}\nA=1", "curl -u bob:{} h",
        '{{\\"password\\": \\"{}\\"}}', "https://h/?access_token={}&a=b", "Cookie: session={}; a=b",
    ],
)  # fmt: skip
@given(secret=SECRET, before=TRICKY_TEXT)
@settings(max_examples=60, deadline=None)
def test_a_generated_secret_is_never_in_the_result(form: str, secret: str, before: str) -> None:
    result = redact(f"{before}\n{form.format(secret)}\nafter")

    assert secret not in result.text
    assert secret not in repr(result.findings)


@given(JSON_VALUES)
@settings(max_examples=500, deadline=None)
def test_redacted_json_is_json_and_redacted_once(value: object) -> None:
    once = redact_json(value, ALL).value  # type: ignore[arg-type]

    assert json.loads(json.dumps(once)) == once
    assert redact_json(once, ALL).value == once


@given(st.dictionaries(st.sampled_from(["password", "token", "user", "api_key", "note"]), st.text(max_size=30)))
@settings(max_examples=500, deadline=None)
def test_the_text_of_a_json_object_stays_readable_as_json(value: dict[str, str]) -> None:
    text = json.dumps({key: one.replace("<", "") for key, one in value.items()})

    assert json.loads(redact(text).text).keys() == value.keys()


@given(ANY_TEXT, st.text(max_size=20), ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_whatever_is_wrapped_is_recognised_and_stripped(text: str, id: str, around: str) -> None:
    wrapped = wrap_injected(text, id)

    assert contains_injected(around + wrapped)
    assert strip_injected(wrapped + "x") == "x"


HOSTILE = [
    "eyJ", "eyJa.eyJ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nAAAA", "a://", "://u:p", "@",
    "password=", "password: ", "token:", 'password="', "password='\\", "authorization: basic ", "cookie: a=",
    "cookie=a;", "mysql ", "curl -u a", "login x password ", "sk-", "<private>", "<private></private>",
    "<brainops-memory ", "1", "1.", "1-", "+1 ", "a.", "a@a.", "a:", "AA00 ", "KEY_",
    "a_key=", "--token ", "\\", "\0", "\ud800", "\u0130",
    "sig=", "SG.a",
]  # fmt: skip
CHARACTERS = 250_000
SECONDS = 10.0  # the slowest takes one to two; a quadratic pattern takes many minutes


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_text_takes_linear_time(piece: str) -> None:
    text = piece * (CHARACTERS // len(piece))
    started = time.process_time()

    redact(text, RedactionPolicy(personal="drop"))
    strip_injected(text)

    assert time.process_time() - started < SECONDS
