"""The key ring: the only secret of the service. It signs tokens, return paths and Message-IDs.

The file is plain text, one key a line, oldest first:

```
# a comment
k3 6b0c...64 hexadecimal digits...
q7 19fe...
```

An id is two characters of a-z and 2-7. The last key signs; every key in the file still verifies. To retire a key, delete
its line once no mail signed with it matters any more: leave tokens signed with it die with it.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alertd.errors import ConfigError, Fault, NotFoundError, RefusedError

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
"""RFC 4648 base32 in lower case: survives every server that changes the case of a local part."""

ID_LENGTH = 2
_LINE = re.compile(r"([a-z2-7]{2})\s+([0-9a-fA-F]{64})")
_HEAD = "# alertd key ring: one key a line, oldest first; the last one signs, all verify. Keep it secret (0600).\n"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id, oldest first; never empty. Its repr shows ids only.

    Attributes:
        keys: 32 secret bytes per id.
    """

    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("a key ring holds at least one key")

    @property
    def newest(self) -> str:
        """The id of the key that signs."""
        return list(self.keys)[-1]

    def find(self, key_id: str) -> bytes | None:
        """The secret of this id, None when the ring has no such key."""
        return self.keys.get(key_id)

    def sign(self, key_id: str, message: bytes) -> bytes:
        """HMAC-SHA256 of a message under the key with this id.

        Raises:
            NotFoundError: the key has left the ring.
        """
        secret = self.find(key_id)
        if secret is None:
            raise NotFoundError(f"The key ring has no key {key_id!r}. Put its line back into the key file.")
        return hmac.digest(secret, message, "sha256")

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a key file.

        Raises:
            ConfigError: missing, unreadable, open to others, empty or malformed; every fault with its line.
        """
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                data = file.read(1_000_000)
        except FileNotFoundError as error:
            raise _refusal(path, "there is no key file", "Run `alertd init` to make one") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise _refusal(
                path, f"the key file cannot be read ({reason})", "Let the service's user read it"
            ) from error
        if mode & 0o077:
            raise _refusal(
                path, f"the key file is open to others (mode {mode:04o})", f"Run `chmod 600 {path}`"
            )
        return cls(_parse(path, data))

    @classmethod
    def create(cls, path: Path) -> KeyRing:
        """Make a key file (0600, on disk when this returns) with one new key.

        Raises:
            RefusedError: the file exists already.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise RefusedError(
                f"{path} exists already; a new key file would void every link sent so far."
            ) from error
        _write(descriptor, _HEAD + _new_line(taken=()))
        return cls.load(path)

    @classmethod
    def add(cls, path: Path) -> KeyRing:
        """Append a new key, which signs from the next load on; owner and mode of the file stay.

        Raises:
            ConfigError: as `load`.
        """
        ring = cls.load(path)
        gap = "" if path.read_bytes().endswith(b"\n") else "\n"
        _write(os.open(path, os.O_WRONLY | os.O_APPEND), gap + _new_line(taken=tuple(ring.keys)))
        return cls.load(path)


def _refusal(path: Path, what: str, remedy: str) -> ConfigError:
    return ConfigError((Fault(str(path), 0, "", what, remedy),))


def _parse(path: Path, data: bytes) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    faults: list[Fault] = []
    for number, raw in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:  # the line itself is never shown: it may be a damaged secret
            remedy = "Write an id of two characters (a-z, 2-7), a space and 64 hexadecimal digits"
            faults.append(Fault(str(path), number, "", "this is no key", remedy))
        elif found[1] in keys:
            faults.append(
                Fault(str(path), number, found[1], "the id is used twice", "Delete one of the two lines")
            )
        else:
            keys[found[1]] = bytes.fromhex(found[2])
    if not keys and not faults:
        faults.append(Fault(str(path), 0, "", "the key file holds no key", "Delete it and run `alertd init`"))
    if faults:
        raise ConfigError(tuple(faults))
    return keys


def _new_line(*, taken: tuple[str, ...]) -> str:
    while True:
        key_id = "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
        if key_id not in taken:
            return f"{key_id} {secrets.token_hex(32)}\n"


def _write(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
