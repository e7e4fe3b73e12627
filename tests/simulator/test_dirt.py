"""The dirt of real practices occurs, and stays rare."""

from __future__ import annotations

import pytest

from include.source.session import SourceConnection
from simulator.names import HOSTILE_NOTES

# What is found, and the table that it must stay below one percent of (or None).
DIRT = {
    "select 1 from claimproc where AllowedOverride > 100000": "claimproc",
    """select 1 from procedurelog pl join adjustment a using (ProcNum)
       where pl.ProcFee = 0 and a.AdjAmt < -300""": "procedurelog",
    """select 1 from payment p join paysplit s using (PayNum) join definition d
       on d.DefNum = s.UnearnedType where p.PayAmt = 0 and d.ItemName = 'Old credit'""": "paysplit",
    """select 1 from paysplit where ProcNum = 0 and UnearnedType = 0
       and PayPlanNum = 0 and AdjNum = 0""": "paysplit",
    """select 1 from claimproc cp join inssub s using (InsSubNum)
       where cp.InsPayAmt > 0 and s.DateTerm > '1880-01-01'
       and s.DateTerm < cp.ProcDate""": None,
    """select 1 from insplan a join insplan b on a.GroupName = b.GroupName
       and a.PlanNum < b.PlanNum and binary a.GroupName <> binary b.GroupName""": None,
    """select 1 from claimproc cp join procedurelog pl using (ProcNum)
       where cp.InsPayEst > pl.ProcFee * (pl.UnitQty + pl.BaseUnits)""": "claimproc",
    "select 1 from appointment where AptStatus = 5 and AppointmentTypeNum = 0": None,
    "select 1 from commlog where DateTEntry = '0001-01-01'": None,
    "select 1 from patient where LName = 'Test'": "patient",
    "select 1 from patient where AdmitDate = '0000-00-00'": "patient",
    "select 1 from clockevent where AdjustAuto < '00:00:00'": None,
    "select 1 from timeadjust where RegHours < '00:00:00'": None,
    "select 1 from commlog where Note like concat('%', char(0), '%')": "commlog",
}


@pytest.mark.parametrize("query", DIRT)
def test_dirt_occurs_and_is_rare(connection: SourceConnection, query: str) -> None:
    with connection.cursor() as cursor:
        found = cursor.execute(query)
        assert found > 0
        if DIRT[query]:
            cursor.execute(f"select count(*) from {DIRT[query]}")
            assert found < 0.01 * (cursor.fetchone() or (0,))[0]


def test_most_broken_appointments_have_lost_their_type(connection: SourceConnection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select avg(AppointmentTypeNum = 0) from appointment where AptStatus = 5")
        assert 0.6 < (cursor.fetchone() or (0,))[0] <= 1


def test_hostile_text_arrives_unharmed(connection: SourceConnection) -> None:
    with connection.cursor() as cursor:
        for table, column in (("commlog", "Note"), ("task", "Descript")):
            cursor.execute(f"select {column} from {table}")
            assert set(HOSTILE_NOTES) <= {text for (text,) in cursor.fetchall()}
