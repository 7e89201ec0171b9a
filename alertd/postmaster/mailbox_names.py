"""Mailbox names on the wire: modified UTF-7 (RFC 3501 section 5.1.3)."""

from __future__ import annotations

import re
from base64 import b64encode

_SHIFTED = re.compile(r"[^\x20-\x7e]+|&")


def encode(name: str) -> str:
    """The name as IMAP sends it: printable ASCII as it is, "&" as "&-", all else as shifted UTF-16.

    >>> encode("台北")
    '&U,BTFw-'
    """
    return _SHIFTED.sub(lambda found: "&-" if found[0] == "&" else _shift(found[0]), name)


def _shift(text: str) -> str:
    code = b64encode(text.encode("utf-16-be", errors="replace"), altchars=b"+,").decode("ascii")
    return f"&{code.rstrip('=')}-"
