"""The schema `ops`, in which the pipeline keeps its own state: all Python statements on it."""
