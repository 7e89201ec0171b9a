"""Text made fit for a mail: no control characters, cut on a word, wrapped to columns, Chinese included. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ELLIPSIS = "…"
_LONG_WORD = 24

# C0 and C1 but tab and line feed, the bidirectional controls (they make text read as what it is not), and code points that
# are no characters. U+2028 and U+2029 become line feeds: some servers take them for the end of a line.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_LINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_LINK = re.compile(r"\S*(?:://|www\.|\w\.[^\W\d]{2})\S*", re.IGNORECASE)
_OPENING = "（《〈「『【〔“‘"
_CLOSING = "，。、；：？！）》〉」』】〕”’…—"
_WIDE = "\u1100-\u11ff\u2e80-\u303f\u3040-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
_UNIT = re.compile(rf"[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}{_OPENING}]+)[{_CLOSING}]*|\S")


def many(count: int, noun: str, plural: str = "") -> str:
    """A counted noun: "1 report", "2 reports"; `plural` where an s does not make it."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def clean(text: str) -> str:
    """The text without control and bidirectional characters; every line break is a line feed."""
    plain = str(text)  # not safe HTML, whatever it was
    if plain.isprintable() or plain.replace("\n", "").isprintable():
        return plain  # nearly every text: nothing that is taken out is printable, and this costs a tenth
    return _with_controls(plain)


def _with_controls(text: str) -> str:
    return _CONTROLS.sub("", _LINES.sub("\n", text))


def one_line(text: str) -> str:
    """The text on one line, single spaces, no controls."""
    plain = clean(text)
    if "  " not in plain and plain.isprintable():  # of all white space only U+0020 is printable
        return plain.strip(" ")
    return _SPACES.sub(" ", plain).strip()


def columns(text: str) -> int:
    """How wide the text stands in a fixed-width font: Chinese characters take two columns."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def cut(text: str, limit: int) -> str:
    """The text on one line, cut to `limit` columns on a word, with an ellipsis where something is missing."""
    line = one_line(text)
    if columns(line) <= limit:
        return line
    place = width = 0
    while place < len(line) and width + _columns(line[place]) <= limit - 1:
        width += _columns(line[place])
        place += 1
    kept = line[:place]
    if line[place].isalnum() and line[place].isascii():
        on_word = kept.rfind(" ")
        if place - on_word <= _LONG_WORD and on_word > 0:
            kept = kept[:on_word]
    return kept.rstrip(" ,;:.-–—，、；：。（(") + ELLIPSIS


def names(labels: list[str], limit: int, comma: str, every: str) -> str:
    """Labels in one line of about `limit` columns; `*` reads as `every`, what does not fit becomes an ellipsis."""
    shown = ""
    for label in labels:
        name = every if label == "*" else cut(label, limit)
        longer = f"{shown}{comma}{name}" if shown else name
        if shown and columns(longer) > limit:
            return f"{shown}{comma}{ELLIPSIS}"
        shown = longer
    return shown


def fold(text: str, indent: str = "", first: str | None = None, width: int = 72) -> str:
    """The text wrapped to `width` columns.

    Args:
        text: white space in it counts as one space.
        indent: what begins each line.
        first: what begins the first line instead.
        width: columns; a word that is longer, a link for instance, is not broken.
    """
    lines = [indent if first is None else first]
    used = start = columns(lines[0])
    for space, unit in _units(one_line(text)):
        gap = " " if space and used > start else ""
        wide = columns(unit)
        if used > start and used + len(gap) + wide > width:
            lines.append(indent)
            used = start = columns(indent)
            gap = ""
        lines[-1] += gap + unit
        used += len(gap) + wide
    return "\n".join(lines)


def heading(text: str) -> str:
    """A line with a rule of the same width under it."""
    line = one_line(text)
    return f"{line}\n{'-' * min(columns(line), 72)}"


def unlinked(text: str) -> str:
    """The text with everything that a mail program would make a link of taken out.

    A confirmation repeats what a stranger may have asked for in another's name: it must not carry their links.
    """
    return _LINK.sub(f"[{ELLIPSIS}]", one_line(text))


def tidy(text: str) -> str:
    """A text part in its final form: no trailing spaces but the signature's, no more than one empty line in a row."""
    lines = [line if line == "-- " else line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


@lru_cache(maxsize=16_384)
def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _units(line: str) -> list[tuple[bool, str]]:
    if line.isascii():  # words alone, one space between them
        return [(place > 0, word) for place, word in enumerate(line.split(" "))] if line else []
    return [(line[found.start() - 1 : found.start()] == " ", found[0]) for found in _UNIT.finditer(line)]
