"""What a value means where its type does not say it: empty, none, blank, without end, no money."""

from __future__ import annotations

# Open Dental itself takes every year before 1880 for "empty" and writes 0001-01-01 for it.
EARLIEST_YEAR = 1880
EMPTY_DATE = "0001-01-01"
EMPTY_DATETIME = f"{EMPTY_DATE} 00:00:00"
# "Without end" (coverage, statement ranges), and so is every other day of the last year.
ENDLESS_DATES = ("2200-01-01", "9999-12-31")
ENDLESS_YEAR = 9999

# A reference that names no row. Below it stand special meanings ("all clinics").
NO_REFERENCE = 0

# "Blank" in amounts and percentages of these columns, and "not overridden" in times of the clock.
BLANK = -1
BLANK_COLUMNS = frozenset(
    {
        "benefit.MonetaryAmt",
        "benefit.Percent",
        "claimproc.AllowedOverride",
        "claimproc.CopayAmt",
        "claimproc.CopayOverride",
        "claimproc.DedEst",
        "claimproc.DedEstOverride",
        "claimproc.InsEstTotalOverride",
        "claimproc.PaidOtherIns",
        "claimproc.PaidOtherInsOverride",
        "claimproc.PercentOverride",
        "claimproc.Percentage",
        "claimproc.WriteOffEst",
        "claimproc.WriteOffEstOverride",
        "claimsnapshot.Writeoff",
        "patplan.OrthoAutoFeeBilledOverride",
    }
)
BLANK_TIME = "-01:00:00"

# An interval of recalls packs years, months, weeks and days into the bytes of one number.
INTERVAL_MONTH = 1 << 16
INTERVAL_YEAR = 1 << 24

# Numbers that are declared as double, as money is, and are none.
NOT_MONEY = frozenset(
    {
        "anesthmedsgiven.QtyGiven",
        "anesthmedsgiven.QtyOnHandOld",
        "anesthmedsgiven.QtyWasted",
        "anesthmedsinventory.QtyOnHand",
        "anesthmedsinventoryadj.QtyAdj",
        "clinic.SmsMonthlyLimit",
        "computerpref.HelpButtonXAdjustment",
        "ehrlabresult.ObservationValueNumber1",
        "ehrlabresult.ObservationValueNumber2",
        "ehrlabresult.ObservationValueNumeric",
        "insverify.HoursAvailableForVerification",
        "insverifyhist.HoursAvailableForVerification",
        "maparea.Height",
        "maparea.Width",
        "maparea.XPos",
        "maparea.YPos",
        "payplan.APR",
        "payplantemplate.APR",
        "procedurecode.CanadaTimeUnits",
        "proctp.CatPercUCR",
        "rxpat.DaysOfSupply",
    }
)
