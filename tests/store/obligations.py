"""An oracle of obligations: who is owed which report, noted at the moment it is announced. It knows no numbers.

At each announcement it notes, for every query someone is asking at that moment, that its reader is owed the revision if the
query matches. What is due is what is owed, on the schedule where the query stands now, and not yet told.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MEANINGS = {
    "alpha": lambda words: "alpha" in words,
    "beta": lambda words: "beta" in words,
    "alpha OR beta": lambda words: bool(words & {"alpha", "beta"}),
    "*": lambda _words: True,
}


@dataclass
class Asking:
    """One query of one reader."""

    reader: str
    query: str
    schedule: str
    dropped: bool = False


@dataclass
class Oracle:
    """What was asked, announced, owed and told."""

    asking: dict[str, Asking] = field(default_factory=dict)
    owed: dict[tuple[str, str, int], int] = field(default_factory=dict)  # (root, report, revision) -> moment
    first: dict[tuple[str, int], dict[str, str]] = field(
        default_factory=dict
    )  # who asked what when first announced
    words: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    told: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    retracted: set[str] = field(default_factory=set)
    moment: int = 0

    def announce(self, report: str, revision: int, words: frozenset[str], *, blind: frozenset[str]) -> None:
        """A revision becomes effective; the matcher overlooks the queries it is blind for."""
        self.moment += 1
        key = (report, revision)
        self.words[key] = words
        asking = {root: each.query for root, each in self.asking.items() if not each.dropped}
        self.first[key] = asking
        for root, query in asking.items():
            if query not in blind and MEANINGS[query](words):
                self.owed[root, report, revision] = self.moment

    def late(self, report: str, revision: int) -> None:
        """Matches overlooked before are found: who asked when it was first announced is owed it now."""
        self.moment += 1
        key = (report, revision)
        for root, query in self.first[key].items():
            if MEANINGS[query](self.words[key]):
                self.owed.setdefault((root, report, revision), self.moment)

    def due(self, reader: str, schedule: str, *, upto: int) -> set[tuple[str, int]]:
        """What is due to a reader on a schedule, of what was owed up to a moment."""
        return {
            (report, revision)
            for (root, report, revision), moment in self.owed.items()
            if moment <= upto
            and self.asking[root].reader == reader
            and self.asking[root].schedule == schedule
            and not self.asking[root].dropped
            and report not in self.retracted
            and not self._was_told(reader, report, revision)
        }

    def waits(self, root: str) -> bool:
        """Whether something is owed to a query that was not told."""
        each = self.asking[root]
        due = self.due(each.reader, each.schedule, upto=self.moment)
        return any((root, report, revision) in self.owed for report, revision in due)

    def _was_told(self, reader: str, report: str, revision: int) -> bool:
        return any(known == report and told >= revision for known, told in self.told.get(reader, ()))

    def found_by(self, reader: str, told: set[tuple[str, int]], report: str) -> set[str]:
        """The reader's queries that found a report told in one digest."""
        return {
            self.asking[root].query
            for (root, owed, revision) in self.owed
            if owed == report
            and (report, revision) in told
            and self.asking[root].reader == reader
            and not self.asking[root].dropped
        }
