"""The subjects of a sentence as the query one would type for them, and as the person's own keyword where it is one."""

from __future__ import annotations

import re

import Stemmer

from alertd.postmaster.commands.generic import is_generic
from alertd.postmaster.commands.model import Setting
from alertd.postmaster.commands.phrases import CHINESE_AND
from alertd.postmaster.prose.lexicon import Part, tokens
from alertd.postmaster.prose.marks import Role, Subject
from alertd.postmaster.prose.words import TELLING

_STEM = Stemmer.Stemmer("english")
_EDGE = " \t,;:.!?。，；：！？、"
_OPEN, _CLOSE = "\"“'‘「『《(（", "\"”'’」』》)）"
_EMPTY = TELLING | {Part.FILL, Part.MAILS, Part.TIME, Part.JOIN}
_FIELD = re.compile(r"\b(?:author|title|keyword|abstract|department|catalogue|number)s?:$", re.IGNORECASE)
"""A field of the query language in front of what it is to hold."""
_LED = re.compile(
    r"^(?:(?:mention(?:s|ing)?|about|on|concerning|regarding|covering|china'?s)\s+)+", re.IGNORECASE
)
_TRAILED = re.compile(
    r"(?<=..)(?:这[几两三些]?(?:个|方面|类)?|那[几些]|方面|相关|有关|问题|等|领域|话题|主题|关键[词字])+$"
)
"""What stands around a subject and is no part of it."""
_CALLED = re.compile(r"\d[\dxX*-]{6,}|https?:|www\.")
"""A telephone number or a link is nobody's subject."""
LONGEST = 200


def named(text: str, subjects: tuple[Subject, ...], role: Role, setting: Setting) -> tuple[str, ...]:
    """The queries for a sentence's subjects of one role, each once."""
    found = (_query(text, each, setting) for each in subjects if each.role is role)
    return tuple(dict.fromkeys(part for query in found for part in _parts(query) if part))


def _parts(query: str) -> list[str]:
    """Chinese names that are joined to one: 长照与高龄化 are two."""
    return [query] if query.startswith('"') else CHINESE_AND.split(query)


def theirs(query: str, setting: Setting) -> str:
    """The keyword of the person that this can only mean ("pension" for "pensions"), else the query itself."""
    plain = query.strip('"').lower()
    if plain in setting.labels:
        return plain
    stems = _stems(plain)
    close = [label for label in setting.labels if _stems(label) == stems]
    close = close or [label for label in setting.labels if stems and _stems(label) <= stems]
    close = close or [label for label in setting.labels if stems and stems <= _stems(label)]
    return close[0] if len(close) == 1 else query


def _stems(text: str) -> frozenset[str]:
    return frozenset(_STEM.stemWords(re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]", text.lower())))


def _query(text: str, subject: Subject, setting: Setting) -> str:
    start, end = _on_words(text, subject.start, subject.end)
    while start < end and text[start] in _EDGE + _OPEN:
        start += 1
    while start < end and text[end - 1] in _EDGE + _CLOSE:
        end -= 1
    query = _LED.sub("", _TRAILED.sub("", text[start:end]))
    words = tokens(query)
    if not words or len(query) > LONGEST or all(word.part in _EMPTY for word in words):
        return ""
    if (
        is_generic(query, setting)
        or "@" in query
        or _CALLED.search(query)
        or not re.search(r"[^\W\d_]{2}|[\u4e00-\u9fff]", query)
    ):
        return ""
    quoted = start > 0 and text[start - 1] in '"“' and text[end : end + 1] in {'"', "”"}
    query = f'"{query}"' if quoted and " " in query else query
    field = _FIELD.search(text[: start - quoted])
    return f"{field[0]}{query}" if field else query


def _on_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch without half of a word that says what is wished: 阅养老金 after 订 is 养老金."""
    for word in tokens(text):
        if word.part in TELLING and word.start < start < word.end:
            start = word.end
        if word.part in TELLING and word.start < end < word.end:
            end = word.start
    return start, max(start, end)
