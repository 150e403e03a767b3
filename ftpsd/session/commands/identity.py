# SPDX-License-Identifier: GPL-3.0-or-later
"""Who talks to whom: HOST CLNT CSID LANG ACCT SMNT."""

from __future__ import annotations

from ftpsd.protocol import reply
from ftpsd.protocol.reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.session import Session


def host(session: Session, name: str) -> Reply:
    """Say which host is meant, before USER (HOST; RFC 7151). There is one, whatever its name."""
    if session.login is not None or session.user is not None:
        return Reply(reply.BAD_SEQUENCE, "HOST comes before USER.")
    session.host = name
    return Reply(reply.SERVICE_READY, "This is the host you mean.")


def client(_: Session, __: str) -> Reply:
    """Hear which program the client is (CLNT); nothing depends on it."""
    return Reply(reply.COMMAND_OK, "Noted.")


def exchange(_: Session, __: str) -> Reply:
    """Hear which program the client is, and tell which this is (CSID); versions are nobody's."""
    return Reply(reply.COMMAND_OK, "Name=ftpsd; DirSep=/; CaseSensitive=1;")


def language(_: Session, wanted: str) -> Reply:
    """Choose the language of replies (LANG; RFC 2640, section 4): it is English."""
    if wanted.strip().lower().split("-")[0] in ("", "en"):
        return Reply(reply.COMMAND_OK, "English it is.")
    return Reply(reply.ARGUMENT_NOT_IMPLEMENTED, "Replies are in English only.")


def account(_: Session, __: str) -> Reply:
    """Accept an account that nothing needs (ACCT; RFC 959, section 4.1.1)."""
    return Reply(reply.SUPERFLUOUS, "No account is needed.")


def mount(_: Session, __: str) -> Reply:
    """Refuse to mount anything (SMNT; RFC 959, section 4.1.1)."""
    return Reply(reply.NOT_IMPLEMENTED, "There is one file system here.")
