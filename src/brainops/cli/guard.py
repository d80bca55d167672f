"""What may be done here? The commands guard, enforcement, autonomy, bypass, stop and compliance."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import click

from brainops.cli import show
from brainops.cli.commands import command, group
from brainops.cli.options import REASON, SESSION, SHOWN, TARGET, beside, limited, paged
from brainops.cli.screen import age, bold, cut, dim, one_line, padded, when, width, wrapped
from brainops.cli.shared import micros, opened
from brainops.cli.short_ids import Id
from brainops.cli.terminal import person_at_terminal, proof_of_person, proven, refuse_agents, refuse_agents_from
from brainops.errors import InvalidInput, StoreError
from brainops.health.halt import resume_everywhere, stop_everywhere, stopped_everywhere
from brainops.types import (
    ActionClass,
    AllOf,
    Allow,
    Autonomy,
    Done,
    Enforcement,
    FailMode,
    OperationStart,
    Rule,
    RuleKind,
    RuleMode,
)
from brainops.types.counted import counted
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.cli.shared import Said
    from brainops.types import GuardSettings

T = TypeVar("T")


def _one_of(kind: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([member.value for member in kind])


# Guard


@group("guard", bare="settings")
def guard() -> None:
    """Say how the guard is set here; or ask it, see its rules and what it said, and correct it.

    \b
    brainops guard check OPERATION        would this be allowed?
    brainops guard rule list              what is asked for; also: add, mode
    brainops guard decisions              what was not simply met
    brainops guard replay                 what strict would have done
    brainops guard false-block ID         a block that was wrong
    """


@guard.command("settings")
def show_settings(brain: Brain) -> Said:
    """Say how the guard is set in this namespace, since when, and by whom.

    Example: brainops guard settings
    """
    settings, stopped = brain.guard.settings(), brain.guard.automatic_stopped()
    rules = brain.guard.rules()
    value = {**plain(settings), "stopped": stopped, "rules": len(rules)}
    yield value
    since = {change.name: f"since {when(change.at)}, by {change.by.id}" for change in settings.changes}
    yield from show.pairs(
        {
            "namespace": settings.namespace,
            "enforcement": f"{settings.enforcement.value} {since.get('enforcement', '(as it starts)')}",
            "autonomy": f"{settings.autonomy.value} {since.get('autonomy', '(as it starts)')}",
            "automatic": f"STOPPED: {one_line(stopped)}" if stopped else "",
            "bypass": _bypass(settings),
            "per person": "compliance is counted per person" if settings.per_person else "",
            "rules": f"{len(rules):,}",
        }
    )


def _bypass(settings: GuardSettings) -> str:
    if settings.bypass is None:
        return ""
    return f"OPEN until {when(settings.bypass.until)} by {settings.bypass.by.id}: {one_line(settings.bypass.reason)}"


@guard.command("check")
@click.argument("operation")
@TARGET
@click.option("--command", "line", metavar="LINE", help="The command line that it runs.")
@SESSION
@click.option("--class", "least", type=_one_of(ActionClass), help="Its class at least.")
def check(
    brain: Brain, operation: str, target: str | None, line: str | None, session: str | None, least: str | None
) -> Said:
    """Say whether an operation would be allowed, by what it is taken for; exit code 1 where not. Writes nothing.

    Example: brainops guard check "deploy api" --command "kubectl apply -f ."
    """
    context = {"command": line} if line else {}
    start = OperationStart(
        name=operation, target=target, context=context, actor=brain.settings.actor, session_id=session
    )
    at_least = ActionClass(least) if least else None
    found = brain.guard.prepared(start, at_least)
    decision = brain.guard.check(start, least=at_least, record=False)
    told = {"class": found.action_class.value, **plain(decision)}
    yield told
    kind = found.action_class.value.replace("_", "-")
    match decision:
        case Allow(warnings=warnings, observed=observed):
            yield f"{click.style('allowed', fg='green')} ({kind})"
            for said in (*warnings, *observed):
                yield from wrapped(one_line(said), indent="  ")
        case _:
            verdict = "needs an approval" if type(decision).__name__ == "Ask" else "denied"
            yield f"{click.style(verdict, fg='red', bold=True)} ({kind}), by rule {one_line(decision.rule)}"
            yield from wrapped(one_line(decision.reason), indent="  ")
            yield f"  -> {one_line(decision.way_out)}"
    if not isinstance(decision, Allow):
        click.get_current_context().exit(1)


@guard.command("pack")
def pack(brain: Brain) -> Said:
    """Write what holds here where hooks look for it; each change does so by itself.

    Example: brainops guard pack
    """
    path = brain.guard.write_pack()
    yield {"path": None if path is None else str(path)}
    yield "a store in memory has none" if path is None else f"written: {path}"


@guard.group("rule", bare="list")
def rule() -> None:
    """Write a rule, set the mode of any rule, or remove one that was written."""


@rule.command("list")
@limited(20)
def rules(brain: Brain, limit: int) -> Said:
    """List the rules that hold here: standard, written, and those of active procedures, in their present modes.

    Example: brainops guard rule list
    """
    found = brain.guard.rules()
    yield found
    room = width() - 32
    for each in found[:limit]:
        kind = padded(each.kind.value.replace("_", " "), 13)
        yield f"{padded(each.mode.value, 8)} {kind} {cut(one_line(each.name), room)}"
        yield dim(cut(f"         {one_line(each.id)}", width()))
    if len(found) > limit:
        yield f"{len(found) - limit:,} more; --limit {len(found)} shows all."


@rule.command("add")
@click.argument("name")
@click.option("--on", "operations", multiple=True, metavar="GLOB", help="Operations that it is about; may be repeated.")
@click.option("--target", "targets", multiple=True, metavar="GLOB", help="Targets that it is about.")
@click.option("--class", "classes", multiple=True, type=_one_of(ActionClass), help="Classes.")
@click.option("--after", multiple=True, metavar="OPERATION", help="What must have been done before; all of them.")
@click.option("--when", "condition", metavar="CEL", help="A condition that must hold.")
@click.option("--approval", is_flag=True, help="A person must approve.")
@click.option("--mode", type=_one_of(RuleMode), default="warn", show_default=True, help="How hard it is.")
@click.option("--fail-closed", is_flag=True, help="Where it cannot be evaluated, it counts as not met.")
@REASON
def add(
    brain: Brain,
    name: str,
    after: tuple[str, ...],
    condition: str | None,
    approval: bool,
    fail_closed: bool,
    **rest: Any,
) -> Said:
    """Write a rule: an order (--after), a condition (--when) or an approval (--approval).

    Example: brainops guard rule add "backup first" --on "migrate*" --after backup
    """
    if (bool(after), condition is not None, approval).count(True) != 1:
        raise InvalidInput("a rule asks for one thing: --after OPERATION, --when CEL or --approval")
    kind = RuleKind.ORDER if after else RuleKind.CONDITION if condition else RuleKind.APPROVAL
    parts = tuple(Done(operation=each) for each in after)
    made = Rule(
        id="",
        namespace="",
        name=name,
        kind=kind,
        operations=tuple(rest["operations"]),
        targets=tuple(rest["targets"]),
        classes=tuple(ActionClass(each) for each in rest["classes"]),
        requirement=(parts[0] if len(parts) == 1 else AllOf(parts=parts)) if parts else None,
        condition=condition,
        mode=RuleMode(rest["mode"]),
        fail_mode=FailMode.CLOSED if fail_closed else FailMode.OPEN,
    )
    refuse_agents_from(brain, "RULE_ADD")
    kept = brain.guard.add(made, reason=rest["reason"])
    yield kept
    yield f"Written: {one_line(kept.name)} ({kept.mode.value})"
    yield dim(f"  {kept.id}")


@rule.command("mode")
@click.argument("rule_id", metavar="RULE", type=Id("rule"))
@click.argument("mode", type=_one_of(RuleMode))
@REASON
def mode(brain: Brain, rule_id: str, mode: str, reason: str) -> Said:
    """Set how hard a rule is; also for one that stepped down.

    Example: brainops guard rule mode 49f0aa warn --reason "it is new"
    """
    kept = proven(brain, "RULE_HARDEN", brain.guard.set_mode, rule_id, mode, reason=reason)
    yield kept
    yield f"{one_line(kept.name)}: {kept.mode.value}"


@rule.command("remove")
@click.argument("rule_id", metavar="RULE", type=Id("rule"))
@REASON
def remove(brain: Brain, rule_id: str, reason: str) -> Said:
    """Remove a rule that was written; what it decided stays on record.

    Example: brainops guard rule remove 49f0aa --reason "the database is gone"
    """
    gone = proven(brain, "RULE_REMOVE", brain.guard.remove, rule_id, reason=reason)
    yield gone
    yield f"Removed: {one_line(gone.name)}"


@guard.command("decisions")
@click.option("--blocked", "kind", flag_value="blocked", default=None, help="Only what was blocked.")
@click.option("--observed", "kind", flag_value="observed", help="Only what strict would have held.")
@click.option("--bypassed", "kind", flag_value="bypassed", help="Only what passed while a bypass was open.")
@click.option("--since", metavar="WHEN", help="Since then: a date, a time, or an age like 7d.")
@paged()
def decisions(brain: Brain, kind: str | None, since: str | None, limit: int, **cursors: str | None) -> Said:
    """List what rules said that were not simply met, newest first.

    Example: brainops guard decisions --blocked --since 7d
    """
    found = brain.guard.decisions(kind=kind, since=micros(since), limit=limit, **beside(cursors))
    yield found
    if not found:
        yield "Nothing: every rule that applied was met."
    for each in found:
        target = f" on {each.target}" if each.target else ""
        judged = f" ({each.judged})" if each.judged else ""
        lead = f"{padded(age(each.at), 7)} {padded(each.kind.value + judged, 9)} "
        yield cut(f"{lead}{one_line(each.operation_name + target)}: {one_line(each.reason)}", width())
        yield dim(cut(f"        {each.id}  {one_line(each.rule_name)}", width()))


@guard.command("replay")
@click.option("--days", type=float, default=7.0, show_default=True, help="How far back.")
@click.option("--enforcement", type=_one_of(Enforcement), default="strict", show_default=True, help="Held to it.")
def replay(brain: Brain, days: float, enforcement: str) -> Said:
    """Say what an enforcement would have done to the recorded operations. Writes nothing.

    Example: brainops guard replay --days 7 --enforcement strict
    """
    told = brain.guard.replay(days, enforcement)
    yield told
    yield f"{counted(told.operations, 'operation')} since {when(told.since)}, held to {told.enforcement.value}:"
    yield f"{told.allowed:,} pass, {told.asked:,} ask a person, {told.denied:,} are denied."
    for name, count in list(told.by_rule.items())[:5]:
        yield f"{count:>7,}  {cut(one_line(name), width() - 9)}"
    for each in told.held[: SHOWN - 4]:
        target = f" on {each.target}" if each.target else ""
        yield cut(
            f"{padded(each.verdict, 5)} {one_line(each.operation_name + target)}: {one_line(each.reason)}", width()
        )
    if told.cut:
        yield dim("There were more operations than a replay looks at; ask for fewer days.")


@guard.command("false-block")
@click.argument("decision_id", metavar="ID", type=Id("decision"))
@click.option("--note", default="", metavar="TEXT", help="Why it was wrong.")
@click.option("--right", is_flag=True, help="The block was right.")
def false_block(brain: Brain, decision_id: str, note: str, right: bool) -> Said:
    """Say that a block was wrong; a rule that is often wrong steps down one mode.

    Example: brainops guard false-block 6c3b91 --note "it was planned"
    """
    refuse_agents_from(brain, "JUDGE_BLOCK")
    judge = brain.guard.right_block if right else brain.guard.false_block
    found = judge(decision_id, note)
    yield found
    yield "Noted as right." if right else "Noted as a false block."


@guard.command("per-person")
@click.argument("value", type=click.Choice(["on", "off"]))
@REASON
def per_person(brain: Brain, value: str, reason: str) -> Said:
    """Count compliance per person here, or no longer. Agree on it with the people first.

    Example: brainops guard per-person off --reason "it was a trial"
    """
    refuse_agents_from(brain, "PER_PERSON")
    settings = brain.guard.set_per_person(value == "on", reason=reason)
    yield settings
    yield f"Compliance per person: {value}"


# Settings


@command("enforcement")
@click.argument("value", type=_one_of(Enforcement), required=False)
@REASON
def enforcement(brain: Brain, value: str | None, reason: str) -> Said:
    """Show or set whether rules only watch (observe) or hold (strict) in this namespace.

    Example: brainops enforcement strict --reason "the pilot is over"
    """
    if value is None:
        settings = brain.guard.settings()
    else:
        settings = proven(brain, "ENFORCEMENT_HOLD", brain.guard.set_enforcement, value, reason=reason)
    yield settings
    yield f"enforcement in {settings.namespace}: {bold(settings.enforcement.value)}"
    if value == Enforcement.STRICT:
        from brainops.hooks.install import fail_closed

        for path in fail_closed(os.environ):
            yield dim(f"  a hook that fails blocks from now on: {path}")
    if settings.bypass is not None:
        yield from wrapped(f"bypass {_bypass(settings)}", first="  ", indent="  ")
        yield dim("  end it: brainops bypass --close")


@command("autonomy")
@click.argument("value", type=_one_of(Autonomy), required=False)
@REASON
def autonomy(brain: Brain, value: str | None, reason: str) -> Said:
    """Show or set what may change by itself here: nothing (observe), proposals (propose), what proved itself (auto).

    Example: brainops autonomy propose --reason "people look first"
    """
    if value is None:
        settings = brain.guard.settings()
    else:
        settings = proven(brain, "AUTONOMY_LOWER", brain.guard.set_autonomy, value, reason=reason)
    yield settings
    yield f"autonomy in {settings.namespace}: {bold(settings.autonomy.value)}"


@command("bypass")
@click.option("--minutes", type=float, metavar="N", help="For how long, at most 240.")
@REASON
@click.option("--close", is_flag=True, help="End an open bypass now.")
@click.option("--as", "name", metavar="NAME", help="Who you are, where several may approve.")
def bypass(minutes: float | None, reason: str, close: bool, name: str | None) -> Said:
    """Let everything pass in this namespace for a while. Asks for your passphrase or key on the terminal.

    Example: brainops bypass --minutes 15 --reason "the pager does not stop"
    """
    if close:
        with opened(model="none") as brain:
            closed = brain.guard.close_bypass()
        yield {"closed": closed}
        yield "Closed." if closed else "No bypass is open."
        return
    if minutes is None:
        raise click.UsageError("Say for how long and why: brainops bypass --minutes 15 --reason TEXT")
    with opened(model="none") as brain, person_at_terminal("opening a bypass") as terminal:
        proof = proof_of_person(terminal, brain.approvals.approvers.list(), name)
        made = brain.guard.bypass(minutes, reason, proof=proof)
    yield made
    yield f"Everything passes in {made.namespace} until {when(made.until)}. All of it is on record."


@command("stop")
@click.option("--automatic", is_flag=True, required=True, help="Fixes, self-changes and triggers; capture goes on.")
@click.option("--everywhere", is_flag=True, help="By a file, for every namespace of this machine's data folder.")
@click.option("--resume", is_flag=True, help="Let things happen by themselves again.")
@REASON
def stop(automatic: bool, everywhere: bool, resume: bool, reason: str) -> Said:
    """Stop fixes, self-changes and triggers within a second; capture goes on. Works with the database down.

    Example: brainops stop --automatic --reason "a fix runs wild"
    """
    if automatic and resume:
        refuse_agents("to let things happen by themselves again")
        if everywhere:
            resume_everywhere()
        else:
            with opened(model="none") as brain:
                proven(brain, "RESUME", brain.guard.resume_automatic, reason)
        still = stopped_everywhere()
        told = [f"Still stopped: {one_line(still)}" if still else "Things happen by themselves again."]
        if still and not everywhere:
            told.append("It is stopped for this machine: brainops stop --automatic --everywhere --resume")
        yield {"stopped": still is not None, "because": still}
        yield from told
    else:
        path = stop_everywhere(reason) if everywhere else None
        if path is None:
            try:
                with opened(model="none") as brain:
                    brain.guard.stop_automatic(reason)
            except StoreError:  # the store does not answer, and this must hold all the same
                path = stop_everywhere(reason)
        value = {"stopped": True, "file": str(path) if path else None}
        yield value
        where = f"on this machine, by {path}" if path else "in this namespace"
        yield f"Stopped: what happens by itself {where}. Capture goes on."


# Compliance


@command("compliance")
@click.option(
    "--by",
    type=click.Choice(["procedure", "service", "day", "person"]),
    default="procedure",
    show_default=True,
    help="Person only where the namespace counts so.",
)
@click.option("--since", metavar="WHEN", default="30d", show_default=True, help="A date, a time, or an age like 7d.")
@limited()
def compliance(brain: Brain, by: str, since: str, limit: int) -> Said:
    """Say how far rules and procedures were followed, from the record, and every time that they were not.

    Example: brainops compliance --by service --since 30d
    """
    counted = brain.guard.compliance(by, micros(since))
    yield counted
    if not counted.rows:
        yield f"No rule applied to anything since {when(counted.since)}."
        return
    room = width() - 46
    yield dim(f"{padded(counted.by, room)}  rate  followed  excused  not  blocked")
    for each in (*counted.rows[:limit], counted.total):
        rate = "   -" if each.rate is None else f"{each.rate:>4.0%}"
        missed = each.violated + each.bypassed
        name = padded(one_line(each.name), room)
        yield f"{name}  {rate}  {each.followed:>8,}  {each.overridden:>7,}  {missed:>3,}  {each.blocked:>7,}"
    for departure in counted.departures[:limit]:
        target = f" on {departure.target}" if departure.target else ""
        lead = f"{padded(age(departure.at), 7)} {departure.kind}: "
        yield cut(f"{lead}{one_line(departure.operation + target)}: {one_line(departure.reason)}", width())
        yield dim(cut("        " + ", ".join(f"{k} {v}" for k, v in departure.evidence.items()), width()))
    more = len(counted.departures) - limit
    if more > 0:
        yield f"{more:,} more{' and others' if counted.cut else ''}; --limit shows more, --json all of these."
