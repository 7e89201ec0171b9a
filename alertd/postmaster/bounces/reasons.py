"""Why a mail came back, in words, and whose fault it is.

Text decides before the status code: on real bounces the code is too coarse (5.7.1 says "user unknown", 5.1.1 says "mailbox full")
and "5xx means dead" would end three of four addresses that were only full, blocked or refused by policy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alertd.postmaster.bounces.model import FULL_WEIGHT, BounceClass

_SENDERS = frozenset({"5.1.7", "5.1.8", "5.7.23", "5.7.25", "5.7.26"})
"""The address refused is the sender's: ours."""
HARD_STATUSES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})


@dataclass(frozen=True, slots=True)
class _Reason:
    name: str
    kind: BounceClass
    weight: int
    texts: re.Pattern[str]


def _reason(name: str, kind: BounceClass, weight: int, *texts: str) -> _Reason:
    return _Reason(name, kind, weight, re.compile("|".join(texts), re.IGNORECASE))


_REASONS = (
    _reason(
        "not permitted", BounceClass.SOFT, 25,
        r"may not (?:exist, or you may not )?have permission to post|group you tried to contact|le groupe que vous avez essayé|not (?:a )?member of|(?:only|restricted to) (?:members|subscribers)|posting .{0,20}(?:not allowed|restricted)",
    ),
    _reason(
        "unknown user", BounceClass.HARD, FULL_WEIGHT,
        r"account or domain may not exist|recipient (?:address )?rejected:? (?:access denied|unknown|undeliverable|user (?:unknown|not|does)|no such|mailbox (?:not|unknown|unavail)|address|invalid|does not)|recipient address rejected\W*$|55[0-3]\b.{0,60}mailbox unavailable",
        r"(?<!sender )(?:user|recipient|mailbox|addressee|account) ?unknown|unknown (?:user|recipient|mailbox|addressee|local part)|no such (?:user|recipient|mailbox|person|address|account)",
    ),
    _reason(
        "rate limited", BounceClass.OURS, 0,
        r"too many (?:connections|messages|recipients|errors|hops? per|sessions|e?-?mails?)", r"rate (?:limit|exceeded)|exceeded (?:the )?(?:rate|sending|message)", r"sending (?:limit|quota)", r"throttl",
        r"message (?:rate|limit)|limit exceeded|frequency limited|send(?:ing)? too (?:fast|many|often)", r"temporarily (?:rate )?limited|deferred due to user complaints", r"unusual rate|receiving mail at a rate|receiving mail too quickly", r"maximum (?:number of )?(?:connections|recipients)|connection limit",
    ),
    _reason(
        "authentication", BounceClass.OURS, 0,
        r"\bdmarc\b", r"\bspf\b", r"\bdkim\b", r"sender policy framework", r"(?:un)?authenticated (?:e?-?mail|mail|message|sender)", r"sender id\b.*fail", r"5\.7\.2[0-9]\b|5\.7\.509|5\.7\.515",
        r"domain (?:of|in) (?:the )?sender|sender'?s? (?:address|domain) (?:rejected|does not|not found|is not)|unresolvable sender|domain does not resolve|sender (?:address|verify|domain).{0,30}(?:reject|fail|invalid|not exist)",
        r"(?:reverse|ptr)[ -]?(?:dns|record|lookup|ptr)|no ptr|does not have (?:a )?(?:valid )?(?:reverse|ptr)|missing (?:reverse|ptr)|cannot resolve your|fix reverse dns|helo (?:command )?rejected|invalid helo|ehlo|need fully-qualified",
        r"\bfrom: domain|valid from\b|rdns|requires? (?:smtp )?authentication|authentication (?:required|failed|credentials)|must (?:issue a )?starttls|encryption (?:required|needed)|from (?:address|header).{0,40}(?:not rfc|rfc ?5322|multiple|missing|invalid)",
    ),
    _reason(
        "relay denied", BounceClass.OURS, 0,
        r"relay(?:ing)?(?: access)? (?:is )?(?:denied|not (?:permitted|allowed)|prohibited|disallowed|restricted)", r"(?:unable|not (?:allowed|permitted|authori[sz]ed)) to relay|not a relay|no relaying|relay not|relaying (?:mail|to)|(?:cannot|can't|won't|do(?:es)? not|refus\w+ to) relay|access denied to (?:relay)|we do not relay|mail relay|insecure mail relay",
        r"sorry, that domain isn't in my list of allowed rcpthosts|not in my (?:rcpthosts|list)",
    ),
    _reason(
        "block list", BounceClass.OURS, 0,
        r"\b(?:dns|r|s)?bls?\b", r"black ?-?list", r"block ?-?list", r"deny ?-?list", r"spamhaus|spamcop|sorbs|barracuda|cloudmark|mail-abuse|senderscore|spamrats|proofpoint.{0,40}(?:block|dynamic)|abuseat|uceprotect|invaluement|trendmicro|symantec.{0,30}reputation",
        r"(?:ip|host|client|server|network|sender|connection|address|domain|messages?|mail|e-?mail|sending mta)\b.{0,60}\b(?:reputation|is (?:currently )?blocked|(?:has|have) been blocked|blocked (?:by|using|for|due|from|on)|is banned|(?:has|have) been (?:banned|listed))", r"blocked (?:using|by|for (?:abuse|spam)|- see|see https?)", r"poor reputation|bad reputation|low reputation|reputation",
        r"(?:access|connection|session|client host) (?:denied|refused|rejected|blocked)(?! .{0,20}mailbox)", r"refused to talk to me", r"your (?:ip|host|server|network|mail server)\b.{0,40}(?:reject|block|denied|banned|list|not (?:allowed|permitted|accept))", r"banned sending ip|\b(?:s3140|s3150|as\(\d+\)|pbl|xbl|sbl)\b", r"invalid ip\b|dynamic(?:ally assigned)? (?:ip|address)|residential|not accept(?:ing)? (?:mail|messages|connections?) from (?:your|this)|bad ip|is not allowed to (?:send|connect)|5\.7\.60[6-9]|5\.7\.511",
    ),
    _reason(
        "mailbox full", BounceClass.SOFT, 100,
        r"(?:mail ?box|mailfolder|inbox|account|user|recipient|quota|maildir|storage|disk).{0,60}(?:is |was |has been |has )?(?:\bfull\b|over ?-?(?:quota|drawn)|exceed|out of (?:space|quota|storage)|reached)", r"over ?-?quota|quota (?:exceeded|full|limit|violation|is|has)|exceeded.{0,30}(?:quota|storage|space|mailbox|size limit of (?:his|her|the) mailbox)|exceeds? (?:the )?(?:quota|allowed|mailbox|disk|storage)",
        r"(?:insufficient|not enough|out of|no more) (?:disk |storage |system |free |mailbox )?(?:space|storage|quota|room)|disk (?:full|quota)|mailbox (?:size|limit)|full mailbox|mailbox_?full|too (?:much|many) (?:mail|messages) (?:data|in)|user(?: account)? is overquota|storage quota|\bdelivery failed: over quota", r"容量已?满|空间不足|超过.{0,6}容量|邮箱已?满|邮箱容量|已满",
    ),
    _reason(
        "too large", BounceClass.SOFT, 25,
        r"message (?:size|length|is too (?:large|big)|too (?:large|big))|(?:exceeds?|exceeded) (?:the )?(?:maximum|fixed|max|size|limit)(?: (?:message|fixed))? ?(?:size|maximum)|size (?:limit|exceed)|too (?:large|big)(?: message)?|maximum (?:message )?size|mail size|larger than",
    ),
    _reason(
        "mailbox disabled", BounceClass.SOFT, 100,
        r"(?:account|mailbox|mail ?-?box|user|recipient|address|e-?mail|inbox)\b.{0,50}\b(?:disabled|deactivated|suspended|inactive|locked|terminated|closed|discontinued|not active|no longer (?:active|valid|available|in use|in service|accepting|used|works?|on server|accept)|is not active|dormant)",
        r"(?:disabled|inactive|suspended|deactivated|closed|discontinued|expired|locked) (?:account|mailbox|user|recipient|address)|mailbox (?:is )?unavailable or access denied|account (?:that you tried to reach|has been) (?:is )?(?:disabled|inactive)|account not active|not active(?:ly)? user|user (?:is )?(?:inactive|not active|disabled)|left the (?:company|organi[sz]ation)|no longer (?:works?|employed|with us|at this)",
    ),
    _reason(
        "unknown domain", BounceClass.HARD, FULL_WEIGHT,
        r"(?:host|domain|name|mx|server|site|system|machine|destination)\b.{0,50}\b(?:not (?:be )?found|does(?:n't| not) exist|unknown|is invalid|cannot be (?:found|resolved)|could not be (?:found|resolved)|no (?:valid )?mx|not exist|unresolvable)", r"(?:unknown|unrouteable|unroutable|non-?existent|bad|invalid|illegal|no such) (?:host|domain|site|destination domain)|host unknown|no such (?:host|domain)|unrouteable (?:mail )?domain|nxdomain|name or service not known|name service error.{0,80}(?:not found|nxdomain)|null mx|\bnullmx\b|can'?t find (?:any host|a valid|the)|couldn'?t find any host|all relevant mx records point to non-existent|domain (?:name )?(?:is )?not (?:valid|known)|no mx (?:record|host)|does not accept mail|domain is (?:not|no longer) .{0,20}(?:used|hosted|active)|we do(?:n't| not) handle mail for|no route to (?:host|domain) found for|domain is not reachable|couldn'?t find a mail exchanger|indicated no smtp service",
    ),
    _reason(
        "unknown user", BounceClass.HARD, FULL_WEIGHT,
        r"(?:user|recipient|mailbox|mail ?-?box|address|account|addressee|alias|person|inbox|e-?mail|local part|rcpt|destination|name)\b.{0,70}\b(?:unknown|not (?:be )?(?:found|known|exist|listed|recogni[sz]ed|valid|registered|present|local|here|existing)|(?:does|do|did)(?:n't| not)(?: appear to)? exist|no(?:t|n)[- ]?exist\w*|doesn't have|is invalid|invalid|unavailable\b(?=.{0,40}(?:5\.1\.1|unknown))|is not a (?:valid|known|registered)|isn't|was not found|could not be found|cannot be found|couldn'?t be found|wasn'?t found|rejected(?=.{0,30}unknown)|undeliverable|incorrect|lookup failed|doesn't match|bad)",
        r"(?:unknown|no such|invalid|bad|non-?existent|not a valid|illegal|undefined|incorrect|unrouteable|unroutable|undeliverable|no valid|unrecogni[sz]ed|can'?t find|could not find|no matching) (?:local )?(?:user|recipients?|mail ?-?box(?:es)?|address(?:ee)?|account|alias|person|e-?mail(?: address)?|local part|rcpt|name|local-?part|destination address|virtual)", r"user ?unknown|unknown ?user|no ?such ?(?:user|recipient|mailbox|person|address)|recipient ?unknown|no ?user ?here|recipnotfound|RESOLVER\.ADR\.(?:Recip|Ex)?(?:ient)?NotF|user doesn'?t have an? (?:account|yahoo)|doesn'?t have an? .{0,20}account|no mailbox (?:here|by|found)|not our (?:customer|user)|does not exist here|is not (?:a )?(?:known|valid|registered|listed|local|our)\b.{0,30}|this (?:address|user|recipient) (?:no longer|does not|doesn)|no account|has no (?:mailbox|account)|who does not exist|isn't (?:a )?(?:valid|known)|5\.1\.1 .{0,40}reject|sorry, no mailbox|mailbox not found|deleted (?:user|mailbox|account)|not (?:found|listed) in (?:the )?(?:domino|ldap|active )?(?:directory|public name)|couldn't deliver to|address not found|address error|invalid final delivery user|mailbox (?:name )?not allowed|550[- ]5\.1\.1|(?:recipient|address|callout) verif\w+ fail|no existe|inexistente|inconnu|n'existe pas|unbekannt|existiert nicht|sconosciuto|не (?:найден|существует)|неизвестн|用户不存在|不存在|无此用户|收件人.{0,8}(?:不|无效|错误)|地址(?:不存在|错误|无效)|該当する|ディレクトリ(?:に|の)|リストにありません|存在しません|見つかりません",
    ),
    _reason(
        "spam", BounceClass.SOFT, 25,
        r"\bspam\b|spamm|spam-?like|\bjunk\b|unsolicited|\buce\b|bulk (?:e-?)?mail|considered (?:as )?(?:spam|unsolicited)|content (?:rejected|blocked|filter)|phish|looks like|high probability|bayesian|sa-?score|rejected (?:due to|as|by) (?:content|spam)|message (?:content )?(?:was )?(?:rejected|refused|blocked) (?:as spam|by (?:our )?filter)|spam(?:assassin|filter)|blocked (?:by|due to) (?:our )?(?:content|filter)|(?:contains?|with) (?:a )?(?:spam|url|links?|banned)|垃圾邮件",
    ),
    _reason("virus", BounceClass.SOFT, 25, r"virus|malware|trojan|infected|worm|attachment.{0,30}(?:not allowed|blocked|banned|prohibited|dangerous)|executable|file type|unsafe content"),
    _reason(
        "greylisted", BounceClass.DELAYED, 0, r"gr[ea]y ?-?list|try again later|please retry|temporarily (?:deferred|rejected)|postgrey|come back later",
    ),
    _reason(
        "policy", BounceClass.SOFT, 25,
        r"\bpolicy\b|policies|prohibit|not (?:permitted|allowed|authori[sz]ed|accepted)|permission|administrative(?:ly)?|restrict|not accepting|refused|only (?:accepts?|allows?) (?:mail|messages)|filter|denied|reject(?:ed|s)? (?:by|due)|white ?-?list|security|forbidden|hipaa|compliance|unauthori[sz]ed|access (?:is )?denied|5\.7\.\d",
    ),
    _reason("loop", BounceClass.SOFT, 50, r"loop|too many hops|hop count|max(?:imum)? hops|excessive (?:hops|recursion)|routing loop"),
    _reason("forwarding failed", BounceClass.SOFT, 50, r"forward|redirect|moved|has changed|new address"),
    _reason(
        "server trouble", BounceClass.SOFT, 50,
        r"timed? ?-?out|time ?out|connection (?:refused|timed|reset|dropped|lost|closed|failed)|unreachable|no route|network|could ?n[o']t connect|cannot connect|lost connection|not (?:responding|respond)|dns|tempor|system (?:error|problem|failure|resources|not (?:accepting|capable))|server (?:error|problem|busy|failure|configuration)|configuration|internal (?:error|software)|i/o error|resources|out of memory|load|overload|busy|deferred|expired|retry (?:time|timeout)|too old|queue|delivery time expired|undeliverable for|has been in the queue|unable to (?:deliver|connect)|mail ?-?server|ioerr|local (?:error|configuration)|misconfigur",
    ),
)  # fmt: skip
_BY_DETAIL = {
    "1.1": "unknown user", "1.10": "unknown user", "1.6": "unknown user", "1.3": "unknown user", "1.2": "unknown domain", "1.0": "unknown user", "2.1": "mailbox disabled",
    "2.2": "mailbox full", "2.3": "too large", "3.4": "too large", "3.1": "server trouble", "3.2": "server trouble", "3.3": "server trouble", "3.5": "server trouble", "4.4": "server trouble", "4.6": "loop", "7.1": "policy", "7.0": "policy", "6.0": "policy",
    "1.8": "authentication", "1.7": "authentication", "7.23": "authentication", "7.26": "authentication", "7.9": "authentication",
}  # fmt: skip
_BY_CLASS = {
    "1": "unknown user",
    "2": "mailbox trouble",
    "3": "server trouble",
    "4": "server trouble",
    "5": "server trouble",
    "6": "policy",
    "7": "policy",
}
_NAMED = {reason.name: reason for reason in _REASONS}
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45])\d\d(?=[\s#-])")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why, and what it means. The attributes are those of `Failure`."""

    kind: BounceClass
    reason: str
    weight: int


def find_status(text: str) -> str:
    """The last RFC 3463 status in a text that is no version or address, the most telling one; "" when there is none."""
    found = [".".join(match.groups()) for match in _STATUS.finditer(text[:20_000])]
    telling = [status for status in found if not status.endswith(".0.0")]
    return telling[0] if telling else found[0] if found else ""


def cause(*, status: str, text: str, action: str = "") -> Cause:
    """What a failure means.

    Args:
        status: RFC 3463, or "".
        text: the diagnostic, or what prose there is.
        action: of RFC 3464: failed, delayed, delivered, relayed, expanded; "" when unknown.
    """
    action = action.lower()
    if action.startswith(("delivered", "relayed", "expanded")) or (
        status.startswith("2.") and not action.startswith("fail")
    ):
        return Cause(BounceClass.SUCCESS, "delivered", 0)
    if status in _SENDERS:
        return Cause(BounceClass.OURS, "authentication", 0)
    reason = next((reason for reason in _REASONS if reason.texts.search(text[:4000])), None)
    if status in HARD_STATUSES and (
        reason is None
        or reason.name
        in {"policy", "server trouble", "forwarding failed", "loop", "greylisted", "not permitted"}
    ):
        reason = _NAMED[_BY_DETAIL[status[2:]]]
    if reason is None or reason.name in {"policy", "server trouble", "forwarding failed"}:
        reason = _by_status(status) or reason
    if action.startswith("delay"):
        return Cause(BounceClass.DELAYED, reason.name if reason else "delayed", 0)
    return _weigh(reason, status, text)


def _by_status(status: str) -> _Reason | None:
    detail = status[2:]
    return _NAMED.get(_BY_DETAIL.get(detail, "")) if detail else None


def _weigh(reason: _Reason | None, status: str, text: str) -> Cause:
    temporary = status.startswith("4") or (
        not status and bool(code := _CODE.search(text)) and code is not None and code[1] == "4"
    )
    if reason is None:
        name = _BY_CLASS.get(status[2:3], "refused") if not status.endswith(".0.0") else "refused"
        if name == "unknown user":
            return Cause(BounceClass.SOFT, "address refused", 100)
        return Cause(BounceClass.SOFT, name, 50 if temporary else 100)
    if status in HARD_STATUSES and reason.name == "mailbox disabled":
        return Cause(BounceClass.HARD, reason.name, FULL_WEIGHT)
    if reason.name == "unknown domain" and re.search(r"try again|temporar", text, re.IGNORECASE):
        temporary = True
    if reason.kind is BounceClass.DELAYED:
        return Cause(BounceClass.SOFT, reason.name, 25)
    if reason.kind is BounceClass.HARD and temporary:
        return Cause(BounceClass.SOFT, reason.name, 100)
    return Cause(reason.kind, reason.name, reason.weight)
