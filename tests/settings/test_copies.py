# SPDX-License-Identifier: GPL-3.0-or-later
"""[Files]: copies on the server stay within the same bounds as uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configured import Configured
from served import serving

if TYPE_CHECKING:
    from pathlib import Path

FULL_LATER = """
from ftpsd.worker.uploads import Uploads
# As if there had been room when the copy began.
Uploads._need_room = lambda *_: None
"""


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
