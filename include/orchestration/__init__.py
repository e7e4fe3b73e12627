"""Everything that knows Airflow: connections, errors, mails and the rendering of the dbt project.

Only this package, `dags/` and `plugins/` import Airflow; the engine runs without it.
"""
