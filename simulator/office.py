"""Furnishes the practice before its first day: codes, fees, staff, rooms, lists, settings."""

from __future__ import annotations

from include.open_dental.codes import number
from include.open_dental.values import BLANK, EMPTY_DATE, INTERVAL_MONTH, INTERVAL_YEAR
from simulator.codes import CODES, DEFINITIONS, PREFERENCES, SHEET_TYPES, TREATMENT_AREAS
from simulator.names import CITIES, FIRST_NAMES, LAST_NAMES, MEDICATIONS, PROBLEMS
from simulator.world import Code, Practice, Provider

# How many patients one dentist looks after here; hygienists come in the same number.
PATIENTS_PER_DENTIST = 1_100
PATIENTS_PER_EMPLOYEE = 500
# In an old office most patients ever have stayed away long since.
PATIENTS_EVER_PER_DENTIST = 7_000
PATIENTS_EVER_PER_EMPLOYEE = 2_900
_CATEGORY_OF = {
    "D0": "Exams and X-rays",
    "D1": "Cleanings",
    "D2": "Fillings",
    "D3": "Root canals",
    "D4": "Gums",
    "D5": "Dentures",
    "D6": "Crowns and bridges",
    "D7": "Surgery",
}
# What everybody who works here may do.
_PERMISSIONS = (
    "AppointmentsModule",
    "FamilyModule",
    "AccountModule",
    "TPModule",
    "ChartModule",
    "ImagingModule",
    "ManageModule",
    "ProcComplEdit",
    "PaymentCreate",
    "AdjustmentCreate",
    "AppointmentCreate",
    "AppointmentMove",
)


def furnish(practice: Practice) -> None:
    """Write everything that exists before the first patient comes."""
    _clinics(practice)
    _definitions(practice)
    _preferences(practice)
    _codes_and_fees(practice)
    _staff(practice)
    _rooms_and_providers(practice)
    _recall_types(practice)
    _coverage_categories(practice)
    _clinical_lists(practice)
    _desk_lists(practice)
    _programs(practice)


def _clinics(practice: Practice) -> None:
    for index in range(practice.plan.settings.clinics):
        city, digits = CITIES[index]
        num = practice.journal.insert(
            "clinic",
            Description=f"{city} Dental",
            Abbr=city[:6],
            Address="1 Example Street",
            City=city,
            State="OR",
            Zip=digits,
            Phone=f"555555010{index}",
            ItemOrder=index,
            IsHidden=0,
        )
        practice.clinics.append(num)


def _definitions(practice: Practice) -> None:
    order: dict[int, int] = {}
    for category_name, name, value in DEFINITIONS:
        category = number("DefCat", category_name)
        order[category] = order.get(category, -1) + 1
        practice.definitions[name] = practice.journal.insert(
            "definition",
            Category=category,
            ItemOrder=order[category],
            ItemName=name,
            ItemValue=value,
            ItemColor=-(category * 65_793),
            IsHidden=0,
        )


def _preferences(practice: Practice) -> None:
    settings = practice.plan.settings
    for name, value in (
        ("EasyNoClinics", str(int(not settings.clinics))),
        ("PayPlansVersion", str(settings.plans_version)),
        ("AgingProcLifo", settings.aging_lifo),
        ("ReportsPPOwriteoffDefaultToProcDate", str(settings.writeoff_mode)),
        ("FinanceChargeAdjustmentType", str(practice.definition("Finance charge"))),
        ("BadDebtAdjustmentTypes", str(practice.definition("Bad debt"))),
        *PREFERENCES,
    ):
        practice.preferences[name] = practice.journal.insert(
            "preference", PrefName=name, ValueString=value, Comments=None
        )


def _codes_and_fees(practice: Practice) -> None:
    journal = practice.journal
    practice.ucr_schedule = journal.insert(
        "feesched", Description="Office fees", FeeSchedType=0, ItemOrder=0, IsHidden=0, IsGlobal=1
    )
    for code, wording, fee, minutes, benefit, area, is_hygiene in CODES:
        category = _CATEGORY_OF.get(code[:2], "Other")
        num = journal.insert(
            "procedurecode",
            ProcCode=code,
            Descript=wording,
            AbbrDesc=wording[:20],
            ProcTime="X" * max(1, minutes // 5),
            ProcCat=practice.definition(category),
            TreatArea=TREATMENT_AREAS[area],
            NoBillIns=int(benefit == "none"),
            IsProsth=int(code.startswith(("D51", "D52", "D62"))),
            DefaultNote=f"{wording}. Patient tolerated it well.",
            IsHygiene=int(is_hygiene),
            LaymanTerm=wording,
            IsRadiology=int(code.startswith("D02")),
        )
        practice.codes[code] = Code(
            num, code, wording, fee * 100, minutes, benefit, area, is_hygiene
        )
        fee_schedule(practice, practice.ucr_schedule, codes=[practice.codes[code]], percent=100)


def fee_schedule(practice: Practice, schedule: int, *, codes: list[Code], percent: int) -> None:
    """Write the fees of codes in a schedule as a share of the office's own."""
    for code in codes:
        practice.journal.insert(
            "fee",
            Amount=code.fee * percent // 100 / 100,
            FeeSched=schedule,
            CodeNum=code.num,
            SecUserNumEntry=1,
            SecDateEntry=practice.clock.text,
        )


def _staff(practice: Practice) -> None:
    journal, clock = practice.journal, practice.clock
    groups = [
        journal.insert("usergroup", Description=name)
        for name in ("Administrators", "Front desk", "Clinical")
    ]
    for group in groups:
        for permission in _PERMISSIONS:
            journal.insert(
                "grouppermission",
                UserGroupNum=group,
                PermType=number("EnumPermType", permission),
                NewerDate=EMPTY_DATE,
            )
    count = max(3, practice.plan.patients // _patients_per_employee(practice))
    for index in range(count):
        employee = journal.insert(
            "employee",
            LName=LAST_NAMES[(7 * index + 3) % len(LAST_NAMES)],
            FName=FIRST_NAMES[(5 * index + 1) % len(FIRST_NAMES)],
            IsHidden=0,
            ClockStatus="Home",
            PhoneExt=100 + index,
            EmailWork=f"desk{index}@example.com",
        )
        practice.employees.append(employee)
        practice.desk.append(
            _user(practice, f"desk{index}", group=groups[index and 1], employee=employee)
        )
    for index in range(count + 2):
        journal.insert("computer", CompName=f"FRONT{index}", LastHeartBeat=clock.now)


def _patients_per_employee(practice: Practice) -> int:
    return PATIENTS_EVER_PER_EMPLOYEE if practice.plan.has_past else PATIENTS_PER_EMPLOYEE


def _user(
    practice: Practice, name: str, *, group: int, employee: int = 0, provider: int = 0
) -> int:
    user = practice.journal.insert(
        "userod",
        UserName=name,
        Password="not-a-real-password-hash",  # noqa: S106 - obviously none
        UserGroupNum=0,
        EmployeeNum=employee,
        ProvNum=provider,
        DateTLastLogin=practice.clock.now,
        PasswordIsStrong=1,
    )
    practice.journal.insert("usergroupattach", UserNum=user, UserGroupNum=group)
    return user


def _rooms_and_providers(practice: Practice) -> None:
    per_dentist = PATIENTS_EVER_PER_DENTIST if practice.plan.has_past else PATIENTS_PER_DENTIST
    dentists = max(2, round(practice.plan.patients / per_dentist))
    for index in range(2 * dentists):
        is_hygienist = index >= dentists
        title = "RDH" if is_hygienist else "DMD"
        last = LAST_NAMES[(11 * index + 5) % len(LAST_NAMES)]
        num = practice.journal.insert(
            "provider",
            Abbr=f"{'HYG' if is_hygienist else 'DOC'}{index + 1}",
            ItemOrder=index,
            LName=last,
            FName=FIRST_NAMES[(3 * index + 2) % len(FIRST_NAMES)],
            Suffix=title,
            FeeSched=practice.ucr_schedule,
            Specialty=practice.definition("Hygiene" if is_hygienist else "General"),
            IsSecondary=int(is_hygienist),
            ProvColor=-(index + 1) * 99_991,
            SigOnFile=1,
            NationalProvID=f"1{index:09}",
            HourlyProdGoalAmt=150.0 if is_hygienist else 425.5,
            Birthdate=f"{1965 + index % 25}-0{index % 9 + 1}-11",
            PreferredName=last,
        )
        user = _user(practice, f"prov{index + 1}", group=3, provider=num)
        weekdays = (0, 1, 2, 3, 4, 5) if index % dentists == 0 else (0, 1, 2, 3, 4)
        # Every clinic has dentists and hygienists of its own: there are at least two of each.
        clinic = practice.clinic_in_turn(index % dentists)
        provider = Provider(num, user, is_hygienist, clinic, [], weekdays)
        for room in range(1 if is_hygienist else 2):
            provider.operatories.append(_room(practice, provider, index=room))
        if clinic:
            practice.journal.insert("providercliniclink", ProvNum=num, ClinicNum=clinic)
        (practice.hygienists if is_hygienist else practice.dentists).append(provider)


def _room(practice: Practice, provider: Provider, *, index: int) -> int:
    num, is_hygiene = provider.num, provider.is_hygienist
    name = f"{'Hygiene' if is_hygiene else 'Room'} {num}{'AB'[index]}"
    return practice.journal.insert(
        "operatory",
        OpName=name,
        Abbrev=name[:5],
        ItemOrder=num * 2 + index,
        ProvDentist=0 if is_hygiene else num,
        ProvHygienist=num if is_hygiene else 0,
        IsHygiene=int(is_hygiene),
        ClinicNum=provider.clinic,
        OperatoryType=practice.definition("Treatment room"),
    )


def _recall_types(practice: Practice) -> None:
    types = (
        ("Prophy", 6 * INTERVAL_MONTH, ("D1110", "D0120"), ("D1110",)),
        ("Child prophy", 6 * INTERVAL_MONTH + 1, ("D1120", "D0120"), ("D1120",)),
        ("Perio", 3 * INTERVAL_MONTH, ("D4910",), ("D4910", "D4341")),
        ("Bitewings", 1 * INTERVAL_YEAR, ("D0274",), ("D0272", "D0274")),
        ("Full X-rays", 5 * INTERVAL_YEAR + 1, ("D0210",), ("D0210", "D0330")),
    )
    practice.lists["recall"] = []
    for name, interval, procedures, triggers in types:
        num = practice.journal.insert(
            "recalltype",
            Description=name,
            DefaultInterval=interval,
            TimePattern="/XXXXXX/",
            Procedures=",".join(procedures),
        )
        practice.lists["recall"].append(num)
        for code in triggers:
            practice.journal.insert(
                "recalltrigger", RecallTypeNum=num, CodeNum=practice.codes[code].num
            )


def _coverage_categories(practice: Practice) -> None:
    categories = (
        ("General", 1, (("D0000", "D7999"), ("D9000", "D9999"))),
        ("Preventive", 12, (("D0100", "D1999"),)),
        ("Basic", 4, (("D2000", "D2699"), ("D3000", "D4999"), ("D7000", "D7999"))),
        ("Major", 7, (("D2700", "D2999"), ("D5000", "D6999"))),
    )
    practice.lists["covcat"] = []
    for order, (name, category, spans) in enumerate(categories):
        num = practice.journal.insert(
            "covcat", Description=name, DefaultPercent=BLANK, CovOrder=order, EbenefitCat=category
        )
        practice.lists["covcat"].append(num)
        for low, high in spans:
            practice.journal.insert("covspan", CovCatNum=num, FromCode=low, ToCode=high)


def _clinical_lists(practice: Practice) -> None:
    journal = practice.journal
    practice.lists["medication"] = [
        journal.insert("medication", MedName=name, GenericNum=index + 1, Notes="")
        for index, name in enumerate(MEDICATIONS)
    ]
    practice.lists["diseasedef"] = [
        journal.insert("diseasedef", DiseaseName=name, ItemOrder=index)
        for index, name in enumerate(PROBLEMS)
    ]
    practice.lists["allergydef"] = [
        journal.insert("allergydef", Description=name, SnomedType=None if index else 1)
        for index, name in enumerate(("Penicillin", "Latex", "Sulfa drugs", "Codeine"))
    ]
    practice.lists["pharmacy"] = [
        journal.insert("pharmacy", StoreName=f"Corner Pharmacy {index}", City="Springfield")
        for index in range(1, 4)
    ]
    practice.lists["laboratory"] = [
        journal.insert("laboratory", Description=f"Dental Laboratory {index}", Phone="5555550180")
        for index in range(1, 3)
    ]
    practice.lists["appointmenttype"] = [
        journal.insert("appointmenttype", AppointmentTypeName=name, ItemOrder=i, Pattern="//XX//")
        for i, name in enumerate(("Recall", "Treatment", "Emergency", "New patient"))
    ]


def _desk_lists(practice: Practice) -> None:
    journal, clock = practice.journal, practice.clock
    practice.lists["referral"] = [
        journal.insert(
            "referral",
            LName=LAST_NAMES[(13 * index) % len(LAST_NAMES)],
            FName=FIRST_NAMES[(17 * index) % len(FIRST_NAMES)],
            IsDoctor=index % 2,
            Specialty=practice.definition("General"),
            Telephone=f"55555502{index:02}",
        )
        for index in range(20)
    ]
    practice.lists["tasklist"] = [
        journal.insert("tasklist", Descript=name, DateTL=EMPTY_DATE, DateTimeEntry=clock.now)
        for name in ("Front desk", "Billing", "Clinical")
    ]
    practice.lists["sheetdef"] = [
        journal.insert("sheetdef", Description=name, SheetType=kind, DateTCreated=clock.now)
        for name, kind in SHEET_TYPES.items()
    ]
    for name in ("Insurance class", "Preferred time"):
        journal.insert("patfielddef", FieldName=name, FieldType=0)
    for index, (city, digits) in enumerate((("Springfield", "00001"), ("Rivertown", "00002"))):
        journal.insert("zipcode", ZipCodeDigits=digits, City=city, State="OR", IsFrequent=index)
    journal.insert("site", Description="Main office", PlaceService=0)
    journal.insert("county", CountyName="Example County")
    journal.insert("updatehistory", DateTimeUpdated=clock.now, ProgramVersion="24.3.0.0")
    journal.insert("supplier", Name="Dental Supply House", Phone="5555550190")
    journal.insert("codegroup", GroupName="Bitewings", ProcCodes="D0272,D0274", ItemOrder=0)
    journal.insert("insfilingcode", Descript="Commercial", EclaimCode="CI", ItemOrder=0)
    journal.insert("letter", Description="Welcome", BodyText="Welcome to our practice.\r\n")


def _programs(practice: Practice) -> None:
    for name, description, enabled in (
        ("Imaging", "Image viewer", 1),
        ("CardTerminal", "Card terminal", 1),
        ("Messenger", "Text messages", 0),
    ):
        num = practice.journal.insert(
            "program", ProgName=name, ProgDesc=description, Enabled=enabled, Path="C:\\Apps\\"
        )
        for key, value, is_masked in (
            ("Server address", "terminal.example.com", 0),
            ("Password", "not-a-real-password", 1),
            ("API token", "fake-token-for-the-simulation", 1),
        ):
            practice.journal.insert(
                "programproperty",
                ProgramNum=num,
                PropertyDesc=key,
                PropertyValue=value,
                IsMasked=is_masked,
            )
