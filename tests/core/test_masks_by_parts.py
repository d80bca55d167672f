"""Do the forms that a text can hold mask it as all forms do?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops_core.recognition import masks
from tests.core.test_parity import ERRORS

PIECES = st.sampled_from(
    "error Errno errno= port :8080 user_id= orderId: 550e8400-e29b-41d4-a716-446655440000 10.0.0.7:5432 ::1 fe80::1:22 "
    "2026-11-30T20:00:00Z Nov 30 20:00 30/Nov/2026:20:00:00 20261130T200000 0x80070005 0xdeadbeef TLSv1.3 (1062, ' "
    "a@b.example https://x.example:443/a?b=c C:\\Temp\\x /tmp/tmpab12cd34 12ms 3.5 GB 40% redis:7.2.4 web-7:9000 "
    "[redacted:token] <id> Key (id)=(7) dup key: {a} HTTP/1.1 503 status 404 -> 502 250 2.1.0 exit code 137 "
    "00:1A:2B:3C:4D:5E Duplicate entry 'x' SQLSTATE[42P01] rc=1 got 500 tenant=7"
    " host1 \N{LATIN SMALL LETTER LONG S}tatus 5 \N{SUPERSCRIPT TWO}".split(" ")
)


@given(st.lists(PIECES | st.text(max_size=8), max_size=12).map(" ".join))
def test_what_a_text_can_hold_masks_it_as_every_form_does(text: str) -> None:
    whole = masks._WHOLE.sub(masks._masked, text)

    assert masks._scan(text) == whole


@pytest.fixture(autouse=True)
def no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "MOST_PARTS", 100_000)


def test_the_errors_of_other_tests_are_masked_alike() -> None:
    for text in ERRORS:
        assert masks._scan(text) == masks._WHOLE.sub(masks._masked, text)
