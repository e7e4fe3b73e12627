"""A warehouse that is never asked: dbt parses and compiles without one, but wants one named."""

from __future__ import annotations

from include.endpoints import Endpoint

NOWHERE = Endpoint("postgres", "127.0.0.1", 1, "nobody", "unused", "nowhere")
