# SPDX-License-Identifier: GPL-3.0-or-later
"""How a taken-over session tries to see a file, such as its credentials; runs in the probe."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable

from hostile.inside import LIBC, reopen

_HERE = -100
_X32 = 0x40000000
_OPENAT = {"x86_64": 257, "aarch64": 56}[os.uname().machine]
_OPENAT2 = 437


def _call(number: int, *arguments: int | bytes) -> int:
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result: int = LIBC.syscall(ctypes.c_long(number), *given)
    if result < 0:
        raise OSError(ctypes.get_errno(), "syscall")
    return result


def _openat2(path: bytes) -> int:
    how = struct.pack("QQQ", os.O_RDONLY, 0, 0)
    return _call(_OPENAT2, _HERE, path, ctypes.addressof(ctypes.create_string_buffer(how)), 24)


def see(how: str, path: str) -> None:
    """Open a file in one of the ways there are."""
    name = path.encode("ascii")
    ways: dict[str, Callable[[], object]] = {
        "open": lambda: _old_open(name),
        "openat": lambda: os.open(path, os.O_RDONLY),
        "openat beneath": lambda: os.open(path.rpartition("/")[2], os.O_RDONLY, dir_fd=0),
        "O_PATH": lambda: os.open(path, os.O_PATH),
        "directory": lambda: os.listdir(path.rpartition("/")[0]),
        "openat2": lambda: _openat2(name),
        "x32": lambda: _call(_X32 | _OPENAT, _HERE, name, os.O_RDONLY),
        "itself": lambda: os.open("/proc/self/status", os.O_RDONLY),
        "descriptor": lambda: reopen(2, os.O_RDONLY),
    }
    ways[how]()


def _old_open(name: bytes) -> int:
    """Call open(2), which Python never does; where there is none, openat(2)."""
    if os.uname().machine != "x86_64":
        return _call(_OPENAT, _HERE, name, os.O_RDONLY)
    return _call(2, name, os.O_RDONLY)
