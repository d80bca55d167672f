"""Does the same history still leave the same export and the same audit trail? See golden.py for how to record anew."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.goldens.conftest import Copied, open_at
from tests.goldens.golden import Normal, compare

CHAINED = "previous_hash namespace sequence at actor_kind actor_id actor_proof act subject detail".split()


def exported(copied: Copied, name: str) -> str:
    """Return the text of an export of a recording."""
    with open_at(copied(name).store) as brain:
        brain.upkeep.export_to("out.jsonl")
    return Path("out.jsonl").read_text(encoding="utf-8")


def test_an_export_has_the_bytes_that_it_had(copied: Copied) -> None:
    text = exported(copied, "strict")

    compare("export-bytes", Normal()(text).split("\n"))


@pytest.mark.parametrize("name", ["strict", "open"])
def test_the_trail_tells_the_same_acts_and_each_line_is_chained_to_the_one_before(name: str, copied: Copied) -> None:
    lines = [json.loads(line) for line in exported(copied, name).splitlines()]
    trail = [line for line in lines if line.get("kind") == "audit"]
    normal = Normal()

    before = "0" * 64
    for line in trail:
        told = json.dumps([line[name] for name in CHAINED], ensure_ascii=True)
        assert (line["previous_hash"], line["hash"]) == (before, sha256(told.encode()).hexdigest())
        before = line["hash"]
    acts = [
        "{sequence} {act} of {subject} by {actor_kind}:{actor_id} ({actor_proof})".format_map(line) for line in trail
    ]
    compare(f"trail-{name}", [normal.plain(act) for act in acts])


def test_what_follows_from_a_text_alone_has_the_value_that_it_had(copied: Copied) -> None:
    """A content hash that changed would let the same memory in twice, another procedure hash end what runs."""
    lines = [json.loads(line) for line in exported(copied, "strict").splitlines()]
    memories = {line["title"]: line["content_hash"] for line in lines if line.get("kind") == "memory"}
    versions = {str(line["number"]): line["hash"] for line in lines if line.get("name") == "deploy-safely"}
    fixes = {line["title"]: line["fingerprint"] for line in lines if line.get("kind") == "fix"}

    compare("hashes", {"memories": {**memories, "looked": "<of ids>"}, "versions": versions, "fixes": fixes})
