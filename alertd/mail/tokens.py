"""Tokens: what an address extension, a return path or a Message-ID proves.

A token is text of a-z and 2-7, derived from the key ring when a mail is rendered and never stored:

```
token = purpose (1) + key id (2) + what it names + MAC (16 characters, 80 bits of HMAC-SHA256)
  l  leave        the subscriber's tag; never expires, knows no epoch; may leave and pause, nothing else
  b  bounce       the delivery
  m  Message-ID   the delivery
  c  confirm      the request (base32 number) + expiry (4, hours since 2020) + binding (6)
```

The binding ties a confirmation to what it confirms: 30 bits of an HMAC over the payload's hash. It is keyed, so nobody
can search offline for another payload that fits.

The longest token is 36 characters up to a request id of 34 billion, so an address whose local part has 19 characters
still fits into the 64 octets of RFC 5321 section 4.5.3.1.1 with `+confirm-` and a token.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alertd.errors import ExpiredTokenError, TokenError
from alertd.mail.keys import ALPHABET, ID_LENGTH, KeyRing
from alertd.model import DeliveryId

LEAVE, BOUNCE, CONFIRM, MESSAGE = "l", "b", "c", "m"
LONGEST = 36

_MAC = 16
_EXPIRY = 4
_BINDING = 6
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_SHAPE = re.compile(r"[blcm][a-z2-7]{2}[a-z2-7]{1,64}[a-z2-7]{16}")
_TAG = re.compile(r"[a-z2-7]{1,16}")
_SPOTTED = re.compile(r"(?<![a-z0-9])[bclm][a-z2-7]{19,35}(?![a-z0-9])", re.IGNORECASE)
_WRAPPING = " \t\r\n\f\v=<>\"'()[]{}.,;:*_\u00ad\u200b\u2060\ufeff"
_DROP = {ord(character): None for character in _WRAPPING}


@dataclass(frozen=True, slots=True)
class LeaveToken:
    """Whoever has it may end or pause the subscriber with this tag."""

    tag: str


@dataclass(frozen=True, slots=True)
class BounceToken:
    """What came back belongs to this delivery."""

    delivery_id: DeliveryId


@dataclass(frozen=True, slots=True)
class ConfirmToken:
    """The owner of the address saw the confirmation of this request.

    Attributes:
        expires_at: UTC, the request's expiry rounded up to the hour.
        binding: what `confirms` compares with the request's payload.
    """

    request_id: int
    expires_at: datetime
    binding: str
    key_id: str


def new_tag() -> str:
    """A fresh random tag for a subscriber: 80 bits that say nothing about them."""
    return "".join(secrets.choice(ALPHABET) for _ in range(16))


def make_leave(tag: str, keys: KeyRing, key_id: str) -> str:
    """The leave token of a subscriber's tag (1-16 characters of a-z and 2-7)."""
    if not _TAG.fullmatch(tag):
        raise ValueError(f"a subscriber's tag has 1-16 characters of a-z and 2-7, not {tag!r}")
    return _seal(LEAVE, tag, keys, key_id)


def make_bounce(delivery_id: DeliveryId, keys: KeyRing, key_id: str) -> str:
    """The token in a delivery's return path."""
    return _seal(BOUNCE, _digits(delivery_id), keys, key_id)


def make_confirm(
    request_id: int, payload_hash: str, expires_at: datetime, *, keys: KeyRing, key_id: str
) -> str:
    """The token that confirms one pending request with just this payload, until `expires_at` (aware)."""
    hours = -((_EPOCH - expires_at) // timedelta(hours=1))
    expiry = _digits(hours).rjust(_EXPIRY, ALPHABET[0])
    if len(expiry) > _EXPIRY:
        raise ValueError(f"a confirmation cannot expire at {expires_at}")
    return _seal(CONFIRM, _digits(request_id) + expiry + _binding(payload_hash, keys, key_id), keys, key_id)


def verify_leave(text: str, keys: KeyRing) -> LeaveToken:
    """Read a leave token.

    Raises:
        TokenError: it proves nothing.
    """
    return LeaveToken(_open(LEAVE, text, keys)[1])


def verify_bounce(text: str, keys: KeyRing) -> BounceToken:
    """Read a return path's token.

    Raises:
        TokenError: it proves nothing.
    """
    return BounceToken(DeliveryId(_number(_open(BOUNCE, text, keys)[1])))


def verify_confirm(text: str, keys: KeyRing, now: datetime) -> ConfirmToken:
    """Read a confirmation's token; ask `confirms` before acting on the request.

    Raises:
        ExpiredTokenError: genuine, and too late.
        TokenError: it proves nothing.
    """
    key_id, named = _open(CONFIRM, text, keys)
    cut = len(named) - _EXPIRY - _BINDING
    if cut < 1:
        raise TokenError("The token is damaged.")
    hours = _number(named[cut : cut + _EXPIRY])
    token = ConfirmToken(
        _number(named[:cut]), _EPOCH + timedelta(hours=hours), named[cut + _EXPIRY :], key_id
    )
    if now >= token.expires_at:
        raise ExpiredTokenError("The confirmation came too late.")
    return token


def confirms(token: ConfirmToken, payload_hash: str, keys: KeyRing) -> bool:
    """Whether a verified token was made for this payload and no other."""
    return hmac.compare_digest(token.binding, _binding(payload_hash, keys, token.key_id))


def make_message_id(delivery_id: DeliveryId, domain: str, *, keys: KeyRing, key_id: str) -> str:
    """The Message-ID of a delivery, the same on every attempt (RFC 5322 section 3.6.4), with angle brackets."""
    return f"<{_seal(MESSAGE, _digits(delivery_id), keys, key_id)}@{domain}>"


def verify_message_id(message_id: str, keys: KeyRing) -> DeliveryId:
    """The delivery that a Message-ID of ours names.

    Raises:
        TokenError: it is not one of ours.
    """
    local, at, _domain = message_id.strip().removeprefix("<").partition("@")
    if not at:
        raise TokenError("That is no Message-ID of ours.")
    return DeliveryId(_number(_open(MESSAGE, local, keys)[1]))


def is_ours(message_id: str, keys: KeyRing) -> bool:
    """Whether we made this Message-ID (a mail that carries it as its own is our mail coming back)."""
    try:
        verify_message_id(message_id, keys)
    except TokenError:
        return False
    return True


def find_tokens(text: str) -> tuple[str, ...]:
    """What looks like a token in running text (a subject, say), in lower case; nothing is proved yet."""
    return tuple(found[0].lower() for found in _SPOTTED.finditer(text))


def _seal(purpose: str, named: str, keys: KeyRing, key_id: str) -> str:
    body = purpose + key_id + named
    return body + _mac(body, keys, key_id)


def _open(purpose: str, text: str, keys: KeyRing) -> tuple[str, str]:
    token = unicodedata.normalize("NFKC", text[:400]).lower().translate(_DROP)
    if not _SHAPE.fullmatch(token):
        raise TokenError("That is no token.")
    if token[0] != purpose:
        raise TokenError("The token is for another purpose.")
    body, mac = token[:-_MAC], token[-_MAC:]
    key_id = body[1 : 1 + ID_LENGTH]
    if keys.find(key_id) is None:
        raise TokenError("The token was made with a key that is no longer used.")
    if not hmac.compare_digest(mac, _mac(body, keys, key_id)):
        raise TokenError("The token is damaged or forged.")
    return key_id, body[1 + ID_LENGTH :]


def _mac(body: str, keys: KeyRing, key_id: str) -> str:
    return _base32(keys.sign(key_id, b"alertd token 1\0" + body.encode()))[:_MAC]


def _binding(payload_hash: str, keys: KeyRing, key_id: str) -> str:
    return _base32(keys.sign(key_id, b"alertd payload 1\0" + payload_hash.encode()))[:_BINDING]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().lower()


def _digits(number: int) -> str:
    if number < 0:
        raise ValueError(f"a token holds no negative number such as {number}")
    text = ALPHABET[number % 32]
    while number := number // 32:
        text = ALPHABET[number % 32] + text
    return text


def _number(text: str) -> int:
    value = 0
    for character in text:
        value = value * 32 + ALPHABET.index(character)
    return value
