"""Commits at once what several lines have to record at the same moment.

While one transaction is being committed to disk, whatever the lines bring waits and goes into the next: the busier they are
the more share a commit, and a line that is alone waits for nobody. No promise is weakened by it: a line goes on only when
the transaction that holds its own mark is committed, and marks are committed in the order in which they were brought.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.clock import real_sleep
from alertd.errors import StoreError
from alertd.store.engines import Store

RETRY_SECONDS = 1.0
AT_ONCE = 100
"""Marks of one transaction, so that it stays short however many lines there are."""

_log = log.get("delivery")
_Mark = TypeVar("_Mark")
_Result = TypeVar("_Result")


@dataclass(slots=True, eq=False)
class _Brought(Generic[_Mark, _Result]):
    mark: _Mark
    is_fact: bool
    done: asyncio.Future[_Result]
    waited: float = field(default=0.0)


class Commits(Generic[_Mark, _Result]):
    """Records marks in as few transactions as their order allows.

    Args:
        store: where.
        record: writes marks, in one transaction, and says for each what came of it.

    Attributes:
        patience: real seconds for which a fact waits for a store that cannot be written; None waits for ever.
    """

    def __init__(
        self, store: Store, record: Callable[[AsyncConnection, Sequence[_Mark]], Awaitable[Sequence[_Result]]]
    ) -> None:
        self._store = store
        self._record = record
        self._waiting: deque[_Brought[_Mark, _Result]] = deque()
        self._working: asyncio.Task[None] | None = None
        self._singly = 0
        self.patience: float | None = None

    def bring(self, mark: _Mark, *, is_fact: bool) -> asyncio.Future[_Result]:
        """Have a mark recorded; the future is done when it is committed. One that is cancelled before that is left out.

        Args:
            mark: what to record.
            is_fact: it has happened already, so it is tried again while the store cannot be written; anything else fails at
                once with the StoreError.
        """
        brought = _Brought[_Mark, _Result](mark, is_fact, asyncio.get_running_loop().create_future())
        self._waiting.append(brought)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return brought.done

    async def _work(self) -> None:
        batch: list[_Brought[_Mark, _Result]] = []
        try:
            while self._waiting:
                most = 1 if self._singly else AT_ONCE
                self._singly = max(0, self._singly - 1)
                batch = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
                await self._commit([each for each in batch if not each.done.done()])
        finally:  # nobody waits for ever, even when this task is ended from outside
            for each in (*batch, *self._waiting):
                each.done.cancel()

    async def _commit(self, batch: Sequence[_Brought[_Mark, _Result]]) -> None:
        if not batch:
            return
        try:
            async with self._store.write() as connection:
                results = await self._record(connection, [each.mark for each in batch])
        except StoreError as error:
            await self._later(batch, error)
        except Exception as error:  # noqa: BLE001 - goes to whoever brought the mark
            if len(batch) == 1:
                _settle(batch[0].done, error)
                return
            self._waiting.extendleft(reversed(batch))
            self._singly = len(batch)  # one poisoned mark must not take the others with it
        else:
            for each, result in zip(batch, results, strict=True):
                if not each.done.done():
                    each.done.set_result(result)

    async def _later(self, batch: Sequence[_Brought[_Mark, _Result]], error: StoreError) -> None:
        """The store could not be written: facts wait with it, in their order and before what comes after them."""
        stay = []
        for each in batch:
            if each.is_fact and error.temporary and (self.patience is None or each.waited < self.patience):
                each.waited += RETRY_SECONDS
                stay.append(each)
            else:
                _settle(each.done, error)
        if not stay:
            return
        self._waiting.extendleft(reversed(stay))
        _log.error("delivery.store", error=error, waited=stay[0].waited)
        await real_sleep(RETRY_SECONDS)


def _settle(done: asyncio.Future[_Result], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
