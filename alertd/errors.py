"""Every error alertd raises on purpose.

```
AlertdError                     the root; `exit_code` says how a command ends
├── ConfigError                 faults in alertd.toml or config/*.toml (exit 2)
├── QuerySyntaxError            a query that cannot be read: column, what was expected
├── NotFoundError               a thing named by the user that does not exist
├── RefusedError                understood and refused: unsafe or out of order (exit 3)
├── TokenError                  a token that proves nothing
│   └── ExpiredTokenError       genuine, and too late
├── RenderError                 a mail that cannot be made: it is held, nothing else stops
├── StoreError                  the database
│   ├── StoreBusyError          another process writes it (exit 4)
│   └── StoreUnavailableError   temporary: locked, full, unreachable
├── FetchError                  a catalogue could not be fetched; `temporary` tells
│   └── BlockedAddressError     the SSRF guard refused the address
├── ParseError                  a feed with no entries to be had from it
└── RelayError                  the relay
    ├── RelayTemporaryError     4xx, time-outs, lost connections before DATA
    ├── RelayPermanentError     5xx about this one mail
    └── RelayConfigError        5xx about us: authentication, relay denied, TLS
```
Whether an error is temporary is in its type (`temporary`), never in its text; unknown means temporary.
"""

from __future__ import annotations

from dataclasses import dataclass


class AlertdError(Exception):
    """The root of the tree.

    Attributes:
        exit_code: what a command that ends with this error returns to the shell.
        temporary: True when the same act may succeed later with no change.
    """

    exit_code = 1
    temporary = False


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in a file: where, what, and how to mend it.

    Attributes:
        file: path as the user would name it.
        line: 1-based line, 0 when the file as a whole is meant.
        key: dotted key, for example `service.time_zone` or `subscriber[3].queries[1]`.
        what: what is wrong, one sentence without a full stop.
        remedy: how to mend it, one sentence without a full stop.
    """

    file: str
    line: int
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        end = "" if self.remedy.endswith("?") else "."
        return f"{where}:{key} {self.what}. {self.remedy}{end}"


class ConfigError(AlertdError):
    """The configuration has faults; all of them are in `faults`."""

    exit_code = 2

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class QuerySyntaxError(AlertdError):
    """A query cannot be read.

    Attributes:
        column: 1-based column in the typed text where reading stopped.
        expected: what could have stood there, in plain words.
        suggestion: a corrected example, or "".
    """

    exit_code = 2

    def __init__(self, message: str, *, column: int, expected: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.expected = expected
        self.suggestion = suggestion


class NotFoundError(AlertdError):
    """What the user named does not exist."""


class RefusedError(AlertdError):
    """Understood, and refused for a reason that the message gives together with the way round."""

    exit_code = 3


class TokenError(AlertdError):
    """A token is malformed, forged, expired or for another purpose."""


class ExpiredTokenError(TokenError):
    """A genuine token that came too late."""


class RenderError(AlertdError):
    """A mail cannot be made from its row: the row is held, the others go on."""


class StoreError(AlertdError):
    """The database failed."""


class StoreBusyError(StoreError):
    """Another process holds the store for writing."""

    exit_code = 4
    temporary = True


class StoreUnavailableError(StoreError):
    """The database cannot be used now: locked, full, read-only or unreachable."""

    exit_code = 4
    temporary = True


class FetchError(AlertdError):
    """A catalogue's feed could not be fetched.

    Attributes:
        status: HTTP status, None when there was no answer.
        retry_after: seconds the server asked us to wait, None when it did not.
        gone: the server said 410: stop polling.
    """

    temporary = True

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None, gone: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.gone = gone


class BlockedAddressError(FetchError):
    """The SSRF guard refused to connect."""

    temporary = False


class ParseError(AlertdError):
    """A feed that yields no entries: not a feed, too large, or its worker had to be killed."""

    temporary = True


class RelayError(AlertdError):
    """The relay refused or failed.

    Attributes:
        stage: connect, tls, auth, mail, rcpt, data or dot.
        code: SMTP reply code, None when there was no reply.
        enhanced: RFC 3463 status such as "5.1.1", or "".
        text: the reply's text, one line.
    """

    def __init__(self, text: str, *, stage: str, code: int | None = None, enhanced: str = "") -> None:
        super().__init__(f"{stage}: {' '.join(str(part) for part in (code, enhanced, text) if part)}")
        self.text = text
        self.stage = stage
        self.code = code
        self.enhanced = enhanced


class RelayTemporaryError(RelayError):
    """4xx, a time-out or a lost connection before the message was handed over."""

    temporary = True


class RelayPermanentError(RelayError):
    """5xx about this one mail or recipient."""


class RelayConfigError(RelayError):
    """5xx or TLS failure that is about us, not about the recipient: stop and tell the operator."""

    temporary = True
