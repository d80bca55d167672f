"""Does somebody get from a folder of runbooks and rules to the right runbook for an alert in two commands?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Say

RUNBOOKS = {
    "KubePodCrashLooping.md": "# KubePodCrashLooping\n\n## Meaning\n\nIt restarts again and again.\n\n## Mitigation\n\n"
    "Read the log of the previous container with `kubectl logs -p`.\n",
    "NodeFilesystemSpaceFillingUp.md": "# NodeFilesystemSpaceFillingUp\n\n## Meaning\n\nA file system runs full.\n\n"
    "## Mitigation\n\nRemove old archives, or grow the volume.\n",
    "CertificateExpiresSoon.md": "# CertificateExpiresSoon\n\n## Mitigation\n\nRun the renewal, reload the relay.\n",
}
RULES = """
groups:
  - name: nodes
    rules:
      - alert: DiskAlmostFull
        expr: node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.05
        labels: {severity: critical}
        annotations:
          summary: Less than 5 % of {{ $labels.mountpoint }} is free.
          runbook_url: https://runbooks.example/NodeFilesystemSpaceFillingUp.md
"""
ALERT = {
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "KubePodCrashLooping", "pod": "cart-5d9f", "severity": "warning"},
            "annotations": {"summary": "Pod is crash looping."},
        }
    ]
}


@pytest.fixture
def imported(shell: Say, tmp_path: Path) -> Say:
    folder = tmp_path / "ops"
    folder.mkdir()
    for name, text in RUNBOOKS.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    took = shell("import", "ops", environment={"BRAINOPS_MODEL": "minilm"})
    assert took.code == 0, took.err
    return shell


def matched(shell: Say, *arguments: str, given: bytes = b"") -> str:
    found = shell("match", "--json", *arguments, given=given, environment={"BRAINOPS_MODEL": "minilm"}).value
    return json.dumps(found[0]["memory"])


def test_a_real_alert_brings_its_runbook_to_the_top(imported: Say) -> None:
    top = matched(imported, given=json.dumps(ALERT).encode())

    assert "KubePodCrashLooping" in top
    assert "kubectl logs -p" in top


def test_an_alert_of_the_rules_leads_to_the_runbook_that_the_rule_names(imported: Say) -> None:
    top = matched(imported, "alertname: DiskAlmostFull summary: Less than 5 % of /var is free.")

    assert "NodeFilesystemSpaceFillingUp" in top


def test_words_that_no_runbook_uses_still_find_it_by_meaning(imported: Say) -> None:
    minilm = {"BRAINOPS_MODEL": "minilm"}
    [best, *_] = imported("search", "TLS handshake fails, cert is about to lapse", "--json", environment=minilm).value

    assert "CertificateExpiresSoon" in best["memory"]["title"]
