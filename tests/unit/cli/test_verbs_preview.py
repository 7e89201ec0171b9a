"""`alertd preview`: the digest as it would be sent, which nobody gets."""

from __future__ import annotations

from datetime import date, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.clock import SystemClock
from alertd.errors import TokenError
from alertd.mail.keys import KeyRing
from alertd.mail.tokens import verify_leave, verify_message_id
from alertd.model import ReportFields, ReportState
from alertd.store import catalogues, reports, tables
from tests.unit.cli.folders import Folder

READER = "reader@example.org"
TITLES = {
    "1": "Rural pensions in Zhejiang",
    "2": "浙江农村养老金",
    "3": "Steel",
    "4": "Pensions <b>everywhere</b>",
    "5": "An old rural report",
}


async def _fill(connection: AsyncConnection) -> None:
    """Reports of several states; the last one came 40 days ago."""
    now = SystemClock().now()
    await catalogues.sync(connection, {"drc": "https://example.org/feed"}, now)
    (drc,) = await catalogues.all_rows(connection)
    states = [
        ReportState.ANNOUNCED,
        ReportState.BASELINE,
        ReportState.ANNOUNCED,
        ReportState.HELD,
        ReportState.BASELINE,
    ]
    for (identity, title), state in zip(TITLES.items(), states, strict=True):
        at = now - timedelta(days=40 if identity == "5" else 3)
        fields = ReportFields(
            title=title, abstract="Some text.", dated=date(2026, 1, int(identity)), url="https://x.example/"
        )
        await reports.add(connection, drc.id, [reports.NewRow(identity, state, "", "h", fields)], at)


@pytest.fixture
def filled(folder: Folder) -> Folder:
    """A folder with reports and a reader of two queries."""
    folder.write(
        "config/catalogues.toml",
        '[catalogue.drc]\ntitle = "Our reports"\nfeed = "https://example.org/feed"\n',
    )
    folder.store(_fill)
    folder.run(
        "subscriber",
        "add",
        READER,
        "rural",
        "--label",
        "the country",
        "--schedule",
        "weekly on friday at 07:00",
    )
    folder.run("subscriber", "add", READER, "pension")
    return folder


def _rows(folder: Folder) -> list[int]:
    async def count(connection: AsyncConnection) -> list[int]:
        counted = (tables.delivery, tables.digest, tables.told, tables.content, tables.edition)
        return [
            (await connection.execute(select(func.count()).select_from(each))).scalar_one()
            for each in counted
        ]

    return folder.store(count)


def test_the_digest_as_it_would_be_sent(filled: Folder, tmp_path: Path) -> None:
    """Each report once, newest first, with every query that found it; as .eml, .html and .txt that agree."""
    before = _rows(filled)
    told = filled.run("preview", READER, "--out", str(tmp_path / "out"), "--json")
    assert (told.code, told.err) == (0, "")
    assert told.json["looked_at"] == 4
    assert told.json["queries"] == [{"label": "the country", "found": 1}, {"label": "pension", "found": 2}]
    assert [(each["title"], each["found_by"]) for each in told.json["reports"]] == [
        (TITLES["4"], ["pension"]), (TITLES["1"], ["the country", "pension"]),
    ]  # fmt: skip
    assert sorted(told.json["files"]) == [
        str(tmp_path / "out" / f"digest.{kind}") for kind in ("eml", "html", "txt")
    ]
    mail = message_from_bytes((tmp_path / "out" / "digest.eml").read_bytes(), policy=policy.default)
    assert mail["To"] == READER
    assert mail["Subject"] == told.json["subject"]
    text = (tmp_path / "out" / "digest.txt").read_text()
    assert text.index(TITLES["4"]) < text.index(TITLES["1"])
    assert "Our reports" in text
    assert TITLES["3"] not in text
    page = (tmp_path / "out" / "digest.html").read_text()
    assert "Pensions &lt;b&gt;everywhere&lt;/b&gt;" in page
    assert _rows(filled) == before  # nothing of it is in the store


def test_its_links_do_nothing(filled: Folder, tmp_path: Path) -> None:
    """The preview's leave address and Message-ID prove nothing to the service."""
    filled.run("preview", READER, "--out", str(tmp_path))
    mail = message_from_bytes((tmp_path / "digest.eml").read_bytes(), policy=policy.default)
    keys = KeyRing.load(filled.path / "alertd.key")
    token = mail["List-Unsubscribe"].partition("+leave-")[2].partition("@")[0]
    assert len(token) > 16
    with pytest.raises(TokenError):
        verify_leave(token, keys)
    with pytest.raises(TokenError):
        verify_message_id(mail["Message-ID"], keys)


def test_on_the_terminal(filled: Folder) -> None:
    """Without --out the text is printed, with how many reports each query found."""
    told = filled.run("preview", READER, "--since", "7d")
    assert told.out.startswith("A preview: ")
    assert "before they asked" in told.out
    assert "\nSubject: " in told.out
    assert "\\r" not in told.out
    assert "\r" not in told.out
    assert TITLES["1"] in told.out
    assert "2 of 4 reports of the last 7d:" in told.out


def test_how_far_back(filled: Folder) -> None:
    """--since decides which reports are looked at; a length that cannot be read is told."""
    longer = filled.run("preview", READER, "--since", "60d", "--json").json
    assert TITLES["5"] in [each["title"] for each in longer["reports"]]
    shorter = filled.run("preview", READER, "--since", "1d")
    assert shorter.code == 0
    assert "no digest would be sent" in shorter.out
    wrong = filled.run("preview", READER, "--since", "soon")
    assert (wrong.code, "15m, 12h or 30d" in wrong.err) == (2, True)


def test_nothing_asked_for(filled: Folder) -> None:
    """Who has left has no digest to show, and a stranger is no subscriber."""
    filled.run("subscriber", "end", READER)
    ended = filled.run("preview", READER)
    assert (ended.code, "asks for nothing (ended)" in ended.err) == (3, True)
    assert filled.run("preview", "nobody@example.org").code == 1


def test_templates_of_the_operator(filled: Folder) -> None:
    """The preview is rendered with the operator's templates, as the next digest will be."""
    (filled.path / "templates" / "mail").mkdir(parents=True)
    filled.write(
        "templates/mail/digest.txt", "Only {{ reports | length }} here, leave: {{ leave.address }}\n"
    )
    filled.settings('[paths]\ntemplates = "templates"\n')
    assert "Only 2 here" in filled.run("preview", READER).out
