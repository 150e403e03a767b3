# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the next data connection is: PASV EPSV PORT EPRT."""

from __future__ import annotations

from ftpsd import events, limits
from ftpsd.protocol import address, reply
from ftpsd.protocol.reply import Reply
from ftpsd.session.data import NoData

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.session import Session

_ALL_SENT = Reply(reply.BAD_SEQUENCE, "After EPSV ALL only EPSV is allowed (RFC 2428).")


def _listen(session: Session) -> tuple[str, int] | Reply:
    try:
        return session.logged_in.data.listen()
    except NoData as reason:
        session.log(events.DATA_REFUSED, reason=reason)
        return Reply(reply.CANNOT_OPEN_DATA, str(reason))


def passive(session: Session, _: None) -> Reply:
    """Wait for the client to connect, over IPv4 (PASV; RFC 959, section 4.1.2)."""
    if session.logged_in.data.extended_only:
        return _ALL_SENT
    if ":" in session.control.local:
        return Reply(reply.CANNOT_OPEN_DATA, "PASV is for IPv4; send EPSV.")
    found = _listen(session)
    if isinstance(found, Reply):
        return found
    return Reply(reply.ENTERING_PASSIVE, address.passive_reply_text(*found))


def extended_passive(session: Session, wanted: int | str | None) -> Reply:
    """Wait for the client to connect (EPSV; RFC 2428, section 3)."""
    data = session.logged_in.data
    if wanted == "ALL":
        data.extended_only = True
        return Reply(reply.COMMAND_OK, "From now on only EPSV.")
    family = 6 if ":" in session.control.local else 4
    if wanted not in (None, family):
        accepted = {4: 1, 6: 2}[family]
        return Reply(
            reply.PROTOCOL_NOT_SUPPORTED, f"Use the protocol of this connection, ({accepted})"
        )
    found = _listen(session)
    if isinstance(found, Reply):
        return found
    return Reply(reply.ENTERING_EXTENDED_PASSIVE, address.extended_passive_text(found[1]))


def active(session: Session, where: tuple[str, int]) -> Reply:
    """Connect to the client for the next transfer (PORT; RFC 959, section 4.1.2)."""
    data = session.logged_in.data
    if data.extended_only:
        return _ALL_SENT
    # The port broker decides; to answer here spares the client an error later (RFC 2577).
    host, port = where
    if address.packed(host) != address.packed(session.control.remote):
        return Reply(reply.ARGUMENT_ERROR, "Data connections lead only to your own address.")
    if port < limits.UNPRIVILEGED_PORT:
        return Reply(reply.ARGUMENT_ERROR, "Data connections lead only to ports from 1024.")
    data.connect(host, port)
    return Reply(reply.COMMAND_OK, "Data connections lead to you; EPSV would be safer.")


def extended_active(session: Session, where: tuple[int, str, int]) -> Reply:
    """Connect to the client for the next transfer (EPRT; RFC 2428, section 2)."""
    family, host, port = where
    if family == 6 and ":" not in session.control.remote:
        return Reply(reply.PROTOCOL_NOT_SUPPORTED, "Use the protocol of this connection, (1)")
    if family == 4 and ":" in session.control.remote:
        return Reply(reply.PROTOCOL_NOT_SUPPORTED, "Use the protocol of this connection, (2)")
    return active(session, (host, port))
