"""Tokens prove what they were made for and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.errors import ExpiredTokenError, TokenError
from alertd.mail import tokens
from alertd.mail.keys import ALPHABET, KeyRing
from alertd.model import DeliveryId
from tests.unit.mail.orders import OTHER_RING, RING

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
IDS = st.integers(1, 2**35 - 1)
TAGS = st.text(ALPHABET, min_size=1, max_size=16)
HASHES = st.text("0123456789abcdef", min_size=1, max_size=64)
VERIFIERS: dict[str, Callable[[str, KeyRing], Any]] = {
    "l": tokens.verify_leave,
    "b": tokens.verify_bounce,
    "c": lambda text, keys: tokens.verify_confirm(text, keys, NOW),
    "m": lambda text, keys: tokens.verify_message_id(f"<{text}@example.org>", keys),
}


def _confirm(
    request_id: int, payload: str = "5f" * 32, expires_at: datetime = NOW + timedelta(days=3)
) -> str:
    return tokens.make_confirm(request_id, payload, expires_at, keys=RING, key_id="k3")


MADE = st.one_of(
    TAGS.map(lambda tag: tokens.make_leave(tag, RING, "a2")),
    IDS.map(lambda number: tokens.make_bounce(DeliveryId(number), RING, "k3")),
    IDS.map(_confirm),
    IDS.map(lambda n: tokens.make_message_id(DeliveryId(n), "example.org", keys=RING, key_id="k3")[1:-13]),
)


@given(TAGS)
def test_leave_names_its_subscriber(tag: str) -> None:
    """A leave token gives back the tag it was made for, whichever key of the ring signed it."""
    for key_id in RING.keys:
        assert tokens.verify_leave(tokens.make_leave(tag, RING, key_id), RING).tag == tag


@given(IDS)
def test_bounce_and_message_id_name_their_delivery(number: int) -> None:
    """Return path and Message-ID give back the delivery."""
    assert (
        tokens.verify_bounce(tokens.make_bounce(DeliveryId(number), RING, "k3"), RING).delivery_id == number
    )
    made = tokens.make_message_id(DeliveryId(number), "example.org", keys=RING, key_id="k3")
    assert tokens.verify_message_id(made, RING) == number
    assert tokens.is_ours(made, RING)


@given(IDS, HASHES, HASHES)
def test_confirm_is_bound_to_its_payload(request_id: int, payload: str, other: str) -> None:
    """A confirmation names its request and holds good for its own payload only."""
    token = tokens.verify_confirm(_confirm(request_id, payload), RING, NOW)
    assert token.request_id == request_id
    assert tokens.confirms(token, payload, RING)
    assert tokens.confirms(token, other, RING) == (payload == other)


@given(IDS, st.datetimes(datetime(2026, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_confirm_expires_within_the_hour_after_its_time(request_id: int, expires_at: datetime) -> None:
    """A confirmation is good until its expiry and refused, as expired, from the next full hour on."""
    text = _confirm(request_id, expires_at=expires_at)
    token = tokens.verify_confirm(text, RING, expires_at - timedelta(seconds=1))
    assert expires_at <= token.expires_at < expires_at + timedelta(hours=1)
    with pytest.raises(ExpiredTokenError):
        tokens.verify_confirm(text, RING, token.expires_at)


@given(MADE, st.sampled_from("lbcm"))
def test_swapped_purpose_is_refused(text: str, purpose: str) -> None:
    """No token serves another purpose, neither as it is nor with its first letter changed."""
    if purpose != text[0]:
        for forged in (text, purpose + text[1:]):
            with pytest.raises(TokenError):
                VERIFIERS[purpose](forged, RING)


@given(MADE, st.data())
def test_changed_or_cut_token_is_refused(text: str, data: st.DataObject) -> None:
    """One character changed, left out or added anywhere, or the end cut off: it proves nothing."""
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda character: character != text[place]))
    for forged in (
        text[:place] + other + text[place + 1 :],
        text[:place] + text[place + 1 :],
        text[:place] + other + text[place:],
        text[:place],
    ):
        with pytest.raises(TokenError):
            VERIFIERS[text[0]](forged, RING)


@given(MADE)
def test_strangers_key_is_refused(text: str) -> None:
    """Another ring's key of the same id, and a key that has left the ring, prove nothing."""
    for ring in (OTHER_RING, KeyRing({"zz": b"z" * 32})):
        with pytest.raises(TokenError):
            VERIFIERS[text[0]](text, ring)


@given(MADE, st.data())
def test_case_wrapping_and_width_do_not_matter(text: str, data: st.DataObject) -> None:
    """Mail programs change case, wrap lines and put brackets round; Chinese input methods widen letters."""
    place = data.draw(st.integers(1, len(text) - 1))
    breaks = data.draw(st.sampled_from(["\r\n ", "=\r\n", " ", "\u200b", ">\n"]))
    wide = "".join(chr(ord(character) + 0xFEE0) for character in text)
    if text[0] != "m":
        for same in (text.upper(), f" <{text[:place]}{breaks}{text[place:]}>.", wide):
            assert VERIFIERS[text[0]](same, RING) == VERIFIERS[text[0]](text, RING)


@given(st.text(max_size=80), st.sampled_from("lbcm"))
def test_any_text_is_refused_calmly(text: str, purpose: str) -> None:
    """Whatever is written where a token should be raises TokenError and nothing else."""
    with pytest.raises(TokenError):
        VERIFIERS[purpose](text, RING)


@given(MADE)
def test_token_fits_a_local_part(text: str) -> None:
    """With the longest extension name and a base of 19 characters it stays within 64 octets."""
    assert len(text) <= tokens.LONGEST
    assert len("a" * 19 + "+confirm-" + text) <= 64
    assert set(text) <= set(ALPHABET)


def test_message_ids_of_others_are_not_ours() -> None:
    """Somebody else's Message-ID, and ours with a changed digit, are not ours."""
    made = tokens.make_message_id(DeliveryId(9), "example.org", keys=RING, key_id="k3")
    for other in ("", "<>", "<CAF+x@mail.example.com>", made.replace("k3", "a2"), "x" * 5000):
        assert not tokens.is_ours(other, RING)
    assert tokens.is_ours(made.strip("<>"), RING)


def test_tokens_are_found_in_a_subject() -> None:
    """A reply's subject holds the token in the middle of words in any language, upper-cased perhaps."""
    text = _confirm(77)
    assert tokens.find_tokens(f"Re: 回复：请确认您的订阅 ({text.upper()})") == (text,)
    assert tokens.find_tokens("Re: Please confirm that you want our mails") == ()


def test_impossible_values_are_refused_when_made() -> None:
    """A tag that a local part cannot carry, a negative id, a year out of range: ValueError, not a bad token."""
    with pytest.raises(ValueError, match="tag"):
        tokens.make_leave("Not-Base32", RING, "k3")
    with pytest.raises(ValueError, match="negative"):
        tokens.make_bounce(DeliveryId(-1), RING, "k3")
    with pytest.raises(ValueError, match="expire"):
        _confirm(1, expires_at=datetime(2500, 1, 1, tzinfo=UTC))


def test_fresh_tags_are_good_and_differ() -> None:
    """A fresh tag can be put into a leave token, and is not the last one."""
    first, second = tokens.new_tag(), tokens.new_tag()
    assert first != second
    assert tokens.verify_leave(tokens.make_leave(first, RING, "k3"), RING).tag == first
