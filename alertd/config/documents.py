"""A TOML file as read: its values, where each stands, and the faults found in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alertd.config.lines import KeyPath, find_line, scan_lines
from alertd.errors import Fault

_POSITION = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_TUPLE = re.compile(r"\('.*'\)|\('.*',\)")
_LARGEST = 64_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is valid TOML.

    Attributes:
        name: the path as faults show it.
        table: what the file holds.
        lines: 1-based lines by key.
        faults: what was found wrong so far; grows while the file is read.
        data: the file's bytes.
    """

    name: str
    table: dict[str, Any]
    lines: dict[KeyPath, int]
    faults: list[Fault] = field(default_factory=list)
    data: bytes = b""

    @property
    def top(self) -> Spot:
        """The file as a whole."""
        return Spot(self, ())


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a document, where faults are noted."""

    document: Document
    path: KeyPath

    def at(self, *steps: str | int) -> Spot:
        """A place further in."""
        return Spot(self.document, (*self.path, *steps))

    @property
    def line(self) -> int:
        """The 1-based line of the key, or of the table around it."""
        return find_line(self.document.lines, self.path)

    def wrong(self, what: str, remedy: str) -> None:
        """Note a fault here."""
        self.document.faults.append(fault(self.document.name, self.line, dotted(self.path), what, remedy))


def fault(file: str, line: int, key: str, what: str, remedy: str) -> Fault:
    """A fault whose remedy begins a sentence."""
    return Fault(file, line, key, what, remedy[:1].upper() + remedy[1:])


def dotted(path: KeyPath) -> str:
    """A key as people write it, elements counted from 1: `subscriber[3].queries[1]`."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{shown(step)}" if text else shown(step)
    return text


def shown(value: object) -> str:
    """A value as a message may show it: short, and printable."""
    text = str(value)
    text = text if len(text) <= 60 else text[:60] + "…"  # noqa: PLR2004 - enough to recognise it
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


def shown_path(path: Path) -> str:
    """A path as the user would name it: relative when it lies under the working folder."""
    here = Path.cwd()
    return (
        str(path.relative_to(here)) if here != Path(here.anchor) and path.is_relative_to(here) else str(path)
    )


def read_document(path: Path) -> Document | Fault | None:
    """Read a TOML file; None when it does not exist, a fault when it cannot be read at all."""
    name = shown_path(path)
    try:
        if not path.exists():
            return None
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return fault(name, 0, "", "this is not a file of ordinary size", "put a TOML file there")
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return fault(
            name, 0, "", f"it cannot be read ({reason})", "make it readable for the user alertd runs as"
        )
    return parse_document(name, data)


def parse_document(name: str, data: bytes) -> Document | Fault:
    """Parse a TOML file's bytes; a fault with its line when they are no TOML."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")  # a byte order mark is what some editors leave
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return fault(name, line, "", f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8")
    try:
        table = tomllib.loads(text)
        lines = scan_lines(text)
    except tomllib.TOMLDecodeError as error:
        return _syntax_fault(name, text, str(error))
    except RecursionError:
        return fault(name, 0, "", "the values are nested too deeply", "remove the brackets that nobody needs")
    except ValueError as error:  # a number of thousands of digits: tomllib lets int() speak
        return fault(name, 0, "", f"a value cannot be read ({shown(error)})", "correct the value")
    return Document(name, table, lines, data=data)


def _syntax_fault(name: str, text: str, message: str) -> Fault:
    position = _POSITION.search(message)
    what = _POSITION.sub("", message)
    what = shown(
        _TUPLE.sub(lambda found: ".".join(re.findall("'([^']*)'", found[0])), what[:1].lower() + what[1:])
    )
    if position is None or position[1] is None:
        line = text.rstrip().count("\n") + 1
        return fault(name, line, "", f"not valid TOML: {what} at the end of the file", _remedy(what))
    return fault(name, int(position[1]), "", f"not valid TOML: {what} at column {position[2]}", _remedy(what))


def _remedy(what: str) -> str:
    if "twice" in what or "overwrite" in what:
        return "a table or key stands once: merge the two, or begin each element with [[double brackets]]"
    if "invalid value" in what:
        return 'write text in quotes ("..."), numbers and true or false without'
    return "look for a missing quote, bracket or equals sign there or on the line before"
