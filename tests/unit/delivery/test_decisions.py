"""What answers mean and when mails are tried again: tables with the shipped defaults, and laws."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.config.settings import Delivery
from alertd.delivery.breaker import STRIKES, Belief, Breaker, Trust
from alertd.delivery.replies import Meaning, error_of, meaning, meaning_of, read_reply
from alertd.delivery.retry import Deferred, Failed, InDoubt, OurFault, ServerDown, Tried, decide, wait
from alertd.errors import RelayConfigError, RelayPermanentError, RelayTemporaryError

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DEFAULTS = Delivery()


@pytest.mark.parametrize(
    ("stage", "code", "enhanced", "expected"),
    [
        # about the server
        ("connect", 421, "4.3.2", "server_down"),
        ("connect", 450, "", "server_down"),
        ("tls", 454, "4.7.0", "server_down"),
        ("auth", 454, "4.7.0", "server_down"),
        ("mail", 421, "4.4.2", "server_down"),
        ("rcpt", 421, "", "server_down"),
        ("data", 421, "", "server_down"),
        ("mail", 452, "4.3.1", "server_down"),
        # about us
        ("connect", 554, "5.7.1", "our_fault"),
        ("auth", 535, "5.7.8", "our_fault"),
        ("auth", 504, "", "our_fault"),
        ("mail", 530, "5.7.0", "our_fault"),
        ("rcpt", 530, "5.7.0", "our_fault"),
        ("mail", 550, "5.7.1", "our_fault"),
        ("mail", 553, "5.1.8", "our_fault"),
        ("rcpt", 553, "5.1.8", "our_fault"),
        # for a time
        ("mail", 450, "", "later"),
        ("mail", 451, "4.3.5", "server_down"),
        ("rcpt", 450, "4.2.0", "greylisted"),
        ("rcpt", 451, "4.7.1", "greylisted"),
        ("rcpt", 450, "4.7.1", "greylisted"),
        ("rcpt", 452, "4.2.2", "later"),
        ("rcpt", 450, "4.1.2", "later"),
        ("data", 451, "", "later"),
        ("dot", 452, "4.3.1", "later"),
        ("dot", 421, "4.7.0", "later"),  # a definite refusal of this mail
        ("mail", 503, "5.5.1", "later"),  # out of step: a new connection mends it
        # for good
        ("rcpt", 550, "5.1.1", "hard"),
        ("rcpt", 550, "5.1.2", "hard"),
        ("rcpt", 501, "5.1.3", "hard"),
        ("rcpt", 551, "5.1.6", "hard"),
        ("rcpt", 550, "5.1.10", "hard"),
        ("rcpt", 550, "5.2.1", "hard"),
        ("dot", 550, "5.1.1", "hard"),
        ("rcpt", 552, "5.2.2", "full"),
        ("rcpt", 552, "", "full"),
        ("rcpt", 554, "5.7.1", "policy"),
        ("rcpt", 550, "5.7.1", "policy"),
        ("dot", 554, "", "policy"),
        ("dot", 550, "5.7.26", "policy"),
        ("dot", 552, "", "size"),
        ("mail", 552, "5.3.4", "size"),
        ("rcpt", 553, "5.6.7", "unsendable"),
        ("rcpt", 550, "", "other"),  # a bare 550 says nothing for sure
        ("data", 550, "5.5.0", "other"),
    ],
)
def test_meaning_of_refusals(stage: str, code: int, enhanced: str, expected: str) -> None:
    """Each refusal of STANDARDS' table means what the table says."""
    assert meaning(stage, code, enhanced) is Meaning(expected)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("connect", "server_down"),
        ("tls", "server_down"),
        ("auth", "server_down"),
        ("mail", "later"),
        ("rcpt", "later"),
        ("data", "later"),
        ("dot", "in_doubt"),
    ],
)
def test_meaning_of_silence(stage: str, expected: str) -> None:
    """A drop or a time-out is about the server before a mail, a 451 within one, a doubt after its dot."""
    assert meaning_of(RelayTemporaryError("lost", stage=stage)) is Meaning(expected)


@given(
    st.sampled_from(["connect", "tls", "auth", "mail", "rcpt", "data", "dot"]),
    st.integers(400, 599),
    st.from_regex(r"[45]\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True) | st.just(""),
)
def test_a_4xx_never_fails_a_mail_and_the_type_agrees(stage: str, code: int, enhanced: str) -> None:
    """4xx is never final, 5xx about a mail never temporary, and an answer is never a doubt."""
    error = error_of(stage, read_reply(code, f"{enhanced} x"))
    tried = Tried(attempts=0, queued_at=NOW, expires_at=None, doubtful=False)
    outcome = decide(error, tried, now=NOW, settings=DEFAULTS, rng=Random(1))
    assert not isinstance(outcome, InDoubt)
    if code < 500:
        assert not isinstance(outcome, Failed)
        assert isinstance(error, RelayTemporaryError)
    if isinstance(outcome, Failed):
        assert isinstance(error, RelayPermanentError)
    if isinstance(error, RelayConfigError):
        assert isinstance(outcome, OurFault)


@given(st.text(max_size=700), st.integers(0, 999))
def test_a_reply_is_one_clean_line(text: str, code: int) -> None:
    """Whatever a relay says becomes one line without control characters that UTF-8 can hold."""
    reply = read_reply(code, text)
    assert len(reply.text) <= 500
    reply.text.encode()
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in reply.text)


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [
        ("5.1.1 no such user", "5.1.1"),
        ("5.1.1", "5.1.1"),
        ("no such user 5.1.1", ""),
        ("5.1.1.1 is an address", ""),
        ("127.0.0.1 refused", ""),
        ("4.7.1\nsecond line", "4.7.1"),
    ],
)
def test_enhanced_status_is_read_only_where_it_stands(text: str, enhanced: str) -> None:
    """RFC 2034: the status is the first word of the text, anything else is prose."""
    assert read_reply(550, text).enhanced == enhanced


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, 5), (1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (9, 240)]
)
def test_waits_with_the_shipped_defaults(attempts: int, minutes: int) -> None:
    """5, 15, 30 minutes, 1, 2, 4, 4 ... hours, each give or take 20 %, and really spread."""
    waits = [
        wait(attempts, Meaning.LATER, settings=DEFAULTS, rng=Random(seed)) / MINUTE for seed in range(200)
    ]
    assert min(waits) >= minutes * 0.8
    assert max(waits) <= minutes * 1.2
    assert max(waits) - min(waits) > minutes * 0.3


@given(st.integers(0, 20), st.integers(), st.integers(1, 10_000))
def test_greylisting_waits_five_to_fifteen_minutes_at_first(attempts: int, seed: int, first: int) -> None:
    """Whatever the first wait is set to, a greylisted mail comes back within the window greylisting expects."""
    settings = Delivery(retries=(timedelta(seconds=first), timedelta(hours=9)))
    waited = wait(attempts, Meaning.GREYLISTED, settings=settings, rng=Random(seed))
    if attempts == 0:
        assert 5 * MINUTE <= waited <= 15 * MINUTE
    else:
        assert waited >= timedelta(hours=7)


@given(st.integers(0, 30), st.integers(0, 200), st.integers(-50, 200), st.integers())
def test_a_deferral_lies_ahead_and_ends(attempts: int, age: int, expires: int, seed: int) -> None:
    """The next try is never in the past, never after the mail's end, and after four days there is none."""
    expires_at = NOW + timedelta(hours=expires)
    tried = Tried(attempts, NOW - timedelta(hours=age), expires_at, doubtful=False)
    outcome = decide(
        RelayTemporaryError("x", stage="rcpt", code=450), tried, now=NOW, settings=DEFAULTS, rng=Random(seed)
    )
    if isinstance(outcome, Failed):
        assert outcome.given_up
        assert age >= 96
        assert attempts >= 1
    else:
        assert isinstance(outcome, Deferred)
        assert age < 96 or attempts == 0
        assert NOW <= outcome.next_at <= max(expires_at, NOW)


@pytest.mark.parametrize(
    ("policy", "doubtful", "again"),
    [
        ("resend", False, NOW + timedelta(minutes=30)),
        ("resend", True, None),  # it was sent twice already
        ("hold", False, None),
    ],
)
def test_in_doubt_is_sent_once_more_or_held(policy: str, doubtful: bool, again: datetime | None) -> None:
    """After the dot without an answer: rest half an hour and resend once, or hold, as the operator chose."""
    tried = Tried(0, NOW, None, doubtful)
    settings = Delivery(in_doubt=policy)
    outcome = decide(
        RelayTemporaryError("lost", stage="dot"), tried, now=NOW, settings=settings, rng=Random(1)
    )
    assert outcome == InDoubt(again)


def test_server_and_own_faults_charge_nothing() -> None:
    """They carry no time: the mail is simply put back."""
    tried = Tried(3, NOW - timedelta(days=30), None, doubtful=False)
    for error, expected in (
        (RelayTemporaryError("refused", stage="connect"), ServerDown()),
        (RelayConfigError("no", stage="auth", code=535), OurFault()),
    ):
        assert decide(error, tried, now=NOW, settings=DEFAULTS, rng=Random(1)) == expected


def test_breaker_pauses_grow_and_end() -> None:
    """1, 5, 15, 30, 30 minutes; four connections that notice the same failure count once; a success closes it."""
    breaker = Breaker()
    now = NOW
    for minutes in (1, 5, 15, 30, 30):
        assert breaker.failed(now, "down")
        assert not breaker.failed(now + timedelta(seconds=1), "down")
        assert breaker.until == now + minutes * MINUTE
        assert breaker.is_open(breaker.until - timedelta(milliseconds=1))
        assert not breaker.is_open(breaker.until)
        assert breaker.is_probing
        now = breaker.until
    assert breaker.since == NOW
    assert breaker.succeeded()
    assert not breaker.is_probing
    assert not breaker.succeeded()
    assert breaker.failed(now, "down again")
    assert breaker.until == now + MINUTE


def test_own_fault_is_told_once_until_mended() -> None:
    """A fault of ours opens for half an hour, even over a pause, and is news only the first time."""
    breaker = Breaker()
    breaker.failed(NOW, "down")
    assert breaker.refused(NOW, "log-in refused")
    assert breaker.until == NOW + 30 * MINUTE
    assert not breaker.refused(NOW + 31 * MINUTE, "log-in refused")
    assert breaker.is_open(NOW + 32 * MINUTE)
    breaker.succeeded()
    assert breaker.refused(NOW + 90 * MINUTE, "log-in refused")


def test_policy_refusals_are_believed_only_from_a_relay_that_relays() -> None:
    """The same code says "not this reader" and "not you": who never got a recipient through looks at themselves."""
    trust = Trust()
    assert trust.refused("a@x") is Belief.UNSURE
    assert trust.refused("a@x") is Belief.UNSURE
    trust.accepted()
    assert trust.refused("a@x") is Belief.OF_READER
    for number in range(STRIKES - 2):
        assert trust.refused(f"{number}@y") is Belief.OF_READER
    assert trust.refused("last@z") is Belief.OF_US
    assert trust.refused("a@x") is Belief.OF_US
    trust.accepted()
    assert trust.refused("a@x") is Belief.OF_READER
