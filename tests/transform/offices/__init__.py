"""Random dental offices that are hostile to every rule of Open Dental's reports.

An office is small, so that hundreds can be tried, and dense: for each rule it has rows on both
sides of every edge that the rule knows. The same seed makes the same office.
"""

from tests.transform.offices.office import SEEDS, bare_practices, random_office

__all__ = ["SEEDS", "bare_practices", "random_office"]
