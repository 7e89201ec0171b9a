"""The story on a terminal: what is published, what is matched, what is sent, drawn anew as it happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alertd.demo.events import Announced, Event, Published, Sent, Setting, Wrote

_FRAME = 16
"""Lines that are not rows of the two tables."""


class LiveAudience:
    """Draws the view; a context manager that takes the terminal and gives it back.

    Args:
        console: a terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._published: list[Published] = []
        self._queries: dict[int, int] = {}
        self._mails: list[Sent | Wrote] = []
        self._sent = 0
        self.setting: Setting | None = None

    def __enter__(self) -> Self:
        self._live.__enter__()
        self._live.update(Text("The daemon starts ..."), refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def begin(self, setting: Setting) -> None:
        """Remember where the story plays."""
        self.setting = setting

    def hear(self, event: Event) -> None:
        """Remember what happened."""
        match event:
            case Published():
                self._published.append(event)
            case Announced():
                self._queries[event.report.number] = event.queries
            case Sent() | Wrote():
                self._mails.append(event)
                self._sent += isinstance(event, Sent)

    def look(self, now: datetime, *, faults: Sequence[str] | None) -> None:
        """Draw."""
        self._live.update(self.view(now, faults=faults), refresh=True)

    def view(self, now: datetime, *, faults: Sequence[str] | None) -> RenderableType:
        """All of it, cut to the terminal's height: the newest rows stay."""
        setting = self.setting
        if setting is None:
            return Text("")
        room = max(4, self._console.height - _FRAME)
        above = max(2, room * 2 // 5)
        head = Text.assemble(
            (f"{now:%A %d %B %Y, %H:%M} UTC", "bold"),
            f"   one second here is {setting.speed / 60:.0f} minutes there",
        )
        return Group(
            Panel(head, title="alertd demo"),
            self._reports(above),
            Text(""),
            self._post(room - above),
            Panel(_foot(setting, self._sent, faults=faults)),
        )

    def _reports(self, rows: int) -> Table:
        table = _table("published", "No", "report", "found by", title="The catalogue")
        for each in self._published[-rows:]:
            count = self._queries.get(each.report.number)
            found = "..." if count is None else f"{count} quer{'y' if count == 1 else 'ies'}"
            table.add_row(f"{each.at:%a %H:%M}", str(each.report.number), Text(each.report.title), found)
        return table

    def _post(self, rows: int) -> Table:
        table = _table("time", "", "who", "subject", "file", title="The mail")
        for each in self._mails[-rows:]:
            when = f"{each.at:%a %H:%M}"
            if isinstance(each, Wrote):
                table.add_row(when, "in", Text(each.sender), Text(f"to {each.to}"), "")
            else:
                mail = each.mail
                table.add_row(when, mail.kind, Text(mail.to), Text(mail.subject), mail.file.name)
        return table


def _table(*columns: str, title: str) -> Table:
    table = Table(
        box=None, title=title, title_justify="left", title_style="bold", expand=True, pad_edge=False
    )
    for name in columns:
        wide = name in {"report", "subject"}
        table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=1 if wide else None)
    return table


def _foot(setting: Setting, mails: int, *, faults: Sequence[str] | None) -> Text:
    state, style = "The story goes on.", "bold"
    if faults is not None:
        state, style = "The story is told; the daemon goes on.", "bold green"
    if faults:
        state, style = f"The story went wrong: {faults[0]} (and {len(faults) - 1} more).", "bold red"
    lines: Sequence[tuple[str, str]] = (
        ("mails", f"{mails} so far, each an .eml file in {setting.mails}"),
        ("catalogue", f"{setting.catalogue}   log {setting.log}"),
        ("ask it", f"alertd --config {setting.settings} subscriber list"),
    )
    text = Text(f"{state} Ctrl-C ends it; the files stay.", style=style)
    for name, value in lines:
        text.append(f"\n{name:10}{value}", style="not bold default")
    return text
