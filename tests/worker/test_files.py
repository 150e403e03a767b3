# SPDX-License-Identifier: GPL-3.0-or-later
"""Each request about a file does what it says, or is refused for a reason, beneath the root."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from asking import TOO_LONG, WHO, create, reason, write

from ftpsd import limits
from ftpsd.options import Settings
from ftpsd.wire import files
from ftpsd.wire.message import Malformed
from ftpsd.worker import files as handlers
from ftpsd.worker.beneath import Root
from ftpsd.worker.rights import Rights


def describe(root: Root, path: str, facts: str | None = None) -> files.Described:
    return handlers.describe(root, files.Describe(path=path, facts=facts), WHO)


@pytest.mark.parametrize("path", ["/full/file", "/in", "/up/full/file"])
def test_a_file_is_opened_for_reading(root: Root, path: str) -> None:
    opened = handlers.open_file(root, files.Open(path=path))
    with os.fdopen(opened.file_fd) as file:
        assert (opened.size, file.read()) == (7, "content")
        with pytest.raises(OSError, match="Bad file"):
            os.write(file.fileno(), b"x")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/none", "not_found"),
        ("/out", "not_regular"),
        ("/../outside", "not_found"),
        ("/empty", "is_directory"),
        ("/fifo", "not_regular"),
        ("/loop", "loop"),
        ("/full/file/x", "not_directory"),
        (TOO_LONG, "name"),
    ],
)
def test_what_cannot_be_read_is_refused(root: Root, path: str, why: str) -> None:
    assert reason(lambda: handlers.open_file(root, files.Open(path=path))) == why


def test_a_file_is_stored(root: Root, jail: Path) -> None:
    assert write(create(root, "/new"), "data") == "/new"
    assert (jail / "new").read_text() == "data"
    assert stat.S_IMODE((jail / "new").stat().st_mode) == 0o644


def test_storing_writes_over_what_was_there_and_leaves_cutting_to_the_session(
    root: Root, jail: Path
) -> None:
    write(create(root, "/full/file"), "a")

    assert (jail / "full/file").read_text() == "aontent"


def test_storing_from_an_offset_keeps_what_is_before_and_behind(root: Root, jail: Path) -> None:
    write(create(root, "/full/file", offset=3), "XX")

    assert (jail / "full/file").read_text() == "conXXnt"


def test_storing_from_the_end_adds(root: Root, jail: Path) -> None:
    write(create(root, "/full/file", offset=7), "XX")

    assert (jail / "full/file").read_text() == "contentXX"


@pytest.mark.parametrize("offset", [8, -1, 2**63 - 1, -(2**63)])
def test_an_offset_that_is_not_there_is_refused(root: Root, jail: Path, offset: int) -> None:
    assert reason(lambda: create(root, "/full/file", offset=offset)) == "range"
    assert (jail / "full/file").read_text() == "content"


def test_appending_adds_to_the_end_wherever_others_write(root: Root, jail: Path) -> None:
    created = create(root, "/full/file", "append")
    (jail / "full/file").write_text("content, more")
    write(created, "!")

    assert (jail / "full/file").read_text() == "content, more!"


def test_appending_makes_what_is_not_there(root: Root, jail: Path) -> None:
    write(create(root, "/new", "append"), "a")

    assert (jail / "new").read_text() == "a"


def test_a_unique_file_is_never_one_that_is_there(root: Root, jail: Path) -> None:
    paths = [write(create(root, "/full/file", "unique"), str(number)) for number in range(3)]

    assert paths == ["/full/file.1", "/full/file.2", "/full/file.3"]
    assert (jail / "full/file").read_text() == "content"
    assert (jail / "full/file.3").read_text() == "2"


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("p.jpg", "p.1.jpg", "p.2.jpg"),
        ("a.tar.gz", "a.tar.1.gz", "a.tar.2.gz"),
        ("p", "p.1", "p.2"),
        (".p", ".p.1", ".p.2"),
        ("..p", "..p.1", "..p.2"),
        (".p.jpg", ".p.1.jpg", ".p.2.jpg"),
        ("\udcff.\udcfe", "\udcff.1.\udcfe", "\udcff.2.\udcfe"),
    ],
)
def test_a_unique_file_keeps_its_extension(
    root: Root, jail: Path, name: str, first: str, second: str
) -> None:
    made = [write(create(root, f"/empty/{name}", "unique"), "") for _ in range(3)]

    assert made == [f"/empty/{one}" for one in (name, first, second)]
    assert sorted(os.listdir(jail / "empty")) == sorted((name, first, second))


def test_a_unique_file_keeps_its_name_where_it_can(root: Root) -> None:
    assert write(create(root, "/empty/a", "unique"), "") == "/empty/a"


def test_a_unique_file_is_not_what_a_link_leads_to(root: Root, jail: Path) -> None:
    (jail / "dangling").symlink_to("nowhere")

    assert write(create(root, "/dangling", "unique"), "") == "/dangling.1"
    assert not (jail / "nowhere").exists()


def test_when_too_many_names_are_taken_there_is_no_unique_one(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "UNIQUE_NAMES", 2)

    def fill() -> None:
        for _ in range(10):
            write(create(root, "/empty/a", "unique"), "")

    assert reason(fill) == "exists"


@pytest.mark.parametrize("mode", ["store", "append"])
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/none/new", "not_found"),
        ("/out", "not_regular"),
        ("/empty", "is_directory"),
        ("/", "is_directory"),
        ("/fifo", "not_regular"),
        ("/loop", "loop"),
        ("/full/file/x", "not_directory"),
        (TOO_LONG, "name"),
    ],
)
def test_what_cannot_be_written_is_refused(root: Root, mode: str, path: str, why: str) -> None:
    assert reason(lambda: create(root, path, mode)) == why


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/none/a", "not_found"),
        ("/", "denied"),
        ("/full/file/x", "not_directory"),
        (TOO_LONG, "name"),
    ],
)
def test_what_cannot_be_made_unique_is_refused(root: Root, path: str, why: str) -> None:
    assert reason(lambda: create(root, path, "unique")) == why


def deep(root: Root, size: int) -> str:
    """Make directories so deep that a name in the last of them has a path of `size` bytes."""
    path = ""
    while size - len(path) > 250:
        path += "/" + "d" * 200
        handlers.make_directory(root, files.MakeDirectory(path=path))
    return path + "/" + "f" * (size - len(path) - 1)


def test_a_unique_name_whose_path_would_be_too_long_is_refused(root: Root) -> None:
    path = deep(root, limits.PATH_BYTES - 1)
    write(create(root, path), "")

    assert reason(lambda: create(root, path, "unique")) == "name"


def test_a_unique_name_that_would_be_too_long_is_refused(root: Root, jail: Path) -> None:
    name = "n" * 249 + ".jpeg"
    assert write(create(root, f"/empty/{name}", "unique"), "") == f"/empty/{name}"
    assert reason(lambda: create(root, f"/empty/{name}", "unique")) == "name"
    assert write(create(root, f"/empty/{name[2:]}", "unique"), "") == f"/empty/{name[2:]}"

    made = write(create(root, f"/empty/{name[2:]}", "unique"), "")
    assert made == f"/empty/{name[2:-5]}.1.jpeg"
    assert len(os.listdir(jail / "empty")) == 3


def test_a_file_is_described(root: Root, jail: Path) -> None:
    os.utime(jail / "full/file", ns=(5, 1_000_000_007))
    found = describe(root, "/in", "type;size;modify;")

    assert (found.kind, found.size, found.modified) == ("file", 7, 1_000_000_007)
    assert found.line == "type=file;size=7;modify=19700101000001; /in"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "directory"), ("/..", "directory"), ("/fifo", "other"), ("/out", "symlink")],
)
def test_everything_has_a_kind(root: Root, path: str, kind: str) -> None:
    assert describe(root, path).kind == kind
    assert describe(root, path).line is None


@pytest.mark.parametrize(("path", "why"), [("/none", "not_found"), ("/loop/x", "loop")])
def test_what_is_not_there_is_not_described(root: Root, path: str, why: str) -> None:
    assert reason(lambda: describe(root, path)) == why


def test_the_longest_path_is_described_or_refused(root: Root) -> None:
    path = deep(root, limits.PATH_BYTES - 1)
    write(create(root, path), "")
    try:
        describe(root, path, "type;size;modify;perm;unix.mode;unix.uid;unix.gid;unique;")
    except Malformed:
        pytest.fail("a path that may be asked for ends the worker")
    except OSError:
        pass


def test_a_time_of_modification_that_does_not_fit_is_described_or_refused(
    root: Root, jail: Path
) -> None:
    """A varlink int ends in 2262, ext4 in 2446, tmpfs never."""
    os.utime(jail / "full/file", (0, 10_000_000_000))
    try:
        describe(root, "/full/file", "modify;")
    except Malformed:
        pytest.fail("a file that anyone may make ends the worker")
    except OSError:
        pass


@pytest.mark.parametrize(
    ("case", "told"),
    [("others'", "secret"), ("own", ""), ("writable", ""), ("a link", "")],
)
def test_a_message_not_to_be_downloaded_is_told_where_others_have_put_it(
    jail: Path, monkeypatch: pytest.MonkeyPatch, case: str, told: str
) -> None:
    place = jail / "full" / ".message"
    (jail / "secret").write_text("secret")
    if case == "a link":
        place.symlink_to("../secret")
    else:
        (jail / "secret").rename(place)
    root = Root(str(jail), Rights(Settings(download=False)))
    user = os.geteuid() + (case != "own")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "access", lambda *_, **__: case == "writable")
    assert handlers.enter(root, files.Enter(path="/full")).message == told
    os.close(root.fd)
