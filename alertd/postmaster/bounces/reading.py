"""Reports as mail systems send them: RFC 3464 in any nesting, prose for the rest, RFC 5965 complaints."""

from __future__ import annotations

import re
from email.message import Message

from flufl.bounce import all_failures

from alertd.postmaster.bounces.model import BounceClass, ComplaintReport, Failure
from alertd.postmaster.bounces.reasons import Cause, cause, find_status
from alertd.postmaster.headers import addresses, decode_words
from alertd.postmaster.mime import Part, split_headers
from alertd.postmaster.read import Mail

MAX_FAILURES = 50
MAX_PROSE = 60_000
_REPORTS = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED = {
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/global-headers",
    "message/partial",
}
_SUBJECT = re.compile(
    r"undeliver|un-?delivered|delivery (?:status|report|fail|problem|notification|error|delay|incomplete|unsuccessful)|deliver(?:y|ing)? .{0,20}(?:fail|delay|unsuccess|not)|return(?:ed)? (?:mail|e-?mail|to sender|message)|mail (?:delivery|system|could not|not delivered|error|fail)|failure (?:notice|delivery)|failed (?:mail|delivery|to deliver)|"
    r"message (?:delivery|status|not delivered|you sent|could not)|non ?-?delivery|nondeliverable|could ?n[o']t (?:be )?deliver|(?:could|was|were) not (?:be )?(?:sent|delivered)|mail ?-?delivery|bounce|rejected|\bndr\b|\bndn\b|unzustellbar|zustellung|nicht zugestellt|non remis|échec|non recapitabile|mancato recapito|devuelto|no se puede entregar|não entregue|"
    r"недоставлен|не доставлен|退信|投递失败|无法投递|发送失败|未送达|配信|送信できません|エラー|전송 ?실패|반송|postmaster notify|error (?:sending|processing)|mdaemon|user unknown|mail status report|permanent delivery|permanent fatal|warning: (?:could not|message)|delayed|unable to deliver|dead letter|mail failure|abuse report",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"(?:mailer-?daemon|postmaster|mail-?daemon|mdaemon|bounce|delivery|mail-?delivery|mmdf|uucp|smtp|no-?reply|returned|postoffice|daemon|admin|mailadmin|symantec|microsoftexchange[\w-]*|exchange|system)[\w.+=-]*",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"(?:could not|couldn'?t|cannot|can'?t|unable to|was not|were not|not|failed to|has not|wasn'?t)(?: be| been)? ?(?:deliver|sent to)|undeliverable|delivery (?:to the following|has failed|failed|failure|error)|permanent (?:fatal )?error|fatal error|did(?:n't| not) reach|returned to (?:you|sender)|following (?:address|recipient|message)|user unknown|mailbox (?:full|unavailable)|no such user|"
    r"退信|无法(?:投递|送达|送到)|投递失败|未能送达|not accepted for delivery|giving up on it|sorry to have to inform|配信(?:できません|エラー)|配信されませんでした|errors? (?:occurred|was)|rejected your message|reason:",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"(?:warning|message|delivery|mail)\b.{0,60}\b(?:delayed|still (?:being )?(?:undelivered|retried|in the queue)|not yet (?:been )?delivered|has been delayed)|will (?:keep|continue|be retried|retry|try)|do not need to (?:resend|send)|no action is (?:required|needed)|this is (?:only )?a warning|delayed mail|temporary failure.{0,40}(?:retry|continue)|will be (?:tried|retried|attempted)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]{1,64}@[A-Za-z0-9\u0080-\U0010ffff.-]{1,250}\.[A-Za-z0-9\u0080-\U0010ffff-]{2,}"
)
_ORIGINAL = re.compile(
    r"^(?:-{2,}.{0,60}(?:original|copy of|returned|included|unsent|below|header|message follows|undelivered|body).{0,60}|_{20,}|.{0,60}(?:copy of (?:your|the) message|original message (?:follows|header)|message headers? follow|message follows).{0,60}|Received: .{10,}|Return-Path: .{2,}|[>|] ?(?:Received|Return-Path): .+)$",
    re.IGNORECASE | re.MULTILINE,
)


def read_complaint(mail: Mail) -> ComplaintReport | None:
    """The feedback report in this mail; one that says "not spam" or reports on authentication is none."""
    part = next((part for part in mail.root.walk() if part.kind == "message/feedback-report"), None)
    if part is None:
        return None
    fields = dict(reversed(split_headers(_bare(part))[0]))
    feedback = fields.get("feedback-type", "abuse").strip().lower()
    if feedback in {"not-spam", "auth-failure", "dmarc"}:
        return None
    named = [
        address
        for name in ("original-rcpt-to", "removal-recipient")
        for address in addresses(fields.get(name, ""))
    ]
    returned = [inner for inner in mail.root.walk() if inner is not part and inner.kind in _RETURNED]
    header = "\n".join(_header_text(inner) for inner in returned)
    if not named:
        named = [address for inner in returned for address in addresses(_inner(inner).get("to", ""))]
    return ComplaintReport(feedback, tuple(dict.fromkeys(named))[:MAX_FAILURES], header[:50_000])


def _bare(part: Part) -> bytes:
    return part.body.lstrip(b"\n")


def _header_text(part: Part) -> str:
    fields = part.children[0].headers if part.children else split_headers(_bare(part))[0]
    return "\n".join(f"{name}: {value}" for name, value in fields)


def _inner(part: Part) -> dict[str, str]:
    return dict(reversed(part.children[0].headers if part.children else split_headers(_bare(part))[0]))


def read_failures(mail: Mail, *, ours: frozenset[str] = frozenset()) -> tuple[Failure, ...]:
    """What this mail reports of whom; () when it reports nothing.

    A mail that carries a delivery-status part is believed to be one whatever else it says; prose only when the sender is
    null or a machine, so that no person's mail is taken for a bounce.
    """
    found = _formal(mail)
    if not found and _may_report(mail):
        found = _prose(mail, ours)
    return tuple(found[:MAX_FAILURES])


def _formal(mail: Mail) -> list[Failure]:
    found: list[Failure] = []
    for part in mail.root.walk():
        if part.kind in _REPORTS:
            found.extend(_blocks(part, _notice(mail.root)))
    return found


def _blocks(part: Part, notice: str) -> list[Failure]:
    found: list[Failure] = []
    for block in re.split(rb"\n[ \t]*\n+", _bare(part)[:200_000]):
        fields = dict(reversed(split_headers(block)[0]))
        if not fields.keys() & {"final-recipient", "original-recipient", "action", "status"}:
            continue
        action = fields.get("action", "")
        diagnostic = decode_words(fields.get("diagnostic-code", ""))[:1000]
        status = find_status(fields.get("status", "")) or fields.get("status", "").strip()[:8]
        status = _telling(status, find_status(diagnostic))
        recipient = _recipient(fields)
        text = diagnostic if len(re.findall(r"[a-z]{3,}", diagnostic)) > 1 else f"{diagnostic} {notice}"
        why = cause(
            status=status,
            text=_without_addresses(text),
            action=action or ("delayed" if status.startswith("4.") and _DELAYED.search(notice) else ""),
        )
        found.append(
            Failure(recipient, why.kind, status, why.reason, (diagnostic or notice)[:500], why.weight)
        )
    return found


def _telling(given: str, said: str) -> str:
    """The status field, unless it says nothing ("5.0.0") and the diagnostic says more."""
    if said and (not given or given.endswith(".0.0") or not re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", given)):
        return said
    return given if re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", given) else ""


def _recipient(fields: dict[str, str]) -> str:
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        match = _ADDRESS.search(fields.get(name, ""))
        if match:
            return match[0]
    return ""


def _without_addresses(text: str) -> str:
    """Addresses and host names may contain any word that we look for."""
    text = re.sub(r"https?://\S+", " ", text[:6000])
    text = re.sub(r"<?[^\s<>@]{1,100}@[^\s<>]{1,255}>?", " ADDRESS ", text)
    return re.sub(r"\b(?:[a-z0-9-]{1,63}\.){2,9}[a-z]{2,24}\b", " ", text, flags=re.IGNORECASE)


def _notice(root: Part) -> str:
    """What the report says in prose."""
    texts: list[str] = []
    for part in root.walk():
        if part.kind in _RETURNED or part.kind in _REPORTS:
            break
        if part.kind == "text/plain" and not part.children:
            texts.append(part.text())
    return re.sub(r"\s+", " ", " ".join(texts))[:4000]


def _may_report(mail: Mail) -> bool:
    machine = (
        mail.sender == ""
        or any(_MACHINE.fullmatch(address.partition("@")[0]) for address in mail.authors)
        or not mail.authors
    )
    if mail.root.first("x-failed-recipients"):
        return True
    report = mail.root.kind == "multipart/report" and mail.root.parameters.get("report-type", "").lower() in {
        "",
        "delivery-status",
    }
    return (machine or report) and bool(
        report or _SUBJECT.search(mail.subject) or _BODY.search(_prose_text(mail)[:5000])
    )


def _prose_text(mail: Mail) -> str:
    return mail.text[:MAX_PROSE]


def _prose(mail: Mail, ours: frozenset[str]) -> list[Failure]:
    whole = _prose_text(mail)
    if not whole.strip():
        whole = _notice(mail.root)
    original = _ORIGINAL.search(whole, min(len(whole), 80))
    text = whole[: original.start()] if original else whole
    if not (_BODY.search(text) or _SUBJECT.search(mail.subject) or mail.root.first("x-failed-recipients")):
        return []
    delayed = bool(_DELAYED.search(f"{mail.subject} {text[:5000]}"))
    status = find_status(text)
    why = cause(
        status=status,
        text=_without_addresses(re.sub(r"\s+", " ", f"{text}")),
        action="delayed" if delayed else "failed",
    )
    diagnostic = _telling_line(text)
    if diagnostic and not delayed:
        closer = cause(
            status=find_status(diagnostic) or status, text=_without_addresses(diagnostic), action="failed"
        )
        why = closer if closer.reason not in {"refused", "server trouble"} else why
    recipients = _named(mail, ours) or _guessed(text, ours)
    if len(recipients) < 2 or delayed:  # noqa: PLR2004
        return [
            Failure(recipient, why.kind, status, why.reason, diagnostic[:500], why.weight)
            for recipient in recipients or [""]
        ]
    return [_of_one(recipient, recipients, text, why, status) for recipient in recipients]


def _of_one(recipient: str, others: list[str], text: str, why: Cause, status: str) -> Failure:
    """What the prose says of one of several recipients: the words between its address and the next one's."""
    at = text.find(recipient)
    ends = [
        place
        for other in others
        if other != recipient and (place := text.find(other, at + len(recipient))) > at
    ]
    said = re.sub(r"\s+", " ", text[at : min(ends, default=at + 1000)])[:1000] if at >= 0 else ""
    own = cause(status=find_status(said), text=_without_addresses(said), action="failed")
    if own.reason in {"refused", "server trouble"}:
        return Failure(recipient, why.kind, status, why.reason, said[:500], why.weight)
    return Failure(recipient, own.kind, find_status(said) or status, own.reason, said[:500], own.weight)


def _telling_line(text: str) -> str:
    """The line with the other server's answer."""
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.split("\n")]
    for at, line in enumerate(lines):
        if re.search(
            r"(?<![\d.])[45]\d\d[\s-]|(?<![\d.])[45]\.\d{1,2}\.\d{1,3}(?![\d.])|remote host said|said:|reason:|原因",
            line,
            re.IGNORECASE,
        ):
            return " ".join(lines[at : at + 3])
    return ""


def _named(mail: Mail, ours: frozenset[str]) -> list[str]:
    """Whom X-Failed-Recipients or flufl.bounce names; its answers are checked, it reads hostile text."""
    given = [address for value in mail.root.every("x-failed-recipients") for address in addresses(value)]
    if given:
        return [address for address in given if address.lower() not in ours]
    message = _as_message(mail.root)
    del message["From"]
    message["From"] = (
        mail.author or "unknown@unknown.invalid"
    )  # one detector takes the first address for granted
    try:
        temporary, permanent = all_failures(message)
        named = [
            found.decode("ascii", errors="replace") for found in (*sorted(permanent), *sorted(temporary))
        ]
    except (LookupError, ValueError, TypeError, AttributeError):  # what its detectors raise on odd structures
        return []
    return [address for address in named if _ADDRESS.fullmatch(address) and address.lower() not in ours]


def _guessed(text: str, ours: frozenset[str]) -> list[str]:
    found = dict.fromkeys(match[0].rstrip(".") for match in _ADDRESS.finditer(text[:5000]))
    named = [
        address
        for address in found
        if address.lower() not in ours and not _MACHINE.fullmatch(address.partition("@")[0])
    ]
    return named[:1]


def _as_message(part: Part, depth: int = 0) -> Message:
    """The tree as the standard library's message, in ASCII and at most eight deep: what flufl.bounce can bear."""
    message: Message = Message()
    for name, value in part.headers[:100]:
        if name not in {"content-type", "content-transfer-encoding", "x-failed-recipients"}:
            message[name.title()] = re.sub(r"[^ -~]", "?", value)[:1000]
    if part.children and depth < 8:  # noqa: PLR2004
        message["Content-Type"] = (
            part.kind if part.kind.startswith(("multipart/", "message/")) else "multipart/mixed"
        )
        message.set_payload([_as_message(child, depth + 1) for child in part.children[:50]])
    else:
        message["Content-Type"] = (
            "text/plain" if part.kind.startswith(("multipart/", "message/")) else part.kind
        )
        message.set_payload(re.sub(r"[^\n\t -~]", "?", part.text()[:MAX_PROSE]))
    return message


def summary(failures: tuple[Failure, ...]) -> Failure:
    """The one failure that says what the mail is: a hard one before soft, ours, delayed, success."""
    order = (BounceClass.HARD, BounceClass.SOFT, BounceClass.OURS, BounceClass.DELAYED, BounceClass.SUCCESS)
    return min(failures, key=lambda failure: order.index(failure.kind))
