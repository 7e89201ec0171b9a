"""What a confirmation says will be done: every command of the mail in a line of its own, so that nothing is hidden in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from alertd.model import Schedule
from alertd.postmaster.acting.deed import Deed, named
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.words import echoed, shown, spelt, tongue
from alertd.postmaster.commands.combining import Unclear
from alertd.postmaster.commands.model import Command, Verb
from alertd.schedule import describe

MOST_ACTIONS = 20
"""Lines that a confirmation shows; what is not shown must not be confirmed."""

_PLAIN = {
    Verb.RESUME: "ask_resume",
    Verb.EXPORT: "ask_export",
    Verb.SEND_NOW: "ask_send_now",
    Verb.LEAVE: "ask_leave",
    Verb.FORGET: "ask_forget",
}


def unclear_lines(page: Page, unclear: Sequence[Unclear], actions: Sequence[str]) -> list[str]:
    """The actions and, as far as there is room, what of the mail was not understood."""
    lines = [page.say("ask_unclear", line=echoed(each.line)) for each in unclear]
    return [*actions, *lines][:MOST_ACTIONS]


async def actions_of(deed: Deed, commands: Sequence[Command]) -> tuple[list[Command], list[str]]:
    """The commands that one confirmation can hold, and what they will do, in the reader's language."""
    kept: list[Command] = []
    lines: list[str] = []
    for command in commands:
        these = await _lines(deed, command)
        room = MOST_ACTIONS - 1 - len(lines)
        if len(these) <= room:
            kept.append(command)
            lines += these
            continue
        if command.queries and room:
            kept.append(replace(command, queries=command.queries[:room]))
            lines += these[:room]
        lines.append(deed.page.say("ask_left_out"))
        break
    return kept, lines


async def _lines(deed: Deed, command: Command) -> list[str]:
    say, language = deed.page.say, deed.page.language
    match command.verb:
        case Verb.SUBSCRIBE | Verb.ADD:
            timed = describe(await deed.new_timing(command.when), language) if command.when else ""
            key = "ask_add_timed" if timed else "ask_add"
            return [
                say(key, query=shown(language, text), schedule=timed) for text in command.queries or ("*",)
            ]
        case Verb.REMOVE:
            return [say("ask_remove", query=shown(language, text)) for text in command.queries]
        case Verb.SCHEDULE:
            return await _timing(deed, command)
        case Verb.ZONE:
            return [say("ask_zone", zone=command.value)]
        case Verb.LANGUAGE:
            return [say("ask_language", tongue=tongue(language, command.value))]
        case Verb.FORMAT:
            return [say("ask_format", format=say(f"format_{command.value}"))]
        case Verb.PAUSE:
            return [say("ask_pause" if command.value else "ask_pause_open", until=command.value)]
        case Verb.ADDRESS:
            return [say("ask_new_address", address=spelt(command.value))]
        case verb if verb in _PLAIN:
            return [say(_PLAIN[verb])]
        case _:
            return [say("ask_show", command=str(command))]


async def _timing(deed: Deed, command: Command) -> list[str]:
    rows = await deed.held()
    language = deed.page.language
    if command.queries:
        lines = []
        for text in command.queries:
            known = await deed.timing(command.when, named(rows, text))
            schedule = next(iter(known.values()), None) or await deed.new_timing(command.when)
            lines.append(
                deed.page.say(
                    "ask_schedule", query=shown(language, text), schedule=describe(schedule, language)
                )
            )
        return lines
    wanted: set[Schedule] = set((await deed.timing(command.when, rows)).values())
    if len(wanted) > 1:
        by_root = await deed.timing(command.when, rows)
        return [
            deed.page.say(
                "ask_schedule",
                query=shown(language, row.shown),
                schedule=describe(by_root[row.root_id], language),
            )
            for row in rows
        ]
    schedule = next(iter(wanted), None) or await deed.new_timing(command.when)
    return [deed.page.say("ask_schedule_all", schedule=describe(schedule, language))]
