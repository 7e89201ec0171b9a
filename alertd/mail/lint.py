"""Try a set of templates before any mail depends on it: every file compiled, every kind rendered in every language."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType

from jinja2 import TemplateSyntaxError

from alertd.errors import Fault
from alertd.mail.renderer import FAILURES, Parts, Renderer, environment
from alertd.mail.samples import MARKUP, SAMPLES, Sample
from alertd.model import MailKind

_USED = re.compile(r"\bwords\.([a-z_]+)")
_LEAVERS = (MailKind.DIGEST, MailKind.WELCOME)


def lint(source: Mapping[str, str], places: Mapping[str, str] | None = None) -> tuple[Fault, ...]:
    """All faults of a set, each once.

    Args:
        source: template name to text.
        places: template name to the path to show for it; a built-in one is shown by its name.
    """
    where = places or {}
    found = list(_syntax(source, where)) or list(_rendering(source, where))
    return tuple(sorted(set(found)))


def _syntax(source: Mapping[str, str], where: Mapping[str, str]) -> Iterator[Fault]:
    compiling = environment(source)
    for name in sorted(source):
        try:
            compiling.get_template(name)
        except TemplateSyntaxError as error:
            wrong = error.name or name
            what = f"the template cannot be read: {error.message}"
            yield Fault(where.get(wrong, wrong), error.lineno, "", what, "Correct the line")


def _rendering(source: Mapping[str, str], where: Mapping[str, str]) -> Iterator[Fault]:
    renderer = Renderer(source)
    if missing := list(_missing_words(renderer, source, where)):
        yield from missing
        return
    for language in sorted(renderer.languages):
        for sample in SAMPLES:
            yield from _try(renderer, source, where, sample=sample, language=language)


def _missing_words(
    renderer: Renderer, source: Mapping[str, str], where: Mapping[str, str]
) -> Iterator[Fault]:
    """What the operator's words files lack; ours are complete, and a misspelt use shows when it is rendered."""
    templates = [name for name in sorted(source) if not name.startswith("words.")]
    used = {word: name for name in templates for word in _USED.findall(source[name])}
    for language in sorted(renderer.languages):
        name = f"words.{language}.jinja"
        if name not in where:
            continue
        try:
            missing = sorted(set(used) - set(vars(renderer.words(language))))
        except FAILURES as error:
            line = (_place(error.__traceback__, source) or (name, 0))[1]
            yield Fault(where[name], line, "", f"the words cannot be read: {error}", "Correct the line")
            continue
        for word in missing:
            what = f"there is no `{word}`, which {used[word]} uses"
            yield Fault(
                where[name],
                0,
                "",
                what,
                "Copy it from the built-in words.en.jinja and put it into your words",
            )


def _try(
    renderer: Renderer, source: Mapping[str, str], where: Mapping[str, str], *, sample: Sample, language: str
) -> Iterator[Fault]:
    try:
        parts = renderer.attempt(sample.kind, language=language, html=True, context=sample.context)
    except FAILURES as error:
        name, line = _place(error.__traceback__, source) or (f"{sample.kind}.txt", 0)
        what = f"a {sample.kind} mail in {language} cannot be rendered: {type(error).__name__}: {error}"
        yield Fault(
            where.get(name, name),
            line,
            "",
            what,
            "Correct the line; docs/templates.md lists what a template can use",
        )
        return
    for name, what, remedy in _lacking(parts, sample):
        shown = name or f"words.{language}.jinja"
        yield Fault(where.get(shown, shown), 0, "", what, remedy)


def _lacking(parts: Parts, sample: Sample) -> Iterator[tuple[str, str, str]]:
    """What no mail of ours may lack: (template, what is wrong, remedy); template "" is the words file."""
    page = parts.html or ""
    if sample.kind in _LEAVERS:
        for name, part in ((f"{sample.kind}.txt", parts.text), (f"{sample.kind}.html", page)):
            if sample.context["leave"]["address"] not in part:
                yield (
                    name,
                    "the mail does not say how to leave",
                    "Print leave.address, as the built-in templates do",
                )
    if MARKUP in page:
        yield (
            f"{sample.kind}.html",
            "a report's text is printed as HTML",
            "Take out the filter `safe`; print it plainly",
        )
    if not parts.subject:
        yield "", f"the subject of a {sample.kind} mail is empty", "Correct the macro `subject`"


def _place(trace: TracebackType | None, source: Mapping[str, str]) -> tuple[str, int] | None:
    """The template and line where it failed: the innermost frame of a template, as Jinja maps them back."""
    frames = [frame for frame in traceback.extract_tb(trace) if frame.filename in source]
    return (frames[-1].filename, frames[-1].lineno or 0) if frames else None
