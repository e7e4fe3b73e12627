"""The mail sink, spoken to over SMTP as any sender would."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from local_system.mail import read_mails
from local_system.servers import LOOPBACK, free_port


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[int]:
    """The port of a mail sink that stores into `tmp_path / "mails"`."""
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "local_system.mail"),
            *(f"--port={port}", f"--directory={tmp_path / 'mails'}"),
        ]
    )
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        try:
            smtplib.SMTP(LOOPBACK, port).close()
            break
        except OSError:
            assert process.poll() is None, "the sink ended by itself"
            time.sleep(0.05)
    yield port
    process.terminate()
    process.wait(10)


def test_what_is_sent_is_stored_whole_and_in_order(sink: int, tmp_path: Path) -> None:
    with smtplib.SMTP(LOOPBACK, sink) as sender:
        for number in range(3):
            message = EmailMessage()
            message["Subject"] = f"Bericht № {number}"
            message["From"] = "airflow@dental.example"
            message["To"] = "office@dental.example"
            message.set_content(".a line that begins with a dot\n" + "ü" * 2000)
            sender.send_message(message)
    stored = read_mails(tmp_path / "mails")
    assert [mail["Subject"] for mail in stored] == [f"Bericht № {n}" for n in range(3)]
    assert stored[0].get_content().splitlines() == [".a line that begins with a dot", "ü" * 2000]
    assert (tmp_path / "mails").stat().st_mode & 0o777 == 0o700
