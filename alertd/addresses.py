"""What an e-mail address is to us: how it is checked, and when two spellings are one person.

Mail goes to the address as given; `address_key` is what it is looked up by; `bare_key` is what limits count by.
"""

from __future__ import annotations

import re
import unicodedata

import idna

_LONGEST_LOCAL = 64  # octets, RFC 5321 section 4.5.3.1.1
_LONGEST_DOMAIN = 255  # octets, RFC 5321 section 4.5.3.1.2
_LONGEST_PATH = 254  # octets, RFC 5321 section 4.5.3.1.3 without the angle brackets
_LONGEST_LABEL = 63
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]")  # RFC 5322 section 3.2.3, and the dot between atoms
_ATOMS = re.compile(_ATOM.pattern + "+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")  # letters, digits, hyphens: RFC 5321 section 4.1.2
# Others, marks, separators: invisible or meant for layout; a letter, number or symbol of any script is fine (RFC 6531).
_INVISIBLE = ("C", "Z")


def check_address(text: str) -> str:
    """The address, stripped and NFC-normalised, when mail can be sent to it.

    A plain `local@domain`: no display name, no comment, no quoted local part, no address literal. Both sides may be in any
    script (RFC 6531); the domain must be a valid IDN.

    Raises:
        ValueError: it is not such an address; the message says why.
    """
    address = unicodedata.normalize("NFC", text).strip(" \t")
    if not address:
        raise ValueError("the address is missing; expected name@example.org")
    if not (address.isascii() and address.isprintable() and " " not in address):
        _check_visible(address)
    local, domain = _split(address)
    if not _ATOMS.fullmatch(local):
        _check_atoms(local)
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError(
            "a dot stands between two other characters before the @, never at an end or twice in a row"
        )
    if len(local.encode()) > _LONGEST_LOCAL:
        raise ValueError(f"the part before the @ is longer than {_LONGEST_LOCAL} octets")
    if len(local.encode()) + 1 + max(len(check_domain(domain)), len(domain.encode())) > _LONGEST_PATH:
        raise ValueError(f"the address is longer than {_LONGEST_PATH} octets")
    return address


def _check_visible(address: str) -> None:
    for character in address:
        if unicodedata.category(character)[0] in _INVISIBLE:
            raise ValueError(f"an address holds no space or control character (found U+{ord(character):04X})")


def _check_atoms(local: str) -> None:
    for character in local:
        if character.isascii() and not _ATOM.fullmatch(character):
            raise ValueError(f"{character!r} is not allowed in an address; expected name@example.org")


def check_domain(text: str) -> str:
    """The domain as lower-case A-labels: "Bücher.example" becomes "xn--bcher-kva.example".

    Raises:
        ValueError: it is no domain name; the message says why.
    """
    labels = re.split("[.\u3002\uff0e\uff61]", text)  # the dots of IDNA (UTS 46)
    if not text or len(text) > _LONGEST_DOMAIN or "" in labels:
        raise ValueError(f"{text[:60]!r} is not a domain name; expected something like example.org")
    domain = ".".join(_label(label) for label in labels)
    if len(domain) > _LONGEST_DOMAIN:
        raise ValueError(f"the domain is longer than {_LONGEST_DOMAIN} octets")
    return domain


def address_key(address: str) -> str:
    """What makes two spellings one person: NFC, case-folded local part, lower-case A-label domain.

    Raises:
        ValueError: there is no `@`, or no domain behind it.
    """
    local, domain = _split(unicodedata.normalize("NFC", address).strip(" \t"))
    # Canonical caseless matching (Unicode section 3.13, D145): decompose, fold, compose.
    folded = unicodedata.normalize("NFD", local).casefold()
    return f"{unicodedata.normalize('NFC', folded)}@{check_domain(domain)}"


def bare_key(address: str) -> str:
    """The key without a `+tag`: what limits on confirmations count by, so that varied tags reach one mailbox no oftener.

    Raises:
        ValueError: there is no `@`, or no domain behind it.
    """
    local, _at, domain = address_key(address).rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _split(address: str) -> tuple[str, str]:
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or "@" in local:
        raise ValueError(f"{address[:60]!r} is not an address; expected one @, as in name@example.org")
    return local, domain


def _label(label: str) -> str:
    lower = label.lower()
    if lower.isascii() and not lower.startswith("xn--"):
        # The names that are in use, and not only those IDNA would let be registered today ("r3---sn", "a--b").
        if len(lower) <= _LONGEST_LABEL and _LABEL.fullmatch(lower):
            return lower
        raise ValueError(
            f"{label[:60]!r} cannot be part of a domain name: letters, digits and inner hyphens only"
        )
    try:
        return idna.encode(label, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"{label[:60]!r} cannot be part of a domain name: {error}") from error
