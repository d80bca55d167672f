"""Is the same error known again, whoever prints it, and is no other one?"""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainops.brain import Brain
from brainops.memory.recognition.error_events import parse_error
from brainops.types import ErrorEvent, MemoryState
from brainops_core.recognition.digests import text_digests
from brainops_core.recognition.error_events import error_title
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

TITLE = "ConnectionError: payments api timed out after 30 s"
AGAIN = "ConnectionError: payments api timed out after 41 s"


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    opened = open_brain()
    for number in range(12):
        opened.capture(f"KeyError: column {number} of the report", type="error_pattern")
    return opened


def is_known(brain: Brain, text: str | ErrorEvent | BaseException, memory_id: str, **conditions: object) -> bool:
    """Say whether a text is the error of this memory and, by itself, of no other."""
    found = brain.match(text, **conditions)  # type: ignore[arg-type]
    return [match.memory.id for match in found if match.exact] == [memory_id]


@pytest.mark.parametrize(
    "printed",
    [
        AGAIN,
        f"payments.errors.{AGAIN}",
        f"2026-11-30 03:12:01 ERROR shop.pay {AGAIN}",
        f"2026-11-30 03:12:01,123 ERROR shop.pay: payments.errors.{AGAIN}",
        f"2026-11-30 03:12:01 ERROR shop.pay payments.errors.{AGAIN}",
        f"ERROR:shop.pay:{AGAIN}",
        f"ERROR: {AGAIN}",
        f"Nov 30 03:12:01 web-1 shop[123]: {AGAIN}",
        f"step sync: {AGAIN}",
        f"step sync: sh ended with exit status 3: {AGAIN}",
        f"exit status 3: sh ended with exit status 3: {AGAIN}",
        f"step deploy: the run 0199f5a2-0000-7000-8000-000000000001 of sync failed: step sync: {AGAIN}",
        f'{{"level": "error", "service": "checkout", "msg": "{AGAIN}"}}',
    ],
)
def test_the_same_error_is_known_however_it_is_printed(brain: Brain, printed: str) -> None:
    known = brain.capture(TITLE, type="error_pattern", metadata={"cause": "x"})

    assert is_known(brain, printed, known.id)
    assert is_known(brain, printed, known.id, service="checkout")


@pytest.mark.parametrize(
    "other",
    [
        "ConnectionError: orders api timed out after 41 s",
        "TimeoutError: payments api timed out after 41 s",
        "ConnectionError: payments api refused after 41 s",
        "step payments: ConnectionError: orders api timed out after 41 s",
    ],
)
def test_another_error_is_not(brain: Brain, other: str) -> None:
    brain.capture(TITLE, type="error_pattern")

    assert not any(match.exact for match in brain.match(other))


def test_types_of_one_name_in_two_modules_are_two_errors(brain: Brain) -> None:
    brain.capture_error(ErrorEvent(type="sqlite3.OperationalError", message="unable to open"))
    brain.flush()
    (known,) = [match.memory.id for match in brain.match("OperationalError: unable to open") if match.exact]

    assert is_known(brain, "sqlite3.OperationalError: unable to open", known)
    assert not any(match.exact for match in brain.match("psycopg.OperationalError: unable to open"))


def test_an_error_of_one_service_is_known_from_another(brain: Brain) -> None:
    for service in ("checkout", "billing", None):
        brain.capture_error("TimeoutError: tax did not answer", service=service)
    brain.flush()

    (match,) = [match for match in brain.match("TimeoutError: tax did not answer", service="shop") if match.exact]

    assert match.memory.occurrences == 3


@pytest.mark.parametrize(
    "event",
    [
        ErrorEvent(type="ERROR", message="inventory api answered late"),  # what a logging handler reports
        ErrorEvent(type="CheckoutLatencyHigh", message="p99 is 2.3 s"),
        ErrorEvent(type="exit status 3", message="sh ended with exit status 3: TimeoutError: erp did not answer"),
        ErrorEvent(type="pydantic.ValidationError", message="2 errors for Order\nid: missing\nname: missing"),
        ErrorEvent(type="", message="ERROR: ERROR: twice"),
    ],
)
def test_an_errors_own_title_is_known(brain: Brain, event: ErrorEvent) -> None:
    brain.capture_error(event, service="shop")
    brain.flush()
    (memory,) = [hit.memory for hit in brain.retrieve(error_title(event), limit=1)]

    assert is_known(brain, memory.title, memory.id)


TYPES = st.sampled_from(["", "ERROR", "a.b.SomeError", "Alert", "step x", "exit status 3"])
WORDS = st.text("abcdefgh :.-()<>0123456789ERORSTEPx[]'\"", max_size=40)


@settings(max_examples=200, deadline=None)
@given(
    st.builds(
        ErrorEvent,
        type=st.sampled_from(["", "ERROR", "a.b.SomeError", "Alert", "step x", "exit status 3"]),
        message=WORDS,
    )
)
def test_what_is_printed_of_an_error_is_read_back_as_the_same(event: ErrorEvent) -> None:
    assert text_digests(event)[-1] in text_digests(parse_error(error_title(event)))


def test_an_exception_is_known_by_its_text_and_through_other_callers(brain: Brain) -> None:
    def fail() -> None:
        raise TimeoutError("tax did not answer")

    def indirectly() -> None:
        fail()

    errors = []
    for raiser in (fail, indirectly):
        try:
            raiser()
        except TimeoutError as error:
            errors.append(error)
    brain.begin("pay", consult="never").fail(errors[0])
    (known,) = [match.memory.id for match in brain.match("TimeoutError: tax did not answer") if match.exact]

    assert is_known(brain, errors[1], known)


def test_matching_answers_nothing_from_the_future(brain: Brain) -> None:
    before = inside(brain).store.now()
    time.sleep(0.01)
    known = brain.capture(TITLE, type="error_pattern")
    after = inside(brain).store.now()

    assert known.id not in [match.memory.id for match in brain.match(AGAIN, as_of=before, limit=50)]
    assert is_known(brain, AGAIN, known.id, as_of=after)


def test_what_is_set_aside_is_the_same_error_where_it_is_asked_for(brain: Brain) -> None:
    known = brain.capture(TITLE, type="error_pattern")
    brain.archive(known.id)

    assert not any(match.exact for match in brain.match(AGAIN))
    assert is_known(brain, AGAIN, known.id, include_archived=True)
    brain.upkeep.compact(older_than_days=0)
    assert is_known(brain, AGAIN, known.id, include_archived=True)
    assert brain.match(AGAIN, include_archived=True)[0].memory.state is MemoryState.ARCHIVED
