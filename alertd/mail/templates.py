"""The sets of templates: the built-in one, with the operator's files in place of ours where they have the same name.

A set is a value with a hash. The store keeps the sets that mails were queued with, so an edit or an upgrade changes no mail
that may have left already.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from alertd.errors import ConfigError, Fault
from alertd.mail.lint import lint
from alertd.mail.renderer import Renderer
from alertd.packaged import packaged

FOLDER = "mail"
_SUFFIXES = (".html", ".txt", ".jinja")
_MAX_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """Templates that belong together; equal when their hashes are.

    Attributes:
        hash: hex SHA-256 of the source; the key under which the store keeps it.
        source: template name ("digest.html") to text.
    """

    hash: str
    source: Mapping[str, str] = field(compare=False, repr=False)

    @classmethod
    def of(cls, source: Mapping[str, str]) -> TemplateSet:
        """The set of these templates."""
        text = json.dumps(dict(source), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return cls(hashlib.sha256(text.encode()).hexdigest(), dict(source))


@lru_cache(maxsize=8)
def renderer(templates: TemplateSet) -> Renderer:
    """The set's renderer; compiled templates are kept for the sets in use."""
    return Renderer(templates.source)


def load_templates(folder: Path | None = None) -> TemplateSet:
    """Read the built-in mail templates and the operator's over them, and try every one with sample data.

    Args:
        folder: the operator's (`[paths] templates`); what its `mail` folder holds replaces our file of the same name.

    Raises:
        ConfigError: a file cannot be read, has a name that nothing uses, does not compile or does not render.
    """
    source = {each.name: each.read_text(encoding="utf-8") for each in _files(packaged("templates") / FOLDER)}
    known = set(source)
    places: dict[str, str] = {}
    faults: list[Fault] = []
    if folder is not None:
        if not folder.is_dir():
            raise ConfigError(
                (
                    Fault(
                        str(folder), 0, "", "this folder is not there", "Make it, or empty [paths] templates"
                    ),
                )
            )
        for each in _files(folder / FOLDER):
            places[each.name] = str(each)
            faults += _name_faults(each, known)
            faults += _read(each, source)
    faults += lint(source, places) if not faults else []
    if faults:
        raise ConfigError(tuple(sorted(faults)))
    return TemplateSet.of(source)


def _files(folder: Path) -> list[Path]:
    """The templates in a folder; an editor's hidden files and backups are passed over."""
    found = (each for each in folder.glob("*") if each.suffix in _SUFFIXES and not each.name.startswith("."))
    return sorted(found)


def _read(path: Path, source: dict[str, str]) -> list[Fault]:
    try:
        data = path.read_bytes()
    except OSError as error:
        what = f"it cannot be read ({error.strerror})"
        return [Fault(str(path), 0, "", what, "Let the service's user read it")]
    if len(data) > _MAX_BYTES:
        return [Fault(str(path), 0, "", "the file is larger than 200 kB", "Keep a template small")]
    try:
        source[path.name] = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return [Fault(str(path), line, "", "it is not UTF-8", "Save it as UTF-8")]
    return []


def _name_faults(path: Path, known: set[str]) -> list[Fault]:
    own = path.name.startswith(("_", "words."))  # own partials, and words for a further language
    if path.name in known or own:
        return []
    near = difflib.get_close_matches(path.name, sorted(known), n=1)
    hint = f"Did you mean {near[0]}? Otherwise begin" if near else "Begin"
    remedy = f"{hint} the name of a template of your own, for others to include, with an underscore"
    return [Fault(str(path), 0, "", "no mail uses a template of this name", remedy)]
