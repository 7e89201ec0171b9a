"""Tables of keys: what each is called, what it holds and what it means; and how a table is read by them.

Defaults are not here: they stand in settings.py, on the dataclass a table becomes.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alertd.config.documents import Spot, shown
from alertd.config.kinds import Kind, WrongError, name_of


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table.

    Attributes:
        meaning: one line for docs/configuration.md.
        default: words for a default that is not a fixed value ("that of `[service]`"); "" when settings.py has it.
        required: whether a table without it is faulty.
    """

    name: str
    kind: Kind
    meaning: str
    default: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a file.

    Attributes:
        file: the file's name, "alertd.toml".
        header: as it stands in the file, "[catalogue.NAME]".
        cls: the dataclass it becomes, whose defaults count.
        purpose: one line for docs/configuration.md.
    """

    file: str
    header: str
    cls: type
    purpose: str
    keys: tuple[Key, ...]

    @property
    def defaults(self) -> dict[str, Any]:
        """The defaults of the dataclass, by key; keys without one are left out."""
        found: dict[str, Any] = {}
        for field in dataclasses.fields(self.cls):
            if field.default is not dataclasses.MISSING:
                found[field.name] = field.default
        names = {key.name for key in self.keys}
        return {name: value for name, value in found.items() if name in names}


def read_table(
    table: Table, raw: object, spot: Spot, folder: Path, *, inside: Collection[str] = ()
) -> dict[str, Any]:
    """The values of a table: defaults, and over them what is given and good; what is not good is noted.

    Args:
        table: what may stand there.
        raw: what stands there.
        spot: where that is.
        folder: the folder of alertd.toml.
        inside: names of tables within this one, which are read elsewhere.
    """
    values = table.defaults
    if not isinstance(raw, dict):
        spot.wrong(f"this is {name_of(raw)}, expected a table", f"begin it with a line {table.header}")
        raw = {}
    known = [key.name for key in table.keys]
    note_unknown(raw, [*known, *inside], spot, within=table.header)
    for key in table.keys:
        if key.name in raw:
            read_key(key, raw[key.name], spot.at(key.name), values)
        elif key.required:
            spot.wrong(f"{key.name} is missing", f"add a line {key.name} = ... ({key.kind.words})")
    kinds = {key.name: key.kind for key in table.keys}
    return {name: kinds[name].settle(value, folder) for name, value in values.items()}


def read_key(key: Key, raw: object, spot: Spot, values: dict[str, Any]) -> None:
    """Put a key's value among the values when it is good, else note what is wrong with it."""
    try:
        values[key.name] = key.kind.read(raw)
    except WrongError as error:
        for path, what, remedy in error.parts:
            spot.at(*path).wrong(what, remedy)


def note_unknown(raw: dict[str, Any], known: Iterable[str], spot: Spot, *, within: str) -> None:
    """Note each key that is not known, with the name it may have meant."""
    names = list(known)
    for name, value in raw.items():
        if name not in names:
            kind = "table" if is_table(value) else "key"
            spot.at(name).wrong(f"there is no {kind} {shown(name)!r} in {within}", did_you_mean(name, names))


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A remedy: the name that is near, or else all of them."""
    listed = sorted(names)
    near = difflib.get_close_matches(name.casefold(), listed, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known here: {', '.join(listed)}" if listed else "none is known here"


def is_table(value: object) -> bool:
    """Whether TOML has a table here, or an array of them."""
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))
