"""Who a mail came to and from, told by the way in or, when it does not tell, by the mail's own trace fields."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from alertd.addresses import address_key
from alertd.config.settings import Service
from alertd.postmaster.headers import addresses

_HEAD = 65_536  # trace fields stand at the top; nobody's are longer
_LONGEST = 320  # RFC 5321 section 4.5.3.1: 64 + "@" + 255
_FIELD = re.compile(rb"^([a-z-]{2,20}):[ \t]*((?:[^\n]|\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_RECIPIENT_FIELDS = ("delivered-to", "x-original-to", "envelope-to", "to", "cc")


def clean_address(text: str) -> str:
    """The address with U+FFFD for each control, space or surrogate; without angle brackets; at most 320 letters.

    They are replaced and not left out: what is left could be somebody else's address.
    """
    cut = text.strip()[: _LONGEST + 2].removeprefix("<").removesuffix(">")[:_LONGEST]
    return "".join("\ufffd" if unicodedata.category(letter)[0] in "CZ" else letter for letter in cut)


class OurAddress:
    """The service's address and its extensions: what we take mail for.

    It knows nothing of subscribers, so it can reveal none.
    """

    def __init__(self, service: Service) -> None:
        self._local, _, self._domain = _key(service.address).rpartition("@")
        self._separator = service.separator
        self.address = service.address

    def owns(self, address: str) -> bool:
        """Whether this is the service's address, with or without an extension."""
        local, _, domain = _key(address).rpartition("@")
        extended = local.startswith(self._local + self._separator)
        return bool(local) and domain == self._domain and (local == self._local or extended)

    def choose(self, recipients: Iterable[str]) -> str:
        """Of several of our addresses that got one mail, the one that says most: the first with an extension.

        Without any, the service's address: the mail came by a blind copy or through a list.
        """
        ours = [address for address in recipients if self.owns(address)]
        extended = (address for address in ours if _key(address).rpartition("@")[0] != self._local)
        return next(extended, ours[0] if ours else self.address)

    def recipient_of(self, raw: bytes) -> str:
        """Which address of ours the mail's own fields name, for ways in that do not tell it.

        Anybody can write these fields, and anybody can write to these addresses: what an address allows is proven by
        the token in it, never by its being there.
        """
        fields = _trace(raw)
        return self.choose(
            address
            for wanted in _RECIPIENT_FIELDS
            for name, value in fields
            if name == wanted
            for address in addresses(value)
        )


def sender_of(raw: bytes) -> str | None:
    """The topmost Return-Path: "" for the null path, None when there is none (RFC 5321 section 4.4)."""
    for name, value in _trace(raw):
        if name == "return-path":
            return clean_address(next(iter(addresses(value)), ""))
    return None


def _trace(raw: bytes) -> list[tuple[str, str]]:
    head = raw[:_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return [
        (name.decode("ascii").lower(), value.decode("utf-8", errors="replace"))
        for name, value in _FIELD.findall(head)
    ]


def _key(address: str) -> str:
    if clean_address(address) != address:
        return ""
    try:
        return address_key(address)
    except ValueError:
        return ""
