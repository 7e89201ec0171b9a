"""The story as lines, and as a view on a terminal."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from alertd.demo import plain
from alertd.demo.events import Announced, Event, Published, Sent, Setting, Wrote
from alertd.demo.live import LiveAudience
from alertd.demo.mails import CaughtMail
from alertd.demo.order import InOrder
from alertd.demo.plain import PlainAudience
from alertd.demo.reports import load_reports
from alertd.demo.story import START

REPORTS = [each for each in load_reports() if each.appears is not None]
SETTING = Setting(
    folder="/f", settings="/f/alertd.toml", mails="/f/mails", log="/f/var/alertd.log",
    catalogue="http://127.0.0.1:81", speed=6000.0, titles={each.number: each.title for each in REPORTS},
    readers={"anna@elbe.example": "every day at 08:00, Europe/Berlin"},
)  # fmt: skip


def mail(number: int, *, subject: str = "1 new report: pension", text: str = "text") -> CaughtMail:
    return CaughtMail(
        to="anna@elbe.example", subject=subject, kind="digest", at=START, reply_to="", message_id="<1@a.example>",
        text=text, file=Path(f"/f/mails/{number:06d}.eml"), reports={number: frozenset({"pension", "*"})},
    )  # fmt: skip


def events() -> list[Event]:
    found: list[Event] = [Wrote(START, "maria@tejo.example", "alerts@lakeside.example")]
    for each in REPORTS:
        at = START + (each.appears or timedelta())
        found += [Published(at, each), Announced(at, each, 1), Sent(at, mail(each.number))]
    return found


def test_lines_say_what_happened() -> None:
    """Each event on one line with its time; at the end who got what, why, and in which file."""
    lines: list[str] = []
    with PlainAudience(lines.append) as audience:
        audience.begin(SETTING)
        for event in events()[:4]:
            audience.hear(event)
        audience.look(START, faults=[])
    assert lines[3:] == [
        "Sun 22 Nov 16:00  mail in    maria@tejo.example writes to alerts@lakeside.example",
        f"Sun 22 Nov 18:00  published  No 214  {REPORTS[0].title}",
        "Sun 22 Nov 18:00  matched    No 214  by 1 query",
        "Sun 22 Nov 18:00  mail out   digest to anna@elbe.example: 1 new report: pension",
    ]
    told = plain.summary(SETTING, [mail(214)])
    assert "anna@elbe.example (every day at 08:00, Europe/Berlin)" in told
    assert f"    No 214 {REPORTS[0].title} <- every report, pension" in told
    assert "    /f/mails/000214.eml" in told


def test_times_do_not_run_backwards() -> None:
    """What is seen late is told in its place, and what is seen far too late does not turn the time back."""
    hour = timedelta(hours=1)
    order = InOrder()
    late, early = Sent(START + 2 * hour, mail(214)), Announced(START + hour, REPORTS[0], 1)
    assert order.take([late], upto=START) == []
    assert order.take([early], upto=START + hour) == [early]
    assert order.take([], upto=START + 3 * hour) == [late]
    (lost,) = order.take([Published(START, REPORTS[0])], upto=None)
    assert (type(lost), lost.at) == (Published, late.at)


def test_the_sample_is_a_digest() -> None:
    """The text part of an English digest where there is one; nothing when there is none."""
    chinese, english = mail(214, subject="1篇新报告", text="正文"), mail(215, text="body")
    assert "正文" in plain.sample([chinese])
    assert "正文" in plain.sample([chinese, english])  # one report each: the first will do
    assert plain.sample([]) == []


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50), (40, 10)])
def test_the_view_fits_the_terminal(width: int, height: int) -> None:
    """The newest rows are there, at most so many lines as the terminal has, and brackets in a title are no mark-up."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, height=height, force_terminal=True, color_system=None)
    view = LiveAudience(console)
    view.begin(SETTING)
    for event in events():
        view.hear(event)
    view.hear(Sent(START, mail(999, subject="[red]brackets[/red] <- newest")))
    console.print(view.view(START, faults=None))
    drawn = stream.getvalue()
    if height >= 24:
        assert len(drawn.splitlines()) <= height
        assert "230" in drawn
        assert "000999" in drawn
    if width >= 160:
        assert "[red]brackets[/red]" in drawn
        assert "/f/mails" in drawn
    assert "The story goes on" in drawn


def test_the_view_tells_the_end() -> None:
    """That all has arrived, or what has not."""
    stream = io.StringIO()
    console = Console(file=stream, width=150, height=40, force_terminal=True, color_system=None)
    view = LiveAudience(console)
    view.begin(SETTING)
    console.print(view.view(START, faults=[]))
    assert "The story is told" in stream.getvalue()
    console.print(view.view(START, faults=["missing: a welcome for sven", "x", "y"]))
    assert "went wrong: missing: a welcome for sven (and 2 more)" in stream.getvalue()


def test_the_view_waits_for_the_daemon() -> None:
    """Before the stage is set there is nothing to draw, and nothing fails."""
    assert str(LiveAudience(Console(file=io.StringIO())).view(START, faults=None)) == ""
