"""How does NAME=VALUE on a command line become a name and a value?"""

from __future__ import annotations

import json
from typing import Any

import click

from brainops.cli.screen import one_line


def named(text: str) -> tuple[str, str]:
    """Return the name and the text of NAME=VALUE; raise UsageError where it is none."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.UsageError(f"{one_line(text)[:60]!r} is no NAME=VALUE, for example amount=40")
    return name.strip(), value


def valued(text: str) -> tuple[str, Any]:
    """Return the name and the value of NAME=VALUE: what is JSON is that, all else is text."""
    name, value = named(text)
    return name, value_of(value)


def value_of(text: str) -> Any:
    """Return what a text is as JSON, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
