"""Families that come to the practice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from include.open_dental.values import INTERVAL_MONTH, INTERVAL_YEAR
from simulator import audit, discount_plans, insurance
from simulator.journal import Value
from simulator.names import CITIES, EMPLOYERS, FIRST_NAMES, LAST_NAMES, STREETS
from simulator.world import Family, Patient, Practice

# Share of families with dental insurance, and of those with a second cover.
INSURED = 0.62
DOUBLE_COVERED = 0.06
FAMILY_SIZES = (1, 1, 1, 2, 2, 2, 3, 4, 4, 5)
_MEAN_SIZE = sum(FAMILY_SIZES) / len(FAMILY_SIZES)
# How often it is chance, not the family, that decides a patient's clinic.
_AWAY = 0.2
# New patients a day in later years, as a share of the planned years' mean.
_SETTLED_PACE = 0.6


def plan_arrivals(practice: Practice) -> None:
    """Spread the patients' first days over the years: an opening rush that settles down."""
    plan = practice.plan
    days = (plan.until - plan.lived_from).days + 1
    left = plan.arriving
    while left > 0:
        size = min(left, practice.random.choice(FAMILY_SIZES))
        left -= size
        offset = int(days * practice.random.random() ** 1.7)
        day = min(practice.clock.open_day(plan.lived_from + timedelta(days=offset)), plan.until)
        practice.plan_for(day, "family", size)


def expect_more(practice: Practice) -> None:
    """Let families go on coming after the planned years, at the pace of a settled practice."""
    plan = practice.plan
    pace = _SETTLED_PACE * plan.arriving / (365 * plan.lived_years)
    if practice.day > plan.until and practice.chance(pace / _MEAN_SIZE):
        practice.plan_for(practice.day, "family", practice.random.choice(FAMILY_SIZES))


def arrive(practice: Practice, size: int) -> Family:
    """Register a family: one or two adults, the others children."""
    random, journal = practice.random, practice.journal
    city, digits = random.choice(CITIES)
    street = f"{random.randint(1, 999)} {random.choice(STREETS)} Street"
    family = Family(
        guarantor=0, address=(street, city, "OR", digits), clinic=practice.some_clinic()
    )
    last = random.choice(LAST_NAMES)
    employer = 0
    if practice.chance(0.3):
        employer = journal.insert(
            "employer", EmpName=f"{city} {random.choice(EMPLOYERS)}", City=city, State="OR"
        )
    habit = 0.55 + 0.43 * random.random()
    for index in range(size):
        is_adult = index < 2
        age = random.randint(20, 82) if is_adult else random.randint(2, 17)
        age_days = age * 365 + random.randint(0, 364)
        _register(practice, family, newcomer=Newcomer(last, age_days, habit, employer))
    if practice.chance(INSURED):
        is_double = size > 1 and practice.rarely("second cover", DOUBLE_COVERED)
        insurance.enrol(practice, family, is_double=is_double)
    elif practice.rarely("discount plan", discount_plans.JOINED):
        discount_plans.join(practice, family)
    practice.families.append(family)
    return family


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who asks to be registered; `habit` is the chance of coming when a visit is due."""

    last: str
    age_days: int
    habit: float
    employer: int


def _register(practice: Practice, family: Family, *, newcomer: Newcomer) -> Patient:
    random, journal, clock = practice.random, practice.journal, practice.clock
    last, age_days = newcomer.last, newcomer.age_days
    born = practice.day - timedelta(days=age_days)
    gender = random.randint(0, 1)
    first = random.choice(FIRST_NAMES)
    # Some come to the other clinic than their family.
    clinic = practice.some_clinic() if practice.chance(_AWAY) else family.clinic
    dentist, hygienist = practice.some_dentist(clinic), practice.some_hygienist(clinic)
    user = practice.desk_user()
    street, city, state, digits = family.address
    num = journal.last_key("patient") + 1
    guarantor = family.guarantor or num
    phone = f"({random.randint(200, 989)})555-01{random.randint(0, 99):02}"
    journal.insert(
        "patient",
        PatNum=num,
        LName=last,
        FName=first,
        MiddleI=random.choice("ABCDEJLMR ").strip(),
        Preferred=None if practice.chance(0.05) else "",
        PatStatus=0,
        Gender=gender,
        Position=int(age_days > 25 * 365),
        Birthdate=born,
        SSN=f"9{random.randint(0, 99_999_999):08}" if practice.chance(0.3) else "",
        Address=street,
        City=city,
        State=state,
        Zip=digits,
        HmPhone=phone,
        WirelessPhone=phone,
        Guarantor=guarantor,
        CreditType="",
        Email=f"{first}.{last}.{num}@example.com".lower(),
        PriProv=dentist.num,
        SecProv=hygienist.num,
        BillingType=practice.definition("Standard account"),
        EmployerNum=newcomer.employer if age_days > 25 * 365 else 0,
        DateFirstVisit=practice.day,
        ClinicNum=clinic,
        HasIns="",
        PreferConfirmMethod=random.choice((0, 4, 8)),
        PreferContactMethod=random.choice((0, 4, 8)),
        PreferRecallMethod=random.choice((0, 5, 8)),
        TxtMsgOk=1,
        SecUserNumEntry=user,
        SecDateEntry=practice.day,
    )
    patient = Patient(
        num, family, last, first, born, gender, dentist.num, hygienist.num, newcomer.habit, clinic,
        is_perio=age_days > 30 * 365 and practice.chance(0.18),
    )  # fmt: skip
    family.guarantor = guarantor
    family.members.append(patient)
    practice.patients.append(patient)
    _record(practice, patient, phone=phone, is_guarantor=guarantor == num)
    audit.log(
        practice, "PatientCreate", user=user, patient=patient.num, text=f"Patient {num} created"
    )
    patient.recall = _recall(practice, patient, age_days=age_days)
    journal.insert(
        "patientnote",
        PatNum=num,
        Medical=random.choice(("", "", "None known", "See medication list")),
        ICEName="",
        SecDateTEntry=clock.now,
    )
    return patient


def _recall(practice: Practice, patient: Patient, *, age_days: int) -> int:
    kinds = practice.lists["recall"]
    is_child = age_days < 14 * 365
    kind = kinds[2] if patient.is_perio else kinds[1 if is_child else 0]
    interval = (3 if patient.is_perio else 6) * INTERVAL_MONTH
    values: dict[str, Value] = {"PatNum": patient.num, "RecallInterval": interval}
    practice.journal.insert(
        "recall", PatNum=patient.num, RecallInterval=INTERVAL_YEAR, RecallTypeNum=kinds[3]
    )
    return practice.journal.insert("recall", **values, RecallTypeNum=kind)


def _record(practice: Practice, patient: Patient, *, phone: str, is_guarantor: bool) -> None:
    """Write what the registration form told: history, phone numbers, who sent them."""
    random, journal, clock = practice.random, practice.journal, practice.clock
    num = patient.num
    journal.insert(
        "phonenumber",
        PatNum=num,
        PhoneNumberVal=phone,
        PhoneNumberDigits="".join(filter(str.isdigit, phone)),
        PhoneType=3,
    )
    journal.insert("patientrace", PatNum=num, Race=random.choice((4, 4, 5, 8)))
    if practice.chance(0.25):
        journal.insert(
            "patfield",
            PatNum=num,
            FieldName="Preferred time",
            FieldValue=random.choice(("Morning", "Evening")),
            SecDateEntry=practice.day,
        )
    if practice.chance(0.3):
        medication = random.choice(practice.lists["medication"])
        journal.insert(
            "medicationpat", PatNum=num, MedicationNum=medication, DateStart=practice.day
        )
    if practice.chance(0.3):
        disease = random.choice(practice.lists["diseasedef"])
        journal.insert("disease", PatNum=num, DiseaseDefNum=disease, DateStart=practice.day)
    if practice.chance(0.12):
        allergy = random.choice(practice.lists["allergydef"])
        journal.insert(
            "allergy", PatNum=num, AllergyDefNum=allergy, Reaction="Rash", StatusIsActive=1
        )
    if is_guarantor and practice.chance(0.35):
        referral = random.choice(practice.lists["referral"])
        journal.insert(
            "refattach",
            ReferralNum=referral,
            PatNum=num,
            ItemOrder=1,
            RefDate=practice.day,
            RefType=1,
            Note=None,
        )
    if practice.chance(0.15):
        journal.insert(
            "popup",
            PatNum=num,
            Description="Ask for the new phone number.",
            UserNum=practice.desk_user(),
            DateTimeEntry=clock.now,
        )
    if practice.chance(0.8):
        audit.sheet(practice, num, name="Registration")
    if not is_guarantor and practice.day.year - patient.born.year < 18:
        journal.insert(
            "guardian",
            PatNumChild=num,
            PatNumGuardian=patient.family.guarantor,
            Relationship=1,
            IsGuardian=1,
        )
