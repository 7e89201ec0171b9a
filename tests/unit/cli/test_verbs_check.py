"""`alertd check` and `alertd reload`: what an edit of the files does, before and after."""

from __future__ import annotations

import pytest

from alertd.mail.hashing import address_hash
from alertd.mail.keys import KeyRing
from alertd.store import consents
from tests.conftest import NOW
from tests.unit.cli.folders import Folder


def _readers(count: int, query: str = "rural") -> str:
    return "".join(
        f'[[subscriber]]\naddress = "reader{number}@example.org"\nqueries = ["{query}"]\n'
        for number in range(count)
    )


def test_an_edit_is_told_before_and_after(folder: Folder) -> None:
    """Check tells what reload then does: added, changed, ended; afterwards there is nothing to change."""
    folder.write("config/subscribers.toml", _readers(3))
    folder.write("config/topics.toml", '[topic.rural]\ntitle = "Rural"\nquery = "rural"\n')
    checked = folder.run("check", "--json").json
    assert checked["faults"] == []
    assert len(checked["changes"]["subscribers"]["added"]) == 3
    assert checked["changes"]["topics"]["added"] == ["rural"]
    assert folder.run("reload", "--json").json == {**checked["changes"], "restart": []}
    again = folder.run("check").out.splitlines()
    assert (again[0], again[-1]) == ("no faults", "nothing to change in the store")
    assert folder.run("reload").out == "nothing changed\n"
    folder.write("config/subscribers.toml", _readers(2, "pension"))
    told = folder.run("check").out
    assert "subscribers to be changed: 2\n  reader0@example.org" in told
    assert "subscribers to be ended: 1\n  reader2@example.org" in told
    assert "subscribers ended: 1" in folder.run("reload").out
    assert folder.run("subscriber", "show", "reader2@example.org", "--json").json["state"] == "ended"


def _catalogue(name: str, feed: str = "https://example.org/feed") -> str:
    return f'[catalogue.{name}]\nfeed = "{feed}"\n'


def test_catalogues_are_told_too(folder: Folder) -> None:
    """A new catalogue, a new feed of a known one, one that ends and one that comes back: before and after."""
    folder.write("config/catalogues.toml", _catalogue("drc") + _catalogue("old"))
    assert "catalogues to be added: 2\n  drc\n  old" in folder.run("check").out
    told = folder.run("reload", "--json").json["catalogues"]
    assert told == {"added": ["drc", "old"], "changed": [], "ended": []}
    assert folder.run("check").out.splitlines()[-1] == "nothing to change in the store"
    folder.write("config/catalogues.toml", _catalogue("drc", "https://example.org/new") + _catalogue("world"))
    checked = folder.run("check", "--json").json["changes"]["catalogues"]
    assert checked == {"added": ["world"], "changed": ["drc"], "ended": ["old"]}
    assert "catalogues ended: 1\n  old" in folder.run("reload").out
    folder.write("config/catalogues.toml", _catalogue("old", "https://example.org/again"))
    checked = folder.run("check", "--json").json["changes"]["catalogues"]
    assert checked == {"added": ["old"], "changed": [], "ended": ["drc", "world"]}


def test_a_faulty_key_file_is_a_fault(folder: Folder) -> None:
    """What check needs to read, and a start needs more, is told with the other faults, in JSON too."""
    (folder.path / "alertd.key").write_text("k2 nonsense\n")
    told = folder.run("check", "--json")
    assert told.code == 2
    assert [fault["line"] for fault in told.json["faults"]] == [1]


def test_an_edit_that_ends_too_many(folder: Folder) -> None:
    """Check warns and passes; reload refuses with exit 3 and changes nothing; --force means it."""
    folder.write("config/subscribers.toml", _readers(30))
    folder.run("reload")
    folder.write("config/subscribers.toml", _readers(10))
    checked = folder.run("check")
    assert checked.code == 0
    assert "warning: this edit would end 20 of 30" in checked.out
    assert "more than one in ten" in folder.run("check", "--json").json["refused"]
    refused = folder.run("reload")
    assert (refused.code, "--force" in refused.err) == (3, True)
    active = folder.run("subscriber", "list", "--state", "active", "--json").json
    assert len(active) == 30
    assert len(folder.run("reload", "--force", "--json").json["subscribers"]["ended"]) == 20


def test_a_file_that_vanished(folder: Folder) -> None:
    """Check warns of it by name, reload refuses and says how to mend it; with the file back nothing has changed."""
    folder.write("config/topics.toml", '[topic.rural]\nquery = "rural"\n')
    folder.write("config/catalogues.toml", _catalogue("drc"))
    folder.run("reload")
    lost = folder.path / "config" / "topics.toml"
    lost.rename(lost.with_suffix(".away"))
    assert "warning: topics.toml is absent: put it back" in folder.run("check").out
    refused = folder.run("reload")
    assert refused.code == 3
    for words in ("topics.toml is absent: put it back, or it ends 1 topic (rural)", "--force"):
        assert words in refused.err
    lost.write_text("# none\n", "utf-8")
    emptied = folder.run("reload")
    assert (emptied.code, "topics.toml declares nothing any more: put back" in emptied.err) == (3, True)
    lost.with_suffix(".away").rename(lost)
    assert folder.run("reload").out == "nothing changed\n"
    (folder.path / "config" / "catalogues.toml").unlink()
    assert "catalogues.toml is absent: put it back, or it ends 1 catalogue" in folder.run("check").out
    refused = folder.run("poll")
    assert (refused.code, "catalogues.toml: catalogue: the file is absent" in refused.err) == (2, True)


def test_who_complained_is_named_and_not_added(folder: Folder) -> None:
    """An address that must not be mailed is told by check and by reload, with the reason and what an admin can do."""
    folder.write("config/subscribers.toml", _readers(1))
    hash_ = address_hash(KeyRing.load(folder.path / "alertd.key"), "reader0@example.org")
    folder.run("subscriber", "add", "other@example.org", "rural")  # makes the store
    folder.store(lambda c: consents.suppress(c, hash_, reason="complaint: abuse", evidence=None, now=NOW))
    for verb, last in (("check", "nothing to change in the store"), ("reload", "nothing changed")):
        *_, head, line, end = folder.run(verb).out.splitlines()
        assert head.startswith(
            "subscribers not added, because they must not be mailed (alertd subscriber lift"
        )
        assert (line, end) == ("  reader0@example.org: complaint: abuse, since 2026-11-24", last)


def test_a_faulty_edit_is_refused_whole(folder: Folder) -> None:
    """Reload reports every fault, exit 2, and applies nothing of the files."""
    folder.write("config/subscribers.toml", _readers(1) + '[[subscriber]]\naddress = "nobody"\nquerys = []\n')
    refused = folder.run("reload")
    assert refused.code == 2
    for key in ("subscriber[2].address", "subscriber[2].querys"):
        assert key in refused.err
    assert folder.run("subscriber", "list", "--json").json == []


def test_faults_of_files_and_templates_together(folder: Folder) -> None:
    """A fault in a template comes in the same report as one in config/; as JSON they are records."""
    (folder.path / "templates" / "mail").mkdir(parents=True)
    folder.write("templates/mail/digest.txt", "{{ reports | lenght }}")
    folder.write("config/topics.toml", '[topic.rural]\nquery = "(rural"\n')
    folder.settings('[paths]\ntemplates = "templates"\n')
    told = folder.run("check")
    assert told.code == 2
    assert "digest.txt:1: " in told.err
    assert "topic.rural.query" in told.err
    recorded = folder.run("check", "--json")
    assert recorded.code == 2
    assert {fault["line"] for fault in recorded.json["faults"]} >= {1, 2}
    assert recorded.json["changes"] is None


def test_what_a_fresh_folder_lacks(folder: Folder) -> None:
    """Check passes and still names the lines without which nothing runs; with them it says no more of it."""
    folder.write("alertd.toml", f'[service]\nowner = "owner@example.org"\n[store]\nurl = "{folder.url}"\n')
    told = folder.run("check")
    assert told.code == 0
    assert "service.address: not set up yet" in told.out
    assert "not set up yet: there is no catalogue" in told.out
    assert [each["key"] for each in folder.run("check", "--json").json["unset"]] == [
        "service.address",
        "catalogue",
    ]
    folder.settings()
    folder.write("config/catalogues.toml", '[catalogue.drc]\nfeed = "https://example.org/feed"\n')
    assert "not set up" not in folder.run("check").out


@pytest.mark.parametrize("subscribers", [0, 2])
def test_before_the_first_run(subscribers: int, folder: Folder) -> None:
    """Without a database check passes and makes none; what the first run will add is told when there is something."""
    folder.url = f"sqlite:///{folder.path}/var/none.db"
    folder.settings()
    folder.write("config/subscribers.toml", _readers(subscribers))
    told = folder.run("check")
    assert told.code == 0
    assert told.out.startswith("no faults\n")
    assert ("the first run will add 2 subscribers" in told.out) is (subscribers == 2)
    assert not (folder.path / "var" / "none.db").exists()
