"""What follows from the procedures, appointments and claims of the years before."""

from __future__ import annotations

from simulator.past.forms import SLOTS, Form

FROM_ACCOUNTS = (
    Form(
        "procnote",
        "PatNum, ProcNum, EntryDateTime, UserNum, Note, Signature",
        "PatNum, ProcNum, SecDateEntry, 1 + ProcNum % {users}, elt(ProcNum % 3 + 1,"
        " 'Health history reviewed, no changes. Done as planned, no complications. Patient was"
        " given written instructions for the next days and knows whom to call.', 'Home care"
        " discussed and shown with a model; floss and an interdental brush recommended. Next visit"
        " in six months, earlier if the gums bleed.', 'Local anaesthetic given, one carpule, no"
        " reaction. Rubber dam placed. Margins checked, bite adjusted, polished."
        " Patient tolerated it well.'), ''",
        source="procedurelog where ProcStatus = 2 and ProcNum * 7919 % 100 < 86",
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
        " (pl.ProcStatus = 1 or pl.ProcStatus = 2 and pl.ProcNum % 8 = 0)"
        " order by pl.ProcNum",
    ),
    Form(
        "entrylog",
        "UserNum, FKeyType, FKey, LogSource, EntryDateTime",
        "SecUserNumEntry, 0, AptNum, 0, SecDateTEntry",
        source="appointment where AptNum % 100 < 60",
    ),
    Form(
        "labcase",
        "PatNum, LaboratoryNum, AptNum, DateTimeCreated, DateTimeSent, ProvNum, Instructions,"
        " LabFee, DateTStamp",
        "PatNum, 1 + AptNum % 2, AptNum, SecDateTEntry, SecDateTEntry, ProvNum, 'Shade A2.', 145,"
        " AptDateTime",
        source="appointment where AptNum % 13 = 0",
    ),
    Form(
        "claimtracking",
        "ClaimNum, TrackingType, UserNum, DateTimeEntry, Note, TrackingDefNum",
        "ClaimNum, 'StatusHistory', SecUserNumEntry, SecDateTEdit, 'Received', {def_tracking}",
        source="claim where ClaimNum % 10 < 7",
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
        source="claimpayment",
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
