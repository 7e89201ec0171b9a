"""What the recipient's extension says (RFC 5233): +subscribe, +leave-TOKEN and the like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Door(StrEnum):
    """The way a mail came in by its address."""

    BASE = "base"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    LEAVE = "leave"
    CONFIRM = "confirm"
    BOUNCE = "bounce"
    HELP = "help"
    OWNER = "owner"


_DOORS = {
    "subscribe": Door.SUBSCRIBE,
    "join": Door.SUBSCRIBE,
    "sub": Door.SUBSCRIBE,
    "unsubscribe": Door.UNSUBSCRIBE,
    "unsub": Door.UNSUBSCRIBE,
    "leave": Door.UNSUBSCRIBE,
    "signoff": Door.UNSUBSCRIBE,
    "stop": Door.UNSUBSCRIBE,
    "help": Door.HELP,
    "owner": Door.OWNER,
    "request": Door.BASE,
    "bounces": Door.BOUNCE,
    "bounce": Door.BOUNCE,
    "confirm": Door.BASE,
}
_SEALED = re.compile(r"(?P<door>leave|confirm|bounce)[+=-](?P<token>[a-z2-7]{8,200})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a recipient address leads.

    Attributes:
        token: lower case, not yet proved, "" for doors without one.
    """

    door: Door
    token: str = ""


def route(recipient: str, *, address: str, separator: str = "+") -> Route:
    """Read the extension of a recipient.

    An extension that is none of ours leads to the base: whoever wrote there still wrote to us.

    Args:
        recipient: the envelope recipient.
        address: the service's own address; "" when it is not known, then any address counts as ours.
        separator: the configured one; "+" and "-" are both understood in any case, as aliases of the field.
    """
    local = recipient.rpartition("@")[0].lower()
    base = address.rpartition("@")[0].lower()
    if base and local.startswith(base):
        extension = local[len(base) :]
        if extension[:1] not in {separator, "+", "-"}:
            return Route(Door.BASE)
        return _door(extension[1:])
    plus = local.partition("+")[2]
    if plus:
        return _door(plus)
    sealed = re.search(r"[-+](?:leave|confirm|bounce)-[a-z2-7]{8,200}$", local)
    return (
        _door(sealed[0][1:])
        if sealed
        else _door(local.rpartition("-")[2])
        if "-" in local
        else Route(Door.BASE)
    )


def _door(extension: str) -> Route:
    if sealed := _SEALED.fullmatch(extension):
        return Route(Door(sealed["door"].lower()), sealed["token"].lower())
    return Route(_DOORS.get(extension, Door.BASE))
