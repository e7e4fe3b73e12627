"""What a run has done: freshness, late tables, marts, and the mails about it."""

from include.reporting.report import RunReport
from include.reporting.run import report_run

__all__ = ["RunReport", "report_run"]
