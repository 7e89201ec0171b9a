"""Random histories of reports and readers: the product's steps on a real store, side by side with the oracle's.

What happens next is drawn by weight from what can happen. Rules of their own would be drawn evenly, and many histories would be
without a single digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alertd.model import Cause, EditionId, ReportState
from alertd.store.engines import Store
from tests.store.making import content_maker
from tests.store.obligations import MEANINGS, Asking, Oracle
from tests.store.world import SCHEDULES, World

T = TypeVar("T")
Happening = Callable[["Histories"], None]

READERS = ("u0", "u1")
WORDS = [frozenset(words) for words in (["alpha"], ["beta"], ["alpha", "beta"], [])]
QUERIES = sorted(MEANINGS)
NAMES = sorted(SCHEDULES)
OPEN = {"active", "paused"}


def happens(weight: int, when: Callable[[Any], Any] = lambda _self: True) -> Callable[[Happening], Happening]:
    """Something that can happen: how often beside the others, and when at all."""

    def mark(happening: Happening) -> Happening:
        happening.weight, happening.when = weight, when  # type: ignore[attr-defined]
        return happening

    return mark


class Histories(RuleBasedStateMachine):
    """Random histories of everything that can happen to reports and readers."""

    open_store: Callable[[], Store]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World(self.open_store(), content_maker())
        self.oracle = Oracle()
        self.states: dict[str, str] = {}
        self.effective: dict[str, int] = {}
        self.stored: dict[str, tuple[int, frozenset[str]]] = {}
        self.standing: dict[int, Any] = {}
        self.open_editions: dict[EditionId, tuple[str, int]] = {}
        self.topic = "beta"
        self.on_topic: set[str] = set()
        self.count = 0
        self.picks = 0
        self.do(self.world.begin())
        self.do(self.world.edit_topic(self.topic))

    def do(self, step: Any) -> Any:
        """Run one step of the product."""
        return self.runner.run(step)

    @classmethod
    def happenings(cls) -> list[Happening]:
        """Everything that can happen, as often as its weight."""
        found = [getattr(cls, name) for name in sorted(dir(cls))]
        return [each for each in found if hasattr(each, "weight") for _ in range(each.weight)]

    @initialize(words=st.sampled_from(WORDS), where=st.tuples(*[st.sampled_from(NAMES)] * 4))
    def readers_who_ask(self, words: frozenset[str], where: tuple[str, ...]) -> None:
        """There is a report from before anyone asked, and two readers, one with queries apart and the topic."""
        self._new_report(words, frozenset())
        self._ask("u0", "alpha", where[0])
        self._ask("u0", "beta", where[1])
        self._ask_topic("u0", where[2])
        self._ask("u1", "*", where[3])

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """One of the things that can happen now."""
        self.draw = data.draw
        self.pick([each for each in self.happenings() if each.when(self)])(self)

    def pick(self, options: Sequence[T]) -> T:
        """One of these: drawn, and turned by a fixed amount, for Hypothesis very often draws what is first."""
        self.picks += 1
        turn = Random(self.picks).randrange(len(options))
        return options[(self.draw(st.integers(0, len(options) - 1)) + turn) % len(options)]

    @invariant()
    def no_alarm(self) -> None:
        """The balance of every edition held."""
        assert self.world.alarm.rung == []

    def teardown(self) -> None:
        """At the end everybody resumes and every schedule runs: nothing may be left."""
        try:
            for reader in self._who_is("paused"):
                self._resume(reader, skip=False)
            for schedule in SCHEDULES:
                self._finish_all()
                self._open(schedule)
            self._finish_all()
            for reader in self.states:
                for schedule in SCHEDULES:
                    left = self.oracle.due(reader, schedule, upto=self.oracle.moment)
                    assert not left, f"{left} never came to {reader}"
            assert self.world.alarm.rung == []
        finally:
            self.do(self.world.store.close())
            self.runner.close()

    # reports

    def _store_new(self, words: frozenset[str]) -> str:
        self.count += 1
        name = f"r{self.count}"
        self.stored[name] = (1, words)
        self.do(self.world.store_report(name, 1, words))
        return name

    def _announce(
        self, name: str, number: int, words: frozenset[str], cause: Cause, blind: frozenset[str]
    ) -> None:
        self.do(self.world.announce(name, number, words, cause, blind=blind))
        self.oracle.announce(name, number, words, blind=blind)
        self.effective[name] = number

    def _new_report(self, words: frozenset[str], blind: frozenset[str]) -> None:
        self._announce(self._store_new(words), 1, words, Cause.NEW, blind)

    @happens(6)
    def new_report(self) -> None:
        """A report appears and is announced; the matcher may overlook a query."""
        self._new_report(self.pick(WORDS), frozenset(self.pick([(), *((query,) for query in QUERIES)])))

    @happens(1)
    def held_report(self) -> None:
        """A report appears and is held."""
        self._store_new(self.pick(WORDS))

    @happens(2, when=lambda self: set(self.stored) - set(self.effective))
    def release(self) -> None:
        """A held report is released."""
        name = self.pick(sorted(set(self.stored) - set(self.effective)))
        self._announce(name, *self.stored[name], Cause.RELEASED, frozenset())

    @happens(3, when=lambda self: self.effective)
    def revise(self) -> None:
        """An announced report gets a revision that is announced."""
        name, words = self.pick(sorted(self.effective)), self.pick(WORDS)
        number = self.effective[name] + 1
        self.stored[name] = (number, words)
        self.do(self.world.store_report(name, number, words))
        self._announce(name, number, words, Cause.REVISED, frozenset())

    @happens(3, when=lambda self: self.effective)
    def late(self) -> None:
        """Matches overlooked before are found now."""
        name = self.pick(sorted(self.effective))
        number = self.effective[name]
        self.do(self.world.announce(name, number, self.oracle.words[name, number], Cause.LATE))
        self.oracle.late(name, number)

    @happens(1, when=lambda self: self.effective)
    def retract(self) -> None:
        """A report is retracted, for good: no later revision or late match brings it back."""
        name = self.pick(sorted(self.effective))
        self.do(self.world.retract(name, state=ReportState.RETRACTED))
        self.oracle.retracted.add(name)

    # readers

    def _who_is(self, *states: str) -> list[str]:
        return [reader for reader, known in self.states.items() if known in states]

    def _asking(self, *readers: str) -> list[str]:
        found = self.oracle.asking.items()
        return [root for root, each in found if each.reader in readers and not each.dropped]

    def _wanting(self) -> list[tuple[str, str]]:
        """Readers with a query that they do not have."""
        held = {
            (each.reader, each.query)
            for root, each in self.oracle.asking.items()
            if not each.dropped and root not in self.on_topic
        }
        return [
            pair for reader in READERS for query in sorted(MEANINGS) if (pair := (reader, query)) not in held
        ]

    @happens(2, when=_wanting)
    def ask(self) -> None:
        """Someone signs up, or a reader adds a query they do not have."""
        self._ask(*self.pick(self._wanting()), self.pick(NAMES))

    def _ask(self, reader: str, query: str, schedule: str) -> None:
        self.count += 1
        root = f"s{self.count}"
        if self.states.get(reader) in OPEN:
            self.do(self.world.add(reader, root, query, schedule, topic=False))
        else:
            self.do(self.world.sign_up(reader, root, query, schedule))
            self.states[reader] = "active"
        self.oracle.asking[root] = Asking(reader, query, schedule)

    def _without_topic(self) -> list[str]:
        return [each for each in self._who_is(*OPEN) if not self.on_topic & set(self._asking(each))]

    @happens(2, when=_without_topic)
    def ask_topic(self) -> None:
        """A reader adds the topic."""
        self._ask_topic(self.pick(self._without_topic()), self.pick(NAMES))

    def _ask_topic(self, reader: str, schedule: str) -> None:
        self.count += 1
        root = f"s{self.count}"
        self.do(self.world.add(reader, root, self.topic, schedule, topic=True))
        self.oracle.asking[root] = Asking(reader, self.topic, schedule)
        self.on_topic.add(root)

    @happens(3)
    def edit_topic(self) -> None:
        """The topic gets another query."""
        self.topic = self.pick(QUERIES)
        self.do(self.world.edit_topic(self.topic))
        for root in self.on_topic:
            self.oracle.asking[root].query = self.topic

    @happens(1, when=lambda self: self._asking(*READERS))
    def drop(self) -> None:
        """A reader drops a query."""
        root = self.pick(self._asking(*READERS))
        self.do(self.world.drop(self.oracle.asking[root].reader, root))
        self.oracle.asking[root].dropped = True

    @happens(2, when=lambda self: self._asking(*READERS))
    def move_one(self) -> None:
        """A reader moves a query to another schedule."""
        self._move([self.pick(self._asking(*READERS))], self.pick(NAMES), everything=False)

    @happens(2, when=lambda self: self._asking(*READERS))
    def move_all(self) -> None:
        """A reader moves all their queries to another schedule."""
        reader = self.pick([each for each in READERS if self._asking(each)])
        self._move(self._asking(reader), self.pick(NAMES), everything=True)

    @happens(4, when=lambda self: self._asking(*READERS))
    def join(self) -> None:
        """A schedule goes out, and a query joins it that waited for another one: what is owed to it stays owed."""
        until = self.pick(NAMES)
        self._open(until)
        self._finish_all()
        apart = [root for root in self._asking(*READERS) if self.oracle.asking[root].schedule != until]
        waiting = [root for root in apart if self.oracle.waits(root)] or apart
        if waiting:
            self._move([self.pick(waiting)], until, everything=False)

    def _move(self, roots: list[str], schedule: str, *, everything: bool) -> None:
        reader = self.oracle.asking[roots[0]].reader
        self.do(self.world.move(reader, None if everything else roots, schedule))
        for root in roots:
            self.oracle.asking[root].schedule = schedule

    @happens(2, when=lambda self: self._who_is("active"))
    def pause(self) -> None:
        """A reader pauses."""
        reader = self.pick(self._who_is("active"))
        self.do(self.world.pause(reader))
        self.states[reader] = "paused"

    @happens(4, when=lambda self: self._who_is("paused"))
    def resume(self) -> None:
        """A reader resumes, skipping what waits or not."""
        self._resume(self.pick(self._who_is("paused")), skip=self.pick([False, True]))

    def _resume(self, reader: str, *, skip: bool) -> None:
        if skip:
            for schedule in SCHEDULES:
                waiting = self.oracle.due(reader, schedule, upto=self.oracle.moment)
                self.oracle.told.setdefault(reader, set()).update(waiting)
        self.do(self.world.resume(reader, skip=skip))
        self.states[reader] = "active"

    @happens(1, when=lambda self: self._who_is(*OPEN))
    def leave(self) -> None:
        """A reader leaves."""
        reader = self.pick(self._who_is(*OPEN))
        self.do(self.world.leave(reader))
        self.states[reader] = "ended"
        for root in self._asking(reader):
            self.oracle.asking[root].dropped = True

    # editions

    @happens(2)
    def open(self) -> None:
        """Time passes until a schedule is due, and editions open; they need not be worked through at once."""
        self._open(self.pick(NAMES))

    def _open(self, until: str) -> None:
        for edition_id, schedule in self.do(self.world.open(until=until)):
            self.open_editions[edition_id] = (schedule, self.oracle.moment)

    @happens(3, when=lambda self: self.open_editions)
    def one_chunk(self) -> None:
        """The oldest open edition does one chunk."""
        edition_id = min(self.open_editions)
        self.do(self.world.editions.step(edition_id, self.world.now))
        self._check_digests(edition_id)

    @happens(6)
    def goes_out(self) -> None:
        """Time passes until a schedule is due, and all that is open is worked through."""
        self._open(self.pick(NAMES))
        self._finish_all()

    def _finish_all(self) -> None:
        for edition_id in sorted(self.open_editions):
            more = True
            while more:
                more, _ = self.do(self.world.editions.step(edition_id, self.world.now))
                self._check_digests(edition_id)
            complete = self.do(self.world.editions.complete(edition_id, self.world.now))
            assert complete, self.world.alarm.rung
            del self.open_editions[edition_id]

    def _check_digests(self, edition_id: EditionId) -> None:
        schedule, moment = self.open_editions[edition_id]
        for number, sent in self.do(self.world.new_digests()).items():
            assert sent.schedule == schedule
            assert self.states[sent.reader] == "active"
            assert sent.told == self.oracle.due(sent.reader, schedule, upto=moment), "not what is due"
            assert sent.told, "an empty digest"
            newest = {name: max(n for known, n in sent.told if known == name) for name, _ in sent.told}
            assert {name: n for name, (n, _) in sent.shown.items()} == newest
            for name, (_, labels) in sent.shown.items():
                assert labels == self.oracle.found_by(sent.reader, sent.told, name)
            self.oracle.told.setdefault(sent.reader, set()).update(sent.told)
            self.standing[number] = sent

    @happens(5, when=lambda self: self.standing)
    def withdraw(self) -> None:
        """A digest that did not leave is withdrawn: what it told is told no more."""
        number = self.pick(sorted(self.standing))
        sent = self.standing.pop(number)
        assert self.do(self.world.withdraw(number))
        self.oracle.told[sent.reader] -= sent.told
