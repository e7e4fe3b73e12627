"""Opening gates without a validation, as a statement."""

OPEN_GATES = (
    "update ops.table_state set is_publishable = true, blocked_code = null, blocked_reason = null"
)
