"""Matching: one report against all standing queries, by the matcher that the daemon has.

Queries as people write them: words by Zipf, one to three a query, 10 % phrases, 5 % with a word left out, 5 % prefixes, 5 % in
a field, 20 % Chinese. The peer is SQLite's FTS5 over the same folded text, one MATCH for each query of a sample; both must
find the same.

    python -m tests.bench.bench_matching [--queries 10000] [--reports 50] [--sample 500]
"""

from __future__ import annotations

import argparse
import sqlite3
import time
from itertools import accumulate
from random import Random

from alertd.matching.naive import NaiveMatcher, evaluate
from alertd.model import QueryId, ReportFields
from alertd.query import And, Document, Every, Field, Node, Not, Or, Query, Term, parse, read_report
from tests.bench import making

WORDS = 20_000
_HAN = (
    "的农村改革发展城镇土地经济政策研究社会保障市场企业投资金融财政税收教育医疗环境能源技术创新产业结构贸易"
)
_FIELDS = ("title", "keyword", "abstract")


class Language:
    """Draws words, queries and reports from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        letters = "etaoinshrdlucmfwyp"
        drawn = (
            "".join(self._random.choices(letters, k=self._random.randint(4, 9))) for _ in range(WORDS * 2)
        )
        self._words = list(dict.fromkeys(drawn))[:WORDS]
        self._weights = list(accumulate(1 / (rank + 100) for rank in range(WORDS)))

    def _draw(self, count: int) -> list[str]:
        return self._random.choices(self._words, cum_weights=self._weights, k=count)

    def _han(self, count: int) -> str:
        return "".join(self._random.choices(_HAN, k=count))

    def query(self) -> str:
        """A query as typed."""
        random = self._random
        if random.random() < 0.2:
            return " ".join(self._han(random.randint(2, 4)) for _ in range(random.randint(1, 2)))
        words, chance = self._draw(random.randint(1, 3)), random.random()
        if chance < 0.1:
            return f'"{" ".join(self._draw(2))}"'
        if chance < 0.15:
            return f"{words[0]} -{self._draw(1)[0]}"
        if chance < 0.2:
            return f"{words[0][:4]}*"
        if chance < 0.25:
            return f"{random.choice(_FIELDS)}:{words[0]}"
        return " OR ".join(words) if chance < 0.35 else " ".join(words)

    def report(self) -> ReportFields:
        """A report: 12 words of title, 180 of abstract, some of it Chinese."""
        return ReportFields(
            title=f"{' '.join(self._draw(10))} {self._han(12)}",
            abstract=f"{' '.join(self._draw(140))} {self._han(120)}",
            authors=tuple(" ".join(self._draw(2)).title() for _ in range(3)),
            keywords=tuple(" ".join(self._draw(2)) for _ in range(4)),
            department=" ".join(self._draw(3)),
        )


def _column(where: Field, *, exact: bool) -> str:
    return f"{'w' if exact else 's'}_{where or 'any'}"


def columns() -> list[tuple[str, Field, bool]]:
    """The columns of the FTS5 table: name, field, whole words."""
    return [
        (_column(where, exact=exact), where, exact)
        for exact in (True, False)
        for where in (Field.ANY, Field.TITLE, Field.ABSTRACT, Field.KEYWORD)
    ]


def fts(tree: Node) -> str:
    """The same question to FTS5: tokens of the folded text are its words."""
    match tree:
        case Term():
            star = "*" if tree.prefix else ""
            return f'{_column(tree.where, exact=tree.exact)}:"{" ".join(tree.tokens)}"{star}'
        case And():
            wanted = " AND ".join(f"({fts(part)})" for part in tree.parts if not isinstance(part, Not))
            unwanted = [f"({fts(part.term)})" for part in tree.parts if isinstance(part, Not)]
            return " NOT ".join([f"({wanted})", *unwanted])
        case Or():
            return " OR ".join(f"({fts(part)})" for part in tree.parts)
        case Not() | Every():
            raise ValueError("nothing to ask for")


def peer(sample: list[Query], documents: list[Document]) -> float:
    """Seconds of asking FTS5 each query of a sample about each report, after seeing that the answers are the same."""
    connection = sqlite3.connect(":memory:")
    names = [name for name, _, _ in columns()]
    connection.execute(f"CREATE VIRTUAL TABLE report USING fts5({', '.join(names)}, detail=full)")
    asked = [fts(query.tree) for query in sample]
    took = 0.0
    for document in documents:
        connection.execute("DELETE FROM report")
        texts = [document.text(where, exact=exact) for _, where, exact in columns()]
        connection.execute(f"INSERT INTO report VALUES ({', '.join('?' * len(texts))})", texts)
        begun = time.perf_counter()
        found = [
            bool(connection.execute("SELECT 1 FROM report WHERE report MATCH ?", (each,)).fetchall())
            for each in asked
        ]
        took += time.perf_counter() - begun
        if different := [
            query.typed
            for query, hit in zip(sample, found, strict=True)
            if hit is not evaluate(query.tree, document)
        ]:
            raise SystemExit(f"FTS5 and we differ: {different[:5]}")
    connection.close()
    return took


def main() -> None:
    """Measure both and print the ratio."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--queries", type=int, default=10_000)
    arguments.add_argument("--reports", type=int, default=50)
    arguments.add_argument("--sample", type=int, default=500)
    given = arguments.parse_args()
    print(making.machine())
    language, unique = Language(1), {}
    while len(unique) < given.queries:
        query = parse(language.query())
        unique[query.canonical] = query
    queries = list(unique.values())
    before, begun = making.peak_mb(), time.perf_counter()
    matcher = NaiveMatcher()
    for number, query in enumerate(queries):
        matcher.add(QueryId(number), query.canonical)
    adding = time.perf_counter() - begun
    reports = [language.report() for _ in range(given.reports)]
    begun = time.perf_counter()
    documents = [read_report(each, catalogue="drc") for each in reports]
    folding = time.perf_counter() - begun
    begun = time.perf_counter()
    hits = sum(len(matcher.match(document)) for document in documents)
    took = time.perf_counter() - begun
    sample = Random(3).sample(queries, min(given.sample, len(queries)))
    theirs = peer(sample, documents) / len(documents) / len(sample) * len(queries)
    mine = took / len(documents)
    print(
        f"{len(queries):,} unique queries, {len(documents)} reports,"
        f" {hits / len(documents) / len(queries):.2%} of the queries match each\n"
        f"naive matcher            {mine * 1000:8.2f} ms a report ({mine / len(queries) * 1e6:.2f} us a query)\n"
        f"SQLite FTS5, one MATCH   {theirs * 1000:8.2f} ms a report (from {len(sample)} queries):"
        f" {theirs / mine:.1f} times as long\n"
        f"folding one report       {folding / len(documents) * 1000:8.2f} ms\n"
        f"adding the queries       {adding / len(queries) * 1e6:8.1f} us each; memory {making.peak_mb():.0f} MB"
        f" ({before:.0f} before)"
    )


if __name__ == "__main__":
    main()
