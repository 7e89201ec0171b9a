"""Writes down what happened to the mails of one worker, and does not give up easily.

The two marks that every mail needs, in doubt and sent, share their transactions with those of other lines (see `commits`);
all else is rare and has a transaction of its own. What the relay did is a fact: while the store cannot be written, the line
that holds the fact waits with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.clock import Clock, real_sleep
from alertd.delivery.commits import RETRY_SECONDS, Commits
from alertd.delivery.replies import Reply, one_line
from alertd.delivery.retry import Deferred, Failed, InDoubt
from alertd.errors import RelayError, StoreError
from alertd.store import claims, doubts
from alertd.store.claims import Answer, Claim, HashAddress, Taken
from alertd.store.doubts import Entry
from alertd.store.engines import Store
from alertd.store.passage import Passage

_T = TypeVar("_T")
_log = log.get("delivery")

OnRefused = Callable[[AsyncConnection, Claim, Deferred | Failed, Answer, datetime], Awaitable[None]]
"""Called in the transaction that records a refusal: what it causes is committed with it."""


class Recorder:
    """The outbox as one worker writes it.

    Args:
        store: where.
        clock: when.
        worker_id: whose rows.
        relay: the relay's name in the rows.
        hash_address: address as given to key in the suppression list.
        on_refused: called with every refusal about a mail, in its transaction.

    Attributes:
        patience: real seconds to wait for a store that cannot be written; None waits for ever.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        worker_id: int,
        relay: str,
        hash_address: HashAddress,
        on_refused: OnRefused | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._worker_id = worker_id
        self._relay = relay
        self._hash_address = hash_address
        self._on_refused = on_refused
        self._commits = Commits[Entry | Taken, tuple[Passage, str]](store, self._record)

    @property
    def patience(self) -> float | None:
        """See above."""
        return self._commits.patience

    @patience.setter
    def patience(self, seconds: float | None) -> None:
        self._commits.patience = seconds

    async def enter_data(self, claim: Claim, bytes_hash: str) -> tuple[Passage, str]:
        """Commit `in_doubt`, if the mail may go. One try: without this commit DATA is not begun.

        Raises:
            StoreError: it could not be committed.
        """
        return await self._commits.bring(Entry(claim, bytes_hash), is_fact=False)

    def sent(self, claim: Claim, reply: Reply) -> asyncio.Future[Any]:
        """The relay's 250: done when it is committed, which is not after anything that is brought later."""
        answer = Answer(self._relay, "dot", reply.code, reply.enhanced, reply.text)
        return self._commits.bring(Taken(claim.id, self._clock.now(), answer), is_fact=True)

    async def _record(
        self, connection: AsyncConnection, marks: Sequence[Entry | Taken]
    ) -> list[tuple[Passage, str]]:
        """The marks of several lines, in one transaction."""
        await claims.mark_sent(connection, [mark for mark in marks if isinstance(mark, Taken)])
        looked = await doubts.mark_in_doubt(
            connection,
            [mark for mark in marks if isinstance(mark, Entry)],
            worker_id=self._worker_id,
            now=self._clock.now(),
            relay=self._relay,
            hash_address=self._hash_address,
        )
        return [looked[mark.claim.id] if isinstance(mark, Entry) else (Passage.GO, "") for mark in marks]

    async def ended(self, claim: Claim, error: RelayError, outcome: Deferred | Failed | InDoubt) -> None:
        """An attempt that ended without a 250."""
        answer = Answer(self._relay, error.stage, error.code, error.enhanced, one_line(error.text))
        now, mine = self._clock.now(), self._worker_id

        async def record(connection: AsyncConnection) -> None:
            if isinstance(outcome, InDoubt):
                await claims.mark_doubtful(
                    connection, claim, worker_id=mine, now=now, next_at=outcome.next_at, answer=answer
                )
                return
            if isinstance(outcome, Deferred):
                still = await claims.mark_deferred(
                    connection, claim, worker_id=mine, now=now, next_at=outcome.next_at, answer=answer
                )
            else:
                still = await claims.mark_failed(connection, claim, worker_id=mine, now=now, answer=answer)
            if still and self._on_refused is not None:
                await self._on_refused(connection, claim, outcome, answer, now)

        await self._insist(record)

    async def put_back(self, claimed: Collection[Claim], *, next_at: datetime | None = None) -> None:
        """Nothing of these was handed over: they are due again, with nothing charged."""
        if claimed:
            await self._insist(
                lambda c: claims.put_back(c, claimed, worker_id=self._worker_id, next_at=next_at)
            )

    async def hold(self, claim: Claim, reason: str) -> None:
        """Set a mail aside for a person."""
        why = one_line(reason)
        await self._insist(lambda c: claims.mark_held(c, claim, worker_id=self._worker_id, reason=why))

    async def _insist(self, act: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
        waited = 0.0
        while True:
            try:
                async with self._store.write() as connection:
                    return await act(connection)
            except StoreError as error:
                if not error.temporary or (self.patience is not None and waited >= self.patience):
                    raise
                _log.error("delivery.store", error=error, waited=waited)
            await real_sleep(RETRY_SECONDS)
            waited += RETRY_SECONDS
