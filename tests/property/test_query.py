"""Laws of the query language: it reads or refuses, one text for one meaning, and the meaning is the plain one."""

from __future__ import annotations

import contextlib
import random
import time
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from alertd.errors import QuerySyntaxError
from alertd.matching.naive import NaiveMatcher, evaluate
from alertd.model import QueryId, ReportFields
from alertd.query import Query, explain, parse, read_canonical, read_report, restrict
from alertd.query.folding import fold, tokenize
from alertd.query.trouble import TYPED

# ---- any text at all ----

pieces = st.sampled_from(
    ["OR", "AND", "NOT", "或", "非", "(", ")", "（", "）", '"', "“", "”", "「", "」", "-", "－", "*", "~", ":", "：", ",", " ",
     "\u3000", "\n", "title:", "标题：", "number:", "catalogue:", "author:", "tilte:", "rural", "ease", "Pensions", "urban-rural", "农村", "經濟", "GDP增长",
     "Ünïcode", "ß", "İ", "178/2015", "é", "\u200b", "\u3099", "か", "\ud800", "’s", "1,000", "ﷺ", "s*"]
)  # fmt: skip
sloppy = st.lists(pieces, max_size=30).map("".join) | st.lists(pieces, max_size=15).map(" ".join)
texts = sloppy | st.text(max_size=60)


def read(text: str) -> Query:
    """Parse, or let hypothesis look for another example."""
    try:
        return parse(text)
    except QuerySyntaxError:
        assume(False)
        raise


@given(texts)
def test_reads_or_refuses(text: str) -> None:
    """Any text is read or refused with a column within it, an expectation, and a suggestion that can be read."""
    try:
        parse(text)
    except QuerySyntaxError as caught:
        error = caught
    else:
        return
    assert 1 <= error.column <= len(text) + 1
    assert error.message
    assert error.expected
    if error.suggestion:
        parse(error.suggestion)


@given(st.lists(pieces, min_size=1, max_size=4).map("".join))
def test_the_greatest_sizes_are_read_at_once(part: str) -> None:
    """Four kilobytes of the same nonsense over and over take milliseconds, not seconds."""
    text = (part * TYPED.size)[: TYPED.size // 4]
    begin = time.perf_counter()
    for grown in (text, "a " + text):
        with contextlib.suppress(QuerySyntaxError):
            parse(grown)
    assert time.perf_counter() - begin < 2  # 20 ms on a quiet machine


@given(texts)
def test_canonical_is_a_fixed_point(text: str) -> None:
    """The canonical text is a query, its own canonical text, and means the same."""
    query = read(text)
    again = parse(query.canonical)
    assert again.canonical == query.canonical
    assert again.tree == query.tree


@given(texts, st.lists(st.sampled_from(["drc", "drc-en", "目录", "or", "x.y_z"]), max_size=3))
def test_restricted_reads_back(text: str, catalogues: list[str]) -> None:
    """A restricted query reads back from the store; its canonical text knows no order of catalogues."""
    restricted = restrict(read(text), catalogues)
    assert read_canonical(restricted.canonical).tree == restricted.tree
    assert restrict(restricted, []) == restricted
    assert restrict(read(text), catalogues[::-1]).canonical == restricted.canonical


@given(st.text(max_size=80) | sloppy)
def test_folding_comes_to_rest(text: str) -> None:
    """Folding twice is folding once, and each folded character knows a place of the original."""
    folded = fold(text)
    assert fold(folded.text).text == folded.text
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    places = list(zip(folded.starts, folded.ends, strict=True))
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(before[0] <= after[0] for before, after in pairwise(places))


@given(st.text("农村經濟養老金保险，。“”GDPa1 \n", min_size=1, max_size=30), st.data())
def test_chinese_is_found_by_substring(text: str, data: st.DataObject) -> None:
    """Any run of Chinese characters of a report is found by the same run."""
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    assume(all("\u4e00" <= character <= "\u9fff" for character in part))
    assert evaluate(parse(part).tree, read_report(ReportFields(title=text), catalogue="drc"))


# ---- the meaning, against an evaluator of its own over small words that fold to themselves ----

WORDS = ("tax", "toll", "rural", "farm", "税", "农")
NAMED = ("title", "abstract")


@dataclass(frozen=True)
class Word:
    name: str
    text: str


@dataclass(frozen=True)
class Op:
    kind: str
    parts: tuple[Word | Op, ...]


words = st.builds(Word, st.sampled_from(("", *NAMED)), st.sampled_from(WORDS))
joins = st.sampled_from(["and", "or"])
plans = st.recursive(
    words | st.just(Op("*", ())),
    lambda inner: (
        st.builds(Op, joins, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Op, st.just("not"), st.tuples(inner))
    ),
    max_leaves=7,
)
positive_plans = st.recursive(
    words,
    lambda inner: st.builds(Op, joins, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    max_leaves=7,
)
reports = st.dictionaries(st.sampled_from(NAMED), st.sets(st.sampled_from(WORDS), max_size=4))
seeds = st.integers(0, 2**32)


def holds(plan: Word | Op, report: dict[str, set[str]]) -> bool:
    """What a plan means, told apart from any text."""
    if isinstance(plan, Word):
        return any(plan.text in report.get(name, ()) for name in ([plan.name] if plan.name else NAMED))
    if plan.kind == "not":
        return not holds(plan.parts[0], report)
    return (any if plan.kind == "or" else all)(holds(part, report) for part in plan.parts)


def write(plan: Word | Op, dice: random.Random) -> str:
    """A plan as somebody might type it: in some order, case, width and with repetitions."""
    if isinstance(plan, Word):
        return f"{plan.name}:" * bool(plan.name) + dress(plan.text, dice)
    if plan.kind == "*":
        return dice.choice("*＊")
    if plan.kind == "not":
        return dice.choice(["-", "NOT ", "非 ", "－"]) + f"({write(plan.parts[0], dice)})"
    parts = [*plan.parts, *dice.choices(plan.parts, k=dice.randrange(2))]
    dice.shuffle(parts)
    joint = dice.choice([" OR ", " 或 ", " | "] if plan.kind == "or" else [" ", " AND ", "，", "\n"])
    return joint.join(dice.choice(["({})", "（{}）"]).format(write(part, dice)) for part in parts)


def dress(word: str, dice: random.Random) -> str:
    """A word with another case, width, accents, ending or quotation marks."""
    if word.isascii():
        word = dice.choice([word, word.upper(), word + "s", word[0] + "\u0301" + word[1:]])
        word = unicodedata.normalize(dice.choice(["NFC", "NFD"]), word)
        if dice.random() < 0.3:
            word = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in word)
    else:
        word = dice.choice([word, word.replace("农", "農").replace("税", "稅")])
    return dice.choice(["{}", '"{}"', "“{} ”"]).format(word)


@given(plans, seeds, reports)
def test_meaning(plan: Word | Op, seed: int, report: dict[str, set[str]]) -> None:
    """A query finds just what it says, and its stored form too."""
    query = read(write(plan, random.Random(seed)))
    fields = ReportFields(
        **{"title": "", **{name: " ".join(sorted(found)) for name, found in report.items()}}
    )
    document = read_report(fields, catalogue="drc")
    matcher = NaiveMatcher()
    matcher.add(QueryId(1), query.canonical)
    expected = holds(plan, report)
    assert evaluate(query.tree, document) is expected
    assert matcher.match(document) == ({1} if expected else set())


@given(plans, seeds, seeds)
def test_one_text_for_one_meaning(plan: Word | Op, one: int, other: int) -> None:
    """However a query is typed, its canonical text is the same."""
    assert (
        read(write(plan, random.Random(one))).canonical == read(write(plan, random.Random(other))).canonical
    )


@given(texts, st.text(max_size=60) | sloppy, st.text(max_size=60) | sloppy, st.sampled_from(["", "178"]))
def test_explanation_agrees(text: str, title: str, abstract: str, number: str) -> None:
    """What is explained is what matched, and each piece shown is there in the report."""
    query = read(text)
    fields = ReportFields(title=title, abstract=abstract, number=number, year=2015)
    hits = explain(query, fields, catalogue="drc")
    if hits:
        assert evaluate(query.tree, read_report(fields, catalogue="drc"))
    for hit in hits:
        values = {"title": title, "abstract": abstract}
        assert hit.text
        assert values.get(hit.field, hit.text)[hit.start : hit.end] == hit.text


@given(positive_plans, seeds, reports)
def test_explanation_is_complete(plan: Word | Op, seed: int, report: dict[str, set[str]]) -> None:
    """A query without NOT and `*` has something to show if and only if it matches."""
    query = read(write(plan, random.Random(seed)))
    fields = ReportFields(
        **{"title": "", **{name: " ".join(sorted(found)) for name, found in report.items()}}
    )
    assert bool(explain(query, fields, catalogue="drc")) is holds(plan, report)


@given(st.text(min_size=1, max_size=80) | sloppy)
def test_a_report_is_found_by_its_own_title(title: str) -> None:
    """A title, pasted as it is printed between quotation marks, finds its report."""
    assume(tokenize(title) and not set(title) & set('"“”„‟＂*＊~～˷'))
    document = read_report(ReportFields(title=title), catalogue="drc")
    assert evaluate(parse(f'"{title}"').tree, document)
