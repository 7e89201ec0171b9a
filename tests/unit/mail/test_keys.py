"""The key ring's file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alertd.errors import ConfigError, NotFoundError, RefusedError
from alertd.mail.keys import KeyRing

LINE = "k3 " + "ab" * 32 + "\n"


def _file(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "alertd.key"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_created_file_is_private_and_loads(tmp_path: Path) -> None:
    """A new key file is 0600 whatever the umask, and reads back."""
    path = tmp_path / "alertd.key"
    old = os.umask(0)
    try:
        made = KeyRing.create(path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    assert dict(KeyRing.load(path).keys) == dict(made.keys)
    assert len(made.keys[made.newest]) == 32


def test_create_never_replaces(tmp_path: Path) -> None:
    """A second `create` is refused and leaves the keys alone."""
    path = tmp_path / "alertd.key"
    KeyRing.create(path)
    before = path.read_bytes()
    with pytest.raises(RefusedError):
        KeyRing.create(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("end", ["", "\n"])
def test_added_key_signs_and_the_old_one_stays(tmp_path: Path, end: str) -> None:
    """Rotation appends: the new key is the newest, the old one verifies, also without a final line feed."""
    path = _file(tmp_path, LINE.rstrip("\n") + end)
    ring = KeyRing.add(path)
    assert list(ring.keys) == ["k3", ring.newest]
    assert ring.newest != "k3"
    assert ring.find("k3") == bytes.fromhex("ab" * 32)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_open_file_is_refused(tmp_path: Path, mode: int) -> None:
    """A key file that group or others can touch is refused, with the command that mends it."""
    with pytest.raises(ConfigError, match="chmod 600"):
        KeyRing.load(_file(tmp_path, LINE, mode))


def test_read_only_file_is_accepted(tmp_path: Path) -> None:
    """0400, as a credential is handed over by systemd, is fine."""
    assert KeyRing.load(_file(tmp_path, LINE, 0o400)).newest == "k3"


def test_all_faults_are_told_without_the_secret(tmp_path: Path) -> None:
    """Each bad line is named by its number; what stands there may be a secret and is not shown."""
    path = _file(tmp_path, "# head\n" + LINE + "secretwithoutid\n" + LINE + "K9 " + "cd" * 32)
    with pytest.raises(ConfigError) as caught:
        KeyRing.load(path)
    assert [fault.line for fault in caught.value.faults] == [3, 4, 5]
    assert "secretwithoutid" not in str(caught.value)
    assert "cdcd" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "# nothing\n\n"])
def test_empty_ring_is_a_fault(tmp_path: Path, text: str) -> None:
    """A file without a key signs nothing, so it is refused."""
    with pytest.raises(ConfigError, match="no key"):
        KeyRing.load(_file(tmp_path, text))


def test_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """A missing file names the command that makes one."""
    with pytest.raises(ConfigError, match="alertd init"):
        KeyRing.load(tmp_path / "none.key")


def test_repr_hides_secrets_and_retired_keys_are_named() -> None:
    """No secret in a traceback; a key that left the ring is an error that says which."""
    ring = KeyRing({"k3": b"\xab" * 32})
    assert "xab" not in repr(ring)
    with pytest.raises(NotFoundError, match="zz"):
        ring.sign("zz", b"")
