"""Lines that share their commits: fewer transactions, and not one promise less. Real store, real SMTP server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.clock import ManualClock
from alertd.demo.relay import _Keeper
from alertd.errors import StoreError
from alertd.model import DeliveryState
from alertd.store import claims
from alertd.store.engines import Store
from alertd.store.tables import delivery
from tests.acceptance.sending import House, at_home
from tests.store.outbox import queue, row


@pytest.fixture
async def house(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house with nothing to send."""
    async with at_home(store, clock, tmp_path) as it:
        yield it


class Watched:
    """Looks at each writing transaction, the last thing before it is committed."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        self.doubts: list[int] = []
        self.unsaid: list[str] = []
        self._write = house.store.write
        monkeypatch.setattr(house.store, "write", self.write)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with self._write() as connection:
            yield connection
            rows = (await connection.execute(select(delivery.c.address, delivery.c.state))).all()
            taken = {caught.recipients[0] for caught in self.house.relay.caught}
            self.doubts.append(sum(state == DeliveryState.IN_DOUBT for _, state in rows))
            self.unsaid += [
                address for address, state in rows if state == DeliveryState.SENT and address not in taken
            ]


@pytest.mark.parametrize("connections", [1, 5])
async def test_one_mail_in_doubt_per_connection(
    house: House, monkeypatch: pytest.MonkeyPatch, connections: int
) -> None:
    """At no commit more mails are in doubt than there are connections, and none is sent that the relay has not taken."""
    await queue(house.store, *[row(f"r{number}@example.org") for number in range(40)])
    watched = Watched(house, monkeypatch)
    assert (await house.run(connections=connections)).sent == 40
    assert max(watched.doubts) <= connections
    assert watched.unsaid == []
    assert set((await house.states()).values()) == {DeliveryState.SENT}


async def test_lines_share_their_commits(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten lines need far fewer transactions than the two that each mail needs when it is alone."""
    mails = 60
    await queue(house.store, *[row(f"r{number}@example.org") for number in range(mails)])
    watched = Watched(house, monkeypatch)
    assert (await house.run(connections=10)).sent == mails
    assert len(watched.doubts) < mails


async def test_a_250_is_on_disk_before_the_next_data(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the relay sees a DATA, the mail before it on that connection is recorded as sent."""
    await queue(house.store, *[row(f"r{number}@example.org") for number in range(6)])
    open_at_data: list[int] = []
    answer = _Keeper.handle_DATA

    async def looking(*arguments: Any) -> str:
        async with house.store.read() as connection:
            doubtful = select(func.count()).where(delivery.c.state == DeliveryState.IN_DOUBT)
            open_at_data.append((await connection.execute(doubtful)).scalar_one())
        return await answer(*arguments)

    monkeypatch.setattr(_Keeper, "handle_DATA", looking)
    assert (await house.run(connections=1)).sent == 6
    assert open_at_data == [1] * 6


async def test_a_250_that_cannot_be_recorded_is_not_forgotten(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that will never take it ends the run; the mail stays in doubt, and the next one was not begun."""
    ids = await queue(house.store, row("a@example.org"), row("b@example.org"))
    mark_sent = claims.mark_sent

    async def refuse(connection: AsyncConnection, taken: list[claims.Taken]) -> int:
        if taken:
            raise StoreError("cannot be written")
        return await mark_sent(connection, taken)

    monkeypatch.setattr(claims, "mark_sent", refuse)
    with pytest.raises(StoreError, match="cannot be written"):
        await house.run(connections=1)
    states = await house.states()
    assert (states[ids[0]], states[ids[1]]) == (DeliveryState.IN_DOUBT, DeliveryState.PENDING)
    assert [caught.recipients[0] for caught in house.relay.caught] == ["a@example.org"]


async def test_a_250_that_poisons_its_record_is_held(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail whose 250 cannot be written down is set aside for a person; the one after it on the line goes."""
    ids = await queue(house.store, row("a@example.org"), row("b@example.org"))
    mark_sent = claims.mark_sent

    async def refuse(connection: AsyncConnection, taken: list[claims.Taken]) -> int:
        if any(each.id == ids[0] for each in taken):
            raise LookupError("poison")
        return await mark_sent(connection, taken)

    monkeypatch.setattr(claims, "mark_sent", refuse)
    summary = await house.run(connections=1)
    assert (summary.sent, summary.held) == (1, 1)
    states = await house.states()
    assert (states[ids[0]], states[ids[1]]) == (DeliveryState.HELD, DeliveryState.SENT)
    assert len(house.relay.caught) == 2
