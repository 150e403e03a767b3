# SPDX-License-Identifier: GPL-3.0-or-later
"""When a file was made is what the system says, or nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ftpsd.worker import birth
from ftpsd.worker.beneath import Root


def told(path: Path) -> int | None:
    """Ask coreutils: whole seconds, or nothing where the file system does not know."""
    seconds = int(subprocess.check_output(["stat", "-c", "%W", path]))
    return seconds if seconds > 0 else None


def seconds(nanoseconds: int | None) -> int | None:
    return None if nanoseconds is None else nanoseconds // 10**9


def test_a_name_is_as_old_as_stat_says(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.utime(path, (0, 0))
    fd = os.open(tmp_path, os.O_PATH)

    assert seconds(birth.created(fd, "file")) == told(path)
    assert seconds(birth.created(fd)) == told(tmp_path)
    assert birth.created(fd, "gone") is None
    os.close(fd)


def test_a_link_is_looked_at_itself(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc/self")
    fd = os.open(tmp_path, os.O_PATH)

    assert seconds(birth.created(fd, "link")) == told(tmp_path / "link")
    os.close(fd)


def test_a_file_system_that_does_not_know_says_nothing() -> None:
    fd = os.open("/proc", os.O_PATH)

    assert birth.created(fd, "version") is None
    os.close(fd)


def test_a_machine_of_another_kind_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere the number is that of another system call."""
    monkeypatch.setattr(birth, "_STATX", {})
    monkeypatch.setattr(birth, "syscall", None)
    fd = os.open(tmp_path, os.O_PATH)

    assert birth.created(fd) is None
    os.close(fd)


def test_what_is_beneath_the_root_is_asked_for_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to("/in")
    (tmp_path / "in/nowhere").symlink_to("/gone")
    root = Root(str(tmp_path))

    assert seconds(root.created("/in/link")) == told(tmp_path / "in")
    assert seconds(root.created("/in/nowhere")) == told(tmp_path / "in/nowhere")
    assert seconds(root.created("/..")) == told(tmp_path)
    os.close(root.fd)
