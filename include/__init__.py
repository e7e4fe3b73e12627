"""Everything of the project that is not Airflow: engine, discovery, validation, transformation."""

from include.names import show_names_in_logs

show_names_in_logs(__name__)
