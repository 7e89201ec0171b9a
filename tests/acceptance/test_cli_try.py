"""`alertd try`: which reports of a feed each query matches, on a file and on a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cli import alertd

FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Reports</title><link>https://example.org/</link>
<item><guid isPermaLink="false">r-178</guid><title>Urban-Rural Integration in Zhejiang</title>
<link>/reports/178</link><description>By Xiao Junyan, Research Department of Rural Economy

Research Report No 178, 2015 (Total NO 4863) 2015-11-23

Abstract: Farmland and pensions of rural residents.

Key words: urban-rural integration, farmland</description></item>
<item><guid isPermaLink="false">r-179</guid><title>城鄉一體化與養老金</title><description>摘要：農村養老金。</description></item>
<item><title>Steel &amp;#27;[2J prices</title><link>https://example.org/180</link><description>Steel only.</description></item>
</channel></rss>
"""


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """The feed as a file."""
    path = tmp_path / "reports.xml"
    path.write_text(FEED, encoding="utf-8")
    return path


@pytest.fixture
def served() -> Iterator[str]:
    """The feed on a real server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = FEED.encode()
            self.send_response(200 if self.path == "/reports.xml" else 404)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _try(*arguments: str | Path, cwd: Path) -> list[dict[str, Any]]:
    ended = alertd("try", *arguments, "--json", cwd=cwd)
    assert ended.returncode == 0, ended.stderr
    answers: list[dict[str, Any]] = json.loads(ended.stdout)
    return answers


def _guids(answers: list[dict[str, Any]]) -> list[list[str]]:
    return [[report["guid"] for report in answer["reports"]] for answer in answers]


def test_queries_in_their_order(feed: Path, tmp_path: Path) -> None:
    """One answer a query, in order; a bad one among them has an error and stops nothing."""
    (tmp_path / "more.txt").write_text("养老金\n\nsteel\n", encoding="utf-8")
    answers = _try("rural pensions", "(rural", 'department:"Rural Economy"', "*", "--queries", "more.txt", "--feed", feed, cwd=tmp_path)  # fmt: skip
    assert [answer["query"] for answer in answers] == [
        "rural pensions", "(rural", 'department:"Rural Economy"', "*", "养老金", "steel",
    ]  # fmt: skip
    assert _guids(answers) == [
        ["r-178"], [], ["r-178"], ["r-178", "r-179", "https://example.org/180"], ["r-179"], ["https://example.org/180"],
    ]  # fmt: skip
    assert [bool(answer["error"]) for answer in answers] == [False, True, False, False, False, False]
    assert answers[1]["canonical"] is None
    assert "column 1" in answers[1]["error"]
    assert answers[0]["canonical"] == _try("PENSION  rural", "--feed", feed, cwd=tmp_path)[0]["canonical"]


def test_which_words_matched_where(feed: Path, tmp_path: Path) -> None:
    """Each report carries its fields and the words that were found in them."""
    (answer,) = _try("zhejiang farmland", "--feed", feed, cwd=tmp_path)
    (report,) = answer["reports"]
    assert (report["number"], report["year"], report["total_number"]) == ("178", 2015, "4863")
    assert (report["dated"], report["authors"]) == ("2015-11-23", ["Xiao Junyan"])
    assert {(hit["field"], hit["text"]) for hit in report["found"]} == {
        ("title", "Zhejiang"), ("abstract", "Farmland"), ("keyword", "farmland"),
    }  # fmt: skip


def test_a_feed_on_a_server(served: str, tmp_path: Path) -> None:
    """A URL is fetched, relative links are made absolute, and what the server refuses is told."""
    (answer,) = _try("zhejiang", "--feed", f"{served}/reports.xml", cwd=tmp_path)
    assert [report["url"] for report in answer["reports"]] == [f"{served}/reports/178"]
    ended = alertd("try", "x", "--feed", f"{served}/nothing.xml", cwd=tmp_path)
    assert ended.returncode == 1
    assert "404" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_read_as_a_configured_catalogue(served: str, feed: Path, tmp_path: Path) -> None:
    """With --catalogue the feed, the labels and the name are those of config/catalogues.toml."""
    alertd("init", ".", cwd=tmp_path)
    (tmp_path / "config" / "catalogues.toml").write_text(
        f'[catalogue.drc]\ntitle = "DRC"\nfeed = "{served}/reports.xml"\nallow_private = true\n'
    )
    (answer,) = _try("catalogue:drc zhejiang", "--catalogue", "drc", cwd=tmp_path)
    assert [report["guid"] for report in answer["reports"]] == ["r-178"]
    ended = alertd("try", "x", "--feed", "drc", cwd=tmp_path)
    assert (ended.returncode, "--catalogue drc" in ended.stderr) == (2, True)
    ended = alertd("try", "x", "--catalogue", "dcr", "--feed", feed, cwd=tmp_path)
    assert ended.returncode == 1
    assert "it has: drc" in ended.stderr


def test_for_people(feed: Path, tmp_path: Path) -> None:
    """Without --json: the reading of each query, how many it finds, and the words in their place, nothing hidden."""
    ended = alertd("try", "prices", "(", "--feed", feed, cwd=tmp_path)
    assert ended.returncode == 0
    assert "matches 1 of 3 reports" in ended.stdout
    assert "cannot be read: column 1" in ended.stdout
    assert "\x1b" not in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--feed", "reports.xml"], 2, "Give a query"),
        (["x"], 2, "Say which feed"),
        (["x", "--feed", "missing.xml"], 1, "missing.xml: No such file"),
        (["x", "--feed", "latin.txt"], 1, "not a feed"),
        (["--queries", "latin.txt", "--feed", "reports.xml"], 2, "not UTF-8"),
        (["(", "--feed", "reports.xml"], 2, ""),
    ],
)
def test_what_cannot_be_tried(arguments: list[str], code: int, told: str, feed: Path, tmp_path: Path) -> None:
    """Each missing or unusable thing is told in one message; with no readable query at all the exit is 2."""
    (feed.parent / "latin.txt").write_bytes("Zürich\n".encode("latin-1"))
    ended = alertd("try", *arguments, cwd=tmp_path)
    assert ended.returncode == code
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
