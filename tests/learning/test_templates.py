"""Does the miner keep apart what happened, and bring together what only varies?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from brainops.learning.signals.log_templates import VALUE, TemplateMiner, tokenise


def groups(*lines: str) -> list[str]:
    miner = TemplateMiner()
    templates = [miner.feed(line) for line in lines]
    return [template.current.text for template in templates]


def test_numbers_addresses_paths_and_ids_are_values() -> None:
    one, two = groups(
        "Connection from 10.0.0.7:51233 to /var/lib/app/a1b2c3 took 31 ms",
        "Connection from 10.0.9.8:40404 to /srv/other/file took 7 ms",
    )

    assert one == two
    assert "10.0.0.7" not in one


def test_what_happened_to_a_machine_is_not_a_value() -> None:
    started, paused, stopped, resumed, failed = groups(
        "VM Started", "VM Paused", "VM Stopped", "VM Resumed", "VM Failed"
    )

    assert len({started, paused, stopped, resumed, failed}) == 5


def test_many_names_at_one_place_become_a_variable() -> None:
    names = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove"]

    assert len(set(groups(*(f"cache of tenant group {name} was rebuilt" for name in names)))) == 1


def test_a_template_that_was_merged_says_into_which() -> None:
    miner = TemplateMiner()
    first = miner.feed("worker picked item amber now")
    for name in ["birch", "cedar", "delta", "ember", "fjord"]:
        last = miner.feed(f"worker picked item {name} now")

    assert first.merged_into is not None
    assert first.current is last.current
    assert last.current.count == 6


def test_keys_of_different_names_are_different_things() -> None:
    assert len(set(groups("took time total=31", "took time connect=7", "took time read=2", "took time write=4"))) == 4


def test_lists_of_any_length_are_one_template() -> None:
    short, long = groups("bad nodes node-1 ok node-2 ok", "bad nodes node-7 ok node-8 ok node-9 ok node-3 ok")

    assert short == long


def test_what_a_line_is_about_stays() -> None:
    daemons = ["cupsd", "klogd", "hcid", "sdpd", "syslogd", "portmap", "crond"]

    assert len(set(groups(*(f"{name} startup succeeded well" for name in daemons)))) == len(daemons)


def test_a_miner_goes_on_from_its_templates() -> None:
    lines = [f"worker picked item {name} now" for name in ("amber", "birch", "cedar", "delta", "ember", "fjord")]
    miner = TemplateMiner()
    for line in lines:
        miner.feed(line)
    again = TemplateMiner(miner.templates())

    assert again.feed("worker picked item maple now").id == miner.feed("worker picked item maple now").id


def test_asking_for_a_template_teaches_nothing() -> None:
    miner = TemplateMiner()

    assert miner.known("disk is full") is None
    assert not miner.templates()


@given(st.text(max_size=300))
def test_any_text_has_a_template_and_fits_it(line: str) -> None:
    miner = TemplateMiner()
    template = miner.feed(line)

    assert miner.known(line) is template
    assert tokenise(line) == template.tokens


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=20))
def test_lines_that_differ_in_numbers_alone_are_one(numbers: list[int]) -> None:
    assert set(groups(*(f"request {number} was answered in time" for number in numbers))) == {
        f"request {VALUE} was answered in time"
    }
