"""Feeds of all dialects and encodings through the real worker process, and what it does with hostile ones."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from alertd.catalogue import parse as parsing
from alertd.catalogue.entry import MAX_ENTRIES, MAX_FIELD, Entry
from alertd.catalogue.parse import parse
from alertd.clock import real_monotonic, real_sleep, real_wait
from alertd.errors import ParseError
from tests.unit.catalogue.feeds import URL, item, rss, stored

ROOT = Path(__file__).parents[3]


async def test_rss_20() -> None:
    """Dublin Core, prism, content, markup in titles, guids that are links and that are none, bad links, no dates."""
    parsed = await parse(stored("rss20.xml"), url=URL)
    first, second, third, fourth, fifth = parsed.entries
    assert (parsed.version, parsed.whole, parsed.left_out) == ("rss20", True, 0)
    assert first == Entry(
        guid="drc-2026-41",
        link="https://reports.example/2026/41?utm_source=rss&id=41",
        title="Water & Land: what a < b means",
        summary="Short text.",
        content="First paragraph with bold words.\n\nSecond\nline © 2026evil",
        authors=("Li Wei", "Wang Fang"),
        categories=("water", "land use"),
        number="41",
        volume="2026",
        published="Mon, 23 Nov 2026 00:30:00 +0800",
        published_utc="2026-11-22T16:30:00+00:00",
        language="en-gb",
    )
    assert (second.guid, second.link, second.authors, second.published_utc) == ("42", "", ("Zhao Lei",), "")
    assert (third.guid, third.link, third.title) == ("", "", "Neither guid nor link")
    assert (fourth.guid, fourth.link) == ("bad", "")
    assert (fifth.guid, fifth.link) == ("https://reports.example/44", "https://reports.example/44")


async def test_atom() -> None:
    """xml:base, typed texts, offsets, labels of categories; what is plain text stays plain text."""
    parsed = await parse(stored("atom.xml"), url=URL)
    first, second = parsed.entries
    assert (parsed.version, parsed.whole) == ("atom10", True)
    assert first.link == "https://reports.example/base/deeper/one.html"
    assert (first.title, first.summary, first.content) == (
        "A fine title",
        "Plain <not a tag> text",
        "One\n\nTwo",
    )
    assert (first.authors, first.categories, first.language) == (("Xiao Junyan",), ("Rural economy",), "en")
    assert first.published == "2026-11-22T23:30:00-05:00"
    assert (second.title, second.link) == ("Text with <b>angle</b> brackets", "https://reports.example/two")


async def test_rdf() -> None:
    """RDF's about is the guid; dc:creator, dc:subject and dc:date are read."""
    (entry,) = (await parse(stored("rdf.xml"), url=URL)).entries
    assert (entry.guid, entry.title, entry.authors) == (
        "https://reports.example/rdf/1",
        "In RDF",
        ("Xiao Junyan",),
    )
    assert (entry.categories, entry.updated[:10], entry.summary) == (
        ("rural",),
        "2026-11-20",
        "About fields.",
    )


async def test_rss_091() -> None:
    """A document type is dropped and HTML's entities understood; relative links meet the feed's URL."""
    parsed = await parse(stored("rss091.xml"), url=URL)
    first, second = parsed.entries
    assert parsed.whole
    assert (first.title, first.link, first.guid) == (
        "Pension reform études",
        "https://reports.example/r/1.html",
        "",
    )
    assert (first.summary, second.summary) == ("Pay-as-you-go pensions.", "")


async def test_broken_xml() -> None:
    """Warnings before it, bare ampersands, open tags, undeclared prefixes, a missing end: what is there is read."""
    parsed = await parse(stored("broken.xml"), url=URL)
    assert not parsed.whole
    assert [entry.guid for entry in parsed.entries] == ["b1", "b2", "b3"]
    assert parsed.entries[0].title.startswith("Unescaped & ampersand bold")
    assert parsed.entries[1].summary == "Text two"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb2312", "gb18030", "big5", "utf-8-sig"])
@pytest.mark.parametrize("declared", [True, False])
async def test_encodings(encoding: str, declared: bool) -> None:
    """Chinese feeds arrive in any encoding, declared or not, whatever the server calls them."""
    title = "農村在經濟的報告" if encoding == "big5" else "农村在经济的报告"
    declaration = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>' if declared else ""
    body = rss(item("g1", title), declaration=declaration).encode(encoding)
    for content_type in ("", "text/xml", "application/rss+xml; charset=iso-8859-1"):
        parsed = await parse(body, url=URL, content_type=content_type)
        assert [entry.title for entry in parsed.entries] == [title]


async def test_empty_feed_is_a_feed() -> None:
    """A feed without entries is no error."""
    parsed = await parse(rss().encode(), url=URL)
    assert (parsed.entries, parsed.version, parsed.whole) == ((), "rss20", True)


@pytest.mark.parametrize(
    "body", [b"", b"<html><body>Moved</body></html>", b"\x00\x01\x02", b"{}", b"/etc/passwd"]
)
async def test_what_is_no_feed(body: bytes) -> None:
    """Neither an error page nor the name of a file is a feed."""
    with pytest.raises(ParseError, match="not a feed"):
        await parse(body, url=URL)


async def test_a_file_named_by_the_feed_is_not_opened(tmp_path: Path) -> None:
    """The library opens bytes that name a file; the worker never gives it such bytes."""
    secret = tmp_path / "secret.xml"
    secret.write_text(rss(item("g1", "Secret")))
    with pytest.raises(ParseError):
        await parse(str(secret).encode(), url=URL)


def _bomb() -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]>{rss(item("g1", "T"))}'.replace(
        "T<", "&l9;<"
    ).encode()


@pytest.mark.parametrize(
    "body",
    [
        _bomb(),
        (
            b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><item>'
            b"<guid>g1</guid><title>&x;</title></item></channel></rss>"
        ),
    ],
    ids=["billion-laughs", "external"],
)
async def test_entity_bombs(body: bytes) -> None:
    """Entities that a document declares are never expanded."""
    start = real_monotonic()
    parsed = await parse(body, url=URL)
    assert [entry.guid for entry in parsed.entries] == ["g1"]
    assert len(parsed.entries[0].title) < 20
    assert "root:" not in parsed.entries[0].title
    assert real_monotonic() - start < 5


@pytest.mark.parametrize(
    "body",
    [
        rss(item("g1", "T", description="<!-- " * 40_000)),
        rss(item("g1", "T", more=f"<author>{'a' * 16_000}</author>")),
        rss(item("g1", "T", more=f"<category>{'a' * 100_000}</category>" * 20)),
        rss(item("g1", "T", description="<a " * 66_000)),
        rss(item("g1", "&#" + "9" * 20_000 + ";", description="&#" + "9" * 20_000 + ";")),
        rss(item("g1", "T", more="<x>" * 20_000)),
        rss(item("g1", "T", link="http://" + "[" * 10_000)),
        rss(item("g1", "T", date="9" * 10_000)),
        rss(item("g1", "T" + "&amp;" * 50_000)),
    ],
    ids=["comments", "author", "categories", "tags", "references", "depth", "link", "date", "ampersands"],
)
async def test_hostile_entries_take_bounded_time(body: str) -> None:
    """Inputs on which feedparser or html.parser are quadratic are read within seconds, or given up by the limits."""
    start = real_monotonic()
    parsed = await parse(body.encode(), url=URL)
    assert [entry.guid for entry in parsed.entries] == ["g1"]
    assert real_monotonic() - start < 10


async def test_an_element_that_feedparser_trips_over_costs_only_itself() -> None:
    """Where feedparser raises (#599), the entries around are read all the same."""
    body = rss(
        item("g1", "One"),
        item("g2", "Two", more="<link/><title/><image><width>x</width></image>&#xFFFFFFFFF;"),
        item("g3", "Three"),
    )
    parsed = await parse(body.encode(), url=URL)
    assert [entry.guid for entry in parsed.entries] == ["g1", "g2", "g3"]


async def test_caps() -> None:
    """So many entries are read and the rest is counted; a long field is cut."""
    body = rss(
        item("long", "T", description="é" * MAX_FIELD),
        *(item(f"g{n}", f"T{n}") for n in range(MAX_ENTRIES + 9)),
    )
    parsed = await parse(body.encode(), url=URL)
    assert (len(parsed.entries), parsed.left_out) == (MAX_ENTRIES, 10)
    assert parsed.entries[0].guid == "long"
    assert len(parsed.entries[0].summary.encode()) <= MAX_FIELD


async def test_large_feed_fits_the_workers_memory() -> None:
    """20 MB of 5,000 entries, the most that is fetched, are parsed within the limits."""
    text = "城乡一体化 and more words. " * 121
    body = rss(*(item(f"g{n}", f"Title {n}", description=text) for n in range(5_000))).encode()
    assert 19_000_000 < len(body) < 21_000_000
    parsed = await parse(body, url=URL)
    assert len(parsed.entries) == 5_000


async def test_millions_of_entries_are_refused() -> None:
    """A document of nothing but entries is given up at once."""
    with pytest.raises(ParseError, match="more than 20,000 entries"):
        await parse(b'<rss version="2.0"><channel>' + b"<item/>" * 2_800_000, url=URL)


def test_limits() -> None:
    """A confined worker gets no more memory and processor time than it may have, and writes no core."""
    code = (
        "import os, resource, sys; sys.path.append(sys.argv[1]); from alertd.catalogue.worker import confine\n"
        "confine(parent=os.getppid())\n"
        "print(resource.getrlimit(resource.RLIMIT_CPU)[0], resource.getrlimit(resource.RLIMIT_CORE)[0])\n"
        "try: bytearray(2**31)\n"
        "except MemoryError: print('no memory')\n"
    )
    command = [sys.executable, "-I", "-c", code, str(ROOT)]
    assert subprocess.run(command, check=True, capture_output=True).stdout.split() == [
        b"20",
        b"0",
        b"no",
        b"memory",
    ]


async def test_deadline_kills_the_worker() -> None:
    """A parse that takes too long is stopped, and no process is left."""
    body = rss(*(item(f"g{n}", "T") for n in range(5_000)))
    with pytest.raises(ParseError, match="took more than"):
        await parse(body.encode(), url=URL, deadline=0.05)
    assert _children() == []


async def test_cancelling_kills_the_worker() -> None:
    """A poll that is cancelled leaves no process."""
    body = rss(*(item(f"g{n}", "T") for n in range(5_000)))
    task = asyncio.ensure_future(parse(body.encode(), url=URL))
    while not _children():
        await real_sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _children() == []


def _children() -> list[str]:
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in listed if parsing._BOOT.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_worker_dies_with_its_parent() -> None:
    """When the daemon is killed in the middle of a parse, its worker goes too."""
    script = (
        "import subprocess, sys, json, os, time\n"
        "worker = subprocess.Popen([sys.executable, '-I', '-c', sys.argv[1], sys.argv[2]], stdin=subprocess.PIPE)\n"
        "header = {'url': '', 'content_type': '', 'language': '', 'size': 10**6, 'parent': os.getpid()}\n"
        "worker.stdin.write(json.dumps(header).encode() + b'\\n'); worker.stdin.flush()\n"
        "print(worker.pid, flush=True); time.sleep(60)\n"
    )
    # another process holds the pipe's writing end, so that the end of input is not what ends the worker
    parent = subprocess.Popen(
        [sys.executable, "-c", script, parsing._BOOT, str(ROOT)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    holder = os.open(f"/proc/{parent.pid}/fd/{_pipe_to(parent.pid)}", os.O_WRONLY)
    try:
        real_wait(1)  # until it has read its header and confined itself
        assert Path(f"/proc/{worker}").exists()
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
        deadline = real_monotonic() + 5
        while _alive(worker) and real_monotonic() < deadline:
            real_wait(0.05)
        assert not _alive(worker)
    finally:
        os.close(holder)


def _pipe_to(pid: int) -> int:
    """The highest descriptor that is a pipe: the one to its worker."""
    folder = Path(f"/proc/{pid}/fd")
    return max(int(each.name) for each in folder.iterdir() if str(each.readlink()).startswith("pipe:"))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def test_the_worker_is_light() -> None:
    """It imports feedparser, the standard library and its clean-up; starting it loads no database and no HTTP client."""
    code = (
        "import sys; sys.path.append(sys.argv[1]); import alertd.catalogue.worker;"
        "print(*sorted(m for m in sys.modules if m.startswith('alertd')))"
        ";print(*sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(ROOT)], check=True, capture_output=True, text=True, cwd="/"
    )
    ours, others = (line.split() for line in done.stdout.splitlines())
    assert ours == [
        "alertd", "alertd.catalogue", "alertd.catalogue.decoding", "alertd.catalogue.entry", "alertd.catalogue.text",
        "alertd.catalogue.worker",
    ]  # fmt: skip
    assert set(others) <= {"alertd", "feedparser", "feedparser_sgmllib", "sgmllib", "__main__"} | {
        name for name in others if name.startswith(("_", "site"))
    }
