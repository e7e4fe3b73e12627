"""Tables of which more is known than they declare. Tables that are left out: `protection.yml`."""

from __future__ import annotations

# Rows that tell of the past: they may name a row that is gone, which is history.
HISTORY_TABLES = frozenset(
    {
        "claimsnapshot",
        "deletedobject",
        "entrylog",
        "eservicelog",
        "etrans",
        "histappointment",
        "insbluebooklog",
        "inseditlog",
        "inseditpatlog",
        "insverifyhist",
        "orthochartlog",
        "securitylog",
        "signalod",
        "taskhist",
        "updatehistory",
    }
)

# Rows that Open Dental deletes outright, or replaces by others.
HARD_DELETED_TABLES = frozenset(
    {
        "adjustment",
        "allergy",
        "appointment",
        "benefit",
        "claim",
        "claimpayment",
        "claimproc",
        "claimsnapshot",
        "commlog",
        "disease",
        "fee",
        "insbluebook",
        "insplan",
        "inssub",
        "insverify",
        "patplan",
        "payment",
        "payplan",
        "payplancharge",
        "payplanlink",
        "paysplit",
        "proctp",
        "recall",
        "refattach",
        "schedule",
        "scheduleop",
        "statement",
        "task",
        "tasklist",
        "treatplan",
        "treatplanattach",
    }
)

# Rows that enter one another's sums.
MONEY_TABLES = frozenset(
    {
        "adjustment",
        "appointment",
        "claim",
        "claimpayment",
        "claimproc",
        "payment",
        "payplan",
        "payplancharge",
        "paysplit",
        "procedurelog",
    }
)


def is_history(table: str, target: str) -> bool:
    """Whether rows of `table` may well name rows of `target` that are gone; names in lower case."""
    return table in HISTORY_TABLES and target in HARD_DELETED_TABLES
