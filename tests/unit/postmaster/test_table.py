"""The table of mails and expected decisions, none of them in quarantine."""

from __future__ import annotations

import pytest

from tests.unit.postmaster.making import decided, does, said
from tests.unit.postmaster.table import CASES, Case


def test_the_table_is_long_enough() -> None:
    """There are at least 150 mails, each under its own name."""
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:70])
def test_decision(case: Case) -> None:
    """Each mail of the table is decided as written there."""
    decision = decided(case.raw, who=case.who, to=case.to, sender=case.sender)
    assert decision.kind.value == case.kind, decision
    assert does(decision) == case.does, decision
    assert decision.answered is case.answered, decision
    if case.said is not None:
        assert said(decision) == case.said
    if case.reason is not None:
        assert decision.reason == case.reason
