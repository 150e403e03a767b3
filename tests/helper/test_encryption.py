# SPDX-License-Identifier: GPL-3.0-or-later
"""What the helper hands to who begins TLS: certificates and keys, as they are stored."""

from __future__ import annotations

import os
from pathlib import Path

from ftpsd.helper.login import encryption
from ftpsd.options import Settings


def test_a_credential_that_nobody_writes_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ftpsd.pem")
    (tmp_path / "ftpsd.ca").write_text("of authorities")
    given = encryption(Settings(), (tmp_path,))
    with os.fdopen(given.contents_fd, "rb") as file:
        assert sorted(given.credentials) == ["0 ftpsd.pem", "14 ftpsd.ca"]
        file.seek(0)
        assert file.read() == b"of authorities"


def test_credentials_are_given_as_they_are_stored_the_nearest_first(tmp_path: Path) -> None:
    usual, own = tmp_path / "usual", tmp_path / "own"
    for place in (usual, own):
        place.mkdir()
    (usual / "ftpsd.pem").write_text("usual")
    (usual / "ftpsd.ca").write_text("authority")
    (own / "ftpsd.pem").symlink_to(tmp_path / "key")
    (tmp_path / "key").write_bytes(b"k" * 100_000)
    (own / "ftpsd.gone.pem").symlink_to("/nowhere")
    (own / "other.pem").write_text("not ours")
    given = encryption(Settings(), (usual, own, tmp_path / "missing"))
    sizes = {name: int(size) for size, _, name in (one.partition(" ") for one in given.credentials)}

    assert sizes == {"ftpsd.pem": 100_000, "ftpsd.ca": 9, "ftpsd.gone.pem": 0}
    with open(given.contents_fd, "rb") as file:
        file.seek(0)
        whole = file.read()
    assert sorted(whole) == sorted(b"k" * 100_000 + b"authority")
    none = encryption(Settings())
    os.close(none.contents_fd)
    assert none.credentials == []
