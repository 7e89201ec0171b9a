"""A person's lines, put together to sentences; what is only manners is left out."""

# ruff: noqa: PLR2004 - lengths at which a heuristic turns, each said in the docstring beside it

from __future__ import annotations

import re
from dataclasses import dataclass

from alertd.postmaster.commands import when
from alertd.postmaster.commands.model import Setting
from alertd.postmaster.commands.proof import NO, YES
from alertd.postmaster.prose.lexicon import speaks

MAX_GROUPS = 100
LONGEST_CHINESE = 12
"""Characters that a Chinese keyword may have; a longer piece is a sentence."""
_END = re.compile(r"(?:end|quit|exit|finish|结束|完毕|完|结束了|以上)[\s.。!]*|[.=*-]{2,}|\.", re.IGNORECASE)
_GREETING = re.compile(
    r"(?:dear|hi|hello|hey|hallo|good (?:morning|afternoon|evening|day)|greetings|to whom it may concern|sirs?|madam|ladies and gentlemen|bonjour|guten tag|sehr geehrte|"
    r"hola|ciao)\b.{0,60}|(?:尊敬的|敬启者|您好|你好|各位|老师|亲爱的|大家好|早上好|下午好|晚上好)[^,，。]{0,12}[,:!。~ ]*",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:with )?(?:best|kind|kindest|warm|warmest|many|sincere|friendly)(?: (?:regards|wishes|greetings))?|regards|br|sincerely(?: yours)?|yours(?: (?:sincerely|faithfully|truly|ever))?|faithfully|cheers|"
    r"respectfully(?: yours)?|cordially|all the best|take care|mit freundlichen grüßen|viele grüße|mfg|cordialement|saludos|cordiali saluti|met vriendelijke groet(?:en)?|"
    r"此致|敬礼|敬上|祝好|顺祝.*|顺颂.*|祝(?:工作|身体|生活|一切|您|你|万事|编安|商祺|学安).*|谨上|即颂.*|致礼|致敬|此致敬礼)[\s,.!~，。！-]*",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"(?i:(?:with )?(?:best|kind|kindest|warm|warmest|many|sincere|friendly)(?: (?:regards|wishes|greetings|thanks))?|regards|sincerely(?: yours)?|yours(?: (?:sincerely|faithfully|truly))?|cheers|all the best|(?:many )?thanks|thx|"
    r"mit freundlichen grüßen|viele grüße|cordialement|saludos)\s*(?:[/,!.–-]+\s*|\s)(?:(?:[A-Z][\w.'-]*|de|van|von|der|al|el|bin|di|da)\s*){1,4}|"
    r"(?i:yours|best|cheers|regards|sincerely),\s*(?:[\w.'-]+\s*){1,4}|(?i:best|kind|warm) (?i:regards)\s*/.{1,60}|[\u4e00-\u9fff]{2,4}\s*(?:敬上|谨上|上|拜上|敬启|谨启|手书)",
)
"""A closing and the name behind it in one line: "Cheers, Sue", "林淑芬 敬上"."""
_THANKS = re.compile(
    r"(?:(?:with )?(?:many |my |our |very |sincere |warm )*thanks?(?: you)?(?: (?:so|very) much| a lot| in advance| again| for (?:your|the) .{1,40})?|thx|ty|tia|much appreciated|cheers|"
    r"thank you(?: (?:so|very) much| in advance| for (?:your|the) .{1,40})?|(?:非常|十分)?(?:谢谢|感谢|多谢)(?:您|你|了|啦|您的.{1,10}|帮助)*|辛苦了|麻烦了|拜托了?|有劳了)[\s,.!~，。！-]*",
    re.IGNORECASE,
)
_BULLET = re.compile(r"\s*(?:[-*•·–—+▪◦]|\(?\d{1,2}[.)]|\(\d{1,2}\)|[①-⑩])\s+|\s*\d{1,2}、\s*|\s*[①-⑩•·]")
_OPEN_END = re.compile(
    r"(?:[,;]|\b(?:not|don't|to|the|a|an|me|my|your|you|and|or|of|on|in|for|about|from|with|please|want|like|be|is|are|i|would|could|never|at|by|this|that|these|any|no|do|if|when|as|can|will|all|any|more|which|reports?))$",
    re.IGNORECASE,
)
_STOPS = re.compile(r"[.!?:。！？：;]$")
_SENTENCES = re.compile(
    r"(?<=[!?。!?])\s*|(?<=[a-z\d)\"'”A-Z\u4e00-\u9fff])\.\s+(?=[A-Z\"'\u4e00-\u9fff]|i\b|please|thank)|(?<=[a-z]{3})\.\s+(?=[a-z]{2,})|(?:(?<=[\s:])|^)\(?[1-9][.)]\s+(?=[^\d\s])"
)
_PROSE = re.compile(
    r"\b(?:i|i'm|i'd|i've|you|your|we|our|they|he|she|is|are|was|were|am|been|would|could|should|will|shall|can|can't|have|has|had|this|that|these|those|don't|do|did|does|please|hello|dear|thanks|"
    r"because|since|when|my|me|us|know|think|see|meet|meeting|sorry|hope|regards|sincerely|what|who|where|how|why|there|here|just|very|it|its|it's|let|if|whether|wrote|sent|attached)\b|"
    r"[我你您他她们吗呢吧请谢]|什么|怎么|可以|继续|照旧|就行|不变|保留|照常|不要|不用",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Some lines that are read together: one line, or a paragraph's wrapped lines joined.

    Attributes:
        text: blanks single.
        single: it is one line of the mail.
        block: the number of the paragraph it stands in.
    """

    text: str
    single: bool
    block: int


def groups(lines: tuple[str, ...]) -> tuple[Group, ...]:
    """The mail's lines as groups up to `end`, a closing or a signature."""
    made: list[Group] = []
    block, open_end, list_follows = 0, False, False
    for at, line in enumerate(lines):
        text = re.sub(r"\s+", " ", line).strip()
        if not text:
            block, open_end = block + 1, False
            continue
        if _END.fullmatch(text):
            return tuple(made)
        if closes(text) or len(made) >= MAX_GROUPS:
            break
        if greets(text) or thanks(text):
            if made and thanks(text) and _only_a_name(lines[at + 1 :]):
                break
            open_end = False
            continue
        bullet = bool(_BULLET.match(text))
        text = _BULLET.sub("", text, count=1) if bullet else text
        if list_follows and keyword_like(text):
            made[-1] = Group(
                f"{made[-1].text}{' ' if made[-1].text.endswith(':') else ', '}{text}",
                single=False,
                block=block,
            )
            continue
        list_follows = text.endswith(":")
        if made and open_end and not bullet:
            made[-1] = Group(f"{made[-1].text}{_glue(made[-1].text)}{text}", single=False, block=block)
        else:
            made.append(Group(text, single=True, block=block))
        open_end = _stays_open(made[-1], text)
    return tuple(_without_signature(made))


def closes(text: str) -> bool:
    """Whether a letter ends with this line: what follows is who wrote it."""
    return bool(_CLOSING.fullmatch(text) or _SIGNED.fullmatch(text))


def greets(text: str) -> bool:
    """Whether this line only says good day."""
    return bool(
        _GREETING.fullmatch(text)
        and len(text.split()) <= 6
        and len(re.findall(r"[\u4e00-\u9fff]", text)) <= 12
        and not re.search(r"^[A-Za-z].*[\u4e00-\u9fff]{4}", text)
        and not re.search(r"[,.!:]\s+\S|订阅|退订", text)
    )


def thanks(text: str) -> bool:
    """Whether this line only says thank you."""
    return bool(_THANKS.fullmatch(text))


def _without_signature(made: list[Group]) -> list[Group]:
    """A letter's last paragraph is who wrote it when it holds nothing but short capitalised lines.

    A typed list has no sentence before it, so its last line ("Pensions") is a keyword like the others.
    """
    if (
        len(made) > 1
        and made[-1].single
        and _FULL_NAME.fullmatch(made[-1].text)
        and _STOPS.search(made[-2].text)
    ):
        made = made[:-1]
    last = next((at for at, group in enumerate(made) if group.block == made[-1].block), 0) if made else 0
    letter = any(_SENTENCE.search(group.text) for group in made[:last])
    signed = all(group.single and _NAME.fullmatch(group.text) for group in made[last:])
    if last and letter and len(made) - last == 1 and not _ANNOUNCED.search(made[last - 1].text):
        signed = signed or bool(_HOUSE.fullmatch(made[last].text) and _STOPS.search(made[last - 1].text))
    return made[:last] if last and letter and signed else made


_SENTENCE = re.compile(
    r"\b(?:i|i'm|i'd|we|you|your|my|me|please|is|are|was|thank|thanks)\b|[.!?。！？]$|[我您你请]",
    re.IGNORECASE,
)
_HOUSE = re.compile(
    r"(?:[A-ZÀ-Þ][\w.'-]*|&|and|of|the|for|de)(?:,? (?:[A-ZÀ-Þ][\w.'-]*|&|and|of|the|for|de))+"
)
"""A department or a firm: "Accounts, Brill & Sons"."""
_ANNOUNCED = re.compile(
    r"key ?words?|topics?|subjects?|following|below|interest|关键词|主题|如下", re.IGNORECASE
)
_FULL_NAME = re.compile(r"(?:[A-ZÀ-Þ][\w.'-]+\s){1,3}[A-ZÀ-Þ][\w'-]+")
_NAME = re.compile(
    r"(?:(?:dr|prof|mr|mrs|ms|ing|em)\.?\s*)*[A-ZÀ-Þ][\w.'-]*(?:[\s-]+(?:[A-ZÀ-Þ][\w.'-]*|de|van|von|der|al|el|bin|di|da|la)){0,4}(?:,? (?:PhD|MA|MSc|MD|Jr\.?))?|[\u4e00-\u9fff]{2,4}",
)


def _only_a_name(rest: tuple[str, ...]) -> bool:
    """Whether what follows a "thanks" can only be who says it: at most three short lines that begin no command."""
    left = [line.strip() for line in rest if line.strip()]
    return len(left) <= 3 and all(
        keyword_like(line)
        and len(line) <= 40
        and not re.match(r"(?:un)?subscri|add\b|remove|stop|退订|订阅|添加|删除", line, re.IGNORECASE)
        for line in left
    )


def _glue(text: str) -> str:
    return "" if re.search(r"[\u4e00-\u9fff,，、]$", text) and not re.search(r"[a-zA-Z,]$", text) else " "


def _stays_open(group: Group, line: str) -> bool:
    """Whether the next line goes on with this one: it was wrapped, or ends in the middle of something."""
    if _STOPS.search(line):
        return False
    if _OPEN_END.search(line) and not (group.single and line.endswith(",") and keyword_like(line)):
        return bool(_PROSE.search(group.text)) or len(line) > 40
    wide = len(line) + len(re.findall(r"[\u4e00-\u9fff]", line))
    return wide >= 55 or (
        bool(re.search(r"[\u4e00-\u9fff]", line)) and wide >= 44 and bool(_PROSE.search(group.text))
    )


def sentences(text: str) -> tuple[str, ...]:
    """A group's sentences."""
    return tuple(
        piece.strip()
        for piece in _SENTENCES.split(re.sub(r"([!?！？])[!?！？]+", r"\1", text))
        if piece and (piece.strip(" .。!?") or piece.strip() == "?")
    )


def clauses(text: str) -> tuple[str, ...]:
    """A group's sentences, the Chinese ones cut where one subject is dropped and another added."""
    return tuple(clause for sentence in sentences(text) for clause in _EDITS.split(sentence) if clause)


_EDITS = re.compile(r",(?=(?:请|再|同时|并|另外|然后|帮我)*(?:添加|增加|加上|新增|删除|删掉|去掉|移除))")


def keyword_like(text: str) -> bool:
    """Whether a line could be a keyword list: short, no sentence, nothing that people only say in letters."""
    if text.rstrip().endswith((".", "。")) and not re.search(r"[,;、]", text):
        return False
    text = text.strip(" \t,;.、")
    if YES.fullmatch(text) or NO.match(text):
        return False
    if (
        not text
        or len(text) > 160
        or re.search(
            r"[.!?。！？]\s|[!?！？]$|https?://|www\.|@|^(?:[A-Z][\w]*-[\w-]+|From|To|Cc|Sent|Date|Received): ",
            text,
        )
    ):
        return False
    if (
        _PROSE.search(re.sub(r"\"[^\"]*\"", "", text))
        or _THANKS.fullmatch(text)
        or _CLOSING.fullmatch(text)
        or _GREETING.fullmatch(text)
    ):
        return False
    letters = re.findall(r"[^\W\d_]", text)
    if len(letters) < 2 or re.fullmatch(r"[\d\s()+./-]{6,}", text):
        return False
    return not re.search(r"\d{7}", text) and all(
        len(piece.split()) <= 7
        and len(piece) <= 70
        and len(re.findall(r"[\u4e00-\u9fff]", piece)) <= LONGEST_CHINESE
        and not (re.search(r"[\u4e00-\u9fff]", piece) and (speaks(piece) or when.find(piece).when))
        for piece in re.split(r"[,;、，；]", text)
    )


def is_name(text: str, setting: Setting) -> bool:
    """Whether a line is just the sender's name."""
    known = re.findall(r"\w+", f"{setting.name} {setting.author.partition('@')[0]}".lower())
    words = [
        word for word in re.findall(r"\w+", text.lower()) if word not in {"dr", "prof", "mr", "mrs", "ms"}
    ]
    squeezed = "".join(words)
    return bool(words) and (
        all(word in known for word in words)
        or squeezed in {"".join(known), setting.author.partition("@")[0].lower()}
    )
