"""Mails to the people who look after the warehouse, through Airflow's SMTP connection."""

from __future__ import annotations

import logging

from airflow.providers.smtp.hooks.smtp import SmtpHook

from include import settings
from include.orchestration.connections import SMTP_CONNECTION
from include.reporting.mails import Mail

log = logging.getLogger(__name__)


def send(mail: Mail) -> None:
    """Send the mail to every recipient; log and return when there is none.

    An SMTP server that fails raises, so that the task is retried and a lost mail shows.
    """
    recipients = _recipients(mail)
    if recipients:
        with SmtpHook(smtp_conn_id=SMTP_CONNECTION) as hook:
            hook.send_email_smtp(to=recipients, subject=mail.subject, html_content=mail.html)
        log.info("mailed %r to %s recipients", mail.subject, len(recipients))


async def send_from_triggerer(mail: Mail) -> None:
    """Do the same without blocking the triggerer's event loop."""
    recipients = _recipients(mail)
    if recipients:
        async with SmtpHook(smtp_conn_id=SMTP_CONNECTION) as hook:
            await hook.asend_email_smtp(to=recipients, subject=mail.subject, html_content=mail.html)
        log.info("mailed %r to %s recipients", mail.subject, len(recipients))


def _recipients(mail: Mail) -> list[str]:
    recipients = list(settings.alert_recipients())
    if not recipients:
        log.warning("%r was not mailed: DENTAL_ALERT_TO names nobody", mail.subject)
    return recipients
