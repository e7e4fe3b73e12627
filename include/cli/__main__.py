"""Run the command line and turn the project's own errors into one message and exit code 1."""

from __future__ import annotations

import logging
import sys

import click
import psycopg
import pymysql

from include import settings
from include.cli import main
from include.cli.output import say
from include.errors import PipelineError


def run() -> int:
    """Run the command that the arguments name; return the exit code."""
    # Commands print what they did; the loads' own log lines belong to Airflow's task logs.
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    try:
        result = main.main(prog_name="dental", standalone_mode=False)
    except PipelineError as error:
        # Those of the demo's system have the end of a log below them.
        for line in f"dental: {error}".split("\n"):
            say(line, err=True)
        return 1
    except (psycopg.Error, pymysql.MySQLError) as error:
        from include.sessions.failures import untranslated

        say(f"dental: {untranslated(error, settings.warehouse_endpoint())}", err=True)
        return 1
    except click.Abort:
        say("dental: interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(run())
