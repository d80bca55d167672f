"""What does it cost a hook to judge a command, in starts of a bare interpreter?

Each program runs under `python -I -S` with warm byte code, turn by turn with `pass`, on CPU time. The pack holds a
thousand rules with globs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import brainops_core
from bench.part import options, publish, say
from bench.speed.starts import BARE, measured, ratio
from brainops import Brain
from brainops.types import Rule, RuleKind, RuleMode

RULES = 1_000
ASKS = RuleKind.APPROVAL
JUDGED, WITH_PACK, KNOWN = 2.5, 2.5, 4.5
COMMAND = "cd api && git push --force origin main 2>&1 | tee log"
ERROR = "Traceback (most recent call last)\nOSError: [Errno 28] No space left on device: '/data/x1'"

START = "import sys; sys.path.insert(0, {sources!r})\n"
JUDGE = """
from brainops_core.commands.command_line import classify_command
assert classify_command({command!r}) == "destructive"
"""
CHECK = """
from brainops_core import pack
from brainops_core.guard.values import PlainStart, PlainState
known = pack.read({path!r})
start = PlainStart(name="Bash", context={{"command": {command!r}}})
start.action_class = known.classify(start)
said = known.check(start, PlainState(), 0)
assert said.verdict == "deny", said.verdict
"""
FINGERPRINT = """
from brainops_core.recognition.digests import text_digests
from brainops_core.recognition.error_events import parse_error
assert text_digests(parse_error({error!r}))
"""
REDACT = """
from brainops_core.redaction.redact import redact
assert redact({command!r})[1] == {{}}
"""


def main() -> None:
    given = options()
    runs = 7 if given.quick else 31
    say("a pack of a thousand rules")
    path = packed(given.work)
    filled = {
        "sources": str(Path(brainops_core.__file__).parent.parent),
        "command": COMMAND,
        "path": str(path),
        "error": ERROR,
    }
    programs = {
        "a command judged": (JUDGE, JUDGED),
        f"a command judged by a pack of {RULES:,} rules": (CHECK, WITH_PACK),
        "a command looked through for secrets": (REDACT, JUDGED),
        "an error's fingerprints": (FINGERPRINT, KNOWN),
    }
    commands = {"bare": BARE}
    for number, (name, (body, _)) in enumerate(programs.items()):
        file = given.work / f"hook_{number}.py"
        file.write_text((START + body).format(**filled), encoding="utf-8")
        commands[name] = (sys.executable, "-I", "-S", str(file))
    say("processes in turn")
    seconds = measured(commands, {"PATH": os.environ["PATH"], "HOME": str(given.work)}, runs)
    figures = [ratio(name, seconds, at_most) for name, (_, at_most) in programs.items()]
    publish(figures, quick=given.quick, pack_bytes=path.stat().st_size)


def packed(work: Path) -> Path:
    """Return the pack of a store with a thousand rules; it is written if it is not there."""
    store = work / "hook.db"
    with Brain.open(store, namespace="team", model="none", background=False) as brain:
        if len(brain.guard.rules()) < RULES:
            brain.guard.set_enforcement("strict")
            for number in range(RULES):
                globs = (f"deploy service-{number} *", f"tool{number}*")
                brain.guard.add(
                    Rule(id="", namespace="", name=f"rule {number}", operations=globs, kind=ASKS, mode=RuleMode.ASK)
                )
        path = brain.guard.write_pack()
    assert path is not None
    return path


if __name__ == "__main__":
    main()
