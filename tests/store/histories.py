"""Random histories of reports and readers: the product's steps on a real store, side by side with the oracle's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alertd.model import Cause, EditionId, ReportState
from alertd.store.engines import Store
from tests.store.making import content_maker
from tests.store.obligations import MEANINGS, Asking, Oracle
from tests.store.world import SCHEDULES, World

READERS = ("u0", "u1")
WORDS = st.sampled_from([frozenset(words) for words in (["alpha"], ["beta"], ["alpha", "beta"], [])])
NARROW = ("alpha", "beta")
QUERIES = st.sampled_from(sorted(MEANINGS))
SCHEDULE = st.sampled_from(sorted(SCHEDULES))
READER = st.sampled_from(READERS)


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
        self.open_editions: dict[EditionId, tuple[str, int, set[str]]] = {}
        self.topic = "alpha"
        self.on_topic: set[str] = set()
        self.count = 0
        self.do(self.world.begin())
        self.do(self.world.edit_topic(self.topic))

    def do(self, step: Any) -> Any:
        """Run one step of the product."""
        return self.runner.run(step)

    def teardown(self) -> None:
        """At the end everybody resumes and every schedule runs: nothing may be left."""
        try:
            for reader, state in self.states.items():
                if state == "paused":
                    self._resume(reader, skip=False)
            for schedule in SCHEDULES:
                self._finish_all()
                self._open(schedule)
            self._finish_all()
            for reader in self.states:
                for schedule in SCHEDULES:
                    assert self.oracle.due(reader, schedule, upto=self.oracle.moment) == set()
            assert self.world.alarm.rung == []
        finally:
            self.do(self.world.store.close())
            self.runner.close()

    # reports

    def _new_name(self) -> str:
        self.count += 1
        return f"r{self.count}"

    def _announce(
        self, name: str, number: int, words: frozenset[str], cause: Cause, blind: frozenset[str]
    ) -> None:
        self.do(self.world.announce(name, number, words, cause, blind=blind))
        self.oracle.announce(name, number, words, blind=blind)
        self.effective[name] = number

    @rule(words=WORDS, blind=st.sets(QUERIES, max_size=1).map(frozenset))
    def new_report(self, words: frozenset[str], blind: frozenset[str]) -> None:
        """A report appears and is announced; the matcher may overlook a query."""
        name = self._new_name()
        self.stored[name] = (1, words)
        self.do(self.world.store_report(name, 1, words))
        self._announce(name, 1, words, Cause.NEW, blind)

    @rule(words=WORDS)
    def held_report(self, words: frozenset[str]) -> None:
        """A report appears and is held."""
        name = self._new_name()
        self.stored[name] = (1, words)
        self.do(self.world.store_report(name, 1, words))

    @precondition(lambda self: set(self.stored) - set(self.effective))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """A held report is released."""
        name = data.draw(st.sampled_from(sorted(set(self.stored) - set(self.effective))))
        self._announce(name, *self.stored[name], Cause.RELEASED, frozenset())

    @precondition(lambda self: self.effective)
    @rule(data=st.data(), words=WORDS)
    def revise(self, data: st.DataObject, words: frozenset[str]) -> None:
        """An announced report gets a revision that is announced."""
        name = data.draw(st.sampled_from(sorted(self.effective)))
        number = self.effective[name] + 1
        self.stored[name] = (number, words)
        self.do(self.world.store_report(name, number, words))
        self._announce(name, number, words, Cause.REVISED, frozenset())

    @precondition(lambda self: self.effective)
    @rule(data=st.data())
    def late(self, data: st.DataObject) -> None:
        """Matches overlooked before are found now."""
        name = data.draw(st.sampled_from(sorted(self.effective)))
        number = self.effective[name]
        words = self.oracle.words[name, number]
        self.do(self.world.announce(name, number, words, Cause.LATE))
        self.oracle.late(name, number)

    @precondition(lambda self: self.effective)
    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        """A report is retracted, for good: no later revision or late match brings it back."""
        name = data.draw(st.sampled_from(sorted(self.effective)))
        self.do(self.world.retract(name, state=ReportState.RETRACTED))
        self.oracle.retracted.add(name)

    # readers

    def _asking(self, reader: str) -> list[str]:
        return [
            root for root, each in self.oracle.asking.items() if each.reader == reader and not each.dropped
        ]

    def _holds(self, reader: str) -> set[str]:
        return {self.oracle.asking[root].query for root in self._asking(reader) if root not in self.on_topic}

    @rule(reader=READER, query=QUERIES, schedule=SCHEDULE)
    def ask(self, reader: str, query: str, schedule: str) -> None:
        """Someone signs up, or a reader adds a query they do not have."""
        if query not in self._holds(reader):
            self._ask(reader, query, schedule)

    def _ask(self, reader: str, query: str, schedule: str) -> None:
        self.count += 1
        root = f"s{self.count}"
        if self.states.get(reader) in {"active", "paused"}:
            self.do(self.world.add(reader, root, query, schedule, topic=False))
        else:
            self.do(self.world.sign_up(reader, root, query, schedule))
            self.states[reader] = "active"
        self.oracle.asking[root] = Asking(reader, query, schedule)

    def _without_topic(self) -> list[str]:
        return [
            reader
            for reader, state in self.states.items()
            if state in {"active", "paused"} and not self.on_topic & set(self._asking(reader))
        ]

    @precondition(_without_topic)
    @rule(schedule=SCHEDULE, data=st.data())
    def ask_topic(self, schedule: str, data: st.DataObject) -> None:
        """A reader adds the topic."""
        self._ask_topic(data.draw(st.sampled_from(self._without_topic())), schedule)

    def _ask_topic(self, reader: str, schedule: str) -> None:
        self.count += 1
        root = f"s{self.count}"
        self.do(self.world.add(reader, root, self.topic, schedule, topic=True))
        self.oracle.asking[root] = Asking(reader, self.topic, schedule)
        self.on_topic.add(root)

    @rule(query=QUERIES)
    def edit_topic(self, query: str) -> None:
        """The topic gets another query."""
        self._edit_topic(query)

    def _edit_topic(self, query: str) -> None:
        self.topic = query
        self.do(self.world.edit_topic(query))
        for root in self.on_topic:
            self.oracle.asking[root].query = query

    @rule(only_topic=st.booleans())
    def topic_exchanged_then_report(self, only_topic: bool) -> None:
        """The topic changes from one word to the other; then a report has the old one, which nobody may be told of by it."""
        old = self.topic if self.topic in NARROW else "alpha"
        self._edit_topic(old)
        self._edit_topic("beta" if old == "alpha" else "alpha")
        if only_topic:
            for root in [root for root in self._asking("u0") if root not in self.on_topic]:
                self._drop("u0", root)
        self.new_report(frozenset({old}), frozenset())

    @precondition(lambda self: any(map(self._asking, READERS)))
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """A reader drops a query."""
        reader = data.draw(st.sampled_from([each for each in READERS if self._asking(each)]))
        self._drop(reader, data.draw(st.sampled_from(self._asking(reader))))

    def _drop(self, reader: str, root: str) -> None:
        self.do(self.world.drop(reader, root))
        self.oracle.asking[root].dropped = True

    @precondition(lambda self: any(map(self._asking, READERS)))
    @rule(schedule=SCHEDULE, everything=st.booleans(), data=st.data())
    def move(self, schedule: str, everything: bool, data: st.DataObject) -> None:
        """A reader moves a query, or all, to another schedule."""
        reader = data.draw(st.sampled_from([each for each in READERS if self._asking(each)]))
        roots = self._asking(reader)
        chosen = roots if everything else [data.draw(st.sampled_from(roots))]
        self.do(self.world.move(reader, None if everything else chosen, schedule))
        for root in chosen:
            self.oracle.asking[root].schedule = schedule

    def _who_is(self, state: str) -> list[str]:
        return [reader for reader, known in self.states.items() if known == state]

    @precondition(lambda self: self._who_is("active"))
    @rule(data=st.data())
    def pause(self, data: st.DataObject) -> None:
        """A reader pauses."""
        reader = data.draw(st.sampled_from(self._who_is("active")))
        self.do(self.world.pause(reader))
        self.states[reader] = "paused"
        self._touch(reader)

    @precondition(lambda self: self._who_is("paused"))
    @rule(skip=st.booleans(), data=st.data())
    def resume(self, skip: bool, data: st.DataObject) -> None:
        """A reader resumes, skipping what waits or not."""
        self._resume(data.draw(st.sampled_from(self._who_is("paused"))), skip=skip)

    def _resume(self, reader: str, *, skip: bool) -> None:
        if skip:
            for schedule in SCHEDULES:
                waiting = self.oracle.due(reader, schedule, upto=self.oracle.moment)
                self.oracle.told.setdefault(reader, set()).update(waiting)
        self.do(self.world.resume(reader, skip=skip))
        self.states[reader] = "active"
        self._touch(reader)

    @rule(reader=READER)
    def leave(self, reader: str) -> None:
        """A reader leaves."""
        if self.states.get(reader) in {"active", "paused"}:
            self.do(self.world.leave(reader))
            self.states[reader] = "ended"
            for root in self._asking(reader):
                self.oracle.asking[root].dropped = True

    def _touch(self, reader: str) -> None:
        for _, _, untouched in self.open_editions.values():
            untouched.discard(reader)

    # editions

    @rule(until=SCHEDULE)
    def open(self, until: str) -> None:
        """Time passes until a schedule is due, and editions open; they need not be worked through at once."""
        self._open(until)

    def _open(self, until: str) -> None:
        for edition_id, schedule in self.do(self.world.open(until=until)):
            untouched = {reader for reader, state in self.states.items() if state == "active"}
            self.open_editions[edition_id] = (schedule, self.oracle.moment, untouched)

    @precondition(lambda self: self.open_editions)
    @rule()
    def one_chunk(self) -> None:
        """The oldest open edition does one chunk."""
        edition_id = min(self.open_editions)
        self.do(self.world.editions.step(edition_id, self.world.now))
        self._check_digests(edition_id)

    @precondition(lambda self: self.open_editions)
    @rule()
    def finish(self) -> None:
        """Everything open is worked through."""
        self._finish_all()

    @rule(until=SCHEDULE)
    def goes_out(self, until: str) -> None:
        """Time passes until a schedule is due, and all that is open is worked through."""
        self._open(until)
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
        schedule, moment, _ = self.open_editions[edition_id]
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

    @precondition(lambda self: self.standing)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        """A digest that did not leave is withdrawn: what it told is told no more."""
        number = data.draw(st.sampled_from(sorted(self.standing)))
        sent = self.standing.pop(number)
        assert self.do(self.world.withdraw(number))
        self.oracle.told[sent.reader] -= sent.told
        self._touch(sent.reader)

    @invariant()
    def no_alarm(self) -> None:
        """The balance of every edition held."""
        assert self.world.alarm.rung == []

    @initialize(words=WORDS, where=st.lists(SCHEDULE, min_size=4, max_size=4))
    def readers_who_ask(self, words: frozenset[str], where: list[str]) -> None:
        """There is a report from before anyone asked, and two readers, one with queries apart and the topic."""
        self.new_report(words, frozenset())
        self._ask("u0", "alpha", where[0])
        self._ask("u0", "beta", where[1])
        self._ask_topic("u0", where[2])
        self._ask("u1", "*", where[3])
