"""What may be done on a page, and what undoes it? One table of the verbs that buttons call."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class PageAct(Struct, frozen=True):
    """What is said of an act that was done: what it was, and in words what undoes it.

    Where another verb of this table undoes it, `undo` names that, and `takes` which fields of the form it takes, or of
    what was answered ("fix_id=id"); `gives` is what it is told besides, `label` stands on its button.
    `shows` is the template by which the answer itself stands in the place of the button.
    """

    said: str
    undone: str = ""
    undo: str = ""
    label: str = "Undo"
    takes: tuple[str, ...] = ()
    gives: Mapping[str, str] = {}
    shows: str = ""


ACTS: Mapping[str, PageAct] = {
    "agents.disable": PageAct("Switched off.", "", "agents.enable", "Switch on", ("name",)),
    "agents.enable": PageAct("Switched on.", "", "agents.disable", "Switch off", ("name",)),
    "archive": PageAct("Set aside.", "Searches do not find it.", "restore", "Bring back", ("memory_id",)),
    "feedback": PageAct("It counts from now on.", "", "undo_feedback", "Undo", ("feedback_id=id",)),
    "fixes.apply": PageAct("It is applied, and verified after that.", "Its application says how it went."),
    "fixes.attach": PageAct(
        "Bound: it is suggested when this error comes.",
        "",
        "fixes.detach",
        "Undo",
        ("fix_id=id",),
        {"reason": "taken back on the page"},
    ),
    "fixes.demote": PageAct("It is only suggested from now on.", "brainops fix mode lets it go further again."),
    "fixes.detach": PageAct("Unbound; its record stays.", "Binding it anew takes it back."),
    "improvements.apply": PageAct(
        "Applied, and watched.",
        "",
        "improvements.undo",
        "Roll back",
        ("improvement_id",),
        {"reason": "taken back on the page"},
    ),
    "improvements.undo": PageAct("Rolled back.", "It is not proposed again without more evidence."),
    "keys.revoke": PageAct("Revoked: it opens nothing from now on.", "Nothing takes that back; a new key is issued."),
    "people.grant": PageAct("Given.", "", "people.withdraw", "Withdraw", ("name", "role", "path")),
    "people.sign_out": PageAct("Signed out everywhere.", "They sign in again."),
    "people.withdraw": PageAct("Withdrawn.", "", "people.grant", "Give it back", ("name", "role", "path")),
    "restore": PageAct("It is back.", "", "archive", "Set aside", ("memory_id",)),
    "undo_feedback": PageAct("Taken back.", "Saying it again does."),
    "upkeep.doctor": PageAct("Checked.", shows="checks.html"),
    "approvals.grant": PageAct("Approved.", "What was asked for goes on; cancelling its run stops it."),
    "approvals.refuse": PageAct("Refused.", "Whoever asked may ask again."),
    "improvements.veto": PageAct("Vetoed.", "It is proposed again once there is more evidence."),
    "procedures.activate": PageAct("Activated.", "Activating the version before takes it back."),
    "runs.cancel": PageAct("Cancelled.", "Retry lets it go on where it stopped.", "runs.retry", "Retry", ("run_id",)),
    "runs.complete": PageAct(
        "Done; the run goes on.", "Retrying from that step does it again, once the run has ended."
    ),
    "runs.pause": PageAct("It pauses.", "What is under way ends.", "runs.resume", "Go on", ("run_id",)),
    "runs.resume": PageAct("It goes on.", "", "runs.pause", "Pause", ("run_id",)),
    "runs.retry": PageAct("It goes on.", "", "runs.pause", "Pause", ("run_id",)),
    "runs.skip": PageAct("Skipped.", "Retrying from that step does it after all, once the run has ended."),
    "runs.take_over": PageAct("It is yours.", "Whoever had it may take it over in turn."),
}
