# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds on what is written: the size of a file, and the room that is left.

The worker looks when a file is opened and when it is whole; this is for what lies between.
"""

from __future__ import annotations

import errno
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.pump import Pump

_OFTEN = 1 << 24
"""So many bytes are written before the room is looked at again."""


def bound_files(most: int) -> None:
    """Let this process make no file larger than `most` bytes, 0 for any (setrlimit(2))."""
    if not most and "resource" not in sys.modules:
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores SIGXFSZ, so that write(2) fails with EFBIG.
    resource.setrlimit(resource.RLIMIT_FSIZE, (most or hard, hard))


class _KeepingFree:
    """A pump into a file that stops when the file system has too little room left."""

    source = None

    def __init__(self, pump: Pump, file_fd: int, free: int) -> None:
        self._pump, self._file, self._free = pump, file_fd, free
        self._looked = 0
        self.sends = pump.sends

    @property
    def bytes(self) -> int:
        """Count as the pump does."""
        return self._pump.bytes

    def step(self) -> bool:
        """Move what the pump moves. Raise `OSError` as a full disk does."""
        if self._pump.bytes - self._looked >= _OFTEN:
            self._looked = self._pump.bytes
            need_room(self._file, self._free)
        return self._pump.step()


def need_room(file_fd: int, free: int) -> None:
    """Raise `OSError` unless a file's file system has more than `free` bytes left; 0 needs none."""
    if free:
        found = posix.fstatvfs(file_fd)
        if found.f_bavail * found.f_frsize <= free:
            raise OSError(errno.ENOSPC, posix.strerror(errno.ENOSPC))


def keeping_free(pump: Pump, file_fd: int, free: int) -> Pump:
    """Give a pump that leaves `free` bytes in the file system it writes to."""
    return _KeepingFree(pump, file_fd, free) if free else pump  # type: ignore[return-value]
