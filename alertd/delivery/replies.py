"""What a relay's answer means, from the stage, the code and the enhanced status alone; its words are never read.

"5xx = dead address" is wrong for most refusals: only a short list of statuses says so (RFC 3463 section 3.2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from alertd.errors import RelayConfigError, RelayError, RelayPermanentError, RelayTemporaryError

TEXT_CAP = 500

GOING_AWAY = 421
_NO_ROOM = 552
_REJECTED = 554

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?!\S)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

_NO_SUCH_READER = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_BAD_SENDER = frozenset({"5.1.7", "5.1.8"})
_TOO_LARGE = frozenset({"5.2.3", "5.3.4"})
_GREYLISTED = frozenset({"4.7.1", "4.2.0"})
_SETTING_UP = frozenset({"connect", "tls", "auth"})
_OUT_OF_STEP = frozenset({500, 502, 503})
_WHO_ARE_YOU = frozenset({530, 534, 535, 538})


class Meaning(StrEnum):
    """What an answer, or its absence, means."""

    SERVER_DOWN = "server_down"  # nothing to do with this mail: pause the relay
    OUR_FAULT = "our_fault"  # log-in, sender or TLS refused: stop and tell the operator
    LATER = "later"
    GREYLISTED = "greylisted"
    IN_DOUBT = "in_doubt"  # the dot was written and no answer came
    HARD = "hard"  # no such mailbox
    FULL = "full"
    POLICY = "policy"
    SIZE = "size"
    UNSENDABLE = "unsendable"  # this relay cannot carry it, whatever the reader does
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reply:
    """A relay's answer.

    Attributes:
        code: three digits.
        enhanced: RFC 3463 status, "" when it gave none.
        text: one line, without control characters, at most 500 characters; may name addresses.
    """

    code: int
    enhanced: str
    text: str

    @property
    def is_ok(self) -> bool:
        """2xx: done."""
        return self.code // 100 == 2  # noqa: PLR2004 - RFC 5321 section 4.2.1

    @property
    def is_refusal(self) -> bool:
        """4xx or 5xx: not done."""
        return self.code // 100 in (4, 5)


def is_permanent(code: int) -> bool:
    """5xx: the same command will not be taken later either."""
    return code // 100 == 5  # noqa: PLR2004 - RFC 5321 section 4.2.1


def read_reply(code: int, message: str) -> Reply:
    """The answer as a value of ours; its text is as hostile as any."""
    found = _ENHANCED.match(message)
    return Reply(code, found[1] if found else "", one_line(message))


def one_line(text: str) -> str:
    """At most 500 characters that any log and any database can take."""
    return _CONTROL.sub(" ", text).strip()[:TEXT_CAP]


def meaning_of(error: RelayError) -> Meaning:
    """What an error tells us to do. The text plays no part."""
    if isinstance(error, RelayConfigError):
        return Meaning.OUR_FAULT
    if error.code is not None:
        return meaning(error.stage, error.code, error.enhanced)
    if isinstance(error, RelayPermanentError):
        return Meaning.UNSENDABLE
    if error.stage in _SETTING_UP:
        return Meaning.SERVER_DOWN
    # A drop in mid-transaction is as good as a 451 (RFC 5321 section 3.8), but after the dot nobody knows.
    return Meaning.IN_DOUBT if error.stage == "dot" else Meaning.LATER


def meaning(stage: str, code: int, enhanced: str) -> Meaning:
    """What a refusal means.

    Args:
        stage: connect, tls, auth, mail, rcpt, data or dot.
        code: the reply code.
        enhanced: the RFC 3463 status, or "".
    """
    if code == GOING_AWAY:
        # After the dot it is a definite refusal of this mail, before it the server is going away (RFC 5321 section 3.8).
        return Meaning.LATER if stage == "dot" else Meaning.SERVER_DOWN
    if stage in _SETTING_UP:
        return Meaning.OUR_FAULT if is_permanent(code) else Meaning.SERVER_DOWN
    if code in _WHO_ARE_YOU:
        return Meaning.OUR_FAULT
    if is_permanent(code) and code not in _OUT_OF_STEP:
        return _refused(stage, code, enhanced)
    if stage == "mail" and enhanced.startswith("4.3."):
        return Meaning.SERVER_DOWN
    return Meaning.GREYLISTED if code in (450, 451) and enhanced in _GREYLISTED else Meaning.LATER


def _refused(stage: str, code: int, enhanced: str) -> Meaning:
    """What a 5xx about a mail means: the first rule that fits."""
    rules = (
        (enhanced in _TOO_LARGE or (code == _NO_ROOM and not enhanced and stage != "rcpt"), Meaning.SIZE),
        (enhanced in _BAD_SENDER or stage == "mail", Meaning.OUR_FAULT),
        (enhanced in _NO_SUCH_READER, Meaning.HARD),
        (enhanced == "5.2.2" or code == _NO_ROOM, Meaning.FULL),
        (enhanced.startswith("5.7.") or code == _REJECTED, Meaning.POLICY),
        (enhanced == "5.6.7", Meaning.UNSENDABLE),
    )
    return next((meant for fits, meant in rules if fits), Meaning.OTHER)


def error_of(stage: str, reply: Reply) -> RelayError:
    """The error to raise for a refusal: its type says whether the same mail may go later."""
    if meaning(stage, reply.code, reply.enhanced) is Meaning.OUR_FAULT:
        kind: type[RelayError] = RelayConfigError
    elif is_permanent(reply.code):
        kind = RelayPermanentError
    else:
        kind = RelayTemporaryError
    return kind(reply.text, stage=stage, code=reply.code, enhanced=reply.enhanced)
