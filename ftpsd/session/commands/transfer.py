# SPDX-License-Identifier: GPL-3.0-or-later
"""Files to and from the client: RETR STOR APPE STOU REST ALLO ABOR."""

from __future__ import annotations

import os

from ftpsd import events
from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session.control import Gone
from ftpsd.session.pump import ReceiveFile, ReceiveText, SendFile, SendText
from ftpsd.session.refusals import refused
from ftpsd.session.transfer import NOT_PREPARED, Transfer
from ftpsd.wire import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.session import Session

_NO_RESTART = Reply(reply.BAD_RESTART, "REST is for TYPE I only.")


def retrieve(session: Session, argument: str) -> Reply:
    """Send a file (RETR; RFC 959, section 4.1.3)."""
    login, target = session.logged_in, session.resolve(argument)
    offset, login.restart = login.restart, 0
    if not login.data.prepared:
        return NOT_PREPARED
    if offset and login.ascii:
        return _NO_RESTART
    try:
        opened = login.files.ask(files.Open(path=target))
    except files.Refused as refusal:
        session.log(events.REFUSED, verb="RETR", path=target, reason=refusal.reason)
        return refused(target, refusal.reason)
    try:
        if offset > opened.size:
            return refused(target, "range")
        return _send(session, target, opened, offset)
    finally:
        os.close(opened.file_fd)


def _send(session: Session, target: str, opened: files.Opened, offset: int) -> Reply:
    transfer = Transfer(session, "RETR", target, opened.size - offset)
    try:
        data = transfer.connect()
        if isinstance(data, Reply):
            return data
        pump: SendFile | SendText = SendFile(opened.file_fd, data, offset)
        if session.logged_in.ascii:
            pump = SendText(opened.file_fd, data, convert=True)
        begin = f"Sending {clean(target)} ({opened.size - offset} bytes)."
        last = transfer.run(data, pump, begin, _nothing)
    except Gone:
        transfer.failed("the client is gone")
        raise
    if last.code == reply.CLOSING_DATA and not last.lines[0].startswith("Aborted"):
        session.log(events.DOWNLOADED, path=target, bytes=pump.bytes, offset=offset)
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
    offset, login.restart = login.restart, 0
    if not login.data.prepared:
        return NOT_PREPARED
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
        os.close(created.file_fd)


def _fill(session: Session, verb: str, created: files.Created, offset: int) -> Reply:
    target = created.path
    transfer = Transfer(session, verb, target)
    try:
        data = transfer.connect()
        if isinstance(data, Reply):
            return data
        pump: ReceiveFile | ReceiveText = ReceiveFile(created.file_fd, data)
        if session.logged_in.ascii:
            pump = ReceiveText(created.file_fd, data)
        name = clean(target)
        begin = f"FILE: {name}" if verb == "STOU" else f"Receiving {name}."
        last = transfer.run(data, pump, begin, _nothing)
    except Gone:
        transfer.failed("the client is gone")
        raise
    if last.code == reply.CLOSING_DATA and not last.lines[0].startswith("Aborted"):
        session.log(events.UPLOADED, path=target, bytes=pump.bytes, offset=offset)
    return last


def restart(session: Session, offset: int) -> Reply:
    """Begin the next transfer at this byte (REST; RFC 3659, section 5)."""
    session.logged_in.restart = offset
    return Reply(reply.NEED_MORE, f"Restarting at {offset}.")


def allocate(_: Session, __: int) -> Reply:
    """Accept what is announced (ALLO); the file system needs no notice."""
    return Reply(reply.SUPERFLUOUS, "No need to allocate.")


def abort(_: Session, __: None) -> Reply:
    """Answer ABOR when nothing is under way; during a transfer `meanwhile` does."""
    return Reply(reply.CLOSING_DATA, "Nothing to abort.")
