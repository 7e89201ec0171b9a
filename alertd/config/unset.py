"""What a fresh folder still lacks before it can run."""

from __future__ import annotations

import re
from pathlib import Path

from alertd.config.declared_keys import CATALOGUES_FILE
from alertd.config.documents import Document, fault, read_document, shown_path
from alertd.config.settings import Declared, Settings
from alertd.errors import Fault


def unset(settings: Settings, declared: Declared) -> tuple[Fault, ...]:
    """The lines to edit: service.address, service.owner and a catalogue; empty when all three are there.

    They are no faults of the files - `alertd init` leaves them so, and `alertd check` passes - but without them nothing
    can be polled or mailed. The files are read again to name the lines.
    """
    faults = []
    for name, example in (("address", "alerts@example.org"), ("owner", "webmaster@example.org")):
        if not getattr(settings.service, name):
            line = _line_of_key(settings.file, name)
            remedy = f'write {name} = "{example}", with your own'
            faults.append(fault(shown_path(settings.file), line, f"service.{name}", "not set up yet", remedy))
    if not declared.catalogues:
        faults.append(_no_catalogue(settings.paths.config / CATALOGUES_FILE, declared))
    return tuple(faults)


def _no_catalogue(file: Path, declared: Declared) -> Fault:
    if CATALOGUES_FILE in declared.missing:
        what, remedy = "the file is absent", "put it back; alertd init writes one to begin with"
        return fault(shown_path(file), 0, "catalogue", f"{what}, so there is no catalogue", remedy)
    remedy = "remove the # before [catalogue.NAME] and its lines, and give it the URL of your feed"
    line = _line_of(file, r"#?\s*\[catalogue\.")
    return fault(shown_path(file), line, "catalogue", "not set up yet: there is no catalogue", remedy)


def _line_of_key(file: Path, name: str) -> int:
    """The line of a key of `[service]`, commented out or not, else of the table."""
    document = read_document(file)
    if isinstance(document, Document) and ("service", name) in document.lines:
        return document.lines["service", name]
    return _line_of(file, rf"#?\s*{name}\s*=") or _line_of(file, r"\[service\]")


def _line_of(file: Path, pattern: str) -> int:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return 0
    return next((number for number, line in enumerate(lines, 1) if re.match(rf"\s*{pattern}", line)), 0)
