"""Everything of the project that is not Airflow: engine, discovery, validation, transformation."""
