# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session may still open, for reading, when it has been left its root alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TypeVar

import pytest
from apart import in_thread

from ftpsd import landlock
from ftpsd.session import within
from ftpsd.worker.confine import version

T = TypeVar("T")


def opened_anew(fd: int) -> str:
    try:
        os.close(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY))
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "through"


@pytest.mark.skipif(not version(), reason="this kernel has no Landlock")
def test_a_descriptor_of_a_file_elsewhere_is_not_opened_anew(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    places = [tmp_path / "elsewhere", tmp_path / "root/own"]
    fds = [os.open(place, os.O_WRONLY | os.O_CREAT) for place in places]
    # A key is in memory that has no place: OpenSSL opens it in this way.
    fds.append(os.memfd_create("key"))

    def act() -> list[str]:
        # Where /proc is must be beneath it as well: in a session all of it is.
        within.stay_within(str(tmp_path / "root"))
        return [opened_anew(fd) for fd in fds]

    assert in_thread(act) == ["EACCES", "through", "through"]
    for fd in fds:
        os.close(fd)


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM])
def test_a_kernel_without_landlock_is_no_mistake(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def missing(*_: object) -> int:
        raise OSError(number, "")

    monkeypatch.setattr(landlock, "syscall", missing)

    assert not within.stay_within("/")


def test_what_landlock_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise OSError(errno.ENOMEM, "no room")

    monkeypatch.setattr(landlock, "syscall", broken)
    with pytest.raises(OSError, match="no room"):
        within.stay_within("/")
