"""Rows of the source's binary protocol become tuples of PostgreSQL's binary COPY, and hashes."""
