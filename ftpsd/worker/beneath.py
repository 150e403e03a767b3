# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening paths that cannot leave a root directory, whatever its links and whoever moves them.

The kernel resolves each path in one step (openat2(2), RESOLVE_IN_ROOT): there is no check that a
rename could outrun.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from typing import TYPE_CHECKING, Final

from ftpsd.syscall import syscall
from ftpsd.worker.birth import created
from ftpsd.worker.rights import EVERYTHING, Rights

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

_OPENAT2: Final = 437
_FCHMODAT2: Final = 452
_AT_EMPTY_PATH: Final = 0x1000
_RESOLVE: Final = 0x10 | 0x02
"""RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS (linux/openat2.h)."""
_TRIES: Final = 128
"""The kernel answers EAGAIN when a rename anywhere crosses a walk through ".."."""

NEVER_BLOCK: Final = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""A FIFO without a writer, a file under lease and a terminal must not hold up the worker."""


_HOW: Final = struct.Struct("QQQ")
"""struct open_how: flags, mode, resolve."""


class Root:
    """A directory, and the only way from it to what is beneath."""

    def __init__(self, path: str, rights: Rights = EVERYTHING) -> None:
        """Open the root directory, to use it with `rights`.

        Raise `OSError`, also where the kernel has no openat2(2).
        """
        self.rights = rights
        self.fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._above = len(os.readlink(f"/proc/self/fd/{self.fd}").rstrip("/"))
        # Looking up "." takes the permission to search, which opening the root itself does not.
        os.close(self.open("/.", os.O_PATH | os.O_DIRECTORY))

    def open(self, path: str, flags: int, mode: int = 0) -> int:
        """Open `path`, taking the root for "/" and for every "..". Raise `OSError`.

        Neither the path itself nor what it leads to has a name that is denied.
        """
        self.rights.walk(path)
        fd = self._open(path, flags, mode)
        if self.rights.chosen.deny_names:
            try:
                self.rights.walk(self.real(fd))
            except BaseException:
                os.close(fd)
                raise
        return fd

    def need_named(self, kind: str, fd: int) -> None:
        """Raise `Refused` unless an open file may be uploaded or downloaded, by its real name."""
        # Only if it matters: the kernel tells no path longer than 4096 bytes.
        if getattr(self.rights.chosen, f"{kind}_names"):
            self.rights.need_named(kind, self.real(fd))

    def real(self, fd: int) -> str:
        """Give the path of an open file, without a link in it, as the kernel knows it (proc(5))."""
        return os.readlink(f"/proc/self/fd/{fd}")[self._above :]

    def _open(self, path: str, flags: int, mode: int) -> int:
        how = _HOW.pack(flags | os.O_CLOEXEC, mode, _RESOLVE)
        name = os.fsencode(path)
        for _ in range(_TRIES):
            try:
                return syscall(_OPENAT2, self.fd, name, how, _HOW.size)
            except (BlockingIOError, InterruptedError):
                continue
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def parent(self, path: str) -> tuple[int, str]:
        """Open the directory that holds `path`; give it and the last name. Raise `OSError`.

        The root has no name, and ".." would name what is above the parent.
        """
        above, _, name = path.rstrip("/").rpartition("/")
        if name in ("", ".", ".."):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        self.rights.walk(name)
        return self.open(above or "/", os.O_PATH | os.O_DIRECTORY), name

    def status(self, path: str) -> os.stat_result:
        """Look at `path`; at a link itself where it leads nowhere. Raise `OSError`."""
        return self._look(path, os.fstat)

    def created(self, path: str) -> int | None:
        """Give when what `status` looks at was made, as `birth.created` does. Raise `OSError`."""
        return self._look(path, created)

    def _look(self, path: str, how: Callable[[int], T]) -> T:
        try:
            fd = self.open(path, os.O_PATH)
        except FileNotFoundError:
            fd = self.open(path, os.O_PATH | os.O_NOFOLLOW)
        try:
            return how(fd)
        finally:
            os.close(fd)

    def regular(self, path: str, flags: int) -> tuple[int, os.stat_result]:
        """Open a regular file, or make one if `flags` say so. Raise `OSError`.

        Opening a device can act on it already (a tape rewinds), so the kind is looked at first. The
        second look is for what was put there in between.
        """
        try:
            kind(self.status(path))
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
            # Nothing is made where nothing may be reached.
            os.close(self.parent(path)[0])
        # openat2(2) takes a mode only where there is something to make.
        mode = self.rights.chosen.file_mode if flags & os.O_CREAT else 0
        fd = self.open(path, flags | NEVER_BLOCK, mode)
        try:
            found = os.fstat(fd)
            kind(found)
            os.set_blocking(fd, True)
        except BaseException:
            os.close(fd)
            raise
        return fd, found

    def attributes(self, path: str) -> int:
        """Open a regular file or directory to change its attributes. Raise `OSError`."""
        found = self.status(path)
        if not stat.S_ISDIR(found.st_mode):
            kind(found)
        try:
            return self.open(path, os.O_RDONLY | NEVER_BLOCK)
        except PermissionError:
            if stat.S_ISDIR(found.st_mode):
                raise
            return self.open(path, os.O_WRONLY | NEVER_BLOCK)

    def set_mode(self, path: str, mode: int) -> None:
        """Set the permission bits of a file or directory. Raise `OSError`.

        Beyond these a file has none then; a directory keeps what it is shared by, and gets no more.
        """
        try:
            fd = self.attributes(path)
        except PermissionError:
            # Its owner may have taken every permission from it, and may give it back.
            fd = self.open(path, os.O_PATH)
            try:
                syscall(_FCHMODAT2, fd, b"", _whole(fd, mode), _AT_EMPTY_PATH)
            except OSError as error:
                # Linux before 6.6, or a systemd that does not know the call yet.
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from error
            finally:
                os.close(fd)
            return
        try:
            os.fchmod(fd, _whole(fd, mode))
        finally:
            os.close(fd)


def _whole(fd: int, mode: int) -> int:
    found = os.fstat(fd).st_mode
    kept = found & (stat.S_ISGID | stat.S_ISVTX) if stat.S_ISDIR(found) else 0
    return mode & 0o777 | kept


def kind(found: os.stat_result) -> None:
    """Raise `OSError` unless `found` is a regular file: EISDIR for a directory, else ENXIO."""
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
