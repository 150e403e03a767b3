# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker never does, it cannot do; what it does, it can.

The filter is of a thread: each test puts it on one of its own, which then ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from apart import in_thread

from ftpsd.worker.filter import install

T = TypeVar("T")

_LIBC = ctypes.CDLL(None, use_errno=True)
_FAMILY = socket.AF_UNIX


def filtered(act: Callable[[], T]) -> T:
    """Run with the filter on it; give what it gives, raise what it raises."""

    def run() -> T:
        install()
        return act()

    return in_thread(run)


def call(number: int, *arguments: int) -> int:
    """Make a system call, past what libc makes of it. Raise `OSError`."""
    result: int = _LIBC.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def new_process() -> None:
    if os.fork() == 0:
        os._exit(0)


def datagrams(act: Callable[[socket.socket], T]) -> T:
    with socket.socket(_FAMILY, socket.SOCK_DGRAM) as sock:
        return act(sock)


@pytest.mark.parametrize(
    "act",
    [
        new_process,
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: threading.Thread(target=int).start(),
        lambda: socket.socket(_FAMILY),
        lambda: socket.socket(_FAMILY, socket.SOCK_SEQPACKET),
        socket.socketpair,
        lambda: datagrams(lambda sock: sock.connect("/nowhere")),
        lambda: datagrams(lambda sock: sock.bind("/nowhere/at/all")),
        lambda: os.kill(os.getpid(), 0),
        lambda: signal.pthread_kill(threading.get_ident(), 0),
        lambda: fcntl.fcntl(0, 10, 0),
        lambda: fcntl.ioctl(0, 0x8901, struct.pack("i", 0)),
        lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU),
        lambda: call({"x86_64": 250}.get(os.uname().machine, 219), 0, -3, 0),
    ],
    ids=["fork", "spawn", "thread", "stream", "seqpacket", "pair", "connect", "bind", "kill",
         "tgkill", "F_SETSIG", "FIOSETOWN", "prlimit", "keyctl"],
)  # fmt: skip
def test_what_a_worker_never_does_it_cannot(act: Callable[[], object]) -> None:
    with pytest.raises((PermissionError, RuntimeError)):
        filtered(act)


def test_what_a_worker_does_it_can(tmp_path: Path) -> None:
    def act() -> str:
        (tmp_path / "a").write_text("content")
        os.rename(tmp_path / "a", tmp_path / "b")
        reading, writing = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(reading, False)
        os.close(reading)
        os.close(writing)
        resource.getrlimit(resource.RLIMIT_NOFILE)
        return (tmp_path / "b").read_text()

    assert filtered(act) == "content"


def test_a_worker_can_write_to_the_journal(tmp_path: Path) -> None:
    with socket.socket(_FAMILY, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "journal"))

        def act() -> int:
            return datagrams(lambda sock: sock.sendto(b"MESSAGE=x\n", str(tmp_path / "journal")))

        assert filtered(act) == 10
