"""Laws of the configuration: nothing but ConfigError ever comes out of it, and every key's line is known."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alertd import config
from alertd.config import declared_keys, keys
from alertd.config.documents import Document, parse_document
from alertd.config.lines import scan_lines
from alertd.errors import ConfigError, Fault
from tests.unit.config.folder import secret

NAMES = sorted({key.name for table in (*keys.TABLES, *declared_keys.TABLES) for key in table.keys})
HEADERS = [
    "service",
    "store",
    "relay",
    "delivery",
    "intake",
    "intake.imap",
    "paths",
    "catalogue.a",
    "catalogue.a.fields",
]
HEADERS += ["catalogue", "topic.b", "topic", "subscriber", '"sub scriber"', "x.y"]

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "a@example.org",
            "https://example.org",
            "15m",
            "daily at 08:00",
            "en",
            "none",
            "a OR (b",
            "x.key",
            "drc",
        ]
    ),
)
bare = st.one_of(st.sampled_from(NAMES), st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True))


def quoted(text: str) -> str:
    """A basic string."""
    body = "".join(f"\\U{ord(one):08x}" if ord(one) < 32 or one in '"\\\x7f' else one for one in text)
    return f'"{body}"'


blanks = st.sampled_from(["", " ", "\n", "\n\n  ", ' # a [comment] "=\n', "\t"])
scalars = st.one_of(
    texts.filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text)).map(quoted),
    st.integers(-100, 100_000).map(str),
    st.sampled_from(
        ["true", "false", "1.5", "2026-11-24", "1979-05-27 07:32:00", "inf", "'# no [comment] {'"]
    ),
    st.sampled_from(
        ["'''\nk = 1\n'''", '"""a\\"""b"""', '"""\n[x]\n"""""', "''''a'''''", '"""\\\n  z"""', "''", '""']
    ),
)


def arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Arrays over several lines and inline tables."""
    return st.one_of(
        st.lists(st.tuples(blanks, inner, blanks), max_size=3).map(
            lambda parts: "[" + ",".join(f"{before}{one}{after}" for before, one, after in parts) + "\n]"
        ),
        st.dictionaries(bare, inner, max_size=3).map(
            lambda pairs: "{ " + ", ".join(f"{key} = {one}" for key, one in pairs.items()) + " }"
        ),
    )


values = st.recursive(scalars, arrays, max_leaves=6)
keys_of_pairs = st.one_of(bare, st.builds("{}.{}".format, bare, bare), texts.map(quoted), st.just("'a.b'"))
pairs = st.builds("{} = {}".format, keys_of_pairs, values)
headers = st.one_of(st.sampled_from(HEADERS), bare, st.builds("{} . {}".format, bare, bare))
statements = st.one_of(pairs, headers.map("[{}]".format), headers.map("[[{}]]".format), blanks)
documents = st.lists(statements, max_size=12).map("\n".join)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every key, table and element of a parsed text."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield (*path, step)
        yield from paths(inner, (*path, step))


@given(documents)
def test_every_path_has_a_line(text: str) -> None:
    """Of any valid text each key, table and element has a line, no other has, and a key stands on its line."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = scan_lines(text)
    assert set(lines) == set(paths(table))
    printed = text.split("\n")
    for path, line in lines.items():
        last = path[-1]
        if isinstance(last, str) and last.isascii() and last.isidentifier():
            assert last in printed[line - 1] or "\\U" in printed[line - 1]


@given(st.lists(st.tuples(bare, values), min_size=1, max_size=6, unique_by=lambda pair: pair[0]))
def test_lines_are_exact(given_pairs: list[tuple[str, str]]) -> None:
    """A key's line is where it was printed, whatever values of several lines stand before it."""
    text = ""
    expected: dict[tuple[str | int, ...], int] = {}
    for name, value in given_pairs:
        expected[name,] = text.count("\n") + 1
        text += f"{name} = {value}\n"
    with suppress(tomllib.TOMLDecodeError):
        tomllib.loads(text)
        assert {path: line for path, line in scan_lines(text).items() if len(path) == 1} == expected


@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    )
)
def test_any_bytes_are_a_document_or_a_fault(data: bytes) -> None:
    """Bytes are read, or become one fault; nothing is raised."""
    assert isinstance(parse_document("x.toml", data), Document | Fault)


@given(documents, documents, documents, documents)
def test_any_files_load_or_are_faulty(main: str, catalogues: str, topics: str, subscribers: str) -> None:
    """Whatever stands in the four files, they load or a ConfigError tells faults that are complete."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        secret(here / "alertd.key")
        (here / "config").mkdir()
        (here / "alertd.toml").write_bytes(main.encode("utf-8", "surrogatepass"))
        for name, text in (("catalogues", catalogues), ("topics", topics), ("subscribers", subscribers)):
            (here / "config" / f"{name}.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            loaded, declared = config.load(here / "alertd.toml")
            config.unset(loaded, declared)
        except ConfigError as error:
            for fault in error.faults:
                assert fault.what
                assert fault.remedy
                assert str(fault).isprintable()
