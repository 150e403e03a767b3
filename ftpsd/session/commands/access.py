# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in and leaving: USER PASS REIN QUIT."""

from __future__ import annotations

from ftpsd import limits
from ftpsd.protocol import path, reply
from ftpsd.protocol.reply import BadArgument, Reply, clean
from ftpsd.session import events
from ftpsd.session.keep import bound_files
from ftpsd.session.later import Later
from ftpsd.session.session import Login
from ftpsd.wire import files, helper
from ftpsd.wire.channel import Closed
from ftpsd.wire.message import Malformed, Refusal, Secret, fits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftpsd.session.commands import place
    from ftpsd.session.session import Session
else:
    place = Later("ftpsd.session.commands.place")

_ENCRYPT = Reply(reply.NOT_LOGGED_IN, "Send AUTH TLS first: no password in the clear here.")
REFUSED = {
    helper.EncryptionRequired: _ENCRYPT,
    helper.Denied: Reply(reply.NOT_LOGGED_IN, "Login incorrect."),
    helper.NoDirectory: Reply(reply.NOT_LOGGED_IN, "Your directory cannot be entered."),
}
ENDED: dict[type[Exception], Reply] = {
    helper.Exhausted: Reply(reply.SERVICE_UNAVAILABLE, "Too many logins failed."),
    helper.Full: Reply(reply.SERVICE_UNAVAILABLE, "Too many sessions; come back later."),
}
_NOT_NOW = Reply(reply.SERVICE_UNAVAILABLE, "Logging in is not possible now.")

ANSWER_SECONDS = limits.LOGIN_SECONDS + limits.ADDRESS_DELAY_SECONDS + limits.ANSWER_SECONDS


def user_name(text: str) -> str:
    """Read the name of a user: printable, 1 to 256 bytes."""
    if not text or not text.isprintable() or not fits(text, limits.NAME_BYTES):
        raise BadArgument(reply.ARGUMENT_ERROR, "This is no user name.")
    return text


def any_password(text: str) -> Secret:
    """Read a password: up to 1024 bytes."""
    if not fits(text, limits.PASSWORD_BYTES):
        raise BadArgument(reply.ARGUMENT_ERROR, "The password is too long.")
    return Secret(text)


def name(session: Session, user: str) -> Reply | None:
    """Begin a login (RFC 959, section 4.1.1); whether the user exists is not told."""
    if session.login is not None:
        if user in (session.login.user, session.login.named):
            return Reply(reply.LOGGED_IN, "Already logged in.")
        return Reply(reply.NOT_LOGGED_IN, "To log in as another user, send REIN first.")
    needed = True
    if session.control.tls is None or user.lower() in helper.ANONYMOUS:
        try:
            needed = _password_needed(session, user)
        except helper.EncryptionRequired:
            session.log(events.ENCRYPTION_MISSED, user=user)
            return _ENCRYPT
        except (Refusal, Closed, Malformed):
            session.end("no login", _NOT_NOW)
            return None
    session.user = user
    by_certificate = session.certificate_login == "without_password"
    if not needed or (by_certificate and session.certificate == user):
        code = reply.LOGGED_IN_BY_CERTIFICATE if needed else reply.LOGGED_IN
        return _log_in(session, user, Secret(""), code)
    return Reply(reply.NEED_PASSWORD, "Password, please.")


def _password_needed(session: Session, user: str) -> bool:
    """Ask before a client sends a password that everyone between can read. Raise `Refusal`."""
    asked = helper.MaySendPassword(
        user=user,
        tls=session.control.tls is not None,
        host=session.host or None,
        control_fd=session.control.fileno(),
    )
    return session.helper.ask(asked).password


def password(session: Session, secret: Secret) -> Reply | None:
    """Log in (RFC 959, section 4.1.1)."""
    if session.login is not None:
        return Reply(reply.LOGGED_IN, "Already logged in.")
    user, session.user = session.user, None
    if user is None:
        return Reply(reply.BAD_SEQUENCE, "Send USER first.")
    return _log_in(session, user, secret, reply.LOGGED_IN)


def _log_in(session: Session, user: str, secret: Secret, code: int) -> Reply | None:
    asked = helper.Login(
        user=user,
        password=secret,
        tls=session.control.tls is not None,
        certificate=session.certificate,
        host=session.host or None,
        control_fd=session.control.fileno(),
    )
    try:
        granted = session.helper.ask(asked, ANSWER_SECONDS)
    except (helper.Denied, helper.EncryptionRequired, helper.NoDirectory) as refusal:
        return REFUSED[type(refusal)]
    except (Refusal, Closed, Malformed) as refusal:
        session.end("no login", ENDED.get(type(refusal), _NOT_NOW))
        return None
    session.login = Login(granted, user)
    session.idle_seconds = float(granted.idle_seconds)
    session.data_seconds = float(granted.data_seconds)
    session.log.shared["user"] = granted.user
    bound_files(granted.max_file_size)
    lines = [clean(line) for line in granted.login_message.splitlines()] + _begin(session)
    return Reply(code, *lines, "Logged in.")


def _begin(session: Session) -> list[str]:
    """Go where the settings say that sessions begin, if they can; give the message of the place."""
    login = session.logged_in
    wanted, login.directory = path.resolve("/", login.directory), "/"
    try:
        text = login.files.ask(files.Enter(path=wanted)).message
    except files.Refused as refusal:
        session.log(events.REFUSED, verb="PASS", path=wanted, reason=refusal.reason)
        return []
    login.directory = wanted
    # For most there is none: the module is loaded by the first command that needs it.
    return place.message(session, wanted, text) if text else []


def start_over(session: Session, _: None) -> Reply:
    """Log out, and wait for another USER, or for HOST (REIN; RFC 959, 4.1.1, and RFC 7151)."""
    session.leave()
    session.log.shared["user"] = "-"
    return Reply(reply.SERVICE_READY, "Logged out; send USER.")


def leave(session: Session, _: None) -> None:
    """Say good-bye (QUIT)."""
    session.end("quit", Reply(reply.CLOSING_CONTROL, "Good-bye."))
