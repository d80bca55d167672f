"""Are pictures well-formed, do they say what the store has, and does what is stored in them only show?"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from brainops import authoring
from brainops.brain import Brain
from brainops.dashboard.assets import assets
from brainops.health.report_page import page
from brainops.pictures import charts, flow, svg
from brainops.types import CalibrationBar, CalibrationRecord, Procedure, Run
from tests.cli.conftest import Say
from tests.cli.conftest import say as say
from tests.cli.conftest import store as store

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</title><script>alert(1)</script> & \"'\u202e\x07\ud800 \U0001f3f4\u200d\u2620 שלום"
SHIP = """\
name: ship
steps:
  - {id: check, uses: wait, with: {seconds: 0.01}}
  - {id: build, uses: wait, with: {seconds: 0.01}, needs: [check]}
  - {id: scan, uses: wait, with: {seconds: 0.01}, needs: [check], if: inputs.scan == true}
  - {id: break, run: [no-such-program-here], needs: [build, scan, check]}
inputs:
  scan: {type: boolean, default: false}
"""


@pytest.fixture
def brain(tmp_path: Path) -> Brain:
    return Brain.open(tmp_path / "memory.db", namespace="team/a", read=[], model="none", background=False)


def read(drawn: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawn)


def texts(drawn: str) -> list[str]:
    return [(each[0].tail if len(each) else each.text) or "" for each in read(drawn).iter(f"{SVG}text")]


def ran(brain: Brain) -> tuple[Procedure, list[Run]]:
    procedure = brain.establish(SHIP).procedure
    for number in range(3):
        brain.execute("ship", {"scan": number == 0}, target=str(number))
    return procedure, [brain.runs.get(each.id) for each in brain.runs.list(procedure="ship")]


def test_a_procedure_is_drawn_with_what_its_runs_counted(brain: Brain) -> None:
    with brain:
        procedure, runs = ran(brain)

    told = flow.tallies(runs)
    drawn = authoring.picture(procedure, runs)

    assert (told["check"].passed, told["scan"].passed, told["scan"].skipped) == (3, 1, 2)
    assert told["break"].failed == 3 and (told["check"].seconds or 0) >= 0.01
    said = texts(drawn)
    assert any(each.startswith("1 passed · 2 skipped") for each in said) and "3 failed" in said
    assert "of 3 runs; times are medians" in said
    bars = [each for each in read(drawn).iter(f"{SVG}rect") if each.get("class") in ("passed", "skipped")]
    assert [each.get("class") for each in bars] == ["passed", "passed", "passed", "skipped"]
    scan = [float(each.get("width", 0)) for each in bars[2:]]
    assert scan[1] == pytest.approx(2 * scan[0], abs=0.2)


def test_no_box_lies_on_another_and_no_edge_runs_through_one() -> None:
    """Of a graph whose edges go past levels."""
    lines = ["name: deep", "steps:"]
    lines += [
        f"  - {{id: s{n}, uses: wait, with: {{seconds: 1}}, needs: [{needs}]}}"
        for n, needs in enumerate(["", "s0", "s0", "s0", "s1, s2", "s4, s3, s0", "s0", "s5, s6"])
    ]
    drawn = read(authoring.picture(_procedure("\n".join(lines) + "\n")))

    boxes = [
        tuple(float(each.get(name, 0)) for name in ("x", "y", "width", "height"))
        for each in drawn.iter(f"{SVG}rect")
        if each.get("class") == "box"
    ]
    assert len(boxes) == 8
    for at, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, *_ in boxes[at + 1 :]:
            assert abs(x - other_x) >= width or abs(y - other_y) >= height
    paths = [each.get("d", "") for each in drawn.iter(f"{SVG}path")]
    assert len(paths) == 11
    for path in paths:  # where it goes straight down, past a level, there is no box
        for part in path.split(" V")[:-1]:
            passing = float(part.split()[-2])
            start = float(part.split()[-1])
            assert not any(x < passing < x + width and y <= start < y + height for x, y, width, height in boxes)


def _procedure(text: str) -> Procedure:
    from brainops.procedures.definition.parse import parse

    return parse(text)


def test_a_run_is_drawn_to_scale(brain: Brain) -> None:
    with brain:
        _, [run, *_] = ran(brain)

    drawn = flow.time_line(run, 0)
    chart = authoring.gantt(run, 0)

    rows = {each.step_id: each for each in run.steps}
    bars = list(read(drawn).iter(f"{SVG}rect"))
    begun = sorted((each for each in run.steps if each.started_at), key=lambda each: each.started_at or 0)
    whole = max(each.finished_at or 0 for each in begun) - (begun[0].started_at or 0)
    first = rows["check"]
    assert first.started_at is not None and first.finished_at is not None
    assert float(bars[0].get("width", 0)) == pytest.approx(
        max(2.0, flow.TIMES * (first.finished_at - first.started_at) / whole), abs=0.1
    )
    assert f"crit, s{list(rows).index('break') + 1}, {(rows['break'].started_at or 0) // 1000}" in chart


def test_whatever_is_stored_in_a_picture_only_shows() -> None:
    record = CalibrationRecord(
        bars=(CalibrationBar(said=0.6, right=0.7, low=0.5, high=0.85, cases=31),), error=0.1, cases=31
    )
    drawn = [
        charts.spark([1, None, 3], HOSTILE),
        charts.bars(HOSTILE, [charts.Row(name=HOSTILE, value=1, said=HOSTILE, before=2, said_before=HOSTILE)], HOSTILE),
        charts.line(HOSTILE, [charts.Point(at=0, value=1)], lambda _: HOSTILE, HOSTILE),
        charts.calibration(record),
    ]

    for each in drawn:
        for whole in (each, svg.standalone(each)):
            root = ElementTree.fromstring(whole.encode())
            names = {found.tag.removeprefix(SVG) for found in root.iter()}
            assert (
                "script" not in names and root.find(f"{SVG}title") is not None and root.find(f"{SVG}desc") is not None
            )
            assert not set("\u202e\x07") & set(whole)
    assert "<U+202E>" in texts(drawn[1])[0] and "שלום" in texts(drawn[1])[0]
    assert "n=31" in texts(drawn[3])


def test_a_line_has_a_gap_where_nothing_was_counted_and_no_chart_lacks_unit_and_number() -> None:
    points = [charts.Point(at=at, value=None if at == 2 else at) for at in range(6)]

    drawn = charts.line("operations", points, lambda value: f"{value:g}", "operations; n=13")

    curves = [each.get("points", "").split() for each in read(drawn).iter(f"{SVG}polyline")]
    assert [len(each) for each in curves] == [2, 3]
    assert {"operations; n=13", "5", "0"} <= set(texts(drawn))


def test_a_report_is_one_page_that_needs_nothing_else(brain: Brain) -> None:
    with brain:
        for number in range(4):
            running = brain.begin(f"deploy {number}", consult="never")
            running.succeed() if number else running.fail("DiskFull: <b>no</b> space")
        brain.flush()
        value = brain.health.report(days=7)
        series = [brain.health.series("operations", since=value.from_at, until=value.to_at, step_seconds=86_400)]
        made = page(value, series, brain.health.calibration(days=7))

    lines = {line.name: line for line in value.lines}
    assert (lines["operations"].value, lines["failures"].value) == (4, 1)
    assert "<td>operations</td>" in made and '<td class="number">4</td>' in made and "4, n=4" in made
    for foreign in ("<script", 'http://www.w3.org/2000/svg" src', "href=", "src=", "url(", "@import"):
        assert foreign not in made
    root = ElementTree.fromstring(made[made.index("<svg") : made.index("</svg>") + 6])
    assert root.find(f"{SVG}title") is not None


def test_the_command_line_prints_pictures_alone(say: Say, store: Path) -> None:
    with Brain.open(store, model="none", background=False) as brain:
        _, [run, *_] = ran(brain)

    drawn, chart = say("runs", "show", run.id, "--svg").out, say("runs", "show", run.id, "--mermaid").out
    procedure = say("procedure", "show", "ship", "--svg").out
    report = say("report", "--html").out

    assert "Run of ship" in drawn and read(drawn).tag == f"{SVG}svg"
    assert chart.startswith("gantt\n") and "check, succeeded" in chart
    assert "1 passed · 2 skipped" in procedure and read(procedure).tag == f"{SVG}svg"
    assert report.startswith("<!doctype html>") and report.rstrip().endswith("</html>")


def test_the_dashboard_draws_pictures_by_the_same_rules() -> None:
    assert svg.RULES in assets()["app.css"].body.decode()
