"""Does the confidence tell a detail that stands in memory from one that was never said of a much discussed thing?

    python -m bench.quality.absent --work FOLDER

Made-up notes: of six services there is much talk, and half of all details stand in it; details of twelve others stand
in passing in reports about everything. Each detail is asked of each of the six, and half of those of the twelve, in
other words than they are written in. What was never said of one service was said of others. The figure is the chance
that an answerable question has the surer first hit (AUC).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy

from bench.figures import RESAMPLES, SEED, Figure, percentiles
from bench.part import options, publish, say
from bench.quality.run import auc
from brainops import Brain

DISCUSSED = ("checkout", "invoice mailer", "search gateway", "image resizer", "session cache", "ledger")
IN_PASSING = (
    "rate quoter", "address book", "audit collector", "label printer", "returns desk", "price feed", "gift wrapper",
    "tax table", "stock counter", "courier map", "survey form", "coupon vault",
)  # fmt: skip
REPORTS = 10  # a week each, with a detail of every service of which little is said
NOTES = 5  # of a service
SHARE_ASKED = 0.5  # of the details of which little is said
TALK = 9  # sentences of a note that say nothing that is asked for
TALKED = (
    "{service} was looked at again this week and the team liked where it stands.",
    "Two people from the other floor asked how {service} came to be what it is.",
    "The review of {service} took an hour longer than planned because everybody had an opinion.",
    "Most of what changed in {service} this month is small and can be read in the history.",
    "We drew {service} on the whiteboard and threw half of the arrows away.",
    "A newcomer read through {service} and wrote down what was confusing.",
    "There is a wish to split {service}, and an equally strong wish to leave it alone.",
    "Sales mentioned {service} in a call and promised nothing.",
    "{service} survived the spring without any help, which surprised some of us.",
    "The diagram of {service} in the handbook is from last year and mostly right.",
    "Whoever touches {service} next should read the earlier notes first.",
    "The weekly meeting about {service} was moved to the afternoon.",
)
# What is written down, and how it is asked for; {service} stands in the question, {value} in what is written.
DETAILS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("It listens on port {value}.", "Which port does {service} use?", ("8443", "9100", "7070")),
    ("Its data is kept for {value} days and then dropped.", "How long is data of {service} retained?", ("30", "90")),
    ("Restarts are done by {value}, who has the key.", "Who may restart {service}?", ("Ilse", "Tomasz", "Noor")),
    ("At night it copies everything to the {value} bucket.", "Where do backups of {service} go?", ("amber", "cobalt")),
    ("More than {value} requests a second make it refuse.", "What is the rate limit of {service}?", ("400", "1200")),
    ("The certificate was issued by {value}.", "Which authority signed the certificate of {service}?", ("Nordca",)),
    ("It is written in {value}.", "What programming language is {service} in?", ("Elixir", "Kotlin", "Zig")),
    ("When it fails, {value} is paged first.", "Who is on call for {service}?", ("Priya", "Marek", "Lucia")),
    ("It needs {value} gigabytes of memory to start.", "How much RAM does {service} take?", ("6", "12")),
    ("Deployments happen on {value}.", "On which day is {service} released?", ("Tuesday", "Thursday")),
    ("The queue in front of it is called {value}.", "What queue feeds {service}?", ("heron", "magpie")),
    ("Logs go to {value}.", "Where can I read the logs of {service}?", ("Quarry", "Sawmill")),
    ("Its database is {value}.", "Which database does {service} store into?", ("PostgreSQL", "MariaDB")),
    ("A timeout of {value} seconds is set for calls to it.", "When do calls to {service} give up?", ("4",)),
    ("The bill for it came to {value} euros.", "What does {service} cost?", ("710", "1850")),
    ("Feature flags for it live in {value}.", "Where are feature flags of {service} switched?", ("Semaphore",)),
    ("Traffic reaches it from {value} only.", "Who calls {service}?", ("the shop", "the mobile app")),
    ("Passwords for it rotate every {value} weeks.", "How often do credentials of {service} change?", ("6", "8")),
    ("It was down in {value} for a whole morning.", "When did {service} have its outage?", ("March", "October")),
    ("Its dashboard is the board named {value}.", "On which dashboard is {service} watched?", ("Kestrel", "Bittern")),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, and the note that answers it, where one does."""

    question: str
    note: str | None


def world(seed: int) -> tuple[list[tuple[str, str]], list[Asked]]:
    """Return notes (title, text) and the questions about them."""
    dice = random.Random(seed)
    notes: list[tuple[str, str]] = []
    questions: list[Asked] = []
    for service in DISCUSSED:
        said = set(dice.sample(range(len(DETAILS)), len(DETAILS) // 2))
        place = {detail: dice.randrange(NOTES) for detail in said}
        for number in range(NOTES):
            sentences = [talk.format(service=f"The {service}") for talk in dice.sample(TALKED, TALK)]
            for detail, note in place.items():
                if note == number:
                    sentences.insert(dice.randrange(1, len(sentences)), _statement(detail, dice))
            notes.append((f"Notes on the {service}, {number + 1}", " ".join(sentences)))
        for detail in range(len(DETAILS)):
            title = f"Notes on the {service}, {place[detail] + 1}" if detail in said else None
            questions.append(_asked(detail, service, title))
    left = {service: dice.sample(range(len(DETAILS)), REPORTS) for service in IN_PASSING}
    for week in range(REPORTS):
        title, sentences = f"Report of week {week + 10}", []
        for service in dice.sample(IN_PASSING, len(IN_PASSING)):
            detail = left[service][week]
            sentences.append(f"About the {service}. {_statement(detail, dice)}")
            if dice.random() < SHARE_ASKED:
                questions.append(_asked(detail, service, title))
        notes.append((title, " ".join(sentences)))
    return notes, questions


def _statement(detail: int, dice: random.Random) -> str:
    statement, _, values = DETAILS[detail]
    return statement.format(value=dice.choice(values))


def _asked(detail: int, service: str, note: str | None) -> Asked:
    return Asked(question=DETAILS[detail][1].format(service=f"the {service}"), note=note)


def confidences(brain: Brain, questions: Sequence[Asked]) -> Iterator[tuple[bool, float]]:
    """Yield of each question whether it can be answered, and how sure the first hit is."""
    for asked in questions:
        [first] = brain.retrieve(asked.question, limit=1)
        yield asked.note is not None, first.confidence


def main() -> None:
    given = options()
    notes, questions = world(SEED)
    with Brain.open(":memory:", namespace="bench", background=False) as brain:
        for title, text in notes:
            brain.capture(title, text)
        brain.upkeep.embed_pending()
        pairs = list(confidences(brain, questions))
    known = numpy.array([sure for answerable, sure in pairs if answerable])
    absent = numpy.array([sure for answerable, sure in pairs if not answerable])
    generator = numpy.random.default_rng(SEED)
    drawn = [auc(generator.choice(known, len(known)), generator.choice(absent, len(absent))) for _ in range(RESAMPLES)]
    say(f"{len(known)} questions that memory answers, {len(absent)} about what was never said")
    publish(
        [
            Figure(
                name="not in here, AUC: product",
                value=auc(known, absent),
                n=len(pairs),
                interval=percentiles(numpy.array(drawn)),
                method="bootstrap",
                at_least=0.75,
            )
        ],
        quick=given.quick,
    )


if __name__ == "__main__":
    main()
