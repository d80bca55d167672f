"""Which commands and shared options are there, and what does `brainops --help` say of them?

It is told by the standard library alone, as the version is: a shell that asks for either waits for no command.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # see brainops.lazy
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BROKEN_PIPE = 141  # as a shell reports SIGPIPE
WIDEST, NARROWEST = 98, 50  # of the help's lines, as click has them

DOES = "The operational memory of AI agents and of the services they run."

# name, what stands for its value, what it says
SHARED: Sequence[tuple[str, str, str]] = (
    ("--store", "PLACE", "A file, or a postgresql:// URL. Environment: BRAINOPS_STORE."),
    ("--namespace", "PATH", "Where to write. Environment: BRAINOPS_NAMESPACE."),
    ("--read", "PATH", "What to read besides; may be repeated. Environment: BRAINOPS_READ."),
    ("--model", "MODEL", "minilm, none, endpoint:URL#MODEL or a folder. Environment: BRAINOPS_MODEL."),
    ("--json", "", "Print one JSON document and nothing else."),
)
VERSION = "Show the version."
HELP = "Show this message and exit."

# What there is, by what people want to do: each command's module, what it does in a line, and what else it is called.
SECTIONS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "Put in": {
        "capture": ("capture", "keep one thing that was learnt", "remember add save note store learned keep"),
        "import": ("transfer", "take in runbooks, alert rules, transcripts, an export", "load read runbooks"),
        "ingest": ("signals", "take in logs and metrics: a file, a page, or -", "logs log tail metrics"),
        "share": ("sharing", "learnings to and from other instances", "federation federate sync pull push"),
    },
    "Ask": {
        "search": ("search", "find memories that answer a question", "retrieve recall query find lookup grep ask"),
        "list": ("search", "the newest memories", "ls recent newest memories latest all"),
        "show": ("show_id", "whatever has this id, or this short end of one", "get view inspect cat details describe"),
        "match": (
            "search",
            "has this error happened before, and what helped?",
            "known error errors recognise recognize",
        ),
        "guide": ("search", "what to know before an operation", "advise advice consult guidance before"),
        "operations": ("operations", "what was done, and how it ended", "ops deployments activity done operation"),
        "suspects": ("signals", "what is likely to blame for an incident", "blame cause rca incident why"),
    },
    "Follow": {
        "exec": ("exec", "run any command as an operation", "wrap do time sh"),
        "procedure": ("procedures", "write, check, keep and activate procedures", "procedures runbook playbook skill"),
        "run": ("runs", "start a procedure, and follow it until it ends or asks", "start launch"),
        "runs": ("runs", "what runs, waits, and ended how", "ps"),
        "jobs": ("jobs", "what goes on in the background, and what came of it", "job background progress"),
        "alerts": ("alerts", "how what is monitored stands, and what came in of it", "alert firing webhooks inbox"),
        "cases": ("cases", "decide from past cases; learn, correct, import", "case decide"),
        "worker": ("worker", "go on with the runs that are due, until it is stopped", "daemon scheduler"),
    },
    "Hand over": {
        "agent": ("agents", "who carries tasks out, how well, and what waits", "agents delegate tasks"),
        "workflow": ("workflow", "plan for a goal, have agents carry it out, learn from it", "workflows plan goal"),
    },
    "Mend": {
        "fix": ("fix", "what mends an error, and how surely", "fixes repair solve solution remedy mend"),
        "evidence": ("evidence", "what remedies did; what is worth trying next", "try tries next tried helped"),
        "causes": ("evidence", "which errors have one cause", "cause cluster same root"),
    },
    "Guard": {
        "guard": ("guard", "what may be done here, and why not", "rules rule policy decisions"),
        "enforcement": ("guard", "whether the guard only watches or holds", "strict observe mode"),
        "autonomy": ("guard", "what may change by itself", "auto"),
        "bypass": ("guard", "let everything pass for a while, on record", "override"),
        "stop": ("guard", "stop what happens by itself", "halt kill pause panic"),
        "compliance": ("guard", "how far procedures and rules were followed", "adherence violations"),
    },
    "Approve": {
        "approvals": ("approvals", "what waits for a person's answer", "approval pending requests"),
        "approve": ("approvals", "agree to what was asked, in a terminal of your own", "accept grant confirm"),
        "refuse": ("approvals", "say no to what was asked", "deny reject decline"),
        "approver": ("approvals", "who may approve, and by which secret", "approvers passphrase"),
        "people": ("people", "who is who, and what each may do where", "person users roles members team groups"),
        "keys": ("keys", "who reaches this memory over the network", "key token tokens apikey credentials"),
        "notices": ("approvals", "what somebody must be told", "notifications notice"),
    },
    "Correct": {
        "feedback": ("correct", "say that a memory was helpful, wrong or outdated", "rate vote helpful wrong"),
        "supersede": ("capture", "replace a memory by a corrected one", "edit update correct change replace"),
        "history": ("correct", "everything about one memory", "versions"),
        "archive": ("correct", "set memories aside", "hide shelve"),
        "forget": ("correct", "hide memories from every search", "delete remove rm del"),
        "restore": ("correct", "bring memories back, or a whole store from a backup", "unarchive recover unforget"),
        "promote": ("correct", "copy a memory into another namespace", "copy move publish"),
        "redact": ("correct", "show what capture takes out; clean what is stored", "clean mask scrub secrets"),
        "purge": ("correct", "remove memories for good", "erase destroy wipe gdpr"),
    },
    "Look after": {
        "serve": ("serve", "answer every verb over HTTP", "server http api rest listen web"),
        "mcp": ("mcp", "offer the memory to an agent as tools of an MCP server", "tools model context protocol stdio"),
        "mcp-proxy": ("mcp", "the guard in front of another MCP server's tools", "tools guard gateway wrap"),
        "install": ("hooks", "wire coding agents to the memory: Claude Code, Codex", "hooks wire connect integrate"),
        "hook": ("hooks", "answer an event of a coding agent; take up what its hooks saw", "drain spool"),
        "service": ("service", "the server in the background: begin, end, look at it", "background unit systemd start"),
        "init": ("upkeep", "make the store, and say where it is", "setup install create"),
        "status": ("upkeep", "counts, index and backlog, growth, sizes", "info stats state"),
        "doctor": ("upkeep", "check that everything works, with the way out", "check selftest diagnose"),
        "config": ("upkeep", "which settings hold, and where each comes from", "settings env options preferences"),
        "completion": (
            "completion",
            "let a shell complete commands and options",
            "complete bash zsh fish",
        ),
        "audit": ("upkeep", "what makes memory worse to read, and what mends it", "junk duplicates trail"),
        "backup": ("transfer", "write a verified copy of the whole store", "snapshot"),
        "export": ("transfer", "write everything readable as JSONL", "dump"),
        "reindex": ("upkeep", "write every index anew", "rebuild index"),
        "reembed": ("upkeep", "give every memory a vector of the present model", "embed vectors embeddings"),
        "compact": ("upkeep", "move what is old into compressed segments", "vacuum gc prune compress"),
        "uninstall": ("service", "take away what setting up left; what is remembered stays", "deinstall"),
        "upgrade": ("upkeep", "bring the store to this program's schema", "migrate migrations schema"),
        "allow": ("allow", "let procedures run a command or reach a host", "limits permit allowlist"),
        "language": ("language", "what language models may take, and took", "llm model models budget tokens cost"),
    },
    "Learn": {
        "improvements": ("improvements", "what the system changed about itself, and how to take it back", "evolution"),
        "learn": ("learning", "run a learning cycle that is due; show what it found", "cycle train"),
        "cycles": ("learning", "when each learning cycle ran, is due, and what it does", "schedule timetable"),
        "insights": ("learning", "what the learning cycles found that holds now", "insight findings lessons"),
    },
    "See": {
        "changes": ("changes", "what happened, and what happens now", "feed events follow tail stream watch"),
        "session": ("session", "begin to work: what stands, holds and happened lately", "sessions begin briefing"),
        "health": ("health", "how well memory does its work, in figures", "figures kpi"),
        "report": ("health", "what the last days brought, beside those before", "week weekly summary"),
        "demo": ("demo", "sixty seconds, offline: see what it does", "tour example tutorial"),
    },
}
COMMANDS = {name: entry for commands in SECTIONS.values() for name, entry in commands.items()}
WORDS = {name: words for name, (_, _, words) in COMMANDS.items()}


def alone(given: Sequence[str]) -> str | None:
    """Return what is told where a command line asks for the version or the help and nothing else; None elsewhere."""
    if len(given) != 1 or "_BRAINOPS_COMPLETE" in os.environ:  # by which a shell asks what may stand there
        return None
    return {"--version": version, "--help": page, "-h": page}.get(given[0], lambda: None)()


def version() -> str:
    """Return what `brainops --version` says."""
    from brainops.version import __version__

    return f"brainops {__version__}\n"


def page(width: int | None = None) -> str:
    """Return the help of the whole program, in lines of at most so many columns; as many as the terminal has."""
    room = max(min(terminal_columns(), WIDEST + 2) - 2, NARROWEST) if width is None else width
    options = [("--version", VERSION), *((f"{name} {value}".strip(), does) for name, value, does in SHARED)]
    lines = ["Usage: brainops [OPTIONS] [COMMAND] [ARGS]...", "", *_wrapped(DOES, "  ", "  ", room)]
    lines += _section("Options", [*options, ("-h, --help", HELP)], room)
    for heading, commands in SECTIONS.items():
        lines += _section(heading, [(name, does) for name, (_, does, _) in commands.items()], room)
    return "\n".join(lines) + "\n"


def _section(heading: str, rows: Sequence[tuple[str, str]], room: int) -> Iterator[str]:
    first = max(len(name) for name, _ in rows) + 2
    yield from ("", f"{heading}:")
    for name, does in rows:
        yield from _wrapped(does, f"  {name.ljust(first)}", " " * (first + 2), room)


def _wrapped(text: str, lead: str, indent: str, room: int) -> Iterator[str]:
    line = lead
    for word in text.split():
        if line not in (lead, indent) and len(line) + len(word) >= room:
            yield line
            line = indent
        line += word if line in (lead, indent) else f" {word}"
    yield line


def terminal_columns() -> int:
    """Return how wide the terminal is, as `shutil` finds it, which takes longer to import than to ask."""
    try:
        if (told := int(os.environ["COLUMNS"])) > 0:
            return told
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):  # closed, or no terminal
        return 80


def nobody_listens() -> int:
    """The reader of a pipe went away: be quiet, also when the interpreter flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return BROKEN_PIPE
