# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing a directory with all that is in it."""

from __future__ import annotations

import errno
import itertools
import os
from typing import TYPE_CHECKING, Final

from ftpsd import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ftpsd.worker.beneath import Root
    from ftpsd.worker.rights import Rights

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
AT_ONCE: Final = 8192
"""Names of one directory that are held."""


def remove_tree(root: Root, path: str) -> Iterator[int]:
    """Remove `path` and all beneath it; give the count of what is removed as it goes.

    Each directory is opened without following a link, and emptied through its descriptor: who moves
    it meanwhile, or puts a link in its place, moves what is removed, and adds nothing to it. Raise
    `OSError`: EXDEV at another file system, ELOOP when it is too deep.
    """
    parent, name = root.parent(path)
    try:
        fd = os.open(name, _DIRECTORY, dir_fd=parent)
        try:
            count = 0
            for count in _empty(fd, os.fstat(fd).st_dev, 0, root.rights):
                yield count
        finally:
            os.close(fd)
        os.rmdir(name, dir_fd=parent)
        yield count + 1
    finally:
        os.close(parent)


def _empty(directory: int, device: int, depth: int, rights: Rights) -> Iterator[int]:
    if depth > limits.TREE_DEPTH:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    count = 0
    for name in _names(directory):
        rights.walk(name)
        fd = _directory(directory, name)
        if fd is None:
            os.unlink(name, dir_fd=directory)
        else:
            try:
                if os.fstat(fd).st_dev != device:
                    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
                inner = 0
                for inner in _empty(fd, device, depth + 1, rights):
                    yield count + inner
                count += inner
            finally:
                os.close(fd)
            os.rmdir(name, dir_fd=directory)
        count += 1
        yield count


def _names(directory: int) -> Iterator[str]:
    """Give the names in a directory of which each is removed before the next is asked for.

    Removing while reading a directory may skip names, and to take them whole, there may be more
    than memory holds: they are taken some at a time, each time from the beginning.
    """
    most = taken = AT_ONCE
    while taken == most:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in itertools.islice(entries, most)]
        taken = len(names)
        yield from names


def _directory(above: int, name: str) -> int | None:
    """Open a directory; give `None` for anything else, a link above all."""
    try:
        return os.open(name, _DIRECTORY, dir_fd=above)
    except (NotADirectoryError, FileNotFoundError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
