"""The practice's trail: who looked at and changed what, and the forms that were filled in."""

from __future__ import annotations

import hashlib

from include.open_dental.codes import number
from include.open_dental.values import EMPTY_DATETIME
from simulator.codes import SHEET_TYPES
from simulator.journal import Value
from simulator.world import Practice

_FIELDS = ("Last name", "First name", "Street", "Phone", "Signature date", "Allergies", "Consent")


def log(practice: Practice, permission: str, *, user: int, patient: int, text: str) -> int:
    """Write a line of the security log with its hash; return its number.

    `permission` is what was used, as the list of permissions names it.
    """
    journal = practice.journal
    num = journal.insert(
        "securitylog",
        PermType=number("EnumPermType", permission),
        UserNum=user,
        LogDateTime=journal.now,
        LogText=text,
        PatNum=patient,
        CompName="FRONT1",
        FKey=patient,
        LogSource=0,
        DateTPrevious=EMPTY_DATETIME,
    )
    digest = hashlib.sha256(f"{num}{text}".encode()).hexdigest()
    journal.insert("securityloghash", SecurityLogNum=num, LogHash=digest)
    return num


def entry(practice: Practice, user: int, *, appointment: int) -> None:
    """Write who entered an appointment."""
    practice.journal.insert(
        "entrylog",
        UserNum=user,
        FKeyType=0,
        FKey=appointment,
        LogSource=0,
        EntryDateTime=practice.journal.now,
    )


def sheet(practice: Practice, patient: int, *, name: str) -> None:
    """File a form that the patient filled in, with its fields."""
    journal, now = practice.journal, practice.journal.now
    index = list(SHEET_TYPES).index(name)
    num = journal.insert(
        "sheet",
        SheetType=SHEET_TYPES[name],
        PatNum=patient,
        DateTimeSheet=now,
        FontSize=8.25,
        Description=name,
        Width=850,
        Height=1100,
        SheetDefNum=practice.lists["sheetdef"][index],
        DateTSheetEdited=now,
    )
    for place, field in enumerate(_FIELDS):
        values: dict[str, Value] = {"FieldValue": "" if place % 3 else "x"}
        journal.insert(
            "sheetfield",
            SheetNum=num,
            FieldType=2,
            FieldName=field,
            FontSize=8.25,
            XPos=50,
            YPos=40 + 30 * place,
            Width=200,
            Height=15,
            **values,
        )


def document(practice: Practice, patient: int, *, provider: int, description: str) -> None:
    """File an image or a letter: its entry only, files stay in the image folder."""
    now = practice.journal.now
    category = practice.definition("X-rays" if provider else "Letters")
    num = practice.journal.insert(
        "document",
        Description=description,
        DateCreated=now,
        DocCategory=category,
        PatNum=patient,
        ImgType=2 if provider else 0,
        ToothNumbers="",
        Note="",
        ProvNum=provider,
    )
    practice.journal.update("document", num, FileName=f"patient{patient}_{num}.jpg")
