"""The command line: `./dental COMMAND`. One module per family, imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

import click

COMMANDS: Mapping[str, str] = {
    "config": "include.cli.config:config",
    "discover": "include.cli.discovery:discover",
    "load": "include.cli.replication:load",
    "migrate": "include.cli.migrate:migrate",
    "plan": "include.cli.discovery:plan",
    "transform": "include.cli.transform:transform",
    "verify": "include.cli.replication:verify",
}
# Commands of packages that stand beside `include` in a checkout. The product's image has neither.
COMPANIONS: Mapping[str, str] = {
    "demo": "simulator.commands:demo",
    "local": "local_system.commands:local",
}


class LazyGroup(click.Group):
    """A group whose commands are imported by name, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands that are installed."""
        del ctx
        return sorted(_installed())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None when there is none of that name."""
        del ctx
        address = _installed().get(cmd_name)
        if address is None:
            return None
        module, _, name = address.partition(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{address} is no click command")
        return command


def _installed() -> Mapping[str, str]:
    """Return where each command is, those of companions only where their package is installed."""
    companions = {
        name: address
        for name, address in COMPANIONS.items()
        if find_spec(address.partition(".")[0]) is not None
    }
    return {**COMMANDS, **companions}


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Replicate an Open Dental database into a warehouse.

    The two databases are named by AIRFLOW_CONN_OPEN_DENTAL and AIRFLOW_CONN_WAREHOUSE; without
    them the commands work on the databases of `make demo`.
    """
