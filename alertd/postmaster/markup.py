"""HTML to the lines a person would see, linear in its length, unable to raise."""

from __future__ import annotations

import html
import re

from alertd.postmaster.charsets import clean

MAX_HTML = 400_000
CUT = "-----Original Message-----"
"""The line put where a mail client marks the beginning of what it quotes."""

_SKIPPED = {"style", "script", "title", "xml", "noscript", "template"}
_BREAKING = {
    "p", "div", "tr", "table", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "section", "article",
    "header", "footer", "center", "form", "body", "dl", "dt", "dd", "address",
}  # fmt: skip
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:]*)")
# Marks of quoted text: Gmail, Outlook (classic, web, Mac), Yahoo, Thunderbird, Proton, QQ, NetEase, Apple, Zoho, Foxmail.
_QUOTE_MARK = re.compile(
    r"gmail_quote|gmail_extra|divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION|yahoo_quoted|moz-cite-prefix"
    r"|moz-forward-container|protonmail_quote|isReplyContent|ntes_reply|qmreply|zmail_extra|mimo_quote"
    r"|ydp[0-9a-f]*yahoo_quoted|border:none;\s*border-top:\s*solid\s+#(?:E1E1E1|B5C4DF)",
    re.IGNORECASE,
)
_SIGNATURE_MARK = re.compile(
    r"gmail_signature|protonmail_signature|Signature\"|ms-outlook-mobile-signature", re.IGNORECASE
)


def to_text(source: str) -> str:
    """The text of an HTML mail: lines as displayed, quotes behind ">", and `CUT` where a client began to quote."""
    source = source[:MAX_HTML]
    out: list[str] = []
    depth = at = 0
    while at < len(source):
        opening = source.find("<", at)
        if opening < 0:
            out.append(_flat(source[at:]))
            break
        out.append(_flat(source[at:opening]))
        at, text, depth = _tag(source, opening, depth)
        out.append(text)
    lines = "".join(out).split("\n")
    return "\n".join(_tidy(lines))


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", clean(html.unescape(text)))


def _tag(source: str, at: int, depth: int) -> tuple[int, str, int]:
    """Read the tag at `at`: where to go on, the text it stands for, and the depth of quoting behind it."""
    if source.startswith("<!--", at):
        end = source.find("-->", at + 4)
        return (end + 3 if end >= 0 else len(source)), "", depth
    match = _TAG.match(source, at)
    if match is None and source[at + 1 : at + 2] not in {"!", "?"}:
        return at + 1, "<", depth
    end = source.find(">", at)
    if end < 0:
        return len(source), "", depth
    if match is None:
        return end + 1, "", depth
    name, closing, inside = match[1].lower(), source[at + 1] == "/", source[match.end() : end]
    if name in _SKIPPED and not closing and not inside.endswith("/"):
        close = re.compile(rf"</{re.escape(name)}\s*>", re.IGNORECASE).search(source, end)
        return (close.end() if close else len(source)), "", depth
    return end + 1, *_meaning(name, inside, depth, closing=closing)


def _meaning(name: str, inside: str, depth: int, *, closing: bool) -> tuple[str, int]:
    if name == "blockquote":
        depth = max(0, depth - 1) if closing else depth + 1
        return f"\n\x01{depth}\x01", depth
    if not closing and _QUOTE_MARK.search(inside[:1000]):
        return f"\n{CUT}\n", depth
    if not closing and _SIGNATURE_MARK.search(inside[:1000]):
        return "\n-- \n", depth
    if name == "br" or name in _BREAKING:
        return "\n", depth
    if name == "hr":
        return "\n" + "_" * 20 + "\n", depth
    return (" ", depth) if name in {"td", "th"} else ("", depth)


def _tidy(lines: list[str]) -> list[str]:
    """Put ">" before quoted lines and drop more than one blank line in a row."""
    tidy: list[str] = []
    depth = 0
    for line in lines:
        if line.startswith("\x01"):
            number, line = line[1:].split("\x01", 1)  # noqa: PLW2901
            depth = int(number)
        text = line.rstrip() if line.strip() != "--" else "-- "
        text = text.lstrip() if text != "-- " else text
        if depth and text:
            text = "> " + text
        if text or (tidy and tidy[-1]):
            tidy.append(text)
    return tidy
