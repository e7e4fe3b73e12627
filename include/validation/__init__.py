"""Verdicts: is a table's copy whole, and are its rows good enough to publish."""

from include.validation.verdicts import TierVerdict, validate_tier

__all__ = ["TierVerdict", "validate_tier"]
