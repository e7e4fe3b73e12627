"""The mail sink: accepts every mail and stores it, one .eml file each, for people and tests."""

from __future__ import annotations

import argparse
import asyncio
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from local_system.servers import LOOPBACK


class Store:
    """Keeps mails in a directory; a file appears under its name when it is complete."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._numbers = count(1)

    async def handle_DATA(  # noqa: N802  # aiosmtpd calls it by this name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Store one mail and return the reply for its sender."""
        del server, session
        content = envelope.content
        data = content.encode() if isinstance(content, str) else content or b""
        name = f"{time.time_ns():020d}-{next(self._numbers):04d}"
        draft = self.directory / f".{name}"
        draft.write_bytes(data)
        draft.rename(self.directory / f"{name}.eml")
        return "250 stored"


def read_mails(directory: Path) -> list[EmailMessage]:
    """Return the stored mails, oldest first."""
    messages: list[EmailMessage] = []
    for path in sorted(directory.glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if isinstance(message, EmailMessage):
            messages.append(message)
    return messages


async def serve(directory: Path, port: int) -> None:
    """Accept mails on loopback until the task is cancelled."""
    loop = asyncio.get_running_loop()
    store = Store(directory)
    server = await loop.create_server(
        lambda: SMTP(store, loop=loop, enable_SMTPUTF8=True), LOOPBACK, port
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """Run the mail sink as a process of its own."""
    parser = argparse.ArgumentParser(description="Store every mail that arrives.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    asyncio.run(serve(arguments.directory, arguments.port))


if __name__ == "__main__":
    main()
