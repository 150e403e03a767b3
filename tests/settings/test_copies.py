# SPDX-License-Identifier: GPL-3.0-or-later
"""[Files]: copies on the server stay within the same bounds as uploads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from configured import Configured
from served import Client, eventually, serving

if TYPE_CHECKING:
    from pathlib import Path

FULL_LATER = """
from ftpsd.worker.uploads import Uploads
# As if there had been room when the copy began.
Uploads._need_room = lambda *_: None
"""
FAILS_LATE = """
from ftpsd.wire.files import Refused
from ftpsd.wire.message import Done
from ftpsd.worker.uploads import Uploads
def finish(_, request):
    if request.whole:
        raise Refused(reason="failed")
    return Done()
Uploads.finish = finish
"""
"""As where a disk tells only at the end that it has not kept what was written."""
STUCK = """
from ftpsd.wire.files import Refused
from ftpsd.worker import files
def remove(*_):
    raise Refused(reason="denied")
files.remove = remove
"""
"""As where its directory lets nobody remove a file."""


@pytest.mark.parametrize("command", ["SITE CPTO new", "COMB new file"])
def test_a_copy_stops_where_room_is_to_be_left(tmp_path: Path, command: str) -> None:
    root, directory = tmp_path / "root", tmp_path / "config"
    root.mkdir()
    (root / "file").write_bytes(b"x" * 1000)
    arguments = ("--config", str(directory))
    with serving(root, tmp_path / "log", *arguments, change=FULL_LATER) as served:
        configured = Configured(served, directory)
        configured.set("main", "Files", f"KeepFree={1 << 50}", "DeleteFailedUploads=yes")
        with configured.client() as client:
            assert client.says("SITE CPFR file")[:3] == "350"

            assert client.says(command) == "452 No space left."
    assert (root / "file").read_bytes() == b"x" * 1000
    assert not (root / "new").exists() or (root / "new").stat().st_size == 0


def test_comb_that_fails_leaves_its_target_as_it_was(configured: Configured) -> None:
    root = configured.root
    sizes = {"target": 10_000, "small": 20_000, "large": 50_000}
    for name, size in sizes.items():
        (root / name).write_bytes(name.encode() * (size // len(name)))
    before = {path.name: path.read_bytes() for path in root.iterdir()}
    configured.set("main", "Files", "MaxFileSize=50K")
    with configured.client() as client:
        assert client.says("COMB target small large") == "552 The file would be too large."
        assert {path.name: path.read_bytes() for path in root.iterdir()} == before
        # What was not added may be sent again.
        assert client.codes("COMB target small") == ["250"]
    assert (root / "target").read_bytes() == before["target"] + before["small"]


def test_comb_that_is_aborted_leaves_its_target_as_it_was(configured: Configured) -> None:
    root = configured.root
    (root / "target").write_text("target")
    (root / "small").write_text("small")
    (root / "huge").touch()
    os.truncate(root / "huge", 1 << 30)
    with configured.client() as client:
        client.send("COMB target small huge", "ABOR")
        assert client.replies(2) == ["451", "226"]
        assert (root / "target").read_text() == "target"
        assert client.codes("COMB target small") == ["250"]
    assert (root / "target").read_text() == "targetsmall"


@pytest.mark.parametrize("aborted", [False, True])
def test_comb_loses_nothing_that_others_add_to_what_is_not_to_be_overwritten(
    configured: Configured, *, aborted: bool
) -> None:
    configured.set("main", "Files", "Overwrite=no")
    target = configured.root / "file"
    target.write_bytes(b"content")
    with (configured.root / "source").open("wb") as file:
        file.truncate(1 << 29)
    with configured.client() as client, configured.client() as other:
        client.send("COMB file source")
        assert eventually(lambda: target.stat().st_size > 7)
        assert other.store("APPE file", b"of others")[:3] == "226"
        if aborted:
            client.send("ABOR")
            assert client.replies(2) == ["451", "226"]
        else:
            assert client.reply()[:3] == "250"
    assert b"of others" in target.read_bytes()
    assert aborted or target.stat().st_size == 7 + (1 << 29) + 9


def test_comb_whose_end_fails_leaves_its_target_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for name in ("file", "source"):
        (root / name).write_text(name)
    with serving(root, tmp_path / "log", change=FAILS_LATE) as served, Client(served) as client:
        client.login()
        assert client.says("COMB file source") == "451 /file: The file system failed."
    assert [(root / name).read_text() for name in ("file", "source")] == ["file", "source"]


def test_of_files_that_stay_after_comb_it_is_told_that_they_are_added(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for name in ("file", "source"):
        (root / name).write_text(name)
    with serving(root, tmp_path / "log", change=STUCK) as served, Client(served) as client:
        client.login()

        reason = "550 /source: Permission denied."
        assert client.says("COMB file source") == f"550-Copied 6 bytes.\n{reason}"
        assert (root / "file").read_text() == "filesource"
        assert "anna copied to /file, 6 bytes." in served.log()
