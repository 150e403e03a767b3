# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads from their begin to their end: aside, in place, synced, or taken back."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from ftpsd.wire import files
from ftpsd.wire.channel import Closed
from ftpsd.wire.message import Done, Malformed
from ftpsd.wire.owner import Give, NotGiven
from ftpsd.worker import files as handlers
from ftpsd.worker.beneath import kind
from ftpsd.worker.rights import TEMPORARY

if TYPE_CHECKING:
    from ftpsd.wire.channel import Peer
    from ftpsd.worker.beneath import Root

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_SMALL: Final = "security."
"""Extended attributes that a new file gets by itself."""


class Upload:
    """A file that is written to, and the directory it is in."""

    def __init__(self, fd: int, parent: int, name: str, *, final: str = "") -> None:
        """Take over both descriptors. With `final` the name is one for the time being."""
        self.fd, self.parent, self._name, self._final = fd, parent, name, final
        self.failed_is_removed = bool(final)
        self.before: os.stat_result | None = None
        """What the file was, if it was there before; not a byte may have come since."""

    @property
    def aside(self) -> bool:
        """Say whether it has not the name yet that it is to have."""
        return bool(self._final)

    def close(self) -> None:
        """Let go of it."""
        os.close(self.fd)
        os.close(self.parent)

    def fail(self) -> None:
        """Take it back, if that is wanted, unless something else has its name by now."""
        if not self.failed_is_removed:
            return
        with contextlib.suppress(OSError):
            there, own = os.stat(self._name, dir_fd=self.parent), os.fstat(self.fd)
            if self.before is not None and _unchanged(self.before, own):
                return
            if (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino):
                try:
                    os.unlink(self._name, dir_fd=self.parent)
                except PermissionError:
                    # It was given away, in a sticky directory: its content can go, its name not.
                    os.ftruncate(self.fd, 0)

    def show(self, *, replace: bool) -> None:
        """Give it its name. Raise `OSError`, also if there is one that it may not `replace`."""
        if not self._final:
            return
        if replace:
            os.rename(self._name, self._final, src_dir_fd=self.parent, dst_dir_fd=self.parent)
        else:
            handlers.rename_to_nothing(self.parent, self._name, self.parent, self._final)
        self._name = self._final
        self._final = ""

    def sync_name(self) -> None:
        """Wait until its name is on the disk, as far as the user may open the directory."""
        with contextlib.suppress(PermissionError):
            fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.parent)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


class Uploads:
    """The upload of one session that is under way."""

    def __init__(self, root: Root, owner: Peer | None = None) -> None:
        """Upload beneath `root`, by its settings; `owner` gives uploads away, if anybody does."""
        self._root = root
        self._owner = owner
        self._chosen = root.rights.chosen
        self._pending: Upload | None = None

    def create(self, request: files.Create) -> files.Created:
        """Open a file for writing. Raise `OSError` or `Refused`."""
        self.give_up()
        try:
            return self._create(request)
        except BaseException:
            self.give_up()
            raise

    def _create(self, request: files.Create) -> files.Created:
        chosen = self._chosen
        whole = request.mode != "append" and not request.offset
        if chosen.atomic_uploads and whole and request.mode == "store":
            self._pending = self._aside(request.path)
            if self._pending is not None:
                self._need_room(self._pending.fd)
                return _created(os.dup(self._pending.fd), request.path, unfinished=True)
        removed = chosen.delete_failed_uploads and whole
        before = self._there(request.path) if request.mode != "unique" else None
        fd, path = handlers.create(self._root, request)
        try:
            if removed or chosen.sync_uploads or chosen.max_file_size:
                self._pending = self._in_place(fd, before)
                self._pending.failed_is_removed = removed
            self._need_room(fd)
            # At once: what ends before it is whole is not to stay the user's either.
            self._give(fd)
        except BaseException:
            self._unmake(fd, before)
            raise
        return _created(fd, path, unfinished=self._pending is not None)

    def _in_place(self, fd: int, before: os.stat_result | None) -> Upload:
        parent, name = self._root.parent(self._root.real(fd))
        upload = Upload(os.dup(fd), parent, name)
        upload.before = before
        return upload

    def _unmake(self, fd: int, before: os.stat_result | None) -> None:
        """Let go of a file that is refused, and have it removed if it was made for that."""
        try:
            if before is None and not os.fstat(fd).st_size:
                self._pending = self._pending or self._in_place(fd, before)
                self._pending.failed_is_removed = True
        finally:
            os.close(fd)

    def _there(self, path: str) -> os.stat_result | None:
        try:
            fd = self._root.open(path, os.O_PATH)
        except OSError:
            # Opening it for writing tells why.
            return None
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def finish(self, request: files.Finish) -> Done:
        """End the upload. Raise `OSError` if it is not whole after all."""
        upload, chosen = self._pending, self._chosen
        if not request.whole or upload is None:
            self.give_up()
            return Done()
        try:
            if chosen.max_file_size:
                _bound(upload.fd, chosen.max_file_size)
            if chosen.sync_uploads:
                os.fsync(upload.fd)
            # In a sticky directory only an owner may rename.
            late = upload.aside and _sticky(upload.parent)
            # Elsewhere whatever can go wrong goes wrong while the old file is there, and nobody
            # else who is this user can open the new one before it is given away.
            if upload.aside and not late:
                self._give(upload.fd)
            upload.show(replace=chosen.overwrite)
            if late:
                self._give(upload.fd)
            if chosen.sync_uploads:
                # It is whole, and the only one left: no failure from here on may take it away.
                upload.failed_is_removed = False
                upload.sync_name()
        except BaseException:
            self.give_up()
            raise
        self._pending = None
        upload.close()
        return Done()

    def give_up(self) -> None:
        """End the upload as one that is not whole; that of a session that is gone, too."""
        upload, self._pending = self._pending, None
        if upload is not None:
            upload.fail()
            upload.close()

    def _give(self, fd: int) -> None:
        """Give a file of this user to whom the settings name. Raise `OSError`."""
        if self._owner is not None and os.fstat(fd).st_uid == os.geteuid():
            try:
                self._owner.ask(Give(file_fd=fd))
            except NotGiven as refusal:
                code = errno.EDQUOT if refusal.quota else errno.EPERM
                raise OSError(code, "cannot be given away") from None
            except (Closed, Malformed):
                # An answer that comes too late would be taken for that to the next question.
                self._owner.close()
                raise OSError(errno.EPERM, "cannot be given away") from None

    def _need_room(self, fd: int) -> None:
        if self._chosen.keep_free:
            found = os.fstatvfs(fd)
            if found.f_bavail * found.f_frsize <= self._chosen.keep_free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _aside(self, path: str) -> Upload | None:
        """Make a file beside the one of this name; `None` where it has to be written in place.

        That is where a new file could not be what the old one is (of another owner, with other
        names or with attributes of its own), or could not take its place.
        """
        root, rights = self._root, self._root.rights
        rights.need_named("upload", path)
        old: os.stat_result | None = None
        try:
            fd = root.open(path, os.O_PATH)
        except FileNotFoundError:
            kind_of_nothing(root, path)
        else:
            try:
                old = os.fstat(fd)
                kind(old)
                if not rights.chosen.overwrite:
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
                root.need_named("upload", fd)
                path = root.real(fd)
                if not _replaceable(fd, old):
                    return None
            finally:
                os.close(fd)
        parent, name = root.parent(path)
        try:
            return self._beside(parent, name, old)
        except BaseException:
            os.close(parent)
            raise

    def _beside(self, parent: int, name: str, old: os.stat_result | None) -> Upload | None:
        if old is not None and self._owner is not None and _sticky(parent):
            # The old file stays until the new one is given away, which could not be renamed then.
            os.close(parent)
            return None
        temporary = TEMPORARY + os.urandom(8).hex()
        try:
            fd = os.open(temporary, _NEW, self._chosen.file_mode, dir_fd=parent)
        except PermissionError:
            if old is None:
                raise
            # The directory takes no new file, but the one in it may be written to.
            os.close(parent)
            return None
        upload = Upload(fd, parent, temporary, final=name)
        upload.before = old
        if old is not None:
            try:
                os.fchmod(fd, stat.S_IMODE(old.st_mode) & 0o777)
                if os.fstat(fd).st_gid != old.st_gid:
                    os.fchown(fd, -1, old.st_gid)
            except PermissionError:
                upload.fail()
                upload.close()
                return None
        return upload


def _created(fd: int, path: str, *, unfinished: bool) -> files.Created:
    return files.Created(file_fd=fd, path=path, unfinished=unfinished)


def kind_of_nothing(root: Root, path: str) -> None:
    """Raise `OSError` if `path` is a link that leads nowhere: a new file would take its place."""
    with contextlib.suppress(FileNotFoundError):
        kind(root.status(path))


def _replaceable(fd: int, old: os.stat_result) -> bool:
    if old.st_uid != os.geteuid() or old.st_nlink != 1 or not old.st_mode & stat.S_IWUSR:
        return False
    try:
        found = os.listxattr(f"/proc/self/fd/{fd}")
    except OSError:
        return False
    return all(name.startswith(_SMALL) for name in found)


def _sticky(directory: int) -> bool:
    """Say whether only its owner may rename or remove a file in a directory (inode(7), S_ISVTX)."""
    found = os.fstat(directory)
    return bool(found.st_mode & stat.S_ISVTX) and found.st_uid != os.geteuid()


def _unchanged(before: os.stat_result, now: os.stat_result) -> bool:
    kept = before.st_dev, before.st_ino, before.st_size, before.st_mtime_ns
    return kept == (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)


def _bound(fd: int, most: int) -> None:
    if os.fstat(fd).st_size > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
