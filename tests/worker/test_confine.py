# SPDX-License-Identifier: GPL-3.0-or-later
"""A confined worker reaches nothing but its root. Where there is no Landlock, it says so.

Landlock and seccomp are of a thread: each test confines one of its own, which then ends.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from apart import in_thread

from ftpsd.worker import confine as confining
from ftpsd.worker.confine import confine, version

T = TypeVar("T")

_LIBC = ctypes.CDLL(None, use_errno=True)
KERNEL = max(0, _LIBC.syscall(444, None, ctypes.c_size_t(0), 1))
"""What the kernel says of itself, not what ftpsd makes of it."""
SERVES = KERNEL >= 2


def confined(root: Path, act: Callable[[], T]) -> T:
    def run() -> T:
        fd = os.open(root, os.O_PATH)
        try:
            assert confine(fd) is SERVES
        finally:
            os.close(fd)
        return act()

    return in_thread(run)


def allowed(act: Callable[[], object]) -> bool:
    try:
        act()
    except PermissionError:
        return False
    return True


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a root and something beside it."""
    (tmp_path / "outside").write_text("outside")
    root = tmp_path / "root"
    (root / "one").mkdir(parents=True)
    (root / "two").mkdir()
    (root / "one/file").write_text("inside")
    return root


def test_it_says_what_the_kernel_has(root: Path) -> None:
    assert version() == (KERNEL if SERVES else 0)
    assert confined(root, root.exists)


def test_what_is_inside_is_there(root: Path) -> None:
    assert confined(root, (root / "one/file").read_text) == "inside"
    assert confined(root, lambda: os.listdir(root / "one")) == ["file"]


def test_what_is_outside_is_not(root: Path) -> None:
    outside = root.parent / "outside"

    assert confined(root, lambda: allowed(outside.read_text)) is not SERVES
    assert confined(root, lambda: allowed(lambda: os.listdir("/etc"))) is not SERVES
    assert confined(root, lambda: allowed(lambda: outside.write_text("x"))) is not SERVES
    assert confined(root, lambda: allowed(lambda: outside.rename(root / "x"))) is not SERVES


def test_the_user_may_do_everything_inside(root: Path) -> None:
    def act() -> None:
        (root / "one/new").mkdir()
        (root / "one/new/a").write_text("a")
        (root / "one/new/link").symlink_to("a")
        os.link(root / "one/new/a", root / "one/new/b")
        os.mkfifo(root / "one/new/fifo")
        os.truncate(root / "one/new/a", 0)
        for name in ("a", "b", "link", "fifo"):
            (root / "one/new" / name).unlink()
        (root / "one/new").rmdir()

    confined(root, act)

    assert os.listdir(root / "one") == ["file"]


def test_a_rename_between_directories_works(root: Path) -> None:
    confined(root, lambda: (root / "one/file").rename(root / "two/file"))

    assert (root / "two/file").read_text() == "inside"


def test_nothing_inside_is_run(root: Path) -> None:
    program = root / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    assert (
        confined(root, lambda: allowed(lambda: subprocess.run([program], check=True))) is not SERVES
    )


def test_there_is_no_network(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def connect() -> None:
            socket.create_connection(listener.getsockname()).close()

        def listen() -> None:
            socket.create_server(("127.0.0.1", 0)).close()

        for act in (connect, listen):
            assert confined(root, lambda act=act: allowed(act)) is (KERNEL < 4)  # type: ignore[misc]


def test_there_are_no_abstract_sockets_of_others(root: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as sock:
        listener.bind("")
        listener.listen()

        def connect() -> None:
            sock.connect(listener.getsockname())

        assert confined(root, lambda: allowed(connect)) is (KERNEL < 6)


def test_what_was_open_stays_open(root: Path) -> None:
    with (root.parent / "outside").open() as file:
        assert confined(root, file.read) == "outside"


def test_a_root_that_is_none_is_an_error(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    if SERVES:
        with pytest.raises(OSError, match="Bad file descriptor"):
            in_thread(lambda: confine(-1))
    else:
        assert in_thread(lambda: confine(-1)) is False
    assert len(os.listdir("/proc/self/fd")) == before
    assert root.exists()


def forbid(call: int, number: int) -> None:
    """Have the kernel answer a system call of this thread with an error, for good (seccomp(2))."""
    filters = b"".join(
        struct.pack("HBBI", *one)
        for one in (
            (0x20, 0, 0, 0),  # load the number of the call
            (0x15, 0, 1, call),  # another one: skip what follows
            (0x06, 0, 0, 0x00050000 | number),  # answer with the error
            (0x06, 0, 0, 0x7FFF0000),  # allow
        )
    )
    buffer = ctypes.create_string_buffer(filters)
    program = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
    assert _LIBC.prctl(22, 2, ctypes.create_string_buffer(program)) == 0


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM])
def test_a_kernel_without_landlock_is_told_apart(root: Path, number: int) -> None:
    def act() -> bool:
        fd = os.open(root, os.O_PATH)
        forbid(444, number)
        try:
            return confine(fd)
        finally:
            os.close(fd)

    assert in_thread(act) is False


def test_a_kernel_that_refuses_for_another_reason_is_an_error() -> None:
    def act() -> int:
        forbid(444, errno.ENOMEM)
        return version()

    with pytest.raises(OSError, match="memory"):
        in_thread(act)


@pytest.mark.parametrize("call", [445, 446])
def test_a_wall_that_cannot_be_had_is_an_error(root: Path, call: int) -> None:
    if not SERVES:
        assert in_thread(lambda: confine(0)) is False
        return

    def act() -> bool:
        forbid(call, errno.EINVAL)
        fd = os.open(root, os.O_PATH)
        try:
            return confine(fd)
        finally:
            os.close(fd)

    with pytest.raises(OSError, match="Invalid"):
        in_thread(act)


def test_each_version_asks_for_what_it_knows() -> None:
    """A bit too many would be refused, a bit too few would leave a right to everyone."""
    known = confining._FILE_RIGHTS

    assert known[2] == 14
    assert all(known[number] <= known[number + 1] for number in range(2, max(known)))
