"""Everything of the project that is not Airflow: engine, discovery, validation, demo practice."""
