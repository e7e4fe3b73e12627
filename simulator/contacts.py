"""Calls, texts, e-mails, statements and tasks of the front desk."""

from __future__ import annotations

from include.open_dental.values import EMPTY_DATETIME
from simulator.journal import Value
from simulator.names import CALL_NOTES
from simulator.world import Patient, Practice

# Rows that old versions left without an entry stamp.
UNSTAMPED = 0.02


def talk(practice: Practice, patient: Patient, *, subject: str, is_text: bool = False) -> int:
    """Log a call or a text; return its number."""
    journal, random = practice.journal, practice.random
    num = journal.insert(
        "commlog",
        PatNum=patient.num,
        CommDateTime=journal.now,
        CommType=practice.definition(subject),
        Note=random.choice(CALL_NOTES),
        Mode_=5 if is_text else 3,
        SentOrReceived=1 if is_text else random.choice((1, 2)),
        UserNum=practice.desk_user(),
        Signature="",
        CommSource=3 if is_text else 0,
        DateTEntry=EMPTY_DATETIME if practice.chance(UNSTAMPED) else journal.now,
    )
    practice.recent.remember("commlog", num)
    if is_text and practice.chance(practice.plan.habits.logged_texts):
        journal.insert(
            "smstomobile",
            PatNum=patient.num,
            GuidMessage=f"guid-{num}",
            SmsPhoneNumber="15555550100",
            MobilePhoneNumber="15555550199",
            MsgType=1,
            MsgText="Please confirm your visit.",
            SmsStatus=1,
            MsgParts=1,
            MsgChargeUSD=0.04,
            DateTimeSent=journal.now,
            ClinicNum=patient.clinic,
        )
    return num


def email(practice: Practice, patient: Patient, *, subject: str) -> None:
    """Send an e-mail."""
    practice.journal.insert(
        "emailmessage",
        PatNum=patient.num,
        ToAddress=f"{patient.first}.{patient.last}.{patient.num}@example.com".lower(),
        FromAddress="office@example.com",
        Subject=subject,
        BodyText="Dear patient,\r\nplease see the enclosed statement.\r\n",
        MsgDateTime=practice.journal.now,
        SentOrReceived=1,
        RawEmailIn="",
        UserNum=practice.desk_user(),
        SecDateTEntry=practice.journal.now,
    )


def task(practice: Practice, patient: Patient | None, *, text: str) -> int:
    """Open a task with a note; return its number."""
    journal = practice.journal
    user = practice.desk_user()
    values: dict[str, Value] = {"KeyNum": patient.num, "ObjectType": 1} if patient else {}
    num = journal.insert(
        "task",
        TaskListNum=practice.random.choice(practice.lists["tasklist"]),
        Descript=text,
        TaskStatus=0,
        DateTimeEntry=journal.now,
        DateTimeOriginal=journal.now,
        DateTimeFinished=EMPTY_DATETIME,
        UserNum=user,
        **values,
    )
    journal.insert("tasknote", TaskNum=num, UserNum=user, DateTimeNote=journal.now, Note=text)
    practice.recent.remember("task", num)
    return num


def finish_task(practice: Practice, num: int) -> None:
    """Close a task."""
    practice.journal.update("task", num, TaskStatus=2, DateTimeFinished=practice.journal.now)
