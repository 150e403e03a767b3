# SPDX-License-Identifier: GPL-3.0-or-later
"""Protection of both connections: AUTH PBSZ PROT CCC (RFC 2228, RFC 4217)."""

from __future__ import annotations

import posix
import time

from ftpsd.protocol import reply
from ftpsd.protocol.argument import number
from ftpsd.protocol.reply import BadArgument, Reply
from ftpsd.session import events
from ftpsd.session.control import Gone
from ftpsd.session.filter import forbid_opening
from ftpsd.session.later import load_all
from ftpsd.wire.channel import Closed
from ftpsd.wire.helper import GetEncryption
from ftpsd.wire.message import Malformed, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.session import Session
    from ftpsd.wire.helper import Encryption

WARN_SECONDS = 14 * 86400
"""How long before a certificate ends the journal says so."""
_MECHANISMS = {"TLS": False, "TLS-C": False, "SSL": True, "TLS-P": True}
"""Whether data connections are protected from the start (RFC 4217, section 17)."""
_NO_TLS = Reply(reply.SECURITY_UNAVAILABLE, "There is no TLS here now.")
_AUTH_FIRST = Reply(reply.BAD_SEQUENCE, "Send AUTH TLS first.")


def mechanism(text: str) -> bool:
    """Read a security mechanism; give whether it protects data connections by itself."""
    try:
        return _MECHANISMS[text.strip().upper()]
    except KeyError:
        raise BadArgument(reply.ARGUMENT_NOT_IMPLEMENTED, "Only AUTH TLS is known.") from None


def buffer_size(text: str) -> int:
    """Read the size of a protection buffer: 0 to 2**32 - 1 (RFC 2228, section 3)."""
    return number(text, 2**32 - 1)


def level(text: str) -> str:
    """Read a protection level: C or P."""
    wanted = text.strip().upper()
    if wanted in ("S", "E"):
        raise BadArgument(reply.PROTECTION_NOT_SUPPORTED, "Only PROT C and PROT P are there.")
    if wanted not in ("C", "P"):
        raise BadArgument(reply.ARGUMENT_NOT_IMPLEMENTED, "PROT takes C or P.")
    return wanted


def _ask(session: Session) -> None:
    if session.encryption is None:
        session.helper.send(GetEncryption(control_fd=session.control.fileno()))


def _hear(session: Session) -> Encryption:
    """Take what `_ask` has asked for; the helper tells it once. Raise `Refusal` and others."""
    if session.encryption is None:
        told = session.encryption = session.helper.answer(GetEncryption)
        try:
            session.credentials.bring(told.credentials, told.contents_fd)
        finally:
            posix.close(told.contents_fd)
    return session.encryption


def offered(session: Session) -> bool:
    """Say whether there is a certificate; it is not loaded before AUTH."""
    if session.tls is None and session.credentials.certificate() is None:
        try:
            _ask(session)
            _hear(session)
        except Refusal:
            return False
    return session.tls is not None or session.credentials.certificate() is not None


def prepare(session: Session) -> bool:
    """Load certificate and key; log and give `False` if there can be no TLS."""
    if session.tls is not None or session.without_tls:
        return not session.without_tls
    _ask(session)
    # Loaded while the helper answers, and only by who uses TLS.
    load_all()
    from ftpsd.session.secure import Refused
    from ftpsd.session.tls import Tls, seconds_left

    try:
        wanted = _hear(session)
        session.tls = Tls(session.credentials, wanted, session.control.sock)
        session.certificate_login = wanted.certificate_login
    except (Refused, Refusal, Closed, Malformed) as reason:
        session.log(events.TLS_FAILED, reason=str(reason) or type(reason).__name__)
        # Many clients ask again by another name (AUTH SSL): the reason is told once.
        session.without_tls = isinstance(reason, Refused)
        return False
    finally:
        session.credentials.drop()
    ends = session.tls.ends
    left = seconds_left(ends, time.time()) if ends else WARN_SECONDS
    if left < 0:
        session.log(events.CERTIFICATE_ENDED, ends=ends)
    elif left < WARN_SECONDS:
        session.log(events.CERTIFICATE_ENDS, ends=ends)
    import resource  # noqa: F401 - what MaxFileSize= needs, once a user has logged in

    # All is loaded that will be: the key cannot be read again, whoever runs this process then.
    session.harden(forbid_opening)
    return True


def begin(session: Session) -> bool:
    """Do the handshake on the control connection; `False` if the session is over."""
    from ftpsd.session.secure import Refused

    assert session.tls is not None  # prepare() has made it
    tls = session.tls.control(session.control.sock)
    try:
        session.control.protect(tls)
    except (Refused, Gone) as reason:
        session.log(events.TLS_FAILED, reason=reason)
        session.end(f"TLS failed: {reason}")
        return False
    session.tls.alone()
    version, cipher = tls.about
    session.log(events.TLS_BEGUN, version=version, cipher=cipher)
    return True


def authenticate(session: Session, protects_data: bool) -> Reply | None:
    """Begin TLS (AUTH; RFC 4217, section 4)."""
    if session.control.tls is not None:
        return Reply(reply.BAD_SEQUENCE, "TLS is on already.")
    if session.login is not None:
        return Reply(reply.BAD_SEQUENCE, "AUTH comes before the login.")
    if not prepare(session):
        return _NO_TLS
    dropped = session.forget()
    if dropped:
        session.log(events.CLEAR_TEXT_DROPPED, bytes=dropped)
    session.control.send(Reply(reply.SECURITY_ACCEPTED, "Begin TLS."))
    session.user = None
    session.protect = session.protect_first = protects_data
    begin(session)
    return None


def protection_buffer(session: Session, size: int) -> Reply:
    """Accept the only size there is under TLS (PBSZ; RFC 4217, section 8)."""
    if session.control.tls is None:
        return _AUTH_FIRST
    return Reply(reply.COMMAND_OK, "PBSZ=0" if size else "PBSZ is 0.")


def protect(session: Session, wanted: str) -> Reply:
    """Protect data connections or not (PROT; RFC 4217, section 9)."""
    if session.control.tls is None:
        return _AUTH_FIRST
    if wanted == "C" and session.login is not None and session.login.require_data_tls:
        return Reply(reply.DENIED_BY_POLICY, "Data connections must be protected here.")
    session.protect = wanted == "P"
    return Reply(reply.COMMAND_OK, "Data is protected." if wanted == "P" else "Data is in clear.")


def clear(session: Session, _: None) -> Reply:
    """Refuse to end TLS on the control connection (CCC; RFC 4217, section 6)."""
    if session.control.tls is None:
        return _AUTH_FIRST
    return Reply(reply.DENIED_BY_POLICY, "What began under TLS ends under TLS.")
