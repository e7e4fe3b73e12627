"""The plan of a refresh: which tables are loaded, in which order, and what changes before."""

from include.planning.model import RefreshPlan, RefreshRequest
from include.planning.plan import plan_refresh

__all__ = ["RefreshPlan", "RefreshRequest", "plan_refresh"]
