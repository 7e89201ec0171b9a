"""Bytes to clean text, whatever the label says: nothing here raises."""

from __future__ import annotations

import codecs
import re
import unicodedata

import opencc

# Labels seen in mail that Python does not know, or knows as something narrower than what is meant.
_MEANT = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb-2312": "gb18030",
    "cn-gb": "gb18030",
    "chinesesimplified": "gb18030",
    "big5": "big5hkscs",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "x-unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
}
# Codecs that are no charsets; punycode is quadratic besides.
_NO_CHARSET = {"punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape"}
# Control characters but tab and newline; zero-width and bidi controls hide text from people.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f]")


def decode(data: bytes, charset: str) -> str:
    """The text of these bytes.

    The label is tried first; a wrong or unknown one gives way to UTF-8, then GB 18030, then Windows-1252 with
    replacement characters.
    """
    named = charset.strip().strip("\"'").lower()
    for codec in (_MEANT.get(named, named), "utf-8", "gb18030"):
        if not codec or codec.replace("_", "-") in _NO_CHARSET:
            continue
        try:
            return codecs.decode(data, codec) if _is_charset(codec) else data.decode("utf-8")
        except (UnicodeError, LookupError):
            continue
    return data.decode("cp1252", errors="replace")


def _is_charset(codec: str) -> bool:
    if not re.fullmatch(r"[a-z0-9_.:-]{1,40}", codec):
        return False
    try:
        return bool(codecs.lookup(codec)._is_text_encoding)  # noqa: SLF001
    except LookupError:
        return False


def clean(text: str) -> str:
    """Text with line feeds as line ends, without control, zero-width and bidi characters, every odd space a plain one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _SPACES.sub(" ", _UNSEEN.sub("", text))


def fold_width(text: str) -> str:
    """NFKC: full-width letters, digits and punctuation become the plain ones."""
    return unicodedata.normalize("NFKC", text)


_SIMPLIFIED = opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional characters as simplified ones: readers and patterns know these."""
    return str(_SIMPLIFIED.convert(text)) if re.search(r"[\u4e00-\u9fff]", text) else text
