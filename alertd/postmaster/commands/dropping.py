"""Remove: some keywords go, the rest stays."""

from __future__ import annotations

import re

from alertd.model import Kind
from alertd.postmaster.commands.model import Command, Entry, Setting, Verb, pattern
from alertd.postmaster.commands.phrases import keywords
from alertd.postmaster.commands.subjects import SELF, plausible


def _remove(match: re.Match[str], setting: Setting) -> Command | None:
    if SELF.search(match["rest"]):
        return None
    found, timing = keywords(match["rest"], setting, sentence=False)
    timed = timing is not None and timing.kind is not Kind.IMMEDIATE
    return Command(Verb.REMOVE, found) if found and not timed and plausible(found) else None


def _unwanted(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence that refuses a subject. "No daily mails" and "nothing until Monday" refuse none."""
    if re.search(r"\b(?:until|till)\b|之前|期间|为止", match["rest"]):
        return None
    found, timing = keywords(match["rest"], setting, sentence=True)
    timed = timing is not None and timing.kind is not Kind.IMMEDIATE
    if timed or not found or any(SELF.search(query) or "@" in query for query in found):
        return None
    return Command(Verb.REMOVE, found) if plausible(found, prose=True) else None


# fmt: off
REMOVE = Entry(
    Verb.REMOVE,
    ("remove", "delete", "del", "drop", "erase", "rm"),
    ("删除", "移除", "去掉", "删掉", "去除"),
    ("remove KEYWORDS", "删除 关键词"),
    ("drop some of your keywords; you stay subscribed to the rest", "删除某些关键词，其余订阅不变"),
    _remove,
    (
        (pattern(r"(?:\b(?:no longer|not|dont|not any ?more|nothing)|n't)(?: really| at all)? (?:be )?(?:interested in|need(?: to (?:get|receive|see|have))?|want(?: to (?:get|receive|see|have|hear|read|know))?|care (?:about|for)|care|wish to (?:get|receive|see|have|hear)|like to (?:get|receive)|require)\b ?(?P<rest>.+?)(?: any ?more| any longer| in future| in the future)?$"), _unwanted),
        (pattern(r"\b(?:do not|don'?t|never|stop|quit|cease|no need to) (?:send(?:ing)?|mail(?:ing)?|e-?mail(?:ing)?|giv(?:e|ing)|deliver(?:ing)?)(?: me| us| to me)? (?P<rest>.+?)(?: to me)?(?: any ?more| any longer| again| in future)?$"), _unwanted),
        (pattern(r"^(?P<rest>.+?) (?:does not|doesn'?t|do not|don'?t|no longer|never)(?: really)? (?:interests?|concerns?|matters? to|appeals? to)(?: me| us)?(?: any ?more| any longer)?$"), _unwanted),
        (pattern(r"\b(?:no more|enough(?: of)?|without) (?P<rest>.+?)(?: please)?$"), _unwanted),
        (pattern(r"^(?:unsubscribe|unsub|sign (?:me )?off|opt (?:me )?out|cancel|stop|leave|discontinue|end|remove|delete|drop) (?:me |us )?(?:off |out )?(?:from |of )?(?P<rest>.+)$"), _unwanted),
        (pattern(r"^(?:take|get|strike|cross|leave|pull) (?P<rest>(?!me\b|us\b|my\b).+?) (?:off|out|from)(?: (?:of|from))?(?: (?:my|the) .{1,30})?$"), _unwanted),
        (pattern(r"^(?:take|get|drop|remove) (?:me|us) (?:off|out of|from) (?P<rest>.+)$"), _unwanted),
        (pattern(r"^(?P<rest>.+?) (?:can|should|may|is|are|is to|are to)(?: now| please)? (?:be )?(?:removed|dropped|deleted|go|not needed|no longer (?:needed|of interest|relevant|interesting))(?: (?:from|off).*)?$"), _unwanted),
        (pattern(r"^(?P<rest>.+?)(?:这个|这些|那个)?(?:方面|相关|有关)?(?:的)?(?:报告|关键词|主题|内容|文章|邮件)?(?:以后|今后|就|都)*(?:不需要|不要|不用|不想要|不想看|不看|不想收到|不再需要)(?:再)?(?:发|收|看)?了?$"), _unwanted),
        (pattern(r"(?:不要再?|不想再?|不用再?|不必再?|不需要再?|无需再?|请勿再?|勿再?|别再?|停止|不再|不)(?:给我|向我)?(?:需要|想要|收到|接收|发送|推送|关注|订阅|要(?!再|给|等|把|总|每|这么|那么|在|用|发|停|退|取消|删)|发|看|收)(?:给我)?(?P<rest>.*[\u4e00-\u9fffA-Za-z].*)$"), _unwanted),
        (pattern(r"^(?:把|将)(?P<rest>.+?)(?:这个|这些)?(?:关键词|主题|订阅|词)?(?:从.{0,10})?(?:删除|删掉|去掉|移除|取消|退订|删了|去除)(?:掉|了)?(?:吧)?$"), _unwanted),
        (pattern(r"^(?P<rest>.+?)(?:这个|那个|这些)?(?:关键词|主题|词)?(?:可以|就|请)+(?:去掉|删掉|删除|取消|移除|不要|不用)(?:掉)?了?$"), _unwanted),
        (pattern(r"(?:对)(?P<rest>[^,]+?)(?:已经)?(?:不再|没有|没|不)(?:再)?(?:感)?兴趣"), _unwanted),
        (pattern(r"^(?:退订|取消订阅|取消|停止订阅|停订|退定|退阅|删除|移除|去掉|删掉)(?:掉)?(?:对)?(?P<rest>.+)$"), _unwanted),
    ),
)
# fmt: on
ENTRIES = (REMOVE,)
