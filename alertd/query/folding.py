"""The one definition of "the same word", for queries and reports alike.

Folding works character by character, so that a part of a text folds to a part of the folded text: a substring of Chinese
stays a substring. A change of anything here changes what stored queries mean: raise `alertd.query.GRAMMAR`.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import opencc
import Stemmer

BREAK = ","
"""The token that stands for punctuation beside a CJK character: no phrase reaches over it unless it has it too."""

LITERAL = "~"
"""Before a word of a query: the word is a stem already. Stemming twice is not stemming once ("~eas")."""

CJK = (
    "\u3005\u3007\u3040-\u3098\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # iteration marks, kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "\uac00-\ud7a3"  # Hangul
)
_LETTER = rf"[^\W\d_{CJK}]"
_TOKEN = re.compile(rf"(?P<cjk>[{CJK}])|(?P<digits>\d+)|(?P<letters>{_LETTER}+)(?:'s(?!\w))?")
_CJK = re.compile(rf"[{CJK}]")
_ASCII_WORD = re.compile(r"[a-z]+\Z")

# What stands between two CJK characters without parting them: "三农"问题 is found by 三农问题.
_JOINING = " \t\n\r\f\v~\"'“”„‟「」『』《》〈〉«»·・-‐‑"

# Letters that Unicode does not decompose and readers type without their stroke, and the shapes of an apostrophe.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
    | dict.fromkeys("‘’ʼ′", "'")
)
_VOICED = "\u3099\u309a"
_COMPOSING = re.compile(rf"[{_VOICED}\u1161-\u1175\u11a8-\u11c2]")
_ROUNDS = 5  # no character needs more than three to come to rest; a test goes through all of them


class Folded(NamedTuple):
    """A folded text; its character `i` came from `original[starts[i]:ends[i]]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class Token(NamedTuple):
    """A word, a run of digits, one CJK character or `BREAK`, and where it stood in the original text.

    Attributes:
        text: folded, not stemmed.
        start: index of its first character in the original text.
        end: index after its last.
        literal: it was marked as a stem.
    """

    text: str
    start: int
    end: int
    literal: bool = False


class _Tools(threading.local):
    """A Stemmer and a converter for each thread: neither promises to be shared."""

    def __init__(self) -> None:
        self.stemmer: Any = Stemmer.Stemmer("english")
        self.simplified: Any = opencc.OpenCC("t2s")


_tools = _Tools()


def is_cjk(text: str) -> bool:
    """Whether the text begins with a CJK character."""
    return bool(_CJK.match(text))


def fold(text: str) -> Folded:
    """Take away case, width, accents and invisible characters, and simplify Chinese; twice is the same as once."""
    if text.isascii():
        return Folded(text.lower(), range(len(text)), range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for index, character in enumerate(text):
        for piece in _fold_character(character):
            if _COMPOSING.match(piece) and pieces:
                composed = unicodedata.normalize("NFC", pieces[-1] + piece)
                if len(composed) == 1:
                    pieces[-1], ends[-1] = composed, index + 1
                    continue
            pieces.append(piece)
            starts.append(index)
            ends.append(index + 1)
    return Folded("".join(pieces), starts, ends)


@lru_cache(maxsize=1 << 16)
def _fold_character(character: str) -> str:
    folded = character
    for _ in range(_ROUNDS):
        before = folded
        folded = "".join(_fold_once(each) for each in folded)
        if folded == before:
            break
    return folded


def _fold_once(character: str) -> str:
    if unicodedata.category(character) in {"Cf", "Cs", "Co"} or "\ufe00" <= character <= "\ufe0f":
        return ""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    spread = unicodedata.normalize("NFKD", character.casefold()).translate(_PLAIN)
    kept = "".join(each for each in spread if each in _VOICED or not unicodedata.combining(each))
    return str(_tools.simplified.convert(kept)) if is_cjk(kept) else kept


def tokenize(text: str) -> list[Token]:
    """Cut a text into tokens, in order: letters and digits part ("covid19", "5G"), CJK characters stand alone."""
    folded, starts, ends = fold(text)
    tokens: list[Token] = []
    last, last_cjk = -1, False
    for found in _TOKEN.finditer(folded):
        kind = found.lastgroup or ""
        first, after = found.span(kind)
        cjk = kind == "cjk"
        if last >= 0 and (cjk or last_cjk) and folded[last:first].strip(_JOINING):
            tokens.append(Token(BREAK, starts[last], starts[first]))
        literal = first > 0 and folded[first - 1] == LITERAL
        tokens.append(Token(found[kind], starts[first], ends[after - 1], literal))
        last, last_cjk = found.end(), cjk
    return tokens


def stem(words: Sequence[str]) -> list[str]:
    """The English stems of folded words; what is not plain a-z stays as it is."""
    stems: list[str] = _tools.stemmer.stemWords(list(words))
    return [stemmed if _ASCII_WORD.match(word) else word for word, stemmed in zip(words, stems, strict=True)]
