"""Language, format, address."""

from __future__ import annotations

import re

from alertd.postmaster.commands.generic import strip_polite
from alertd.postmaster.commands.model import Command, Entry, Setting, Verb, pattern

_LANGUAGES = {
    "en": (
        "english",
        "en",
        "eng",
        "in english",
        "to english",
        "英文",
        "英语",
        "英文版",
        "英語",
        "anglais",
        "englisch",
    ),
    "zh": (
        "chinese",
        "zh",
        "cn",
        "chn",
        "zh-cn",
        "simplified chinese",
        "mandarin",
        "in chinese",
        "to chinese",
        "中文",
        "汉语",
        "简体",
        "简体中文",
        "中文版",
        "华语",
        "漢語",
        "chinesisch",
    ),
}
_FORMATS = {
    "html": ("html", "rich text", "html format", "网页", "富文本"),
    "text": (
        "text",
        "plain",
        "plain text",
        "plaintext",
        "plain-text",
        "txt",
        "text only",
        "ascii",
        "纯文本",
        "文本",
        "纯文字",
        "文字",
        "text/plain",
    ),
}
_ADDRESS = re.compile(
    r"[^\s@<>(),;:\"\\\[\]，。；：]{1,64}@[A-Za-z0-9\u0080-\U0010ffff.-]{1,250}\.[A-Za-z\u0080-\U0010ffff]{2,}"
)


def _choice(text: str, choices: dict[str, tuple[str, ...]]) -> str:
    low = strip_polite(text).lower().strip(" :=\"'")
    low = re.sub(
        r"^(?:to |is |in |as |into |be |: ?|= ?|改成|改为|为|设为|是|用|换成)+|(?: (?:format|version|language|mails?|e-?mails?|only|please))+$|(?:格式|版本?|邮件|语言|的)+$",
        "",
        low,
    ).strip()
    return next((choice for choice, names in choices.items() if low in names), "")


def _language(match: re.Match[str], _setting: Setting) -> Command | None:
    choice = _choice(match["rest"], _LANGUAGES)
    return Command(Verb.LANGUAGE, value=choice) if choice else None


def _format(match: re.Match[str], _setting: Setting) -> Command | None:
    choice = _choice(match["rest"], _FORMATS)
    return Command(Verb.FORMAT, value=choice) if choice else None


def _no_html(_match: re.Match[str], _setting: Setting) -> Command:
    return Command(Verb.FORMAT, value="text")


def _address(match: re.Match[str], setting: Setting) -> Command | None:
    """The last address named that is not the sender's own: "from OLD to NEW" names the new one last."""
    named = [
        found.rstrip(".")
        for found in _ADDRESS.findall(match["rest"])
        if found.rstrip(".").lower() != setting.author.lower()
    ]
    return Command(Verb.ADDRESS, value=named[-1]) if named else None


_EN_LANGUAGE = r"(?:english|chinese|mandarin|simplified chinese)"
_FORMAT_WORDS = r"(?:html|plain[ -]?text|text[ -]only|text|rich text|plain)"

ENTRIES = (
    Entry(
        Verb.ADDRESS,
        (
            "change address",
            "address",
            "set address",
            "new address",
            "move to",
            "change email",
            "change e-mail",
            "change my address",
        ),
        ("更改地址", "更换邮箱", "换邮箱", "修改邮箱", "更改邮箱", "变更邮箱", "改邮箱"),
        ("change address new@example.org", "更换邮箱 new@example.org"),
        ("send to another address; it is asked to confirm", "改用另一个邮箱（需在新邮箱确认）"),
        _address,
        (
            (
                pattern(
                    r"\b(?:change|update|switch|move|set|modify|transfer|replace)\b[^@]{0,40}\b(?:address|e-?mail|mail|subscription|account|mailbox|alerts?|mails?|reports?|deliver\w*)\b(?P<rest>.*@.*)$"
                ),
                _address,
            ),
            (
                pattern(
                    r"\b(?:(?:my |our )?(?:new|other|current|changed) (?:e-?mail |mail )?(?:address|e-?mail|mailbox)|(?:e-?mail |mail )?address (?:has )?changed|my (?:e-?mail |mail )?address (?:will be|is now|becomes|is))\b(?P<rest>.*@.*)$"
                ),
                _address,
            ),
            (
                pattern(
                    r"\b(?:send|deliver|mail|use|forward)\b[^@]{0,60}?\b(?:to|instead|address|use)\b(?P<rest>.*@.*)$"
                ),
                _address,
            ),
            (
                pattern(
                    r"(?=.*\b(?:instead|from now|as of|as from|henceforth|new|in future|starting)\b).*\b(?:write|reach|contact|get)\b[^@]{0,40}\b(?:to|at|under|via|on)\b (?P<rest>.*@.*)$"
                ),
                _address,
            ),
            (pattern(r"\b(?:use|switch to|move to|change to) (?P<rest>\S+@\S+(?: .{0,40})?)$"), _address),
            (
                pattern(
                    r"(?:更换|换|更改|修改|变更|改)(?:一下)?(?:我的)?(?:接收|订阅|收件)?(?:的)?(?:电子)?(?:邮箱|邮件地址|地址|邮件)(?:地址)?(?P<rest>.*@.*)$"
                ),
                _address,
            ),
            (
                pattern(
                    r"(?:邮箱|邮件地址|地址).{0,8}?(?:变更|更换|更新|改|换)(?:为|成|到|了)?(?P<rest>.*@.*)$"
                ),
                _address,
            ),
            (
                pattern(
                    r"(?:新(?:的)?(?:电子)?(?:邮箱|邮件地址|地址)|发到|发送到|改发|改用|寄到|改成|换成|改为)(?P<rest>.*@.*)$"
                ),
                _address,
            ),
        ),
    ),
    Entry(
        Verb.LANGUAGE,
        ("language", "lang", "set language", "set lang"),
        ("语言", "語言", "语言设为"),
        ("language en | zh", "语言 中文 | 英文"),
        ("the language of our mails", "邮件所用的语言"),
        _language,
        (
            (
                pattern(r"^(?:set |change |switch |make )?(?:the |my )?(?:language|lang)\b(?P<rest>.+)$"),
                _language,
            ),
            (
                pattern(
                    rf"^(?:(?:please )?(?:send|write|switch|change|set|i (?:prefer|want|would like|'d like|would prefer|speak|read|need)|prefer|answer|reply|get|receive|use|have)\b(?: (?:me|us|it|them|to|in|the|my|your|mails?|e-?mails?|digests?|reports?|answers?|everything|all|messages?|alerts?|only|language))*|(?:my |the |your |all )?(?:mails?|e-?mails?|digests?|alerts?|summar(?:y|ies)|answers?) (?:in|to|into)|in|into|to|only)? ?(?P<rest>{_EN_LANGUAGE})(?: (?:language|version|mails?|e-?mails?|digests?|only|please|text|instead|if possible))*$"
                ),
                _language,
            ),
            (
                pattern(
                    r"^(?:请|把|将|我的|改|改成|改为|换成|换为|切换到|切换成|用|使用|以|发|发送|给我|我要|我想要|希望|想要|收|收到|语言|设为|为|:|都|以后|邮件|请用)*(?P<rest>中文版?|英文版?|英语|汉语|简体中文|中文|英文)(?:的|邮件|版|报告|发送|发|写|回复|给我|摘要|发给我|就好|吧|版本)*$"
                ),
                _language,
            ),
        ),
    ),
    Entry(
        Verb.FORMAT,
        ("format", "set format", "set mail", "mail format"),
        ("格式", "邮件格式"),
        ("format html | text", "格式 html | 纯文本"),
        ("formatted mails, or plain text only", "网页格式或纯文本"),
        _format,
        (
            (
                pattern(
                    r"\b(?:no|without|not want|don'?t want|dont want|no more|not like|don'?t like|hate|can'?t (?:read|see|display|open)|cannot (?:read|see|display|open)|do not (?:send|use)|don'?t (?:send|use))(?: (?:any|the|your|me|to receive|to get))* (?:html|rich text|formatted)\b|不要(?:用|发)?html|看不了html|html(?:邮件)?(?:看不了|打不开|显示不了)"
                ),
                _no_html,
            ),
            (
                pattern(r"^(?:set |change |switch )?(?:the |my )?(?:mail |e-?mail )?format\b(?P<rest>.+)$"),
                _format,
            ),
            (
                pattern(
                    rf"^(?:(?:send|switch|change|set|i (?:prefer|want|would like|'d like|would prefer|need)|prefer|get|receive|use|have|make)\b(?: (?:me|us|it|them|to|in|as|the|my|your|mails?|e-?mails?|digests?|reports?|everything|all|messages?|alerts?|only))*|in|as|only)? ?(?P<rest>{_FORMAT_WORDS})(?: (?:format|version|mails?|e-?mails?|digests?|only|please|instead|if possible|messages?))*$"
                ),
                _format,
            ),
            (
                pattern(
                    r"^(?:请|把|将|我的|改|改成|改为|换成|换为|切换到|用|使用|以|发|发送|给我|我要|我想要|希望|想要|收|邮件|格式|设为|为|:|都)*(?P<rest>html|纯文本|文本|纯文字|富文本)(?:格式|的|邮件|版|发送|发|就好|吧|版本|发给我)*$"
                ),
                _format,
            ),
        ),
    ),
)
