"""Whole mails, byte for byte: one of each kind, language and format under tests/data/golden.

After a meant change write them anew with `ALERTD_GOLDEN=write .venv/bin/pytest tests/unit/digest/test_render_golden.py`
and read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alertd.digest.render import render_delivery
from alertd.model import MailKind
from tests.unit.mail.orders import RING, order

FOLDER = Path(__file__).parents[2] / "data" / "golden"
CASES = [
    (kind, language, format_)
    for kind in MailKind
    for language in ("en", "zh")
    for format_ in ("html", "text")
]


@pytest.mark.parametrize(("kind", "language", "format_"), CASES)
def test_golden_mail(kind: MailKind, language: str, format_: str) -> None:
    """The mail is the one that was read and approved."""
    path = FOLDER / f"{kind}.{language}.{format_}.eml"
    data = render_delivery(order(kind, language, format_), RING).data
    if os.environ.get("ALERTD_GOLDEN") == "write":
        path.write_bytes(data)
    assert data == path.read_bytes()


def test_no_golden_mail_is_left_over() -> None:
    """Every file there belongs to a case."""
    expected = {f"{kind}.{language}.{format_}.eml" for kind, language, format_ in CASES}
    assert {path.name for path in FOLDER.glob("*.eml")} == expected
