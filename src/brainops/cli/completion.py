"""How does a shell complete commands and options? The command completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from brainops.cli.commands import command
from brainops.cli.shared import Said


@command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> Said:
    """Print what lets this shell complete commands, options and their values.

    \b
    eval "$(brainops completion bash)"    in ~/.bashrc; zsh in ~/.zshrc
    brainops completion fish > ~/.config/fish/completions/brainops.fish

    Example: brainops completion bash
    """
    made = get_completion_class(shell)
    assert made is not None
    script = made(context.find_root().command, {}, "brainops", "_BRAINOPS_COMPLETE").source()
    yield {"shell": shell, "script": script}
    yield script.rstrip("\n")
