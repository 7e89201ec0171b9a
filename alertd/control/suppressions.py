"""`alertd subscriber lift`: an admin takes an address off the suppression list."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key, check_address
from alertd.control.services import Services
from alertd.errors import AlertdError, NotFoundError, RefusedError
from alertd.model import SubscriberState
from alertd.store import consents, subscribers
from alertd.store.consents import LIFTED, Consent, Suppression
from alertd.store.passage import BOUNCED
from alertd.store.subscribers import SubscriberRow


async def lift_suppression(
    services: Services, *, address: str, reason: str = "", force: bool = False
) -> dict[str, Any]:
    """Let an address be mailed again. It brings nobody back: what was asked for was dropped, and who returns begins at now.

    Earlier bounces count no more, or the next one would suppress the address again.

    Args:
        services: of the daemon or the command.
        address: in whatever spelling.
        reason: why, for the audit trail.
        force: also where the person complained: they asked for it.

    Returns:
        address, `lifted` (False when it was not suppressed), `reason` and `since` of the suppression, `state` of the subscriber,
        None where nobody has the address.

    Raises:
        AlertdError: it is no address.
        NotFoundError: it is not suppressed, and nobody has it.
        RefusedError: the person complained, and nobody said `force`.
    """
    try:
        checked = check_address(address)
    except ValueError as error:
        raise AlertdError(str(error)) from error
    hash_ = services.hash_address(checked)
    async with services.store.write() as connection:
        row = await subscribers.find_by_key(connection, address_key(checked), lock=True)
        found = await consents.suppression_of(connection, hash_, now=services.clock.now())
        if found is None and row is None:
            raise NotFoundError(f"{checked} is not suppressed, and no subscriber has it")
        if found is not None:
            _refuse_complaint(checked, found, force=force)
            await _lift(connection, services, row, hash_, found, reason=reason)
            row = await subscribers.get(connection, row.id) if row is not None else None
    return {
        "address": checked,
        "lifted": found is not None,
        "reason": found.reason if found else None,
        "since": found.since.isoformat() if found else None,
        "state": str(row.state) if row else None,
    }


def _refuse_complaint(address: str, found: Suppression, *, force: bool) -> None:
    """A mailbox that failed may work again; a person who said no has to say otherwise."""
    if not force and not found.reason.startswith(BOUNCED):
        raise RefusedError(
            f"{address} is suppressed since {found.since:%Y-%m-%d} for what the person said ({found.reason}), not for a"
            " mailbox that failed. If they asked you to be mailed again, say so with --force"
        )


async def _lift(
    connection: AsyncConnection,
    services: Services,
    row: SubscriberRow | None,
    hash_: str,
    found: Suppression,
    *,
    reason: str,
) -> None:
    now = services.clock.now()
    await consents.lift(connection, hash_)
    if row is not None and row.state is SubscriberState.SUPPRESSED:
        await subscribers.change(
            connection, row.id, state=SubscriberState.ENDED
        )  # why and when they ended stays
    reader = row.id if row is not None else None
    await consents.note(connection, [Consent(reader, hash_, LIFTED, "cli", now)])
    await consents.write_audit(
        connection,
        actor="cli",
        verb="subscriber.lifted",
        subject=f"subscriber {reader}" if reader is not None else f"address {hash_}",
        now=now,
        before={"reason": found.reason, "evidence": found.evidence, "since": found.since.isoformat()},
        after={"reason": reason} if reason else None,
    )
