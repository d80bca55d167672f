"""How is memory set up, looked after and checked? The commands from init to audit."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from brainops import lazy
from brainops.cli import show
from brainops.cli.commands import command
from brainops.cli.options import BACKGROUND, beside, paged, shared
from brainops.cli.screen import age, ago, bold, dim, one_line, padded, safe, size, who, wrapped
from brainops.cli.shared import busy, opened, progress
from brainops.cli.short_ids import Id
from brainops.errors import BrainOpsError, InvalidConfiguration, InvalidInput, StoreUnavailable
from brainops.types import Check
from brainops.types.counted import counted
from brainops.types.times import MINUTE_MICROS
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.cli import jobs
    from brainops.cli.shared import Said
    from brainops.types import JSON
else:
    (jobs,) = lazy.modules("brainops.cli", "jobs")

CONFIG_SECONDS = 4.0  # that a server is waited for which does not answer


@command("init")
def init() -> Said:
    """Make the store if there is none, and say where it is and what it is opened with.

    Example: brainops init
    """
    from brainops.health import store_location

    place = store_location.location(shared().store)
    made = not store_location.schema(place)["stored"]
    with opened(model="none", make=True) as brain:
        settings = brain.settings
    fields = {
        "store": place,
        "namespace": settings.namespace,
        "reads": ", ".join(settings.read),
        "model": shared().model or store_location.setting("model"),
        "personal data": settings.personal_data,
        "actor": who(settings.actor),
    }
    yield {"made": made, **fields}
    yield "The store was made." if made else "The store is there."
    yield from show.pairs({f"  {name}": value for name, value in fields.items()})
    yield dim('Next: brainops capture TITLE CONTENT, brainops import DIR, brainops match "the error text"')


@command("config")
def config() -> Said:
    """Say which settings hold, and where each comes from: an option, the environment, the settings file, a default.

    The settings file is ~/.config/brainops/settings.toml, or what BRAINOPS_CONFIG names.

    Example: brainops config
    """
    from brainops.health import store_location

    given = shared()
    held = store_location.settings(
        {"store": given.store, "namespace": given.namespace, "read": given.read, "model": given.model}
    )
    if store_location.is_served(given.store):  # who one is there and what that reads, the key says and the server knows
        held |= {name: {"value": value, "from": "the server"} for name, value in _there().items()}
    yield held
    for name, setting in held.items():
        value = setting["value"]
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
        yield f"{name:<14}{padded(one_line(text), 40)}  {dim(str(setting['from']))}"


def _there() -> dict[str, JSON]:
    """Return the settings that are a server's to say; without values where it is not reached or refuses the key."""
    with suppress(StoreUnavailable, InvalidConfiguration), opened(model="none", call_seconds=CONFIG_SECONDS) as brain:
        known = brain.settings
        if known.namespace:
            actor = f"{known.actor.kind.value}:{known.actor.id}"
            return {"namespace": known.namespace, "read": list(known.read), "actor": actor}
    return {"namespace": None, "read": None, "actor": None}


@command("upgrade")
@click.option("--check", is_flag=True, help="Only say what is pending; exit code 1 where something is.")
@click.pass_context
def upgrade(context: click.Context, check: bool) -> Said:
    """Bring the store to this program's schema, after an automatic backup.

    Example: brainops upgrade --check
    """
    from brainops.health import store_location

    before = store_location.schema(shared().store)
    pending = list(before.get("pending", []))  # type: ignore[arg-type]
    if check:
        yield before
        yield f"The store has schema {before['stored']}, this program {before['program']}."
        yield f"Pending: {', '.join(pending)}. Apply with: brainops upgrade" if pending else "Nothing is pending."
        context.exit(1 if pending else 0)
    with opened(model="none"):
        pass
    after = store_location.schema(shared().store)
    done = f"Upgraded from schema {before['stored']} to {after['stored']}." if pending else "Nothing to do."
    yield {"from": before["stored"], "to": after["stored"], "applied": pending}
    yield done


@command("reindex", memory=opened)
@BACKGROUND
def reindex(brain: Brain, background: bool) -> Said:
    """Write every index anew from the rows.

    Example: brainops reindex
    """
    if background:
        yield from jobs.in_background(brain, "reindex")
        return
    with progress("indexing") as draw:
        count = brain.upkeep.reindex(progress=draw)
    yield {"memories": count}
    yield f"{counted(count, 'memory')} indexed anew."


@command("reembed", memory=opened)
@BACKGROUND
def reembed(brain: Brain, background: bool) -> Said:
    """Give every memory a vector of the present model. Can be stopped and goes on from there.

    Example: brainops reembed --model minilm
    """
    if background:
        yield from jobs.in_background(brain, "reembed")
        return
    with progress("embedding") as draw:
        count = brain.upkeep.reembed(progress=draw)
    left = brain.upkeep.status()["index"]["waiting"]
    yield {"memories": count, "waiting": left}
    yield f"{counted(count, 'memory')} embedded, {left:,} waiting."


@command("compact")
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=90.0,
    show_default=True,
    metavar="DAYS",
    help="What is older.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be moved.")
@click.option(
    "--restore", "segment", metavar="SEGMENT", help="Put the rows of one segment back instead.", type=Id("segment")
)
@BACKGROUND
def compact(brain: Brain, days: float, dry_run: bool, segment: str | None, background: bool) -> Said:
    """Move old operations and archived memories into compressed, verified, searchable segments.

    Example: brainops compact --older-than 90 --dry-run
    """
    if background:
        if segment is None:
            raise click.UsageError("--background is for --restore: what is moved into segments is moved in batches")
        yield from jobs.in_background(brain, "restore_segment", {"segment_id": segment})
        return
    if segment is not None:
        back = brain.upkeep.restore_segment(segment)
        yield back
        yield from show.report(back, "Put back")
        return
    done = brain.upkeep.compact(older_than_days=days, dry_run=dry_run)
    yield done
    yield from show.report(done, "Would be moved into segments" if dry_run else "Moved into segments")


@command("doctor")
@BACKGROUND
@click.pass_context
def doctor(context: click.Context, background: bool) -> Said:
    """Write, read and match for trial, and check rows, indexes, files, model and trail: PASS or FAIL with the way out.

    The exit code is 1 when a check failed.

    Example: brainops doctor
    """
    from brainops.health.doctor import way_out
    from brainops.hooks import state as hook_state

    if background:
        with opened(model="none") as brain:
            yield from jobs.in_background(brain, "doctor")
        return
    try:
        with opened() as brain, busy("checking"):
            checks = [Check(name="store", passed=True, detail="opens"), *brain.upkeep.doctor()]
            checks += hook_state.checks(brain.settings.store, os.environ)
    except BrainOpsError as error:
        if isinstance(error, InvalidInput):
            raise
        checks = [Check(name="store", passed=False, detail=str(error), way_out=way_out(error))]
    yield checks
    yield from show.checks(checks)
    context.exit(0 if all(check.passed for check in checks) else 1)


@command("status", memory=opened)
def status(brain: Brain) -> Said:
    """Show counts, index and backlog, the last capture, growth and sizes.

    Example: brainops status
    """
    from brainops.hooks.folder import wired

    figures, told = brain.upkeep.status(), ""
    if wired(os.environ):
        from brainops.hooks import state as hook_state

        hooks = hook_state.state(brain.settings.store, os.environ)
        figures["hooks"], told = plain(hooks), hook_state.told(hooks)
    yield figures
    yield from show.pairs({**_status(figures), "coding agents": told})


def _status(figures: dict[str, Any]) -> dict[str, str]:
    now, memories, index = figures["now"], figures["memories"], figures["index"]
    operations, growth, schema = figures["operations"], figures["growth"], figures["schema"]
    last = ago(memories["last_capture_at"], now)
    guard = figures["guard"]
    said = f"{guard['enforcement']}, autonomy {guard['autonomy']}"
    if guard["automatic_stopped"]:
        said += f"; automatic STOPPED: {safe(guard['automatic_stopped'])}"
    if guard["bypassed_until"]:
        said += f"; BYPASS open for another {max(1, (guard['bypassed_until'] - now) // MINUTE_MICROS)} min"
    # What waits for people; nothing where nothing does.
    waiting = figures["waiting"]
    asked = f"{waiting['approvals']:,} to approve (brainops approvals)" if waiting["approvals"] else ""
    told = f"{counted(waiting['notices'], 'notice')} (brainops notices)" if waiting["notices"] else ""
    return {
        "store": f"{safe(figures['store'])} (schema {schema['stored']}, program {figures['version']})",
        "  not as good": "; ".join(schema.get("degraded", [])),
        "namespace": f"{figures['namespace']}, reads {', '.join(figures['read'])}",
        "guard": said,
        "language models": show.language_budget(figures["language"]) if _asks_models(figures["language"]) else "",
        "memories": f"{memories['total']:,} ({show.counts(memories['by_state'])}), captured {last}"
        if memories["total"]
        else "none yet: brainops capture TITLE CONTENT, brainops import DIR",
        "  by type": show.counts(memories["by_type"]),
        "  by namespace": show.counts(memories["by_namespace"]),
        "index": _index(index),
        "operations": _operations(operations),
        **_records(figures["records"]),
        "waiting": "; ".join(part for part in (asked, told) if part),
        "alerts": show.inbox(figures["inbox"]["pending"], figures["inbox"]["set_aside"]),
        "growth": _growth(growth) if growth["week"]["memories"] else "",
        "sizes": show.sizes(figures["sizes"]),
        "log": (figures["log"] or {}).get("trouble", ""),
        "segments": f"{figures['segments']['count']:,} with {figures['segments']['rows']:,} rows"
        if figures["segments"]["count"]
        else "",
        "policies": "; ".join(
            f"{each['operation_name'] or 'all operations'}: {each['mode']}"
            + (f" at {each['rate']:.0%}" if each["mode"] == "sampled" else "")
            for each in figures["policies"]
        ),
        "backups": "; ".join(f"{ago(each['at'], now)}: {each['path']}" for each in figures["backups"])
        or "none yet: brainops backup FILE",
    }


def _asks_models(budget: dict[str, Any]) -> bool:
    return bool(
        budget["cost_today"] or budget["tokens_today"] or (budget["cost_a_day"] != 0 and budget["tokens_a_day"] != 0)
    )


def _operations(operations: dict[str, Any]) -> str:
    if not operations["total"]:
        return "none yet: brainops exec -- COMMAND"
    parts = [f"{operations['total']:,}"]
    parts += [f"{operations['open']:,} open"] if operations["open"] else []
    parts += [f"{operations['week']:,} in a week"] if operations["week"] else []
    told = ", ".join(parts)
    return f"{told}; memory was asked {operations['receipts']:,} times" if operations["receipts"] else told


def _records(records: dict[str, Any]) -> dict[str, str]:
    """Return a line each on procedures, runs, agents and the like, where there are any."""
    names = {"procedure": "procedures", "run": "runs", "fix": "fixes", "decision": "decisions"}
    names |= {"agent": "agents", "execution": "tasks", "improvement": "improvements"}
    return {
        name: f"{figures['total']:,} ({show.counts(figures['by_state'])}), {figures['week']:,} in a week"
        for kind, name in names.items()
        if (figures := records[kind])["total"]
    }


def _index(index: dict[str, Any]) -> str:
    if index["model"] == "none":
        return "words alone, as configured"
    waiting = f"{index['waiting']:,} waiting for a vector" if index["waiting"] else "nothing waiting"
    return f"{index['model_id'] or index['model']}: {index['with_vector']:,} with a vector, {waiting}"


def _growth(growth: dict[str, Any]) -> str:
    day, week, days = growth["day"], growth["week"], growth["days_until_full"]
    text = f"{day['memories']:,} in the last day ({size(day['characters'])} of text), {week['memories']:,} in a week"
    if days is None:
        return text
    return text + (f"; at this rate the disk is full in {days:,.0f} days" if days < 3_650 else "; room for years")


@command("audit")
@paged(20)
@click.option("--trail", is_flag=True, help="Show the audit trail instead: who did what, when and why.")
@BACKGROUND
def audit(limit: int, trail: bool, background: bool, **cursors: str | None) -> Said:
    """Show what makes memory worse to read, each with the command that mends it. Changes nothing.

    With --trail, show this namespace's audit trail instead, newest first, which `brainops doctor` verifies.

    Example: brainops audit --limit 10
    """
    if trail:
        with opened(model="none") as brain:
            lines = brain.upkeep.trail(limit=limit, **beside(cursors))
        yield lines
        if not lines:
            yield "Nothing was done here yet that a person answers for."
        for each in lines:
            told = "; ".join(
                f"{name}: {value}" for name, value in each.detail.items() if value not in (None, "", [], {})
            )
            yield f"{age(each.at):>6}  {bold(one_line(each.act))} by {who(each.actor)}"
            yield from wrapped(one_line(f"{each.subject}; {told}" if told else each.subject), indent="        ")
        return
    if background:
        with opened(model="none") as brain:
            yield from jobs.in_background(brain, "audit", {"limit": limit})
        return
    if any(cursors.values()):
        raise click.UsageError("--after and --before are pages of the trail: brainops audit --trail --after first")
    with opened(model="none") as brain, progress("reading") as draw:
        found = brain.upkeep.audit(limit=limit, progress=draw)
    yield found
    yield from show.junk(found)
