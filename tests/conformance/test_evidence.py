"""Is it kept what remedies did, does it say what to try next, and are causes joined, parted and taken back?"""

from __future__ import annotations

import re

import pytest

from brainops.brain import Brain
from brainops.errors import BrainOpsError, Conflict, InvalidInput, NotFound
from brainops.store.schema import migrations
from brainops.types import Actor, ActorKind, CauseStanding, Evidence, FixMode, RemedyEffect
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

REDIS = "redis.exceptions.ConnectionError: Error 111 connecting to cache-1:6379. Connection refused."
NODE = "Error: connect ECONNREFUSED 10.1.2.3:6379"
DISK = "OSError: [Errno 28] No space left on device: '/var/lib/data/a.tmp'"
OLD, NEW = {"version": "2.4", "region": "eu"}, {"version": "3.1", "region": "eu"}
BOT = Actor(kind=ActorKind.AGENT, id="bot")
MONITOR = Actor(kind=ActorKind.SERVICE, id="monitor")
STEP = {"id": "do", "uses": "manual", "with": {"text": "do it"}}


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain()


def test_a_word_counts_by_whose_it_is(brain: Brain) -> None:
    said = [brain.acting(actor=each).evidence.record(REDIS, "restart", "helped") for each in (MONITOR, BOT)]

    assert brain.evidence.record(REDIS, "restart", "helped").basis is Evidence.VERIFIED
    assert [each.basis for each in said] == [Evidence.OBSERVED, Evidence.CLAIMED]


def test_evidence_is_listed_by_its_error_and_its_remedy(brain: Brain) -> None:
    first = brain.evidence.record(REDIS, "restart", "helped", target="api", context=OLD, seconds=12.5, note="calm")
    other = brain.evidence.record(DISK, "prune", "made_it_worse")

    assert brain.evidence.list() == [other, first]
    assert brain.evidence.list(REDIS) == brain.evidence.list(remedy="restart") == [first]
    assert brain.evidence.get(first.id) == first
    with pytest.raises(NotFound):
        brain.evidence.get("nobody")


def test_the_same_key_is_the_same_evidence(brain: Brain) -> None:
    first = brain.evidence.record(REDIS, "restart", "helped", idempotency_key="incident 7")
    again = brain.evidence.record(REDIS, "restart", "helped", idempotency_key="incident 7")

    assert again == first and brain.evidence.list() == [first]


def test_what_tells_no_places_apart_is_not_kept_of_a_context(brain: Brain) -> None:
    told = brain.evidence.record(REDIS, "restart", "helped", context={**OLD, "error": REDIS, "log": "x" * 200})

    assert told.context == OLD


def test_nothing_is_said_where_nothing_is_known(brain: Brain) -> None:
    found = brain.evidence.next_tries(REDIS, target="api", context=OLD)

    assert (found.text, found.tries, found.not_again, found.look_first) == ("", (), (), None)


def test_the_next_try_is_what_helps_here_and_says_where_it_did_not(brain: Brain) -> None:
    for _ in range(4):
        brain.evidence.record(REDIS, "restart-redis", "helped", target="api", context=OLD)
    for _ in range(2):
        brain.evidence.record(REDIS, "restart-redis", "did_not_help", target="api", context=NEW)
    brain.evidence.record(REDIS, "roll-back", "helped", target="api", context=NEW)

    old = brain.evidence.next_tries(REDIS, target="ledger", context={"version": "2.9"})
    new = brain.evidence.next_tries(REDIS, target="ledger", context={"version": "3.0"})

    assert old.text.splitlines()[0] == "restart-redis: helped 4 of 4 here, last 1 min ago; failed 2 of 2 on 3.x"
    assert old.why == "what helps depends on where it is: here version is 2.x"
    assert [each.remedy for each in new.tries] == ["roll-back"]
    assert new.not_again == ("restart-redis",)
    assert len(old.text) <= 600


def test_what_decides_is_to_be_looked_at_first_where_it_is_not_known(brain: Brain) -> None:
    for context, helps, fails in ((OLD, "restart", "roll-back"), (NEW, "roll-back", "restart")):
        for _ in range(3):
            brain.evidence.record(REDIS, helps, "helped", context=context)
            brain.evidence.record(REDIS, fails, "did_not_help", context=context)

    found = brain.evidence.next_tries(REDIS)

    assert found.look_first == "version decides (2.x: restart; 3.x: roll-back)"


def test_what_was_tried_in_this_incident_is_not_named_again(brain: Brain) -> None:
    for _ in range(3):
        brain.evidence.record(REDIS, "restart", "helped", target="api")

    assert brain.evidence.next_tries(REDIS, target="api", tried=["restart"]).tries == ()
    brain.evidence.record(REDIS, "restart", "did_not_help", target="api")
    assert brain.evidence.next_tries(REDIS, target="api").tries == ()
    assert brain.evidence.next_tries(REDIS, target="ledger").tries[0].remedy == "restart"


def test_a_remedy_that_stopped_helping_yields_after_two_failures(brain: Brain) -> None:
    for _ in range(25):
        brain.evidence.record(REDIS, "restart", "helped", target="api")
    for target in ("ledger", "search"):
        brain.evidence.record(REDIS, "restart", "did_not_help", target=target)
    brain.evidence.record(REDIS, "failover", "helped", target="search")

    found = brain.evidence.next_tries(REDIS, target="mail")

    assert found.tries[0].remedy == "failover"
    assert found.tries[0].probability > 2 * found.tries[-1].probability
    assert found.why.endswith("here of late it is otherwise than before")


def test_what_comes_back_did_not_help(brain: Brain) -> None:
    told = brain.evidence.record(REDIS, "restart", "helped", target="api")

    brain.handle("alert", target="api", error=REDIS)

    assert brain.evidence.get(told.id).effect is RemedyEffect.DID_NOT_HELP


def test_what_seemed_to_help_is_contradicted_with_a_reason(brain: Brain) -> None:
    told = brain.evidence.record(REDIS, "restart", "helped", target="api")

    judged = brain.evidence.contradict(told.id, "nobody had looked")

    assert (judged.effect, judged.note) == (RemedyEffect.DID_NOT_HELP, "nobody had looked")
    assert brain.upkeep.trail(limit=1)[0].act == "evidence-judge"


def test_a_failed_remedy_is_no_error_and_no_recommendation(brain: Brain) -> None:
    brain.evidence.record(REDIS, "restart", "did_not_help", target="api")

    assert brain.retrieve("restart", limit=5) == []
    assert "restart" not in [each.remedy for each in brain.evidence.next_tries(REDIS, target="ledger").tries]


def test_what_a_fix_did_is_evidence_and_counts_once(brain: Brain) -> None:
    fix = brain.fixes.attach(REDIS, "Restart it", advice="restart redis")
    done = brain.fixes.record(fix.id, helped=True, target="api", context=OLD)

    [told] = brain.evidence.list(REDIS)
    assert (told.id, told.fix_id, told.remedy, told.context) == (done.id, fix.id, "Restart it", OLD)
    assert brain.fixes.confidence(fix.id).verified == 1
    with pytest.raises(Conflict, match="brainops fix contradict"):
        brain.evidence.contradict(told.id, "it did not")
    brain.fixes.contradict(done.id, "it did not")
    assert brain.evidence.get(told.id).effect is RemedyEffect.DID_NOT_HELP
    assert brain.fixes.confidence(fix.id).contradicted == 1


def test_evidence_against_a_remedy_demotes_the_fix_that_applies_it_there_and_nowhere_else(brain: Brain) -> None:
    brain.establish({"name": "restart", "description": "d", "steps": [STEP]}, reason="it helps")
    fix = brain.fixes.attach(REDIS, "restart", procedure="restart")
    for _ in range(5):
        brain.evidence.record(REDIS, "restart", "helped", target="api", context=OLD)
    brain.fixes.set_mode(fix.id, "auto", reason="try")

    brain.evidence.record(REDIS, "restart", "did_not_help", target="mail", context=NEW)
    elsewhere = brain.fixes.get(fix.id).mode
    brain.evidence.record(REDIS, "restart", "did_not_help", target="api", context=OLD)

    assert (elsewhere, brain.fixes.get(fix.id).mode) == (FixMode.AUTO, FixMode.SUGGEST)


def test_people_join_errors_and_take_it_back(brain: Brain) -> None:
    brain.evidence.record(REDIS, "restart", "helped", target="api")
    said = brain.causes.join(NODE, REDIS, reason="both are the cache")

    assert brain.evidence.next_tries(NODE, target="ledger").tries[0].remedy == "restart"
    assert len(brain.causes.show(REDIS).fingerprints) == 2
    assert brain.causes.show(REDIS).id == brain.causes.show(NODE).id == said.other
    assert [each.id for each in brain.causes.list()] == [said.other]

    brain.causes.undo(said.id)
    assert brain.causes.list() == [] and brain.evidence.next_tries(NODE, target="ledger").text == ""
    assert brain.causes.show(NODE).history[0].undone_at is not None
    with pytest.raises(Conflict):
        brain.causes.undo(said.id)


def test_a_cause_reaches_as_far_as_errors_were_joined_one_to_the_next(brain: Brain) -> None:
    brain.evidence.record("the disk of the far end is full", "restart", "helped", target="api")
    brain.causes.join(NODE, REDIS, reason="both are the cache")
    brain.causes.join("the disk of the far end is full", NODE, reason="seen together")

    assert len(brain.causes.show(REDIS).fingerprints) == 3
    assert brain.evidence.next_tries(REDIS, target="ledger").tries[0].remedy == "restart"


def test_an_error_is_not_joined_with_itself(brain: Brain) -> None:
    with pytest.raises(InvalidInput):
        brain.causes.join(REDIS, REDIS.replace("cache-1", "cache-2"), reason="the same")


def test_no_agent_says_which_errors_have_one_cause(brain: Brain) -> None:
    with pytest.raises(BrainOpsError):
        brain.acting(actor=BOT).causes.join(NODE, REDIS, reason="I think so")


def test_a_remedy_that_helps_against_both_joins_what_is_alike_and_another_parts_it(brain: Brain) -> None:
    one = "PoolError: too many clients for the orders database"
    two = "PoolError: too many clients for the orders database, giving up"
    for error in (one, two):
        brain.handle("alert", target="api", error=error)
    for target in ("ledger", "search", "mail"):
        brain.evidence.record(one, "raise-pool", "helped", target=target)
    brain.evidence.record(two, "raise-pool", "helped", target="stock")

    joined = brain.causes.show(two)
    assert len(joined.fingerprints) == 2
    assert joined.history[0].why == "raise-pool helped against both, and nothing contradicts it"

    for number in range(9):
        brain.evidence.record(two, "raise-pool", "did_not_help", target="stock", context={"version": f"2.{number}"})
        brain.evidence.record(one, "raise-pool", "helped", target="stock", context={"version": f"2.{number}"})
    assert brain.causes.show(two).history[0].standing is CauseStanding.PARTED
    assert len(brain.causes.show(two).fingerprints) == 1


def test_evidence_of_another_namespace_is_not_seen(open_brain: OpenBrain) -> None:
    theirs = open_brain(namespace="theirs")
    told = theirs.evidence.record(REDIS, "restart", "helped")
    said = theirs.causes.join(NODE, REDIS, reason="both are the cache")
    ours = open_brain(namespace="ours")

    assert ours.evidence.list() == [] and ours.causes.list() == []
    assert ours.evidence.next_tries(REDIS).text == ""
    with pytest.raises(NotFound):
        ours.evidence.contradict(told.id, "no")
    with pytest.raises(NotFound):
        ours.causes.undo(said.id)


def test_a_purge_takes_out_what_evidence_says_of_an_error(brain: Brain) -> None:
    memory_id = brain.handle("alert", target="api", error=REDIS).memory_id
    told = brain.evidence.record(REDIS, "restart", "helped", target="ledger", context=OLD, note="of Ada's machine")
    assert memory_id is not None

    brain.purge(memory_id, reason="asked for")

    left = brain.evidence.get(told.id)
    assert (left.note, left.context) == ("purged", {})


def test_the_rate_of_first_tries_is_that_of_the_record(brain: Brain) -> None:
    bot = brain.acting(actor=BOT)
    for remedy, effect in (("a", "did_not_help"), ("b", "helped"), ("b", "helped")):
        bot.evidence.record(REDIS, remedy, effect)

    with inside(brain).store.read() as tx:
        assert tx.evidence.first_tries() == (2, 1)


def test_what_applications_showed_before_there_was_evidence_is_evidence_since(brain: Brain, dialect: str) -> None:
    fix = brain.fixes.attach(REDIS, "Restart it", advice="restart redis")
    for helped in (True, True, False):
        brain.fixes.record(fix.id, helped=helped, target="api", note="looked")
    brain.acting(actor=BOT).fixes.record(fix.id, helped=True, target="api")  # a word alone, which no state keeps
    before, sure = brain.evidence.list(), brain.fixes.confidence(fix.id)
    script = next(script for _, name, script in migrations(dialect) if name == "evidence")
    [moved] = re.findall(r"^insert into evidence .*?;", script, re.MULTILINE | re.DOTALL)

    with inside(brain).store.database.raw() as connection:  # type: ignore[attr-defined]
        if dialect == "postgres":
            connection.execute("set brainops.upkeep = 'on'")
        connection.execute("delete from evidence")
        connection.execute(moved)
        connection.commit()

    assert [each.id for each in brain.evidence.list()] == [each.id for each in before if each.basis.value != "claimed"]
    assert {each.remedy for each in brain.evidence.list()} == {"Restart it"}
    assert brain.fixes.confidence(fix.id) == sure


def test_the_end_of_an_operation_that_followed_a_remedy_is_evidence(brain: Brain) -> None:
    brain.establish({"name": "restart", "description": "d", "steps": [STEP]}, reason="it helps")
    fix = brain.fixes.attach(DISK, "prune", advice="prune the images")
    brain.evidence.record(REDIS, "restart", "helped", target="api")
    with brain.operation("repair", target="mail", context={"error": REDIS, **NEW}) as first:
        first.follow()
    second = brain.begin("repair disk", target="mail")
    second.follow(fix.id)
    second.fail("RuntimeError: it is still full")

    found = {each.fingerprint: each for each in brain.evidence.list() if each.source == "operation"}

    shown = [(each.remedy, each.effect, each.basis, each.target) for each in found.values()]
    assert sorted(shown) == [
        ("prune", RemedyEffect.DID_NOT_HELP, Evidence.OBSERVED, "mail"),
        ("restart", RemedyEffect.HELPED, Evidence.OBSERVED, "mail"),
    ]
    assert found[fix.fingerprint].operation_id == second.id
    assert {**NEW} in [each.context for each in found.values()]


def test_what_followed_nothing_or_knows_no_error_is_no_evidence(brain: Brain) -> None:
    memory = brain.capture("how we deploy", "slowly", type="decision_record")
    with brain.operation("repair", context={"error": REDIS}):
        pass
    with brain.operation("deploy") as running:
        running.follow(memory.id)
    with brain.operation("repair", context={"error": REDIS}) as running:
        running.follow(memory.id)

    assert brain.evidence.list() == []


def test_the_same_try_is_evidence_once(brain: Brain) -> None:
    fix = brain.fixes.attach(REDIS, "restart", command=["true"])
    with brain.operation("repair", target="api", context={"error": REDIS}) as running:
        brain.evidence.record(REDIS, "restart", "helped", target="api", operation_id=running.id)
        running.follow(fix.id)

    assert [each.source for each in brain.evidence.list()] == ["told"]


def test_a_later_look_at_an_operation_judges_what_it_showed(brain: Brain) -> None:
    fix = brain.fixes.attach(REDIS, "restart", advice="restart redis")
    ids = []
    for _ in range(2):
        with brain.acting(actor=BOT).operation("repair", context={"error": REDIS}) as running:
            running.follow(fix.id)
        ids.append(running.id)
    claimed = {each.basis for each in brain.evidence.list()}

    brain.operations.verify(ids[0])
    brain.operations.contradict(ids[1], "it was down again")

    assert claimed == {Evidence.CLAIMED}
    assert (brain.evidence.get(ids[0]).basis, brain.evidence.get(ids[0]).effect) == (Evidence.VERIFIED, "helped")
    assert brain.evidence.get(ids[1]).effect is RemedyEffect.DID_NOT_HELP
    with pytest.raises(Conflict):
        brain.evidence.contradict(ids[0], "no")


def test_a_verdict_on_an_error_memory_is_evidence_of_the_remedy_that_it_names_until_it_is_taken_back(
    brain: Brain,
) -> None:
    said = {"error": REDIS, "solution": "raise the pool size\nthen look"}
    digest = brain.fixes.attach(REDIS, "x", advice="x").fingerprint
    memory = brain.capture("redis is down", said, type="error_pattern", fingerprint=digest)
    silent = brain.capture("disk is full", {"error": DISK, "solution": "none"}, type="error_pattern")

    given = brain.feedback(memory.id, "helpful")
    brain.feedback(silent.id, "helpful")

    assert [(each.remedy, each.effect) for each in brain.evidence.list()] == [("raise the pool size", "helped")]
    assert brain.evidence.next_tries(REDIS).tries[0].remedy == "raise the pool size"
    brain.undo_feedback(given.id)
    assert brain.evidence.list() == []


def test_of_an_actors_verdicts_on_a_memory_the_latest_stands_and_none_makes_a_fix_automatic(brain: Brain) -> None:
    brain.establish({"name": "calm", "description": "d", "steps": [STEP]}, reason="it helps")
    fix = brain.fixes.attach(REDIS, "calm it", procedure="calm")
    said = {"error": REDIS, "solution": "calm"}
    memory = brain.capture("redis is down", said, type="error_pattern", fingerprint=fix.fingerprint)

    given = [brain.feedback(memory.id, "helpful") for _ in range(6)]
    counted = [len(brain.evidence.list()), _handed_out(brain, fix.id), brain.fixes.confidence(fix.id).verified]
    brain.undo_feedback(given[-1].id)
    before = len(brain.evidence.list())
    for each in given[:-1]:
        brain.undo_feedback(each.id)

    assert counted == [1, 1, 0] and before == 1
    assert (brain.evidence.list(), _handed_out(brain, fix.id)) == ([], 0)


def _handed_out(brain: Brain, fix_id: str) -> int:
    """Return how often a fix helped, as hooks are told."""
    with inside(brain).context.store.read() as tx:
        return tx.fixes.verdicts().get(fix_id, (None, 0, 0))[1]


def test_a_run_with_a_check_of_its_own_is_verified_evidence_and_a_failed_one_speaks_against_it(brain: Brain) -> None:
    bare = {"id": "do", "uses": "check", "with": {"condition": "true"}}
    check = {**bare, "verify": "true"}
    for name, step in (("checked", check), ("unchecked", bare), ("vain", {**check, "verify": "false"})):
        inputs = {"error": {"type": "string"}}
        brain.establish({"name": name, "description": "d", "inputs": inputs, "steps": [step]}, reason="it helps")
        brain.runs.start(name, {"error": REDIS}, target="api")

    found = {each.remedy: (each.effect, each.basis) for each in brain.evidence.list()}

    assert found == {
        "checked": (RemedyEffect.HELPED, Evidence.VERIFIED),
        "vain": (RemedyEffect.DID_NOT_HELP, Evidence.OBSERVED),
    }


def test_what_an_agent_says_that_it_followed_is_its_claim_until_somebody_looked(brain: Brain) -> None:
    brain.evidence.record(REDIS, "restart", "helped")
    brain.agents.register_callable("ada", lambda task: {"followed": "restart"})

    done = brain.agents.execute("repair api", target="api", context={"error": REDIS})
    [claimed] = [each for each in brain.evidence.list() if each.source == "operation"]
    brain.agents.verify(done.id, right=False, note="redis is down still")

    assert (claimed.effect, claimed.basis, claimed.actor.id) == (RemedyEffect.HELPED, Evidence.CLAIMED, "ada")
    assert brain.evidence.get(claimed.id).effect is RemedyEffect.DID_NOT_HELP


def test_where_too_little_tells_places_apart_what_was_seen_in_a_place_like_this_counts_more(brain: Brain) -> None:
    here, there = {"region": "us", "engine": "mysql"}, {"region": "eu", "engine": "postgres"}
    brain.evidence.record(REDIS, "raise-pool", "helped", target="search", context=here)
    brain.evidence.record(REDIS, "raise-pool", "did_not_help", target="reports", context=there)
    brain.evidence.record(REDIS, "lower-load", "helped", target="reports", context=there)

    found = {
        name: [each.remedy for each in brain.evidence.next_tries(REDIS, target="mail", context=context).tries]
        for name, context in (("here", here), ("there", there))
    }

    assert (found["here"][0], found["there"][0]) == ("raise-pool", "lower-load")
