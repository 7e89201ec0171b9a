"""Delivery reports, refusals in prose, complaints and vacation notices in the forms of the common mail systems."""

from __future__ import annotations

from tests.unit.postmaster.making import BOUNCE, LEAVE


def dsn(
    *,
    status: str,
    diagnostic: str = "",
    action: str = "failed",
    recipient: str = "reader@example.net",
    notice: str = "",
    kind: str = "delivery-status",
    nested: bool = False,
) -> bytes:
    """An RFC 3464 report."""
    detail = f"Diagnostic-Code: {diagnostic}\n" if diagnostic else ""
    report = (
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\n\n--r\nContent-Type: text/plain\n\n{notice}\n'
        f"--r\nContent-Type: message/{kind}\n\nReporting-MTA: dns; mx.example.com\n\n"
        f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n{detail}\n"
        f"--r\nContent-Type: message/rfc822\n\nFrom: alerts@example.org\nSubject: unsubscribe\n\nunsubscribe\n--r--\n"
    )
    head = "From: MAILER-DAEMON@mx.example.com\nTo: alerts@example.org\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
    if nested:
        report = f'Content-Type: multipart/mixed; boundary="o"\n\n--o\nContent-Type: message/rfc822\n\nSubject: fwd\n{report}\n--o--\n'
    return (head + report).encode()


def prose(subject: str, body: str, author: str = "MAILER-DAEMON@mx.example.com") -> bytes:
    """A report that is only text."""
    return f"From: {author}\nTo: alerts@example.org\nSubject: {subject}\n\n{body}".encode()


DSNS = (
    ("Postfix, unknown user", dsn(status="5.1.1", diagnostic="smtp; 550 5.1.1 <reader@example.net>: Recipient address rejected: User unknown in virtual mailbox table"), "bounce-hard", "unknown user"),
    ("Gmail, unknown user", dsn(status="5.1.1", diagnostic="smtp; 550-5.1.1 The email account that you tried to reach does not exist."), "bounce-hard", "unknown user"),
    ("Exchange, unknown user", dsn(status="5.1.10", diagnostic="smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"), "bounce-hard", "unknown user"),
    ("Office 365, access denied", dsn(status="5.4.1", diagnostic="smtp; 550 5.4.1 Recipient address rejected: Access denied. AS(201806281)"), "bounce-hard", "unknown user"),
    ("unknown user said under 5.7.1", dsn(status="5.7.1", diagnostic="smtp; 550 5.7.1 User unknown"), "bounce-hard", "unknown user"),
    ("unknown user said under 5.0.0", dsn(status="5.0.0", diagnostic="smtp; 550 No such user here"), "bounce-hard", "unknown user"),
    ("bare 5.1.1", dsn(status="5.1.1"), "bounce-hard", "unknown user"),
    ("bare 5.1.2", dsn(status="5.1.2"), "bounce-hard", "unknown domain"),
    ("bare 5.1.3", dsn(status="5.1.3"), "bounce-hard", "unknown user"),
    ("bare 5.1.6", dsn(status="5.1.6"), "bounce-hard", "unknown user"),
    ("no such domain", dsn(status="5.4.4", diagnostic="X-Postfix; Host or domain name not found. Name service error for name=example.net type=A: Host not found"), "bounce-hard", "unknown domain"),
    ("disabled under 5.2.1", dsn(status="5.2.1", diagnostic="smtp; 550 5.2.1 The email account that you tried to reach is disabled."), "bounce-hard", "mailbox disabled"),
    ("disabled elsewhere", dsn(status="5.7.1", diagnostic="smtp; 550 5.7.1 account suspended"), "bounce-soft", "mailbox disabled"),
    ("mailbox full", dsn(status="5.2.2", diagnostic="smtp; 552 5.2.2 The email account that you tried to reach is over quota."), "bounce-soft", "mailbox full"),
    ("mailbox full under 5.1.1", dsn(status="5.1.1", diagnostic="smtp; 550 5.1.1 mailbox full"), "bounce-soft", "mailbox full"),
    ("too large", dsn(status="5.3.4", diagnostic="smtp; 552 5.3.4 Message size exceeds fixed limit"), "bounce-soft", "too large"),
    ("policy", dsn(status="5.7.1", diagnostic="smtp; 550 5.7.1 Message rejected due to local policy"), "bounce-soft", "policy"),
    ("spam", dsn(status="5.7.1", diagnostic="smtp; 554 5.7.1 Message considered spam by our content scanner"), "bounce-soft", "spam"),
    ("DMARC", dsn(status="5.7.26", diagnostic="smtp; 550-5.7.26 Unauthenticated email from example.org is not accepted due to domain's DMARC policy."), "bounce-soft", "authentication"),
    ("SPF", dsn(status="5.7.23", diagnostic="smtp; 550 5.7.23 The message was rejected because of Sender Policy Framework violation"), "bounce-soft", "authentication"),
    ("relay denied", dsn(status="5.7.1", diagnostic="smtp; 554 5.7.1 <reader@example.net>: Relay access denied"), "bounce-soft", "relay denied"),
    ("block list", dsn(status="5.7.1", diagnostic="smtp; 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"), "bounce-soft", "block list"),
    ("rate", dsn(status="4.7.28", diagnostic="smtp; 421-4.7.28 Our system has detected an unusual rate of unsolicited mail"), "bounce-soft", "rate limited"),
    ("delayed", dsn(status="4.4.1", action="delayed", diagnostic="smtp; connect to mx.example.net: Connection timed out"), "bounce-delayed", "server trouble"),
    ("expired", dsn(status="4.4.7", diagnostic="smtp; delivery time expired"), "bounce-soft", "server trouble"),
    ("delivered", dsn(status="2.0.0", action="delivered"), "auto-reply", "delivered"),
    ("relayed", dsn(status="2.1.5", action="relayed"), "auto-reply", "delivered"),
    ("global", dsn(status="5.1.1", kind="global-delivery-status", recipient="leserin@例子.net"), "bounce-hard", "unknown user"),
    ("nested", dsn(status="5.1.1", nested=True), "bounce-hard", "unknown user"),
)  # fmt: skip

PROSE = (
    ("qmail", prose("failure notice", "Hi. This is the qmail-send program at mx.example.com.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<reader@example.net>:\n192.0.2.7 does not like recipient.\nRemote host said: 550 5.1.1 No such user\nGiving up on 192.0.2.7.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <alerts@example.org>\nSubject: mailbox full\n"), "bounce-hard", "unknown user"),
    ("qmail, full", prose("failure notice", "Hi. This is the qmail-send program at mx.example.com.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<reader@example.net>:\nRemote host said: 552 5.2.2 Mailbox full\n\n--- Below this line is a copy of the message.\n\n"), "bounce-soft", "mailbox full"),
    ("Exim", prose("Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  reader@example.net\n    SMTP error from remote mail server after RCPT TO:<reader@example.net>:\n    host mx.example.net [192.0.2.9]: 550 5.1.1 User unknown\n\n------ This is a copy of the message, including all the headers. ------\n\nReturn-path: <x>\n", "Mailer-Daemon@mx.example.com"), "bounce-hard", "unknown user"),
    ("Exim, delay", prose("Warning: message 1abc delayed 24 hours", "This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue.\n\nThe address to which the message has not yet been delivered is:\n\n  reader@example.net\n\nNo action is required on your part. Delivery attempts will continue for\nsome time.\n", "Mailer-Daemon@mx.example.com"), "bounce-delayed", None),
    ("NetEase, in Chinese", prose("系统退信", "抱歉，您的邮件被退回来了……\n\n收件人邮件地址（reader@example.net）不存在，邮件无法送达。\n550 User not found: reader@example.net\n", "postmaster@163.example"), "bounce-hard", "unknown user"),
)  # fmt: skip


def arf(feedback: str, tokens: str = f"<mailto:alerts+leave-{LEAVE}@example.org>") -> bytes:
    """An RFC 5965 report about a mail with these List-Unsubscribe tokens."""
    return (
        "From: fbl@example.com\nSubject: complaint\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary=r\n\n"
        "--r\nContent-Type: text/plain\n\nThis is an abuse report.\n--r\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {feedback}\nUser-Agent: x/1\nVersion: 1\nOriginal-Rcpt-To: <reader@example.net>\n\n"
        f"--r\nContent-Type: message/rfc822\n\nFrom: alerts@example.org\nList-Unsubscribe: {tokens}\nSubject: 3 new reports\n\ntext\n--r--\n"
    ).encode()


ARF = (
    ("abuse", arf("abuse"), "complaint", ("Complaint",)),
    ("opt-out", arf("opt-out"), "complaint", ("Complaint",)),
    ("by return path", arf("abuse", f"x\nReturn-Path: <alerts+bounce-{BOUNCE}@example.org>"), "complaint", ("Complaint",)),
    ("without a token", arf("abuse", "none"), "complaint", ("Ignore",)),
    ("with a forged token", arf("abuse", "<mailto:alerts+leave-l" + "z" * 30 + "@example.org>"), "complaint", ("Ignore",)),
    ("not spam", arf("not-spam"), "auto-reply", ("Ignore",)),
)  # fmt: skip

NOTICES = (
    ("Automatic reply: 3 new reports", "I am out of the office."),
    ("Out of Office: Re: 3 new reports", "Back on Monday."),
    ("Re: Out of office", "x"),
    ("OOO: holiday", "x"),
    ("Abwesenheitsnotiz: Neue Berichte", "Ich bin nicht im Büro."),
    ("Automatische Antwort: Neue Berichte", "x"),
    ("Réponse automatique : rapports", "x"),
    ("Respuesta automática: informes", "x"),
    ("Risposta automatica: rapporti", "x"),
    ("Resposta automática: x", "x"),
    ("Automatisch antwoord: x", "x"),
    ("Autosvar: x", "x"),
    ("Automaattinen vastaus: x", "x"),
    ("Odpowiedź automatyczna: x", "x"),
    ("Автоответ: x", "x"),
    ("自动回复：报告提醒", "您的邮件我已收到"),
    ("自動回覆: x", "x"),
    ("自動返信: x", "x"),
    ("자동 회신: x", "x"),
    ("Re: 3 new reports", "I am on annual leave until 5 December with limited access to e-mail. In urgent cases please contact my colleague."),
    ("回复: 报告提醒", "您好，我正在休假，回来后会尽快回复您的邮件。"),
    ("Ihre Nachricht", "Ich bin bis zum 5.12. im Urlaub. Ihre Mail wird nicht weitergeleitet."),
)  # fmt: skip
