"""The words of explanations."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertd.digest import explain
from alertd.digest.explain import Step
from alertd.digest.explain_words import BOUNCES, TO_THEM, WORDS, say
from alertd.model import Cause, DeliveryState, MailKind, SubscriberState
from alertd.postmaster.bounces import reasons
from alertd.postmaster.bounces.reasons import cause
from alertd.store.passage import judge
from alertd.subscribers import leave

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def _codes() -> set[str]:
    """Every code that the decision can give."""
    text = Path(explain.__file__).read_text("utf-8")
    literal = set(re.findall(r'Step\(\s*"(\w+)"', text)) | set(re.findall(r'ReportState\.\w+: "(\w+)"', text))
    return literal | {"not_announced"} | {f"delivery_{state}" for state in DeliveryState}


def _names(text: str) -> set[str]:
    """The facts that a sentence names."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_code_has_words(language: str) -> None:
    """Both languages have words for every step, and for nothing else."""
    assert set(WORDS[language]) == _codes()


def test_both_languages_say_the_same_facts() -> None:
    """A translation names the same facts as the original."""
    for code, text in WORDS["en"].items():
        assert _names(WORDS["zh"][code]) == _names(text), code


@pytest.mark.parametrize(("language", "third", "second"), [("en", "reader", "you"), ("zh", "读者", "您")])
def test_who_asks_is_spoken_to(language: str, third: str, second: str) -> None:
    """In a mail no sentence speaks of the reader as of somebody else; it names the same facts, and the rest is the same."""
    theirs = WORDS[language] | TO_THEM[language]
    assert [code for code, text in theirs.items() if third in text] == []
    assert set(TO_THEM[language]) == {code for code, text in WORDS[language].items() if third in text}
    for code, text in TO_THEM[language].items():
        assert second in text
        assert _names(text) == _names(WORDS[language][code]), code


def test_lines() -> None:
    """One line a step, its time first and in the reader's zone; what is not known is a dash."""
    steps = [
        Step("seen", AT, {"catalogue": "drc"}),
        Step("matched", facts={"queries": ["a", "b"]}),
        Step("paused", facts={"until": None}, stops=True),
        Step("waits", facts={"next": AT}, stops=True),
    ]
    assert say(steps, language="en", zone="Asia/Shanghai") == [
        "2026-11-24 16:00:00 CST  found in the catalogue drc",
        "found by: a, b",
        "the reader paused; it comes when they resume (-)",
        "waits for the next digest (2026-11-24 16:00:00 CST)",
    ]


OURS = [
    *(("announced", "cause", cause) for cause in Cause),
    *(
        ("ended", "reason", reason)
        for reason in (
            leave.BY_THEMSELVES,
            leave.OUT_OF_FILE,
            leave.BY_ADMIN,
            leave.COMPLAINED,
            leave.BOUNCED,
        )
    ),
    *(("withdrawn", "reason", reason) for reason in ("paused", "stale", "forgotten")),
    *(
        ("delivery_expired", "reply", reply)
        for reply in (
            *(f"withdrawn: {reason}" for reason in ("paused", "stale")),
            "forgotten",
            *(
                judge(MailKind.DIGEST, reader=reader, suppressed=suppressed, late=late, doubtful=True)[1]
                for reader, suppressed, late in (
                    (SubscriberState.ACTIVE, "complaint", False),
                    (SubscriberState.ENDED, None, False),
                    (SubscriberState.SUPPRESSED, None, False),
                    (None, None, False),
                    (SubscriberState.ACTIVE, None, True),
                )
            ),
        )
    ),
]


@pytest.mark.parametrize(("code", "fact", "value"), OURS)
def test_no_word_of_ours_stays_english(code: str, fact: str, value: str) -> None:
    """Reasons and causes are said in the reader's language; English says them as they are."""
    facts = {"no": 1, "revision": 1, "cause": "new", "reason": "left", "edition": 1, "due": AT, "reply": ""}
    step = Step(code, facts=facts | {fact: value})
    (line,) = say([step], language="zh", zone="UTC", to_them=True)
    assert re.findall("[a-z]+", line) == []
    (line,) = say([step], language="en", zone="UTC")
    assert value in line


@pytest.mark.parametrize("status", ["", "5.1.0", "5.2.0", "5.3.0", "5.7.0", "5.0.0"])
@pytest.mark.parametrize("action", ["failed", "delayed"])
def test_every_bounce_has_words(status: str, action: str) -> None:
    """Whatever the reason for which a mail came back, known by its text or by its status alone."""
    names = {cause(status=status, text="no words", action=action).reason, *reasons._NAMED}
    assert names <= set(BOUNCES["zh"])


def test_what_others_wrote_stays_as_it_is() -> None:
    """An admin's words and a server's are theirs; what of it is ours is said in the reader's language."""
    steps = [
        Step("ended", facts={"reason": f"{leave.BY_ADMIN}: moved to paused: ann"}),
        Step("delivery_expired", facts={"reply": "suppressed: complaint: abuse"}),
        Step("delivery_expired", facts={"reply": "suppressed: bounce: unknown user"}),
        Step("delivery_failed", facts={"code": 550, "reply": "policy"}),
    ]
    assert say(steps, language="zh", zone="UTC", to_them=True) == [
        "您已退订（由管理者终止：moved to paused: ann）",
        "未发送：不得向该地址发送邮件：曾投诉我们的邮件：abuse",
        "未发送：不得向该地址发送邮件：地址无法送达：用户不存在",
        "被拒收：550 policy",
    ]


def test_other_languages_are_said_in_english() -> None:
    """A language we have no words in gets English ones."""
    (line,) = say([Step("skipped")], language="de", zone="UTC")
    assert line == WORDS["en"]["skipped"]


def test_braces_of_a_query_are_text() -> None:
    """What people typed is never read as a pattern."""
    (line,) = say([Step("matched", facts={"queries": ["{0.__class__}"]})], language="en", zone="UTC")
    assert line == "found by: {0.__class__}"
