"""Labels in an entry's text ("Abstract:", "关键词："): which there are, and cutting a text into labelled sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields

from alertd.config.settings import Labels

BUILT_IN = Labels(
    abstract=("Abstract", "Summary", "摘要", "内容摘要", "内容提要", "提要"),
    keywords=("Key words", "Keywords", "关键词", "关键字", "主题词"),
    author=("Author", "Authors", "Written by", "作者", "执笔", "执笔人", "撰稿人"),
    department=("Department", "部门", "所属部门", "作者单位", "单位"),
    number=("No", "Number", "Report No", "Research Report No", "编号", "报告编号", "期号"),
    total_number=("Total No", "Total number", "总号", "总编号", "总期号"),
    date=("Date", "Published", "Publication date", "日期", "发布日期", "发布时间", "出版日期"),
)
NARROW = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {
    0x3000: 0x20,
    0x3010: 0x5B,
    0x3011: 0x5D,
    0x3014: 0x5B,
    0x3015: 0x5D,
}
"""Full-width forms and Chinese brackets to ASCII, one character to one, so that positions stay."""
_LISTS_GO_ON = (",", ";", "、", "，", "；")


@dataclass(frozen=True, slots=True)
class Sections:
    """A text cut at its labels.

    Attributes:
        labelled: field name of `Labels` to what stands behind its first label.
        free: the lines that no label claims, in their order.
    """

    labelled: dict[str, str]
    free: tuple[str, ...]


class LabelSet:
    """The built-in labels and a catalogue's own, compiled.

    Args:
        own: labels of the catalogue; they are added to the built-in ones.
    """

    def __init__(self, own: Labels) -> None:
        self._fields = dict(_each_label(BUILT_IN)) | dict(_each_label(own))
        spelled = "|".join(_pattern(label) for label in sorted(self._fields, key=len, reverse=True))
        # "Abstract:", "[Abstract]", "[Abstract]:", or the label alone on its line
        self._at_start = re.compile(
            rf"\s*(?:\[\s*({spelled})\s*\]\s*:?|\(?({spelled})\)?\s*(?::|$))", re.IGNORECASE
        )
        self._inside = re.compile(
            rf"(?<=[\s.,;)\]。、])(?:\[\s*({spelled})\s*\]\s*:?|({spelled})\s*:)", re.IGNORECASE
        )

    def cut(self, text: str) -> Sections:
        """Cut a text at its labels.

        A label counts at the start of a line, and within a line when a colon follows it; within an abstract only the
        key words' label does, for abstracts are prose. An abstract goes on over lines up to the next label, a list of
        key words as long as its lines end with a comma, every other section ends with its line.
        """
        found: dict[str, list[str]] = {}
        free: list[str] = []
        section = ""
        for line in text.split("\n"):
            pieces = list(self._pieces(line, section))
            for field, value in pieces:
                if field:
                    section = "" if field in found and field != section else field
                    found.setdefault(field, []).append(value)
                elif section:
                    found[section].append(value)
                else:
                    free.append(value)
            section = section if _goes_on(section, line) else ""
        return Sections({field: "\n".join(lines).strip() for field, lines in found.items()}, tuple(free))

    def _pieces(self, line: str, section: str) -> Iterator[tuple[str, str]]:
        """The line as (field, value) pairs; field "" continues what was open."""
        narrow = line.translate(NARROW)
        start = self._at_start.match(narrow)
        field, position = (self._field(start), start.end()) if start else ("", 0)
        for inside in self._inside.finditer(narrow, position):
            name = self._field(inside)
            if ((field or section) == "abstract" and name != "keywords") or not _stands_out(inside[0]):
                continue
            if field or line[position : inside.start()].strip():
                yield field, line[position : inside.start()].strip()
            field, position = name, inside.end()
        yield field, line[position:].strip()

    def _field(self, found: re.Match[str]) -> str:
        return self._fields[_key(found[1] or found[2])]


def _goes_on(section: str, line: str) -> bool:
    if section == "abstract":
        return True
    label_alone = line.rstrip().endswith((":", "：")) or not line.strip()
    return bool(section) and (label_alone or (section == "keywords" and line.rstrip().endswith(_LISTS_GO_ON)))


def _each_label(labels: Labels) -> Iterator[tuple[str, str]]:
    for field in dataclass_fields(labels):
        for label in getattr(labels, field.name):
            if key := _key(label):
                yield key, field.name


def _key(label: str) -> str:
    """Labels are equal without case, width, inner spaces and a colon at the end."""
    narrow = label.translate(NARROW).strip(" :.").lower()
    return re.sub(r"\s+", "" if _is_han(narrow) else " ", narrow)


def _pattern(key: str) -> str:
    if _is_han(key):
        return r"\s{0,3}".join(map(re.escape, key))  # 摘　要 is printed with a space
    words = [re.escape(word) for word in key.split(" ")]
    return r"\s{1,3}".join(words) + r"\.?"


def _is_han(text: str) -> bool:
    return any("\u3400" <= sign <= "\u9fff" for sign in text)


def _stands_out(label: str) -> bool:
    """Within a line a Latin label begins with a capital: "the release date: May" is prose."""
    first = label.lstrip("[ ")[:1]
    return first.isupper() or _is_han(first)
