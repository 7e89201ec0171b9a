"""Which addresses are accepted, and which spellings are one person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.addresses import address_key, bare_key, check_address, check_domain


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("reader@example.org", "reader@example.org"),
        ("  Reader@Example.ORG\t", "Reader@Example.ORG"),
        ("first.last+tag@sub.example.co.uk", "first.last+tag@sub.example.co.uk"),
        ("o'brien/x=y@example.org", "o'brien/x=y@example.org"),
        ("root@localhost", "root@localhost"),
        ("张三@例子.公司", "张三@例子.公司"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("a@r3---sn.example", "a@r3---sn.example"),
        ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
    ],
)
def test_accepted(text: str, address: str) -> None:
    """Plain addresses of any script are taken as given."""
    assert check_address(text) == address


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing"),
        ("reader", "expected one @"),
        ("@example.org", "expected one @"),
        ("reader@", "expected one @"),
        ("a@b@example.org", "expected one @"),
        ("Reader <reader@example.org>", "no space or control"),
        ("<reader@example.org>", "'<' is not allowed"),
        ('"a"@example.org', "is not allowed"),
        ("a,b@example.org", "',' is not allowed"),
        ("a(b)@example.org", "is not allowed"),
        ("a\\b@example.org", "is not allowed"),
        ("a\r\nRCPT@example.org", r"control character \(found U\+000D"),
        ("a@example.org\nbcc", "control character"),
        ("a\x00@example.org", "control character"),
        ("a\u202eb@example.org", r"found U\+202E"),
        ("a\u200bb@example.org", r"found U\+200B"),
        ("\ud800@example.org", r"found U\+D800"),
        (".a@example.org", "dot stands between"),
        ("a.@example.org", "dot stands between"),
        ("a..b@example.org", "dot stands between"),
        ("x" * 65 + "@example.org", "longer than 64"),
        ("张" * 22 + "@example.org", "longer than 64"),
        ("a@" + ".".join(["x" * 61] * 4) + ".example", "longer than 254"),
        ("a@" + "x" * 64 + ".org", "cannot be part of a domain"),
        ("a@-x.org", "cannot be part of a domain"),
        ("a@ex_ample.org", "cannot be part of a domain"),
        ("a@[127.0.0.1]", "cannot be part of a domain"),
        ("a@example..org", "not a domain name"),
        ("a@example.org.", "not a domain name"),
        ("a@xn--\u00fc.org", "cannot be part of a domain"),
        ("a@xn--zzzzzzz999999.org", "cannot be part of a domain"),
    ],
)
def test_refused(text: str, message: str) -> None:
    """Everything that could smuggle, hide or not be delivered is refused with the reason."""
    with pytest.raises(ValueError, match=message):
        check_address(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Reader@Example.org", "reader@EXAMPLE.ORG"),
        ("jose\u0301@example.org", "JOS\u00c9@example.org"),
        ("a@B\u00fccher.example", "A@xn--bcher-kva.example"),
        ("stra\u00dfe@example.org", "STRASSE@example.org"),
        ("a@例子。公司", "a@例子.公司"),
    ],
)
def test_one_person(one: str, other: str) -> None:
    """Case, composition and the encoding of the domain do not make another person."""
    assert address_key(one) == address_key(other)


def test_tags_are_other_addresses_but_one_mailbox() -> None:
    """A `+tag` is its own address to subscribe with, and counts as the mailbox for limits."""
    assert address_key("a+b@example.org") != address_key("a@example.org")
    assert bare_key("A+b+c@Example.org") == bare_key("a@example.org") == "a@example.org"
    assert bare_key("+x@example.org") == "+x@example.org"


def test_domain() -> None:
    """A domain becomes lower-case A-labels."""
    assert check_domain("Bücher.Example") == "xn--bcher-kva.example"


@given(
    st.one_of(
        st.text(),
        st.builds("{}@{}".format, st.text(min_size=1), st.from_regex(r"[\w.-]{1,20}", fullmatch=True)),
    )
)
def test_any_text(text: str) -> None:
    """Any text is an address or a ValueError; the key of a key is itself."""
    try:
        address = check_address(text)
    except ValueError:
        return
    assert check_address(address) == address
    assert address.isprintable()
    key = address_key(address)
    assert address_key(key) == key
    assert bare_key(key) == bare_key(address)
