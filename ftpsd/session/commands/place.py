# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the client is, and what is there: CWD CDUP PWD MKD RMD DELE RNFR RNTO AVBL.

And of SITE: MKDIR RMDIR SYMLINK QUOTA.
"""

from __future__ import annotations

import select
import time

from ftpsd import limits
from ftpsd.protocol import path, reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session import events
from ftpsd.session.refusals import refused, unseen
from ftpsd.wire import files
from ftpsd.wire.message import fits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ftpsd.events import Event
    from ftpsd.session.meanwhile import Meanwhile
    from ftpsd.session.session import Session
    from ftpsd.wire.message import Call


def change(
    session: Session,
    verb: str,
    call: Call[Any],
    done: Reply,
    event: Event,
    **more: str,
) -> Reply:
    """Ask the worker for one thing; log it, and log it if it is refused.

    The path of the reply and of the log is the last the call names: the new name of a file.
    """
    target: str = getattr(call, "new_path", None) or call.path  # type: ignore[attr-defined]
    try:
        session.logged_in.files.ask(call)
    except files.Refused as refusal:
        session.log(events.REFUSED, verb=verb, path=target, reason=refusal.reason)
        return refused(target, refusal.reason, naming=verb == "RNTO")
    session.log(event, **more)
    return done


def enter(session: Session, argument: str) -> Reply:
    """Change the working directory (CWD)."""
    target = session.resolve(argument)
    try:
        entered = session.logged_in.files.ask(files.Enter(path=target))
    except files.Refused as refusal:
        return unseen(session, "CWD", target, refusal.reason)
    session.logged_in.directory = target
    last = f"{clean(target)} is the working directory."
    return Reply(reply.FILE_ACTION_OK, *message(session, target, entered.message), last)


def message(session: Session, target: str, text: str) -> list[str]:
    """Give the lines about a directory, the first time it is entered."""
    told = session.logged_in.told
    if not text.strip() or target in told or len(told) >= limits.MESSAGES_TOLD:
        return []
    told.add(target)
    return [clean(line) for line in text.rstrip().splitlines()]


def enter_parent(session: Session, _: None) -> Reply:
    """Change to the parent directory (CDUP); that of the root is the root."""
    return enter(session, "..")


def tell(session: Session, _: None) -> Reply:
    """Tell the working directory (PWD)."""
    directory = clean(path.quoted(session.logged_in.directory))
    return Reply(reply.PATH_CREATED, f"{directory} is the working directory.")


def make(session: Session, argument: str) -> Reply:
    """Make a directory (MKD)."""
    target = session.resolve(argument)
    done = Reply(reply.PATH_CREATED, f"{clean(path.quoted(target))} made.")
    return change(
        session, "MKD", files.MakeDirectory(path=target), done, events.DIRECTORY_MADE, path=target
    )


def remove_directory(session: Session, argument: str) -> Reply:
    """Remove an empty directory (RMD)."""
    target = session.resolve(argument)
    done = Reply(reply.FILE_ACTION_OK, "Removed.")
    return change(
        session, "RMD", files.RemoveDirectory(path=target), done, events.DELETED, path=target
    )


def delete(session: Session, argument: str) -> Reply:
    """Delete a file (DELE)."""
    target = session.resolve(argument)
    done = Reply(reply.FILE_ACTION_OK, "Deleted.")
    return change(session, "DELE", files.Remove(path=target), done, events.DELETED, path=target)


def rename_from(session: Session, argument: str) -> Reply:
    """Name what RNTO renames (RNFR)."""
    session.logged_in.rename_from = None
    target = session.resolve(argument)
    try:
        session.logged_in.files.ask(files.Describe(path=target))
    except files.Refused as refusal:
        return unseen(session, "RNFR", target, refusal.reason)
    session.logged_in.rename_from = target
    return Reply(reply.NEED_MORE, "Send RNTO.")


def rename_to(session: Session, argument: str) -> Reply:
    """Rename (RNTO); a file that has the new name is replaced, as rename(2) does."""
    source, session.logged_in.rename_from = session.logged_in.rename_from, None
    if source is None:
        return Reply(reply.BAD_SEQUENCE, "Send RNFR first.")
    target = session.resolve(argument)
    done = Reply(reply.FILE_ACTION_OK, "Renamed.")
    call = files.Rename(path=source, new_path=target)
    return change(session, "RNTO", call, done, events.RENAMED, path=source, new_path=target)


def remove_tree(session: Session, argument: str) -> Reply:
    """Remove a directory with all that is in it (SITE RMDIR); the worker cannot be called back."""
    from ftpsd.session.meanwhile import Meanwhile

    target = session.resolve(argument)
    heard = Meanwhile(session, lambda: f"removing {target}", talks=False)
    try:
        count = _removed(session, target, heard)
        session.log(events.DELETED, path=target)
        done = Reply(reply.FILE_ACTION_OK, f"Removed {count} files and directories.")
    except files.Refused as refusal:
        session.log(events.REFUSED, verb="RMDIR", path=target, reason=refusal.reason)
        done = refused(target, refusal.reason)
    if not heard.aborted:
        return done
    session.control.send(done)
    return Reply(reply.CLOSING_DATA, "Nothing is left to abort.")


def _removed(session: Session, target: str, heard: Meanwhile) -> int:
    """Give how many files were removed. Raise `Refused`, and `Gone` when the client hangs up.

    The worker ends when it has nobody to tell how far it is.
    """
    asking = session.logged_in.files
    asking.send(files.RemoveTree(path=target))
    while True:
        if not asking.channel.pending:
            deadline = time.monotonic() + limits.ANSWER_SECONDS
            heard.wait(asking.channel.fileno(), select.POLLIN, deadline)
        last = asking.answer(files.RemoveTree)
        if last.done:
            return last.count
        session.tell(f"removing {target}: {last.count} files")


def link(session: Session, argument: list[str]) -> Reply:
    """Make a symbolic link (SITE SYMLINK): to what, and where."""
    if len(argument) != 2:
        return Reply(reply.ARGUMENT_ERROR, "SYMLINK takes a target and a path.")
    if not fits(argument[0], limits.PATH_BYTES):
        return Reply(reply.FILE_UNAVAILABLE, "The target is too long.")
    target = session.resolve(argument[1])
    done = Reply(reply.COMMAND_OK, "Link made.")
    call = files.Link(target=argument[0], path=target)
    return change(session, "SYMLINK", call, done, events.LINKED, path=target, target=argument[0])


def space(session: Session, argument: str) -> Reply:
    """Tell how many bytes the file system has room for (AVBL); a quota may leave less."""
    target = session.resolve(argument)
    try:
        found = session.logged_in.files.ask(files.GetSpace(path=target))
    except files.Refused as refusal:
        return unseen(session, "AVBL", target, refusal.reason)
    return Reply(reply.FILE_STATUS, str(found.available))


def quota(session: Session, _: None) -> Reply:
    """Tell the same in words (SITE QUOTA)."""
    told = space(session, "")
    if told.code != reply.FILE_STATUS:
        return told
    return Reply(reply.COMMAND_OK, f"The file system has room for {told.lines[0]} bytes.")
