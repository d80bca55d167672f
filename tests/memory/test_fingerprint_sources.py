"""Is the error read rightly out of exceptions, stack traces, commands, logs and alerts?"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable

import pytest

from brainops.memory.recognition.error_events import EXCEPTION_FRAMES, from_exception, parse_error
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.types import ErrorEvent, Frame
from brainops_core.recognition.error_events import MESSAGE_CHARACTERS

PYTHON = """\
2026-01-02 10:00:00 ERROR oops
Traceback (most recent call last):
  File "/app/shop/db.py", line 3, in get
    return rows[key]
           ~~~~^^^^^
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop/main.py", line 12, in <module>
    run()
  File "/usr/lib/python3.11/json/decoder.py", line 5, in decode
    x
shop.errors.LoadError: could not load
the second line
2026-01-02 10:00:01 INFO next"""
JAVA = """\
2026-01-02 10:00:00.123 ERROR 812 --- [main] c.a.App : failed
java.lang.IllegalStateException: Order 17 is closed
\tat com.acme.shop.OrderService.place(OrderService.java:42)
\tat org.springframework.aop.X.invoke(X.java:1)
\tat java.base/java.lang.Thread.run(Thread.java:833)
Caused by: java.sql.SQLException: Connection refused
\tat com.mysql.Driver.connect(Driver.java:5)
\t... 12 more"""
NODE = """\
/app/src/a.js:3
    throw new TypeError("x");
    ^

TypeError: Cannot read properties of undefined (reading 'id')
    at OrderService.place (/app/src/orders.js:10:5)
    at async /app/src/index.js:4:3
    at Module._compile (node:internal/modules/cjs/loader:1105:14) {
  [cause]: Error: connect ECONNREFUSED 127.0.0.1:5432
}"""
DOTNET = """\
Unhandled exception. System.NullReferenceException: Object reference not set.
   at Shop.Orders.Place(String id) in /src/Orders.cs:line 12
   at System.Threading.Tasks.Task.Execute()"""
GO = """\
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1]

goroutine 1 [running]:
main.(*Store).get(0xc000010000, 0x1)
\t/app/store.go:12 +0x1d
net/http.HandlerFunc.ServeHTTP(0x1)
\t/usr/local/go/src/net/http/server.go:2136 +0x29
main.main()
\t/app/main.go:5 +0x2f
exit status 2"""
RUST = """\
thread 'main' (812) panicked at src/store.rs:4:5:
called `Option::unwrap()` on a `None` value
stack backtrace:
   0: rust_begin_unwind
             at /rustc/abc/library/std/src/panicking.rs:645:5
   1: core::panicking::panic_fmt
   2: shop::store::get::h0123456789abcdef
             at ./src/store.rs:4:5"""
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/app/x.py", line 3, in <module>
  |     raise ExceptionGroup("many", [ValueError("bad")])
  | ExceptionGroup: many (1 sub-exception)
  +-+---------------- 1 ----------------
    | ValueError: bad
    +------------------------------------"""

TRACES: dict[str, tuple[str, ErrorEvent]] = {
    "python": (
        PYTHON,
        ErrorEvent(
            type="shop.errors.LoadError",
            message="could not load\nthe second line (caused by KeyError: 'x')",
            frames=(
                Frame(module="/app/shop/main.py", function="<module>"),
                Frame(module="/usr/lib/python3.11/json/decoder.py", function="decode", in_app=False),
            ),
        ),
    ),
    "java": (
        JAVA,
        ErrorEvent(
            type="java.lang.IllegalStateException",
            message="Order 17 is closed (caused by java.sql.SQLException: Connection refused)",
            frames=(
                Frame(module="java.lang.Thread", function="run", in_app=False),
                Frame(module="org.springframework.aop.X", function="invoke", in_app=False),
                Frame(module="com.acme.shop.OrderService", function="place"),
            ),
        ),
    ),
    "node": (
        NODE,
        ErrorEvent(
            type="TypeError",
            message="Cannot read properties of undefined (reading 'id')"
            " (caused by Error: connect ECONNREFUSED 127.0.0.1:5432)",
            frames=(
                Frame(module="/app/src/index.js", function="<anonymous>"),
                Frame(module="/app/src/orders.js", function="OrderService.place"),
            ),
        ),
    ),
    "dotnet": (
        DOTNET,
        ErrorEvent(
            type="System.NullReferenceException",
            message="Object reference not set.",
            frames=(
                Frame(module="System.Threading.Tasks.Task", function="Execute", in_app=False),
                Frame(module="Shop.Orders", function="Place"),
            ),
        ),
    ),
    "go": (
        GO,
        ErrorEvent(
            type="panic",
            message="runtime error: invalid memory address or nil pointer dereference",
            frames=(
                Frame(module="/app/main.go", function="main.main"),
                Frame(
                    module="/usr/local/go/src/net/http/server.go",
                    function="net/http.HandlerFunc.ServeHTTP",
                    in_app=False,
                ),
                Frame(module="/app/store.go", function="main.(*Store).get"),
            ),
        ),
    ),
    "rust": (
        RUST,
        ErrorEvent(
            type="panic",
            message="called `Option::unwrap()` on a `None` value",
            frames=(Frame(module="shop::store", function="get"), Frame(module="src/store.rs", function="panic")),
        ),
    ),
    "group": (
        GROUP,
        ErrorEvent(
            type="ExceptionGroup",
            message="many (1 sub-exception) (caused by ValueError: bad)",
            frames=(Frame(module="/app/x.py", function="<module>"),),
        ),
    ),
}


@pytest.mark.parametrize("language", TRACES)
def test_a_stack_trace_gives_type_message_root_cause_and_frames(language: str) -> None:
    text, expected = TRACES[language]

    event = parse_error(text)

    # A frame that the trace prints beyond those named here would be a mistake, so all of them are compared.
    frames = tuple(frame for frame in event.frames if not frame.module.startswith("node:"))
    assert ErrorEvent(type=event.type, message=event.message, frames=frames) == expected


@pytest.mark.parametrize("language", TRACES)
def test_a_trace_with_windows_line_ends_is_the_same(language: str) -> None:
    text, _ = TRACES[language]

    assert parse_error(text.replace("\n", "\r\n")) == parse_error(text)


def test_the_older_form_of_a_rust_panic_is_read() -> None:
    event = parse_error("thread 'w-3' panicked at 'index out of bounds: the len is 3', src/main.rs:7:9\nnote: run with")

    assert (event.type, event.message) == ("panic", "index out of bounds: the len is 3")


OTHERS: list[tuple[str, str, str, str | None]] = [
    ("2026-01-02 10:00:00,123 ERROR [worker-1] app.db.pool - ValueError: bad 17", "ValueError", "bad 17", None),
    ("2026-01-02T10:00:00.1Z  ERROR 8 --- [main] o.a.C.[.[/] : Servlet failed", "", "Servlet failed", None),
    ("Jan  2 15:04:05 web1 nginx[12]: upstream timed out", "", "nginx: upstream timed out", None),
    ("E0102 10:00:00.123456    1 reflector.go:138] Failed to watch *v1.Pod", "", "Failed to watch *v1.Pod", None),
    ("[2026-01-02 10:00:00] production.ERROR: gone", "", "gone", None),
    ("ERROR: relation does not exist", "", "relation does not exist", None),
    ("ERROR 1045 (28000): Access denied", "", "ERROR 1045 (28000): Access denied", None),
    ('ts=1 level=error msg="sync failed" err="EOF"', "", "sync failed EOF", None),
    ('{"level":"error","msg":"sync failed","error":"EOF","service":"api"}', "", "sync failed EOF", "api"),
    ("[FIRING:1] HighErrorRate (api prod)", "HighErrorRate", "api prod", None),
    ("alertname: DiskFull\nservice: db\nsummary: Disk of db-1 is full", "DiskFull", "Disk of db-1 is full", "db"),
    ('ALERTS{alertname="PodCrashLooping", job="kube"} 1', "PodCrashLooping", "", "kube"),
    (
        "gcc -c a.c\na.c:3:5: error: 'x' undeclared\nmake: *** [a.o] Error 1",
        "make",
        "a.c:3:5: error: 'x' undeclared",
        None,
    ),
    ("npm ERR! code ENOENT\nnpm ERR! enoent Could not read it", "npm ENOENT", "enoent Could not read it", None),
    (
        "Building\nfatal: repository not found\nProcess completed with exit code 128",
        "exit status 128",
        "repository not found",
        None,
    ),
    ("bash: foo: command not found", "CommandNotFound", "foo: command not found", None),
    ("it is odd", "", "it is odd", None),
    ("", "", "", None),
]


@pytest.mark.parametrize(("text", "kind", "message", "service"), OTHERS)
def test_commands_logs_and_alerts_are_read(text: str, kind: str, message: str, service: str | None) -> None:
    assert parse_error(text) == ErrorEvent(type=kind, message=message, service=service)


def test_an_alertmanager_payload_is_read() -> None:
    alert = {"labels": {"alertname": "Slow", "job": "api"}, "annotations": {"summary": "p99 is 2s"}}

    assert parse_error(json.dumps({"alerts": [alert]})) == ErrorEvent(type="Slow", message="p99 is 2s", service="api")


def test_the_stack_inside_a_json_log_line_is_read() -> None:
    event = parse_error('{"message":"boom","stack":"TypeError: x is no function\\n    at f (/app/a.js:1:2)"}')

    frames = (Frame(module="/app/a.js", function="f"),)
    assert event == ErrorEvent(type="TypeError", message="x is no function", frames=frames)


class OddError(Exception):
    """An exception of the tests' own."""


class MuteError(Exception):
    """An exception that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def plain() -> None:
    raise ValueError("bad input 17")


def chained() -> None:
    try:
        json.loads('{"y": 1}')["x"]
    except KeyError as error:
        raise OddError("could not load\nat all") from error


def while_handling() -> None:
    try:
        plain()
    except ValueError:
        raise OddError("again")  # noqa: B904  # the implicit chain is what is tested


def hidden() -> None:
    try:
        plain()
    except ValueError:
        raise OddError("alone") from None


def grouped() -> None:
    raise ExceptionGroup("many", [ValueError("one"), KeyError("two")])


def noted() -> None:
    error = OddError("with a note")
    error.add_note("the note")
    raise error


def syntax() -> None:
    compile("a = (", "<made up>", "exec")


def silent() -> None:
    raise OddError


def library() -> None:
    json.loads("{")


def recursive(depth: int = 80) -> None:
    if not depth:
        raise OddError("deep down")
    recursive(depth - 1)


def mute() -> None:
    raise MuteError


RAISERS = [plain, chained, while_handling, hidden, grouped, noted, syntax, silent, library, recursive, mute]


def caught(raiser: Callable[[], None]) -> tuple[Exception, str]:
    try:
        raiser()
    except Exception as error:  # noqa: BLE001  # whatever the raiser raises is what is tested
        return error, traceback.format_exc()
    raise AssertionError("it did not raise")


@pytest.mark.parametrize("raiser", RAISERS)
def test_an_exception_and_its_printed_traceback_have_one_fingerprint(raiser: Callable[[], None]) -> None:
    error, text = caught(raiser)

    event, read = from_exception(error), parse_error(text)

    assert (event.type, event.message) == (read.type, read.message)
    assert fingerprint(event).digest == fingerprint(read).digest


def test_an_exception_event_names_functions_and_marks_libraries() -> None:
    event = from_exception(caught(library)[0], service="shop")

    assert event.type == "json.decoder.JSONDecodeError"
    assert event.service == "shop"
    assert [frame.function for frame in event.frames if frame.in_app] == ["caught", "library"]
    assert event.frames[-1].function == "raw_decode" or not event.frames[-1].in_app


def test_the_root_cause_tells_apart_what_one_handler_reports() -> None:
    def report(cause: Exception) -> ErrorEvent:
        try:
            raise OddError("could not load") from cause
        except OddError as error:
            return from_exception(error)

    refused, missing = report(ConnectionRefusedError("refused")), report(FileNotFoundError("missing"))

    assert fingerprint(refused).digest != fingerprint(missing).digest


def test_an_exception_event_is_bounded() -> None:
    error = OddError("x" * 100_000)
    error.__cause__ = error

    event = from_exception(error)

    assert len(event.message) <= MESSAGE_CHARACTERS
    assert len(from_exception(caught(recursive)[0]).frames) <= EXCEPTION_FRAMES


def test_no_local_variable_reaches_the_event() -> None:
    def charge() -> None:
        card = "4111" * 4
        raise OddError("declined" if card else "")

    assert "4111" not in repr(from_exception(caught(charge)[0]))
