"""Maria, who is in no file: she signs up by mail in her own words, and answers the confirmation."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from alertd.demo.mails import CaughtMail

MARIA = "maria@tejo.example"

_TEXT = """\
Hello,

I would like to get new reports about health, please.

Thank you
Maria
"""


def first_mail(to: str, now: datetime) -> bytes:
    """What she writes to the service.

    Args:
        to: the service's address.
        now: the Date.
    """
    return _mail(to, "New reports", _TEXT, now, number=1)


def answer(confirmation: CaughtMail, now: datetime) -> bytes:
    """Her answer to the confirmation: she presses "reply" and sends it, as a mail program does.

    Args:
        confirmation: what she got.
        now: the Date.
    """
    quoted = "".join(f"> {line}\n" for line in confirmation.text.splitlines())
    text = f"Yes, please. Maria\n\nOn {confirmation.at:%d %b %Y} you wrote:\n{quoted}"
    subject = f"Re: {confirmation.subject}"
    return _mail(confirmation.reply_to, subject, text, now, number=2, to_what=confirmation.message_id)


def _mail(to: str, subject: str, text: str, now: datetime, *, number: int, to_what: str = "") -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Maria Silva <{MARIA}>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = now
    mail["Message-ID"] = f"<story-{number}@tejo.example>"
    if to_what:
        mail["In-Reply-To"] = to_what
        mail["References"] = to_what
    mail.set_content(text)
    return mail.as_bytes()
