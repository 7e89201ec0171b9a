"""The small readers of the postmaster: routes, authentication, scoring, quoting, timing, zones, the help."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from alertd.mail.keys import KeyRing
from alertd.mail.tokens import make_bounce, make_confirm, make_leave
from alertd.model import DeliveryId
from alertd.postmaster.authentic import is_authentic
from alertd.postmaster.bounces.model import PastBounce
from alertd.postmaster.bounces.scoring import score
from alertd.postmaster.classify import classify
from alertd.postmaster.commands import catalogue, when
from alertd.postmaster.commands.places import find_zone
from alertd.postmaster.commands.spelling import distance, repair
from alertd.postmaster.commands.until import read_until
from alertd.postmaster.headers import addresses, decode_words, parameters
from alertd.postmaster.proofs import KeyProofs, Request, request_ids
from alertd.postmaster.quoting import read_subject
from alertd.postmaster.read import read_mail
from alertd.postmaster.route import Door, Route, route
from tests.unit.postmaster.making import ADDRESS, NOW, decided, does, mail, said

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("recipient", "separator", "expected"),
    [
        ("alerts@example.org", "+", Route(Door.BASE)),
        ("alerts+subscribe@example.org", "+", Route(Door.SUBSCRIBE)),
        ("alerts-unsubscribe@example.org", "-", Route(Door.UNSUBSCRIBE)),
        ("ALERTS+LEAVE-ABCDEFGHABCDEFGH@example.org", "+", Route(Door.LEAVE, "abcdefghabcdefgh")),
        ("alerts-confirm-abcdefgh234567@example.org", "-", Route(Door.CONFIRM, "abcdefgh234567")),
        ("alerts+bounce-abcdefgh234567@example.org", "+", Route(Door.BOUNCE, "abcdefgh234567")),
        ("alerts-request@example.org", "+", Route(Door.BASE)),
        ("alerts-owner@example.org", "+", Route(Door.OWNER)),
        ("alerts+sports@example.org", "+", Route(Door.BASE)),
        ("alertsman@example.org", "+", Route(Door.BASE)),
        ("", "+", Route(Door.BASE)),
    ],
)
def test_route(recipient: str, separator: str, expected: Route) -> None:
    """Each extension leads to its door, in either separator and any case."""
    assert route(recipient, address=ADDRESS, separator=separator) == expected


AUTHENTIC = (
    ("mx.example.org; dkim=pass header.d=example.net", True),
    ("mx.example.org; dkim=pass (2048-bit key) header.d=example.net header.i=@example.net", True),
    ("MX.example.org; dkim=pass header.d=example.net", False),
    ("mx.example.org 1; spf=pass smtp.mailfrom=reader@example.net", True),
    ("mx.example.org; spf=pass smtp.mailfrom=example.net", True),
    ("mx.example.org; dkim=pass header.i=@news.example.net", True),
    ("mx.example.org; dmarc=pass header.from=example.net", True),
    ("mx.example.org; dkim=pass header.d=evil.example.com", False),
    ("mx.example.org; dkim=pass header.d=notexample.net", False),
    ("mx.example.org; dkim=pass header.d=net", False),
    ("mx.example.org; dkim=fail header.d=example.net; spf=softfail smtp.mailfrom=example.net", False),
    ("mx.example.org; dkim=pass header.d=example.net; dmarc=fail header.from=example.net", False),
    ("mx.example.org; none", False),
    ("evil.example.com; dkim=pass header.d=example.net", False),
    ("mx.example.org.evil.example.com; dkim=pass header.d=example.net", False),
    ("(mx.example.org;) evil.example.com; dkim=pass header.d=example.net", False),
    ("", False),
)


@pytest.mark.parametrize(("value", "expected"), AUTHENTIC)
def test_authentication_results(value: str, expected: bool) -> None:
    """Only the trusted server's word about the From's own domain counts (RFC 8601)."""
    raw = mail("weekly", headers=f"Authentication-Results: {value}")
    assert is_authentic(read_mail(raw), trusted="mx.example.org") is expected
    assert not is_authentic(read_mail(raw), trusted="")


def test_only_the_topmost_results_count() -> None:
    """A forged field below our server's own is not looked at, and several From fields are never authentic."""
    forged = "Authentication-Results: mx.example.org; dkim=none\nAuthentication-Results: mx.example.org; dkim=pass header.d=example.net"
    assert not is_authentic(read_mail(mail("x", headers=forged)), trusted="mx.example.org")
    double = (
        "Authentication-Results: mx.example.org; dkim=pass header.d=example.net\nFrom: reader@example.net"
    )
    assert not is_authentic(read_mail(mail("x", headers=double)), trusted="mx.example.org")


def test_scoring_as_mailman() -> None:
    """Five distinct days of soft bounces suppress, four do not, a week of silence forgets, one hard one is enough."""

    def days(*ago: int, weight: int = 100) -> list[PastBounce]:
        return [PastBounce(NOW - timedelta(days=each), weight, "mailbox full") for each in ago]

    assert score(days(0, 1, 2, 3, 4), NOW).suppress
    assert not score(days(0, 1, 2, 3), NOW).suppress
    assert score(days(0, 0, 0, 0, 0, 0), NOW).points == 100
    assert score(days(0, 1, 20, 21, 22), NOW).points == 200
    assert score(days(8, 9, 10, 11, 12), NOW).points == 0
    assert score(days(0, weight=500), NOW).suppress
    assert score(days(*range(30), weight=0), NOW).points == 0
    assert score([], NOW).reason == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("daily", "daily"), ("every day at 8am", "daily at 08:00"), ("weekly on friday at 17:30", "weekly on friday at 17:30"), ("every Monday", "weekly on monday"),
        ("on the 15th of each month", "monthly on 15"), ("once a week is enough", "weekly"), ("as soon as they are published", "immediate"), ("from daily to weekly", "weekly"),
        ("not daily but weekly", "weekly"), ("instead of weekly, monthly", "monthly"), ("at 7 pm", "at 19:00"), ("每天", "daily"), ("每周一早上8点", "weekly on monday at 08:00"),
        ("每天晚上六点半", "daily at 18:30"), ("每月15号", "monthly on 15"), ("改成每周一次", "weekly"), ("立即", "immediate"), ("daily life", None), ("weekly wages of farmers", None), ("", None),
    ],
)  # fmt: skip
def test_timing(text: str, expected: str | None) -> None:
    """Timing is read in both languages, negated timing is not, and a keyword that begins like one is none."""
    found = when.read(text)
    assert (str(found) if found else None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 weeks", "2026-12-08"), ("until 2026-12-01", "2026-12-01"), ("until December 1st", "2026-12-01"), ("until 1 Jan", "2027-01-01"), ("a month", "2026-12-24"), ("next Monday", "2026-11-30"),
        ("until the end of the year", "2026-12-31"), ("两周", "2026-12-08"), ("到12月1日", "2026-12-01"), ("半个月", "2026-12-09"), ("到月底", "2026-11-30"), ("until 2020-01-01", None), ("until 31 February", None), ("for ever", None),
    ],
)  # fmt: skip
def test_until(text: str, expected: str | None) -> None:
    """The end of a pause is found in both languages; a past or impossible day is none."""
    found = read_until(text, TODAY)
    assert (found.isoformat() if found else None) == expected


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("New York time", "America/New_York"),
        ("北京时间", "Asia/Shanghai"),
        ("UTC+8", "Etc/GMT-8"),
        ("UTC-5", "Etc/GMT+5"),
        ("UTC+5:30", "Asia/Kolkata"),
        ("Atlantis", ""),
        ("", ""),
    ],
)
def test_zones(text: str, zone: str) -> None:
    """Zones are found by IANA name, city, offset and in Chinese."""
    assert find_zone(text) == zone


def test_subject_prefixes() -> None:
    """Reply and forward prefixes of many languages go, numbered and repeated ones too; nothing else does."""
    for prefix in ("Re: ", "AW: ", "SV: ", "回复：", "答复: ", "Re[3]: ", "RE: AW: ", "[EXT] Re: "):
        assert read_subject(f"{prefix}weekly").text == "weekly"
        assert read_subject(f"{prefix}weekly").replied
    assert read_subject("Fwd: weekly").forwarded
    assert read_subject("rewrite: the law").text == "rewrite: the law"


def test_typos() -> None:
    """Slips of the (un)subscribe family are mended to the right side; real words are left alone."""
    for slip in (
        "unsubcribe",
        "unsuscribe",
        "unsubsribe",
        "usubscribe",
        "nsubscribe",
        "unsubscirbe",
        "unsubscribee",
        "un-subscribe",
    ):
        assert repair(slip) == "unsubscribe", slip
    for slip in ("suscribe", "subscibe", "subcribe", "susbcribe"):
        assert repair(slip) == "subscribe", slip
    for word in ("describe", "prescribe", "remote", "subscript", "research", "formal"):
        assert repair(word) == word
    assert distance("abcd", "abdc") == 1


def test_one_lost_swapped_or_doubled_letter_never_turns_leaving_into_joining() -> None:
    """Each single slip in "unsubscribe" is leaving or nothing, never a sign-up."""
    word = "unsubscribe"
    slips = {word[:n] + word[n + 1 :] for n in range(len(word))} | {
        word[:n] + word[n] + word[n:] for n in range(len(word))
    }
    slips |= {word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(len(word) - 1)}
    for slip in slips:
        assert said(decided(mail(slip))) == ("unsubscribe",), slip


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Reader <reader@example.net>", ("reader@example.net",)), ('"Boss <boss@example.com>" <a@example.net>', ("a@example.net",)), ('"boss@example.com" <a@example.net>', ("a@example.net",)),
        ("a@example.net (boss@example.com)", ("a@example.net",)), ("a@example.net, b@example.net", ("a@example.net", "b@example.net")), ("team: a@example.net;", ("a@example.net",)),
        ("=?utf-8?q?a=40b?= <c@example.net>", ("c@example.net",)), ("nobody", ()), ("<>", ()), ("(" * 5000, ()), ("a@b@example.net", ()),
    ],
)  # fmt: skip
def test_addresses(value: str, expected: tuple[str, ...]) -> None:
    """Only what stands as the address is one, whatever the display name pretends."""
    assert addresses(value) == expected


def test_header_words_and_parameters() -> None:
    """Encoded words cut inside a character are joined, wrong charsets decoded, RFC 2231 pieces put together."""
    assert decode_words("=?utf-8?b?6YCA?= =?utf-8?b?6K6i?=") == "退订"
    assert decode_words("=?utf-8?b?6YA=?= =?utf-8?b?gA==?=") == "退"
    assert decode_words("=?x-none?q?a=20b?= c") == "a b c"
    assert parameters("text/plain; charset*0=ut; charset*1=f-8")[1] == {"charset": "utf-8"}
    assert parameters("a/b; name*=utf-8''%e9%80%80")[1] == {"name": "退"}


def test_the_help_is_assembled_from_the_commands() -> None:
    """Every command has a usage and a help line in both languages, and what its usage shows is understood as it."""
    for entry in catalogue.SHOWN:
        assert all(entry.usage)
        assert all(entry.help)
    typed = {
        "subscribe": "subscribe pension",
        "add": "add pension",
        "remove": "remove pension",
        "search": "search pension",
        "change address": "change address new@example.org",
        "time zone": "time zone Europe/Berlin",
        "language": "language en",
        "format": "format text",
    }
    for entry in catalogue.SHOWN:
        if entry.verb.value in {"schedule", "confirm"}:
            continue
        name = entry.names[0]
        found = decided(mail(typed.get(name, name)))
        assert [command.verb for command in found.commands] == [entry.verb], name


def test_classify_has_its_keys_and_says_what_it_would_do() -> None:
    """The JSON of `alertd classify` has the agreed keys, and says the act in words."""
    made = classify(mail("weekly"), ADDRESS, now=NOW)
    assert list(made) == ["kind", "recipients", "status", "reason", "answered", "commands", "would_do"]
    assert made["commands"] == ["weekly"]
    assert made["would_do"] == [
        "change once confirmed: weekly",
        "ask for one confirmation to reader@example.net",
    ]
    assert (
        classify(mail("subscribe pension"), ADDRESS, "new", now=NOW)["would_do"][0]
        == "sign up for pension once confirmed"
    )
    assert (
        classify(mail("unsubscribe"), ADDRESS, "authenticated", now=NOW)["would_do"][0]
        == "end the subscription at once (authenticated)"
    )


def test_an_attacker_in_the_subject_cannot_add_lines() -> None:
    """What goes into the answer's headers is one line each."""
    decision = decided(mail("weekly", subject="=?utf-8?q?x=0ABcc=3A_evil=40example.com?="))
    assert decision.answer is not None
    assert "\n" not in decision.answer.subject


def test_key_ring_proofs() -> None:
    """Genuine tokens prove what they name; a change of one letter proves nothing."""
    keys = KeyRing({"k3": b"x" * 32})
    request = Request(7, "sign-up", "reader@example.net", payload_hash="hash")
    confirm = make_confirm(7, "hash", NOW + timedelta(days=3), keys=keys, key_id=keys.newest)
    proofs = KeyProofs(keys, {7: (request,)}, NOW)
    assert proofs.confirm(confirm) == request
    assert proofs.leave(make_leave("abcd", keys, keys.newest)) == "abcd"
    assert proofs.bounce(make_bounce(DeliveryId(9), keys, keys.newest)) == 9
    assert proofs.leave(confirm) is None
    assert proofs.confirm(confirm[:-1] + ("a" if confirm[-1] != "a" else "b")) is None
    assert (
        KeyProofs(
            keys, {7: (Request(7, "sign-up", "reader@example.net", payload_hash="other"),)}, NOW
        ).confirm(confirm)
        is None
    )
    assert request_ids(read_mail(mail(f"confirm {confirm}")), keys, NOW) == (7,)


def test_two_services_facing_each_other_fall_silent() -> None:
    """What our answers carry is enough for another alertd, and for ourselves, not to answer."""
    answer = "Auto-Submitted: auto-replied\nX-Loop: other@example.com"
    assert not decided(mail("help", author="other@example.com", headers=answer)).answered
    assert does(decided(mail("help", author="other@example.com", headers=answer))) == ("Ignore",)


def test_the_page_lists_every_command() -> None:
    """docs/commands.md names every command and what it does, as the code declares it."""
    page = (Path(__file__).parents[3] / "docs" / "commands.md").read_text("utf-8")
    for entry in catalogue.SHOWN:
        assert f"`{entry.names[0]}" in page, entry.names[0]
        assert any(name in page for name in entry.chinese), entry.verb
