"""Time zones as people name them: IANA names, cities, countries of one zone, offsets, Chinese names."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from zoneinfo import available_timezones

_NAMED = {
    "beijing": "Asia/Shanghai", "china": "Asia/Shanghai", "peking": "Asia/Shanghai", "guangzhou": "Asia/Shanghai", "shenzhen": "Asia/Shanghai",
    "hangzhou": "Asia/Shanghai", "cst china": "Asia/Shanghai", "germany": "Europe/Berlin", "munich": "Europe/Berlin", "frankfurt": "Europe/Berlin",
    "hamburg": "Europe/Berlin", "france": "Europe/Paris", "uk": "Europe/London", "england": "Europe/London", "britain": "Europe/London",
    "united kingdom": "Europe/London", "oxford": "Europe/London", "cambridge": "Europe/London", "italy": "Europe/Rome", "spain": "Europe/Madrid", "netherlands": "Europe/Amsterdam",
    "switzerland": "Europe/Zurich", "geneva": "Europe/Zurich", "austria": "Europe/Vienna", "japan": "Asia/Tokyo", "osaka": "Asia/Tokyo",
    "korea": "Asia/Seoul", "south korea": "Asia/Seoul", "india": "Asia/Kolkata", "delhi": "Asia/Kolkata", "new delhi": "Asia/Kolkata",
    "mumbai": "Asia/Kolkata", "bangalore": "Asia/Kolkata", "washington": "America/New_York", "washington dc": "America/New_York", "boston": "America/New_York",
    "eastern": "America/New_York", "us eastern": "America/New_York", "est": "America/New_York", "edt": "America/New_York", "et": "America/New_York",
    "central": "America/Chicago", "us central": "America/Chicago", "mountain": "America/Denver", "pacific": "America/Los_Angeles",
    "us pacific": "America/Los_Angeles", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles",
    "san francisco": "America/Los_Angeles", "california": "America/Los_Angeles", "seattle": "America/Los_Angeles", "cet": "Europe/Berlin",
    "cest": "Europe/Berlin", "bst": "Europe/London", "jst": "Asia/Tokyo", "kst": "Asia/Seoul", "ist": "Asia/Kolkata", "hkt": "Asia/Hong_Kong",
    "sgt": "Asia/Singapore", "aest": "Australia/Sydney", "canberra": "Australia/Sydney", "moscow": "Europe/Moscow",
    "german": "Europe/Berlin", "french": "Europe/Paris", "british": "Europe/London", "uk time": "Europe/London", "dutch": "Europe/Amsterdam", "swiss": "Europe/Zurich",
    "italian": "Europe/Rome", "spanish": "Europe/Madrid", "japanese": "Asia/Tokyo", "korean": "Asia/Seoul", "indian": "Asia/Kolkata", "central european": "Europe/Berlin",
    "gmt": "Etc/UTC", "utc": "Etc/UTC", "z": "Etc/UTC", "zulu": "Etc/UTC",
    "北京": "Asia/Shanghai", "中国": "Asia/Shanghai", "上海": "Asia/Shanghai", "广州": "Asia/Shanghai", "深圳": "Asia/Shanghai", "杭州": "Asia/Shanghai",
    "东八区": "Asia/Shanghai", "香港": "Asia/Hong_Kong", "台北": "Asia/Taipei", "台湾": "Asia/Taipei", "澳门": "Asia/Macau", "乌鲁木齐": "Asia/Urumqi", "东京": "Asia/Tokyo",
    "日本": "Asia/Tokyo", "首尔": "Asia/Seoul", "韩国": "Asia/Seoul", "新加坡": "Asia/Singapore", "伦敦": "Europe/London", "英国": "Europe/London",
    "巴黎": "Europe/Paris", "法国": "Europe/Paris", "柏林": "Europe/Berlin", "德国": "Europe/Berlin", "莫斯科": "Europe/Moscow", "纽约": "America/New_York",
    "华盛顿": "America/New_York", "波士顿": "America/New_York", "芝加哥": "America/Chicago", "洛杉矶": "America/Los_Angeles", "旧金山": "America/Los_Angeles",
    "加州": "America/Los_Angeles", "西雅图": "America/Los_Angeles", "悉尼": "Australia/Sydney", "墨尔本": "Australia/Melbourne", "多伦多": "America/Toronto", "温哥华": "America/Vancouver",
    "美国东部": "America/New_York", "美国西部": "America/Los_Angeles", "世界标准": "Etc/UTC", "格林威治": "Etc/UTC",
}  # fmt: skip
_OFFSET = re.compile(
    r"(?:utc|gmt)?\s*(?P<sign>[+-])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?", re.IGNORECASE
)
# The offsets that are no whole hours have no Etc/ zone; these do not change their clocks.
_HALVES = {
    "+0530": "Asia/Kolkata", "+0545": "Asia/Kathmandu", "+0430": "Asia/Kabul", "+0630": "Asia/Yangon", "+0930": "Australia/Darwin",
    "+0845": "Australia/Eucla", "-0930": "Pacific/Marquesas",
}  # fmt: skip


@cache
def _zones() -> dict[str, str]:
    """Lower-case IANA names and their last parts ("berlin") to the names themselves."""
    known: dict[str, str] = {}
    for name in sorted(available_timezones()):
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/", "posix", "right")):
            known.setdefault(name.rsplit("/", 1)[1].lower().replace("_", " "), name)
        known.setdefault(name.lower(), name)
    return known


def find_zone(text: str) -> str:
    """The IANA zone these words name, or ""."""
    words = re.sub(r"\s+", " ", text).strip(" .,;:!?'\"()").removeprefix("the ")
    words = re.sub(
        r"(?:标准)?时间$|\s*(?:standard |local )?time(?: ?zone)?$", "", words, flags=re.IGNORECASE
    ).strip()
    low = words.lower()
    if low in _NAMED:
        return _NAMED[low]
    if match := _OFFSET.fullmatch(low):
        return _offset_zone(match)
    known = _zones()
    city = low.split(",")[0].strip()
    if len(low) < 3:  # noqa: PLR2004
        return ""
    return known.get(low.replace(" ", "_")) or known.get(low) or known.get(city) or _NAMED.get(city, "")


def _offset_zone(match: re.Match[str]) -> str:
    hours, minutes = int(match["hours"]), match["minutes"] or "00"
    if minutes != "00":
        return _HALVES.get(f"{match['sign']}{hours:02}{minutes}", "")
    if hours == 0:
        return "Etc/UTC"
    name = f"Etc/GMT{'-' if match['sign'] == '+' else '+'}{hours}"  # POSIX: the sign is turned round
    return name if name in available_timezones() else ""


def zone_in(text: str) -> str:
    """The zone of the first place named in a text, of the place where its writer is before all; "" when none is."""
    for here in _HERE.finditer(text):
        if zone := _first_zone(text[here.end() :]):
            return zone
    return _first_zone(text)


_HERE = re.compile(
    r"\b(?:i live|i'm|i am|we are|we're|i work|based|moved|relocated|living|staying|now)\b(?: now| here| back)? (?:in|to|at)\b|我(?:们)?(?:现在|目前|人|住|搬|已经?)*(?:在|到|住)",
    re.IGNORECASE,
)


def _first_zone(text: str) -> str:
    for match in re.finditer(r"(?:UTC|GMT)\s*[+-]\s*\d{1,2}(?::?\d\d)?", text):
        if zone := find_zone(match[0]):
            return zone
    words = re.findall(r"[A-Za-zÀ-ɏ][\w'/-]*", text)
    for size in (3, 2, 1):
        for at in range(len(words) - size + 1):
            name = " ".join(words[at : at + size])
            if name[0].isupper() and len(name) > 2 and (zone := find_zone(_unaccented(name))):  # noqa: PLR2004
                return zone
    for stretch in re.findall(r"[\u4e00-\u9fff]+", text):
        for size in (5, 4, 3, 2):
            for at in range(len(stretch) - size + 1):
                if zone := find_zone(stretch[at : at + size]):
                    return zone
    return next((zone for word in words if len(word) > 3 and (zone := find_zone(word))), "")  # noqa: PLR2004


def _unaccented(place: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", place) if not unicodedata.combining(each))
