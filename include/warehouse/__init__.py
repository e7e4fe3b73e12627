"""The PostgreSQL warehouse: sessions, bookkeeping schema and raw tables."""
