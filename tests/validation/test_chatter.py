"""What a validation says: our own lines, and no traceback of the library that it uses."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from include.settings import PROJECT_ROOT, WAREHOUSE_VARIABLE, inherited_environment
from include.validation.chatter import LIBRARY, own_lines
from tests.validation.loaded_warehouse import LoadedWarehouse

# What a task does, in a process that has not imported the library yet.
VALIDATE = """
import logging, sys
from include import settings
from include.catalog.model import Tier
from include.validation import validate_tier
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
validate_tier(settings.warehouse_endpoint(), run_id=int(sys.argv[1]), tier=Tier.CRITICAL)
"""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("select 1", ["INFO include.validation.verdicts: tier critical: 1 table judged, 0 may"]),
        (
            # Neither the breach nor the check that cannot run is a surprise.
            "update raw.procedurelog set procstatus = 99;"
            "alter table raw.procedurelog drop column procfee",
            [
                "INFO include.validation.verdicts: tier critical: 1 table judged, 1 may",
                "WARNING include.validation.verdicts: table procedurelog is blocked: 7 of 7",
            ],
        ),
    ],
)
def test_a_validation_says_our_own_lines_and_no_others(
    loaded: LoadedWarehouse, change: str, said: list[str]
) -> None:
    for statement in change.split(";"):
        loaded.execute(statement)
    done = subprocess.run(
        [sys.executable, "-c", VALIDATE, str(loaded.run_id)],
        cwd=PROJECT_ROOT,
        env={**inherited_environment(), WAREHOUSE_VARIABLE: loaded.endpoint.uri()},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    assert len(lines) == len(said), lines
    for line, begin in zip(lines, said, strict=True):
        assert line.startswith(begin)


def test_the_librarys_warnings_stay_in_one_line_without_what_may_be_a_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    module = logging.getLogger(f"{LIBRARY}.validator.validation_graph")
    with caplog.at_level(logging.INFO), own_lines():
        module.info("batch_slice: None was parsed")
        module.warning("something to know\nTraceback: File")
        try:
            raise ValueError("Hieronymus")
        except ValueError:
            module.exception('Caught exception invalid input: "Hieronymus".  Traceback: "File')
    assert [(one.levelname, one.getMessage(), one.exc_info) for one in caplog.records] == [
        ("WARNING", f"Great Expectations ({module.name}): something to know", None),
        ("ERROR", f"Great Expectations ({module.name}): Caught exception invalid input:", None),
    ]
    with caplog.at_level(logging.INFO):
        module.info("the library of another caller speaks as before")
    assert caplog.messages[-1].startswith("the library of another caller")
