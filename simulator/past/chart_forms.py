"""What the years before left in the patients' charts and folders."""

from __future__ import annotations

from include.open_dental.values import EMPTY_DATE
from simulator.past.forms import USER, Form

CHARTS = (
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
        f" 50 + f.seq % 2 * 400, 40 + 8 * f.seq, 200, 15, '{EMPTY_DATE}', '', ''",
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
        "DateLastVerified, UserNum, VerifyType, FKey, DefNum, DateTimeEntry, SecDateTEdit",
        f"date(at), {USER}, 1, 1 + seq * 2 div 5, {{def_verified}}, at, at",
        26_500,
    ),
    Form(
        "insverifyhist",
        "InsVerifyNum, DateLastVerified, UserNum, VerifyType, FKey, DefNum, DateTimeEntry,"
        " VerifyUserNum, SecDateTEdit",
        f"1 + seq div 2, date(at), {USER}, 1, 1 + seq div 5, {{def_verified}}, at, {USER}, at",
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
