"""What can be asked of the service: names and the functions behind them, the same with a daemon and without.

A command takes the services and keyword arguments that JSON can carry, and returns a value that JSON can carry. To add
one, write the function in the room where it belongs (or here beside the others) and name it in `COMMANDS`.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from alertd import __version__
from alertd.control import inbox, outbox, subscribers
from alertd.control.services import Services

Command = Callable[..., Awaitable[Any]]


async def ping(services: Services) -> dict[str, Any]:
    """Who answers: version, process id and the service's instant."""
    return {"version": __version__, "pid": os.getpid(), "now": services.clock.now().isoformat()}


COMMANDS: Mapping[str, Command] = {
    "inbox.list": inbox.list_mails,
    "inbox.retry": inbox.retry_mail,
    "inbox.show": inbox.show_mail,
    "outbox.list": outbox.list_deliveries,
    "outbox.release": outbox.release_deliveries,
    "outbox.show": outbox.show_delivery,
    "ping": ping,
    "subscriber.list": subscribers.list_subscribers,
    "subscriber.show": subscribers.show_subscriber,
}
