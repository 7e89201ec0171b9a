"""The built-in templates, the operator's over them, and what is refused before any mail depends on it."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from alertd.errors import ConfigError, RenderError
from alertd.mail.lint import lint
from alertd.mail.renderer import Renderer
from alertd.mail.samples import MARKUP, SAMPLES, Sample
from alertd.mail.templates import TemplateSet, load_templates, renderer
from alertd.model import MailKind
from tests.unit.mail.orders import BUILTIN

VOID = {"meta", "br", "link", "img"}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files into an operator's templates folder and gives the folder."""

    def put(**files: str | bytes) -> Path:
        (tmp_path / "mail").mkdir(exist_ok=True)
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            (tmp_path / "mail" / name.replace("__", ".")).write_bytes(data)
        return tmp_path

    return put


class _Page(HTMLParser):
    """Notes the nesting, the attributes and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _page(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)
def test_every_page_is_well_formed_private_and_accessible(sample: Sample, language: str) -> None:
    """Tags balance; a language, one main heading and levels in order; nothing remote, no script, no image."""
    html = (
        renderer(BUILTIN).render(sample.kind, language=language, html=True, context=sample.context).html or ""
    )
    page = _page(html)
    tags = [tag for tag, _ in page.seen]
    assert not {"img", "script", "link", "iframe", "form", "object", "svg"} & set(tags)
    assert not re.search(r"url\(|@import|src=|background=", html)
    assert dict(page.seen)["html"]["lang"] == {"en": "en", "zh": "zh-Hans"}[language]
    headings = [tag for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert headings.count("h1") <= 1
    assert headings == sorted(headings)
    links = [attributes["href"] for tag, attributes in page.seen if tag == "a"]
    assert all(str(link).startswith(("mailto:", "https://example.org/reports/")) for link in links)
    assert MARKUP not in html


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)
def test_text_parts_fit_and_hold_no_markup(sample: Sample, language: str) -> None:
    """A text part reads as text: no entities, no tags of ours, lines that fit unless they hold a link or a quote."""
    text = renderer(BUILTIN).render(sample.kind, language=language, html=False, context=sample.context).text
    assert not re.search(r"&(amp|lt|gt|#39|quot);|</?(p|br|a|li)\b", text)
    assert "{{" not in text
    assert "\n\n\n" not in text


def test_operator_replaces_one_file(write: Write) -> None:
    """A file of the operator's replaces ours of that name; the rest stays, and the hash changes."""
    ours = BUILTIN
    words = ours.source["words.en.jinja"].replace("Welcome to", "Good day from")
    theirs = load_templates(write(words__en__jinja=words))
    assert theirs != ours
    assert {name for name in ours.source if ours.source[name] != theirs.source[name]} == {"words.en.jinja"}
    sample = next(each for each in SAMPLES if each.kind is MailKind.WELCOME)
    parts = renderer(theirs).render(MailKind.WELCOME, language="en", html=True, context=sample.context)
    assert parts.subject == "Good day from Report alerts"


def test_operator_adds_a_language(write: Write) -> None:
    """One words file makes a language; a region falls back to it, an unknown language to the service's."""
    words = BUILTIN.source["words.en.jinja"].replace("Welcome to", "Willkommen bei")
    made = renderer(load_templates(write(words__de__jinja=words)))
    assert made.languages == {"de", "en", "zh"}
    assert made.language("de-AT", "en") == "de"
    assert made.language("fr", "zh") == "zh"
    assert made.language("fr", "it") == "en"


def test_equal_sources_are_one_set() -> None:
    """The hash is of the source alone: read twice it is the same, and its renderer is made once."""
    again = load_templates()
    assert again == BUILTIN
    assert renderer(again) is renderer(BUILTIN)
    assert TemplateSet.of({"a": "1", "b": "2"}) == TemplateSet.of({"b": "2", "a": "1"})
    assert TemplateSet.of({"a": "1"}) != TemplateSet.of({"a": "2"})


@pytest.mark.parametrize(
    ("name", "text", "line", "what"),
    [
        (
            "digest.txt",
            "{% extends 'layout.txt' %}\n{% block main %}\n{{ reports | nosuch }}{% endblock %}",
            3,
            "nosuch",
        ),
        ("digest.txt", "{% for %}", 1, "cannot be read"),
        (
            "welcome.html",
            "{% extends 'layout.html' %}\n{% block main %}\n\n{{ frist_at }}{% endblock %}",
            4,
            "frist_at",
        ),
        ("reply.txt", "one\n{{ words.nosuch }}", 2, "nosuch"),
        ("reply.txt", "\n{{ ''.__class__.__mro__ }}", 2, "unsafe"),
        ("alarm.txt", "\n\n{{ sections.append(1) }}", 3, "append"),
        ("test.txt", "\n{% include 'nowhere.txt' %}", 2, "nowhere"),
        ("test.txt", "{{ 1 / 0 }}", 1, "ZeroDivisionError"),
        ("test.txt", "\n{% include 'test.txt' %}", 2, "Recursion"),
        ("digest.txt", "{% extends 'layout.txt' %}{% block footer %}bye{% endblock %}", 0, "how to leave"),
        ("digest.html", "{{ leave.address if leave }}{{ reports[0].title | safe }}", 0, "printed as HTML"),
        (
            "words.en.jinja",
            "{% macro subject(mail) %}{% endmacro %}",
            0,
            "no `found_by`, which digest.txt uses",
        ),
        ("words.de.jinja", "\n\n{% set x = [][0] + 1 / 0 %}", 3, "cannot be read"),
        ("test.txt", b"a\nb\xff", 2, "not UTF-8"),
        ("test.txt", "x" * 200_001, 0, "200 kB"),
        ("digets.txt", "x", 0, "no mail uses"),
    ],
)
def test_faulty_template_is_refused_with_its_place(
    write: Write, name: str, text: str | bytes, line: int, what: str
) -> None:
    """Each fault names the operator's file and line, and says what is wrong."""
    folder = write(**{name.replace(".", "__"): text})
    with pytest.raises(ConfigError) as caught:
        load_templates(folder)
    found = [fault for fault in caught.value.faults if fault.file == str(folder / "mail" / name)]
    assert found, caught.value.faults
    assert any(what in fault.what and fault.line == line for fault in found), found


def test_missing_folder_is_a_fault() -> None:
    """A templates folder that is not there is said, not passed over."""
    with pytest.raises(ConfigError, match="not there"):
        load_templates(Path("/nowhere/at/all"))


def test_misspelt_file_gets_a_suggestion(write: Write) -> None:
    """A file whose name is nearly one of ours was meant to be it."""
    with pytest.raises(ConfigError, match=r"Did you mean digest\.txt"):
        load_templates(write(digets__txt="x"))


def test_own_partials_and_editor_backups_are_left_alone(write: Write) -> None:
    """An underscore makes a partial of their own; backups and hidden files are no templates."""
    folder = write(_mine__txt="mine", **{"digest.txt~": "{% broken", ".digest.txt.swp": "{% broken"})
    (folder / "mail" / "README").write_text("notes")
    assert load_templates(folder).source["_mine.txt"] == "mine"


def test_builtin_set_has_no_fault() -> None:
    """What we ship passes its own lint, with every kind covered by a sample."""
    assert lint(BUILTIN.source) == ()
    assert {sample.kind for sample in SAMPLES} == set(MailKind)


def test_render_error_names_the_mail() -> None:
    """A context with a hole is a RenderError, so that the one row is held and the others go on."""
    with pytest.raises(RenderError, match="digest"):
        Renderer(BUILTIN.source).render(MailKind.DIGEST, language="en", html=True, context={})


def test_wheel_carries_the_templates(tmp_path: Path) -> None:
    """Installed from a wheel, with no checkout beside it, the same set is found."""
    root = Path(__file__).parents[3]
    folder = tmp_path / "site" / "alertd"
    with zipfile.ZipFile(
        tmp_path / "x.zip", "w"
    ) as packed:  # what the wheel's force-include does, without a build
        for path in (root / "alertd").rglob("*.py"):
            packed.write(path, path.relative_to(root / "alertd"))
        for path in (root / "templates").rglob("*.*"):
            packed.write(path, Path("_data/templates") / path.relative_to(root / "templates"))
    with zipfile.ZipFile(tmp_path / "x.zip") as packed:
        packed.extractall(folder)
    code = "from alertd.mail.templates import load_templates; print(load_templates().hash)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(folder.parent)!r}); {code}"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.strip() == BUILTIN.hash


def test_fault_inside_the_words_has_its_line(write: Write) -> None:
    """A macro of the words that fails is named with its own line, wherever it was called from."""
    words = BUILTIN.source["words.en.jinja"].replace("{{ mail.service.name }}", "{{ mail.nosuch }}")
    line = next(number for number, text in enumerate(words.split("\n"), 1) if "nosuch" in text)
    with pytest.raises(ConfigError) as caught:
        load_templates(write(words__en__jinja=words))
    assert {fault.line for fault in caught.value.faults} >= {line}
    assert {Path(fault.file).name for fault in caught.value.faults} == {"words.en.jinja"}
