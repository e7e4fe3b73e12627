"""What `make demo` says when a part of its system fails."""

from __future__ import annotations

import pickle
import sys
from typing import NoReturn

import pytest

from include.cli.__main__ import run
from local_system import commands
from local_system.failures import LocalSystemError


def test_the_end_of_a_log_keeps_its_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = LocalSystemError("ended while starting:\nfirst\nsec\x1bond", where="mariadb")

    def fails(*_: object) -> NoReturn:
        raise pickle.loads(pickle.dumps(error))  # noqa: S301 - our own

    monkeypatch.setattr(commands, "run_demo", fails)
    monkeypatch.setattr(sys, "argv", ["dental", "local", "demo"])
    assert run() == 1
    assert capsys.readouterr().err.splitlines() == [
        "dental: mariadb: ended while starting:",
        "first",
        "sec\\x1bond",
    ]
