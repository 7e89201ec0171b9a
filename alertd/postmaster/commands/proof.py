"""Confirming and declining what we asked."""

from __future__ import annotations

import re

from alertd.postmaster.commands.model import Command, Entry, Setting, Typed, Verb, pattern

_TOKEN = re.compile(r"[A-Za-z2-7]{16,200}")


def _confirm(typed: Typed, _setting: Setting) -> Command | None:
    found = _TOKEN.search(typed.rest)
    return Command(Verb.CONFIRM, value=found[0].lower()) if found else None


ENTRIES = (
    Entry(
        Verb.CONFIRM,
        ("confirm", "auth", "accept", "approve", "verify", "activate"),
        ("确认", "同意", "確認"),
        ("confirm CODE", "确认 CODE"),
        (
            "what a confirmation mail asks; answering that mail is enough",
            "确认我们发出的请求；直接回复确认邮件即可",
        ),
        _confirm,
        ((pattern(r".*?(?:\bconfirm\b|确认|確認)[:\s]+(?P<rest>[A-Za-z2-7]{16,200})\b.*"), _confirm),),
    ),
)

YES = re.compile(
    r"(?>(?:yes|yep|yeah|y|ok(?:ay)?|sure|confirm(?:ed)?|i confirm|i (?:do )?(?:agree|accept)|agreed?|accept(?:ed)?|approved?|correct|right|done|please do|go ahead|"
    r"that(?:'s| is| was) (?:me|right|correct)|it(?:'s| is| was) me|thanks?|thank you|thx|cheers|great|fine|please|subscribe(?: me)?|ja|oui|si|sí|da|sim|"
    r"是的?|是我|好的?|确认|確認|同意|可以|对的?|没问题|谢谢|收到|行|嗯|okay)[\s,.!~，。！]*(?:订阅|了|本人)?[\s,.!~，。！]*)++",
    re.IGNORECASE,
)
NO = re.compile(
    r"^(?:no|nope|nein|non|never|not me)\b|\b(?:i )?(?:did ?n'?t|did not|have not|haven'?t|never) (?:ask|request|subscribe|sign|want|do|send|make|order|write|register|requested|asked|subscribed|signed)|"
    r"\b(?:not me|wasn'?t me|was not me|not my (?:request|doing)|someone else|somebody else|by mistake|spam|decline|reject|refuse|deny|ignore this|cancel|unsubscribe|remove|stop|don'?t|do not|not interested|no thanks?|no,)\b|"
    r"^(?:不|否)|不是我|没有?(?:订阅|申请|要求|请求)|不要|不同意|拒绝|取消|退订|别|不想|不需要|误",
    re.IGNORECASE,
)
"""What declines a confirmation that asks to join or to change; never obeyed as a yes."""
