"""Marks that share transactions: few commits, their order, and what a failing store or a poisoned mark does to the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.delivery import commits
from alertd.delivery.commits import Commits
from alertd.errors import StoreError, StoreUnavailableError
from alertd.store.engines import Store

NOTED = Table("noted", MetaData(), Column("id", Integer, primary_key=True), Column("mark", Integer))
POISON = 13


class Book:
    """Writes marks down, counts the transactions, and fails when told to."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = store
        self.transactions: list[list[int]] = []
        self.failures = 0
        self.failure: StoreError = StoreUnavailableError("full")
        write = store.write

        def failing_write() -> Any:
            if self.failures:
                self.failures -= 1
                raise self.failure
            return write()

        monkeypatch.setattr(store, "write", failing_write)
        self.commits = Commits[int, int](store, self.record)

    async def record(self, connection: AsyncConnection, marks: Sequence[int]) -> list[int]:
        self.transactions.append(list(marks))
        await connection.execute(insert(NOTED), [{"mark": mark} for mark in marks])
        if POISON in marks:
            raise LookupError("poison")
        return [mark * 10 for mark in marks]

    async def noted(self) -> list[int]:
        async with self.store.read() as connection:
            return list((await connection.execute(select(NOTED.c.mark).order_by(NOTED.c.id))).scalars())


@pytest.fixture
async def book(store: Store, monkeypatch: pytest.MonkeyPatch) -> Book:
    """A book on a store that can fail, which is tried again at once."""
    monkeypatch.setattr(commits, "RETRY_SECONDS", 0.01)
    async with store.write() as connection:
        await connection.run_sync(NOTED.metadata.create_all)
    return Book(store, monkeypatch)


async def test_what_comes_at_one_moment_is_committed_at_once(book: Book) -> None:
    """Marks that come while others are being committed share the next transaction; each has its own answer, on disk."""

    async def line(number: int) -> int:
        answer = await book.commits.bring(number, is_fact=False)
        assert number in await book.noted()
        return answer

    first = asyncio.ensure_future(line(1))
    while not book.transactions:
        await asyncio.sleep(0)  # noqa: TID251 - a turn of the loop
    others = [asyncio.ensure_future(line(number)) for number in range(2, 10)]
    assert await asyncio.gather(first, *others) == [number * 10 for number in range(1, 10)]
    assert book.transactions == [[1], list(range(2, 10))]


async def test_a_transaction_has_a_bound(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many marks are cut into short transactions, in their order."""
    monkeypatch.setattr(commits, "AT_ONCE", 4)
    await asyncio.gather(*[book.commits.bring(number, is_fact=True) for number in range(10)])
    assert list(map(len, book.transactions)) == [4, 4, 2]
    assert await book.noted() == list(range(10))


async def test_a_poisoned_mark_fails_alone(book: Book) -> None:
    """What cannot be written fails for whoever brought it; the others are committed, in their order."""
    brought = [book.commits.bring(number, is_fact=False) for number in (1, POISON, 2)]
    first, poison, last = await asyncio.gather(*brought, return_exceptions=True)
    assert (first, last) == (10, 20)
    assert isinstance(poison, LookupError)
    assert await book.noted() == [1, 2]


async def test_facts_wait_for_the_store_and_come_first(book: Book) -> None:
    """While the store fails a fact waits, and nothing that came later overtakes it; what is no fact fails at once."""
    book.failures = 3
    fact, wish = book.commits.bring(1, is_fact=True), book.commits.bring(2, is_fact=False)
    with pytest.raises(StoreUnavailableError):
        await wish
    assert not fact.done()
    later = book.commits.bring(3, is_fact=True)
    assert [await fact, await later] == [10, 30]
    assert await book.noted() == [1, 3]


async def test_after_poison_the_order_is_kept(book: Book) -> None:
    """Taken one by one because one is poisoned, what waits for the store is still before what came after it."""
    brought = [book.commits.bring(number, is_fact=True) for number in (1, 2, POISON, 3)]
    while not book.transactions:
        await asyncio.sleep(0)  # noqa: TID251 - a turn of the loop
    book.failures = 2
    await asyncio.gather(*brought, return_exceptions=True)
    assert book.failures == 0
    assert await book.noted() == [1, 2, 3]


async def test_patience_ends(book: Book) -> None:
    """A fact is given up when the patience is over, or when waiting cannot help."""
    book.failures, book.commits.patience = 1000, 0.05
    with pytest.raises(StoreUnavailableError):
        await book.commits.bring(1, is_fact=True)
    book.failures, book.commits.patience = 1, None
    book.failure = StoreError("no such table")
    with pytest.raises(StoreError, match="no such table"):
        await book.commits.bring(2, is_fact=True)
    assert book.failures == 0


async def test_a_mark_that_nobody_waits_for_is_left_out(book: Book) -> None:
    """A line that was cut off before its mark was written does not have it written any more."""
    mark, other = book.commits.bring(1, is_fact=False), book.commits.bring(2, is_fact=False)
    mark.cancel()
    assert await other == 20
    assert await book.noted() == [2]
