"""Keyed hashes of addresses."""

from __future__ import annotations

import pytest

from alertd.mail.hashing import address_hash
from alertd.mail.keys import KeyRing

OLD, NEW = {"k2": b"\x01" * 32}, {"q3": b"\x02" * 32}


@pytest.mark.parametrize(
    "spelling",
    [
        "reader@bücher.example",
        "READER@BÜCHER.example",
        " Reader@xn--bcher-kva.EXAMPLE ",
        "reader@bu\u0308cher.example",
    ],
)
def test_all_spellings_are_one(spelling: str) -> None:
    """However an address is written, a suppression finds it."""
    assert address_hash(KeyRing(OLD), spelling) == address_hash(KeyRing(OLD), "reader@bücher.example")


def test_others_are_others() -> None:
    """Another address, a tag, or another ring's key gives another hash; none shows the address."""
    ring = KeyRing(OLD)
    found = {address_hash(ring, each) for each in ("a@example.org", "b@example.org", "a+x@example.org")}
    found.add(address_hash(KeyRing(NEW), "a@example.org"))
    assert len(found) == 4
    assert all(len(each) == 40 and each.isalnum() for each in found)


def test_a_new_key_changes_nothing() -> None:
    """A key that is added to the ring leaves every suppression where it was."""
    assert address_hash(KeyRing({**OLD, **NEW}), "a@example.org") == address_hash(
        KeyRing(OLD), "a@example.org"
    )


def test_no_address() -> None:
    """What is no address has no hash."""
    with pytest.raises(ValueError, match="address"):
        address_hash(KeyRing(OLD), "nobody")
