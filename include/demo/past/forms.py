"""What the server fills in: for each table its columns, their values as SQL, and how many rows."""

from __future__ import annotations

from dataclasses import dataclass

# A row for each place in the table: its moment, its patient `p`, and `h`, which looks random.
SLOTS = (
    "(select seq, seq * 2654435761 % 4294967296 as h,"
    " date_add('{first} 08:00:00', interval"
    " ({skipped} + seq * {days} div {n}) * 86400 + seq * {days} % {n} * 32400 div {n} second)"
    " as at,"
    " greatest(1, {patients} * seq div {n} - seq * 40503 % {window}) as p"
    " from seq_1_to_{n}) s"
)


@dataclass(frozen=True, slots=True)
class Form:
    """How a table is filled. Columns, values and source are SQL; braces hold the office's numbers.

    Without a source there are `rows` slots, in an office of the full size unless `is_fixed`; over
    the last years of the past if `is_recent`. With one, `rows` is what it says there.
    """

    table: str
    columns: str
    values: str
    rows: int = 0
    source: str = ""
    is_fixed: bool = False
    is_recent: bool = False


USER = "1 + h % {users}"
# Rows that the lived years and the furniture bring are not counted here.
LOGS = (
    Form(
        "securitylog",
        "PermType, UserNum, LogDateTime, LogText, PatNum, CompName, FKey, LogSource, DateTPrevious",
        f"elt(h % 8 + 1, 2, 3, 2, 3, 5, 15, 23, 26), {USER}, at,"
        " elt(h % 8 + 1, 'Family opened', 'Account opened', 'Family opened', 'Account opened',"
        " 'Chart opened', 'Payment entered', 'Work completed', 'Appointment moved'), p,"
        " concat('FRONT', h % 9), if(h % 11, p, 0), 0, '0001-01-01'",
        4_560_000,
    ),
    Form(
        "securityloghash",
        "SecurityLogNum, LogHash",
        "SecurityLogNum, sha2(concat(SecurityLogNum, LogText), 256)",
        source="securitylog order by SecurityLogNum",
    ),
    Form(
        "commlog",
        "PatNum, CommDateTime, CommType, Note, Mode_, SentOrReceived, UserNum, Signature,"
        " CommSource, DateTEntry, DateTStamp",
        "p, at, elt(h % 6 + 1, {def_visit}, {def_visit}, {def_money}, {def_recall}, {def_other},"
        " {def_text}), elt(h % 5 + 1, 'Left a message about the visit.',"
        " 'Called to confirm, spoke with the patient.', 'Asked about the bill, explained it.',"
        " 'Texted the recall reminder.', 'Will call back next week.'), if(h % 6 = 5, 5, 3),"
        f" h % 2 + 1, {USER}, '', if(h % 6 = 5, 3, 0), if(h % 100 < 19, '0001-01-01', at), at",
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
        f"1 + seq, 0, 'PatPlanNum', 'NEW', 1 + seq, {USER}, at, 1 + h % {{plans}}, ''",
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
        "ScheduleNum, ProvNum",
        source="schedule where SchedType = 1 order by ScheduleNum",
    ),
)

CLINICAL = (
    Form(
        "sheet",
        "SheetType, PatNum, DateTimeSheet, FontSize, Description, Width, Height, SheetDefNum,"
        " DateTSheetEdited",
        "11, p, at, 8.25, 'Medical history', 850, 1100, 2, at",
        8_200,
    ),
    Form(
        "sheetfield",
        "SheetNum, FieldType, FieldName, FieldValue, FontSize, XPos, YPos, Width, Height,"
        " DateTimeSig, UiLabelMobile, UiLabelMobileRadioButton",
        "s.SheetNum, 2, concat('Question ', f.seq), if((s.SheetNum + f.seq) % 3, '', 'X'), 8.25,"
        " 50 + f.seq % 2 * 400, 40 + 8 * f.seq, 200, 15, '0001-01-01', '', ''",
        source="sheet s join seq_1_to_{fields} f order by s.SheetNum, f.seq",
    ),
    Form(
        "perioexam",
        "PatNum, ExamDate, ProvNum, DateTMeasureEdit, Note",
        "p, date(at), {hygienist} + h % 2, at, ''",
        12_500,
    ),
    Form(
        "periomeasure",
        "PerioExamNum, SequenceType, IntTooth, ToothValue, MBvalue, Bvalue, DBvalue, MLvalue,"
        " Lvalue, DLvalue, SecDateTEntry, SecDateTEdit",
        "e.PerioExamNum, if(f.seq % 2, 4, 6), f.seq div 2 + 1, -1,"
        " 2 + (e.PerioExamNum * 7 + f.seq) % 4, 2 + (e.PerioExamNum + f.seq) % 3,"
        " 2 + (e.PerioExamNum * 5 + f.seq) % 4, 2 + (e.PerioExamNum * 3 + f.seq) % 4,"
        " 2 + (e.PerioExamNum + f.seq * 3) % 3, 2 + (e.PerioExamNum + f.seq * 7) % 4,"
        " e.DateTMeasureEdit, e.DateTMeasureEdit",
        source="perioexam e join seq_1_to_{readings} f order by e.PerioExamNum, f.seq",
    ),
    Form(
        "document",
        "Description, DateCreated, DocCategory, PatNum, FileName, ImgType, ToothNumbers, Note,"
        " DateTStamp, RawBase64, Thumbnail, ProvNum, OcrResponseData",
        "if(h % 3, 'Bitewings', 'Letter'), at, if(h % 3, {def_images}, {def_letters}), p,"
        " concat('patient', p, '_', seq, '.jpg'), if(h % 3, 2, 0), '', '', at, '', '',"
        " if(h % 3, {dentist}, 0), ''",
        278_000,
    ),
    Form(
        "toothinitial",
        "PatNum, ToothNum, InitialType, DrawingSegment, SecDateTEntry, SecDateTEdit",
        "p, 1 + h % 32, 0, null, at, at",
        198_000,
    ),
    Form(
        "patientnote",
        "PatNum, Medical, ICEName, SecDateTEntry, SecDateTEdit",
        "seq, elt(h % 4 + 1, '', '', 'None known', 'See medication list'), '', at, at",
        source="(select seq, seq * 2654435761 % 4294967296 as h, '{first} 08:00:00' + interval"
        " seq * {days} div {patients} day as at from seq_1_to_{patients}) s",
    ),
    Form(
        "patfield",
        "PatNum, FieldName, FieldValue, SecUserNumEntry, SecDateEntry, SecDateTEdit",
        "p, if(h % 2, 'Preferred time', 'Insurance class'),"
        f" elt(h % 4 + 1, 'Morning', 'Evening', 'A', 'B'), {USER}, date(at), at",
        50_900,
    ),
    Form(
        "medicationpat",
        "PatNum, MedicationNum, PatNote, DateTStamp, DateStart",
        "p, 1 + h % 6, '', at, date(at)",
        20_300,
    ),
    Form(
        "disease",
        "PatNum, DiseaseDefNum, PatNote, DateTStamp, DateStart",
        "p, 1 + h % 6, '', at, date(at)",
        20_200,
    ),
    Form(
        "allergy",
        "AllergyDefNum, PatNum, Reaction, StatusIsActive, DateTStamp",
        "1 + h % 4, p, 'Rash', 1, at",
        5_700,
    ),
    Form(
        "popup",
        "PatNum, Description, UserNum, DateTimeEntry",
        f"p, 'Ask for the new phone number.', {USER}, at",
        13_500,
    ),
    Form(
        "refattach",
        "ReferralNum, PatNum, ItemOrder, RefDate, RefType, Note, DateTStamp",
        "1 + h % 20, p, 1, date(at), 1, null, at",
        8_400,
    ),
    Form(
        "rxpat",
        "PatNum, RxDate, Drug, Sig, Disp, Refills, ProvNum, PharmacyNum, DateTStamp,"
        " DaysOfSupply, UserNum, PatientInstruction",
        "p, date(at), 'Amoxicillin 500 mg', 'One three times a day', '21', '0', {dentist},"
        f" 1 + h % 3, at, if(h % 2, 7, null), {USER}, ''",
        5_100,
    ),
    Form(
        "treatplan",
        "PatNum, DateTP, Heading, Note, Signature, TPStatus, SecUserNumEntry, SecDateEntry,"
        " SecDateTEdit, SignaturePractice",
        "(seq - 1) * {patients} div {n} + 1, date(at), 'Active Treatment Plan', '', '', 1, 1,"
        " date(at), at, ''",
        11_000,
    ),
    Form(
        "insverify",
        "DateLastVerified, UserNum, VerifyType, FKey, DefNum, DateTimeEntry",
        f"date(at), {USER}, 1, seq, {{def_verified}}, at",
        26_500,
    ),
    Form(
        "insverifyhist",
        "InsVerifyNum, DateLastVerified, UserNum, VerifyType, FKey, DefNum, DateTimeEntry,"
        " VerifyUserNum",
        f"1 + seq div 2, date(at), {USER}, 1, 1 + seq div 2, {{def_verified}}, at, {USER}",
        50_500,
    ),
    Form(
        "emailmessage",
        "PatNum, ToAddress, FromAddress, Subject, BodyText, MsgDateTime, SentOrReceived,"
        " RawEmailIn, UserNum, SecDateTEntry, SecDateTEdit",
        "p, 'patient@example.com', 'office@example.com', 'Statement', 'Dear patient,\\r\\nplease"
        f" see the enclosed statement.\\r\\n', at, 1, '', {USER}, at, at",
        300,
    ),
    Form(
        "task",
        "TaskListNum, Descript, TaskStatus, DateTimeEntry, UserNum, DateTimeFinished,"
        " DateTimeOriginal, SecDateTEdit",
        f"1 + h % 3, 'Call back, please', 2, at, {USER}, at, at, at",
        1_500,
    ),
)

LISTS = (
    Form("rxnorm", "RxCui, MmslCode, Description",
         "seq, if(h % 5, '', concat('d', seq)), concat('Substance ', h % 9000, ' ', 5 * (1 + h %"
         " 99), ' mg ', elt(h % 4 + 1, 'oral tablet', 'oral capsule', 'injectable solution',"
         " 'topical cream'), ' preparation')", 261_118),
    Form("employer", "EmpName, City, State",
         "concat(elt(h % 3 + 1, 'Springfield', 'Rivertown', 'Lakeview'), ' Works ', seq), '', 'OR'",
         7_800),
    Form("carrier", "CarrierName, Address, City, State, Zip, Phone, ElectID, IsHidden,"
         " SecUserNumEntry, SecDateEntry, SecDateTEdit",
         "concat('Former Carrier ', seq), '1 Carrier Plaza', 'Springfield', 'OR', '00001',"
         " '(800)555-0100', 10000 + seq, 1, 1, date(at), at", 2_378),
    Form("feesched", "Description, FeeSchedType, ItemOrder, IsHidden, SecUserNumEntry,"
         " SecDateEntry, SecDateTEdit",
         "concat('Allowed amounts ', seq), 3, seq, 0, 1, date(at), at", 8_257),
    Form("fee", "Amount, OldCode, FeeSched, CodeNum, SecUserNumEntry, SecDateEntry, SecDateTEdit",
         "20 + h % 900, '', {last_feesched} + 1 + seq % greatest(1, round({n} / 9.73)),"
         " 1 + h % {codes}, 1, date(at), at", 80_400),
    Form("benefit", "PlanNum, CovCatNum, BenefitType, Percent, MonetaryAmt, TimePeriod, CodeNum,"
         " CoverageLevel, SecDateTEntry, SecDateTEdit",
         "1 + seq % {plans}, 0, 1, elt(h % 4 + 1, 0, 50, 80, 100), -1, 2, 1 + h % {codes}, 0,"
         " at, at", 85_000),
    Form("zipcode", "ZipCodeDigits, City, State, IsFrequent",
         "lpad(seq + 10, 5, '0'), concat('Town ', seq), 'OR', 0", 1_307),
    Form("referral", "LName, FName, IsDoctor, Specialty, Telephone, DateTStamp",
         "concat('Colleague ', seq), 'Doctor', 1, {def_specialty}, '5555550200', at", 1_181),
    Form("medication", "MedName, GenericNum, Notes, DateTStamp, RxCui",
         "concat('Medication ', seq), 0, '', at, seq", 1_194),
    Form("procedurecode", "ProcCode, Descript, AbbrDesc, ProcTime, ProcCat, TreatArea,"
         " DefaultNote, LaymanTerm, DateTStamp, DefaultClaimNote, DefaultTPNote",
         "concat('N', lpad(seq, 4, '0')), concat('Code of the former system ', seq), 'Former',"
         " 'XX', {def_category}, 2, '', '', at, '', ''", 1_678),
    Form("definition", "Category, ItemOrder, ItemName, ItemValue, ItemColor, IsHidden",
         "elt(h % 6 + 1, 1, 10, 18, 20, 31, 36), 100 + seq, concat('Former ', seq),"
         " elt(h % 6 + 1, '-', '', '', '', '7', ''), -seq, 1", 593),
    Form("preference", "PrefName, ValueString", "concat('FormerSetting', seq), h % 3", 1_181),
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

INDEPENDENT = LOGS + CLINICAL + LISTS

FROM_ACCOUNTS = (
    Form(
        "procnote",
        "PatNum, ProcNum, EntryDateTime, UserNum, Note, Signature",
        "PatNum, ProcNum, SecDateEntry, 1 + ProcNum % {users}, elt(ProcNum % 3 + 1,"
        " 'Done as planned, no complications.', 'Home care discussed; next visit in six months.',"
        " 'Local anaesthetic given. Patient tolerated it well.'), ''",
        source="procedurelog where ProcStatus = 2 and ProcNum * 7919 % 100 < 86 order by ProcNum",
    ),
    Form(
        "procgroupitem",
        "ProcNum, GroupNum",
        "i.ProcNum, g.ProcNum",
        source="procedurelog g join seq_1_to_4 s join procedurelog i on i.ProcNum = g.ProcNum"
        " - s.seq and i.PatNum = g.PatNum and i.ProcStatus = 2 where g.ProcStatus = 3"
        " and g.CodeNum = {group_code} order by g.ProcNum, i.ProcNum",
    ),
    Form(
        "statement",
        "PatNum, DateSent, DateRangeFrom, DateRangeTo, Note, NoteBold, Mode_, Intermingled, IsSent,"
        " EmailBody, IsBalValid, StatementType, DateTStamp",
        "t.Guarantor, date(at), '{first}', date(at), '', '', if(h % 3, 0, 2), 1, 1, '', 0,"
        " 'NotSet', at",
        25_100,
        source=SLOTS + " join patient t on t.PatNum = s.p order by s.seq",
    ),
    Form(
        "statementprod",
        "StatementNum, FKey, ProdType",
        "m.StatementNum, 1 + (m.StatementNum * 977 + s.seq) % (select max(ProcNum) from"
        " procedurelog), 1",
        source="statement m join seq_1_to_{items} s order by m.StatementNum, s.seq",
    ),
    Form(
        "treatplanattach",
        "TreatPlanNum, ProcNum, Priority",
        "t.TreatPlanNum, pl.ProcNum, {def_first}",
        source="procedurelog pl straight_join treatplan t on t.PatNum = pl.PatNum where"
        " (pl.ProcStatus = 1 or pl.ProcStatus = 2 and pl.ProcNum % 6 = 0)"
        " order by pl.ProcNum",
    ),
    Form(
        "entrylog",
        "UserNum, FKeyType, FKey, LogSource, EntryDateTime",
        "SecUserNumEntry, 0, AptNum, 0, SecDateTEntry",
        source="appointment where AptNum % 100 < 60 order by AptNum",
    ),
    Form(
        "labcase",
        "PatNum, LaboratoryNum, AptNum, DateTimeCreated, DateTimeSent, ProvNum, Instructions,"
        " LabFee, DateTStamp",
        "PatNum, 1 + AptNum % 2, AptNum, SecDateTEntry, SecDateTEntry, ProvNum, 'Shade A2.', 145,"
        " AptDateTime",
        source="appointment where AptNum % 13 = 0 order by AptNum",
    ),
    Form(
        "claimtracking",
        "ClaimNum, TrackingType, UserNum, DateTimeEntry, Note, TrackingDefNum",
        "ClaimNum, 'StatusHistory', SecUserNumEntry, SecDateTEdit, 'Received', {def_tracking}",
        source="claim where ClaimNum % 10 < 7 order by ClaimNum",
    ),
    Form(
        "etrans",
        "DateTimeTrans, Etype, ClaimNum, CarrierNum, PatNum, Note, PlanNum, InsSubNum, UserNum",
        "c.DateSent, 0, c.ClaimNum, i.CarrierNum, c.PatNum, '', c.PlanNum, c.InsSubNum,"
        " c.SecUserNumEntry",
        source="claim c join insplan i on i.PlanNum = c.PlanNum order by c.ClaimNum",
    ),
    Form(
        "eobattach",
        "ClaimPaymentNum, DateTCreated, FileName, RawBase64",
        "ClaimPaymentNum, SecDateTEdit, concat('eob', ClaimPaymentNum, '.pdf'), ''",
        source="claimpayment order by ClaimPaymentNum",
    ),
    Form(
        "insbluebook",
        "ProcCodeNum, CarrierNum, PlanNum, GroupNum, InsPayAmt, AllowedOverride, DateTEntry,"
        " ProcNum, ProcDate, ClaimType, ClaimNum",
        "pl.CodeNum, i.CarrierNum, i.PlanNum, i.GroupNum, cp.InsPayAmt, -1, cp.SecDateTEdit,"
        " cp.ProcNum, cp.ProcDate, 'P', cp.ClaimNum",
        source="claimproc cp join procedurelog pl on pl.ProcNum = cp.ProcNum join insplan i on"
        " i.PlanNum = cp.PlanNum where cp.Status = 1 and cp.ClaimProcNum % 100 < 88"
        " order by cp.ClaimProcNum",
    ),
    Form(
        "insbluebooklog",
        "ClaimProcNum, AllowedFee, DateTEntry, Description",
        "cp.ClaimProcNum, cp.FeeBilled, cp.SecDateTEdit, 'Allowed fee from the schedule'",
        source="claimproc cp join seq_1_to_4 s where cp.Status = 1 and cp.ClaimProcNum % 100 < 88"
        " order by cp.ClaimProcNum",
    ),
)
