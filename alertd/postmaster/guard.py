"""What is never answered and never obeyed: automatic mail, list mail, our own mail coming back (RFC 3834 section 2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from alertd.postmaster.quoting import read_subject, unquoted_lines
from alertd.postmaster.read import Mail

MAX_RECEIVED = 50
"""More hops than this is a loop (RFC 5321 section 6.3)."""

_MACHINES = re.compile(
    r"(?:mailer-?daemon|mail-?daemon|post[_-]?master|[\w.-]+-(?:admin|owner|request|bounces?)|owner-[\w.-]+|no-?reply|do-?not-?reply|donotreply|noreply[\w.-]*|bounces?|bounce-[\w.-]*|majordomo|"
    r"listserv|mailman|sympa|autoreply|auto-?responder|abuse|root|nobody|daemon)(?:[+=-].*)?",
    re.IGNORECASE,
)
_VACATION = re.compile(
    r"(?:out[- ]of[- ](?:the[- ])?office|ooo\b|automatic(?:ally generated)? (?:reply|response)|automated (?:reply|response|message)|auto[- ]?(?:reply|response|responder|matic reply)\b|"
    r"auto(?:mated)?:|vacation (?:response|responder|reply|message|notice|autoreply)|away (?:from (?:the )?office|message|notice)|i am (?:out of|away from) (?:the )?office|holiday (?:response|auto)|"
    r"abwesenheit|automatische (?:antwort|abwesenheit)|nicht im büro|automatisch(?:e)? antwoord|automatisch antwoord|afwezig|réponse automatique|absen(?:ce|t)e? du bureau|message d'absence|"
    r"respuesta automática|fuera de (?:la )?oficina|resposta automática|fora do escritório|ausência (?:temporária|do escritório)|risposta automatica|fuori (?:ufficio|sede)|"
    r"autosvar|automatiskt svar|automatisk svar|automatisk beskjed|frånvaro|fravær|ikke til stede|poissa|automaattinen vastaus|odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź|nieobecno|"
    r"automatická odpověď|nepřítomnost|automatikus válasz|házon kívül|răspuns automat|автоответ|автоматический ответ|автоматична відповідь|отсутств|"
    r"αυτόματη απάντηση|otomatik (?:yanıt|cevap)|ofis dışı|自动回复|自动答复|自動回覆|自動回復|自動答覆|自动应答|假期回复|休假通知|外出自动|自動返信|自動応答|不在通知|不在のお知らせ|자동 ?(?:회신|응답)|부재중|"
    r"رد تلقائي|תשובה אוטומטית|trả lời tự động|balasan otomatis|ตอบกลับอัตโนมัติ|(?:read|delivery) receipt|read:|lesebestätigung|accusé de (?:réception|lecture))",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"\b(?:i(?:'m| am| will be)|we are)(?: currently| now| presently)? (?:out of (?:the |my )?office|on (?:annual |parental |maternity |sick |business )?(?:leave|vacation|holidays?|travel|a trip)|away|travell?ing)|"
    r"\bich bin (?:bis|vom|derzeit|zurzeit|momentan).{0,60}(?:nicht im büro|abwesend|urlaub)|\bje suis (?:actuellement )?(?:absent|en congé)|"
    r"\bthank(?:s| you) for (?:your (?:e-?mail|message|mail)|contacting|e-?mailing|writing|getting in touch)|\bthis (?:is an automat|mailbox is not (?:monitored|attended)|e-?mail (?:address|account) is no longer)|\byour (?:message|e-?mail|request|ticket) has been (?:received|logged|created)|"
    r"(?:这是|此为|本邮件为).{0,16}自动(?:回复|答复)|(?:我|本人)(?:正在|目前|现在)?(?:休假|出差|度假|不在办公室|外出)|(?:您的|你的)?(?:来信|邮件|来函)(?:我)?(?:已经?)?(?:收到|收悉)",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:i will|i'll|we will|we'll|shall)\b.{0,40}\b(?:reply|respond|answer|return|be back|get back|come back)|\blimited (?:access|e-?mail)|\b(?:if|for|in case of) (?:it is |it's |this is |your matter is |an? )?(?:urgent|emergenc)|"
    r"\bupon my return|\bwhen i (?:return|get back|am back)|\bas soon as (?:possible|we can|i can)|\bno access to (?:my )?(?:e-?)?mail|\bplease contact\b|\bwird nicht weitergeleitet|\bin dringenden|\bà mon retour|\bbusiness days?\b|\bticket\b|\bplease do not reply|\bnot (?:monitored|read)|"
    r"尽快(?:给您|与您|回复|处理|答复|联系)|回来后|紧急|急事|联系电话|请勿(?:直接)?回复",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:pause|suspend|hold|stop|unsubscribe|subscribe|remove|cancel|take me|opt out|no (?:mails?|e-?mails?)|do ?n[o']t send)\b|暂停|停|退订|订阅|取消|别发|不要发",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """Why a mail is neither answered nor obeyed.

    Attributes:
        kind: "auto-reply", "list" or "unknown".
        reason: in words.
    """

    kind: str
    reason: str


def guard(mail: Mail, *, ours: frozenset[str], is_our_id: Callable[[str], bool]) -> Guarded | None:
    """The reason not to answer or obey this mail, None when a person may have written it.

    Args:
        mail: the mail.
        ours: our own addresses, lower case.
        is_our_id: whether a Message-ID was made by us. Only the mail's own is asked about: In-Reply-To of ours is how a person answers.
    """
    return _own(mail, ours, is_our_id) or _listed(mail) or _automatic(mail) or _machine(mail) or _worded(mail)


def _own(mail: Mail, ours: frozenset[str], is_our_id: Callable[[str], bool]) -> Guarded | None:
    if any(address.strip().lower().strip("<>") in ours for address in mail.headers("x-loop")):
        return Guarded("auto-reply", "our own loop header came back")
    if mail.message_id and is_our_id(mail.message_id):
        return Guarded("auto-reply", "our own mail came back")
    if any(author.lower() in ours for author in mail.authors) or (mail.sender or "").lower() in ours:
        return Guarded("auto-reply", "it says it is from our own address")
    if len(mail.root.every("received")) > MAX_RECEIVED:
        return Guarded("auto-reply", "too many hops: a loop")
    return None


def _listed(mail: Mail) -> Guarded | None:
    field = next((name for name, _ in mail.root.headers if name.startswith("list-")), "")
    if field:
        return Guarded("list", f"it came through a list ({field})")
    precedence = mail.header("precedence").strip().lower()
    if precedence in {"list", "bulk", "junk"} and mail.header("x-ack").strip().lower() != "yes":
        return Guarded("list" if precedence == "list" else "auto-reply", f"Precedence: {precedence}")
    return None


def _automatic(mail: Mail) -> Guarded | None:
    submitted = mail.header("auto-submitted").strip().lower()
    if submitted and submitted.partition(";")[0].strip() != "no":
        return Guarded("auto-reply", f"Auto-Submitted: {submitted[:40]}")
    for name in (
        "x-autoreply",
        "x-autorespond",
        "x-autogenerated",
        "x-mail-autoreply",
        "x-auto-reply-from",
        "x-autoreply-from",
        "x-ms-exchange-generated-message-source",
    ):
        if mail.header(name).strip().lower() not in {"", "no", "false"}:
            return Guarded("auto-reply", f"it has {name}")
    if "auto" in mail.header("content-identifier").lower() or mail.header("precedence").lower().startswith(
        "auto"
    ):
        return Guarded("auto-reply", "it says it is an automatic reply")
    if "autoresponder" in (mail.header("x-post-messageclass") + mail.header("delivered-to")).lower():
        return Guarded("auto-reply", "it says it is an autoresponder's")
    if mail.header("x-fc-machinegenerated").lower() == "true":
        return Guarded("auto-reply", "it says it is machine-made")
    if mail.root.kind in {"multipart/report", "message/disposition-notification"}:
        return Guarded("auto-reply", "it is a report of a mail system")
    if mail.header("x-spam-flag").strip().lower() == "yes":
        return Guarded("unknown", "our own filter marked it as spam")
    return None


def _machine(mail: Mail) -> Guarded | None:
    if mail.sender == "":
        return Guarded("auto-reply", "the return path is null")
    for address in (*mail.authors, mail.sender or ""):
        if _MACHINES.fullmatch(address.partition("@")[0]):
            return Guarded("auto-reply", f"{address.partition('@')[0][:40]}@ is no person's address")
    return None


def _worded(mail: Mail) -> Guarded | None:
    """Vacation notices without any mark: by their subject, or by a text that says "away" and "later" and asks nothing."""
    subject = read_subject(mail.subject)
    if _VACATION.match(subject.text):
        return Guarded("auto-reply", "the subject is an automatic reply's")
    text = " ".join(line for line in unquoted_lines(mail.text) if line)[:2000]
    if _AWAY.search(text) and _LATER.search(text) and not _ASKS.search(text):
        return Guarded("auto-reply", "the text is a vacation notice's")
    return None
