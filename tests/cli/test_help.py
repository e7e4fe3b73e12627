"""What `--help` says of every command."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from include.cli import main


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands(main)), ids=" ".join)
def test_help_is_whole(path: tuple[str, ...]) -> None:
    """In a terminal of 80 columns no sentence is cut off, and every option says what it does."""
    shown = CliRunner().invoke(main, [*path, "--help"], terminal_width=78)
    assert shown.exit_code == 0
    listed = shown.output.partition("Commands:\n")[2]
    assert [line for line in listed.splitlines() if line.endswith("...")] == []
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help and not one.required] == []
