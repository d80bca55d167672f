"""Answer cases with the core alone: JSON from standard input, one answer a case, and which modules were loaded.

Run by `python -I -S`, with the folder of the sources as its argument.
"""

from __future__ import annotations

import sys

sys.path.insert(0, sys.argv[1])

from brainops_core.commands.action_class import classify
from brainops_core.commands.command_line import classify_command
from brainops_core.commands.sql_statements import class_of_sql
from brainops_core.guard import guard, values
from brainops_core.json_text import from_json
from brainops_core.recognition.digests import bound_digests, text_digests
from brainops_core.recognition.error_events import parse_error
from brainops_core.recognition.fingerprint import identity
from brainops_core.recognition.masks import mask
from brainops_core.redaction.redact import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def answer(kind: str, given: Any) -> Any:
    """Return what the core says of one case."""
    if kind == "command":
        return classify_command(given)
    if kind == "sql":
        return class_of_sql(given)
    if kind == "operation":
        return classify(values.PlainStart(**given))
    if kind == "error":
        event = parse_error(given)
        frames = [[frame.module, frame.function, frame.in_app] for frame in event.frames]
        said = [event.type, event.message, frames, event.service, mask(given)]
        return [*said, *identity(event), list(text_digests(event)), list(bound_digests(event))]
    if kind == "text":
        return list(redact(given))
    ruling = guard.check(
        _acted(given["start"]), None, [values.rule_of(given["rule"])], _state(given["state"]), given["now"]
    )
    return {name: getattr(ruling, name) for name in ruling.__slots__ if getattr(ruling, name)}


def _acted(start: Any) -> values.PlainStart:
    return values.PlainStart(**{**start, "actor": values.PlainActor(**start["actor"])})


def _state(fields: Any) -> values.PlainState:
    receipts = [
        values.PlainReceipt(**{**each, "actor": values.PlainActor(**each["actor"])}) for each in fields["receipts"]
    ]
    past = [values.PlainPast(**each) for each in fields["past"]]
    approvals = [values.PlainApproval(**each) for each in fields["approvals"]]
    return values.PlainState(**{**fields, "receipts": receipts, "past": past, "approvals": approvals})


if __name__ == "__main__":
    judged = classify_command("git -C api push --force origin main 2>&1 | tee log")
    first = sorted(sys.modules)
    answers = [answer(kind, given) for kind, given in from_json(sys.stdin.read())]
    import json

    print(json.dumps({"judged": judged, "first": first, "answers": answers, "modules": sorted(sys.modules)}))
