# SPDX-License-Identifier: GPL-3.0-or-later
"""One function for each request about a file; each raises `OSError` with the system's reason."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from ftpsd import limits
from ftpsd.syscall import syscall
from ftpsd.wire import files
from ftpsd.wire.message import Done
from ftpsd.worker.lines import Names, mlst_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ftpsd.worker.beneath import Root

_RENAMEAT2: Final = {"x86_64": 316}.get(os.uname().machine, 276)
_NOREPLACE: Final = 1
_NO_GROUP: Final = 2**32 - 1
_LATEST: Final = 2**63 - 1


def open_file(root: Root, request: files.Open) -> files.Opened:
    """Open a regular file for reading."""
    fd, found = root.regular(request.path, os.O_RDONLY)
    try:
        _need_readable(root, fd, found)
    except BaseException:
        os.close(fd)
        raise
    return files.Opened(file_fd=fd, size=found.st_size)


def _need_readable(root: Root, fd: int, found: os.stat_result) -> None:
    """Raise `Refused` unless the settings let an open file be read."""
    root.rights.need("download")
    root.need_named("download", fd)
    if not found.st_mode & stat.S_IROTH:
        root.rights.need_not("world_readable_only")


def create(root: Root, request: files.Create) -> tuple[int, str]:
    """Open a regular file for writing at the place asked for; give it and its path."""
    rights = root.rights
    rights.need_named("upload", request.path)
    if request.offset and request.mode != "store":
        raise _out_of_range()
    if request.mode == "unique":
        return _unique(root, request.path)
    # What others add to it before all has come, be it new or not, is there by then.
    appends = request.mode == "append" or not rights.chosen.overwrite
    flags = os.O_WRONLY | (os.O_APPEND if appends else 0)
    if not request.offset:
        right = rights.chosen.append if request.mode == "append" else rights.chosen.overwrite
        flags |= os.O_CREAT if right else os.O_CREAT | os.O_EXCL
    try:
        fd, found = root.regular(request.path, flags)
    except FileNotFoundError:
        if request.offset:
            raise _out_of_range() from None
        raise
    try:
        root.need_named("upload", fd)
        if request.offset:
            _seek(root, fd, request.offset, found.st_size)
    except BaseException:
        os.close(fd)
        raise
    return fd, request.path


def _seek(root: Root, fd: int, offset: int, size: int) -> None:
    """Go to where REST says: at the end that is to append."""
    if not 0 <= offset <= size:
        raise _out_of_range()
    root.rights.need("append" if offset == size else "overwrite")
    os.lseek(fd, offset, os.SEEK_SET)


def _out_of_range() -> OSError:
    return OSError(errno.ERANGE, os.strerror(errno.ERANGE))


def _unique(root: Root, path: str) -> tuple[int, str]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    flags |= 0 if root.rights.chosen.overwrite else os.O_APPEND
    with _named(root, path) as (parent, name):
        # A picture stays one to programs, and to UploadNames=.
        stem, extension = os.path.splitext(name)
        for number in range(limits.UNIQUE_NAMES):
            tried = f"{stem}.{number}{extension}" if number else name
            if len(os.fsencode(path)) + len(tried) - len(name) > limits.PATH_BYTES:
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
            try:
                root.rights.need_named("upload", tried)
                root.rights.walk(tried)
                fd = os.open(tried, flags, root.rights.chosen.file_mode, dir_fd=parent)
            except FileExistsError:
                continue
            return fd, path.rstrip("/")[: -len(name)] + tried
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


def enter(root: Root, request: files.Enter) -> files.Entered:
    """Give the message of a directory if the user may work in it."""
    # Looking up "." takes the permission to search, which opening the directory itself does not.
    directory = root.open(request.path.rstrip("/") + "/.", os.O_PATH | os.O_DIRECTORY)
    try:
        return files.Entered(message=_message(root, request.path, directory))
    finally:
        os.close(directory)


def _message(root: Root, path: str, directory: int) -> str:
    """Read the beginning of the file that is told to who enters a directory, if there is one."""
    name = root.rights.chosen.directory_message
    if name == "none":
        return ""
    try:
        fd, found = root.regular(f"{path.rstrip('/')}/{name}", os.O_RDONLY)
    except OSError:
        return ""
    try:
        if not _of_others(root, name, directory, found):
            _need_readable(root, fd, found)
        text = os.read(fd, limits.DIRECTORY_MESSAGE_BYTES).decode("utf-8", "replace")
    except (OSError, files.Refused):
        return ""
    finally:
        os.close(fd)
    return text.replace("\0", "")


def _of_others(root: Root, name: str, directory: int, message: os.stat_result) -> bool:
    """Say whether a message cannot have been put there by the user. Raise `OSError`.

    What he may not read would only need its name, or a link of it, to be told.
    """
    chosen = root.rights.chosen
    if not (chosen.write and (chosen.upload or chosen.rename)):
        return True
    there, above = os.stat(name, dir_fd=directory, follow_symlinks=False), os.fstat(directory)
    itself = (there.st_dev, there.st_ino) == (message.st_dev, message.st_ino)
    own = above.st_uid == os.geteuid() or os.access(".", os.W_OK, dir_fd=directory)
    return itself and not own


@contextlib.contextmanager
def _named(root: Root, path: str) -> Iterator[tuple[int, str]]:
    parent, name = root.parent(path)
    try:
        yield parent, name
    finally:
        os.close(parent)


def make_directory(root: Root, request: files.MakeDirectory) -> Done:
    """Make a directory."""
    root.rights.need_whole(request.path)
    with _named(root, request.path) as (parent, name):
        os.mkdir(name, root.rights.chosen.directory_mode, dir_fd=parent)
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
    rights = root.rights
    rights.need_whole(request.new_path)
    with (
        _named(root, request.path) as (source, name),
        _named(root, request.new_path) as (target, new_name),
    ):
        if not stat.S_ISDIR(os.stat(name, dir_fd=source, follow_symlinks=False).st_mode):
            rights.need_named("upload", new_name)
            # What may not be downloaded would only need another name.
            if rights.named("download", new_name):
                rights.need_named("download", name)
        if not rights.chosen.overwrite:
            rename_to_nothing(source, name, target, new_name)
            return Done()
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
    return Done()


def rename_to_nothing(source: int, name: str, target: int, new_name: str) -> None:
    """Rename unless there is something by that name already (renameat2(2), RENAME_NOREPLACE)."""
    old, new = os.fsencode(name), os.fsencode(new_name)
    syscall(_RENAMEAT2, source, old, target, new, _NOREPLACE)


def set_mode(root: Root, request: files.SetMode) -> Done:
    """Set the permission bits; never those that lend a program its owner's identity."""
    root.set_mode(request.path, request.mode)
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
    # To who follows it (a web server) the content has the name of the link.
    root.rights.need_named("upload", request.path)
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
    free = found.f_bavail * found.f_frsize - root.rights.chosen.keep_free
    return files.Space(available=max(0, free))


def set_mask(_: Root, request: files.SetMask) -> Done:
    """Set which permission bits new files do not get."""
    os.umask(request.mask & 0o777)
    return Done()
