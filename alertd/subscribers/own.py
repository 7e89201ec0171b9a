"""What a person changed by themselves, as `own_settings` keeps it: names of settings, and addresses they had before. Pure.

A declared reader may move to another address; the file goes on naming the old one and must neither end the reader nor write to
the old address again.
"""

from __future__ import annotations

from collections.abc import Collection

_FORMER = "address:"


def former_keys(own_settings: Collection[str]) -> tuple[str, ...]:
    """The keys of addresses that the reader had before."""
    return tuple(name.removeprefix(_FORMER) for name in own_settings if name.startswith(_FORMER))


def with_former(own_settings: Collection[str], address_key: str) -> list[str]:
    """`own_settings` and the address that the reader gives up."""
    return sorted({*own_settings, _FORMER + address_key})
