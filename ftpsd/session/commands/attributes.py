# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a file, and setting it: SIZE MDTM MLST MFMT MFF, SITE CHMOD UTIME UMASK."""

from __future__ import annotations

from ftpsd.protocol import extension, reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.protocol.timestamp import mdtm_text
from ftpsd.session import events
from ftpsd.session.commands.place import change
from ftpsd.session.refusals import refused, unseen
from ftpsd.wire import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.protocol.permission import Permission
    from ftpsd.session.session import Session


def _file(session: Session, verb: str, target: str) -> files.Described | Reply:
    try:
        found = session.logged_in.files.ask(files.Describe(path=target))
    except files.Refused as refusal:
        return unseen(session, verb, target, refusal.reason)
    if found.kind != "file":
        return refused(target, "is_directory" if found.kind == "directory" else "not_regular")
    return found


def size(session: Session, argument: str) -> Reply:
    """Tell how many bytes RETR would send (RFC 3659, section 4)."""
    if session.logged_in.ascii:
        # Counting line ends takes as long as sending the file (RFC 3659, section 4.3).
        return Reply(reply.FILE_UNAVAILABLE, "SIZE is known in TYPE I only.")
    found = _file(session, "SIZE", session.resolve(argument))
    return found if isinstance(found, Reply) else Reply(reply.FILE_STATUS, str(found.size))


def modified(session: Session, argument: str) -> Reply:
    """Tell when a file was last written, in UTC (MDTM; RFC 3659, section 3).

    With a time before the path it sets it, as servers had it before MFMT; a file whose name looks
    so is what is meant if it is there.
    """
    found = _file(session, "MDTM", session.resolve(argument))
    if isinstance(found, Reply):
        given = extension.time_and_path(argument)
        return found if given is None else set_modified(session, given)
    return Reply(reply.FILE_STATUS, mdtm_text(found.modified))


def facts(session: Session, argument: str) -> Reply:
    """Tell the facts of one file or directory (MLST; RFC 3659, section 7)."""
    target = session.resolve(argument)
    try:
        asked = files.Describe(path=target, facts=session.logged_in.facts)
        found = session.logged_in.files.ask(asked)
    except files.Refused as refusal:
        return unseen(session, "MLST", target, refusal.reason)
    return Reply(reply.FILE_ACTION_OK, "Facts:", found.line or "", "End.")


def set_modified(session: Session, argument: tuple[int, str]) -> Reply:
    """Set when a file was last written (MFMT; draft-somers-ftp-mfxx, section 3)."""
    when, target = argument[0], session.resolve(argument[1])
    done = Reply(reply.FILE_STATUS, f"Modify={mdtm_text(when)}; {clean(target)}")
    call = files.SetModified(path=target, modified=when)
    return change(session, "MFMT", call, done, events.ATTRIBUTES_SET, path=target, what="the time")


def set_time(session: Session, argument: tuple[int, str]) -> Reply:
    """Set when a file was last written (SITE UTIME)."""
    done = set_modified(session, argument)
    return Reply(reply.COMMAND_OK, "Time set.") if done.code == reply.FILE_STATUS else done


def set_created(_: Session, __: tuple[int, str]) -> Reply:
    """Refuse to set when a file was made (MFCT): Linux keeps it, and lets nobody set it."""
    return Reply(reply.ARGUMENT_NOT_IMPLEMENTED, "No file system here lets this be set.")


def set_mode(session: Session, argument: tuple[Permission, str]) -> Reply:
    """Set the permission bits (SITE CHMOD)."""
    permission, target = argument[0], session.resolve(argument[1])
    try:
        found = session.logged_in.files.ask(files.Describe(path=target))
    except files.Refused as refusal:
        return unseen(session, "CHMOD", target, refusal.reason)
    mode = permission.apply(found.mode, directory=found.kind == "directory")
    done = Reply(reply.COMMAND_OK, f"Mode set to {mode:04o}.")
    call = files.SetMode(path=target, mode=mode)
    what = f"the mode {mode:04o}"
    return change(session, "CHMOD", call, done, events.ATTRIBUTES_SET, path=target, what=what)


def set_facts(session: Session, argument: tuple[extension.Facts, str]) -> Reply:
    """Set several facts at once (MFF; draft-somers-ftp-mfxx, 5); the first refused ends it."""
    wanted, name = argument
    target = session.resolve(name)
    told = ""
    if wanted.mode is not None:
        last = set_mode(session, (wanted.mode, name))
        if last.code != reply.COMMAND_OK:
            return last
        told += "UNIX.mode=" + last.lines[0].split()[-1].rstrip(".") + ";"
    if wanted.group is not None:
        last = _set_group(session, target, wanted.group)
        if last.code != reply.COMMAND_OK:
            return last
        told += f"UNIX.gid={wanted.group};"
    if wanted.modified is not None:
        last = set_modified(session, (wanted.modified, name))
        if last.code != reply.FILE_STATUS:
            return last
        told += f"Modify={mdtm_text(wanted.modified)};"
    return Reply(reply.FILE_STATUS, f"{told} {clean(target)}")


def _set_group(session: Session, target: str, group: int) -> Reply:
    done = Reply(reply.COMMAND_OK, "Group set.")
    call = files.SetGroup(path=target, group=group)
    what = f"the group {group}"
    return change(session, "MFF", call, done, events.ATTRIBUTES_SET, path=target, what=what)


def mask(session: Session, wanted: int | None) -> Reply:
    """Tell or set which permission bits new files do not get (SITE UMASK)."""
    login = session.logged_in
    if wanted is None:
        return Reply(reply.COMMAND_OK, f"The mask is {login.mask:03o}.")
    try:
        login.files.ask(files.SetMask(mask=wanted))
    except files.Refused as refusal:
        return refused("UMASK", refusal.reason)
    login.mask = wanted
    return Reply(reply.COMMAND_OK, f"The mask is {wanted:03o} now.")
