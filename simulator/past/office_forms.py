"""Logs, working hours and lists of the years before."""

from __future__ import annotations

from include.open_dental.codes import number
from include.open_dental.values import EMPTY_DATE
from simulator.past.forms import USER, Form

# What the lines of the security log below are about, in their order.
_PERMISSIONS = ", ".join(
    str(number("EnumPermType", name))
    for name in (
        "FamilyModule",
        "AccountModule",
        "FamilyModule",
        "AccountModule",
        "ChartModule",
        "PaymentCreate",
        "ProcComplCreate",
        "AppointmentMove",
    )
)

# Rows that the lived years and the furniture bring are not counted here.
LOGS = (
    Form(
        "securitylog",
        "PermType, UserNum, LogDateTime, LogText, PatNum, CompName, FKey, LogSource, DateTPrevious",
        f"elt(h % 8 + 1, {_PERMISSIONS}), {USER}, at,"
        " elt(h % 8 + 1, 'Family module opened', 'Account module opened',"
        " 'Family module opened', 'Account module opened', 'Chart module opened', 'Payment entered"
        " at the desk', 'Procedure set complete in the chart', 'Appointment moved to another"
        " time'), p,"
        f" concat('FRONT', h % 9), if(h % 11, p, 0), 0, '{EMPTY_DATE}'",
        4_560_000,
    ),
    Form(
        "securityloghash",
        "SecurityLogNum, LogHash",
        "SecurityLogNum, sha2(concat(SecurityLogNum, LogText), 256)",
        source="securitylog",
    ),
    Form(
        "commlog",
        "PatNum, CommDateTime, CommType, Note, Mode_, SentOrReceived, UserNum, Signature,"
        " CommSource, DateTEntry, DateTStamp",
        "p, at, elt(h % 6 + 1, {def_visit}, {def_visit}, {def_money}, {def_recall}, {def_other},"
        " {def_text}), elt(h % 5 + 1, 'Left a message about the visit; asked"
        " to call back before noon.', 'Called to confirm, spoke with the patient, who will come a"
        " few minutes early.', 'Asked about the bill; explained what insurance paid and what is"
        " left.', 'Texted the recall reminder, no answer yet.', 'Has to ask at work first and will"
        " call back next week.'), if(h % 6 = 5, 5, 3),"
        f" h % 2 + 1, {USER}, '', if(h % 6 = 5, 3, 0), if(h % 100 < 19, '{EMPTY_DATE}', at), at",
        865_000,
    ),
    Form(
        "inseditlog",
        "FKey, LogType, FieldName, OldValue, NewValue, UserNum, DateTStamp, ParentKey, Description",
        "1 + h % {plans}, 2, elt(h % 3 + 1, 'Percent', 'MonetaryAmt', 'Quantity'),"
        f" h % 17 * 10, h % 13 * 10, {USER}, at, 1 + h % {{plans}}, 'Benefit'",
        543_000,
    ),
    Form(
        "inseditpatlog",
        "FKey, LogType, FieldName, OldValue, NewValue, UserNum, DateTStamp, ParentKey, Description",
        "1 + seq * 2 div 5, 0, 'PatPlanNum', 'NEW', 1 + seq * 2 div 5,"
        f" {USER}, at, 1 + h % {{plans}}, ''",
        46_000,
    ),
    Form(
        "clockevent",
        "EmployeeNum, TimeEntered1, TimeDisplayed1, ClockStatus, Note, TimeEntered2,"
        " TimeDisplayed2, OTimeHours, OTimeAuto, Adjust, AdjustAuto, Rate2Hours, Rate2Auto,"
        " Rate3Hours, Rate3Auto",
        "1 + h % {employees}, at, at, seq % 2, null, at + interval 4 hour, at + interval 4 hour,"
        " '-01:00:00', '00:00:00', '00:00:00', if(h % 10, '00:00:00', '-00:15:00'), '-01:00:00',"
        " '00:00:00', '-01:00:00', '00:00:00'",
        11_500,
        is_recent=True,
    ),
    Form(
        "schedule",
        "SchedDate, StartTime, StopTime, SchedType, ProvNum, Note, DateTStamp",
        "date(at), if(seq % 2, '08:00:00', '13:00:00'), if(seq % 2, '12:00:00', '17:00:00'), 1,"
        " 1 + seq div 2 % {providers}, '', at",
        20_000,
        is_recent=True,
    ),
    Form(
        "scheduleop",
        "ScheduleNum, OperatoryNum",
        "s.ScheduleNum, o.room",
        source="schedule s join (select greatest(ProvDentist, ProvHygienist) as provider,"
        " min(OperatoryNum) as room from operatory group by 1) o on o.provider = s.ProvNum"
        " where s.SchedType = 1 order by s.ScheduleNum",
    ),
)

LISTS = (
    Form("rxnorm", "RxCui, MmslCode, Description",
         "seq, if(h % 5, '', concat('d', seq)), concat('Substance ', h % 9000, ' ', 5 * (1 + h %"
         " 99), ' mg ', elt(h % 4 + 1, 'oral tablet', 'oral capsule', 'injectable solution',"
         " 'topical cream'), ' preparation')", 261_118, is_list=True),
    Form("employer", "EmpName, City, State",
         "concat(elt(h % 3 + 1, 'Springfield', 'Rivertown', 'Lakeview'), ' Works ', seq), '', 'OR'",
         7_800, is_list=True),
    Form("carrier", "CarrierName, Address, City, State, Zip, Phone, ElectID, IsHidden,"
         " SecUserNumEntry, SecDateEntry, SecDateTEdit",
         "concat('Former Carrier ', seq), '1 Carrier Plaza', 'Springfield', 'OR', '00001',"
         " '(800)555-0100', 10000 + seq, 1, 1, date(at), at", 2_378, is_list=True),
    Form("feesched", "Description, FeeSchedType, ItemOrder, IsHidden, SecUserNumEntry,"
         " SecDateEntry, SecDateTEdit",
         "concat('Allowed amounts ', seq), 3, seq, 0, 1, date(at), at", 8_257, is_list=True),
    Form("fee", "Amount, OldCode, FeeSched, CodeNum, SecUserNumEntry, SecDateEntry, SecDateTEdit",
         "20 + h % 900, '', {last_feesched} + 1 + seq % greatest(1, round({n} / 9.73)),"
         " 1 + h % {codes}, 1, date(at), at", 80_400, is_list=True),
    Form("benefit", "PlanNum, CovCatNum, BenefitType, Percent, MonetaryAmt, TimePeriod, CodeNum,"
         " CoverageLevel, SecDateTEntry, SecDateTEdit",
         "1 + seq % {plans}, 0, 1, elt(h % 4 + 1, 0, 50, 80, 100), -1, 2, 1 + h % {codes}, 0,"
         " at, at", 85_000, is_list=True),
    Form("zipcode", "ZipCodeDigits, City, State, IsFrequent",
         "lpad(seq + 10, 5, '0'), concat('Town ', seq), 'OR', 0", 1_307, is_list=True),
    Form("referral", "LName, FName, IsDoctor, Specialty, Telephone, DateTStamp",
         "concat('Colleague ', seq), 'Doctor', 1, {def_specialty}, '5555550200', at", 1_181,
         is_list=True),
    Form("medication", "MedName, GenericNum, Notes, DateTStamp, RxCui",
         "concat('Medication ', seq), 0, '', at, seq", 1_194, is_list=True),
    Form("procedurecode", "ProcCode, Descript, AbbrDesc, ProcTime, ProcCat, TreatArea,"
         " DefaultNote, LaymanTerm, DateTStamp, DefaultClaimNote, DefaultTPNote",
         "concat('N', lpad(seq, 4, '0')), concat('Code of the former system ', seq), 'Former',"
         " 'XX', {def_category}, 2, '', '', at, '', ''", 1_678, is_list=True),
    Form("definition", "Category, ItemOrder, ItemName, ItemValue, ItemColor, IsHidden",
         "elt(h % 6 + 1, 1, 10, 18, 20, 31, 36), 100 + seq, concat('Former ', seq),"
         " elt(h % 6 + 1, '-', '', '', '', '7', ''), -seq, 1", 593, is_list=True),
    Form("preference", "PrefName, ValueString", "concat('FormerSetting', seq), h % 3", 1_181,
         is_list=True),
    Form("userod", "UserName, Password, UserGroupNum, DateTLastLogin, IsHidden, PasswordIsStrong",
         "concat('former', seq), 'not-a-real-password-hash', 0, at, 1, 1", 64, is_fixed=True),
    Form("provider", "Abbr, ItemOrder, LName, FName, Suffix, FeeSched, Specialty, IsSecondary,"
         " ProvColor, IsHidden, DateTStamp, ProvStatus, Birthdate, PreferredName",
         "concat('OLD', seq), 100 + seq, concat('Former ', seq), 'Provider', 'DMD', {ucr},"
         " {def_specialty}, seq % 2, -seq, 1, at, 0, '1950-01-11', ''", 49, is_fixed=True),
    Form("employee", "LName, FName, IsHidden, ClockStatus, EmailWork",
         "concat('Former ', seq), 'Employee', 1, 'Home', ''", 41, is_fixed=True),
    Form("appointmenttype", "AppointmentTypeName, ItemOrder, IsHidden, Pattern",
         "concat('Former type ', seq), 10 + seq, 1, '//XX//'", 8, is_fixed=True),
    Form("recalltype", "Description, DefaultInterval, TimePattern, Procedures",
         "concat('Former recall ', seq), 6 << 16, '/XXXX/', ''", 5, is_fixed=True),
)  # fmt: skip
