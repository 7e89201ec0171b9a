"""Subscribe and add: keywords come in."""

from __future__ import annotations

import re

from alertd.postmaster.commands.model import Command, Entry, Setting, Typed, Verb
from alertd.postmaster.commands.phrases import keywords
from alertd.postmaster.commands.subjects import SELF, plausible


def _for_another(typed: Typed, setting: Setting) -> bool:
    """Nobody signs up somebody else."""
    named = (address.strip(".,;<>").lower() for address in re.findall(r"\S+@\S+\.\w+", typed.rest))
    return any(address not in {setting.author.lower(), *setting.own_words} for address in named)


def _subscribe(typed: Typed, setting: Setting) -> Command | None:
    if re.match(r"\W*(?:哪些|哪个|哪几|什么|which|what)", typed.rest, re.IGNORECASE):
        return None
    found, timing = keywords(typed.rest, setting, sentence=False)
    return (
        Command(Verb.SUBSCRIBE, found, timing)
        if plausible(found) and not _for_another(typed, setting)
        else None
    )


def _add(typed: Typed, setting: Setting) -> Command | None:
    if SELF.search(typed.rest):
        return None
    spoken = typed.name.lower() in {"also", "plus"}
    found, timing = keywords(typed.rest, setting, sentence=spoken)
    return Command(Verb.ADD, found, timing) if found and plausible(found) else None


# fmt: off
ADD = Entry(
    Verb.ADD,
    ("add", "include", "plus", "also"),
    ("添加", "增加", "加上", "加入", "新增", "再加", "增订", "补充", "追加"),
    ("add KEYWORDS", "添加 关键词"),
    ("add keywords to those you have", "在已有关键词之外再添加"),
    _add,
)

SUBSCRIBE = Entry(
    Verb.SUBSCRIBE,
    ("subscribe", "sub", "join", "sign up", "signup", "register", "enrol", "enroll", "resubscribe", "re-subscribe", "abonnieren"),
    ("订阅", "加入订阅", "定阅", "重新订阅", "订购"),
    ("subscribe [KEYWORDS, KEYWORDS ...]", "订阅 [关键词，关键词……]"),
    (
        "reports that match; commas separate keywords, all words of one must occur; no keywords means every report",
        "订阅含有关键词的报告；逗号分开多个关键词；不写关键词表示全部报告",
    ),
    _subscribe,
)
# fmt: on
ENTRIES = (ADD, SUBSCRIBE)
