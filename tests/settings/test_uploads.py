# SPDX-License-Identifier: GPL-3.0-or-later
"""[Files]: uploads that appear whole or not at all, are synced, and stay within bounds."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from served import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from configured import Configured
    from served import Client

SOME = b"x" * 100_000


@pytest.fixture
def root(configured: Configured) -> Path:
    """Give the root with a file in it."""
    (configured.root / "file").write_text("old")
    (configured.root / "file").chmod(0o640)
    return configured.root


def abort(client: Client, command: str) -> None:
    """Begin an upload, and abort it once something has arrived."""
    with client.passive() as data:
        assert client.says(command)[:3] == "150"
        data.sendall(SOME)
        assert eventually(lambda: client.says("STAT").count(f"{len(SOME)} bytes") > 0)
        client.send("ABOR")
        assert client.replies(2) == ["426", "226"]


def test_an_upload_appears_when_it_is_whole(configured: Configured, root: Path, place: str) -> None:
    configured.set(place, "Files", "AtomicUploads=yes")
    with configured.client() as client, configured.client() as other:
        with client.passive() as data:
            assert client.says("STOR file")[:3] == "150"
            data.sendall(SOME)
            assert eventually(lambda: client.says("STAT").count(f"{len(SOME)} bytes") > 0)
            assert (root / "file").read_text() == "old"
            assert len(os.listdir(root)) == 2
            assert other.fetch("LIST -a").count(b"upload") == 0
            assert other.fetch("MLSD").count(b"upload") == 0
        assert client.reply()[:3] == "226"
    assert (root / "file").read_bytes() == SOME
    assert (root / "file").stat().st_mode & 0o777 == 0o640
    assert os.listdir(root) == ["file"]


def test_an_upload_cannot_have_a_name_that_is_never_shown(configured: Configured) -> None:
    configured.set("main", "Files", "AtomicUploads=yes")
    with configured.client() as client, client.passive():
        assert client.says("STOR .ftpsd-upload-x") == (
            "553 /.ftpsd-upload-x: This name cannot be used."
        )


def test_without_it_an_upload_is_seen_at_once(configured: Configured, root: Path) -> None:
    with configured.client() as client:
        abort(client, "STOR file")
        abort(client, "STOR new")
    assert (root / "file").read_bytes() == (root / "new").read_bytes() == SOME


@pytest.mark.parametrize("name", ["file", "new"])
def test_an_upload_that_is_aborted_leaves_what_was_there(
    configured: Configured, root: Path, place: str, name: str
) -> None:
    configured.set(place, "Files", "AtomicUploads=yes")
    with configured.client() as client:
        abort(client, f"STOR {name}")
    assert [(one.name, one.read_text()) for one in root.iterdir()] == [("file", "old")]


def test_an_upload_whose_client_is_gone_leaves_what_was_there(
    configured: Configured, root: Path
) -> None:
    configured.set("main", "Files", "AtomicUploads=yes")
    with configured.client() as client, client.passive() as data:
        assert client.says("STOR file")[:3] == "150"
        data.sendall(SOME)
        client.sock.close()
        assert eventually(lambda: os.listdir(root) == ["file"])
    assert (root / "file").read_text() == "old"


def test_what_a_new_file_could_not_be_is_written_in_place(
    configured: Configured, root: Path, place: str
) -> None:
    configured.set(place, "Files", "AtomicUploads=yes")
    os.link(root / "file", root / "second name")
    (root / "link").symlink_to("target")
    (root / "target").write_text("old")
    with configured.client() as client:
        assert client.store("STOR file", b"new")[:3] == "226"
        assert client.store("STOR link", b"new")[:3] == "226"
        assert client.store("APPE target", b"er")[:3] == "226"
        assert client.says("REST 1")[:3] == "350"
        assert client.store("STOR target", b"ow")[:3] == "226"
    assert (root / "second name").read_text() == "new"
    assert (root / "link").is_symlink()
    assert (root / "target").read_text() == "nower"


def test_a_copy_appears_whole_too(configured: Configured, root: Path, place: str) -> None:
    configured.set(place, "Files", "AtomicUploads=yes")
    with configured.client() as client:
        assert client.codes("SITE CPFR file", "SITE CPTO copy") == ["350", "250"]
        assert client.codes("COMB file copy") == ["250"]
    assert [(one.name, one.read_text()) for one in root.iterdir()] == [("file", "oldold")]


@pytest.mark.parametrize("line", ["AtomicUploads=yes", "DeleteFailedUploads=yes"])
def test_a_copy_that_fails_leaves_nothing(configured: Configured, root: Path, line: str) -> None:
    (root / "large").write_bytes(SOME)
    configured.set("main", "Files", "MaxFileSize=50K", line)
    with configured.client() as client:
        assert client.codes("SITE CPFR large", "SITE CPTO copy") == ["350", "552"]
        assert sorted(os.listdir(root)) == ["file", "large"]
        assert client.codes("SITE CPFR file", "SITE CPTO copy") == ["350", "250"]
    assert (root / "copy").read_text() == "old"


def test_a_file_that_is_copied_to_itself_stays(configured: Configured, root: Path) -> None:
    """It is no upload that failed."""
    configured.set("main", "Files", "DeleteFailedUploads=yes")
    with configured.client() as client:
        assert client.codes("SITE CPFR file", "SITE CPTO file") == ["350", "553"]
        assert client.store("STOR new", b"new")[:3] == "226"
    assert (root / "file").read_text() == "old"


def test_without_overwriting_an_upload_never_replaces(configured: Configured, root: Path) -> None:
    configured.set("main", "Files", "AtomicUploads=yes", "Overwrite=no")
    with configured.client() as client:
        with client.passive():
            assert client.says("STOR file") == "553 /file: It exists already."
        with client.passive() as data:
            assert client.says("STOR new")[:3] == "150"
            (root / "new").write_text("first")
            data.sendall(SOME)
        assert client.reply() == "550 /new: It exists already."
    assert (root / "new").read_text() == "first"
    assert sorted(os.listdir(root)) == ["file", "new"]


def test_an_upload_that_fails_is_deleted(configured: Configured, root: Path, place: str) -> None:
    configured.set(place, "Files", "DeleteFailedUploads=yes")
    with configured.client() as client:
        abort(client, "STOR new")
        abort(client, "STOU")
        abort(client, "APPE file")
    assert [(one.name, one.stat().st_size) for one in root.iterdir()] == [("file", 3 + len(SOME))]


def test_an_upload_that_never_begins_deletes_nothing(configured: Configured, root: Path) -> None:
    configured.set("main", "Files", "DeleteFailedUploads=yes")
    with configured.client() as client:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        assert client.says(f"EPRT |1|127.0.0.1|{port}|")[:3] == "200"
        assert client.says("STOR file")[:3] == "425"
        assert client.codes("NOOP") == ["200"]
    assert (root / "file").read_text() == "old"


def test_a_copy_that_fails_is_deleted(configured: Configured, root: Path) -> None:
    configured.set("main", "Files", "DeleteFailedUploads=yes", "MaxFileSize=2")
    with configured.client() as client:
        assert client.codes("SITE CPFR file", "SITE CPTO copy") == ["350", "552"]
        assert os.listdir(root) == ["file"]


def test_an_upload_is_on_the_disk_before_it_is_complete(
    configured: Configured, root: Path, place: str
) -> None:
    """That fsync(2) is called nobody sees from here; tests/system looks with strace."""
    lines = ("SyncUploads=yes", "AtomicUploads=yes")
    configured.set(place, "Files", *lines)
    with configured.client() as client:
        assert client.store("STOR new", SOME)[:3] == "226"
        assert client.store("STOU", SOME)[:3] == "226"
        assert client.store("APPE file", b"er")[:3] == "226"
    assert (root / "new").read_bytes() == (root / "upload").read_bytes() == SOME
    assert (root / "file").read_text() == "older"


@pytest.mark.parametrize("atomic", ["AtomicUploads=yes", "AtomicUploads=no"])
def test_no_file_becomes_too_large(
    configured: Configured, root: Path, place: str, atomic: str
) -> None:
    configured.set(place, "Files", "MaxFileSize=50K", atomic)
    with configured.client() as client:
        assert client.store("STOR new", SOME) == "552 The file would be too large."
        assert client.store("STOR fits", SOME[: 50 * 1024])[:3] == "226"
        assert client.store("APPE fits", b"x") == "552 The file would be too large."
        assert client.says("REIN")[:3] == "220"
        configured.set(place, "Files", atomic)
        assert client.login().store("STOR new", SOME)[:3] == "226"
    assert (root / "fits").stat().st_size == 50 * 1024


def test_room_is_left(configured: Configured, root: Path, place: str) -> None:
    found = os.statvfs(root)
    free = found.f_bavail * found.f_frsize
    configured.set(place, "Files", f"KeepFree={free + (1 << 40)}")
    with configured.client() as client:
        with client.passive():
            assert client.says("STOR new") == "452 /new: No space left."
            assert os.listdir(root) == ["file"]
        assert client.says("AVBL") == "213 0"
        assert client.says("ALLO 1")[:3] == "552"
    configured.set(place, "Files", f"KeepFree={free // 2}")
    with configured.client() as client:
        assert client.store("STOR new", SOME)[:3] == "226"
        assert int(client.says("AVBL").split()[1]) < free * 3 // 4
