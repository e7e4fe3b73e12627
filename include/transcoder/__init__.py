"""Convert rows of the source's binary protocol to tuples of PostgreSQL's binary COPY; hash rows."""
