# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each request about a file; each raises `OSError` with the system's reason."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from ftpsd import limits
from ftpsd.wire import files
from ftpsd.wire.message import Done
from ftpsd.worker.directory import Names, mlst_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ftpsd.worker.beneath import Root

_NO_GROUP: Final = 2**32 - 1
_LATEST: Final = 2**63 - 1


def open_file(root: Root, request: files.Open) -> files.Opened:
    """Open a regular file for reading."""
    fd, found = root.regular(request.path, os.O_RDONLY)
    return files.Opened(file_fd=fd, size=found.st_size)


def create(root: Root, request: files.Create) -> files.Created:
    """Open a regular file for writing at the place asked for."""
    if request.mode == "unique":
        return _unique(root, request.path)
    flags = os.O_WRONLY | (os.O_APPEND if request.mode == "append" else 0)
    try:
        fd, found = root.regular(request.path, flags | (0 if request.offset else os.O_CREAT))
    except FileNotFoundError:
        if request.offset:
            raise _out_of_range() from None
        raise
    if request.mode == "store" and request.offset:
        if not 0 <= request.offset <= found.st_size:
            os.close(fd)
            raise _out_of_range()
        os.lseek(fd, request.offset, os.SEEK_SET)
    return files.Created(file_fd=fd, path=request.path)


def _out_of_range() -> OSError:
    return OSError(errno.ERANGE, os.strerror(errno.ERANGE))


def _unique(root: Root, path: str) -> files.Created:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with _named(root, path) as (parent, name):
        for number in range(limits.UNIQUE_NAMES):
            tried = f"{name}.{number}" if number else name
            if len(os.fsencode(path)) + len(tried) - len(name) > limits.PATH_BYTES:
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
            try:
                fd = os.open(tried, flags, 0o666, dir_fd=parent)
            except FileExistsError:
                continue
            return files.Created(file_fd=fd, path=path.rstrip("/")[: -len(name)] + tried)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def describe(root: Root, request: files.Describe, names: Names) -> files.Described:
    """Look at one file, following links."""
    found = root.status(request.path)
    line = None
    if request.facts is not None:
        line = mlst_line(root, request.path, found, request.facts, names)
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}
    return files.Described(
        kind=kinds.get(stat.S_IFMT(found.st_mode), "other"),
        mode=stat.S_IMODE(found.st_mode),
        size=found.st_size,
        # A file system may keep years that nanoseconds of 64 bits do not reach.
        modified=max(-_LATEST, min(found.st_mtime_ns, _LATEST)),
        line=line,
    )


def enter(root: Root, request: files.Enter) -> Done:
    """Succeed if the user may work in the directory."""
    # Looking up "." takes the permission to search, which opening the directory itself does not.
    os.close(root.open(request.path.rstrip("/") + "/.", os.O_PATH | os.O_DIRECTORY))
    return Done()


@contextlib.contextmanager
def _named(root: Root, path: str) -> Iterator[tuple[int, str]]:
    parent, name = root.parent(path)
    try:
        yield parent, name
    finally:
        os.close(parent)


def make_directory(root: Root, request: files.MakeDirectory) -> Done:
    """Make a directory."""
    with _named(root, request.path) as (parent, name):
        os.mkdir(name, 0o777, dir_fd=parent)
    return Done()


def remove_directory(root: Root, request: files.RemoveDirectory) -> Done:
    """Remove an empty directory."""
    with _named(root, request.path) as (parent, name):
        os.rmdir(name, dir_fd=parent)
    return Done()


def remove(root: Root, request: files.Remove) -> Done:
    """Remove anything but a directory; a link itself, not what it leads to."""
    with _named(root, request.path) as (parent, name):
        os.unlink(name, dir_fd=parent)
    return Done()


def rename(root: Root, request: files.Rename) -> Done:
    """Give a file or directory another path."""
    with (
        _named(root, request.path) as (source, name),
        _named(root, request.new_path) as (target, new_name),
    ):
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
    return Done()


def set_mode(root: Root, request: files.SetMode) -> Done:
    """Set the permission bits; never those that lend a program its owner's identity."""
    root.set_mode(request.path, request.mode & 0o777)
    return Done()


def set_modified(root: Root, request: files.SetModified) -> Done:
    """Set the time of modification, and leave that of the last access as it is."""
    fd = root.attributes(request.path)
    try:
        os.utime(fd, ns=(os.fstat(fd).st_atime_ns, request.modified))
    finally:
        os.close(fd)
    return Done()


def set_group(root: Root, request: files.SetGroup) -> Done:
    """Give a file to another of the user's groups."""
    if not 0 <= request.group < _NO_GROUP:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    fd = root.attributes(request.path)
    try:
        os.fchown(fd, -1, request.group)
    finally:
        os.close(fd)
    return Done()


def link(root: Root, request: files.Link) -> Done:
    """Make a symbolic link."""
    with _named(root, request.path) as (parent, name):
        os.symlink(request.target, name, dir_fd=parent)
    return Done()


def get_space(root: Root, request: files.GetSpace) -> files.Space:
    """Tell how much room there is."""
    fd = root.open(request.path, os.O_PATH)
    try:
        found = os.fstatvfs(fd)
    finally:
        os.close(fd)
    return files.Space(available=found.f_bavail * found.f_frsize)


def set_mask(_: Root, request: files.SetMask) -> Done:
    """Set which permission bits new files do not get."""
    os.umask(request.mask & 0o777)
    return Done()
