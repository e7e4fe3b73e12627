"""The goals of the benchmark, by the name of their measures and in the order of the page.

A measure belongs to the goal with whose name its own begins. A goal without a measure is listed on
the page as not measured yet.
"""

from __future__ import annotations

GOALS = {
    "copy_a": "table (a) against PostgreSQL's own COPY of a ready binary file",
    "set": "the three tables on two workers, against the floor",
    "peer_a": "table (a) against six other tools",
    "peer_b": "table (b) against six other tools",
    "client_share": "client's share of all CPU",
    "set_client_share": "client's share of all CPU, the three tables on two workers",
    "memory": "memory of a worker, above its idle size",
    "refresh_unchanged": "refresh with nothing changed, against one read of all tables",
    "refresh_changed": "refresh with 1 % of the rows changed, against one read of all tables",
    "small": "424 small tables in the engine",
    "discovery": "discovery of 424 tables and 17.8 M rows, without the counting",
    "practice": "first load of a practice of 20 M rows on two workers, against the floor",
    "nights_validation": "validation of that practice's tables, night after night",
    "nights_build": "the dbt build of that practice, tests included, night after night",
    "nights_worked_queries": "reading a report off its mart by the worked query",
    "airflow_refresh": "`refresh_warehouse` on that practice through Airflow, nothing changed",
    "airflow_first": "`refresh_warehouse` on that practice through Airflow, first load",
}
BESIDE = ("copy", "growth", "indexes")
