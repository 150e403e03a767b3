# SPDX-License-Identifier: GPL-3.0-or-later
"""[Files]: copies on the server stay within the same bounds as uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configured import Configured
from served import Client, serving

if TYPE_CHECKING:
    from pathlib import Path

FULL_LATER = """
from ftpsd.worker.uploads import Uploads
# As if there had been room when the copy began.
Uploads._need_room = lambda *_: None
"""
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
