"""What the sandbox catalogue serves: its RSS 2.0 feed, and a page for each report. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape

from alertd.demo.reports import SandboxReport

TITLE = "Lakeside Institute for Public Policy"
_DC = "http://purl.org/dc/elements/1.1/"
_ATOM = "http://www.w3.org/2005/Atom"


def feed(reports: Sequence[tuple[SandboxReport, datetime]], *, base: str) -> bytes:
    """The feed, newest first.

    Args:
        reports: each with the instant it was published, in any order.
        base: the catalogue's address, without a slash at its end.
    """
    ET.register_namespace("dc", _DC)
    ET.register_namespace("atom", _ATOM)
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    _add(channel, "title", f"{TITLE}: research reports")
    _add(channel, "link", f"{base}/")
    _add(channel, "description", "Research reports, in English and Chinese. Made up for a demonstration.")
    ET.SubElement(
        channel,
        f"{{{_ATOM}}}link",
        {"rel": "self", "type": "application/rss+xml", "href": f"{base}/feed.xml"},
    )
    for report, published in sorted(reports, key=lambda each: -each[0].number):
        item = ET.SubElement(channel, "item")
        _add(item, "title", report.title)
        _add(item, "link", base + report.path)
        _add(item, "guid", f"lakeside-{report.day.year}-{report.number}").set("isPermaLink", "false")
        _add(item, "pubDate", format_datetime(published))
        _add(item, f"{{{_DC}}}language", report.language)
        _add(item, "description", "".join(f"<p>{escape(line)}</p>" for line in report.lines()))
    body: bytes = ET.tostring(rss, encoding="utf-8", xml_declaration=True)
    return body


def report_page(report: SandboxReport) -> str:
    """A report's own page."""
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in report.lines())
    return _page(report.language, report.title, f'<p><a href="/">{escape(TITLE)}</a></p>', paragraphs)


def index_page(reports: Sequence[SandboxReport]) -> str:
    """The list of what has been published, newest first."""
    lines = "".join(
        f'<li>No {each.number}: <a href="{each.path}">{escape(each.title)}</a> ({each.day})</li>'
        for each in sorted(reports, key=lambda each: -each.number)
    )
    return _page("en", TITLE, '<p><a href="/feed.xml">RSS</a></p>', f"<ul>{lines}</ul>")


def _page(language: str, title: str, above: str, below: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<body style="max-width:44em;margin:2em auto;font-family:sans-serif">{above}<h1>{escape(title)}</h1>{below}'
    )


def _add(parent: ET.Element, tag: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, tag)
    element.text = text
    return element
