"""Names of the source in what people read: whoever names a table writes into our logs.

A table's name may hold line breaks, escape sequences of a terminal and marks that turn the writing
around. Errors, logs, the command line, reports and mails show all of these spelled out.
"""

from __future__ import annotations

import logging
from typing import Any


def shown(text: str) -> str:
    """Return the text on one line, with every character that is not visible spelled out.

    What is spelled out already stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return the count with its noun, such as `1 table` and `2 tables`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def show_names_in_logs(package: str) -> None:
    """Let every record of the package's loggers spell its arguments out, for the whole process."""
    make_record = logging.getLogRecordFactory()

    def make_shown_record(*facts: Any, **more: Any) -> logging.LogRecord:
        record = make_record(*facts, **more)
        # A copy begins without a name; its arguments are those of the record that is copied.
        is_ours = (record.name or "").partition(".")[0] == package
        if is_ours and isinstance(record.args, tuple):
            record.args = tuple(shown(one) if isinstance(one, str) else one for one in record.args)
        return record

    logging.setLogRecordFactory(make_shown_record)
