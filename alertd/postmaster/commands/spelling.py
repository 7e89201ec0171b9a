"""Small typos: repaired where a repair cannot change what is meant."""

from __future__ import annotations

import re

_SLIPS = {
    "recieve": "receive", "recive": "receive", "receve": "receive", "remvoe": "remove", "remov": "remove", "romove": "remove", "remouve": "remove",
    "plese": "please", "pleas": "please", "plaese": "please", "pelase": "please", "wekly": "weekly", "weekley": "weekly", "weeky": "weekly",
    "daly": "daily", "daliy": "daily", "dayly": "daily", "dialy": "daily", "dailly": "daily", "montly": "monthly", "monthy": "monthly", "mounthly": "monthly", "monthley": "monthly",
    "imediate": "immediate", "imediately": "immediately", "immediatly": "immediately", "inmediately": "immediately", "immediatelly": "immediately",
    "cancle": "cancel", "cancell": "cancel", "canel": "cancel", "delet": "delete", "deleet": "delete", "pasue": "pause", "puase": "pause", "langauge": "language",
    "lanuage": "language", "languge": "language", "adress": "address", "addres": "address", "adres": "address", "reprots": "reports", "repots": "reports",
    "reoprts": "reports", "abuot": "about", "abot": "about", "intrested": "interested", "interrested": "interested", "intersted": "interested",
    "ur": "your", "plz": "please", "wnat": "want", "woud": "would", "liek": "like", "anymroe": "anymore", "emials": "emails", "emial": "email", "evry": "every", "mondey": "monday",
    "keywrods": "keywords", "stopp": "stop", "sotp": "stop", "resme": "resume", "suspand": "suspend", "sned": "send", "mialing": "mailing",
}  # fmt: skip
_FAMILY = (
    "subscribe",
    "unsubscribe",
    "subscription",
    "subscriptions",
    "subscribed",
    "unsubscribed",
    "subscriber",
    "subscribing",
    "unsubscribing",
)
_REAL = {
    "subscript", "describe", "prescribe", "inscribe", "subscribers", "subscribes", "unsubscribes", "superscribe", "expert", "experts", "former",
    "formal", "remote", "removal", "removed", "remover", "cause", "clause", "causes", "liste", "stock", "stops", "topical", "tropic", "optics",
    "typical", "report", "reports", "import", "imports", "resumed", "resumes", "addresses", "helped", "paused", "canceled", "weakly",
    "formats", "exports", "exported", "searches", "research", "status", "statue", "states", "deleted", "previews", "review", "include", "included",
    "includes", "inclusive", "continued", "continues", "registers", "registered", "vacations", "topics", "topic", "settings", "setting", "language", "languages",
    "daily", "weekly", "monthly", "dairy", "daisy", "dahlia", "weekday", "months", "suspect", "holds", "house", "leaves", "lease", "leaver",
}  # fmt: skip


def repair(text: str) -> str:
    """The text with well-known slips and everything close to "(un)subscribe" spelt right; all else as it was."""
    return re.sub(
        r"[A-Za-z]{2,16}",
        lambda match: _word(match[0]),
        re.sub(r"\bun[ -](subscri)", r"un\1", text, flags=re.IGNORECASE),
    )


def _word(word: str) -> str:
    low = word.lower()
    if low in _SLIPS:
        return _SLIPS[low]
    if len(low) < 7 or low in _FAMILY or low in _REAL or not re.search(r"s.{0,2}[crbi]", low):  # noqa: PLR2004
        return word
    near = [(distance(low, right), low[0] != right[0], right) for right in _FAMILY]
    best = min(near)
    if best[0] > (2 if len(low) > 7 else 1):  # noqa: PLR2004
        return word
    # A lost letter at the front of "unsubscribe" is likelier than one too many at the front of "subscribe".
    if low[0] in "un" and best[2].startswith("sub"):
        return "un" + best[2]
    return best[2]


def distance(left: str, right: str) -> int:
    """Edits between two words; two neighbours swapped count as one. At most 9 is told apart."""
    if abs(len(left) - len(right)) > 3:  # noqa: PLR2004
        return 9
    before, row = [0] * (len(right) + 1), list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return min(row[-1], 9)


def nearest(word: str, names: tuple[str, ...]) -> str:
    """The one name that this word is a slip of (one edit, same first letter, five letters or more), or ""."""
    low = word.lower()
    if len(low) < 5 or low in _REAL or not low.isascii():  # noqa: PLR2004
        return ""
    close = [name for name in names if len(name) >= 5 and name[0] == low[0] and distance(low, name) == 1]  # noqa: PLR2004
    return close[0] if len(close) == 1 else ""
