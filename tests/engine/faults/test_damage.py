"""A damaged stream ends in one error of the project's, which shows no value, or is not noticed."""

from __future__ import annotations

import logging

import pytest

from tests.engine.faults.damage import survive
from tests.engine.faults.subject import MARK
from tests.engine.practice import Practice

ROUNDS = 100


def test_a_damaged_stream_is_an_error_of_ours(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    errors = survive(practice, monkeypatch, range(ROUNDS))
    assert len(errors) > ROUNDS // 4
    assert MARK not in caplog.text + "".join(map(str, errors))
