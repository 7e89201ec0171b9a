"""What verbs print: never a stranger's escape sequence, always JSON on request."""

from __future__ import annotations

import errno
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.cli import shell
from alertd.cli.output import emit, plain, print_json, show
from alertd.errors import RelayTemporaryError
from alertd.mail.wording import many

ROWS = [
    {
        "title": "Pensions in Zhejiang 浙江",
        "sent": True,
        "at": datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
        "by": None,
    },
    {"title": "\x1b[2J\u202egpj.exe", "sent": False, "at": date(2026, 1, 2), "by": ["a", "b"]},
]


@given(st.text())
def test_nothing_moves_the_cursor(text: str) -> None:
    """Whatever a feed or a mail holds, what reaches the terminal is printable and one line."""
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    assert not any(char < " " or "\x7f" <= char < "\xa0" or char in "\u202e\u2066\u200f" for char in shown)


def test_plain_text_stays() -> None:
    """Text of any script is left as it is."""
    assert plain("城乡一体化 – naïve “quotes”") == "城乡一体化 – naïve “quotes”"
    assert plain("a\nb\tc", lines=True) == "a\nb\tc"


def test_a_pipe_gets_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Off a terminal: a header, then a tab-separated line a row."""
    emit(ROWS, json=False)
    assert capsys.readouterr().out.splitlines() == [
        "title\tsent\tat\tby",
        "Pensions in Zhejiang 浙江\tyes\t2026-11-24 08:00+00:00\t",
        "\\x1b[2J\\u202egpj.exe\tno\t2026-01-02\ta, b",
    ]


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON: a list of objects, instants in ISO form, an empty list when there is nothing."""
    emit(ROWS, json=True)
    told = json.loads(capsys.readouterr().out)
    assert [row["title"] for row in told] == [row["title"] for row in ROWS]
    assert told[0]["at"] == "2026-11-24T08:00:00+00:00"
    emit([], json=True)
    assert json.loads(capsys.readouterr().out) == []
    emit([], json=False, empty="no subscribers yet")
    assert capsys.readouterr().out == "no subscribers yet\n"


def test_one_thing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A record is shown as keys and values, its lists below their key."""
    show({"address": "reader@example.org", "queries": ["rural", "farmland"], "paused": None}, json=False)
    assert capsys.readouterr().out == "address: reader@example.org\nqueries:\n  rural\n  farmland\npaused:\n"
    show({"address": "reader@example.org"}, json=True)
    assert json.loads(capsys.readouterr().out) == {"address": "reader@example.org"}


def test_only_json_values_are_json() -> None:
    """A value without a JSON form is a fault of ours and no guess."""
    with pytest.raises(TypeError, match="object has no JSON form"):
        print_json(object())


@pytest.mark.parametrize(
    ("number", "told"), [(errno.EACCES, "writable"), (errno.EROFS, "writable"), (errno.ENOENT, "")]
)
def test_a_folder_that_may_not_be_written(
    number: int, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a file system refuses comes with what to do about it; other endings have no such hint."""

    def refuse(_arguments: list[str]) -> None:
        raise OSError(number, "refused", "var/alertd.db")

    monkeypatch.setattr(shell, "_invoke", refuse)
    assert shell.run(["poll"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("alertd: var/alertd.db: refused")
    assert ("writable" in said) is bool(told)


def test_a_relay_error_has_no_gaps() -> None:
    """Stage and text stand together when there was no reply."""
    assert str(RelayTemporaryError("Error connecting", stage="connect")) == "connect: Error connecting"
    assert (
        str(RelayTemporaryError("Later", stage="rcpt", code=450, enhanced="4.2.0")) == "rcpt: 450 4.2.0 Later"
    )


def test_counted_nouns() -> None:
    """One is singular."""
    assert (many(1, "reader"), many(2, "reader"), many(0, "query", "queries")) == (
        "1 reader",
        "2 readers",
        "0 queries",
    )
