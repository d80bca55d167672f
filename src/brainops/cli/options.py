"""Which options do many commands take: all of them where memory is, and those of acts and lists?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import click
from msgspec import Struct
from msgspec.structs import replace

from brainops.cli.help import SHARED

REASON = click.option("--reason", default="", metavar="TEXT", help="Why; it is kept.")
REASON_REQUIRED = click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept.")
SINCE = click.option("--since", metavar="WHEN", help="Since then: a date, a time, or an age like 7d.")
TARGET = click.option("--target", metavar="TARGET", help="On what: production, db-3, a service.")
PLACE = click.option(
    "--context", metavar="KEY=VALUE", multiple=True, help="Where that is: version, region, ...; repeatable."
)
SESSION = click.option("--session", metavar="ID", help="The session that it is part of.")
FORCE = click.option("--force", is_flag=True, help="Replace a file that is there already; never a store.")
BACKGROUND = click.option("--background", is_flag=True, help="Have a worker do it; brainops jobs says how far it is.")
AS = click.option("--as", "name", metavar="NAME", help="Who you are, where several may approve.")


SHOWN = 12  # of one answer, so that the first screen fits a terminal


def limited(default: int = SHOWN, most: int = 1_000) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Return the option that says how many of something are shown."""
    whole = click.IntRange(1, most)
    return click.option(
        "--limit", type=whole, metavar="N", default=default, show_default=True, help="How many at most."
    )


def paged(default: int = SHOWN, most: int = 1_000) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Return the options that say which page of a list is shown; `next` and `previous` of a page are its cursors."""

    def with_cursors(function: click.decorators.FC) -> click.decorators.FC:
        before = click.option("--before", metavar="CURSOR", help="The page before this cursor.")
        after = click.option("--after", metavar="CURSOR", help='The page after this cursor; "first" is the first one.')
        return limited(default, most)(after(before(function)))

    return with_cursors


FIRST = "first"


def beside(given: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the cursors that were given to a command; the first page lies beside none."""
    return {name: None if cursor == FIRST else cursor for name, cursor in given.items()}


class CommonOptions(Struct, frozen=True, kw_only=True):
    """The options that every command takes."""

    store: str | None = None
    namespace: str | None = None
    read: tuple[str, ...] | None = None
    model: str | None = None
    json: bool = False


def shared() -> CommonOptions:
    """Return the shared options of the running command."""
    given = click.get_current_context().find_root().obj
    return given if isinstance(given, CommonOptions) else CommonOptions()


@cache
def shared_options(*, hidden: bool) -> tuple[click.Option, ...]:
    """Return the shared options; hidden behind a command, where the help points to `brainops --help`."""

    return tuple(
        click.Option(
            [name],
            metavar=value or None,
            help=does,
            hidden=hidden,
            expose_value=False,
            is_eager=True,
            callback=_keep,
            is_flag=None if value else True,  # False would let the value be left out
            multiple=name == "--read",
        )
        for name, value, does in SHARED
    )


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    if value in (None, (), False):
        return
    if value == "" or (isinstance(value, tuple) and "" in value):
        raise click.BadParameter("it has no value: a variable that is empty, perhaps", context, option)
    root = context.find_root()
    root.obj = replace(
        root.obj if isinstance(root.obj, CommonOptions) else CommonOptions(), **{str(option.name): value}
    )
