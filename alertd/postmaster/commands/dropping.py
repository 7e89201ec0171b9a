"""Remove: some keywords go, the rest stays."""

from __future__ import annotations

from alertd.model import Kind
from alertd.postmaster.commands.model import Command, Entry, Setting, Typed, Verb
from alertd.postmaster.commands.phrases import keywords
from alertd.postmaster.commands.subjects import SELF, plausible


def _remove(typed: Typed, setting: Setting) -> Command | None:
    if SELF.search(typed.rest):
        return None
    found, timing = keywords(typed.rest, setting, sentence=False)
    timed = timing is not None and timing.kind is not Kind.IMMEDIATE
    return Command(Verb.REMOVE, found) if found and not timed and plausible(found) else None


# fmt: off
REMOVE = Entry(
    Verb.REMOVE,
    ("remove", "delete", "del", "drop", "erase", "rm"),
    ("删除", "移除", "去掉", "删掉", "去除"),
    ("remove KEYWORDS", "删除 关键词"),
    ("drop some of your keywords; you stay subscribed to the rest", "删除某些关键词，其余订阅不变"),
    _remove,
)
# fmt: on
ENTRIES = (REMOVE,)
