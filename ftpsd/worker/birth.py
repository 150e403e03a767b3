# SPDX-License-Identifier: GPL-3.0-or-later
"""When a file was made, which `os.stat` does not tell (statx(2))."""

from __future__ import annotations

import os
import struct
import sys
from typing import Final

from ftpsd.syscall import Buffer, syscall

_STATX: Final = {"x86_64": 332, "aarch64": 291, "riscv64": 291}
"""The call has not the same number everywhere; 32-bit programs have others again."""
_FLAGS: Final = 0x100 | 0x1000
"""AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH."""
_BTIME: Final = 0x800
"""STATX_BTIME: asked for, and there."""
_FOUND: Final = struct.Struct("I76xqI")
"""struct statx: its mask, and stx_btime in seconds and nanoseconds."""


def created(directory: int, name: str = "") -> int | None:
    """Give nanoseconds since 1970 for a name in a directory, a link itself; "" is the directory.

    `None` where the file system or the kernel does not know, or nothing is there.
    """
    number = _STATX.get(os.uname().machine) if sys.maxsize > 2**32 else None
    if number is None:
        return None
    buffer = Buffer()
    try:
        syscall(number, directory, os.fsencode(name), _FLAGS, _BTIME, buffer)
    except OSError:
        return None
    mask, seconds, nanoseconds = _FOUND.unpack_from(buffer)
    return seconds * 1_000_000_000 + nanoseconds if mask & _BTIME else None
