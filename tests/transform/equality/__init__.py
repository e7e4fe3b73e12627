"""Holds every cell of every mart against the second calculation of the report."""
