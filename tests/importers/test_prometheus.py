"""Does a rule file become one readable memory an alert, each bound to its runbook?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.importers import prometheus
from brainops.importers.import_plan import with_digests
from brainops.importers.prometheus import readable
from brainops.importers.runbook_links import HEADING, MARKER, address_parts, bind, unbound
from brainops.types import Draft, MemoryType, Source, Trust
from tests.importers.material import Write, drafts, left, place

RULES = """groups:
- name: queue
  rules:
  - alert: QueueStuck
    expr: rate(queue_out[5m]) == 0
    for: 10m
    labels: {severity: critical, team: billing}
    annotations:
      summary: Queue {{ $labels.queue }} is stuck.
      description: '{{ $labels.queue }} on {{ $labels.instance }} holds {{ printf "%.0f" $value }} messages.'
      runbook_url: https://runbooks.example.com/billing/queuestuck
  - alert: QueueStuck
    expr: rate(queue_out[5m]) < 1
    labels: {severity: warning}
  - record: queue:rate
    expr: rate(queue_out[5m])
"""


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


def runbook(name: str, trust: Trust = Trust.EXTERNAL) -> Draft:
    key = f"markdown:ops/{name}.md"
    return Draft(title=name, content="Restart it.", trust=trust, source=Source(key=key, uri=f"file:///ops/{name}.md"))


def alert(name: str, url: str = "", trust: Trust = Trust.EXTERNAL) -> Draft:
    facts = {"alert": name, "summary": f"{name} happened", "runbook_url": url}
    return Draft(title=name, metadata=facts, trust=trust, source=Source(key=f"prometheus:ops/r.yml#{name}"))


def test_an_alert_holds_what_it_says_and_when_it_fires(write: Write) -> None:
    first, second = drafts(prometheus.read(place(write("rules.yaml", RULES))))

    assert first.title == "QueueStuck: Queue <queue> is stuck."
    assert first.type is MemoryType.ERROR_PATTERN
    assert first.tags == ("alert", "severity:critical", "queue")
    assert first.importance > second.importance
    assert "Description: <queue> on <instance> holds <value> messages." in str(first.content)
    assert "Fires when this holds for 10m:\nrate(queue_out[5m]) == 0" in str(first.content)
    assert first.metadata["runbook_url"] == "https://runbooks.example.com/billing/queuestuck"
    assert first.source.key == "prometheus:ops/rules.yaml#queue/QueueStuck@critical"
    assert second.source.key == "prometheus:ops/rules.yaml#queue/QueueStuck@warning"


def test_recording_rules_are_left_and_counted(write: Write) -> None:
    (leave,) = left(prometheus.read(place(write("rules.yaml", RULES))))

    assert "1 recording rule" in leave.what
    assert "compute series" in leave.why


def test_manifests_lists_and_several_documents_are_read(write: Write) -> None:
    rule = "{name: g, rules: [{alert: %s, expr: up}]}"
    manifest = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec: {groups: [%s]}\n"
    several = (
        manifest % (rule % "A") + "---\n# nothing\n---\nkind: List\nitems:\n- kind: PrometheusRule\n  spec: {groups: ["
    )
    several += rule % "B" + "]}\n- kind: Secret\n--- # plain\ngroups: [" + rule % "C" + "]\n---\nkind: ConfigMap\n"

    items = list(prometheus.read(place(write("rules.yaml", several))))

    assert [draft.title for draft in drafts(items)] == ["A", "B", "C"]
    assert [leave.why for leave in left(items)] == ["no rule groups in it"]


def test_a_broken_document_costs_only_itself(write: Write) -> None:
    good = "groups: [{name: g, rules: [{alert: A, expr: up}]}]\n"

    items = list(prometheus.read(place(write("rules.yaml", good + "---\ngroups: [{{ .Values }}\n---\n" + good))))

    assert [draft.source.key for draft in drafts(items)] == [
        "prometheus:ops/rules.yaml#g/A",
        "prometheus:ops/rules.yaml#g/A~2",
    ]
    assert left(items)[0].fault and "line 3" in left(items)[0].what


@pytest.mark.parametrize(
    "groups", ["[{name: g, rules: 3}]", "[{name: g, rules: [7, {expr: up}, {alert: [x]}]}]", "[{name: [], rules: {}}]"]
)
def test_rules_of_the_wrong_kind_are_told(write: Write, groups: str) -> None:
    items = list(prometheus.read(place(write("rules.yaml", f"groups: {groups}\n"))))

    assert drafts(items) == []
    assert all(leave.fault for leave in left(items)) and left(items)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ $labels.pod }} is down", "<pod> is down"),
        ('{{ printf "%.2f" $value }}% left', "<value>% left"),
        ("{{ $value | humanizePercentage }} of jobs", "<value> of jobs"),
        ("{{ with $labels.cluster -}} on {{ $labels.cluster }}{{- end }} now", "on <cluster> now"),
        ('{{ if eq $labels.a "b" }}x{{ else }}y{{ end }}', "xy"),
        ("{{ query `up` }}{{ /* note */ }}.", "."),
        (None, ""),
        (7, ""),
    ],
)
def test_templates_become_the_names_of_what_they_stand_for(template: str | int | None, text: str) -> None:
    assert readable(template) == text


@pytest.mark.parametrize(
    "url",
    [
        "https://runbooks.example.com/billing/queuestuck",
        "https://git.example.com/org/runbooks/blob/main/billing/QueueStuck.md?plain=1",
        "https://example.com/queue-stuck/",
        "https://example.com/billing/queue_stuck/index.html",
        "https://example.com/all.md#alert-name-queuestuck",
        "billing/QueueStuck.md",
    ],
)
def test_an_address_finds_the_runbook_by_its_last_part(url: str) -> None:
    bound = bind([runbook("billing/QueueStuck"), runbook("other"), alert("Alarm", url)])

    assert bound[2].metadata["runbook"] == "markdown:ops/billing/QueueStuck.md"
    assert bound[2].metadata["bound_by"] == "runbook_url"
    assert bound[0].metadata["alerts"] == ["Alarm"]
    assert str(bound[0].content).endswith(f"{MARKER}\n{HEADING}\n\n- Alarm: Alarm happened")
    assert bound[1].content == "Restart it."


def test_of_two_runbooks_of_one_name_the_one_in_the_address_is_nearer() -> None:
    both = [runbook("kubernetes/ApiDown"), runbook("gateway/ApiDown")]

    bound = bind([*both, alert("ApiDown", "https://example.com/kubernetes/apidown")])

    assert bound[2].metadata["runbook"] == "markdown:ops/kubernetes/ApiDown.md"


def test_an_alert_without_a_working_address_is_bound_by_its_own_name_or_not_at_all() -> None:
    bound = bind([runbook("QueueStuck"), alert("QueueStuck"), alert("DiskFull", "https://example.com/diskfull")])

    assert bound[1].metadata["bound_by"] == "name"
    assert "runbook" not in bound[2].metadata


def test_a_text_trusted_less_does_not_speak_in_a_verified_runbook() -> None:
    bound = bind([runbook("QueueStuck", Trust.VERIFIED), alert("QueueStuck")])

    assert bound[0].content == "Restart it."
    assert bound[0].metadata["alerts"] == ["QueueStuck"]
    assert bound[1].metadata["runbook"] == bound[0].source.key


@given(st.permutations(range(4)))
def test_binding_is_the_same_in_any_order_and_twice(order: list[int]) -> None:
    found = [runbook("A"), runbook("x/A"), alert("A", "https://e.example/x/a"), alert("B", "https://e.example/a")]
    found = [with_digests(draft) for draft in found]
    shuffled = bind(bind([found[position] for position in order]))

    assert {d.source.key: d for d in shuffled} == {d.source.key: d for d in bind(found)}


@given(st.text())
def test_any_address_parts_without_an_error_and_unbinding_undoes_binding(url: str) -> None:
    address_parts(url)
    before = [runbook("A"), alert("A", url)]

    assert [unbound(draft) for draft in bind(before)] == before


RULE = "- name: disks\n  rules:\n  - alert: DiskFull\n    expr: free < 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "serverFiles:\n  alerting_rules.yml:\n    groups:\n" + indented(RULE, 4),
        "prometheus:\n  additionalPrometheusRules:\n  - name: own\n    groups:\n" + indented(RULE, 4),
        "kind: ConfigMap\ndata:\n  other: x\n  disks.yml: |\n    groups:\n" + indented(RULE, 4),
        "kind: List\nitems:\n- kind: ConfigMap\n  data:\n    a: |\n      groups:\n" + indented(RULE, 6),
        "extraManifests:\n- |\n  kind: PrometheusRule\n  spec:\n    groups:\n" + indented(RULE, 4),
        "kind: AlertingRule\nspec:\n  groups:\n" + indented(RULE, 2),
        (
            "apiVersion: 1\ngroups:\n- name: disks\n  folder: ops\n  rules:\n  - title: DiskFull\n    data:\n"
            "    - refId: A\n      model: {expr: 'free < 1'}\n    - refId: B\n      model: {type: threshold}\n"
        ),
        '{"groups": [{"name": "disks", "rules": [{"alert": "DiskFull", "expr": "free < 1"}]}]}',
    ],
)
def test_rules_are_taken_out_of_what_wraps_them(write: Write, text: str) -> None:
    (draft,) = drafts(prometheus.read(place(write("values.yaml", text))))

    assert draft.title == "DiskFull"
    assert "free < 1" in str(draft.content)


def test_values_without_rules_are_left_and_said(write: Write) -> None:
    text = "image: {tag: a}\ngroups: [admins]\ncommand: |\n  echo groups:\n  echo rules:\n"

    items = list(prometheus.read(place(write("values.yaml", text))))

    assert drafts(items) == []
    assert "no rule groups" in left(items)[0].why
