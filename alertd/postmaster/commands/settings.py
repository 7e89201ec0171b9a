"""Language, format, address."""

from __future__ import annotations

import re

from alertd.postmaster.commands.generic import strip_polite
from alertd.postmaster.commands.model import Command, Entry, Setting, Typed, Verb

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


def _language(typed: Typed, _setting: Setting) -> Command | None:
    choice = _choice(typed.rest, _LANGUAGES)
    return Command(Verb.LANGUAGE, value=choice) if choice else None


def _format(typed: Typed, _setting: Setting) -> Command | None:
    choice = _choice(typed.rest, _FORMATS)
    return Command(Verb.FORMAT, value=choice) if choice else None


def other_addresses(text: str, setting: Setting) -> list[str]:
    """The addresses named in a text that are not the sender's own."""
    named = (found.rstrip(".") for found in _ADDRESS.findall(text))
    return [each for each in named if each.lower() != setting.author.lower()]


def beside_addresses(text: str) -> str:
    """What a text says beside the mailboxes that it names."""
    return _MAILBOX.sub("", text)


_MAILBOX = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)


def _address(typed: Typed, setting: Setting) -> Command | None:
    """The last address named that is not the sender's own: "from OLD to NEW" names the new one last."""
    named = other_addresses(typed.rest, setting)
    return Command(Verb.ADDRESS, value=named[-1]) if named else None


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
    ),
    Entry(
        Verb.LANGUAGE,
        ("language", "lang", "set language", "set lang"),
        ("语言", "語言", "语言设为"),
        ("language en | zh", "语言 中文 | 英文"),
        ("the language of our mails", "邮件所用的语言"),
        _language,
    ),
    Entry(
        Verb.FORMAT,
        ("format", "set format", "set mail", "mail format"),
        ("格式", "邮件格式"),
        ("format html | text", "格式 html | 纯文本"),
        ("formatted mails, or plain text only", "网页格式或纯文本"),
        _format,
    ),
)
