"""Plain mails to the people who look after the warehouse, through Airflow's SMTP connection."""

from __future__ import annotations

import html
import logging

from airflow.providers.smtp.hooks.smtp import SmtpHook

from include import settings
from include.orchestration.connections import SMTP_CONNECTION

log = logging.getLogger(__name__)


def send(subject: str, text: str) -> None:
    """Send `text` to every recipient; log and return when there is none.

    An SMTP server that fails raises, so that the task is retried and a lost mail shows.
    """
    recipients = _recipients(subject)
    if recipients:
        with SmtpHook(smtp_conn_id=SMTP_CONNECTION) as hook:
            hook.send_email_smtp(to=recipients, subject=subject, html_content=_page(text))
        log.info("mailed %r to %s recipients", subject, len(recipients))


async def send_from_triggerer(subject: str, text: str) -> None:
    """Do the same without blocking the triggerer's event loop."""
    recipients = _recipients(subject)
    if recipients:
        async with SmtpHook(smtp_conn_id=SMTP_CONNECTION) as hook:
            await hook.asend_email_smtp(to=recipients, subject=subject, html_content=_page(text))
        log.info("mailed %r to %s recipients", subject, len(recipients))


def _recipients(subject: str) -> list[str]:
    recipients = list(settings.alert_recipients())
    if not recipients:
        log.warning("%r was not mailed: DENTAL_ALERT_TO names nobody", subject)
    return recipients


def _page(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"
