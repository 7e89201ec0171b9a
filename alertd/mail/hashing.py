"""Keyed hashes of addresses: what is kept of a person when the address itself must not be (suppressions, evidence)."""

from __future__ import annotations

from alertd.addresses import address_key
from alertd.mail.keys import KeyRing


def address_hash(keys: KeyRing, address: str) -> str:
    """The hash under which an address stands in the suppression list; equal for all spellings of one address.

    It is made with the ring's oldest key, so that a new key changes nothing; see docs/operations.md before retiring it.

    Raises:
        ValueError: it is no address.
    """
    oldest = next(iter(keys.keys))
    return keys.sign(oldest, b"address\0" + address_key(address).encode()).hex()[:40]
