"""Run the demo from a command line: a live view on a terminal, lines in a pipe."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alertd import log
from alertd.demo import plain
from alertd.demo.folder import DemoFolder, open_folder
from alertd.demo.plain import PlainAudience
from alertd.demo.story import Story, Told
from alertd.mail.wording import many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alertd.demo.live import LiveAudience


async def show(folder: Path | None, *, once: bool, verbose: bool, say: Callable[[str], None]) -> Told:
    """Tell the story; SIGINT and SIGTERM end it in good order.

    Args:
        folder: where everything is kept; None makes a temporary one.
        once: lines instead of a live view, and an end.
        verbose: whether the daemon logs debug events too.
        say: prints a line.

    Raises:
        AlertdError: the folder is in use, or the daemon failed.
        OSError: the folder cannot be written.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    opened = open_folder(folder)
    audience = PlainAudience(say) if once else _live()
    try:
        with _logging_to(opened, verbose=verbose), audience:
            told = await Story(opened, audience, stop).tell(stay=not once)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    setting = audience.setting
    if setting is not None:
        for line in ["", *plain.summary(setting, told.mails), *(plain.sample(told.mails) if once else [])]:
            say(line)
        say(
            f"{many(len(told.mails), 'mail')} kept in {setting.mails} as .eml files; any mail program opens them."
        )
        say(f"The folder is kept: {setting.folder} (log: {setting.log})")
    return told


def _live() -> LiveAudience:
    from rich.console import Console

    from alertd.demo.live import LiveAudience

    return LiveAudience(Console())


@contextmanager
def _logging_to(folder: DemoFolder, *, verbose: bool) -> Iterator[None]:
    """The daemon's log goes to a file of the folder, 0600, so that it does not write across the story."""
    folder.log.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", buffering=1) as stream:
        log.set_up(verbose=verbose, stream=stream, json=True)
        try:
            yield
        finally:
            log.set_up(verbose=verbose)
