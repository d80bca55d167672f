"""Who is asked, who answers, and who is told? The commands approvals, approve, refuse, approver and notices."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from brainops.cli import show
from brainops.cli.commands import command, group
from brainops.cli.options import AS, REASON, REASON_REQUIRED, SESSION, TARGET, beside, paged
from brainops.cli.screen import age, ago, bold, cut, dim, now, one_line, who, width, wrapped
from brainops.cli.shared import Said, opened
from brainops.cli.short_ids import Id
from brainops.cli.terminal import new_passphrase, person_at_terminal, proof_of_person, proven
from brainops.types import (
    Approval,
    ApprovalKind,
    ApprovalState,
    Approver,
    Channel,
    ChannelKind,
    Notice,
    NoticeKind,
    OperationStart,
    SecretKind,
)

if TYPE_CHECKING:
    from brainops.brain import Brain


@group("approvals", bare="list")
def approvals() -> None:
    """List what waits for a person's answer: who asks, for what, until when, and how to answer.

    \b
    brainops approvals show ID      everything about one
    brainops approve ID             agree, in a terminal of your own
    brainops refuse ID --reason WHY
    """


@approvals.command("list")
@click.option("--all", "every", is_flag=True, help="Those that were decided, used or expired as well.")
@paged()
def list_(brain: Brain, every: bool, limit: int, **cursors: str | None) -> Said:
    """List what waits for a person's answer.

    Example: brainops approvals list --all
    """
    found = brain.approvals.list(None if every else ApprovalState.PENDING, limit=limit, **beside(cursors))
    yield found
    if not found:
        yield "Nothing was asked yet." if every else "Nobody waits for an answer."
    for each in found:
        state = _until(each) if each.state is ApprovalState.PENDING else each.state.value
        why = f", because {_quoted(each.reason)}" if each.reason else ""
        yield bold(cut(f"{one_line(_what(each))}{why}", width()))
        yield cut(f"  {state}; {who(each.requested_by)} asks: {_quoted(each.question)}", width())
        if each.state is ApprovalState.PENDING:
            yield dim(f"  brainops approve {each.id}")
        else:
            yield dim(f"  {each.id}")


@approvals.command("show")
@click.argument("approval_id", metavar="ID", type=Id("approval"))
def show_one(brain: Brain, approval_id: str) -> Said:
    """Show everything about one approval.

    Example: brainops approvals show d16e4b
    """
    found = brain.approvals.get(approval_id)
    yield found
    yield from _one(found)


@approvals.command("ask")
@click.argument("operation")
@TARGET
@SESSION
@REASON
def ask(brain: Brain, operation: str, target: str | None, session: str | None, reason: str) -> Said:
    """Ask a person to approve one operation on one target.

    Example: brainops approvals ask "deploy api" --reason "2.14 is due"
    """
    start = OperationStart(name=operation, target=target, actor=brain.settings.actor, session_id=session)
    asked = brain.guard.ask(start, reason=reason)
    yield asked
    yield f"Asked: {one_line(asked.question)}"
    yield dim(f"  brainops approve {asked.id}")


@command("approve")
@click.argument("approval_id", metavar="ID", type=Id("approval"))
@REASON
@AS
def approve(approval_id: str, reason: str, name: str | None) -> Said:
    """Agree to what was asked. Asks for your passphrase or key on the terminal; it can be used once, within a day.

    Example: brainops approve d16e4b --reason "it was planned"
    """
    yield from _decide(approval_id, reason, name, grant=True)


@command("refuse")
@click.argument("approval_id", metavar="ID", type=Id("approval"))
@REASON_REQUIRED
@AS
def refuse(approval_id: str, reason: str, name: str | None) -> Said:
    """Say no to what was asked. Asks for your passphrase or key on the terminal.

    Example: brainops refuse d16e4b --reason "not on a Friday"
    """
    yield from _decide(approval_id, reason, name, grant=False)


def _decide(approval_id: str, reason: str, name: str | None, *, grant: bool) -> Said:
    with opened(model="none") as brain, person_at_terminal("to approve" if grant else "to refuse") as terminal:
        asked = brain.approvals.get(approval_id)
        terminal.say(_one(asked))
        proof = proof_of_person(terminal, brain.approvals.approvers.list(), name)
        decide = brain.approvals.grant if grant else brain.approvals.refuse
        decided = decide(approval_id, proof=proof, reason=reason)
    yield decided
    by = decided.decided_by.id if decided.decided_by else "nobody"
    if decided.state is ApprovalState.GRANTED:
        yield from wrapped(f"Granted by {by}, to be used once: {one_line(_what(decided))}")
        if following := _following(decided):
            yield f"Next: {following}"
    else:
        yield from wrapped(f"Refused by {by}: {one_line(_what(decided))}")


def _following(granted: Approval) -> str | None:
    """Return what uses the approval of a run's step: a worker does it by itself, anybody may do it now."""
    match granted.kind:
        case ApprovalKind.STEP if granted.run_id:
            return f"brainops runs advance {granted.run_id}"
        case ApprovalKind.SKIP_STEP if granted.run_id and granted.step_id:
            why = shlex.quote(one_line(granted.reason) or granted.question)
            return f"brainops runs skip {granted.run_id} {granted.step_id} --reason {why} --approval {granted.id}"
        case _:
            return None


def _one(each: Approval) -> Iterator[str]:
    yield from (bold(line) for line in wrapped(one_line(_what(each))))
    decided = f"{who(each.decided_by)} by {each.decided_by.proof}: {each.decision_reason}" if each.decided_by else ""
    yield from show.pairs(
        {
            "  in their words": _quoted(each.question),
            "  because": each.reason and _quoted(each.reason),
            "  asked by": f"{who(each.requested_by)}, {ago(each.requested_at)}",
            "  run": " ".join(part for part in (each.run_id, each.step_id) if part),
            "  namespace": each.namespace,
            "  state": _until(each) if each.state is ApprovalState.PENDING else each.state.value,
            "  decided by": decided or each.decision_reason,
            "  id": each.id,
        }
    )


def _what(each: Approval) -> str:
    return f"{each.kind.value.replace('_', ' ')} {each.subject}"


def _quoted(text: str) -> str:
    """Return the free text of whoever asks, in quotes, so that it passes for nothing else."""
    return json.dumps(one_line(text), ensure_ascii=False)


def _until(each: Approval) -> str:
    left = age(now(), each.expires_at)
    if each.expires_at <= now():
        return "its time has passed"
    return "waits, less than a minute left" if left == "now" else f"waits, {left} left"


@group("approver")
def approver() -> None:
    """Who may approve, for the whole store. The first one enrols on trust; every other is let in by one who may."""


@approver.command("enrol")
@click.argument("name")
@click.option("--key", "by_key", is_flag=True, help="By a key that is shown once on the terminal, for services.")
@click.option("--as", "voucher", metavar="NAME", help="Who lets them in, where several may.")
@click.option("--signs-in", is_flag=True, help="It is whoever signs in under that name at a server already.")
def enrol(brain: Brain, name: str, by_key: bool, voucher: str | None, signs_in: bool) -> Said:
    """Let a person approve. Asks for everything on the terminal.

    Example: brainops approver enrol ines
    """
    with person_at_terminal("enrolling an approver") as terminal:
        people = brain.approvals.approvers
        known = people.list()
        proof = None
        if known:
            terminal.say(wrapped(f"{name} is to approve from now on. Somebody who may approve already lets them in."))
            proof = proof_of_person(terminal, known, voucher)
        passphrase = None if by_key else new_passphrase(terminal, name)
        enrolled = people.enrol(name, passphrase=passphrase, signs_in=signs_in, proof=proof)
        if enrolled.key is not None:
            terminal.say([f"The key of {name}, shown this once:", enrolled.key])
    yield enrolled.approver
    new = enrolled.approver
    trust = ", the first one, taken on trust" if new.first_use else f", let in by {new.enrolled_by.id}"
    yield from wrapped(f"{new.name} may approve by {new.kind.value}{trust}.")
    if new.first_use:
        yield dim("Whoever comes next needs your passphrase to be let in.")


@approver.command("list")
def list_approvers(brain: Brain) -> Said:
    """Show who may approve, and who might once.

    Example: brainops approver list
    """
    people, accepted = brain.approvals.approvers.list(), brain.approvals.approvers.clients()
    yield {"approvers": people, "clients": accepted}
    if not people:
        yield "Nobody may approve yet. In a terminal of your own: brainops approver enrol NAME"
    for each in people:
        yield cut(f"{one_line(each.name):<20}  {each.kind.value:<10}  {one_line(_standing(each))}", width())
    if accepted:
        yield f"The dialogs of these clients count here: {one_line(', '.join(accepted))}"


def _standing(each: Approver) -> str:
    if each.revoked_at is not None:
        return f"revoked {ago(each.revoked_at)}"
    since = f"since {ago(each.enrolled_at)}, " + ("on trust" if each.first_use else f"by {each.enrolled_by.id}")
    locked = each.failures and (each.locked_until or 0) > now()
    return f"{since}; locked after {each.failures} wrong tries" if locked else since


@approver.command("revoke")
@click.argument("name")
@click.option("--key", "only", flag_value="key", default=None, help="Only their key.")
@click.option("--passphrase", "only", flag_value="passphrase", help="Only their passphrase.")
@click.option("--as", "voucher", metavar="NAME", help="Who takes it, where several may.")
def revoke(brain: Brain, name: str, only: str | None, voucher: str | None) -> Said:
    """Take from a person the right to approve. The last one who may cannot go.

    Example: brainops approver revoke ines --key
    """
    with person_at_terminal("revoking an approver") as terminal:
        people = brain.approvals.approvers
        proof = proof_of_person(terminal, people.list(), voucher)
        gone = people.revoke(name, proof=proof, kind=SecretKind(only) if only else None)
    yield gone
    yield from [f"{each.name} may no longer approve by {each.kind.value}." for each in gone]


@approver.command("clients")
@click.argument("clients", metavar="[CLIENT...]", nargs=-1)
@click.option("--none", "nothing", is_flag=True, help="Accept no client's dialog.")
@click.option("--as", "voucher", metavar="NAME", help="Who you are, where several may approve.")
def clients(brain: Brain, clients: tuple[str, ...], nothing: bool, voucher: str | None) -> Said:
    """Say which coding clients' own ask dialogs count as proof in this namespace; without names, show them.

    Example: brainops approver clients claude-code
    """
    people = brain.approvals.approvers
    accepted = people.clients()
    if clients or nothing:
        with person_at_terminal("accepting a client's dialog") as terminal:
            proof = proof_of_person(terminal, people.list(), voucher)
            accepted = people.accept_clients(clients, proof=proof)
    yield {"clients": accepted}
    yield one_line(", ".join(accepted)) or "No client's dialog counts here."


@group("notices", bare="list")
def notices() -> None:
    """List what somebody must be told and has not been, newest first.

    \b
    brainops notices deliver                        hand them to the channels now
    brainops notices read ID...                     they were read
    brainops notices channel add NAME --webhook URL
    brainops notices channel add NAME --command 'notify --team shop'
    """


@notices.command("list")
@click.option("--all", "every", is_flag=True, help="Those that were delivered or read as well.")
@paged()
def list_notices(brain: Brain, every: bool, limit: int, **cursors: str | None) -> Said:
    """List what somebody must be told.

    Example: brainops notices list --all
    """
    found, counts = brain.notices.list(every=every, limit=limit, **beside(cursors)), brain.notices.counts()
    told = {each.id: brain.notices.sentence(each) for each in found}
    channels = brain.notices.channels()
    yield found
    pending = int(counts["pending"] or 0)
    if not found:
        yield "Nobody needs to be told anything."
    for each in found:
        yield cut(f"{age(each.created_at):>6}  {one_line(told[each.id])}", width())
        yield dim(cut(f"        {each.id}{_delivered(each)}", width()))
    if pending > len(found):
        yield dim(f"{pending:,} wait in all; more with --limit")
    if pending and not bool(channels):
        yield dim("No channel: they stay until somebody reads them. brainops notices channel --help")


def _delivered(each: Notice) -> str:
    if each.delivered_at is not None:
        return f"  told by {one_line(', '.join(each.delivered_to)) or 'nobody: no channel wants it'}"
    return f"  tried {each.attempts}: {one_line(each.error)}" if each.error else ""


@notices.command("deliver")
def deliver(brain: Brain) -> Said:
    """Hand what is due to the channels now.

    Example: brainops notices deliver
    """
    done = brain.notices.deliver()
    told = f"{done.delivered:,} delivered, {done.failed:,} to be tried again, {done.pending:,} waiting."
    yield done
    yield told


@notices.command("read")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=Id("notice"))
def read(brain: Brain, ids: tuple[str, ...]) -> Said:
    """Say that notices were read, so that they need no delivery.

    Example: brainops notices read 58e1f9
    """
    done = brain.notices.acknowledge(ids)
    yield {"read": done}
    yield f"{done} read."


@notices.group("channel", bare="list")
def channel() -> None:
    """By which ways this namespace's notices leave."""


@channel.command("list")
def list_channels(brain: Brain) -> Said:
    """List the ways by which this namespace's notices leave.

    Example: brainops notices channel list
    """
    found = brain.notices.channels()
    yield found
    yield from _channels(found)


def _channels(found: Sequence[Channel]) -> Iterator[str]:
    if not found:
        yield "No channel: notices wait here. brainops notices channel add --help"
    for each in found:
        argv, url = each.settings.get("argv"), each.settings.get("url")
        people, host = each.settings.get("to"), each.settings.get("host")
        to = f"{', '.join(map(str, people))} by {host}" if isinstance(people, list) else str(url)
        does = shlex.join(str(part) for part in argv) if isinstance(argv, list) else to
        yield cut(f"{one_line(each.name):<16}  {each.kind.value:<8}  {one_line(does)}", width())
        if each.kinds:
            yield dim(f"  only {', '.join(each.kinds)}")


@channel.command("add")
@click.argument("name")
@click.option("--command", "command_line", metavar="LINE", help="A program and its arguments; run without a shell.")
@click.option("--webhook", metavar="URL", help="An address, or where it stands: env:NAME or file:PATH.")
@click.option(
    "--secret", metavar="REFERENCE", help="What signs deliveries, or Slack's requests: env:NAME or file:PATH."
)
@click.option("--slack", metavar="URL", help="Where an incoming webhook of Slack stands, or chat.postMessage.")
@click.option("--token", metavar="REFERENCE", help="What posts there by chat.postMessage: env:NAME or file:PATH.")
@click.option("--to", "room", metavar="CHANNEL", help="The ID of the channel in Slack that a token posts to.")
@click.option("--approve", is_flag=True, help="People approve in Slack, by the app's signing secret (--secret).")
@click.option("--person", "users", metavar="USER=NAME", multiple=True, help="Who is who in Slack; repeatable.")
@click.option("--email", "people", metavar="ADDRESS", multiple=True, help="Whom to write to; repeatable.")
@click.option("--smtp", metavar="HOST", help="The server that sends e-mails.")
@click.option("--port", type=int, help="Its port; 587, and 465 with --tls.")
@click.option("--tls", is_flag=True, help="Encrypted from the start; without it, by STARTTLS.")
@click.option("--from", "sender", metavar="ADDRESS", help="Who writes the e-mails.")
@click.option("--user", metavar="NAME", help="Who is known to the server.")
@click.option("--password", metavar="REFERENCE", help="By which password: env:NAME or file:PATH.")
@click.option("--link", metavar="URL", help="Where an approval is opened, with {approval} in it.")
@click.option("--private", metavar="HOST", multiple=True, help="This host may lie in a private range; repeatable.")
@click.option("--only", "kinds", type=click.Choice(list(NoticeKind)), multiple=True, help="Only these; repeatable.")
def add_channel(
    brain: Brain, name: str, command_line: str | None, webhook: str | None, secret: str | None, kinds: tuple[str, ...],
    people: tuple[str, ...], smtp: str | None, port: int | None, tls: bool, sender: str | None, user: str | None,
    password: str | None, link: str | None, private: tuple[str, ...], slack: str | None, token: str | None,
    room: str | None, approve: bool, users: tuple[str, ...],
) -> Said:  # fmt: skip
    """Let notices leave by a command (as JSON on standard input), a webhook (a POST of it), Slack or e-mail.

    Example: brainops notices channel add pager --command "notify --team shop"
    """
    given = [each for each in (command_line, webhook, slack, smtp) if each is not None]
    if len(given) != 1:
        raise click.UsageError("Name one: --command LINE, --webhook URL, --slack URL or --smtp HOST.")
    settings: dict[str, object]
    if command_line is not None:
        kind, settings = ChannelKind.COMMAND, {"argv": shlex.split(command_line)}
    elif webhook is not None:
        kind, settings = ChannelKind.WEBHOOK, {"url": webhook, "secret": secret, "private": list(private)}
    elif slack is not None:
        who = dict(each.partition("=")[::2] for each in users)
        answered = {"secret": secret, "approve": approve, "people": who}
        kind, settings = (
            ChannelKind.SLACK,
            {"url": slack, "token": token, "to": room, **answered, "private": list(private)},
        )
    else:
        security = "tls" if tls else "starttls"
        to = {"host": smtp, "port": port, "security": security, "from": sender, "to": list(people)}
        kind = ChannelKind.EMAIL
        settings = {**to, "username": user, "password": password, "link": link, "private": list(private)}
    settings = {key: value for key, value in settings.items() if value}
    new = proven(brain, "CHANNEL_PUT", brain.notices.add_channel, name, kind, settings, kinds=kinds)
    yield new
    yield from _channels([new])
    yield dim(f"Try it: brainops notices channel test {shlex.quote(new.name)}")


@channel.command("remove")
@click.argument("name")
def remove_channel(brain: Brain, name: str) -> Said:
    """Remove a channel.

    Example: brainops notices channel remove pager
    """
    proven(brain, "CHANNEL_REMOVE", brain.notices.remove_channel, name)
    yield {"removed": name}
    yield f"Removed: {one_line(name)}"


@channel.command("test")
@click.argument("name")
@click.pass_context
def test_channel(context: click.Context, brain: Brain, name: str) -> Said:
    """Send a notice for trial by one channel.

    Example: brainops notices channel test pager
    """
    problem = brain.notices.try_channel(name)
    yield {"taken": problem is None, "problem": problem}
    yield f"Not taken: {problem}" if problem else "Taken."
    context.exit(1 if problem else 0)
