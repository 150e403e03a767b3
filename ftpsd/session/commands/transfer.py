# SPDX-License-Identifier: GPL-3.0-or-later
"""Files to and from the client: RETR STOR APPE STOU REST ALLO ABOR."""

from __future__ import annotations

import posix
from io import SEEK_SET

from ftpsd import limits
from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session import events
from ftpsd.session.control import Gone
from ftpsd.session.keep import keeping_free
from ftpsd.session.pump import SendFile, receiver, sender
from ftpsd.session.refusals import refused
from ftpsd.session.transfer import Transfer, unprepared
from ftpsd.wire import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.pump import Pump
    from ftpsd.session.session import Session

_NO_RESTART = Reply(reply.BAD_RESTART, "REST is for TYPE I only.")


def retrieve(session: Session, argument: str) -> Reply:
    """Send a file, from where REST says or what RANG says of it (RETR; RFC 959, section 4.1.3)."""
    login, target = session.logged_in, session.resolve(argument)
    offset, login.restart = login.restart, 0
    part, login.range = login.range, None
    if (missing := unprepared(session)) is not None:
        return missing
    if (offset or part) and login.ascii:
        return _NO_RESTART
    try:
        opened = login.files.ask(files.Open(path=target))
    except files.Refused as refusal:
        session.log(events.REFUSED, verb="RETR", path=target, reason=refusal.reason)
        return refused(target, refusal.reason)
    try:
        first, last = part or (offset, opened.size - 1)
        if first > opened.size:
            return refused(target, "range")
        return _send(session, target, opened.file_fd, (first, min(last + 1, opened.size) - first))
    finally:
        posix.close(opened.file_fd)


def _send(session: Session, target: str, file_fd: int, part: tuple[int, int]) -> Reply:
    offset, size = part
    transfer = Transfer(session, "RETR", target, size)
    how = session.logged_in.how
    try:
        as_it_is = not how.ascii and how.level is None
        data = transfer.connect(file=as_it_is)
        if isinstance(data, Reply):
            return data
        if as_it_is:
            pump: Pump = SendFile(file_fd, data, offset, size)
        else:
            posix.lseek(file_fd, offset, SEEK_SET)
            pump = sender(file_fd, data, how, size)
        last = transfer.run(data, pump, f"Sending {clean(target)} ({size} bytes).", _nothing)
    except Gone as reason:
        transfer.lost(reason)
        raise
    if transfer.whole:
        told = transfer.facts()
        session.log_later(events.DOWNLOADED, path=target, bytes=pump.bytes, offset=offset, **told)
    return last


def _nothing() -> None:
    """Add nothing: a file that was sent needs nothing more."""


def store(session: Session, argument: str) -> Reply:
    """Receive a file (STOR; RFC 959, section 4.1.3).

    After REST it is written over from there on, and what lies beyond the end of the transfer stays.
    """
    return _receive(session, "STOR", session.resolve(argument), "store")


def append(session: Session, argument: str) -> Reply:
    """Receive a file, adding to what is there (APPE; RFC 959, section 4.1.3)."""
    return _receive(session, "APPE", session.resolve(argument), "append")


def store_unique(session: Session, argument: str) -> Reply:
    """Receive a file under a new name (STOU), which 150 tells (RFC 1123, 4.1.2.9)."""
    return _receive(session, "STOU", session.resolve(argument or "upload"), "unique")


def _receive(session: Session, verb: str, target: str, mode: str) -> Reply:
    login = session.logged_in
    offset, login.restart, login.range = login.restart, 0, None
    if (missing := unprepared(session)) is not None:
        return missing
    if offset and login.ascii:
        return _NO_RESTART
    if offset and mode != "store":
        return Reply(reply.BAD_SEQUENCE, f"{verb} does not follow REST.")
    try:
        created = login.files.ask(files.Create(path=target, mode=mode, offset=offset))
    except files.Refused as refusal:
        session.log(events.REFUSED, verb=verb, path=target, reason=refusal.reason)
        return refused(target, refusal.reason, naming=True)
    try:
        return _fill(session, verb, created, offset)
    finally:
        posix.close(created.file_fd)


def _fill(session: Session, verb: str, created: files.Created, offset: int) -> Reply:
    target = created.path
    transfer = Transfer(session, verb, target)
    try:
        data = transfer.connect()
        if isinstance(data, Reply):
            return data

        def start() -> None:
            """Drop the old content: not before there is a data connection for the new."""
            if verb == "STOR" and not offset and "overwrite" in session.logged_in.rights:
                posix.ftruncate(created.file_fd, 0)

        pump = receiver(created.file_fd, data, session.logged_in.how)
        pump = keeping_free(pump, created.file_fd, session.logged_in.keep_free)
        name = clean(target)
        begin = f"FILE: {name}" if verb == "STOU" else f"Receiving {name}."
        last = transfer.run(data, pump, begin, lambda: _settle(session, created), start)
    except files.Refused as refusal:
        transfer.failed(refusal.reason)
        return refused(target, refusal.reason)
    except Gone as reason:
        transfer.lost(reason)
        raise
    finally:
        if created.unfinished and not transfer.whole:
            session.logged_in.files.ask(files.Finish(whole=False))
    if transfer.whole:
        told = transfer.facts()
        session.log_later(events.UPLOADED, path=target, bytes=pump.bytes, offset=offset, **told)
    return last


def _settle(session: Session, created: files.Created) -> None:
    """Make sure that the file is there, and as safe as the settings want it."""
    # What a file system (NFS) does not tell until a descriptor is closed: a full disk.
    posix.close(posix.dup(created.file_fd))
    if created.unfinished:
        session.logged_in.files.ask(files.Finish(whole=True), limits.SYNC_SECONDS)


def restart(session: Session, offset: int) -> Reply:
    """Begin the next transfer at this byte (REST; RFC 3659, section 5)."""
    session.logged_in.restart = offset
    return Reply(reply.NEED_MORE, f"Restarting at {offset}.")


def part(session: Session, wanted: tuple[int, int] | None) -> Reply:
    """Send only these bytes of the next file, or hash only these (RANG; draft-bryan-ftp-range)."""
    session.logged_in.range = wanted
    if wanted is None:
        return Reply(reply.NEED_MORE, "The whole file.")
    return Reply(reply.NEED_MORE, f"Bytes {wanted[0]} to {wanted[1]}.")


def allocate(session: Session, size: int) -> Reply:
    """Say whether the file system has room (ALLO; RFC 959, 4.1.3); none is set aside."""
    login = session.logged_in
    try:
        room = login.files.ask(files.GetSpace(path=login.directory)).available
    except files.Refused:
        room = size
    if room < size:
        return Reply(reply.QUOTA_EXCEEDED, f"The file system has room for {room} bytes only.")
    return Reply(reply.SUPERFLUOUS, "The file system has room; no need to allocate.")


def abort(_: Session, __: None) -> Reply:
    """Answer ABOR when nothing is under way; during a transfer `meanwhile` does."""
    return Reply(reply.CLOSING_DATA, "Nothing to abort.")
