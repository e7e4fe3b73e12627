"""The three tables of the benchmark: one wide, one narrow, one of long and hostile values.

They are shaped like a practice's procedures, audit log and notes. Eight parts make a table, so
that a table at 1/4 holds the first two parts of the whole one.
"""

from __future__ import annotations

from bench.cells import Amount, Cells, Choice, Column, Key, Moment, Number, Shape, Text

PARTS = 8

_BIGINT = "bigint not null"
_TINY = "tinyint not null"
_UNSIGNED_TINY = "tinyint unsigned not null"
_DATE = "date not null"
_DOUBLE = "double not null"
_ZERO_DATE = "0000-00-00"


def _column(name: str, declaration: str, cells: Cells) -> Column:
    return Column(name, declaration, cells)


def _choice(*values: str | None) -> Choice:
    return Choice(values)


WIDE = Shape(
    "a",
    "wide",
    2_000_000,
    (
        _column("ProcNum", "bigint not null auto_increment", Key()),
        _column("PatNum", _BIGINT, Number(1, 40_000)),
        _column("AptNum", _BIGINT, Number(0, 9_999)),
        _column("ProcDate", _DATE, Moment(share=0.02)),
        _column("ProcFee", _DOUBLE, Amount()),
        _column("Surf", "varchar(10)", _choice("", "MO", "DO", "MOD", "B", "L")),
        _column("ToothNum", "varchar(2)", _choice("", *(str(n) for n in range(33)))),
        _column("ToothRange", "varchar(100)", _choice("", "1,2,3", "4,5", "14")),
        _column("Priority", _BIGINT, Number(0, 300)),
        _column("ProcStatus", _UNSIGNED_TINY, Number(1, 7)),
        _column("ProvNum", _BIGINT, Number(1, 40)),
        _column("Dx", _BIGINT, Number(0, 700)),
        _column("DateOriginalProsth", _DATE, Moment(share=0.9)),
        _column("PlannedAptNum", _BIGINT, Number(0, 9_999_999)),
        _column("ClaimNote", "varchar(80)", _choice("", "N", "D0120 note")),
        _column("DateEntryC", "date", Moment(share=0.5)),
        _column("Prosthesis", "char(1)", _choice("N", "I", "R", "")),
        _column("DateLocked", _DATE, Moment(share=0.95)),
        _column("PlaceService", _UNSIGNED_TINY, Number(0, 11)),
        _column("QtyType", _TINY, Number(0, 3)),
        _column("MedicalCode", "varchar(15)", _choice("", "D0120", "D2740")),
        _column("DiagnosticCode", "varchar(255)", _choice("", "K02.9")),
        _column("IsPrincDiag", _UNSIGNED_TINY, Number(0, 2)),
        _column("ClinicType", _TINY, Number(0, 2)),
        _column("ProcNumLab", _BIGINT, Number(0, 9_999_999)),
        _column("StatementNum", _BIGINT, Number(0, 9_999_999)),
        _column("CodeNum", _BIGINT, Number(1, 1_000)),
        _column("CodeMod1", "char(2)", _choice("", "25", "59")),
        _column("CodeMod2", "char(4)", _choice("", "0120")),
        _column("UnitQty", "int not null", Number(0, 30)),
        _column("BaseUnits", "int not null", Number(0, 30)),
        _column("StartT", "datetime not null", Moment("0001-01-01 00:00:00", 0.02, has_time=True)),
        _column(
            "DateTStamp", "timestamp not null", Moment("2015-01-01 00:00:00", 0.1, has_time=True)
        ),
        _column("DateTP", _DATE, Moment(share=0.1)),
        _column("SiteNum", _BIGINT, Number(0, 5)),
        _column("BillType", "smallint not null", Number(0, 20)),
        _column("HideGraphics", _TINY, Number(0, 2)),
        _column("CanadianType", "tinyint(1) not null", _choice("0", "-1")),
        _column("Hyg", _UNSIGNED_TINY, Number(0, 5)),
        _column("ProcUnit", "mediumint not null", Number(1, 5)),
        _column("OrderId", "bigint unsigned not null", Number(0, 100)),
        _column("ProcTime", "time not null", _choice("00:00:00", "08:30:00", "14:05:30")),
        _column("ProcTimeEnd", "time not null", _choice("00:00:00", "09:15:00")),
        _column("DateTimeX", "datetime not null", Moment("0001-01-01 00:00:00", 0.8, True)),
        _column("DateY", _DATE, Moment(share=0.4)),
        _column("Prognosis", _BIGINT, Number(0, 6)),
        _column("DrugUnit", _TINY, Number(0, 2)),
        _column("DiagCode2", "varchar(255)", _choice("", "Z01.20")),
        _column("DiagCode3", "varchar(255)", _choice("", "Z01.21")),
        _column("DiagCode4", "varchar(255)", _choice("", "A")),
        _column("Urgency", _TINY, Number(0, 3)),
        _column("ItemOrder", "int not null", Number(0, 50)),
        _column("IsLocked", _TINY, Number(0, 2)),
        _column("Discount", _DOUBLE, Amount()),
        _column("SnomedSite", "int not null", Number(0, 10)),
        _column("TimeTxt", "varchar(20)", _choice("", "00:00")),
        _column("Rev", "smallint unsigned not null", Number(0, 3)),
        _column("UserNum", _BIGINT, Number(0, 1_000_000)),
        _column("Serial", "varchar(20)", _choice("", "SN1", "SN2")),
        _column("TaxAmt", _DOUBLE, Amount()),
        _column("DiscPlan", _DOUBLE, Amount()),
        _column("BillingNote", "text", Text(1, 12)),
        _column("Note2", "varchar(255)", Text(1, 4, empty=0.8)),
        _column("IsCpoe", _TINY, Number(0, 2)),
        _column("ProvOrder", "int not null", Number(0, 99)),
        _column("Flag", "varchar(1)", _choice("", "x")),
        _column("BigI", "int unsigned not null", Number(0, 2**31)),
        _column("FeeA", _DOUBLE, Amount()),
        _column("FeeB", _DOUBLE, Amount()),
        _column("Note3", "mediumtext", Text(2, 30, empty=0.7)),
    ),
)

NARROW = Shape(
    "b",
    "narrow",
    5_000_000,
    (
        _column("SecurityLogNum", "bigint not null auto_increment", Key()),
        _column("PermType", "smallint not null", Number(1, 200)),
        _column("UserNum", _BIGINT, Number(1, 500)),
        _column("LogDateTime", "datetime not null", Moment("0001-01-01 00:00:00", 0.01, True)),
        _column(
            "LogText",
            "text",
            _choice(
                "Patient viewed",
                "Chart module",
                "Appointment moved",
                "Procedure edited: D2740 completed",
                "Login from 10.0.0.5",
                "日本 log",
            ),
        ),
        _column("PatNum", _BIGINT, Number(1, 40_000)),
        _column("CompName", "varchar(255)", _choice("WS-01", "WS-02", "FRONTDESK")),
        _column("FKey", _BIGINT, Number(0, 10_000_000)),
        _column("LogSource", _TINY, Number(0, 4)),
        _column("DefNum", _BIGINT, Number(0, 50)),
        _column("DefNumError", _BIGINT, Number(0, 100_000_000)),
        _column("DateTPrevious", "datetime", Moment("2015-01-01 00:00:00", 0.5, has_time=True)),
    ),
)

LONG = Shape(
    "c",
    "long",
    200_000,
    (
        _column("ProcNoteNum", "bigint not null auto_increment", Key()),
        _column("PatNum", _BIGINT, Number(1, 40_000)),
        _column("EntryDT", "datetime not null", Moment("0000-00-00 00:00:00", 0.2, has_time=True)),
        _column(
            "D",
            _DATE,
            Choice(
                (_ZERO_DATE, "2020-02-30", "0001-01-01", "2024-02-29", "9999-12-31", "2019-00-00"),
                (0.2, 0.01, 0.3, 0.28, 0.2, 0.01),
            ),
        ),
        _column(
            "T",
            "time",
            _choice("-12:30:00", "838:59:59", "-838:59:59", "25:00:01", "00:00:00", None),
        ),
        _column(
            "T6", "time(6)", _choice("-01:02:03.123456", "100:00:00.000001", "00:00:00.000000")
        ),
        _column(
            "Nul",
            "varchar(50)",
            Choice(("nul\0inside", "plain", "\0", "é🦷"), (0.01, 0.97, 0.01, 0.01)),
        ),
        _column(
            "BigU",
            "bigint unsigned",
            _choice("18446744073709551615", "0", "9223372036854775808"),
        ),
        _column("IsSig", "tinyint(1)", _choice("0", "1")),
        _column("TI", "tinyint", _choice("-128", "0", "1", "127")),
        _column("B1", "bit(1)", _choice("\0", "\1")),
        _column("B8", "bit(8)", _choice("\1", "\7")),
        _column("Blo", "longblob", _choice("\0\1\2\\x", "PNGdata", None)),
        _column("Dec1", "decimal(18,6)", _choice("123456789.123456", "-0.000001", "0.100000")),
        _column("F", "float", _choice("0.1", "1e-30", "3.4028235e38", "-2.5")),
        _column("E", "enum('red','green','')", _choice("red", "green", "")),
        _column("Note", "longtext", Text(180, 650, pool=5_000, empty=0.0)),
    ),
)

SHAPES = (WIDE, NARROW, LONG)
