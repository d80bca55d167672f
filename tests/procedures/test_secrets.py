"""Where do secrets come from, and do they stay out of everything that is said?"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from brainops.errors import StepFailed
from brainops.procedures.steps.secret_refs import MAX_SECRET_BYTES, mask, resolve

SECRET = "hunter2/p@ss+\"w'rd\\=="
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7\n-----END KEY-----\n"


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", SECRET + "\n")

    assert resolve("env:API_TOKEN") == SECRET


def test_a_secret_comes_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text(f"{SECRET}\r\n", encoding="utf-8")

    assert resolve("file:~/token") == SECRET


def test_a_secret_comes_from_a_command() -> None:
    program = f"print({SECRET!r})"

    assert resolve("command:" + json.dumps([sys.executable, "-c", program])) == SECRET


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("env:NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE is not set"),
        ("env:SHORT", "fewer than 4 characters"),
        ("file:missing", "missing cannot be read: No such file"),
        ("file:folder", "is no plain file|Is a directory"),
        ("file:pipe", "is no plain file"),
        ("file:large", "more than 65,536 bytes"),
        ("file:binary", "no UTF-8 text"),
        ("vault:x", "env:NAME, file:PATH or command"),
        ("command:printf secret", "is written command:"),
        ('command:["false"]', "false gave nothing: exit status 1"),
        ('command:["no-such-program-here"]', "CommandNotStarted"),
    ],
)
def test_a_secret_that_is_not_there_says_where_it_should_be(
    reference: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHORT", "abc")
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("large").write_text("x" * (MAX_SECRET_BYTES + 1), encoding="utf-8")
    Path("binary").write_bytes(b"\xff\xfe\xfd\xfc\xfb")

    with pytest.raises(StepFailed, match=why) as failed:
        resolve(reference)

    assert failed.value.kind == "SecretUnavailable"


def test_what_a_failing_command_says_is_not_repeated() -> None:
    program = f"import sys; print({SECRET!r}); sys.exit({SECRET!r})"

    with pytest.raises(StepFailed) as failed:
        resolve("command:" + json.dumps([sys.executable, "-c", program]))

    assert "hunter2" not in str(failed.value)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        f"before{SECRET}after",
        json.dumps({"token": SECRET}),
        json.dumps(json.dumps({"token": SECRET})),
        repr(SECRET),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
        SECRET.replace("'", "'\\''"),
        f"{SECRET[:9]}\n{SECRET[9:]}",
        f"{SECRET[:4]}\r\n    {SECRET[4:]}",
    ],
)
def test_each_form_of_a_secret_is_taken_out(form: str) -> None:
    masked = mask(form, {"TOKEN": SECRET})

    assert "[secret TOKEN]" in masked
    for piece in ("hunter2", "p@ss", "p%40ss", "w'rd", SECRET.encode().hex()[4:20]):
        assert piece not in masked


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "someone:"])
@pytest.mark.parametrize("after", ["", "\n", "12", "more after it"])
def test_a_secret_inside_what_is_base64_encoded_is_taken_out(before: str, after: str) -> None:
    encoded = base64.b64encode(f"{before}{SECRET}{after}".encode()).decode()

    masked = mask(f"Authorization: Basic {encoded}", {"TOKEN": SECRET})

    assert "[secret TOKEN]" in masked
    for start in range(0, len(encoded) - 8, 4):
        assert b"ter2" not in base64.b64decode(encoded[start : start + 8]) or encoded[start : start + 8] not in masked


def test_base64_that_is_wrapped_is_taken_out() -> None:
    secret = "long-secret-" * 12
    wrapped = base64.encodebytes(secret.encode()).decode()

    assert mask(wrapped, {"KEY": secret}).strip() == "[secret KEY]"


def test_the_lines_of_a_key_are_taken_out_one_by_one() -> None:
    masked = mask(["log: AASCBKcwggSjAgEAAoIBAQC7", KEY, "}"], {"KEY": KEY.strip()})

    assert "AASCBK" not in json.dumps(masked)
    assert masked[2] == "}"


def test_keys_numbers_and_nested_values_are_looked_through() -> None:
    masked = mask({"1234567": [{"a": 1234567, "b": 1.5, "c": True, "d": None}]}, {"PIN": "1234567"})

    assert masked == {"[secret PIN]": [{"a": "[secret PIN]", "b": 1.5, "c": True, "d": None}]}


def test_nothing_else_is_changed() -> None:
    value = {"a": ["some text\nof lines", 1, None], "b": "[secret OTHER]"}

    assert mask(value, {"TOKEN": SECRET}) == value
    assert mask(value, {}) is value


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=4, max_size=40),
    before=st.text(max_size=10),
    after=st.text(max_size=10),
)
@example(secret="aaaa", before="aa", after="aaaaa")
def test_no_secret_survives_whatever_stands_around_it(secret: str, before: str, after: str) -> None:
    assume(secret not in "[secret NAME]")

    for text in (before + secret + after, before + json.dumps(secret) + after, before + quote(secret) + after):
        assert secret not in mask(text, {"NAME": secret})
