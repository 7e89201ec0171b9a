"""Envelope and wire: nothing that a mail or an address holds can become a command or end the mail early."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.delivery.envelope import bytes_hash, dot_stuffed, open_envelope
from alertd.errors import RelayPermanentError
from alertd.model import OutgoingMail

ALL = {"size": "1000", "smtputf8": "", "8bitmime": ""}


def mail(
    *,
    to: str = "reader@example.org",
    sender: str = "alerts+b-1@example.org",
    data: bytes = b"Subject: x\r\n\r\nbody\r\n",
) -> OutgoingMail:
    return OutgoingMail(return_path=sender, recipient=to, data=data, message_id="<1@example.org>")


def test_plain_envelope() -> None:
    """MAIL and RCPT of an ordinary mail; extensions are used only when offered."""
    assert open_envelope(mail(), {}).mail == (b"FROM:<alerts+b-1@example.org>",)
    assert open_envelope(mail(), ALL).mail == (b"FROM:<alerts+b-1@example.org>", b"SIZE=20")
    assert open_envelope(mail(), ALL).rcpt == b"TO:<reader@example.org>"
    assert open_envelope(mail(sender=""), {}).mail == (b"FROM:<>",)


def test_foreign_domain_needs_no_smtputf8() -> None:
    """A domain goes as A-labels; only a local part in UTF-8 asks for the extension."""
    assert open_envelope(mail(to="leser@bücher.example"), {}).rcpt == b"TO:<leser@xn--bcher-kva.example>"
    envelope = open_envelope(mail(to="读者@example.org"), ALL)
    assert envelope.rcpt == "TO:<读者@example.org>".encode()
    assert b"SMTPUTF8" in envelope.mail


@pytest.mark.parametrize(
    "refused",
    [mail(to="读者@example.org"), mail(data="Subject: 中\r\n\r\nx\r\n".encode())],
)
def test_smtputf8_that_is_not_offered_is_a_clear_refusal(refused: OutgoingMail) -> None:
    """The reason names the extension, and the error is permanent."""
    with pytest.raises(RelayPermanentError, match="SMTPUTF8"):
        open_envelope(refused, {})


def test_too_large_for_the_relay() -> None:
    """SIZE is believed before a byte is sent; 0 and nonsense mean no limit."""
    large = mail(data=b"x" * 1001)
    with pytest.raises(RelayPermanentError, match="1001 bytes and the relay takes 1000") as caught:
        open_envelope(large, {"size": "1000"})
    assert caught.value.enhanced == "5.3.4"
    for limit in ("0", "", "many"):
        open_envelope(large, {"size": limit})


@pytest.mark.parametrize(
    "address",
    [
        "a@b\r\nRCPT TO:<c@d>",
        "a\r\n@b.org",
        "a@b.org>\r\nDATA",
        "a@b.org> SIZE=1",
        "<a@b.org>",
        "a b@c.org",
        "a@b@c.org",
        "a\x00@b.org",
        "@b.org",
        "a@",
        "plain",
        "",
        f"{'x' * 65}@b.org",
        f"a@{'x' * 300}.org",
    ],
)
def test_hostile_addresses_never_reach_the_wire(address: str) -> None:
    """Each is refused for good, as recipient and (but for the null path) as sender."""
    with pytest.raises(RelayPermanentError):
        open_envelope(mail(to=address), ALL)
    if address:
        with pytest.raises(RelayPermanentError):
            open_envelope(mail(sender=address), ALL)


@given(st.text(max_size=80))
def test_no_address_smuggles(address: str) -> None:
    """Whatever passes is one argument in angle brackets, with nothing that could end it."""
    try:
        rcpt = open_envelope(mail(to=address), ALL).rcpt
    except RelayPermanentError:
        return
    inner = rcpt.removeprefix(b"TO:<").removesuffix(b">")
    assert len(inner) == len(rcpt) - 5
    assert not any(byte <= 0x20 or byte == 0x7F or byte in b"<>" for byte in inner)


@given(st.lists(st.sampled_from([b".", b"..", b"a", b".a", b"", b"a.", b".\t"]), max_size=8), st.booleans())
def test_dot_stuffing_is_undone_by_the_rule_of_rfc_5321(lines: list[bytes], ended: bool) -> None:
    """Section 4.5.2 read backwards gives the mail again, and only the very last line is a lone dot."""
    data = b"\r\n".join(lines) + (b"\r\n" if ended else b"")
    wire = dot_stuffed(data)
    *sent, last, end = wire.split(b"\r\n")
    assert (last, end) == (b".", b"")
    assert b"." not in sent
    received = b"".join((line[1:] if line.startswith(b".") else line) + b"\r\n" for line in sent)
    assert received == (data if data.endswith(b"\r\n") else data + b"\r\n")


@pytest.mark.parametrize("data", [b"a\n", b"a\r", b"a\r\n.\n", b"a\n.\r\nMAIL FROM:<x@y>\r\n", b"\r\r\n"])
def test_smuggling_line_ends_are_refused(data: bytes) -> None:
    """A bare CR or LF, which some servers take for the end of a mail, is a defect of ours and is not sent."""
    with pytest.raises(ValueError, match="CRLF"):
        dot_stuffed(data)


def test_the_hash_covers_envelope_and_bytes() -> None:
    """Another return path, reader or byte is another mail."""
    hashes = {bytes_hash(each) for each in (mail(), mail(to="x@y.org"), mail(sender=""), mail(data=b"x\r\n"))}
    assert len(hashes) == 4
    assert bytes_hash(mail()) == bytes_hash(mail())
