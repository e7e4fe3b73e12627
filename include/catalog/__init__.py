"""The per-table config: what discovery decided and a person may override."""
