"""Leave, forget me, and what only sounds like it."""

from __future__ import annotations

import re

from alertd.postmaster.commands import when
from alertd.postmaster.commands.generic import is_generic, strip_polite
from alertd.postmaster.commands.model import Command, Entry, Setting, Verb, pattern
from alertd.postmaster.commands.phrases import topic
from alertd.postmaster.commands.subjects import NOT_JOINING, plausible

_OUT = r"(?:unsubscribed?|unsubscribing|un-subscribe|removed?|removing|leave|leaving|cancel(?:l?ed|l?ing)?|stop(?:ped|ping)?|deleted?|deleting|sign(?:ed)? off|opt(?:ed)? out|forget|forgotten|take me off|taken off|quit|drop(?:ped)?)"
_ZH_OUT = r"(?:退订|退掉|退出|删掉|删除|删了|移除|移出|去掉|剔除|除名|取消(?!了)|停止(?!发|给|推|再|向)|停掉|停(?!发|止)|注销|清理|清除)"
LONGEST_SUBJECT = 6
DENIED = pattern(
    rf"\b(?:do not|does not|did not|don'?t|didn'?t|doesn'?t|dont|never|not|no need to|rather not|won'?t|will not|would not|wouldn'?t|without|instead of|no intention (?:to|of)|cannot|can'?t|refuse to|hate to)"
    rf"(?: (?:want(?:ed|ing)?|wish(?:ing)?|mean(?:t)?|intend(?:ed)?|plan(?:ning)?|like|going|ask(?:ed|ing)?|try(?:ing)?|yet|ever|really|want|be|just|have|need|decided|request(?:ed)?|tell))*(?: you| me| us)?(?: to)?(?: (?:be|get|have|please|ever|accidentally|been|being|simply))* {_OUT}\b"
)
"""An outright "do not unsubscribe me": whatever else the mail says, nobody leaves by it."""
KEEPING = (
    # "If you do not want our mails, answer with unsubscribe" is a sender's own footer, or spam; "if you could" is politeness.
    pattern(
        rf"\b(?:if|in case|should) (?:you|anyone|people)(?! (?:could|can|would|might|may|will|kindly|please|were|remove|stop|took|take|cancel|delete|unsubscribe|have to|be)\b).{{0,80}}\b{_OUT}\b"
    ),
    pattern(r"\b(?:reply|answer|respond|click|text)\b.{0,20}\b(?:stop|unsubscribe|remove|opt-?out)\b"),
    # A footer's instruction to its reader: "To stop receiving offers, reply STOP".
    pattern(
        r"\b(?:to|in order to) (?:stop|unsubscribe|opt out|be removed|avoid|no longer)\b.{0,60}\b(?:reply|click|answer|press|text)\b"
    ),
    re.compile(r"(?:只|仅)(?:想|要|需要|需)?(?:保留|留下|留|订|看|收)|\b(?:only|just) keep\b|\bkeep only\b"),
    # Chinese puts the object between the "not" and the verb: 不要把我从名单里删掉.
    re.compile(
        rf"(?:不要|不想要?|别|请勿|勿|不会|不打算|没有?(?:想|要)?|不是(?:要|想)?|不必|不用|无需|不准|不能|不愿|千万(?:不要|别)|不)(?:再|随便|轻易|误|直接|擅自|就|把|将|给|让|帮|我们?|的|邮箱|地址|名字|订阅|从.{{0,8}}?[中里上])*{_ZH_OUT}"
    ),
    pattern(rf"\b(?:someone|somebody)\b.{{0,60}}\b{_OUT}\b"),
    DENIED,
    pattern(
        rf"\b(?:if|when|before|after|once|whether|unless|in case|until|till|as soon as|should) (?:i|we|you)(?: (?:ever|want|wish|decide|were|would|could|should|can|to|am|get|had|have|do|like))* {_OUT}\b"
    ),
    pattern(
        rf"\b(?:my (?:colleague|friend|boss|wife|husband|student|supervisor|professor|secretary|assistant|sister|brother)|he|she|they|somebody|someone|people)(?: (?:also|who|would|wants?|wish(?:es)?|likes?|needs?|asked|has|have|is|are|had|to|me|really|tries|tried|trying|please))* {_OUT}\b"
    ),
    pattern(
        rf"\b(?:i|we) (?:was|were|got|have been|had been|must have been|seem to have been|am|been)(?: (?:accidentally|mistakenly|wrongly|suddenly|apparently))? {_OUT}\b"
    ),
    pattern(rf"\bwhy (?:was|did|were|am|have|has|do|are) (?:i|you|we)\b.{{0,30}}{_OUT}\b"),
    pattern(r"\bleave (?:\w+ ){1,3}out\b"),
    pattern(
        r"\bleave (?:everything|it|things|them|me|my \w+|all)(?: (?:just |exactly )?as|\b.{0,20}\bunchanged| on)\b"
    ),
    pattern(
        r"\b(?:un-?subscribed?|cancelled|canceled|removed|left|stopped) (?:me )?(?:by (?:mistake|accident)|accidentally|in error|last (?:week|month|year)|yesterday|already)\b"
    ),
    pattern(
        r"\b(?:keep me|stay|remain)(?: (?:subscribed|on))?\b.{0,20}\b(?:list|subscribed|subscriber)\b|\bkeep me (?:subscribed|on)\b|\bdon'?t go\b|\bkeep (?:sending|them coming|it coming)\b"
    ),
    re.compile(
        r"(?:不要|不想要?|别|不是(?:要|想)?|没有?(?:要|想)?(?:要求|申请|说|点|发|提出)?(?:过)?|不会|不打算|请勿|勿|暂不|先不|并非(?:要|想)?|无需|不必|不用|不愿|不能|从未|从来没有?|没说过?要?|不)(?:把我|给我|帮我|将我|让我)?(?:再)?(?:退订|取消(?!了)|退出|删除我|移除我|停止(?!发|给|推|再|向)|停(?!发|止)|注销|取消订阅|删掉我|从.{0,8}(?:删除|移除))"
    ),
    re.compile(
        r"取消退订|撤销退订|撤回退订|退订(?:是)?(?:错|误)|误(?:操作)?退订|不小心退订|(?:为什么|为何|为啥).{0,8}(?:退订|取消|删除|移除)|怎么(?:把我|给我|我)?(?:就|会|被)+(?:退订|取消|删除|移除)|被(?:误)?退订|如果.{0,6}退订|(?:同事|朋友|老师|他|她)(?:们)?(?:也)?(?:想|要|说)?(?:要)?退订|退订(?:前|之前|后|之后)"
    ),
)
"""Sentences that speak of leaving and do not ask for it; whatever else they say, nobody leaves by them."""


def _leave(match: re.Match[str], setting: Setting) -> Command | None:
    rest = strip_polite(match["rest"])
    if is_generic(
        re.sub(r"^(?:me|us|my address)?\s*(?:from|off|out of)?\s*", "", rest, flags=re.IGNORECASE), setting
    ):
        return Command(Verb.LEAVE)
    if when.regular(rest):
        return None
    subject = topic(re.sub(r"^(?:me |us )?(?:from |off |out of )", "", rest, flags=re.IGNORECASE))
    if (
        subject
        and plausible((subject,), prose=True)
        and not is_generic(subject, setting)
        and "@" not in subject
        and len(subject.split()) <= LONGEST_SUBJECT
    ):
        return Command(
            Verb.REMOVE, tuple(part.strip() for part in re.split(r"[,、，]", subject) if part.strip())
        )
    return Command(Verb.LEAVE) if not subject or is_generic(subject, setting) else None


def _all(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence whose rest must name the service as a whole: no subject, no timing."""
    rest = strip_polite(match["rest"] or "")
    rest = re.sub(
        r"\b(?:to|at) (?:this|my) (?:e-?mail )?(?:address|mailbox|inbox|account)\b",
        "",
        rest,
        flags=re.IGNORECASE,
    )
    before = match.string[: match.start()]
    named = re.search(r"报告|内容|邮件|主题|关键词|文章|方面|资料|信息", before)
    others = [
        address
        for address in re.findall(r"[^\s<>]+@[^\s<>]+", match.string)
        if address.strip(".,").lower() != setting.author.lower()
    ]
    if others or (named and not is_generic(topic(before), setting)) or _is_about_one(before, setting):
        return None
    if NOT_JOINING.search(match.string):
        return None
    if when.regular(rest) or not is_generic(topic(rest), setting):
        return None
    return Command(Verb.LEAVE)


_NAMED_BEFORE = re.compile(
    r"(?P<named>[\u4e00-\u9fff]{2,12})(?:的|那个|这个|方面|那些|这些)(?:以后|今后|就|也|都|可以)*$"
)
"""A subject in front of "need not be sent": 水利的就不用发了."""


def _plain(match: re.Match[str], setting: Setting) -> Command | None:
    return None if _is_about_one(match.string[: match.start()], setting) else Command(Verb.LEAVE)


def _is_about_one(before: str, setting: Setting) -> bool:
    """Whether a subject stands in front of what is not wanted: 水利的就不用发了; 你们的 names none."""
    named = _NAMED_BEFORE.search(before)
    return bool(named and not is_generic(named["named"], setting))


def _forget(match: re.Match[str], setting: Setting) -> Command | None:
    return Command(Verb.FORGET) if is_generic(match["rest"], setting) else None


def _plain_forget(_match: re.Match[str], _setting: Setting) -> Command:
    return Command(Verb.FORGET)


_ABOUT_ME = r"(?:all )?(?:of )?(?:the |any |every )?(?:personal )?(?:data|information|info|records?|details|everything)(?: (?:that|which))?(?: (?:you|is|are|have|has|hold|store|stored|keep|kept|saved|collected|got|know|been))* (?:about|on|of|concerning) me"
_MINE = r"(?:all )?(?:of )?(?:the )?(?:my|any|our) (?:personal )?(?:data|account|information|info|profile|records?|details|personal data)"

FORGET = Entry(
    Verb.FORGET,
    ("forget me", "forget", "erase me", "delete my data", "delete me completely"),
    ("忘记我", "删除我的数据", "清除我的数据", "注销", "删除账号", "删除账户"),
    ("forget me", "忘记我"),
    ("leave, and have everything about you erased", "退订并删除有关您的全部数据"),
    _forget,
    (
        (
            pattern(
                rf"\b(?:delete|erase|remove|wipe|purge|destroy|close) (?:me and )?(?:{_MINE}|{_ABOUT_ME})\b"
            ),
            _plain_forget,
        ),
        (
            pattern(
                r"\b(?:delete|erase|wipe|purge|forget) (?:everything|all|anything)(?: (?:data|information|that|which))*(?: you)?(?: (?:have|know|hold|store|keep|saved|stored))*(?: (?:about|on|of)) me\b"
            ),
            _plain_forget,
        ),
        (
            pattern(
                r"\b(?:right to (?:be forgotten|erasure)|forget (?:about )?me|(?:art(?:icle|\.)?) 17 gdpr|gdpr (?:deletion|erasure))\b"
            ),
            _plain_forget,
        ),
        (
            re.compile(
                r"(?:删除|清除|抹除|销毁|清空|删掉)(?:掉)?(?:我的?|本人的?|与我(?:有关|相关)的?|有关我的?|关于我的?)(?:所有|全部|一切)?(?:的)?(?:个人)?(?:的)?(?:数据|信息|资料|账号|账户|记录|隐私)|(?:把|将)我的(?:所有|全部)?(?:个人)?(?:数据|信息|资料|账号|账户|记录).{0,6}(?:删|清|注销)|注销(?:我的?)?(?:账号|账户)|忘(?:记|了|掉)我"
            ),
            _plain_forget,
        ),
    ),
)

LEAVE = Entry(
    Verb.LEAVE,
    (
        "unsubscribe",
        "unsub",
        "un-subscribe",
        "leave",
        "stop",
        "cancel",
        "signoff",
        "sign off",
        "sign-off",
        "opt out",
        "opt-out",
        "optout",
        "remove me",
        "unregister",
        "off",
        "stop all",
        "unsubscribe me",
        "désabonner",
        "abmelden",
        "abbestellen",
        "unsubscription",
        "unsubscribing",
    ),
    (
        "退订",
        "取消订阅",
        "退定",
        "停止",
        "取消",
        "停止订阅",
        "退阅",
        "停订",
        "退訂",
        "取消訂閱",
        "离开",
        "退出",
        "TD",
        "T",
        "N",
    ),
    ("unsubscribe", "退订"),
    ("leave at once; nothing more is sent", "退订全部，不再收到任何邮件"),
    _leave,
    (
        (
            pattern(
                r"\b(?:unsubscribe|unsub|un-subscribe|unregister|desubscribe)(?: me| us| my (?:e-?mail )?(?:address)?| myself| this address)?(?: (?:from|off|of|to))?(?P<rest>(?:\s.*)?)$"
            ),
            _all,
        ),
        (
            pattern(
                r"\b(?:be|get|been) (?:unsubscribed|removed|taken off|deleted)(?: (?:from|off))?(?P<rest>.*)$"
            ),
            _all,
        ),
        (
            pattern(
                r"\b(?:remove|delete|drop|erase) (?:me|us|my (?:name|e-?mail(?: address)?|address|mail)|this (?:e-?mail )?address|myself|[^\s@]+@\S+)(?: (?:off|from|out of|out|away from|of))*(?P<rest>(?:\s.*)?)$"
            ),
            _all,
        ),
        (
            pattern(
                r"\b(?:take|get|strike|cross|pull|kick|scratch|remove) (?:me|us|my (?:name|e-?mail(?: address)?|address|mail)|this (?:e-?mail )?address|myself|[^\s@]+@\S+)(?: (?:off|from|out of|out|away from|of))+(?P<rest>(?:\s.*)?)$"
            ),
            _all,
        ),
        (pattern(r"\b(?:opt|sign)(?: me| us)? (?:out|off)(?: (?:of|from))?(?P<rest>.*)$"), _all),
        (
            pattern(
                r"\b(?:cancel|end|terminate|close|discontinue|finish|stop|quit) (?P<rest>(?:all |of |my |the |our |this |these |any |your |further |future )*(?:subscriptions?|membership|registration|account|alerts?|mails?|e-?mails?|messages?|mailings?|reports?|notifications?|service|newsletters?|deliver(?:y|ies)|digests?|updates?|list|it|that|this|everything|them)\b.*)$"
            ),
            _all,
        ),
        (
            pattern(
                r"\b(?:stop|quit|cease|refrain from) (?:sending|mailing|e-?mailing|delivering|spamming|bothering|contacting|writing|messaging|bombarding|with)(?: to)?(?: me| us)?(?: with)?(?P<rest>.*)$"
            ),
            _all,
        ),
        (
            pattern(
                r"\b(?:do not|don'?t|dont|never|not|no need|needn'?t|no reason)(?: (?:need|have|want you))?(?: to)? (?:send|mail|e-?mail|spam|write|contact|bother|message|deliver|disturb|email)(?: to)?(?: me| us)?(?P<rest>.*?)(?: any ?more| any longer| again| ever)*$"
            ),
            _all,
        ),
        (
            pattern(
                r"(?:\b(?:no longer|not|dont|not any ?more|never)|n't)(?: really| even)? (?:(?:want|wish|need|like|interested|care)(?: to)?)(?: (?:be|get|getting|receive|receiving|recieve|have|see|read|hear|in|on|for|from|about|part of|subscribed|subscribed to|keep|any))*(?P<rest>.*?)(?: any ?more| any longer| again)*$"
            ),
            _all,
        ),
        (pattern(r"\bno more (?P<rest>.*?)(?: please)?$"), _all),
        (
            pattern(
                r"^(?:i )?(?:want|wish|would like|'d like|am|need)? ?(?:to )?(?:get )?(?:leave|quit|out|withdraw)(?: (?:of|from))?(?P<rest>(?:\s.*)?)$"
            ),
            _all,
        ),
        (
            pattern(
                r"\b(?:leave me alone|lose my address|off the list|off your list|i(?:'m| am) (?:done|out)|i quit|enough already|no thanks?,? (?:unsubscribe|stop))\b"
            ),
            _plain,
        ),
        (
            re.compile(
                r"(?:退订|退掉|退了|取消订阅|停止订阅|退定|退阅|停订|退出订阅|取消关注)(?:掉)?(?P<rest>.*)$"
            ),
            _all,
        ),
        (
            re.compile(
                r"(?:不再|不想再?|不要再?|别再?|停止|不用再?|不必再?|无需再?|请勿再?|勿再?|莫再?|不需要再?|不希望再?|不愿再?|不)(?:给我|向我的?(?:邮箱|信箱|地址|电子邮箱)?|往我.{0,4})?(?:继续|再)?(?:订阅|发送|推送|发|寄|收到|接收|收|打扰|骚扰|看到|需要|要)(?:给我)?(?P<rest>.*)$"
            ),
            _all,
        ),
        (
            re.compile(
                r"(?:把|将)我(?:的(?:邮箱|地址|邮件地址|名字))?(?:从|由)?.{0,16}?(?:移除|删除|移出|删掉|去掉|剔除|取消|除名)"
            ),
            _plain,
        ),
        (
            re.compile(
                r"^(?:从.{1,14}?(?:中|里|上)?)?(?:移除|删除|去掉|移出)我(?:的?(?:邮箱|地址|邮件地址))?.{0,6}$"
            ),
            _plain,
        ),
        (
            re.compile(
                r"^(?:取消|停止|终止|结束|停掉)(?:我的?|一切|所有|全部|这个|该)*(?:订阅|推送|邮件|服务|提醒|通知|发送|发邮件|关注)(?:服务|邮件|推送|给我)?(?:吧|了)?$"
            ),
            _plain,
        ),
        (
            re.compile(
                r"别(?:再)?(?:给我)?发(?:了|邮件|给我)?|不(?:要|想)(?:再)?(?:收|发)了|别(?:再)?(?:骚扰|打扰)"
            ),
            _plain,
        ),
        (
            pattern(
                r"\b(?:want|wish|like|have|need|going|prefer|decided|wanted) to (?:leave|quit|withdraw(?: from)?|get off|get out of)(?P<rest>(?:\s.*)?)$"
            ),
            _all,
        ),
        (
            pattern(
                r"\b(?:process|complete|do|handle|accept) (?:my |the |this )?(?:unsubscription|cancellation|removal|de-?registration)(?P<rest>)$"
            ),
            _all,
        ),
        (
            re.compile(
                r"^(?P<rest>.{0,14}?)(?:已经|都|就)?不(?:再)?(?:要|订|想订|想要|需要|用)(?:再发|发)?了?$"
            ),
            _all,
        ),
        (
            pattern(
                r"^(?:it is |it's |they are |this is |these are )?(?:no longer|not)(?: really)? (?:needed|required|relevant|of interest|wanted|necessary|useful|interesting)(?: (?:to|for) me)?(?: any ?more| any longer)?(?P<rest>)$"
            ),
            _all,
        ),
    ),
)
ENTRIES = (FORGET, LEAVE)
