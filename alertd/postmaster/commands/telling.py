"""Wishes that are told in more than one clause: one subject for another, where somebody lives, an address that changes."""

from __future__ import annotations

import re
import unicodedata

from alertd.postmaster.commands import when
from alertd.postmaster.commands.generic import is_generic
from alertd.postmaster.commands.model import Command, Setting, Verb
from alertd.postmaster.commands.phrases import split, topic
from alertd.postmaster.commands.places import find_zone
from alertd.postmaster.commands.subjects import plausible

_EXCHANGE = (
    re.compile(
        r"\b(?:replace|swap|exchange|substitute)\s+(?P<old>.{2,80}?)\s+(?:with|by|for|against)\s+(?P<new>.{2,80}?)[.!?]*$",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bchange\s+(?:the |my )?(?:key ?words? )?(?P<old>[\"'“‘].{2,60}?[\"'”’])\s+(?:to|into)\s+(?P<new>[\"'“‘].{2,60}?[\"'”’])[.!?]*$",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:把|将)(?P<old>[^,把将]{2,30}?)(?:这个|那个)?(?:关键词|主题)?(?:换成|改成|改为|换为|替换为|替换成)(?P<new>[^,。]{2,30}?)[。!]?$"
    ),
)
_SETTINGS = re.compile(
    r"html|plain|text|english|chinese|format|language|address|中文|英文|文本|格式|时间|时区|邮箱|频率|\bit\b|\bthem\b|每",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\b(?:times?|time ?zone|clock|hours?|night)\b", re.IGNORECASE)
_PLACE = re.compile(r"\b(?:in|to) (?P<place>(?:[A-ZÀ-Þ][\w'-]+ ?){1,3})")
_ADDRESS = re.compile(r"[^\s@<>(),;:\"，。；：]{1,64}@[A-Za-z0-9.-]{1,200}\.[A-Za-z]{2,}")
_MOVES = re.compile(
    r"\b(?:new|chang\w+|moved?|moving|updat\w+|instead|replac\w+|from (?:now|then)|as of|no longer (?:valid|use|in use)|old)\b|换|改|变更|停用|新",
    re.IGNORECASE,
)
_MAILBOX = re.compile(
    r"\b(?:address|e-?mails?|mails?|mailbox|domain|account|reach(?:ed)?|records|write)\b|邮箱|邮件|地址|信箱",
    re.IGNORECASE,
)


def exchange(sentence: str, setting: Setting) -> tuple[Command, ...]:
    """The two commands of "replace coal with renewables"; nothing when either side is no subject."""
    for expression in _EXCHANGE:
        match = expression.search(sentence)
        if (
            match is None
            or _SETTINGS.search(f"{match['old']} {match['new']}")
            or when.find(match["new"]).when
        ):
            continue
        old, new = (_bare(match[side]) for side in ("old", "new"))
        if (
            old
            and new
            and plausible(old, prose=True)
            and plausible(new, prose=True)
            and not any(is_generic(each, setting) for each in old + new)
        ):
            return (
                Command(Verb.REMOVE, old, line=sentence[:200]),
                Command(Verb.ADD, new, line=sentence[:200]),
            )
    return ()


def _bare(text: str) -> tuple[str, ...]:
    """The subjects on one side, without quotes around them."""
    return tuple(each.strip("\"“”'‘’「」") for each in split(topic(text), sentence=True))


def told_only(text: str, setting: Setting) -> list[Command]:
    """What a mail without any command of its own still tells: a new address, or the place whose time is wanted."""
    others = [
        each.rstrip(".")
        for each in _ADDRESS.findall(text)
        if each.rstrip(".").lower() != setting.author.lower()
    ]
    if len(set(others)) == 1 and _MOVES.search(text) and _MAILBOX.search(_ADDRESS.sub("", text)):
        return [Command(Verb.ADDRESS, value=others[0], line=text[:200])]
    for match in _PLACE.finditer(text) if _CLOCK.search(text) else ():
        words = match["place"].split()
        for length in range(len(words), 0, -1):
            if zone := find_zone(_unaccented(" ".join(words[:length]))):
                return [Command(Verb.ZONE, value=zone, line=text[:200])]
    return []


def _unaccented(place: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", place) if not unicodedata.combining(each))
