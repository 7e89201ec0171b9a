"""alertd.toml: every kind of fault is found at its line and key, and good values become settings."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alertd import config
from alertd.config.changed import changed_keys
from alertd.config.checks import LONGEST_LOCAL
from alertd.config.settings import Settings
from alertd.errors import ConfigError
from alertd.mail import tokens
from tests.unit.config.folder import faults, good, secret, write

FAULTY = [
    # unknown names
    (
        '[service]\nadress = "a@example.org"',
        2,
        "service.adress",
        "no key 'adress' in [service]",
        "Did you mean 'address'?",
    ),
    ("[service]\nzzz = 1", 2, "service.zzz", "no key 'zzz'", "Known here: address, key_file"),
    ("[servce]\n", 1, "servce", "no table 'servce'", "Did you mean 'service'?"),
    ("[catalogue.x]\n", 1, "catalogue", "no table 'catalogue'", "belongs into config/catalogues.toml"),
    ("[[subscriber]]\n", 1, "subscriber", "no table", "belongs into config/subscribers.toml"),
    ('\nowner = "a@example.org"', 2, "owner", "outside of any table", "Move it below [service]"),
    ('host = "x"', 1, "host", "outside of any table", "[relay] or [intake.imap]"),
    (
        '[relay]\npassword = "hunter2"',
        2,
        "relay.password",
        "no key 'password'",
        "Did you mean 'password_file'?",
    ),
    ("[intake.imp]\n", 1, "intake.imp", "no table 'imp' in [intake]", "Did you mean 'imap'?"),
    # types
    ("service = 1", 1, "service", "this is a number, expected a table", "begin it with a line [service]"),
    ("[service]\nname = 1", 2, "service.name", "this is a number, expected text in quotes", "Report alerts"),
    ('[service]\nname = ["x"]', 2, "service.name", "this is a list", ""),
    ("[service]\nname = 2026-01-01", 2, "service.name", "this is a date or time", ""),
    ('[service]\nwelcome = "yes"', 2, "service.welcome", "expected true or false", ""),
    ('[relay]\nport = "25"', 2, "relay.port", "expected a number", ""),
    ("[relay]\nport = true", 2, "relay.port", "this is true or false, expected a number", ""),
    ("[relay]\nport = 25.0", 2, "relay.port", "this is a decimal number", ""),
    ("[store]\nkeep = 400", 2, "store.keep", "expected text in quotes", '"15m"'),
    ('[delivery]\nretries = "5m"', 2, "delivery.retries", "expected a list", ""),
    ("[intake]\nimap = 1", 2, "intake.imap", "expected a table", "[intake.imap]"),
    # values
    ('[service]\nname = " "', 2, "service.name", "this is empty", ""),
    ('[service]\nname = "a\\nBcc: b"', 2, "service.name", "U+000A is invisible", ""),
    (
        '[service]\naddress = "Alerts <a@example.org>"',
        2,
        "service.address",
        "no space or control",
        "name@example.org",
    ),
    ('[service]\naddress = "a@-"', 2, "service.address", "cannot be part of a domain", ""),
    (
        f'[service]\naddress = "{"a" * 20}@example.org"',
        2,
        "service.address",
        "longer than 19",
        "shorter address",
    ),
    ('[service]\naddress = "é@example.org"', 2, "service.address", "not ASCII", ""),
    (
        '[service]\naddress = "a@example.org"\nowner = "A+x@example.org"',
        3,
        "service.owner",
        "owner is the service itself",
        "",
    ),
    (
        '[service]\ntime_zone = "Berlin"',
        2,
        "service.time_zone",
        "no time zone 'Berlin'",
        "Did you mean Europe/Berlin",
    ),
    ('[service]\nlanguage = "de"', 2, "service.language", "'de' is not known here", '"en" or "zh"'),
    ('[service]\nseparator = "="', 2, "service.separator", "not known here", '"+" or "-"'),
    ('[service]\npublic_url = "example.org"', 2, "service.public_url", "not an http or https URL", ""),
    (
        '[service]\npublic_url = "https://example.org/?a=1"',
        2,
        "service.public_url",
        "only scheme, host and path",
        "",
    ),
    ('[service]\npublic_url = "https://exa mple.org"', 2, "service.public_url", "no space", ""),
    ('[service]\npublic_url = "https://[::1"', 2, "service.public_url", "not a URL", ""),
    ('[service]\npublic_url = "https://example.org:99999"', 2, "service.public_url", "not a URL", ""),
    (
        '[service]\nkey_file = "no.key"',
        2,
        "service.key_file",
        "no.key does not exist",
        "`alertd init` or `alertd key new`",
    ),
    ('[service]\nkey_file = ""', 2, "service.key_file", "no path", ""),
    ('[service]\nkey_file = "config"', 2, "service.key_file", "not a file", ""),
    (f'[service]\nkey_file = "{"k" * 300}"', 2, "service.key_file", "longer than file systems allow", ""),
    ('[store]\nurl = "mysql://x"', 2, "store.url", "not the URL of a store", "postgresql://"),
    ('[store]\nurl = "sqlite://"', 2, "store.url", "needs a file", ""),
    ('[store]\nurl = "sqlite:///:memory:"', 2, "store.url", "needs a file", ""),
    ('[store]\nurl = "sqlite:///a?b"', 2, "store.url", "no question mark", ""),
    ('[store]\nurl = "postgresql://h:x/d"', 2, "store.url", "not a URL", ""),
    ('[store]\nkeep = "400"', 2, "store.keep", "not a duration", "15m, 12h or 30d"),
    ('[store]\nkeep = "1h"', 2, "store.keep", "too short", "1d or longer"),
    ("[relay]\nport = 0", 2, "relay.port", "0 is out of range", "from 1 to 65535"),
    ("[relay]\nport = 65536", 2, "relay.port", "65536 is out of range", ""),
    ('[relay]\nhost = "mail.example.org:25"', 2, "relay.host", "not the name of a host", "without port"),
    ('[relay]\nhost = ""', 2, "relay.host", "not the name of a host", ""),
    ('[relay]\nhost = "mail.example.org"', 2, "relay.host", "unencrypted", "starttls"),
    ('[relay]\nhost = "10.0.0.1"\ntls = "none"', 3, "relay.tls", "would go to 10.0.0.1 unencrypted", ""),
    ('[relay]\ntls = "ssl"', 2, "relay.tls", "'ssl' is not known here", '"none", "starttls" or "implicit"'),
    ('[relay]\nusername = "u"', 2, "relay.username", "a user and no password", ""),
    (
        '[relay]\nusername = "u"\npassword_file = "no"',
        3,
        "relay.password_file",
        "no does not exist",
        "mode 0600",
    ),
    ('[relay]\npassword_file = "alertd.key"', 2, "relay.password_file", "a password and no user", ""),
    ('[relay]\nca_file = "no.pem"', 2, "relay.ca_file", "no.pem cannot be read", ""),
    ("[delivery]\nretries = []", 2, "delivery.retries", "the list is empty", ""),
    ('[delivery]\nretries = [\n  "5m",\n  "5",\n]', 4, "delivery.retries[2]", "'5' is not a duration", ""),
    ('[delivery]\ngive_up = "1m"', 2, "delivery.give_up", "given up before its first retry", ""),
    ('[delivery]\nin_doubt = "drop"', 2, "delivery.in_doubt", "not known here", ""),
    ('[intake]\nlmtp = "2400"', 2, "intake.lmtp", "no place to listen", ""),
    ('[intake]\nlmtp = "127.0.0.1:0"', 2, "intake.lmtp", "no place to listen", ""),
    ("[intake]\nmax_size = 1", 2, "intake.max_size", "out of range", ""),
    (
        '[intake]\nrefuse_domains = ["a.example", "-"]',
        2,
        "intake.refuse_domains[2]",
        "cannot be part of a domain",
        "",
    ),
    (
        '[intake]\nrefuse_domains = ["a.example", "A.example"]',
        2,
        "intake.refuse_domains[2]",
        "stands here twice",
        "",
    ),
    ('[intake.imap]\nhost = "localhost"', 2, "intake.imap.host", "the mailbox has no user", ""),
    (
        '[intake.imap]\nhost = "i.example.org"\ntls = "none"\nusername = "u"\npassword_file = "alertd.key"',
        3,
        "intake.imap.tls",
        "unencrypted",
        "",
    ),
    ('[paths]\ntemplates = "none"', 2, "paths.templates", "none is not a folder", ""),
    ('[paths]\nconfig = "none"', 2, "paths.config", "none does not exist", ""),
    ('[paths]\nconfig = "alertd.key"', 2, "paths.config", "is not a folder", ""),
    # not TOML
    ("[service]\nname = \n", 2, "", "not valid TOML: invalid value at column 8", "quotes"),
    ("[service]\nname = Alerts", 2, "", "invalid value", "text in quotes"),
    ("[service]\n[service]", 2, "", "cannot declare service twice", "stands once"),
    ("[a.b]\n[a.b]\n", 2, "", "cannot declare a.b twice", "stands once"),
    ('[service]\nname = "a"\nname = "b"', 3, "", "cannot overwrite a value at the end", "stands once"),
    ('[service]\nname = "a', 2, "", "not valid TOML", "missing quote"),
    ("a = " + "9" * 5000, 0, "", "a value cannot be read", ""),
    ("a = " + "[" * 5000 + "]" * 5000, 0, "", "nested too deeply", ""),
]


@pytest.mark.parametrize("case", FAULTY, ids=[f"{case[-4]} {case[-2]}" for case in FAULTY])
def test_one_fault(case: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault is the only one told, with file, line, key, what is wrong and how to mend it."""
    text, line, key, what, remedy = case
    monkeypatch.chdir(tmp_path)
    (fault,) = faults(tmp_path, text)
    assert (fault.file, fault.line, fault.key) == ("alertd.toml", line, key)
    assert what.casefold() in fault.what.casefold()
    assert remedy.casefold() in fault.remedy.casefold()
    assert not fault.what.endswith(".")
    assert fault.remedy
    assert not fault.remedy.endswith(".")


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Eleven faults in five files are told together, in the order of files and lines."""
    found = faults(
        tmp_path,
        '[service]\nadress = "x"\nlanguage = "de"\n[relay]\nport = 0\nhost = "mail.example.org"\n[store]\nkeep = "x"\n',
        catalogues='[catalogue.X]\nfeed = "x"\n[catalogue.y]\n',
        topics="[topic.a]\nquery = 1\n",
        subscribers='[[subscriber]]\naddress = "x"\ntopics = ["b"]\n[[subscriber]\n',
        subscriber="",
    )
    places = [(Path(fault.file).name, fault.line, fault.key) for fault in found]
    assert places == [
        ("alertd.toml", 2, "service.adress"),
        ("alertd.toml", 3, "service.language"),
        ("alertd.toml", 5, "relay.port"),
        ("alertd.toml", 6, "relay.host"),
        ("alertd.toml", 8, "store.keep"),
        ("catalogues.toml", 1, "catalogue.X"),
        ("catalogues.toml", 2, "catalogue.X.feed"),
        ("catalogues.toml", 3, "catalogue.y"),
        ("subscriber.toml", 0, ""),
        ("subscribers.toml", 4, ""),
        ("topics.toml", 2, "topic.a.query"),
    ]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_secrets_open_to_others_are_refused(mode: int, tmp_path: Path) -> None:
    """A key or password file that group or others can open is refused, with the command that mends it."""
    file = write(tmp_path, '[relay]\nusername = "u"\npassword_file = "pw"')
    secret(tmp_path / "pw", mode)
    secret(tmp_path / "alertd.key", mode)
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert [fault.key for fault in caught.value.faults] == ["service.key_file", "relay.password_file"]
    assert all(
        "open to others" in fault.what and "chmod 600" in fault.remedy for fault in caught.value.faults
    )


def test_credentials_of_systemd_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file below CREDENTIALS_DIRECTORY is guarded by systemd, whatever its mode looks like."""
    secret(tmp_path / "pw", 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    settings, _ = good(tmp_path, f'[relay]\nusername = "u"\npassword_file = "{tmp_path / "pw"}"')
    assert settings.relay.password_file == tmp_path / "pw"


def test_secret_that_cannot_be_read(tmp_path: Path) -> None:
    """A key file of another user is a fault, not a traceback."""
    file = write(tmp_path)
    (tmp_path / "alertd.key").chmod(0o000)
    if os.access(tmp_path / "alertd.key", os.R_OK):
        assert config.load_settings(file)  # root reads everything
        return
    with pytest.raises(ConfigError, match="cannot be read by this user"):
        config.load_settings(file)


def test_empty_secret(tmp_path: Path) -> None:
    """An empty key file is no key."""
    file = write(tmp_path)
    (tmp_path / "alertd.key").write_text("")
    with pytest.raises(ConfigError, match=r"alertd.key is empty\. Run `alertd init`"):
        config.load_settings(file)


def test_no_file(tmp_path: Path) -> None:
    """A missing alertd.toml is told together with what is wrong in the folder beside it."""
    write(tmp_path, catalogues="x").unlink()
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path / "alertd.toml")
    assert [Path(fault.file).name for fault in caught.value.faults] == ["alertd.toml", "catalogues.toml"]
    assert "there is no such file" in caught.value.faults[0].what


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    """A folder named alertd.toml is a fault."""
    (tmp_path / "alertd.toml").mkdir()
    with pytest.raises(ConfigError, match="not a file"):
        config.load_settings(tmp_path / "alertd.toml")


def test_not_utf8(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are told with their line."""
    file = write(tmp_path)
    file.write_bytes('[service]\nname = "Über"\n'.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        config.load_settings(file)
    (fault,) = caught.value.faults
    assert (fault.line, fault.what) == (2, "byte 0xdc is not UTF-8")


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    """What editors on Windows leave is no fault, and lines are counted right."""
    file = write(tmp_path)
    file.write_bytes(b'\xef\xbb\xbf[service]\r\nname = "A"\r\n\r\nzzz = 1\r\n')
    with pytest.raises(ConfigError) as caught:
        config.load_settings(file)
    assert [(fault.line, fault.key) for fault in caught.value.faults] == [(4, "service.zzz")]


def test_secrets_are_not_repeated(tmp_path: Path) -> None:
    """No fault shows the credentials in a URL or the value of a key that should not be there."""
    found = faults(
        tmp_path,
        '[store]\nurl = "postgresql://u:hunter2@h:x/d"\n[service]\npublic_url = "https://u:hunter2@example.org"\n'
        '[relay]\npassword = "hunter2"\n',
        catalogues='[catalogue.a]\nfeed = "ftp://u:hunter2@example.org/"\n',
    )
    assert len(found) == 4
    assert "hunter2" not in str(ConfigError(found))


def test_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    """An empty alertd.toml is what settings.py says, its relative paths below the file's folder."""
    settings, _ = good(tmp_path)
    defaults = Settings(file=tmp_path / "alertd.toml")
    assert settings.delivery == defaults.delivery
    assert settings.relay == defaults.relay
    assert settings.service.key_file == tmp_path / "alertd.key"
    assert settings.store.url == f"sqlite:///{tmp_path}/var/alertd.db"
    assert settings.intake.spool == tmp_path / "var/spool"
    assert (settings.paths.config, settings.paths.run) == (tmp_path / "config", tmp_path / "var")
    assert settings.paths.templates is None


def test_every_value_is_taken(tmp_path: Path) -> None:
    """What is written is what the service gets, in its own types."""
    (tmp_path / "mine").mkdir()
    secret(tmp_path / "pw")
    settings, _ = good(
        tmp_path,
        """
        [service]
        name = "报告"
        address = "alerts@Example.org"
        owner = "jo@example.org"
        public_url = "https://alerts.example.org/x/"
        language = "zh"
        time_zone = "asia/shanghai"
        postal_address = '''
        1 Main Street
        Beijing'''
        welcome = false
        separator = "-"
        [store]
        url = "postgresql://u@[::1]:5433/d?sslmode=require"
        [relay]
        host = "[::1]"
        username = "u"
        password_file = "pw"
        [delivery]
        retries = ["1s", "1h 30m"]
        drain = "0s"
        [intake]
        lmtp = "run/lmtp.sock"
        refuse_domains = ["Bücher.example"]
        [intake.imap]
        host = "imap.example.org"
        username = "u"
        password_file = "pw"
        poll_every = "2 minutes"
        [paths]
        templates = "mine"
        """,
    )
    service = settings.service
    assert (service.name, service.address, service.language) == ("报告", "alerts@Example.org", "zh")
    assert (service.public_url, service.time_zone) == ("https://alerts.example.org/x", "Asia/Shanghai")
    assert (service.postal_address, service.welcome, service.separator) == (
        "1 Main Street\nBeijing",
        False,
        "-",
    )
    assert settings.store.url == "postgresql://u@[::1]:5433/d?sslmode=require"
    assert (settings.relay.host, settings.relay.password_file) == ("::1", tmp_path / "pw")
    assert settings.delivery.retries == (timedelta(seconds=1), timedelta(minutes=90))
    assert settings.intake.lmtp == str(tmp_path / "run/lmtp.sock")
    assert settings.intake.refuse_domains == ("xn--bcher-kva.example",)
    assert settings.intake.imap.poll_every == timedelta(minutes=2)
    assert settings.paths.templates == tmp_path / "mine"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    """An absolute path is not moved."""
    settings, _ = good(tmp_path, '[store]\nurl = "sqlite:////srv/a.db"\n[paths]\nrun = "/run/alertd"')
    assert (settings.store.url, settings.paths.run) == ("sqlite:////srv/a.db", Path("/run/alertd"))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.2", "::1", "mail.localhost", os.uname().nodename]
)
def test_plain_text_to_this_host(host: str, tmp_path: Path) -> None:
    """A relay on this host may be spoken to in the clear, however the host is called."""
    assert good(tmp_path, f'[relay]\nhost = "{host}"\ntls = "none"')[0].relay.tls == "none"


def test_key_may_be_missing_for_those_who_make_it(tmp_path: Path) -> None:
    """The commands that make a key file can read the settings without one, not with a bad one."""
    file = write(tmp_path)
    (tmp_path / "alertd.key").unlink()
    assert config.load_settings(file, key_needed=False).service.key_file == tmp_path / "alertd.key"
    secret(tmp_path / "alertd.key", 0o644)
    with pytest.raises(ConfigError, match="open to others"):
        config.load_settings(file, key_needed=False)


def test_the_longest_address_fits_with_a_token() -> None:
    """The limit on our own local part leaves room for the longest extension (RFC 5321 section 4.5.3.1.1)."""
    assert LONGEST_LOCAL + len("+confirm-") + tokens.LONGEST <= 64


def test_which_keys_an_edit_changed() -> None:
    """Each key that differs is named as it stands in the file, and no other."""
    running = Settings(file=Path("/a/alertd.toml"))
    edited = replace(
        running,
        relay=replace(running.relay, port=587, host="mail.example.org"),
        intake=replace(running.intake, imap=replace(running.intake.imap, folder="Alerts")),
    )
    assert changed_keys(running, running) == ()
    assert changed_keys(running, edited) == ("relay.host", "relay.port", "intake.imap.folder")
