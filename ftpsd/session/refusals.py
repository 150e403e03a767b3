# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker's refusal is in FTP: the code (RFC 959, section 4.2) and words for the client."""

from __future__ import annotations

import errno

from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply, clean
from ftpsd.session import events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.session import Session

REFUSALS = {
    "not_found": (reply.FILE_UNAVAILABLE, "No such file or directory"),
    "denied": (reply.FILE_UNAVAILABLE, "Permission denied"),
    "read_only": (reply.FILE_UNAVAILABLE, "You may only read here"),
    "forbidden": (reply.FILE_UNAVAILABLE, "This is not allowed here"),
    "exists": (reply.FILE_UNAVAILABLE, "It exists already"),
    "not_directory": (reply.FILE_UNAVAILABLE, "Not a directory"),
    "is_directory": (reply.FILE_UNAVAILABLE, "Is a directory"),
    "not_regular": (reply.FILE_UNAVAILABLE, "Not a regular file"),
    "not_empty": (reply.FILE_UNAVAILABLE, "The directory is not empty"),
    "no_space": (reply.NO_SPACE, "No space left"),
    "quota": (reply.QUOTA_EXCEEDED, "Your quota is used up"),
    "too_large": (reply.QUOTA_EXCEEDED, "The file would be too large"),
    "name": (reply.FILE_UNAVAILABLE, "This name cannot be used"),
    "loop": (reply.FILE_UNAVAILABLE, "Too many symbolic links"),
    "busy": (reply.FILE_BUSY, "It is in use"),
    "range": (reply.BAD_RESTART, "The restart position is beyond the end"),
    "too_many": (reply.FILE_UNAVAILABLE, "The wildcards stand for too many names"),
    "unsupported": (reply.FILE_UNAVAILABLE, "The file system cannot do this"),
    "failed": (reply.LOCAL_ERROR, "The file system failed"),
}

_NOT_ALLOWED = ("denied", "read_only", "forbidden")


def refused(path: str, reason: str, *, naming: bool = False) -> Reply:
    """Give the reply; 550 is 553 for a command that gives a file its name (RFC 959, 5.4)."""
    code, text = REFUSALS[reason]
    if naming and code == reply.FILE_UNAVAILABLE:
        code = reply.NAME_NOT_ALLOWED
    return Reply(code, f"{clean(path)}: {text}.")


def unseen(session: Session, verb: str, path: str, reason: str) -> Reply:
    """Give the reply to a command that only looks; it is logged, once, if it may not.

    What is not there is not: clients ask for that all the time.
    """
    if reason in _NOT_ALLOWED:
        session.say_once(events.REFUSED, verb=verb, path=path, reason=reason)
    return refused(path, reason)


def failure(error: OSError) -> Reply | None:
    """Give the reply when writing or reading a file failed; `None` if it was the connection."""
    kinds = {
        errno.ENOSPC: (reply.NO_SPACE, "No space left."),
        errno.EDQUOT: (reply.QUOTA_EXCEEDED, "Your quota is used up."),
        errno.EFBIG: (reply.QUOTA_EXCEEDED, "The file would be too large."),
        errno.EIO: (reply.LOCAL_ERROR, "The disk failed."),
        errno.EBADMSG: (reply.LOCAL_ERROR, "The compressed stream is damaged."),
        errno.ESTALE: (reply.LOCAL_ERROR, "The file is gone from its server."),
    }
    known = kinds.get(error.errno or 0)
    return Reply(*known) if known else None
