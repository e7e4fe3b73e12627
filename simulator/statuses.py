"""What the codes that steer the simulation are called in the practice software."""

from __future__ import annotations

from include.open_dental.codes import number

PROCEDURE_PLANNED = number("ProcStat", "TP")
PROCEDURE_COMPLETE = number("ProcStat", "C")
PROCEDURE_EXISTING = number("ProcStat", "EC")
PROCEDURE_DELETED = number("ProcStat", "D")
# Work that a first exam finds and conditions that it charts, as often as they occur.
PROCEDURES_FOUND = tuple(number("ProcStat", label) for label in ("EC", "EO", "EO", "EO", "R", "Cn"))

PATIENT_INACTIVE = number("PatientStatus", "Inactive")
PATIENT_ARCHIVED = number("PatientStatus", "Archived")
PATIENT_DELETED = number("PatientStatus", "Deleted")
PATIENT_DECEASED = number("PatientStatus", "Deceased")

APPOINTMENT_SCHEDULED = number("ApptStatus", "Scheduled")
APPOINTMENT_COMPLETE = number("ApptStatus", "Complete")
APPOINTMENT_UNSCHEDULED = number("ApptStatus", "UnschedList")
APPOINTMENT_BROKEN = number("ApptStatus", "Broken")
APPOINTMENT_PLANNED = number("ApptStatus", "Planned")

LINE_NOT_RECEIVED = number("ClaimProcStatus", "NotReceived")
LINE_RECEIVED = number("ClaimProcStatus", "Received")
LINE_PREAUTHORIZED = number("ClaimProcStatus", "Preauth")
LINE_SUPPLEMENTAL = number("ClaimProcStatus", "Supplemental")
LINE_ESTIMATE = number("ClaimProcStatus", "Estimate")
LINE_CAPITATION = number("ClaimProcStatus", "CapComplete")
LINE_CAPITATION_ESTIMATE = number("ClaimProcStatus", "CapEstimate")
