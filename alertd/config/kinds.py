"""The kinds of values a key can hold: how each is checked, and what it becomes.

A kind reads one TOML value or raises `WrongError` with what is wrong and how to mend it. Relative paths are settled afterwards,
against the folder of alertd.toml, so that defaults and given values go the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from alertd.addresses import check_address, check_domain
from alertd.config.documents import shown
from alertd.config.lines import KeyPath
from alertd.config.settings import LANGUAGES
from alertd.schedule import check_zone, format_duration, parse_duration

_LONGEST_TEXT = 1000
_LONGEST_NAME = 255
Part = tuple[KeyPath, str, str]


class WrongError(Exception):
    """A value that its kind refuses.

    Attributes:
        parts: one or more of (where inside the value, what is wrong, how to mend it).
    """

    def __init__(self, *parts: Part) -> None:
        super().__init__(*parts)
        self.parts = parts


def wrong(what: str, remedy: str) -> WrongError:
    """The value as a whole is refused."""
    return WrongError(((), what, remedy))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    Attributes:
        words: its name in docs/configuration.md.
        read: from a TOML value to ours; raises `WrongError`.
        settle: what a read or default value becomes, given the folder of alertd.toml.
    """

    words: str
    read: Callable[[object], Any]
    settle: Callable[[Any, Path], Any] = lambda value, _folder: value


def name_of(value: object) -> str:
    """What TOML calls a value's type."""
    names: dict[type, str] = {
        bool: "true or false",
        int: "a number",
        float: "a decimal number",
        str: "text in quotes",
    }
    names |= {list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")


def require(value: object, wanted: type, example: str) -> None:
    """Refuse a value of another TOML type; `true` is no number."""
    if type(value) is not wanted:
        raise wrong(
            f"this is {name_of(value)}, expected {name_of(wanted())}", f"write something like {example}"
        )


def text_like(
    check: Callable[[str], Any],
    *,
    words: str,
    example: str,
    empty: bool = False,
    remedy: str = "correct the value",
) -> Kind:
    """A kind that is text to TOML and is judged by `check`.

    Args:
        check: from the text to the value; its ValueError says what is wrong and, after a semicolon, how to mend it.
        words: the kind's name.
        example: shown to one who writes another type.
        empty: whether "" is fine and stays "".
        remedy: what to do when the message of `check` does not say.
    """

    def read(value: object) -> Any:
        require(value, str, f'"{example}"')
        if empty and value == "":
            return ""
        try:
            return check(str(value))
        except ValueError as error:
            what, _, hint = str(error).partition("; ")
            raise wrong(what, hint or remedy) from error

    return Kind(words, read)


def _plain(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"this is {len(text)} characters long, the limit is {_LONGEST_TEXT}; shorten it")
    for letter in text:
        if not letter.isprintable():
            raise ValueError(f"the character U+{ord(letter):04X} is invisible or a line break; remove it")
    return text.strip()


def _named(text: str) -> str:
    plain = _plain(text)
    if not plain:
        raise ValueError("this is empty; write a few words")
    return plain


def _lines(text: str) -> str:
    return "\n".join(_plain(line) for line in text.strip().splitlines())


def number(low: int, high: int, example: int) -> Kind:
    """A whole number between two bounds, both included."""

    def read(value: object) -> int:
        require(value, int, str(example))
        if not isinstance(value, int) or not low <= value <= high:
            raise wrong(f"{shown(value)} is out of range", f"write a number from {low} to {high}")
        return value

    return Kind(f"number, {low} to {high}", read)


def duration(low: timedelta) -> Kind:
    """A length of time, not shorter than `low`."""

    def check(text: str) -> timedelta:
        length = parse_duration(text)
        if length < low:
            raise ValueError(f"{shown(text)!r} is too short; write {format_duration(low)} or longer")
        return length

    return text_like(check, words="duration", example="15m")


def one_of(*choices: str) -> Kind:
    """One of a few words."""
    listed = ", ".join(f'"{choice}"' for choice in choices[:-1]) + f' or "{choices[-1]}"'

    def check(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{shown(text)!r} is not known here; write {listed}")
        return text

    return text_like(check, words=listed, example=choices[0])


def list_of(kind: Kind, *, example: str, least: int = 0) -> Kind:
    """A list whose elements are all of one kind, none twice."""

    def read(value: object) -> tuple[Any, ...]:
        require(value, list, example)
        elements: list[Any] = value if isinstance(value, list) else []
        parts: list[Part] = []
        good: list[Any] = []
        for index, element in enumerate(elements):
            try:
                good.append(kind.read(element))
            except WrongError as error:
                parts += [((index, *path), what, remedy) for path, what, remedy in error.parts]
        if len(elements) < least:
            parts.append(((), "the list is empty", f"write something like {example}"))
        if parts:
            raise WrongError(*parts)
        return tuple(good)

    return Kind(f"list of {kind.words}", read)


def distinct(kind: Kind) -> Kind:
    """A list in which nothing stands twice."""

    def read(value: object) -> tuple[Any, ...]:
        good: tuple[Any, ...] = kind.read(value)
        parts = [
            ((at,), f"{shown(one)!r} stands here twice", "remove one")
            for at, one in enumerate(good)
            if one in good[:at]
        ]
        if parts:
            raise WrongError(*parts)
        return good

    return Kind(kind.words, read)


def _flag(value: object) -> bool:
    require(value, bool, "true")
    return bool(value)


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError("this is no path; write the name of a file or folder")
    if len(text) > _LONGEST_TEXT or any(len(part.encode()) > _LONGEST_NAME for part in text.split("/")):
        raise ValueError("this path is longer than file systems allow; shorten it")
    return Path(text).expanduser() if text.startswith("~/") else Path(text)


def _absolute(value: Path | str | None, folder: Path) -> Path | None:
    return None if value in {"", None} else folder / str(value)


TEXT = text_like(_plain, words="text", example="text")
NAME = text_like(_named, words="text, not empty", example="Report alerts")
LINES = text_like(_lines, words="text, several lines", example="1 Main Street")
FLAG = Kind("true or false", _flag)
PORT = number(1, 65535, 25)
ADDRESS = text_like(
    check_address, words="e-mail address", example="name@example.org", remedy="write it as name@example.org"
)
OPTIONAL_ADDRESS = text_like(
    check_address,
    words="e-mail address",
    example="name@example.org",
    empty=True,
    remedy="write it as name@example.org",
)
DOMAIN = text_like(check_domain, words="domain", example="example.org", remedy="write it as example.org")
ZONE = text_like(check_zone, words="time zone", example="Europe/Berlin")
LANGUAGE = one_of(*LANGUAGES)
PATH = Kind("path", text_like(_path, words="path", example="var").read, _absolute)
OPTIONAL_PATH = Kind('path or ""', text_like(_path, words="path", example="var", empty=True).read, _absolute)
