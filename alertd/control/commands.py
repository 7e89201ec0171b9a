"""What can be asked of the service: names and the functions behind them, the same with a daemon and without.

A command takes the services and keyword arguments that JSON can carry, and returns a value that JSON can carry. To add
one, write the function in the room where it belongs (or here beside the others) and name it in `COMMANDS`.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from alertd import __version__
from alertd.control import applying, catalogues, enrolment, inbox, outbox, suppressions
from alertd.control.services import Services

Command = Callable[..., Awaitable[Any]]


async def ping(services: Services) -> dict[str, Any]:
    """Who answers: version, process id, the service's instant, and why nothing is sent now (None when nothing is wrong)."""
    breaker = services.breaker
    trouble = None
    if breaker.since is not None and breaker.until is not None:
        trouble = {
            "since": breaker.since.isoformat(),
            "until": breaker.until.isoformat(),
            "reason": breaker.reason,
            "ours": breaker.fault,
        }
    return {
        "version": __version__,
        "pid": os.getpid(),
        "now": services.clock.now().isoformat(),
        "relay": trouble,
    }


COMMANDS: Mapping[str, Command] = {
    "inbox.retry": inbox.retry_mail,
    "outbox.drop": outbox.drop_deliveries,
    "outbox.hold": outbox.hold_deliveries,
    "outbox.retry": outbox.retry_deliveries,
    "ping": ping,
    "poll": catalogues.poll_now,
    "release": catalogues.release_held,
    "reload": applying.reload,
    "subscriber.add": enrolment.add_subscriber,
    "subscriber.end": enrolment.end_subscriber,
    "subscriber.lift": suppressions.lift_suppression,
}
"""Everything that changes something. What only looks opens the store for reading instead (`alertd.store.reading`)."""
