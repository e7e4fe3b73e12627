"""Why the gate of a table is closed: a code for programs, and a reason for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BlockedCode(StrEnum):
    """The code, as `ops.table_state.blocked_code` has it."""

    NEVER_LOADED = "never_loaded"
    LOADING = "loading"
    LOAD_FAILED = "load_failed"
    NOT_VALIDATED = "not_validated"
    VALIDATING = "validating"
    UNEQUAL = "unequal"
    NOT_JUDGED = "not_judged"
    QUALITY = "quality"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    REBUILT = "rebuilt"
    LEFT_OUT = "left_out"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Block:
    """Why a table may not be read."""

    code: BlockedCode
    reason: str


NEVER_LOADED = Block(BlockedCode.NEVER_LOADED, "never loaded")
STILL_LOADING = Block(BlockedCode.LOADING, "a load is under way or was interrupted")
NOT_VALIDATED = Block(BlockedCode.NOT_VALIDATED, "not validated since it was loaded")
REBUILT = Block(BlockedCode.REBUILT, "rebuilt with other types, not loaded since")
RELEASED = Block(BlockedCode.RELEASED, "left quarantine, not loaded since")
LEFT_OUT = Block(BlockedCode.LEFT_OUT, "left out by the config")
DROPPED = Block(
    BlockedCode.DROPPED,
    "the source no longer has this table; these are the rows of its last good load",
)


def load_failed(reason: str) -> Block:
    """Return the block of a table whose load failed."""
    return Block(BlockedCode.LOAD_FAILED, f"load failed: {reason}")


def quarantined(reason: str) -> Block:
    """Return the block of a table in quarantine."""
    return Block(BlockedCode.QUARANTINED, f"quarantined: {reason}")
