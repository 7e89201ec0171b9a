"""From a set of templates and a context to a subject, a text and an HTML part. Pure once made.

The templates are the operator's, the context is the world's: it is printed, never compiled, and every printed value loses
its control characters. The sandbox keeps a template from reaching anything but its context; it does not bound time or
memory, so templates come from the operator's folder only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from alertd.errors import RenderError
from alertd.mail import wording
from alertd.mail.contexts import complete
from alertd.model import MailKind

FALLBACK = "en"
SUBJECT_COLUMNS = 200
FAILURES = (
    TemplateError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    RecursionError,
)
"""What a template raises when it is wrong or its context is."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A rendered mail; `html` is None for a reader of plain text."""

    subject: str
    text: str
    html: str | None


class Renderer:
    """Renders the mails of one set of templates.

    Args:
        source: template name to text, as in `TemplateSet.source`.
    """

    def __init__(self, source: Mapping[str, str]) -> None:
        self._environment = environment(source)
        self._words: dict[str, SimpleNamespace] = {}
        self._languages = frozenset(
            name.removeprefix("words.").removesuffix(".jinja")
            for name in source
            if name.startswith("words.") and name.endswith(".jinja")
        )

    @property
    def languages(self) -> frozenset[str]:
        """The languages there are words for."""
        return self._languages

    def language(self, *wanted: str) -> str:
        """The first of the wanted languages (BCP 47) there are words for, else English."""
        for each in wanted:
            for tag in (each, each.partition("-")[0].lower()):
                if tag in self._languages:
                    return tag
        return FALLBACK

    def render(self, kind: MailKind, *, language: str, html: bool, context: Mapping[str, Any]) -> Parts:
        """Render a mail.

        Args:
            kind: the templates of this name are used.
            language: one of `languages`.
            html: whether an HTML part is wanted.
            context: of the kind (`contexts`), and `service`, `address` and `leave`.

        Raises:
            RenderError: a template fails on this context.
        """
        try:
            return self.attempt(kind, language=language, html=html, context=context)
        except FAILURES as error:
            raise RenderError(f"The template of {kind} fails: {type(error).__name__}: {error}") from error

    def attempt(self, kind: MailKind, *, language: str, html: bool, context: Mapping[str, Any]) -> Parts:
        """As `render`, with the template's own exception and its line in the traceback."""
        try:
            return self._attempt(kind, language=language, html=html, context=context)
        except FAILURES:
            self._environment.handle_exception()  # the words are called from here: without it their lines are not ours

    def _attempt(self, kind: MailKind, *, language: str, html: bool, context: Mapping[str, Any]) -> Parts:
        words = self.words(language)
        values = {**complete(kind, context), "kind": str(kind), "language": language, "words": words}
        subject = wording.cut(words.subject(values), SUBJECT_COLUMNS)
        values["heading"] = values.get("title") or subject
        values["subject"] = subject
        text = self._environment.get_template(f"{kind}.txt").render(values)
        page = self._environment.get_template(f"{kind}.html").render(values) if html else None
        return Parts(subject, wording.tidy(text), page)

    def words(self, language: str) -> SimpleNamespace:
        """What words.LANGUAGE.jinja exports, as plain text: HTML templates escape it like any other value."""
        if language not in self._words:
            try:
                exported = vars(self._environment.get_template(f"words.{language}.jinja").module)
            except FAILURES:
                self._environment.handle_exception()
            plain = {name: _plain(value) for name, value in exported.items() if not name.startswith("_")}
            self._words[language] = SimpleNamespace(**plain)
        return self._words[language]


def environment(source: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    """The sandbox in which a set of templates is compiled; a template's file name is its name in the set."""

    def load(name: str) -> tuple[str, str, None] | None:
        text = source.get(name)
        return None if text is None else (text, name, None)

    made = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name) and str(name).endswith(".html"),
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.filters.update(
        cut=wording.cut,
        fold=wording.fold,
        names=wording.names,
        heading=wording.heading,
        one_line=wording.one_line,
        unlinked=wording.unlinked,
    )
    return made


def _plain(value: Any) -> Any:
    """A macro of a words file as a function that returns plain text.

    Called as a macro, Jinja would mark its result as safe HTML because the *calling* template escapes.
    """
    if not isinstance(value, Macro):
        return value

    def call(*args: Any, **kwargs: Any) -> str:
        return str(value(*args, **kwargs))

    return call


def _printed(value: Any) -> Any:
    if value is None:
        raise SecurityError("a template prints a value that is not there")
    if isinstance(value, Markup):
        return Markup(wording.clean(value))  # noqa: S704 - already escaped; only controls are taken out
    return wording.clean(value) if isinstance(value, str) else value
