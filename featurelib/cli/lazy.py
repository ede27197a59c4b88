"""A group of commands that imports each when it is asked for: the imports of all take longer than `plan` itself."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group of commands, each the function of its name (``_`` for ``-``) in a module of this package.

    Parameters
    ----------
    modules
        The module of each command, by the command's name.
    arguments
        As `click.Group` takes them.
    """

    def __init__(self, *arguments: Any, modules: Mapping[str, str], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click calls it so
        """Return the names of the commands, sorted."""
        return sorted(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command; ``None`` if there is none of this name."""
        if cmd_name not in self.modules:
            return None
        module = import_module(f"featurelib.cli.{self.modules[cmd_name]}")
        found = getattr(module, cmd_name.replace("-", "_"))
        return found if isinstance(found, click.Command) else None
