"""Laws of the postmaster's pure function, over arbitrary bytes and mutated real structures, with no catch-all around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.model import Kind, Schedule
from alertd.postmaster.bounces.model import PastBounce
from alertd.postmaster.bounces.scoring import THRESHOLD, score
from alertd.postmaster.classify import classify
from alertd.postmaster.commands import when
from alertd.postmaster.commands.model import Command, Verb, When
from alertd.postmaster.commands.understand import understand
from alertd.postmaster.decide import decide
from alertd.postmaster.headers import addresses, decode_words, parameters
from alertd.postmaster.intents import Decision, MailClass
from alertd.postmaster.markup import to_text
from alertd.postmaster.mime import parse
from alertd.postmaster.quoting import read_subject, unquoted_lines
from alertd.postmaster.read import read_mail
from tests.unit.postmaster.making import ADDRESS, BOUNCE, LEAVE, NOW, SIGN_UP, Known, facts, mail, to
from tests.unit.postmaster.table import CASES

SEEDS = [case.raw[:20_000] for case in CASES if len(case.raw) < 20_000]
RECIPIENTS = st.sampled_from(
    [
        ADDRESS,
        *(
            to(end)
            for end in (
                "subscribe",
                "unsubscribe",
                "help",
                "owner",
                f"leave-{LEAVE}",
                f"confirm-{SIGN_UP}",
                f"bounce-{BOUNCE}",
            )
        ),
        "",
    ]
)
WHO = st.sampled_from(["new", "active", "authenticated", "paused", "ended", "pending", "suppressed"])
SENDERS = st.sampled_from([None, "", "reader@example.net"])
MARKS = (
    "Auto-Submitted: auto-replied",
    "Auto-Submitted: auto-generated",
    "Precedence: bulk",
    "List-Id: <x.example.com>",
    "X-Loop: alerts@example.org",
    "X-Autoreply: yes",
)
SHARDS = (
    b"\n\n", b"--b\n", b"--b--\n", b"=?utf-8?b?", b"?=", b"From: ", b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: message/rfc822\n\n", b"\0", b"\xff\xfe", b"(((((",
    b"<blockquote>", b"<style>", b"> ", b"unsubscribe", "退订".encode(), b"Content-Transfer-Encoding: base64\n", b"; charset*0*=utf-8''%ff", b"\r", b"Status: 5.1.1\n", b"until ",
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A mail of the table with pieces cut, doubled, swapped or put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 40)))
        match draw(st.integers(0, 3)):
            case 0:
                del data[at:end]
            case 1:
                data[at:at] = data[at:end] * 3
            case 2:
                data[at:at] = draw(st.sampled_from(SHARDS))
            case _:
                data[at:end] = draw(st.binary(max_size=8))
    return bytes(data)


def decided(raw: bytes, recipient: str, who: str, sender: str | None) -> Decision:
    return decide(read_mail(raw, recipient=recipient, sender=sender), facts(who), NOW)


def holds(decision: Decision) -> None:
    """What is true of any decision."""
    assert decision.intents
    assert decision.kind in set(MailClass)
    bounced = decision.kind in {
        MailClass.BOUNCE_HARD,
        MailClass.BOUNCE_SOFT,
        MailClass.BOUNCE_DELAYED,
        MailClass.COMPLAINT,
        MailClass.AUTO_REPLY,
        MailClass.LIST,
    }
    assert not (bounced and decision.answered)
    if decision.answer:
        assert decision.answer.to == decision.recipients[0]
        assert "\n" not in decision.answer.to + decision.answer.subject + decision.answer.message_id


@given(st.binary(max_size=3000), RECIPIENTS, WHO, SENDERS)
def test_any_bytes_are_decided(raw: bytes, recipient: str, who: str, sender: str | None) -> None:
    """Any bytes at all lead to a decision; at most one answer goes back, and only to the sender."""
    holds(decided(raw, recipient, who, sender))


@given(mutated(), RECIPIENTS, WHO, SENDERS)
def test_mutated_mails_are_decided(raw: bytes, recipient: str, who: str, sender: str | None) -> None:
    """Real structures broken at random lead to a decision as well."""
    holds(decided(raw, recipient, who, sender))


@given(mutated(), RECIPIENTS, WHO, st.sampled_from(MARKS))
def test_automatic_mail_is_never_answered_nor_obeyed(raw: bytes, recipient: str, who: str, mark: str) -> None:
    """A mark of automatic mail silences any mail, and nothing in it is done, tokens included."""
    decision = decided(mark.encode() + b"\n" + raw.replace(b"X-Ack", b"X-Nack"), recipient, who, None)
    assert not decision.answered
    assert {type(intent).__name__ for intent in decision.intents} <= {
        "Ignore",
        "RecordBounce",
        "Alarm",
        "Complaint",
    }


@given(mutated(), RECIPIENTS, WHO)
def test_a_null_return_path_is_never_answered(raw: bytes, recipient: str, who: str) -> None:
    """Nothing with the null return path is answered."""
    assert not decided(raw, recipient, who, "").answered


@given(st.text(max_size=400), st.text(max_size=60), st.sampled_from(["new", "active", "authenticated"]))
def test_any_words_are_decided(body: str, subject: str, as_: str) -> None:
    """Any text as body and subject is classified, and the result has exactly its keys."""
    raw = mail(
        body.encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        subject=subject.encode("utf-8", "replace").decode(),
    )
    made = classify(raw, ADDRESS, as_, now=NOW)
    assert set(made) == {"kind", "recipients", "status", "reason", "answered", "commands", "would_do"}


@given(
    st.lists(
        st.sampled_from(
            [
                "please",
                "do",
                "not",
                "don't",
                "unsubscribe",
                "me",
                "remove",
                "stop",
                "until",
                "monday",
                "weekly",
                "add",
                "pension",
                "退订",
                "不",
                "想",
                "每周",
                "养老金",
                ",",
                ".",
                "\n",
            ]
        ),
        max_size=14,
    )
)
def test_an_outright_no_to_leaving_is_heard(words: list[str]) -> None:
    """Whatever words stand after it, "do not unsubscribe me" keeps its writer."""
    body = "Please do not unsubscribe me.\n" + " ".join(words)
    decision = decide(read_mail(mail(body), recipient=ADDRESS), facts("authenticated"), NOW)
    assert "Leave" not in {type(intent).__name__ for intent in decision.intents}


@given(mutated())
def test_transport_does_not_change_the_key(raw: bytes) -> None:
    """Other line ends, trace fields and blanks at line ends leave the dedupe key alone."""
    flat = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not flat.lower().startswith(b"from:"):
        return
    again = b"Received: from x by y\n" + flat
    assert (
        read_mail(flat).dedupe_key
        == read_mail(flat.replace(b"\n", b"\r\n")).dedupe_key
        == read_mail(again).dedupe_key
    )


@given(st.binary(max_size=2000), st.text(max_size=500))
def test_readers_never_raise(data: bytes, text: str) -> None:
    """Every reader of hostile text takes anything."""
    parse(data)
    decode_words(text)
    parameters(text)
    assert all("@" in address for address in addresses(text))
    to_text(text)
    unquoted_lines(text)
    read_subject(text)
    when.read(text[:200])


COMMANDS = st.builds(
    Command,
    st.sampled_from(list(Verb)),
    st.lists(st.text(min_size=1, max_size=10), max_size=3).map(tuple),
    st.none()
    | st.builds(
        When,
        st.none() | st.sampled_from(Kind),
        st.none() | st.integers(1, 7),
        st.none() | st.integers(0, 1439),
    ),
    st.text(max_size=10),
)


@given(COMMANDS)
def test_commands_survive_json(command: Command) -> None:
    """A command read back from JSON is the same command."""
    assert Command.from_json(command.as_json()) == command


@given(st.sampled_from([Kind.DAILY, Kind.WEEKLY, Kind.MONTHLY]), st.integers(1, 7), st.integers(0, 1439))
def test_timing_reads_back(kind: Kind, days: int, minute: int) -> None:
    """A timing written out is read as the same timing."""
    timing = When(kind, days if kind is not Kind.DAILY else None, minute)
    assert when.read(str(timing)) == timing


@given(
    st.sampled_from(Kind),
    st.none() | st.integers(1, 7),
    st.none() | st.integers(0, 1439),
    st.sampled_from(Kind),
)
def test_a_timing_resolves_to_a_whole_schedule(
    kind: Kind, days: int | None, minute: int | None, current: Kind
) -> None:
    """What was not said is filled up so that the schedule is one that can be stored."""
    now = Schedule(
        current,
        3 if current in {Kind.WEEKLY, Kind.MONTHLY} else 0,
        540 if current is not Kind.IMMEDIATE else 0,
    )
    made = When(kind, days, minute).resolve(now, zone="Asia/Shanghai")
    assert made.kind is kind
    assert (made.days == 0) == (kind in {Kind.IMMEDIATE, Kind.DAILY})
    assert made.zone == ("UTC" if kind is Kind.IMMEDIATE else "Asia/Shanghai")


BOUNCES = st.lists(
    st.builds(
        PastBounce,
        st.datetimes(
            min_value=NOW.replace(tzinfo=None, month=10),
            max_value=NOW.replace(tzinfo=None),
            timezones=st.just(NOW.tzinfo),
        ),
        st.sampled_from([0, 25, 50, 100, 500]),
    ),
    max_size=20,
)


@given(BOUNCES, st.randoms())
def test_scoring_laws(bounces: list[PastBounce], chance: object) -> None:
    """The order does not matter, a day counts once, and one soft bounce never suppresses."""
    verdict = score(bounces, NOW)
    assert verdict == score(reversed(bounces), NOW)
    assert verdict.points <= 500 * verdict.days
    assert verdict.suppress is (verdict.points >= THRESHOLD)
    for bounce in bounces:
        if bounce.weight < THRESHOLD:
            assert not score([bounce], NOW).suppress


def test_known_proofs_fit_the_protocol() -> None:
    """The table's proofs answer as the key ring's do."""
    assert Known().leave("x") is None


@pytest.mark.parametrize("length", [1_000, 100_000])
def test_long_words_are_read_in_linear_time(length: int) -> None:
    """No pattern goes quadratic on what an attacker would send (guarded by the suite's time-out)."""
    from tests.unit.postmaster.making import decided as decided_by

    for piece in (
        "a",
        "a ",
        "- ",
        "re: ",
        "please ",
        "unsubscribe,",
        "每",
        "do not ",
        "On a wrote ",
        "<x",
        "(",
        ", and ",
        "until ",
        "a@b.",
        "report of the ",
    ):
        decided_by(mail(piece * (length // len(piece)), subject=piece * 300))


def test_understanding_is_total_on_nothing() -> None:
    """An empty mail has neither commands nor doubts."""
    from alertd.postmaster.commands.model import Setting

    nothing = understand(read_subject(""), (), Setting(now=NOW))
    assert nothing.empty
    assert nothing.commands == ()
