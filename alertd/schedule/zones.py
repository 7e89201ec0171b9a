"""Names of time zones."""

from __future__ import annotations

import difflib
from functools import cache
from zoneinfo import available_timezones

# Names that are in the data but mean no place: the host's own zone, and the marker of a clock nobody has set.
_NO_PLACE = {"localtime", "Factory", "posixrules"}


@cache
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones() - _NO_PLACE}


def check_zone(text: str) -> str:
    """The IANA name of a time zone, with capitals and underscores as they should be.

    Raises:
        ValueError: there is no such zone; the message proposes near names.
    """
    folded = text.strip().casefold().replace(" ", "_")
    known = _names()
    if folded in known:
        return known[folded]
    shown = text[:60].strip()
    near = _near(folded[:60])
    hint = (
        f"did you mean {' or '.join(near)}"
        if near
        else "expected a name such as Europe/Berlin or Asia/Shanghai"
    )
    raise ValueError(f"there is no time zone {shown!r}; {hint}")


def _near(folded: str) -> list[str]:
    known = _names()
    city = [name for key, name in known.items() if key.rpartition("/")[2] == folded]
    return sorted(city) or [known[key] for key in difflib.get_close_matches(folded, known, n=2, cutoff=0.75)]
