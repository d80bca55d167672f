#!/usr/bin/env python3
"""What are the commands, for docs/reference/cli.md? Run it with .venv/bin/python; `--print` shows the page instead."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from brainops.cli.program import main

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"
HEAD = """# Command line

Every command takes `--json`: then it prints one JSON value and nothing else. Colour and progress appear on a terminal
only. Exit codes: 0 when it was done, 1 when it was not (the message on standard error says why and what to do), 2 when
the command was not understood, 130 and 141 when it was interrupted or nobody reads its output.

This page is written by `scripts/write_cli_reference.py` from the program's own help.
"""


def synopsis(option: click.Option) -> str:
    """Return how an option is written: `--tag TEXT`, `--sync`, `--verdict helpful|wrong`."""
    names = ", ".join(option.opts + option.secondary_opts)
    if option.is_flag or option.count:
        return names
    if isinstance(option.type, click.Choice) and not option.metavar:
        return f"{names} {'|'.join(str(choice) for choice in option.type.choices)}"
    return f"{names} {option.metavar or option.type.name.split()[0].upper()}"


def options(command: click.Command) -> Iterator[str]:
    """Yield one line for each option of a command, but `--help`, which all have."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            notes = [parameter.help or ""]
            if parameter.envvar:
                notes.append(f"Environment: `{parameter.envvar}`.")
            yield f"- `{synopsis(parameter)}`: {' '.join(filter(None, notes))}".rstrip(": ")


def sections(name: str, command: click.Command) -> Iterator[str]:
    """Yield the section of one command and of those below it: what it does, how it is called, what it takes."""
    arguments = [
        parameter.make_metavar(click.Context(command))
        for parameter in command.params
        if isinstance(parameter, click.Argument)
    ]
    usage = " ".join(["brainops", name, *arguments])
    text = re.sub(r"^Example: (.*)", r"Example: `\1`", cleandoc(command.help or "").replace("\b\n", ""), flags=re.M)
    heading = "##" + "#" * name.count(" ")
    yield "\n".join([f"{heading} {name}", "", f"`{usage}`", "", text, "", *options(command)]).rstrip() + "\n"
    for below, each in sorted(command.commands.items()) if isinstance(command, click.Group) else ():
        yield from sections(f"{name} {below}", each)


def page() -> str:
    """Return the whole page."""
    assert isinstance(main, click.Group)
    shared = "\n".join(["## Options before the command", "", *options(main)]) + "\n"
    every = [text for name, command in sorted(main.commands.items()) for text in sections(name, command)]
    return "\n".join([HEAD, shared, *every])


if __name__ == "__main__":
    if "--print" in sys.argv:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page(), encoding="utf-8")
