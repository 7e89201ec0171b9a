"""What a mail is about, when it is not about our mails: offers and invoices, appointments, other people's wishes."""

from __future__ import annotations

import re

from alertd.postmaster.commands.model import ASKING, Command, Verb

FOR_ONESELF = frozenset({Verb.SUBSCRIBE, Verb.ADD, Verb.LEAVE, Verb.REMOVE, Verb.FORGET})
"""What nobody can ask for in another's name."""
_SOLICITING = re.compile(
    r"\b(?:invoices?|overdue|lottery|jackpot|casino|bitcoin|crypto|loans?|seo|backlinks?|web ?design|web ?master|verified e-?mail|discount|\d+ ?% off|affordable|dear customer|cheap|pills?|medications?|"
    r"million|usd|euros?|audit|phone number|congratulations|selected|winner|click (?:here|below|now)|act now|limited offer|our (?:offers?|products?|services|company)|boost|traffic|sales|attached document|payment)\b|"
    r"发票|代开|税点|优惠|加微信|贷款|彩票|中奖|展会|展台|报价|推广|引流|竭诚|来电咨询|我司|本公司|贵司|合作共赢",
    re.IGNORECASE,
)
_ENOUGH = 2
"""Different words of an offer from which on a mail is one."""
_ABOUT_OUR_MAILS = re.compile(
    r"subscri|newsletter|digest|alert|\blist\b|keyword|订阅|退订|关键词|报告", re.IGNORECASE
)
_APPOINTMENT = re.compile(
    r"\b(?:meet(?:ings?|ing up)?|appointment|interview|visit|lunch|dinner|coffee|conference|seminar|workshop|see you|are you free|phone call|talk to you)\b|会议|开会|采访|拜访|见面|面谈|讲座|座谈",
    re.IGNORECASE,
)
_OUR_MAILS = re.compile(
    r"\b(?:mails?|e-?mails?|digests?|alerts?|reports?|send|get|receive|weekly|daily|monthly|frequency)\b|邮件|发|收|报告|推送|每",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"\b(?:my|our|a|another) (?:\w+ ){0,2}(?:colleague|friend|student|boss|wife|husband|mother|father|son|daughter|brother|sister|neighbou?r|assistant|secretary|supervisor|professor)s?\b"
    r"(?:,? [A-Z][\w-]+){0,3},? (?:would|wants?|wishes|wish|also|needs?|likes?|could|might|is|are|has|have)\b(?!.*\b(?:me|i)\b)|(?:我的?|有个)?(?:同事|同学|朋友|学生|领导|导师)(?:[\u4e00-\u9fff]{0,4})(?:也)?(?:想|要|希望)",
    re.IGNORECASE,
)


def of_another(sentence: str) -> bool:
    """Whether a sentence tells what somebody else would like."""
    return bool(_ANOTHER.search(sentence))


def ours_only(found: list[Command], text: str) -> list[Command]:
    """The commands without what only sounds like one: an offer's "reply STOP", an appointment's "Thursday at noon"."""
    kept = found
    if len({match.lower() for match in _SOLICITING.findall(text)}) >= _ENOUGH:
        kept = [
            command
            for command in kept
            if _ABOUT_OUR_MAILS.search(command.line) and command.verb not in ASKING
        ]
    if _APPOINTMENT.search(text):
        timed = {Verb.SCHEDULE, Verb.PAUSE}
        kept = [command for command in kept if command.verb not in timed or _OUR_MAILS.search(command.line)]
    return kept
