"""What the person wrote, apart from what their mail program put around it.

Only unquoted lines are obeyed: quotes, attributions, forwarded mail and signatures are cut, in the forms of the common
clients and languages. On real replies "the first unquoted lines" beats the reply-parsing libraries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alertd.postmaster.charsets import fold_width

MAX_LINES = 200
MAX_ATTRIBUTION = 500

_REPLY = (
    "re|aw|antw|antwort|sv|vs|svar|odp|rif|ref|rv|res|ynt|yanıt|vá|at|bls|hv|vast|atb|отв|на|απ|σχετ|"
    "回复|回覆|答复|答覆|回|返信|답장|회신|رد|תשובה|trả lời|bal|balasan"
)
_FORWARD = (
    "fwd?|wg|tr|vb|doorst|enc|i|pd|vl|ilt|ytl|trs|továbbítás|fs|vidb|пересл|переслано|πρθ|转发|轉寄|轉發|转寄|転送|전달|"
    "إعادة توجيه|הועבר"
)
_PREFIX = re.compile(
    rf"\s*(?:(?P<reply>{_REPLY}|r)|(?P<forward>{_FORWARD}))\s*(?:\[\d+\]|\(\d+\)|\^\d+|\*\d+|\d+)?\s*:\s*",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"\s*[\[【(](?:ext|extern(?:al)?|external sender|外部邮件|外部)[\])】]\s*:?\s*", re.IGNORECASE
)

_WROTE = (
    r"wrote|writes|said|schrieb|schrieben|a écrit|écrit|escribi(?:ó|o)|ha scritto|scrisse|escreveu|schreef|geschreven|"
    r"skrev|skrifaði|kirjoitti|napisał(?:\(?a\)?)?|pisze|napsal(?:\(?a\)?)?|napísal(?:\(?a\)?)?|írta|a scris|"
    r"написал(?:\(?а\)?)?|пишет|пише|написа|έγραψε|yazdı|şunu yazdı|đã viết|viết|menulis|เขียน|"
    r"写道|寫道|写到|写|のメール|書きました|님이 작성|작성|كتب|כתב"
)
_ATTRIBUTION_END = re.compile(
    rf"(?:{_WROTE})[^\n]{{0,80}}:\s*$|^\s*\d{{4}}-\d\d-\d\d \d{{1,2}}:\d\d .{{0,120}}>?:\s*$", re.IGNORECASE
)
_ATTRIBUTION_START = re.compile(
    r"\s*(?:on|am|le|el|il|em|op|den|på|le|w dniu|dnia|dne|dňa|в|у|στις|at|vào|pada|在|于|於)\b|\s*(?:在|于|於)|\s*\d{4}|"
    r"\s*[\"“<\w].{0,80}[@<>]|\s*(?:mon|tue|wed|thu|fri|sat|sun|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)",
    re.IGNORECASE,
)
_DATED = re.compile(r"\d{4}|\d{1,2}[:.]\d{2}|@")
_SEPARATOR = re.compile(
    r"\s*[-_=*—]{2,}\s*(?:original|forwarded|ursprüngliche|weitergeleitete|message d'origine|message original|"
    r"mensaje|messaggio|mensagem|oorspronkelijk|doorgestuurd|opprinnelig|ursprungligt|vidarebefordrat|alkuperäinen|"
    r"oprindelig|wiadomość|původní|исходное|пересылаемое|переадресованное|原始邮件|原始郵件|原邮件|邮件原件|原件|转发|轉寄|"
    r"转发邮件信息|回复的?原邮件|回复的邮件|原始信件|元のメッセージ|転送|원본|reply message|replied message|reply)"
    r"[^\n]{0,60}?[-_=*—]*\s*$|"
    r"\s*(?:begin forwarded message|anfang der weitergeleiteten|début du message|inicio del mensaje|开始转发的邮件|"
    r"下面是被转发的邮件|以下是转发的邮件)\b.{0,40}:?\s*$|\s*_{20,}\s*$|\s*-{3,}\s*回复.{0,20}-{3,}\s*$",
    re.IGNORECASE,
)
_BLOCK_FROM = re.compile(
    r"\s*\*?(?:from|von|de|da|van|från|fra|od|от|lähettäjä|kimden|feladó|发件人|寄件者|寄件人|发送人|差出人|보낸\s?사람)\*?\s*:\*?\s*\S",
    re.IGNORECASE,
)
_BLOCK_NEXT = re.compile(
    r"\s*\*?(?:sent|date|to|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|fecha|para|asunto|assunto|data|inviato|a|"
    r"oggetto|verzonden|aan|onderwerp|skickat|till|ämne|sendt|til|emne|wysłano|do|temat|отправлено|дата|кому|тема|"
    r"发送时间|发送日期|日期|时间|收件人|主题|寄件日期|傳送時間|收件者|主旨|送信日時|宛先|件名|보낸 날짜|받는 사람|제목)\*?\s*:",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"--\s?$|—\s*$|_{5,}\s*$|\*{5,}\s*$|={5,}\s*$|-{10,}\s*$|"
    r"\s*(?:sent (?:from|via|with|using)\b|get outlook for|von meinem .{0,30}gesendet|gesendet (?:von|mit)\b|envoyé (?:de|depuis|à partir)\b|"
    r"enviado (?:desde|do|a partir)\b|inviato da\b|verzonden (?:vanaf|met|via)\b|skickat från\b|sendt fra\b|lähetetty\b|wysłane z\b|"
    r"отправлено (?:с|из)\b|發自我的|发自我的|从我的.{0,20}发送|從我的.{0,20}傳送|来自我的|來自我的|发自.{0,12}邮箱|来自.{0,12}邮箱|"
    r"由.{0,20}(?:手机|邮箱|客户端).{0,6}发(?:送|出)|获取 ?outlook|downloa?d yahoo mail|yahoo mail:|"
    r"iphoneから送信|나의 iphone에서|diperoleh dari|this e?-?mail (?:and any|is confidential|may contain)|confidentiality notice|disclaimer:)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject without its prefixes.

    Attributes:
        text: what is left, width-folded.
        replied: it began with a reply prefix, so the words are ours, not theirs.
        forwarded: it began with a forward prefix.
    """

    text: str
    replied: bool
    forwarded: bool


def read_subject(subject: str) -> Subject:
    """Strip reply and forward prefixes of many languages, numbered and repeated ones included."""
    text = fold_width(subject)[:500].strip()
    replied = forwarded = False
    while match := _PREFIX.match(text) or _TAG.match(text):
        groups = match.groupdict()
        replied = replied or bool(groups.get("reply"))
        forwarded = forwarded or bool(groups.get("forward"))
        text = text[match.end() :]
    return Subject(text.strip(), replied, forwarded)


def unquoted_lines(text: str) -> tuple[str, ...]:
    """The lines the person wrote, width-folded and stripped, blank ones as "" between them.

    Quoted lines are left out wherever they stand, so an answer below a quote counts; everything behind an attribution
    without quote marks, an original-message separator, a header block or a signature is cut.
    """
    lines = [fold_width(line).rstrip() for line in text[:100_000].split("\n")]
    kept: list[str] = []
    at = 0
    while at < len(lines) and len(kept) < MAX_LINES:
        line = lines[at]
        length = _attribution(lines, at)
        if length:
            at += length
            if not _quote_follows(lines, at):
                break
            continue
        if _is_cut(lines, at):
            break
        if not _is_quoted(line):
            kept.append(line.strip()[:2000])
        at += 1
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith((">", "|>", "｜")) or bool(re.match(r"\s*[A-Z]{2,3}>\s", line))


def _is_cut(lines: list[str], at: int) -> bool:
    line = lines[at]
    if not line.strip():
        return False
    if _SIGNATURE.match(line) or _SEPARATOR.match(line):
        return True
    if _BLOCK_FROM.match(line):
        following = [later for later in lines[at + 1 : at + 8] if later.strip()][:4]
        return any(_BLOCK_NEXT.match(later) for later in following)
    return False


def _attribution(lines: list[str], at: int) -> int:
    """How many lines the attribution that begins here takes; 0 when none does. Clients wrap it over up to four."""
    if not lines[at].strip() or not _ATTRIBUTION_START.match(lines[at]):
        return 0
    joined = ""
    for length, line in enumerate(lines[at : at + 4], start=1):
        if not line.strip() or _is_quoted(line) or len(joined) > MAX_ATTRIBUTION:
            return 0
        joined += line[:300] + " "
        if _ATTRIBUTION_END.search(joined.strip()) and _DATED.search(joined):
            return length
        if joined.strip().endswith((".", "!", "?", "。")):
            return 0
    return 0


def _quote_follows(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 4] if line.strip()), "")
    return _is_quoted(following)
