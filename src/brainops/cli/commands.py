"""What is a command? It takes the shared options, is given the memory, has an example, and knows what is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from brainops.cli.options import shared_options
from brainops.cli.shared import answer, opened
from brainops.cli.suggestions import BELOW_GROUPS, OPTIONS, meant
from brainops_core.regex import Regex

if TYPE_CHECKING:
    from brainops.brain import Brain

    Memory = Callable[[], AbstractContextManager[Brain]]

_EXAMPLE = Regex(r"(?m)^( *)Example: (brainops .+)")
_HELP = {"-h", "--help"}


class Helpful(click.Command):
    """A command or a group that takes the shared options, shows its examples, and says which option is meant."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(found[2] for found in _EXAMPLE.finditer(self.help or ""))
        self.help = _EXAMPLE.sub("\\1\b\n\\g<0>", self.help) if self.help else self.help  # not to be wrapped
        self.params.extend(shared_options(hidden=True))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words; an option that there is not is told with the one that may be meant."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            options = [name for each in self.params for name in (*each.opts, *each.secondary_opts) if name[:1] == "-"]
            said = f"No such option: {error.option_name}.{meant(error.option_name, options, OPTIONS)}"
            raise click.NoSuchOption(error.option_name, said, ctx=ctx) from None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Point to the shared options."""
        formatter.write_paragraph()
        formatter.write_text("Also: --store, --namespace, --read, --model, --json; see brainops --help.")


class Command(Helpful):
    """A command; where its function takes a `brain`, that is the memory of the options, open by words alone.

    What needs a model, or another way of opening, says so: `memory=opened`. A function that yields says its answer:
    first the value, which is the whole of it with --json, then the lines that people read.
    """

    def __init__(self, *args: Any, memory: Memory | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._memory = memory or partial(opened, model="none")

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, with the memory open where it asks for it."""
        with ExitStack() as stack:
            if self.callback is not None and "brain" in _parameters(self.callback):
                ctx.params["brain"] = _OnceAsked(lambda: stack.enter_context(self._memory()))
            said = super().invoke(ctx)
            if not isinstance(said, Iterator):
                return said
            try:
                answer(said)
            except click.UsageError as error:
                error.ctx = error.ctx or ctx  # whose usage is shown
                raise
        return None


def _parameters(function: Any) -> tuple[str, ...]:
    """Return the names of what a function takes, without `inspect`, which is a start and a half of the interpreter."""
    while inner := getattr(function, "__wrapped__", None):
        function = inner
    code = function.__code__
    return tuple(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


class _OnceAsked:
    """The memory of a command, opened when it is first asked: what is wrong with the command's words is told before."""

    def __init__(self, memory: Callable[[], Brain]) -> None:
        self._memory = memory
        self._open: Brain | None = None

    def __getattr__(self, name: str) -> Any:
        """Return what the open memory has under this name."""
        self._open = self._open or self._memory()
        return getattr(self._open, name)


class CommandGroup(Helpful, click.Group):
    """A command with commands below it; without one it runs the `bare` one, which takes what options stand there."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, bare: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bare = bare
        if bare is not None:
            self.context_settings = {**self.context_settings, "ignore_unknown_options": True}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words; those that name no command are the bare one's."""
        if self.bare is not None and not ctx.resilient_parsing:
            _, words, _ = self.make_parser(ctx).parse_args(list(args))
            if (words[:1] == [] and not _HELP & set(args)) or (words[:1] and words[0].startswith("-")):
                args = [self.bare, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is named; one that there is not is told with what may be meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing and not name.startswith("-"):
            ctx.fail(f"No such command: {name}.{meant(name, self.list_commands(ctx), BELOW_GROUPS)}")
        return super().resolve_command(ctx, args)


def command(name: str, **options: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Return the decorator that makes a function a command of this name."""
    return click.command(name, cls=Command, **options)


def group(name: str, **options: Any) -> Callable[[Callable[..., Any]], CommandGroup]:
    """Return the decorator that makes a function a group of this name."""
    return click.group(name, cls=CommandGroup, **options)
