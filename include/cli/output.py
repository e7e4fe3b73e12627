"""What the commands print: one line at a time, with names spelled out."""

from __future__ import annotations

import click

from include.names import shown


def say(line: str, *, err: bool = False) -> None:
    """Print one line, to standard error with `err`; what is not visible in it is spelled out."""
    click.echo(shown(line), err=err)
