# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a directory: LIST NLST MLSD, and STAT with a path."""

from __future__ import annotations

import posix

from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session import events
from ftpsd.session.control import Gone
from ftpsd.session.pump import lister
from ftpsd.session.refusals import REFUSALS, refused
from ftpsd.session.transfer import Transfer, unprepared
from ftpsd.wire import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.protocol.argument import ListRequest
    from ftpsd.session.session import Session


def _exists(session: Session, argument: str) -> bool:
    try:
        session.logged_in.files.ask(files.Describe(path=session.resolve(argument)))
    except files.Refused:
        return False
    return True


def _request(session: Session, asked: ListRequest, form: str) -> files.List:
    argument = asked.path
    if asked.raw != asked.path and _exists(session, asked.raw):
        # A file may be named "-la".
        argument = asked.raw
    return files.List(
        path=session.resolve(argument),
        form=form,
        prefix=argument,
        facts=session.logged_in.facts,
        hidden=asked.all or asked.almost_all,
        own=asked.all,
        recursive=asked.recursive,
        by_time=asked.by_time,
        by_size=asked.by_size,
        reverse=asked.reverse,
        itself=asked.directory,
        classify=asked.classify,
        human=asked.human,
    )


def _open(session: Session, verb: str, request: files.List) -> int | Reply:
    """Begin a listing; give the pipe to read it from."""
    try:
        listing = session.logged_in.files.ask(request)
    except files.Refused as refusal:
        session.log(events.REFUSED, verb=verb, path=request.path, reason=refusal.reason)
        return refused(request.path, refusal.reason)
    assert listing.listing_fd is not None
    return listing.listing_fd


def _send(session: Session, verb: str, request: files.List) -> Reply:
    login = session.logged_in
    if (missing := unprepared(session)) is not None:
        return missing
    transfer = Transfer(session, verb, request.path)
    pipe = _open(session, verb, request)
    if isinstance(pipe, Reply):
        return pipe
    reading = [pipe]
    try:
        data = transfer.connect()
        if isinstance(data, Reply):
            return data

        def finish() -> None:
            """Hear from the worker that the listing is whole."""
            posix.close(reading.pop())
            login.files.answer(files.List)

        pump = lister(pipe, data, login.how.level)
        return transfer.run(data, pump, f"Listing {clean(request.path)}.", finish)
    except files.Refused as refusal:
        transfer.failed(refusal.reason)
        return refused(request.path, refusal.reason)
    except Gone as reason:
        transfer.lost(reason)
        raise
    finally:
        if reading:
            # The worker learns that nobody reads; what it then answers belongs to nothing.
            posix.close(reading.pop())
            _forget(session)


def long(session: Session, asked: ListRequest) -> Reply:
    """Send a listing as `ls -l` has it (LIST; RFC 959, section 4.1.3)."""
    return _send(session, "LIST", _request(session, asked, "long"))


def names(session: Session, asked: ListRequest) -> Reply:
    """Send names alone (NLST; RFC 959, section 4.1.3), or with `-l` what LIST sends."""
    return _send(session, "NLST", _request(session, asked, "long" if asked.long else "names"))


def facts(session: Session, argument: str) -> Reply:
    """Send the facts of each file in a directory (MLSD; RFC 3659, section 7)."""
    target = session.resolve(argument)
    try:
        found = session.logged_in.files.ask(files.Describe(path=target))
    except files.Refused as refusal:
        return refused(target, refusal.reason)
    if found.kind != "directory":
        return Reply(reply.ARGUMENT_ERROR, "MLSD is for directories; send MLST.")
    request = files.List(
        path=target,
        form="facts",
        prefix="",
        facts=session.logged_in.facts,
        hidden=True,
        own=True,
        recursive=False,
        by_time=False,
        by_size=False,
        reverse=False,
        itself=False,
        classify=False,
        human=False,
    )
    return _send(session, "MLSD", request)


def status(session: Session, asked: ListRequest) -> Reply | None:
    """List over the control connection (STAT with a path; RFC 959, section 4.1.3)."""
    request = _request(session, asked, "long")
    pipe = _open(session, "STAT", request)
    if isinstance(pipe, Reply):
        return pipe
    session.control.write(b"213-Status follows:\r\n")
    try:
        with open(pipe, "rb") as lines:
            for line in lines:
                session.control.write(b" " + line)
    finally:
        reason = _forget(session)
    if reason is not None:
        _, text = REFUSALS[reason]
        return Reply(reply.FILE_STATUS, f"End of status; there is more. {text}.")
    return Reply(reply.FILE_STATUS, "End of status.")


def _forget(session: Session) -> str | None:
    """Take the worker's last answer to a listing: why it is not whole, if it is not."""
    try:
        session.logged_in.files.answer(files.List)
    except files.Refused as refusal:
        return refusal.reason
    return None
