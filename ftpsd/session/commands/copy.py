# SPDX-License-Identifier: GPL-3.0-or-later
"""Files copied where they are, without a data connection: SITE CPFR and CPTO, COMB."""

from __future__ import annotations

import errno
import fcntl
import posix
from io import SEEK_END

from ftpsd import limits
from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply
from ftpsd.session import events
from ftpsd.session.keep import need_room
from ftpsd.session.meanwhile import Meanwhile
from ftpsd.session.refusals import failure, refused, unseen
from ftpsd.wire import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.session import Session

_FICLONE = 0x40049409
_PIECE = 1 << 24
_TWO_NAMES = Reply(reply.NAME_NOT_ALLOWED, "That is one file with two names.")
_NOT_THERE = (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EPERM)


def _clone(source: int, target: int) -> bool:
    """Let both share their blocks, where the file system can (ioctl_ficlone(2))."""
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in (*_NOT_THERE, errno.ENOTTY):
            return False
        raise
    return True


def _step(source: int, target: int) -> int:
    """Copy a piece in the kernel, or through here where the kernel cannot (copy_file_range(2))."""
    try:
        return posix.copy_file_range(source, target, _PIECE)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
    piece = memoryview(posix.read(source, _PIECE >> 4))
    size = len(piece)
    while piece:
        piece = piece[posix.write(target, piece) :]
    return size


def _copy(session: Session, source: int, target: int, *, clone: bool) -> int | Reply:
    """Copy all of `source`, unless the client aborts. Raise `OSError`, `Gone`."""
    if clone and _clone(source, target):
        return posix.fstat(target).st_size
    moved = 0
    meanwhile = Meanwhile(session, lambda: f"Copying: {moved} bytes", talks=False)
    while size := _step(source, target):
        moved += size
        need_room(target, session.logged_in.keep_free)
        if not meanwhile.look():
            return meanwhile.aborts(Reply(reply.LOCAL_ERROR, "Aborted."))
    return moved


def _into(session: Session, target: str, sources: list[str], *, replace: bool) -> Reply | int:
    """Copy files to one, or to its end; give how many bytes, or why not."""
    ask = session.logged_in.files.ask
    opened: list[int] = []
    at = target
    try:
        for at in sources:
            opened += [ask(files.Open(path=at)).file_fd]
        at = target
        if _twice(opened):
            return _TWO_NAMES
        # Nothing is emptied yet: the target may be a source by another name.
        mode = "store" if replace else "append"
        opened += [ask(files.Create(path=target, mode=mode, offset=0)).file_fd]
        return _fill(session, opened) if replace else _add(session, opened)
    except files.Refused as refusal:
        _log(session, at, refusal.reason, replace=replace)
        return refused(at, refusal.reason, naming=at is target)
    except OSError as error:
        said = failure(error) or Reply(reply.LOCAL_ERROR, "The file system failed.")
        _log(session, target, said.lines[0].rstrip("."), replace=replace)
        return said
    finally:
        for fd in opened:
            posix.close(fd)
        # Of a copy that is whole nothing is left to be taken back.
        ask(files.Finish(whole=False))


def _log(session: Session, path: str, reason: str, *, replace: bool) -> None:
    session.log(events.REFUSED, verb="CPTO" if replace else "COMB", path=path, reason=reason)


def _add(session: Session, opened: list[int]) -> Reply | int:
    """Write all to the end of the last one, which stays as it was unless all of it gets there."""
    target = opened[-1]
    size = posix.fstat(target).st_size
    found: Reply | int | None = None
    try:
        found = _fill(session, opened, replace=False)
    finally:
        # Sent again, a part that stayed would be there twice.
        cut = not isinstance(found, int) and _may_overwrite(session)
        if cut and posix.fstat(target).st_size > size:
            posix.ftruncate(target, size)
    return found


def _fill(session: Session, opened: list[int], *, replace: bool = True) -> Reply | int:
    """Write all to the last one; the worker hears whether it is whole, or may be removed."""
    # One that is not touched because it is its own source is as whole as it was.
    whole = _twice(opened)
    try:
        if whole:
            return _TWO_NAMES
        if _may_overwrite(session):
            _place(opened[-1], replace=replace)
        found = _all(session, opened[:-1], opened[-1], clone=replace)
        whole = not isinstance(found, Reply)
        return found
    finally:
        session.logged_in.files.ask(files.Finish(whole=whole), limits.SYNC_SECONDS)


def _twice(opened: list[int]) -> bool:
    found = [posix.fstat(fd) for fd in opened]
    return len({(one.st_dev, one.st_ino) for one in found}) < len(opened)


def _may_overwrite(session: Session) -> bool:
    """Say whether what others add to the target meanwhile may be lost."""
    return "overwrite" in session.logged_in.rights


def _place(target: int, *, replace: bool) -> None:
    # copy_file_range(2) takes no descriptor that appends.
    fcntl.fcntl(target, fcntl.F_SETFL, fcntl.fcntl(target, fcntl.F_GETFL) & ~posix.O_APPEND)
    if replace:
        posix.ftruncate(target, 0)
    posix.lseek(target, 0, SEEK_END)


def _all(session: Session, sources: list[int], target: int, *, clone: bool) -> Reply | int:
    total = 0
    for source in sources:
        moved = _copy(session, source, target, clone=clone)
        if isinstance(moved, Reply):
            return moved
        total += moved
    return total


def copy_from(session: Session, argument: str) -> Reply:
    """Name what CPTO copies (SITE CPFR)."""
    target = session.resolve(argument)
    try:
        found = session.logged_in.files.ask(files.Describe(path=target))
    except files.Refused as refusal:
        return unseen(session, "CPFR", target, refusal.reason)
    if found.kind != "file":
        return refused(target, "not_regular")
    session.logged_in.copy_from = target
    return Reply(reply.NEED_MORE, "Send SITE CPTO.")


def copy_to(session: Session, argument: str) -> Reply:
    """Copy to here (SITE CPTO)."""
    login = session.logged_in
    source, login.copy_from = login.copy_from, None
    if source is None:
        return Reply(reply.BAD_SEQUENCE, "Send SITE CPFR first.")
    target = session.resolve(argument)
    return _done(session, target, _into(session, target, [source], replace=True))


def combine(session: Session, argument: list[str]) -> Reply:
    """Add files to the end of one, and remove them (COMB)."""
    target, *sources = [session.resolve(one) for one in argument]
    found = _into(session, target, sources, replace=False)
    done = _done(session, target, found)
    if isinstance(found, Reply):
        return done
    for source in sources:
        try:
            session.logged_in.files.ask(files.Remove(path=source))
        except files.Refused as refusal:
            # To send it again would add all of it again.
            said = refused(source, refusal.reason)
            return Reply(said.code, *done.lines, *said.lines)
        session.log(events.DELETED, path=source)
    return done


def _done(session: Session, target: str, found: Reply | int) -> Reply:
    if isinstance(found, Reply):
        return found
    session.log(events.COPIED, path=target, bytes=found)
    return Reply(reply.FILE_ACTION_OK, f"Copied {found} bytes.")
