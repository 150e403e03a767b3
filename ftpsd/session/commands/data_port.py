# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the next data connection is: PASV EPSV LPSV, PORT EPRT LPRT, ESTA ESTP."""

from __future__ import annotations

from ftpsd import limits
from ftpsd.protocol import address, reply
from ftpsd.protocol.long_address import long_passive_text
from ftpsd.protocol.reply import Reply
from ftpsd.session import events
from ftpsd.session.data import NoData
from ftpsd.session.transfer import Transfer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.session import Session

_ALL_SENT = Reply(reply.BAD_SEQUENCE, "After EPSV ALL only EPSV is allowed (RFC 2428).")


def _listen(session: Session) -> tuple[str, int] | Reply:
    try:
        return session.logged_in.data.listen()
    except NoData as reason:
        session.log(events.DATA_REFUSED, reason=str(reason).rstrip("."))
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
    shown = session.logged_in.passive_address or found[0]
    return Reply(reply.ENTERING_PASSIVE, address.passive_reply_text(shown, found[1]))


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
    own = address.packed(host) == address.packed(session.control.remote)
    if not own and not session.logged_in.active_any_peer:
        _log(session, host, port, "foreign")
        return Reply(reply.ARGUMENT_ERROR, "Data connections lead only to your own address.")
    if port < limits.UNPRIVILEGED_PORT:
        _log(session, host, port, "privileged")
        return Reply(reply.ARGUMENT_ERROR, "Data connections lead only to ports from 1024.")
    data.connect(host, port)
    return Reply(reply.COMMAND_OK, "Data connections lead to you; EPSV would be safer.")


def _log(session: Session, host: str, port: int, reason: str) -> None:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    session.say_once(events.REFUSED, verb="PORT", path=where, reason=reason)


def extended_active(session: Session, where: tuple[int, str, int]) -> Reply:
    """Connect to the client for the next transfer (EPRT; RFC 2428, section 2)."""
    family, host, port = where
    if family == 6 and ":" not in session.control.remote:
        return Reply(reply.PROTOCOL_NOT_SUPPORTED, "Use the protocol of this connection, (1)")
    if family == 4 and ":" in session.control.remote:
        return Reply(reply.PROTOCOL_NOT_SUPPORTED, "Use the protocol of this connection, (2)")
    return active(session, (host, port))


def long_active(session: Session, where: tuple[bytes, int]) -> Reply:
    """Connect to the client for the next transfer (LPRT; RFC 1639)."""
    packed, port = where
    if len(packed) != len(address.packed(session.control.remote)):
        family = 6 if ":" in session.control.remote else 4
        return Reply(
            reply.PROTOCOL_NOT_SUPPORTED_LONG, f"Supported address families are ({family})"
        )
    separator, width = (".", 1) if len(packed) == 4 else (":", 2)
    groups = [packed[at : at + width] for at in range(0, len(packed), width)]
    words = [str(group[0]) if width == 1 else group.hex() for group in groups]
    return active(session, (separator.join(words), port))


def long_passive(session: Session, _: None) -> Reply:
    """Wait for the client to connect (LPSV; RFC 1639)."""
    if session.logged_in.data.extended_only:
        return _ALL_SENT
    found = _listen(session)
    if isinstance(found, Reply):
        return found
    host, port = found
    return Reply(reply.ENTERING_LONG_PASSIVE, long_passive_text(address.packed(host), port))


def established_active(session: Session, _: None) -> Reply:
    """Connect to the client now, and tell from where (ESTA, as Pure-FTPd has it)."""
    return _established(session, active=True)


def established_passive(session: Session, _: None) -> Reply:
    """Wait for the client to connect now, and tell from where (ESTP, as Pure-FTPd has it)."""
    return _established(session, active=False)


def _established(session: Session, *, active: bool) -> Reply:
    data = session.logged_in.data
    if data.extended_only:
        return _ALL_SENT
    if not data.prepared or data.active != active:
        return Reply(reply.NO_SUCH_DATA, "Send PORT first." if active else "Send PASV first.")
    opened = Transfer(session, "ESTA" if active else "ESTP", "").open()
    if isinstance(opened, Reply):
        return opened
    name = opened.getsockname() if active else opened.getpeername()
    data.keep(opened)
    family = 2 if ":" in name[0] else 1
    direction = "from" if active else "to"
    return Reply(reply.NO_TRANSFER, f"Connected {direction} (|{family}|{name[0]}|{name[1]}|)")
