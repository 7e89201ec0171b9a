"""Compose digests: from what was told and what found it, to the contents that readers share. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from alertd.digest.render import DigestEntry
from alertd.model import DigestId, ReportId
from alertd.store.due import Due, Found, Text


def newest(told: Iterable[tuple[Due, DigestId | None]]) -> dict[DigestId, dict[ReportId, int]]:
    """Per digest, each report once, at the newest of the revisions told."""
    found: dict[DigestId, dict[ReportId, int]] = {}
    for each, digest_id in told:
        if digest_id is not None:
            reports = found.setdefault(digest_id, {})
            reports[each.report_id] = max(each.revision, reports.get(each.report_id, 0))
    return found


def names(found: Iterable[Found]) -> dict[tuple[DigestId, ReportId], tuple[str, ...]]:
    """Per digest and report, the names of the queries that found it, in the reader's order, each once."""
    labels: dict[tuple[DigestId, ReportId], dict[str, None]] = {}
    for each in found:
        labels.setdefault((each.digest_id, each.report_id), {})[each.shown] = None
    return {key: tuple(shown) for key, shown in labels.items()}


def entries(
    reports: Mapping[ReportId, int],
    labels: Mapping[ReportId, tuple[str, ...]],
    texts: Mapping[tuple[ReportId, int], Text],
    titles: Mapping[str, str],
) -> tuple[DigestEntry, ...]:
    """One digest's entries, the newest report first.

    Args:
        reports: report to the revision shown.
        labels: report to the names of the queries that found it.
        texts: the stored text of each revision.
        titles: catalogue name to its title.
    """
    found = []
    for report_id, shown in reports.items():
        text = texts[report_id, shown]
        found.append(
            DigestEntry(
                report_id=report_id,
                revision=shown,
                catalogue_title=titles.get(text.catalogue, text.catalogue),
                fields=text.fields,
                found_by=labels.get(report_id, ()),
            )
        )
    return tuple(sorted(found, key=_newest_first))


def _newest_first(entry: DigestEntry) -> tuple[int, int]:
    dated = entry.fields.dated or date.min
    return (-dated.toordinal(), -entry.report_id)
