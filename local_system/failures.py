"""What goes wrong in the demo's system, with the lines of a log that say why."""

from __future__ import annotations

from include.errors import PipelineError
from include.names import shown


class LocalSystemError(PipelineError):
    """A failure whose message may have several lines; each is spelled out by itself."""

    def __init__(self, message: str, *, where: str = "") -> None:
        super().__init__(message, where=where)
        self.message = "\n".join(map(shown, message.split("\n")))
