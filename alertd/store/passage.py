"""May this mail go? The decision of the claim and of the last look before DATA, pure."""

from __future__ import annotations

from enum import StrEnum

from alertd.model import MailKind, SubscriberState

BOUNCED = "bounce"
"""Suppressions whose reason begins so are about a mailbox that failed, not about a person who said no."""

_TO_OPERATORS = frozenset({MailKind.ALARM, MailKind.FORWARD})
_ANSWERS = frozenset({MailKind.CONFIRMATION, MailKind.REPLY})


class Passage(StrEnum):
    """What becomes of a mail that is about to go."""

    GO = "go"
    WITHDRAW = "withdraw"  # take the digest back: its reports are due again
    POSTPONE = "postpone"  # it may have arrived, so it is not withdrawn, but the reader is paused
    EXPIRE = "expire"
    HOLD = "hold"
    LOST = "lost"  # another worker has it


def judge(
    kind: MailKind, *, reader: SubscriberState | None, suppressed: str | None, late: bool, doubtful: bool
) -> tuple[Passage, str]:
    """What may happen to a mail now, and why.

    Answers go to whoever wrote, subscriber or not, even where a mailbox bounced before, but to nobody who complained.
    Alarms and forwards go to the operators whatever the list says: a silenced alarm is worse.

    Args:
        kind: what the mail is.
        reader: its subscriber's state, None when it has none (any more).
        suppressed: why its address is in the suppression list, None when it is not.
        late: its time is over.
        doubtful: an earlier attempt may have arrived.
    """
    bounced = suppressed is not None and suppressed.startswith(BOUNCED)
    if suppressed is not None and kind not in _TO_OPERATORS and not (bounced and kind in _ANSWERS):
        return Passage.EXPIRE, f"suppressed: {suppressed}"
    if kind in (MailKind.DIGEST, MailKind.WELCOME) and reader not in (
        SubscriberState.ACTIVE,
        SubscriberState.PAUSED,
    ):
        return Passage.EXPIRE, f"the reader is {reader or 'gone'}"
    if kind is not MailKind.DIGEST or (late and doubtful):
        return (Passage.EXPIRE, "its time was over before it could be sent") if late else (Passage.GO, "")
    if late:
        return Passage.WITHDRAW, "stale"
    if reader is SubscriberState.PAUSED:
        return (Passage.POSTPONE if doubtful else Passage.WITHDRAW), "paused"
    return Passage.GO, ""
