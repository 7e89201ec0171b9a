"""Whether our own mail server says that a mail comes from where its From says (RFC 8601)."""

from __future__ import annotations

import re

from alertd.postmaster.headers import addresses
from alertd.postmaster.read import Mail

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(
    r"^\s*(?P<method>[a-z0-9-]+)(?:/\d+)?\s*=\s*(?P<result>[a-z]+)\b(?P<rest>.*)$", re.IGNORECASE | re.DOTALL
)
_PROPERTY = re.compile(
    r"(?P<name>[a-z]+\.[a-z0-9_-]+)\s*=\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^\s;]+))", re.IGNORECASE
)


def is_authentic(mail: Mail, *, trusted: str) -> bool:
    """Whether the trusted server vouches for the From address.

    Only the topmost Authentication-Results counts, and only if it bears the trusted authserv-id: our server writes its own
    above all others, and whatever stands below may be the sender's invention (RFC 8601 section 5). It must say that a DKIM
    signature or SPF passed for the From's own domain or a domain it is part of (relaxed alignment, RFC 7489 section 3.1).

    Args:
        mail: the mail; one with no or several From fields or addresses is never authentic.
        trusted: `[intake] trusted_authserv_id`; "" trusts nobody.
    """
    domain = mail.author.rpartition("@")[2].lower()
    fields = mail.root.every("authentication-results")
    if not trusted or not domain or not fields:
        return False
    value = _COMMENT.sub(" ", _COMMENT.sub(" ", fields[0]))
    identity, _, results = value.partition(";")
    if identity.split()[:1] != [trusted] and identity.split()[:1] != [trusted.lower()]:
        return False
    parsed = [match for text in results.split(";") if (match := _RESULT.match(text))]
    if any(match["method"].lower() == "dmarc" and match["result"].lower() == "fail" for match in parsed):
        return False
    return any(_vouches(match, domain) for match in parsed)


def _vouches(match: re.Match[str], domain: str) -> bool:
    if match["result"].lower() != "pass":
        return False
    properties = {
        found["name"].lower(): (found["quoted"] or found["plain"] or "").lower()
        for found in _PROPERTY.finditer(match["rest"])
    }
    method = match["method"].lower()
    if method == "dkim":
        signer = properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]
        return _aligned(signer, domain)
    if method == "spf":
        path = properties.get("smtp.mailfrom", "")
        found = addresses(path)
        return _aligned(found[0].rpartition("@")[2] if found else path.rpartition("@")[2], domain)
    return method == "dmarc" and _aligned(properties.get("header.from", ""), domain)


def _aligned(vouched: str, domain: str) -> bool:
    """The same domain, or one a sub-domain of the other with at least two labels in common."""
    vouched, domain = vouched.strip(".").lower(), domain.strip(".").lower()
    if not vouched or "." not in vouched:
        return False
    return (
        vouched == domain
        or domain.endswith("." + vouched)
        or (vouched.endswith("." + domain) and "." in domain)
    )
