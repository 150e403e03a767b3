# SPDX-License-Identifier: GPL-3.0-or-later
"""One request of one session, in a process of its own: what is learnt here ends here."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ftpsd import events, limits
from ftpsd.helper import account, settings
from ftpsd.helper.attempts import DENIED, GRANTED, NEITHER
from ftpsd.options import RIGHTS, write_section
from ftpsd.wire import helper, introspection
from ftpsd.wire.binding import BINDING, Attach, SetOwner
from ftpsd.wire.channel import Channel, Closed, Peer, close_all, receive_call
from ftpsd.wire.codec import encode_call, encode_refusal, encode_reply
from ftpsd.wire.control import Control, NotConnected
from ftpsd.wire.message import Call, Done, Malformed, Refusal, Reply
from ftpsd.wire.spawn import SPAWNER, Spawn

if TYPE_CHECKING:
    from ftpsd.helper.attempts import Asker
    from ftpsd.helper.password import Attempt
    from ftpsd.options import Settings

    Asking = helper.Login | helper.MaySendPassword | helper.GetEncryption | helper.GetGreeting

_WAYS: Final = ("passive", "active", "passive_any_peer", "active_any_peer")
STORES: Final = tuple(Path(place, "credstore") for place in ("/usr/lib", "/run", "/etc"))
"""Where systemd looks (systemd.exec(5), LoadCredential=); a later one hides an earlier."""
_KEYED: Final = socket.SOL_SOCKET, socket.SO_PRIORITY
"""Set where the session has been given the key. It means nothing to a Unix socket, is of the
helper's own end, and outlives the helper with it."""
PORTS_SOCKET: Final = "/run/ftpsd/org.ftpsd.Ports"
OWNER_SOCKET: Final = "/run/ftpsd/org.ftpsd.Owner"
KNOWN: Final[dict[str, type[Call[Any]]]] = {**introspection.SERVICE.calls, **helper.HELPER.calls}


class Conversation:
    """Answers one request, and logs as what the process is that the kernel says has sent it."""

    def __init__(
        self, channel: Channel, asker: Asker, spawner: socket.socket, log: events.Log
    ) -> None:
        """Serve the session at the other end of `channel`."""
        self._channel = channel
        self._asker = asker
        self._spawner = spawner
        self._log = log
        self._session: Attempt | None = None
        self._held: tuple[int, socket.socket] | None = None

    def answer(self) -> None:
        """Read one request and answer it. Raise `Malformed`, or `Closed` if nobody takes that."""
        request, oneway = receive_call(self._channel, KNOWN, limits.REQUEST_SECONDS)
        left = request.descriptors()
        try:
            reply = self._handle(request)
            try:
                if not oneway:
                    self._channel.send(*encode_reply(reply), seconds=0.0)
            finally:
                # A worker whose session is gone ends only if nobody else holds that end.
                close_all(reply.descriptors())
        except Refusal as refusal:
            self._asker.settle(NEITHER)
            service = introspection.SERVICE
            known = service if type(refusal) in service.error else helper.HELPER
            self._channel.send(encode_refusal(known, refusal), [], seconds=0.0)
        except Malformed:
            # What is no connection may take for ever to close: the helper is told of the end first.
            self._channel.fds, left = left, []
            raise
        finally:
            close_all(left)

    def _handle(self, request: Call[Any]) -> Reply:  # noqa: PLR0911 - one for each request
        if isinstance(request, introspection.GetInfo):
            return introspection.get_info(helper.HELPER)
        if isinstance(request, introspection.GetInterfaceDescription):
            return introspection.get_interface_description(helper.HELPER, request.interface)
        if isinstance(request, helper.Login):
            return self._login(request)
        if isinstance(request, helper.GetEncryption):
            return self._encryption(request)
        if isinstance(request, helper.GetGreeting):
            return helper.Greeting(name=self._before_login(request).greeting)
        if isinstance(request, helper.MaySendPassword):
            return asked(request, self._before_login(request))
        return Done()

    def _encryption(self, request: helper.GetEncryption) -> helper.Encryption:
        chosen, sock = self._before_login(request), self._channel.sock
        keyed = sock.getsockopt(*_KEYED)
        # Before it has them: it may be no session any more, when it asks again.
        sock.setsockopt(*_KEYED, 1)
        return encryption(chosen, () if keyed else STORES)

    def _login(self, request: helper.Login) -> helper.Granted:
        control = connected(request)
        self._log.shared.update(user=request.user, remote=control.remote.text)
        chosen = self._settings(asking(request))
        allowed, delay = self._asker.admit(
            control.cookie, control.remote.packed, request.user, chosen
        )
        if not allowed:
            where = "wait from this address" if delay else "on this connection"
            self._say(events.LOGIN_REFUSED, reason=f"too many attempts {where}")
            raise helper.Unavailable if delay else helper.Exhausted
        self._channel.idle(delay)
        # Before the password is looked at: the answer must not tell whether it is right.
        require_tls(request.user, chosen, tls=request.tls)
        found = self._check(request, control.remote.text, chosen)
        reached = self._asker.claim(found.user, chosen)
        # What a worker waits for (a file system that does not answer) keeps nobody from having a
        # password checked.
        self._asker.settle(NEITHER if found.anonymous else GRANTED)
        if reached:
            self._say(events.LOGIN_REFUSED, reason=f"{reached}= is reached")
            raise helper.Full
        self._channel.idle(chosen.login_delay_sec)
        granted = self._start(found, chosen, request.control_fd)
        self._log.shared["user"] = found.user
        self._say(events.LOGGED_IN, anonymous="yes" if found.anonymous else "no")
        return granted

    def _before_login(self, request: Asking) -> Settings:
        """Read the settings for what is asked before a login. Raise `Unavailable`."""
        who = asking(request)
        self._log.shared.update(user=getattr(request, "user", "-"), remote=who.address)
        return self._settings(who, tell=False)

    def _settings(self, who: settings.Who, *, tell: bool = True) -> Settings:
        """Read the settings for who wants to log in. Raise `Unavailable` if a file is unreadable.

        What it says could be that nobody of this kind may log in. What is wrong is told once in a
        login, not again for each thing that is asked before, unless it comes to none.
        """
        chosen, mistakes = settings.load(who)
        unreadable = any(not one.line for one in mistakes)
        for one in mistakes if tell or unreadable else ():
            self._say(events.SETTING_WRONG, file=one.file, line=one.line, reason=one.reason)
        if unreadable:
            self._say(events.LOGIN_FAILED, reason="there are settings that cannot be read")
            raise helper.Unavailable
        return chosen

    def _check(self, request: helper.Login, remote: str, chosen: Settings) -> account.Account:
        """Find the account that may log in. Raise `Denied` after a time that tells nothing."""
        begun = time.monotonic()
        try:
            return self._account(request, remote, chosen)
        except account.NotAllowed as reason:
            self._asker.settle(DENIED)
            self._say(events.LOGIN_REFUSED, reason=reason)
            least = chosen.failed_login_delay_sec * limits.FAILURE_SECONDS
            self._channel.idle(least - (time.monotonic() - begun) % least)
            raise helper.Denied from None

    def _account(self, request: helper.Login, remote: str, chosen: Settings) -> account.Account:
        """Ask PAM, then whether the account may be used at all: always both. Raise `NotAllowed`."""
        if is_anonymous(request.user, chosen):
            return account.anonymous(request.password, chosen)
        from ftpsd.helper.password import Attempt

        attempt = Attempt(remote, chosen.pam_service)
        bound, shown = chosen.certificate_login, request.certificate == request.user
        if bound == "without_password" and shown and not request.password.reveal():
            refused = attempt.account_refusal(request.user)
        else:
            refused = attempt.refusal(request.user, request.password)
        if refused is not None:
            raise account.NotAllowed(refused)
        if bound != "no" and not shown:
            raise account.NotAllowed("the client has not shown a certificate of this user")
        found = account.find(request.user, chosen)
        if chosen.pam_session:
            self._open_session(attempt)
        else:
            attempt.close(session=False)
        return found

    def _open_session(self, attempt: Attempt) -> None:
        refused = attempt.open_session()
        if refused is not None:
            self._say(events.LOGIN_FAILED, reason=f"PAM opens no session: {refused}")
            attempt.close(session=False)
            raise helper.Unavailable
        self._session = attempt

    def _start(self, found: account.Account, chosen: Settings, control_fd: int) -> helper.Granted:
        """Start the worker, and bind the port broker to the client. Raise `Refusal`."""
        with contextlib.ExitStack() as stack:
            files, theirs = (stack.enter_context(sock) for sock in socket.socketpair())
            ready, readied = os.pipe()
            stack.callback(os.close, readied)
            try:
                worker, owner = theirs.dup() if self._session else theirs, None
                if found.owner:
                    bound = SetOwner(uid=found.uid, owner=found.owner)
                    owner = stack.enter_context(attach(OWNER_SOCKET, bound)).fileno()
                fds = {"files_fd": theirs.fileno(), "ready_fd": readied, "owner_fd": owner}
                Channel(self._spawner).send(*encode_call(SPAWNER, _worker(found, chosen, **fds)))
                # The worker starts meanwhile.
                broker = stack.enter_context(attach(PORTS_SOCKET, binding(control_fd, chosen)))
            except (OSError, Closed, Malformed, Refusal) as error:
                self._say(events.LOGIN_FAILED, reason=f"the service is not complete: {error!r}")
                os.close(ready)
                raise helper.Unavailable from None
            granted = helper.Granted(
                user=found.user,
                anonymous=found.anonymous,
                **told(found, chosen),
                idle_seconds=chosen.idle_timeout_sec,
                data_seconds=chosen.data_timeout_sec,
                files_fd=os.dup(files.fileno()),
                ports_fd=os.dup(broker.fileno()),
            )
        if chosen.passive_address != "auto" and not granted.passive_address:
            self._unheard("PassiveAddress=", "it has no IPv4 address here, PASV tells its own")
        if chosen.login_message and not granted.login_message:
            self._unheard("LoginMessage=", "the file cannot be read, or has nothing in it")
        # Only the worker holds its ends now: their closing tells of its end.
        said = _wait(ready)
        self._asker.settle(NEITHER, ready)
        if said != b"\0":
            reason = said.decode() or "the worker did not start"
            self._say(events.LOGIN_FAILED, reason=f"{found.root}: {reason}")
            close_all([ready, *granted.descriptors()])
            raise helper.NoDirectory if said else helper.Unavailable
        self._held = ready, worker
        return granted

    def _unheard(self, key: str, reason: str) -> None:
        self._say(events.SETTING_WRONG, file=key, line=0, reason=reason)

    def hold(self) -> None:
        """Keep the PAM session open for as long as the worker lives, if there is one."""
        if self._session is None:
            return
        self._channel.close()
        if self._held is not None:
            ready, worker = self._held
            # Who ends the PAM session (loginctl terminate-user) ends the worker: it has no other.
            signal.signal(signal.SIGTERM, lambda _, __: worker.shutdown(socket.SHUT_RDWR))
            _wait(ready, None)
            # The session is to see at once that the worker is gone. Closed, it could not be ended
            # once more, by a signal while PAM closes its session.
            worker.shutdown(socket.SHUT_RDWR)
        self._session.close(session=True)

    def _say(self, event: events.Event, **fields: object) -> None:
        self._log(event, self._channel.sender_pid, **fields)


def encryption(chosen: Settings, stores: tuple[Path, ...] = ()) -> helper.Encryption:
    """Give the settings of TLS as a session is told them, and the credentials in `stores`.

    The kernel copies them, to memory that has no name: no byte of a key is in this process.
    """
    same = {one.name: getattr(chosen, one.name) for one in helper.Encryption.FIELDS[1:-2]}
    contents = os.memfd_create("ftpsd-credentials")
    told: list[str] = []
    found = {one.name: one for place in stores for one in place.glob("ftpsd.*")}
    for name, path in found.items():
        size = 0
        # Empty if it cannot be read: the session says that it is no good, and takes no other.
        # Opened without waiting: nobody may ever write to a FIFO.
        with contextlib.suppress(OSError), open(os.open(path, os.O_NONBLOCK), "rb", 0) as file:
            size = os.sendfile(contents, file.fileno(), 0, limits.CREDENTIAL_BYTES)
        told.append(f"{size} {name}")
    return helper.Encryption(
        tls13_only=chosen.tls_minimum == "1.3", **same, credentials=told, contents_fd=contents
    )


def asked(request: helper.MaySendPassword, chosen: Settings) -> helper.Asked:
    """Say whether a login needs a password. Raise `EncryptionRequired`."""
    require_tls(request.user, chosen, tls=request.tls)
    known = is_anonymous(request.user, chosen)
    return helper.Asked(password=not known or chosen.anonymous_password != "none")  # noqa: S105


def is_anonymous(user: str, chosen: Settings) -> bool:
    """Say whether this name is one of anonymous clients, and they may log in."""
    return chosen.anonymous and user.lower() in helper.ANONYMOUS


def require_tls(user: str, chosen: Settings, *, tls: bool) -> None:
    """Raise `EncryptionRequired` where a login without TLS is not allowed."""
    anonymous = is_anonymous(user, chosen)
    if not tls and chosen.require_tls != "no" and (chosen.require_tls == "always" or not anonymous):
        raise helper.EncryptionRequired


def connected(request: Asking) -> Control:
    """Give where the client of a request is. Raise `Unavailable` if it has left."""
    try:
        return Control(request.control_fd)
    except NotConnected:
        raise helper.Unavailable from None


def asking(request: Asking) -> settings.Who:
    """Give who asks, for policies. Raise `Unavailable` if the client has left."""
    user, tls = getattr(request, "user", ""), getattr(request, "tls", True)
    return account.who(user, connected(request), tls=tls, host=getattr(request, "host", None))


def _resolved(name: str) -> str:
    """Give the IPv4 address of a name, or nothing for the one the client has connected to."""
    if name != "auto":
        with contextlib.suppress(OSError, ValueError):
            return socket.gethostbyname(name)
    return ""


def _message(text: str) -> str:
    """Give a text, or what is in the file it names: nothing if that cannot be read."""
    if not text.startswith("file:"):
        return text
    try:
        with open(text[5:], encoding="utf-8", errors="surrogateescape") as file:
            return file.read(limits.DIRECTORY_MESSAGE_BYTES).replace("\0", "")
    except (OSError, ValueError):
        return ""


def binding(control_fd: int, chosen: Settings) -> Attach:
    """Give what the port broker is told about a session."""
    return Attach(
        control_fd=control_fd,
        first_port=chosen.passive_ports[0],
        last_port=chosen.passive_ports[1],
        source_port=chosen.active_source_port,
        seconds=chosen.data_timeout_sec,
        ways=[name for name in _WAYS if getattr(chosen, name)],
    )


def _worker(found: account.Account, chosen: Settings, **fds: Any) -> Spawn:
    return Spawn(
        **{name: getattr(found, name) for name in account.COPIED},
        groups=" ".join(map(str, found.groups)),
        settings=write_section(chosen, "Files", "Session"),
        **fds,
    )


def told(found: account.Account, chosen: Settings) -> dict[str, Any]:
    """Give what a session is told of the settings: others hold it to what is not its own."""
    same = {name: getattr(chosen, name) for name in helper.SAME.split()}
    return same | {
        "read_only": not chosen.write,
        "rights": [name for name in RIGHTS if getattr(chosen, name)],
        "mask": chosen.umask,
        "allow_commands": list(chosen.allow_commands),
        "deny_commands": list(chosen.deny_commands),
        "passive_address": _resolved(chosen.passive_address),
        "login_message": _message(chosen.login_message),
        "directory": account.expand(chosen.directory, found),
    }


def attach(service: str, request: Attach | SetOwner) -> socket.socket:
    """Connect to the socket of another service and bind the connection.

    Raise `OSError`, `Closed` or `Refusal`.
    """
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.socket(socket.AF_UNIX))
        sock.connect(service)
        Peer(Channel(sock), BINDING).ask(request)
        stack.pop_all()
    return sock


def _wait(ready: int, seconds: float | None = limits.ANSWER_SECONDS) -> bytes:
    """Read what the worker says on `ready`: nothing when it is gone."""
    return os.read(ready, limits.NAME_BYTES) if select.select([ready], [], [], seconds)[0] else b""
