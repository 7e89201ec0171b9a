"""The table: mails written by us and what must be decided about each. `CASES` has at least 150 rows."""

from __future__ import annotations

import base64
import quopri
from dataclasses import dataclass

from tests.unit.postmaster.making import (
    BOUNCE,
    CHANGE,
    EXPIRED,
    LEAVE,
    LEAVING,
    READER,
    SIGN_UP,
    USED,
    mail,
    to,
)
from tests.unit.postmaster.reports import ARF, DSNS, NOTICES, PROSE


@dataclass(frozen=True)
class Case:
    """One mail: `does` are the intents' names, `said` the commands, None where the row does not care."""

    name: str
    raw: bytes
    kind: str
    does: tuple[str, ...]
    said: tuple[str, ...] | None = None
    who: str = "active"
    to: str = "alerts@example.org"
    sender: str | None = None
    answered: bool = True
    reason: str | None = None


TYPED = {
    "subscribe urban-rural integration, Zhejiang": ("subscribe urban-rural integration, Zhejiang",),
    "add Zhejiang pension": ("add Zhejiang pension",),
    'add "common prosperity"': ('add "common prosperity"',),
    "add title:pension OR keyword:养老": ("add title:pension OR keyword:养老",),
    "remove Zhejiang": ("remove Zhejiang",),
    "del Zhejiang": ("remove Zhejiang",),
    "drop Zhejiang, land reform": ("remove Zhejiang, land reform",),
    "daily": ("daily",),
    "weekly": ("weekly",),
    "monthly on 15 at 9:30": ("monthly on 15 at 09:30",),
    "immediate": ("immediate",),
    "daily at 08:00": ("daily at 08:00",),
    "weekly on monday at 8pm": ("weekly on monday at 20:00",),
    "weekly for rural pensions": ("weekly for rural pensions",),
    "time zone Europe/Berlin": ("time zone Europe/Berlin",),
    "tz UTC+8": ("time zone Etc/GMT-8",),
    "language zh": ("language zh",),
    "format text": ("format text",),
    "format html": ("format html",),
    "pause": ("pause",),
    "pause 2 weeks": ("pause until 2026-12-08",),
    "pause until 2026-12-01": ("pause until 2026-12-01",),
    "vacation 10 days": ("pause until 2026-12-04",),
    "set alerts nomail": ("pause",),
    "resume": ("resume",),
    "set alerts mail": ("resume",),
    "change address new@example.com": ("change address new@example.com",),
    "export": ("export",),
    "send now": ("send now",),
    "订阅 城乡一体化，浙江": ("subscribe 城乡一体化, 浙江",),
    "添加 养老金": ("add 养老金",),
    "删除 养老金": ("remove 养老金",),
    "每天": ("daily",),
    "每周一早上8点": ("weekly on monday at 08:00",),
    "暂停 两周": ("pause until 2026-12-08",),
    "恢复": ("resume",),
    "时区 上海": ("time zone Asia/Shanghai",),
    "语言 中文": ("language zh",),
    "格式 纯文本": ("format text",),
}


LEAVES = (
    "unsubscribe", "UNSUBSCRIBE PLEASE", "unsubcribe", "stop", "remove me", "leave", "cancel", "signoff alerts", "unsubscribe alerts John Smith",
    "unsubscribe *", "unsubscribe reader@example.net", "opt out", "退订", "取消订阅", "ＵＮＳＵＢＳＣＲＩＢＥ", "forget me", "忘记我",
)  # fmt: skip


SHOWN = {
    "list": ("list",), "which": ("list",), "status": ("list",), "列表": ("list",), "topics": ("topics",), "lists": ("topics",), "主题": ("topics",),
    "help": ("help",), "info": ("help",), "?": ("help",), "帮助": ("help",), "help pause": ("help pause",), "search land reform": ("search land reform",),
    "搜索 养老金": ("search 养老金",), "preview pension": ("preview pension",), "why 178": ("why 178",), "为什么 4863": ("why 4863",),
}  # fmt: skip


def _commands() -> list[Case]:
    """Typed commands of an active, unauthenticated subscriber: each asks for one confirmation, or SHOWN something."""
    rows = [
        Case(f"typed: {text}", mail(text), "command", ("NeedsConfirmation",), said)
        for text, said in TYPED.items()
    ]
    rows += [Case(f"leave: {text}", mail(text), "command", ("NeedsConfirmation",)) for text in LEAVES]
    rows += [
        Case(f"leave by subject: {text}", mail(subject=text), "command", ("NeedsConfirmation",))
        for text in LEAVES[:6]
    ]
    rows += [Case(f"show: {text}", mail(text), "command", ("Show",), said) for text, said in SHOWN.items()]
    return rows


def _who() -> list[Case]:
    """Who may do what."""
    return [
        Case("authenticated change", mail("add Zhejiang"), "command", ("Change",), who="authenticated"),
        Case("authenticated leave", mail("unsubscribe"), "command", ("Leave",), who="authenticated"),
        Case("authenticated forget", mail("forget me"), "command", ("Leave",), who="authenticated"),
        Case("authenticated stranger signs up", mail("subscribe pension"), "command", ("SignUp",), who="new" ),
        Case("paused resumes", mail("resume"), "command", ("NeedsConfirmation",), who="paused"),
        Case("new: keywords on lines", mail("pension\nZhejiang"), "command", ("SignUp",), ("subscribe pension, Zhejiang",), who="new"),
        Case("new: bare subject", mail(subject="rural pensions"), "command", ("SignUp",), ("subscribe rural pensions",), who="new"),
        Case("new: list", mail("list"), "command", ("Ignore",), who="new"),
        Case("new: topics", mail("topics"), "command", ("Show",), who="new"),
        Case("new: help", mail("help"), "command", ("Show",), who="new"),
        Case("new: leave", mail("unsubscribe"), "command", ("Ignore",), who="new"),
        Case("new: weekly", mail("weekly"), "command", ("Ignore",), who="new"),
        Case("ended: comes back", mail("subscribe pension"), "command", ("SignUp",), who="ended"),
        Case("pending: asks again", mail("subscribe pension"), "command", ("SignUp",), who="pending"),
        Case("suppressed: asks back", mail("subscribe pension"), "command", ("SignUp",), who="suppressed"),
        Case("suppressed: anything else", mail("list"), "unknown", ("Ignore",), who="suppressed", answered=False),
        Case("role address", mail("subscribe pension", author="webmaster@example.net"), "command", ("Ignore",), who="new", answered=False),
        Case("refused domain", mail("subscribe", author="x@sub.mailinator.example"), "command", ("Ignore",), who="new", answered=False),
        Case("no From", b"Subject: subscribe\n\npension", "unknown", ("Ignore",), who="new", answered=False),
        Case("two From fields", mail("unsubscribe", headers="From: boss@example.com"), "unknown", ("Ignore",), answered=False),
        Case("two From addresses", mail("unsubscribe", author="a@example.net, b@example.net"), "unknown", ("Ignore",), answered=False),
        Case("another's address", mail("unsubscribe victim@example.com"), "unknown", ("Ignore",)),
        Case("nothing at all", mail(), "unknown", ("Ignore",)),
        Case("small talk", mail("Thank you, the last report was great!"), "unknown", ("Ignore",)),
        Case("to the owner", mail("May I visit the library?", subject="Visit"), "unknown", ("ForwardToOwner",), to=to("owner"), answered=False),
        Case("many commands, one confirmation", mail("add pension\nremove Zhejiang\nweekly\nlist"), "command", ("NeedsConfirmation",), ("add pension", "remove Zhejiang", "weekly", "list")),
        Case("until end", mail("add pension\nend\nremove Zhejiang"), "command", ("NeedsConfirmation",), ("add pension",)),
        Case("until the signature", mail("add pension\n-- \nremove Zhejiang"), "command", ("NeedsConfirmation",), ("add pension",)),
        Case("subject and body", mail("remove Zhejiang", subject="add pension"), "command", ("NeedsConfirmation",), ("add pension", "remove Zhejiang")),
        Case("contradiction", mail("unsubscribe\nadd pension"), "command", ("NeedsConfirmation",), ("add pension",)),
        Case("do not unsubscribe me", mail("Please do not unsubscribe me!"), "unknown", ("Ignore",), ()),
        Case("不想退订", mail("我不想退订"), "unknown", ("Ignore",), ()),
        Case("authenticated: do not unsubscribe me", mail("do not unsubscribe me"), "unknown", ("Ignore",), (), who="authenticated"),
    ]  # fmt: skip


def _doors() -> list[Case]:
    """Extension addresses and tokens."""
    auto = "Auto-Submitted: auto-replied"
    return [
        Case("+subscribe, empty", mail(), "command", ("SignUp",), ("subscribe",), who="new", to=to("subscribe")),
        Case("+subscribe, keywords", mail("pension\nZhejiang"), "command", ("SignUp",), ("subscribe pension, Zhejiang",), who="new", to=to("subscribe")),
        Case("-subscribe", mail(), "command", ("SignUp",), who="new", to="alerts-subscribe@example.org"),
        Case("+subscribe that says stop", mail("unsubscribe"), "command", ("NeedsConfirmation",), ("unsubscribe",), to=to("subscribe")),
        Case("+unsubscribe, empty", mail(), "command", ("NeedsConfirmation",), ("unsubscribe",), to=to("unsubscribe")),
        Case("+unsubscribe, authenticated", mail(), "command", ("Leave",), to=to("unsubscribe"), who="authenticated"),
        Case("+unsubscribe that says no", mail("please do not unsubscribe me"), "unknown", ("Ignore",), to=to("unsubscribe")),
        Case("+help", mail("hello"), "command", ("Show",), ("help",), to=to("help")),
        Case("-request", mail("help"), "command", ("Show",), to="alerts-request@example.org"),
        Case("an extension of nobody's", mail("list"), "command", ("Show",), to=to("newsletter")),
        Case("+leave-TOKEN", mail(), "command", ("Leave",), to=to(f"leave-{LEAVE}"), who="new"),
        Case("+leave-TOKEN, upper case", mail(), "command", ("Leave",), to=to(f"leave-{LEAVE}").upper(), who="new"),
        Case("+leave-TOKEN by a mail client", mail("This message was sent automatically to unsubscribe you.", subject="unsubscribe"), "command", ("Leave",), to=to(f"leave-{LEAVE}")),
        Case("+leave-TOKEN pauses", mail("pause 2 weeks"), "command", ("PauseByToken",), to=to(f"leave-{LEAVE}")),
        Case("+leave-TOKEN does nothing else", mail("change address thief@example.com"), "command", ("NeedsConfirmation",), to=to(f"leave-{LEAVE}")),
        Case("+leave-TOKEN that says no", mail("do not unsubscribe me please"), "unknown", ("Ignore",), to=to(f"leave-{LEAVE}")),
        Case("+leave-TOKEN, auto-submitted", mail(headers=auto), "auto-reply", ("Ignore",), to=to(f"leave-{LEAVE}"), answered=False),
        Case("+leave-TOKEN, forged", mail(), "command", ("NeedsConfirmation",), to=to("leave-" + "l" + "z" * 30)),
        Case("sign-up confirmed, empty reply", mail(), "confirmation", ("Confirm",), to=to(f"confirm-{SIGN_UP}"), who="pending"),
        Case("sign-up confirmed, yes", mail("Yes, please!\n\n> Answer this mail to confirm"), "confirmation", ("Confirm",), to=to(f"confirm-{SIGN_UP}"), who="pending"),
        Case("sign-up confirmed, 确认", mail("确认"), "confirmation", ("Confirm",), to=to(f"confirm-{SIGN_UP}"), who="pending"),
        Case("sign-up confirmed by subject", mail("ok", subject=f"Re: Please confirm ({SIGN_UP})"), "confirmation", ("Confirm",), who="pending"),
        Case("sign-up confirmed by code", mail(f"confirm {SIGN_UP}"), "confirmation", ("Confirm",), who="pending"),
        Case("sign-up declined", mail("No, I did not ask for this."), "confirmation", ("Decline",), to=to(f"confirm-{SIGN_UP}"), who="pending"),
        Case("sign-up declined by stop", mail("stop"), "confirmation", ("Decline",), to=to(f"confirm-{SIGN_UP}"), who="pending"),
        Case("sign-up declined, 不是我", mail("不是我订阅的"), "confirmation", ("Decline",), to=to(f"confirm-{SIGN_UP}"), who="pending"),
        Case("sign-up questioned", mail("Who are you and where did you get this address? I would like to know what this is all about before I do anything, could you explain?"), "confirmation", ("Ignore",), to=to(f"confirm-{SIGN_UP}"), who="pending"),
        Case("confirmation, auto-submitted", mail("yes", headers=auto), "auto-reply", ("Ignore",), to=to(f"confirm-{SIGN_UP}"), answered=False),
        Case("confirmation, out of office", mail("I am away until Monday and will reply when I return.", subject="Automatic reply: Please confirm"), "auto-reply", ("Ignore",), to=to(f"confirm-{SIGN_UP}"), answered=False),
        Case("confirmation, forged", mail("yes"), "confirmation", ("Ignore",), to=to("confirm-" + "c" + "z" * 30)),
        Case("confirmation, used", mail("yes"), "confirmation", ("Ignore",), to=to(f"confirm-{USED}")),
        Case("confirmation, expired", mail("yes"), "confirmation", ("Ignore",), to=to(f"confirm-{EXPIRED}")),
        Case("change confirmed", mail("ok"), "confirmation", ("Confirm",), to=to(f"confirm-{CHANGE}")),
        Case("leaving confirmed", mail("yes"), "confirmation", ("Confirm",), to=to(f"confirm-{LEAVING}")),
        Case("leaving confirmed by unsubscribe", mail("unsubscribe"), "confirmation", ("Confirm",), to=to(f"confirm-{LEAVING}")),
        Case("leaving declined", mail("No, I want to stay."), "confirmation", ("Decline",), to=to(f"confirm-{LEAVING}")),
        Case("leaving declined, 不想退订", mail("我不想退订"), "confirmation", ("Decline",), to=to(f"confirm-{LEAVING}")),
    ]  # fmt: skip


ANSWERS = {
    "Gmail": "weekly\n\nOn Tue, Nov 24, 2026 at 8:00 AM Report alerts <alerts@example.org> wrote:\n\n> unsubscribe\n> add more",
    "Gmail, wrapped": "weekly\n\nOn Tue, Nov 24, 2026 at 8:00 AM Report alerts <\nalerts@example.org> wrote:\n\n> unsubscribe",
    "Apple Mail": "weekly\n\n> On 24 Nov 2026, at 08:00, Report alerts <alerts@example.org> wrote:\n> \n> unsubscribe",
    "Thunderbird, German": "weekly\n\nAm 24.11.26 um 08:00 schrieb Report alerts:\n> unsubscribe",
    "Thunderbird, French": "weekly\n\nLe 24/11/2026 à 08:00, Report alerts a écrit :\n> unsubscribe",
    "Outlook": "weekly\n\n-----Original Message-----\nFrom: Report alerts\nSent: Tuesday\nTo: reader\nSubject: x\n\nunsubscribe",
    "Outlook, line": "weekly\n\n________________________________\nFrom: Report alerts <alerts@example.org>\nSent: Tuesday\nTo: x\nSubject: y\n\nunsubscribe",
    "Outlook, bare block": "weekly\n\nFrom: Report alerts <alerts@example.org>\nDate: Tuesday, 24 November 2026\nTo: x\nSubject: y\n\nunsubscribe",
    "Outlook, German": "weekly\n\nVon: Report alerts\nGesendet: Dienstag\nAn: x\nBetreff: y\n\nunsubscribe",
    "QQ Mail": 'weekly\n\n------------------ 原始邮件 ------------------\n发件人: "报告" <alerts@example.org>;\n主题: x\n\nunsubscribe',
    "NetEase": 'weekly\n\n在 2026-11-24 08:00:00，"报告提醒" <alerts@example.org> 写道：\n\nunsubscribe',
    "Foxmail": "weekly\n\n发件人： 报告提醒\n发送时间： 2026-11-24 08:00\n收件人： x\n主题： y\n\nunsubscribe",
    "forwarded": "weekly\n\n---------- Forwarded message ---------\nFrom: x\n\nunsubscribe",
    "bottom-posted": "On Tue, 24 Nov 2026 Report alerts <alerts@example.org> wrote:\n> unsubscribe\n\nweekly",
    "iPhone": "weekly\n\nSent from my iPhone\nunsubscribe",
    "我的iPhone": "weekly\n\n发自我的iPhone\n退订",
    "signature": "weekly\n\n-- \nunsubscribe is the name of my boat",
}  # fmt: skip


def _replies() -> list[Case]:
    """Replies and layouts of the common clients: what is quoted, forwarded or signed is not obeyed."""
    rows = [
        Case(
            f"reply: {name}",
            mail(text, subject="Re: 3 new reports"),
            "command",
            ("NeedsConfirmation",),
            ("weekly",),
        )
        for name, text in ANSWERS.items()
    ]
    prefixes = (
        "Re: ",
        "RE: ",
        "AW: ",
        "Antw: ",
        "SV: ",
        "VS: ",
        "回复：",
        "答复: ",
        "回覆：",
        "Re[2]: ",
        "Re: AW: ",
        "RV: ",
        "Odp: ",
        "R: ",
        "返信: ",
    )
    rows += [
        Case(
            f"prefix {prefix.strip()}",
            mail(subject=f"{prefix}unsubscribe"),
            "command",
            ("NeedsConfirmation",),
            ("unsubscribe",),
        )
        for prefix in prefixes
    ]
    html = "<html><head><style>p{x}</style></head><body><p>Please take me <b>off</b> this list.</p><blockquote>add pension</blockquote></body></html>"
    rows += [
        Case("our subject in a reply is not obeyed", mail("Nice.", subject="Re: Your weekly digest - how to unsubscribe"), "unknown", ("Ignore",), ()),
        Case("HTML only", mail(html, kind="text/html"), "command", ("NeedsConfirmation",), ("unsubscribe",)),
        Case("Gmail HTML", mail('<div>weekly</div><div class="gmail_quote">unsubscribe</div>', kind="text/html"), "command", ("NeedsConfirmation",), ("weekly",)),
        Case("Outlook HTML", mail('<p>weekly</p><div id="divRplyFwdMsg">From: x</div><p>unsubscribe</p>', kind="text/html"), "command", ("NeedsConfirmation",), ("weekly",)),
        Case("format=flowed", mail("please take \nme off this \nlist", kind="text/plain; format=flowed"), "command", ("NeedsConfirmation",), ("unsubscribe",)),
        Case("GB 2312", _encoded("请帮我订阅关于养老金的报告", "gb2312", "base64"), "command", ("SignUp",), ("subscribe 养老金",), who="new"),
        Case("GBK under a wrong label", _encoded("退订", "us-ascii", "8bit", really="gbk"), "command", ("NeedsConfirmation",), ("unsubscribe",)),
        Case("Big5", _encoded("退訂", "big5", "quoted-printable"), "command", ("NeedsConfirmation",), ("unsubscribe",)),
        Case("UTF-16", _encoded("weekly", "utf-16", "base64"), "command", ("NeedsConfirmation",), ("weekly",)),
        Case("unknown charset", _encoded("weekly", "x-klingon", "8bit", really="ascii"), "command", ("NeedsConfirmation",), ("weekly",)),
        Case("encoded subject", mail(subject="=?gb2312?B?zcu2qQ==?="), "command", ("NeedsConfirmation",), ("unsubscribe",)),
        Case("alternative", _alternative("weekly", "<p>daily</p>"), "command", ("NeedsConfirmation",), ("weekly",)),
        Case("alternative, empty text", _alternative(" ", "<p>daily</p>"), "command", ("NeedsConfirmation",), ("daily",)),
        Case("attached mail is not obeyed", _attached("weekly", "unsubscribe"), "command", ("NeedsConfirmation",), ("weekly",)),
    ]  # fmt: skip
    return rows


def _encoded(text: str, charset: str, encoding: str, really: str = "") -> bytes:
    data = text.encode(really or charset)
    body = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring, "8bit": bytes}[encoding](
        data
    )
    return (
        f"From: {READER}\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n".encode()
        + body
    )


def _alternative(plain: str, html: str) -> bytes:
    return (
        f"From: {READER}\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n{plain}\n"
        f"--b\nContent-Type: text/html\n\n{html}\n--b--\n"
    ).encode()


def _attached(text: str, inner: str) -> bytes:
    return (
        f"From: {READER}\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{text}\n--b\nContent-Type: message/rfc822\n\n"
        f"From: x@example.com\nSubject: {inner}\n\n{inner}\n--b--\n"
    ).encode()


def _guarded() -> list[Case]:
    """RFC 3834 and the customs of the field: never answered, never obeyed."""
    marks = {
        "Auto-Submitted: auto-replied": "auto-reply", "Auto-Submitted: auto-generated; x=y": "auto-reply", "Precedence: bulk": "auto-reply", "Precedence: junk": "auto-reply",
        "Precedence: list": "list", "List-Id: <x.example.com>": "list", "List-Unsubscribe: <mailto:x@example.com>": "list", "X-Loop: alerts@example.org": "auto-reply",
        "X-Autoreply: yes": "auto-reply", "X-Autorespond: x": "auto-reply", "Content-Identifier: Auto-replied": "auto-reply", "X-Spam-Flag: YES": "unknown",
        "Return-Path: <>": "auto-reply", "Message-ID: <mabcdefgh@example.org>": "auto-reply",
    }  # fmt: skip
    rows = [
        Case(f"guard: {mark}", mail("unsubscribe", headers=mark), kind, ("Ignore",), answered=False)
        for mark, kind in marks.items()
    ]
    authors = (
        "MAILER-DAEMON@example.com",
        "postmaster@example.com",
        "no-reply@example.com",
        "noreply@example.com",
        "alerts@example.org",
        "news-bounces@example.com",
    )
    rows += [
        Case(f"guard: from {author}", mail("help", author=author), "auto-reply", ("Ignore",), answered=False)
        for author in authors
    ]
    rows += [
        Case(f"vacation: {subject}", mail(body, subject=subject), "auto-reply", ("Ignore",), answered=False)
        for subject, body in NOTICES
    ]
    rows += [
        Case("null envelope sender", mail("unsubscribe"), "auto-reply", ("Ignore",), sender="", answered=False),
        Case("Auto-Submitted: no", mail("weekly", headers="Auto-Submitted: no"), "command", ("NeedsConfirmation",)),
        Case("X-Auto-Response-Suppress is no proof", mail("weekly", headers="X-Auto-Response-Suppress: All"), "command", ("NeedsConfirmation",)),
        Case("Precedence bulk with X-Ack", mail("weekly", headers="Precedence: bulk\nX-Ack: yes"), "command", ("NeedsConfirmation",)),
        Case("an answer to ours is a person's", mail("weekly", headers="In-Reply-To: <mabcdefgh@example.org>"), "command", ("NeedsConfirmation",)),
        Case("a person on holiday who asks", mail("I am on holiday until 15 January, please pause my mail."), "command", ("NeedsConfirmation",), ("pause until 2027-01-15",)),
    ]  # fmt: skip
    return rows


def _returned() -> list[Case]:
    """Reports of the big mail systems, signed (to the return path of a delivery) and not."""
    rows = []
    for name, raw, kind, reason in (*DSNS, *PROSE):
        signed = {"auto-reply": ("Ignore",)}.get(kind, ("RecordBounce",))
        ours = reason in {"relay denied", "block list", "authentication", "rate limited"}
        rows.append(
            Case(
                f"signed: {name}",
                raw,
                kind,
                (*signed, "Alarm") if ours else signed,
                to=to(f"bounce-{BOUNCE}"),
                sender="",
                answered=False,
                reason=reason,
            )
        )
        rows.append(
            Case(f"unsigned: {name}", raw, kind, ("Ignore",), sender="", answered=False, reason=reason)
        )
    rows += [
        Case(f"complaint: {name}", raw, kind, does, answered=False, sender="fbl@example.com")
        for name, raw, kind, does in ARF
    ]
    rows.append(
        Case(
            "a vacation notice at a return path",
            mail("I am away."),
            "auto-reply",
            ("Ignore",),
            to=to(f"bounce-{BOUNCE}"),
            answered=False,
        )
    )
    return rows


def _torture() -> list[Case]:
    """Bytes that are no mail."""
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(400))
    return [
        Case("no bytes", b"", "unknown", ("Ignore",), answered=False),
        Case("NULs", b"\0" * 3000, "unknown", ("Ignore",), answered=False),
        Case("random", bytes(range(256)) * 40, "unknown", ("Ignore",), answered=False),
        Case("nesting bomb", b"From: reader@example.net\n" + nested, "unknown", ("Ignore",)),
        Case("comment bomb", b"From: " + b"(" * 100_000 + b"\n\nlist", "unknown", ("Ignore",), answered=False),
        Case("header bomb", b"From: reader@example.net\n" + b"X: y\n" * 50_000 + b"\nlist", "command", ("Show",)),
        Case("one line of a megabyte", mail("unsubscribe " * 80_000), "unknown", ("Ignore",)),
        Case("a million line ends", mail("\n" * 900_000 + "unsubscribe"), "unknown", ("Ignore",)),
        Case("unclosed HTML comment", mail("<!-- " * 50_000, kind="text/html"), "unknown", ("Ignore",)),
        Case("unclosed style", mail("<style>" * 30_000, kind="text/html"), "unknown", ("Ignore",)),
        Case("bad base64", mail("weekly", headers="Content-Transfer-Encoding: base64"), "unknown", ("Ignore",)),
        Case("broken parameters", mail("weekly", kind="text/plain; charset*0*=x; charset=y; =; ;;"), "command", ("NeedsConfirmation",)),
        Case("lone surrogates", mail("weekly \udcff"), "command", ("NeedsConfirmation",), ("weekly",)),
        Case("bidi controls", mail("\u202eweekly\u202c"), "command", ("NeedsConfirmation",), ("weekly",)),
        Case("mbox line", b"From x Tue Nov 24\n" + mail("weekly"), "command", ("NeedsConfirmation",)),
        Case("bare CR", mail("weekly").replace(b"\n", b"\r"), "command", ("NeedsConfirmation",)),
        Case("header injection in From", mail("weekly", author="a@example.net\n b@example.net>"), "unknown", ("Ignore",), answered=False),
    ]  # fmt: skip


CASES = (*_commands(), *_who(), *_doors(), *_replies(), *_guarded(), *_returned(), *_torture())
