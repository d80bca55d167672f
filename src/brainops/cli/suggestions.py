"""Which command or option is meant by a name that there is not? Another word for it, else the nearest one. (pure)"""

from __future__ import annotations

from collections.abc import Collection, Mapping

SHOWN = 3

# What people call a command of a group, and an option; of whole commands it stands with each in the table of commands.
BELOW_GROUPS: Mapping[str, str] = {
    "add": "new create register attach enrol",
    "apply": "use accept do",
    "cancel": "stop kill abort",
    "list": "ls all rules",
    "record": "log note",
    "remove": "rm delete del drop",
    "run": "start execute launch",
    "show": "get view cat info describe inspect",
    "suggest": "find match",
    "undo": "revert rollback restore",
}
OPTIONS: Mapping[str, str] = {
    "--agent": "--by",
    "--all": "-a --every --everything",
    "--content": "--text --body",
    "--dry-run": "--plan --simulate --preview --check",
    "--file": "--from --path --input",
    "--full": "--verbose -v --long --details",
    "--input": "--set --param --arg --in",
    "--json": "--format --output -o -j",
    "--limit": "-n --count --max --top --first --number",
    "--namespace": "--ns --project --team",
    "--note": "--reason --comment --message -m",
    "--reason": "--because --why --message --comment --note -m -r",
    "--since": "--from --after --newer",
    "--store": "--db --database --path",
    "--tag": "--tags --label --labels",
    "--target": "--on --host --env --environment",
    "--type": "--kind --category",
    "--until": "--to --before --older",
    "--yes": "-y --force --confirm",
}


def meant(name: str, known: Collection[str], words: Mapping[str, str]) -> str:
    """Return what may be said of a wrong name, as " Did you mean show or list?"; "" where nothing is near it."""
    from difflib import get_close_matches  # which only a mistake needs

    by_meaning = [each for each in known if name in words.get(each, "").split()]
    found = by_meaning or get_close_matches(name, known, n=SHOWN)
    return f" Did you mean {' or '.join(found)}?" if found else ""
