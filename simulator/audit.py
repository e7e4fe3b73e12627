"""The practice's trail: who looked at and changed what, and the forms that were filled in."""

from __future__ import annotations

import hashlib

from simulator.journal import EMPTY_DATETIME, Value
from simulator.world import Practice

_FIELDS = ("Last name", "First name", "Street", "Phone", "Signature date", "Allergies", "Consent")


def log(practice: Practice, permission: int, *, user: int, patient: int, text: str) -> int:
    """Write a line of the security log with its hash; return its number."""
    journal = practice.journal
    num = journal.insert(
        "securitylog",
        PermType=permission,
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
    kind = {"Registration": 0, "Medical history": 1, "Consent": 2}[name]
    num = journal.insert(
        "sheet",
        SheetType=(9, 11, 6)[kind],
        PatNum=patient,
        DateTimeSheet=now,
        FontSize=8.25,
        Description=name,
        Width=850,
        Height=1100,
        SheetDefNum=practice.lists["sheetdef"][kind],
        DateTSheetEdited=now,
    )
    for index, field in enumerate(_FIELDS):
        values: dict[str, Value] = {"FieldValue": "" if index % 3 else "x"}
        journal.insert(
            "sheetfield",
            SheetNum=num,
            FieldType=2,
            FieldName=field,
            FontSize=8.25,
            XPos=50,
            YPos=40 + 30 * index,
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
