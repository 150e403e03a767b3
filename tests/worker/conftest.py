# SPDX-License-Identifier: GPL-3.0-or-later
"""A root with some files, for the tests that need no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftpsd.worker.beneath import Root


@pytest.fixture
def jail(tmp_path: Path) -> Path:
    """Make a root with some files, and a file beside it."""
    (tmp_path / "outside").write_text("outside")
    jail = tmp_path / "jail"
    (jail / "full").mkdir(parents=True)
    (jail / "full/file").write_text("content")
    (jail / "empty").mkdir()
    (jail / "loop").symlink_to("loop")
    (jail / "out").symlink_to("../outside")
    (jail / "in").symlink_to("/full/file")
    (jail / "up").symlink_to("..")
    os.mkfifo(jail / "fifo")
    return jail


@pytest.fixture
def root(jail: Path) -> Iterator[Root]:
    """Open the root; no descriptor may be left in the end."""
    mask = os.umask(0o022)
    before = len(os.listdir("/proc/self/fd"))
    made = Root(str(jail))
    yield made
    os.close(made.fd)
    os.umask(mask)
    assert len(os.listdir("/proc/self/fd")) == before
