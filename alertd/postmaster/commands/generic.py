"""Words that name no subject: politeness, and all the names people have for this service and its mails."""

from __future__ import annotations

import re

from alertd.postmaster.commands.model import Setting
from alertd.postmaster.prose.lexicon import Part, tokens

_POLITE = re.compile(
    r"(?:^|[\s,;]+)(?:please|pls|plz|kindly|thanks?(?: you)?(?: very much| so much| a lot| in advance)?|thx|many thanks|cheers|ta|if (?:that is |that's |it is |it's )?possible|"
    r"as well|too|also|instead|for me|to me|only|from now on|asap|right now|now|with immediate effect|effective immediately|at all|any ?more|any longer|from you|(?:in|from|at|with) (?:the|your) (?:catalogue|list|service|digests?|alerts?|mails?|subscription)|"
    r"(?:from|to|on|in|off) my (?:list|subscriptions?|alerts?|key ?words?|queries|profile|account|topics?)|into my (?:list|subscription)|to (?:this|my) (?:address|e-?mail|mailbox|inbox)|by (?:e-?)?mail|via (?:e-?)?mail|when(?:ever)? (?:they|it) (?:appears?|comes? out|(?:are|is) published))"
    r"[\s.,!;)]*$|[\s,;]*(?:谢谢您?|多谢|感谢|就行|就好|就可以|即可|拜托了?|麻烦了?|辛苦了?|吧|哦|呢|啊|呀|好吗|可以吗|行吗|吗|了)[\s.,!;。]*$",
    re.IGNORECASE,
)
_GENERIC = frozenset(
    [
        "me",
        "us",
        "my",
        "our",
        "i",
        "mine",
        "myself",
        "the",
        "a",
        "an",
        "this",
        "that",
        "these",
        "those",
        "all",
        "any",
        "every",
        "your",
        "you",
        "of",
        "to",
        "from",
        "for",
        "on",
        "off",
        "in",
        "up",
        "new",
        "latest",
        "please",
        "it",
        "its",
        "them",
        "everything",
        "anything",
        "whole",
        "entire",
        "complete",
        "both",
        "out",
        "more",
        "list",
        "lists",
        "mailing",
        "mailing-list",
        "maillist",
        "address",
        "addresses",
        "e-mail",
        "email",
        "e-mails",
        "emails",
        "mail",
        "mails",
        "account",
        "alert",
        "alerts",
        "report",
        "reports",
        "paper",
        "papers",
        "article",
        "articles",
        "publication",
        "publications",
        "system",
        "database",
        "db",
        "subscriber",
        "subscribers",
        "membership",
        "subscription",
        "subscriptions",
        "registration",
        "newsletter",
        "newsletters",
        "here",
        "name",
        "catalogue",
        "catalog",
        "site",
        "institute",
        "centre",
        "center",
        "distribution",
        "bulletin",
        "feed",
        "listserv",
        "stream",
        "thank",
        "thanks",
        "now",
        "today",
        "immediately",
        "already",
        "further",
        "future",
        "any",
        "anymore",
        "longer",
        "again",
        "com",
        "service",
        "services",
        "update",
        "updates",
        "news",
        "notification",
        "notifications",
        "notice",
        "notices",
        "message",
        "messages",
        "digest",
        "digests",
        "mailings",
        "summary",
        "summaries",
        "information",
        "info",
        "stuff",
        "thing",
        "things",
        "post",
        "posts",
        "release",
        "releases",
        "kind",
        "type",
        "sort",
        "at",
        "once",
        "asap",
        "right",
        "away",
        "very",
        "much",
        "so",
        "many",
        "such",
        "by",
        "via",
        "with",
        "and",
        "or",
        "regular",
        "list-serv",
        "keyword",
        "keywords",
        "query",
        "queries",
        "topic",
        "topics",
        "alerting",
        "work",
        "research",
        "studies",
        "one",
        "single",
        "per",
        "preferably",
        "just",
        "only",
        "study",
        "test",
        "testing",
        "today's",
        "else",
        "rest",
        "others",
        "other",
        "ty",
        "posted",
        "informed",
        "updated",
        "notified",
        "absence",
    ]
)
_ZH_GENERIC = re.compile(
    r"(?>电子邮件|电子邮箱|邮件列表|这个|这些|你们|您们|所有|全部|一切|任何|最新|邮件|邮箱|报告|列表|名单|服务|订阅|通知|提醒|推送|地址|系统|数据库|研究|目录|中心|消息|信息|内容|资讯|更新|"
    r"一下|发来|不需要|谢谢|摘要|清单|论文|文章|简报|周报|日报|月报|申请|请求|咨询|修改|事宜|问题|希望|最好|以后|今后|从现在起|现在|关键词|主题|其他|别的|照旧|单位|发布|变更|设置|管理|[我的该本此贵份篇封这那您你们新所院里中从在了吧把将给都发来,，])++"
)


def strip_polite(text: str) -> str:
    """The text without politeness at its end and punctuation around it."""
    before = None
    while before != text:
        before = text
        text = _POLITE.sub("", text).strip(" \t,;.!?~、，。；:…")
    return text


def is_generic(text: str, setting: Setting) -> bool:
    """Whether these words name this service or everything in it, rather than a subject."""
    low = strip_polite(text.lower()).strip("\"'《》“”")
    if not low:
        return True
    words = re.findall(r"[\w@.+-]+", low)
    if all(word in setting.own_words or word == setting.author.lower() for word in words):
        return True
    rest = [
        word.strip(".'-")
        for word in words
        if word not in setting.own_words and word != setting.author.lower()
    ]
    return all(word in _GENERIC for word in rest) or bool(_ZH_GENERIC.fullmatch(low)) or only_wrapping(low)


def only_wrapping(text: str) -> bool:
    """Whether Chinese words are nothing but what people wrap a subject in: 贵处的报告."""
    found = tokens(text) if re.search(r"[\u4e00-\u9fff]", text) else ()
    return bool(found) and all(token.part in {Part.FILL, Part.MAILS, Part.JOIN} for token in found)
