"""The dbt project from the command line: staging models, manifest, build."""
