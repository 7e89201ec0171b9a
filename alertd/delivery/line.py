"""One line of the sender: takes a mail through one session and sees to it that what happened is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from alertd import log
from alertd.clock import Clock
from alertd.config.settings import Settings
from alertd.delivery.breaker import Belief, Breaker, Trust
from alertd.delivery.envelope import bytes_hash
from alertd.delivery.recorder import Recorder
from alertd.delivery.replies import Meaning, Reply
from alertd.delivery.retry import (
    Deferred,
    Failed,
    InDoubt,
    NoSuccess,
    OurFault,
    ServerDown,
    Tried,
    decide,
    defer,
)
from alertd.delivery.session import Session
from alertd.delivery.summary import Summary
from alertd.errors import RelayError, RelayTemporaryError, StoreError
from alertd.model import OutgoingMail
from alertd.store.claims import Claim
from alertd.store.passage import Passage

_log = log.get("delivery")
_EVENTS = {Deferred: "deferred", Failed: "failed", InDoubt: "unanswered"}


class _NotNowError(Exception):
    """The last look before DATA said no."""

    def __init__(self, passage: Passage, reason: str) -> None:
        super().__init__(reason)
        self.passage = passage
        self.reason = reason


@dataclass(slots=True)
class _Attempt:
    """How far a mail has come: `entered` once `in_doubt` is committed, `reply` once the relay said 250."""

    claim: Claim
    mail: OutgoingMail
    entered: bool = False
    reply: Reply | None = None


class Line:
    """Sends mails one after the other over one session.

    Args:
        session: the connection.
        recorder: writes down what happened.
        clock: when.
        settings: waits and names.
        breaker: shared by all lines.
        trust: shared by all lines.
        summary: shared by all lines.
        alarm: tells the operator.
        rng: jitter of the waits.
    """

    def __init__(
        self,
        session: Session,
        recorder: Recorder,
        clock: Clock,
        *,
        settings: Settings,
        breaker: Breaker,
        trust: Trust,
        summary: Summary,
        alarm: Callable[[str, str], Awaitable[None]],
        rng: Random,
    ) -> None:
        self._session = session
        self._recorder = recorder
        self._clock = clock
        self._settings = settings
        self._breaker = breaker
        self._trust = trust
        self._summary = summary
        self._alarm = alarm
        self._rng = rng
        self._unrecorded: tuple[Claim, asyncio.Future[Any]] | None = None

    async def send(self, claim: Claim, mail: OutgoingMail) -> None:
        """Send one claimed mail. However it ends, the row is where it belongs when this returns.

        A 250 alone is being recorded still: it is committed before DATA of the line's next mail begins, so that never more
        than one mail of a connection is in doubt, and `settle` waits for it.

        Raises:
            StoreError: what happened could not be recorded for as long as the recorder waits.
        """
        attempt = _Attempt(claim, mail)
        try:
            await self._try(attempt)
        except asyncio.CancelledError:
            await self._cut_off(attempt)
            raise
        except StoreError:
            if attempt.entered:
                raise  # the mail may have arrived: whoever recovers the row finds it in doubt
            self._summary.put_back += 1
            await self._recorder.put_back([claim])
            if self._unrecorded is not None:
                raise
        except Exception as error:  # noqa: BLE001 - one poisoned mail must not stop the others
            _log.exception("delivery.held", delivery=claim.id)
            self._summary.held += 1
            await self._recorder.hold(claim, f"cannot be sent: {type(error).__name__}: {error}")

    async def _try(self, attempt: _Attempt) -> None:
        try:
            reply = await self._session.send(
                attempt.mail,
                before_data=lambda: self._enter_data(attempt),
                after_dot=lambda: _log.debug("delivery.dot", delivery=attempt.claim.id),
            )
        except _NotNowError as no:
            self._not_now(attempt.claim, no)
        except RelayError as error:
            await self._ended(attempt, error)
        else:
            attempt.reply = reply
            self._accepted(attempt.claim, reply)

    async def _enter_data(self, attempt: _Attempt) -> None:
        self._trust.accepted()
        looking = asyncio.ensure_future(self._recorder.enter_data(attempt.claim, bytes_hash(attempt.mail)))
        try:
            await self.settle()  # the last mail's 250 shares this commit, or had one before
            passage, reason = await looking
        finally:
            looking.cancel()
        if passage is not Passage.GO:
            raise _NotNowError(passage, reason)
        attempt.entered = True
        _log.debug("delivery.in_doubt", delivery=attempt.claim.id)

    def _accepted(self, claim: Claim, reply: Reply) -> None:
        self._unrecorded = claim, self._recorder.sent(claim, reply)
        self._works()

    async def settle(self) -> None:
        """Wait until the last 250 is recorded.

        Raises:
            StoreError: it could not be, for as long as the recorder waits.
        """
        if self._unrecorded is None:
            return
        claim, recorded = self._unrecorded
        try:
            await asyncio.shield(recorded)  # a fact: whoever is cut off here leaves it to be recorded
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - one poisoned mail must not stop the others
            _log.exception("delivery.held", delivery=claim.id)
            self._summary.held += 1
            await self._recorder.hold(claim, f"sent, but not recorded: {type(error).__name__}: {error}")
        else:
            self._summary.sent += 1
            _log.debug("delivery.sent", delivery=claim.id)
        self._unrecorded = None

    def _works(self) -> None:
        if self._breaker.succeeded():
            _log.info("relay.works_again")

    def _not_now(self, claim: Claim, no: _NotNowError) -> None:
        _log.info("delivery.not_now", delivery=claim.id, passage=no.passage, reason=no.reason)
        if no.passage is Passage.HOLD:
            self._summary.held += 1
        elif no.passage is Passage.WITHDRAW:  # by the next claim
            self._summary.put_back += 1
        elif no.passage is not Passage.LOST:
            self._summary.set_aside += 1

    async def _cut_off(self, attempt: _Attempt) -> None:
        """We are being stopped in the middle of it."""
        if attempt.reply is not None:
            return  # being recorded
        if attempt.entered:
            await self._ended(attempt, RelayTemporaryError("stopped before the relay answered", stage="dot"))
        else:
            self._summary.put_back += 1
            await self._recorder.put_back([attempt.claim])

    async def _ended(self, attempt: _Attempt, error: RelayError) -> None:
        """The attempt brought no 250."""
        claim = attempt.claim
        outcome = self._outcome(attempt, error)
        facts = {"stage": error.stage, "code": error.code, "enhanced": error.enhanced, "text": error.text}
        if isinstance(outcome, ServerDown | OurFault):
            await self._stop(claim, error, fault=isinstance(outcome, OurFault), facts=facts)
            return
        self._count(outcome)
        if error.code is not None:
            self._works()
        _log.info(f"delivery.{_EVENTS[type(outcome)]}", delivery=claim.id, **facts)
        await self._recorder.ended(claim, error, outcome)

    def _outcome(self, attempt: _Attempt, error: RelayError) -> NoSuccess:
        claim, now, delivery = attempt.claim, self._clock.now(), self._settings.delivery
        tried = Tried(claim.attempts, claim.queued_at, claim.expires_at, claim.doubtful)
        outcome = decide(error, tried, now=now, settings=delivery, rng=self._rng)
        if outcome != Failed(Meaning.POLICY) or error.stage != "rcpt":
            return outcome
        belief = self._trust.refused(attempt.mail.recipient)
        if belief is Belief.OF_US:
            return OurFault()
        if belief is Belief.UNSURE:
            return defer(Meaning.POLICY, tried, now=now, settings=delivery, rng=self._rng)
        return outcome

    def _count(self, outcome: Deferred | Failed | InDoubt) -> None:
        if isinstance(outcome, Deferred):
            self._summary.deferred += 1
        elif isinstance(outcome, Failed):
            self._summary.failed += 1
        else:
            self._summary.in_doubt += 1
            self._summary.held += outcome.next_at is None

    async def _stop(self, claim: Claim, error: RelayError, *, fault: bool, facts: dict[str, Any]) -> None:
        """Not about this mail: it goes to the end of the queue with nothing charged, and everything pauses."""
        now, relay = self._clock.now(), self._settings.relay
        news = self._breaker.refused(now, str(error)) if fault else self._breaker.failed(now, str(error))
        self._summary.put_back += 1
        await self._recorder.put_back([claim], next_at=self._breaker.until)
        if not news:
            return
        until = self._breaker.until.isoformat() if self._breaker.until else ""
        if not fault:
            _log.warning("relay.down", until=until, **facts)
            return
        _log.error("relay.refuses_us", until=until, **facts)
        try:
            await self._alarm(
                "relay.refuses_us",
                f"The relay {relay.host}:{relay.port} refuses us, so no mail leaves: {error}."
                " Look at [relay] in alertd.toml and at the relay's log. It is tried again every half hour;"
                " nothing was marked as failed.",
            )
        except Exception:  # noqa: BLE001 - a broken alarm must not stop the sender
            _log.exception("alarm.failed")
