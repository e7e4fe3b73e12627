"""Inspecting the practice database and deciding how every table is replicated."""

from include.discovery.discover import DiscoveryResult, discover

__all__ = ["DiscoveryResult", "discover"]
