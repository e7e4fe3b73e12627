"""The words by which dental practice schemas speak of other tables.

General knowledge of English and of the trade, not a list of answers: a word counts only if the
schema at hand has the table that it stands for.
"""

from __future__ import annotations

# What may end a column that holds another row's key.
KEY_SUFFIXES = ("num", "id", "key", "fk", "no")

# A person or thing by the part it plays -> the tables that may hold it, best first.
ROLES: dict[str, tuple[str, ...]] = {
    "appt": ("appointment",),
    "apt": ("appointment",),
    "assistant": ("employee",),
    "dentist": ("provider",),
    "guarantor": ("patient",),
    "hygienist": ("provider",),
    "instruct": ("provider", "instructor"),
    "instructor": ("provider", "instructor"),
    "op": ("operatory",),
    "reportsto": ("employee",),
    "responsparty": ("patient",),
    "responsibleparty": ("patient",),
    "slip": ("sheetdef",),
    "student": ("provider",),
    "subscriber": ("patient",),
    "superfamily": ("patient",),
    "user": ("userod", "users", "user"),
}

# A provider who refers patients from outside is a referral source, not one of ours.
LEADING_ROLES: dict[str, tuple[str, ...]] = {"referring": ("referral",)}

# The tables that give meaning to office-specific codes.
CODE_TABLES = ("definition", "definitions", "lookup")
# A key-sized integer whose name ends like this holds such a code.
CODE_WORDS = frozenset(
    {
        "cat",
        "category",
        "confirmed",
        "dx",
        "folder",
        "group",
        "priority",
        "prognosis",
        "region",
        "specialty",
        "status",
        "tracking",
        "type",
    }
)
# What may follow such a word without changing the meaning.
ORDINALS = frozenset({"one", "two", "three", "name"})

# Words for another row of the same table.
SELF_WORDS = frozenset({"from", "generic", "parent", "ancestor"})

# Columns whose target table is named by another column of the row.
POLYMORPHIC = frozenset(
    {"fkey", "foreignkey", "keynum", "messagefk", "objectnum", "parentkey", "idinternal"}
)
# How that other column, which ends in "type", may begin.
DISCRIMINATOR_WORDS = frozenset({"fkey", "foreign", "key", "link", "message", "object", "perm"})

# Text columns that hold the natural key of a code table under another name.
NATURAL_KEYS: dict[str, tuple[str, ...]] = {
    "medicalcode": ("procedurecode",),
    "substitutioncode": ("procedurecode",),
}
