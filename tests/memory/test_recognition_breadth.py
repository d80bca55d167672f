"""Do errors of many programs differ where somebody would act differently, and only there?"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from brainops import fingerprint, parse_error
from brainops_core.recognition.error_events import error_title

ASAN = "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x60200000eff0\n"

SAME = {
    "a duration in one form or another": (
        "lock on the ledger not had within 1m3.5s, given up",
        "lock on the ledger not had within 950ms, given up",
    ),
    "hours alone": ("the snapshot is 7h old", "the snapshot is 41m12s old"),
    "an id behind a word": (
        "[trace-0b7e1c6a-51f0-4c3c-9b9e-9a0d3f2f7c11] no route to the printer",
        "[trace-f2a7c9d0-03b1-4e55-8a77-0c1d2e3f4a5b] no route to the printer",
    ),
    "the port of a client": (
        "password refused for admin from 192.0.2.7 port 41112 ssh2",
        "password refused for admin from 192.0.2.9 port 2022 ssh2",
    ),
    "compose in front": ("worker-2  | OSError: disk is gone", "OSError: disk is gone"),
    "kubectl in front": ("[pod/mail-6c9f7d5b8-zx2qk/mail] OSError: disk is gone", "OSError: disk is gone"),
    "a runner in front": ("##[error]OSError: disk is gone", "OSError: disk is gone"),
    "the age of an event": (
        "4m31s  Warning  FailedMount  pod/mail-6c9f7d5b8-zx2qk  volume is not attached",
        "92s  Warning  FailedMount  pod/mail-6c9f7d5b8-t8w9m  volume is not attached",
    ),
    "the value of a duplicate key": (
        'E11000 duplicate key error collection: crm.people index: phone_1 dup key: { phone: "1" }',
        'E11000 duplicate key error collection: crm.people index: phone_1 dup key: { phone: "2" }',
    ),
    "the tag of an image": (
        'cannot pull "hub.example/mail:v2.0.1": unauthorized',
        'cannot pull "hub.example/mail:v2.1.0-rc1": unauthorized',
    ),
    "a stamp with a zone by name": (
        "[03-Feb-2026 11:12:13 America/New_York] PHP Warning:  Undefined variable $cart in /srv/app/Cart.php on line 4",
        "[04-Feb-2026 01:02:03 UTC] PHP Warning:  Undefined variable $cart in /srv/app/Cart.php on line 9",
    ),
    "a proxy of the runtime between two methods": (
        (
            "java.lang.IllegalStateException: no cart\n\tat shop.Cart.total(Cart.java:8)\n"
            "\tat shop.Cart$$EnhancerBySpringCGLIB$$ab12cd34.total(<generated>)\n\tat shop.Web.pay(Web.java:3)"
        ),
        (
            "java.lang.IllegalStateException: no cart\n\tat shop.Cart.total(Cart.java:8)\n"
            "\tat shop.Cart$$EnhancerBySpringCGLIB$$99887766.total(<generated>)\n\tat shop.Web.pay(Web.java:3)"
        ),
    ),
    "what was suppressed": (
        "java.io.IOException: no room\n\tat shop.Out.put(Out.java:3)",
        (
            "java.io.IOException: no room\n\tat shop.Out.put(Out.java:3)\n\tSuppressed: java.io.IOException: closed\n"
            "\t\tat shop.Out.shut(Out.java:9)"
        ),
    ),
    "an anonymous class counted otherwise": (
        "kotlin.KotlinNullPointerException\n\tat shop.Cart$load$1.invokeSuspend(Cart.kt:10)",
        "kotlin.KotlinNullPointerException\n\tat shop.Cart$load$4.invokeSuspend(Cart.kt:12)",
    ),
    "the same unit on another host": (
        "Mar 12 01:02:03 web-1 systemd[1]: mail.service: Failed with result 'signal'.",
        "Apr  1 11:12:13 web-7 systemd[1]: mail.service: Failed with result 'signal'.",
    ),
    "the same status after another time": ("PUT /carts/7 -> 503 in 12 ms", "PUT /carts/9 -> 503 in 504 ms"),
    "a row of PostgreSQL's CSV log and its plain line": (
        (
            '2026-03-01 10:00:00.1 UTC,"app","crm",7,"192.0.2.5:41000",65aa.1,3,"INSERT",2026-03-01 09:00:00 UTC,3/9,0,'
            'ERROR,23514,"new row for relation ""carts"" violates check constraint ""positive"""'
        ),
        '2026-03-02 10:00:00.1 UTC ERROR:  new row for relation "carts" violates check constraint "positive"',
    ),
    "what a program wrote to its other stream": (
        "ConnectionError: the mail gateway is gone\nbuilding",
        "building\nConnectionError: the mail gateway is gone",
    ),
    "another order number in a nested error": (
        '{"level":50,"msg":"job failed","err":{"type":"LockError","message":"cart 7 is locked"}}',
        '{"level":50,"msg":"job failed","err":{"type":"LockError","message":"cart 8 is locked"}}',
    ),
}

DIFFERENT = {
    "statuses of an access log": (
        '192.0.2.1 - - [01/Mar/2026:10:00:00 +0000] "POST /carts HTTP/1.1" 500 17 "-" "x"',
        '192.0.2.1 - - [01/Mar/2026:10:00:00 +0000] "POST /carts HTTP/1.1" 429 17 "-" "x"',
    ),
    "statuses behind an arrow": ("DELETE /carts/7 -> 409", "DELETE /carts/7 -> 403"),
    "statuses of a call": (
        "call of https://pay.example/charges failed: 402",
        "call of https://pay.example/charges failed: 500",
    ),
    "services by the port of an IPv6 address": (
        "dial tcp [::1]:6379: connect: connection refused",
        "dial tcp [::1]:5672: connect: connection refused",
    ),
    "services by a port without brackets": ("connect ECONNREFUSED ::1:27017", "connect ECONNREFUSED ::1:9200"),
    "fields of a model": (
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for Cart\nprice\n  Field required",
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for Cart\nowner\n  Field required",
    ),
    "causes below a line": (
        "Error: cannot open the queue\n\nCaused by:\n    permission denied (os error 13)",
        "Error: cannot open the queue\n\nCaused by:\n    too many open files (os error 24)",
    ),
    "points of a list": (
        'Error: release failed: 1 error occurred:\n\t* secret "tls" not found',
        'Error: release failed: 1 error occurred:\n\t* quota "cpu" exceeded',
    ),
    "frames of a sanitizer": (
        f"{ASAN}    #0 0x4a in Cart::sum() /s/a.cc:3:1",
        f"{ASAN}    #0 0x4a in Mail::send() /s/b.cc:3:1",
    ),
    "frames of Firefox": (
        "TypeError: t is null\nsum@https://a.example/c.js:1:2",
        "TypeError: t is null\nsend@https://a.example/m.js:1:2",
    ),
    "frames of Dart": (
        "Unhandled Exception: Bad state: No element\n#0      Cart.sum (package:shop/cart.dart:1:2)",
        "Unhandled Exception: Bad state: No element\n#0      Mail.send (package:shop/mail.dart:1:2)",
    ),
    "frames of Ruby": (
        "undefined method `x' for nil (NoMethodError)\n\tfrom /app/lib/cart.rb:3:in `sum'",
        "undefined method `x' for nil (NoMethodError)\n\tfrom /app/lib/mail.rb:3:in `send'",
    ),
    "frames of PHP": (
        "PHP Fatal error:  Uncaught TypeError: null given\n#0 /app/Cart.php(3): Cart->sum()\n#1 {main}",
        "PHP Fatal error:  Uncaught TypeError: null given\n#0 /app/Mail.php(3): Mail->send()\n#1 {main}",
    ),
    "frames of Elixir": (
        "** (MatchError) no match of right hand side value: nil\n    (shop 0.1.0) lib/cart.ex:3: Shop.Cart.sum/1",
        "** (MatchError) no match of right hand side value: nil\n    (shop 0.1.0) lib/mail.ex:3: Shop.Mail.send/1",
    ),
    "errors in a structured line": (
        '{"level":50,"msg":"job failed","err":{"type":"RangeError","message":"page is gone"}}',
        '{"level":50,"msg":"job failed","err":{"type":"TypeError","message":"cart is null"}}',
    ),
    "errors in fields with dots": (
        '{"message":"job failed","error.type":"IOException","error.message":"disk full"}',
        '{"message":"job failed","error.type":"SQLException","error.message":"deadlock"}',
    ),
    "errors in a list": (
        '{"event":"job failed","exception":[{"exc_type":"KeyError","exc_value":"price"}]}',
        '{"event":"job failed","exception":[{"exc_type":"KeyError","exc_value":"owner"}]}',
    ),
    "units": (
        "Mar 12 01:02:03 web-1 systemd[1]: mail.service: Start request repeated too quickly.",
        "Mar 12 01:02:03 web-1 systemd[1]: cart.service: Start request repeated too quickly.",
    ),
    "files": (
        "2026-03-12 01:02:03 ERROR mail.toml: cannot be parsed",
        "2026-03-12 01:02:03 ERROR cart.toml: cannot be parsed",
    ),
    "programs": ("Mar 12 01:02:03 web-1 postfix: queue is stuck", "Mar 12 01:02:03 web-1 squid: queue is stuck"),
    "what is wrong with an id": ("cart_id: missing", "cart_id: expired"),
    "long codes of a vendor": ("AADSTS700024: sign-in failed", "AADSTS700027: sign-in failed"),
    "results in hex": ("update ended: 0x80240034", "update ended: 0x8024402C"),
    "reasons": ("channel refused, Reason '2009'", "channel refused, Reason '2393'"),
    "replies of a mail server": ("said: 550 5.1.1 no", "said: 550 5.2.2 no"),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_one_cause_printed_twice_is_one_error(pair: tuple[str, str]) -> None:
    one, other = (fingerprint(parse_error(text)) for text in pair)

    assert one.digest == other.digest, f"{one.label!r}, {other.label!r}"


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_what_is_handled_otherwise_is_another_error(pair: tuple[str, str]) -> None:
    one, other = (fingerprint(parse_error(text)) for text in pair)

    assert one.digest != other.digest, one.label


@pytest.mark.parametrize("text", [text for pair in (*SAME.values(), *DIFFERENT.values()) for text in pair])
def test_a_title_that_is_pasted_back_is_the_same_error(text: str) -> None:
    event = replace(parse_error(text), frames=())  # a title does not say where it broke

    assert fingerprint(parse_error(error_title(event))).digest == fingerprint(event).digest
