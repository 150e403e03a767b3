# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsd serve DIR`: one directory, one account, no root and no systemd."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import gc
import grp
import hmac
import os
import pwd
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ftpsd import events, limits
from ftpsd.helper import settings
from ftpsd.helper.account import Account, NotAllowed, expand, permit
from ftpsd.helper.login import asking, attach, binding, encryption, require_tls, told
from ftpsd.ports.serve import Broker
from ftpsd.session import serve as session
from ftpsd.session.credentials import Credentials
from ftpsd.session.first import CLIENT_FD, HELPER_FD
from ftpsd.session.later import load_all
from ftpsd.syscall import prctl
from ftpsd.wire import helper
from ftpsd.wire.channel import Channel, Closed, close_all, receive_call
from ftpsd.wire.codec import encode_refusal, encode_reply
from ftpsd.wire.control import Control
from ftpsd.wire.message import Call, Done, Malformed, Refusal, Reply
from ftpsd.worker.serve import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.options import Settings

_PARENT_DEATH_SIGNAL, _NO_NEW_PRIVS = 1, 38
"""PR_SET_PDEATHSIG and PR_SET_NO_NEW_PRIVS (prctl(2)); python-prctl may not be installed."""


def to_stderr(*lines: str) -> None:
    """Write the message of an event alone: there is no journal here."""
    # MaxFileSize= bounds a file that this is written to as well.
    with contextlib.suppress(OSError):
        print(lines[0].removeprefix("MESSAGE="), file=sys.stderr, flush=True)


class Served:
    """What is served, and to whom."""

    def __init__(self, arguments: argparse.Namespace, broker: str) -> None:
        """Take the command line, and the path of the port broker's socket."""
        self.root: str = os.path.realpath(arguments.directory)
        self.user: str = arguments.user
        self.password: str = arguments.password or secrets.token_urlsafe(9)
        self.read_only: bool = arguments.read_only
        self.broker = broker
        self.log = events.Log(to_stderr)
        self.require_tls: bool = arguments.require_tls
        self.directories = (Path(arguments.config),) if arguments.config else ()
        greetings = f"{arguments.config}/greetings" if arguments.config else None
        self.credentials = Credentials(arguments.credentials, greetings)


class OneAccount:
    """Stands in for the helper, for one session: knows one account instead of asking PAM."""

    def __init__(self, served: Served, channel: Channel) -> None:
        """Answer the session at the other end of `channel`."""
        self._served = served
        self._channel = channel
        self._failed = 0

    def answer(self) -> None:
        """Answer until the session hangs up. Raise `Malformed` if it breaks the contract."""
        while True:
            try:
                request, _ = receive_call(self._channel, helper.HELPER.calls)
            except Closed:
                return
            try:
                reply = self._handle(request)
                self._channel.send(*encode_reply(reply))
                close_all(reply.descriptors())
            except Refusal as refusal:
                self._channel.send(encode_refusal(helper.HELPER, refusal), [])
            finally:
                close_all(request.descriptors())

    def _handle(self, request: Call[Any]) -> Reply:
        if isinstance(request, helper.GetEncryption):
            return encryption(self._settings(asking(request)))
        if isinstance(request, helper.GetGreeting):
            return helper.Greeting(name=self._settings(asking(request)).greeting)
        if isinstance(request, helper.MaySendPassword):
            require_tls(request.user, self._settings(asking(request)), tls=request.tls)
            return helper.Asked(password=True)
        if not isinstance(request, helper.Login):
            return Done()
        chosen = self._settings(asking(request))
        require_tls(request.user, chosen, tls=request.tls)
        if self._failed >= chosen.max_login_failures:
            raise helper.Exhausted
        served, remote = self._served, Control(request.control_fd).remote.text
        right = hmac.compare_digest(
            request.password.reveal().encode("utf-8", "surrogateescape"), served.password.encode()
        )
        try:
            account = self._account(chosen, right=right and request.user == served.user)
        except NotAllowed as reason:
            self._failed += 1
            served.log(events.LOGIN_REFUSED, user=request.user, remote=remote, reason=reason)
            time.sleep(limits.FAILURE_SECONDS * chosen.failed_login_delay_sec)
            raise helper.Denied from None
        time.sleep(chosen.login_delay_sec)
        bound = attach(served.broker, binding(request.control_fd, chosen))
        served.log(events.LOGGED_IN, user=served.user, remote=remote)
        return helper.Granted(
            user=served.user,
            anonymous=False,
            **told(account, chosen),
            idle_seconds=chosen.idle_timeout_sec,
            data_seconds=chosen.data_timeout_sec,
            files_fd=self._worker(account, chosen).detach(),
            ports_fd=bound.detach(),
        )

    def _settings(self, who: settings.Who) -> Settings:
        """Read the settings for one client. Raise `Unavailable` if a file is unreadable."""
        # Its user is no anonymous one, whatever the name: that one may write nothing.
        who = dataclasses.replace(who, anonymous=False)
        chosen, mistakes = settings.load(who, self._served.directories)
        for one in mistakes:
            self._served.log(events.SETTING_WRONG, file=one.file, line=one.line, reason=one.reason)
        if any(not one.line for one in mistakes):
            raise helper.Unavailable
        served, require = self._served, "passwords" if self._served.require_tls else "no"
        if served.directories and served.credentials.certificate():
            require = chosen.require_tls
        return dataclasses.replace(
            chosen, write=chosen.write and not served.read_only, require_tls=require
        )

    def _account(self, chosen: Settings, *, right: bool) -> Account:
        """Be the one account, which is whoever runs this. Raise `NotAllowed`."""
        served = self._served
        if not right:
            raise NotAllowed("wrong")
        permit(served.user, chosen)
        account = Account(
            user=served.user,
            group=grp.getgrgid(os.getegid()).gr_name,
            uid=os.geteuid(),
            gid=os.getegid(),
            groups=tuple(os.getgroups()),
            home=served.root,
            root=served.root,
            anonymous=False,
        )
        return dataclasses.replace(account, root=expand(chosen.root, account))

    def _worker(self, account: Account, chosen: Settings) -> socket.socket:
        ours, theirs = socket.socketpair()

        def work() -> None:
            self._channel.close()
            ours.close()
            prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
            user = pwd.getpwuid(os.geteuid()).pw_name
            prepare(account.root, user, account.group, chosen)(Channel(theirs))

        fork(work, self._served.log)
        theirs.close()
        return ours


def fork(work: Callable[[], None], log: events.Log) -> None:
    """Do `work` in a process of its own; one that breaks a contract ends, and says so."""
    parent = os.getpid()
    if os.fork() == 0:
        status = 1
        try:
            prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
            if os.getppid() == parent:
                work()
            status = 0
        except Malformed as reason:
            log(events.CONTRACT_BROKEN, pid=os.getpid(), reason=reason)
        except KeyboardInterrupt:
            pass
        except Exception:  # noqa: BLE001 - the end of a process: nothing is above it
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)


def _talk(
    client: socket.socket, to_helper: socket.socket, log: events.Log, credentials: Credentials
) -> None:
    """Be a session: what systemd does for ftpsd@.service, without its sandbox."""
    # Both first to where no other descriptor is, or one could be overwritten by the other.
    client_fd, helper_fd = os.dup(client.fileno()), os.dup(to_helper.fileno())
    client.close()
    to_helper.close()
    os.dup2(helper_fd, HELPER_FD)
    os.dup2(client_fd, CLIENT_FD)
    os.closerange(CLIENT_FD + 1, os.sysconf("SC_OPEN_MAX"))
    session.start(log, lambda _: None, credentials, greeted=False, sealed=False)


def _accept(listener: socket.socket, served: Served) -> NoReturn:
    # Whatever a command needs is here for all sessions, which are forked.
    load_all()
    gc.freeze()
    while True:
        client, _ = listener.accept()
        asking, answering = socket.socketpair()

        def talk(client: socket.socket = client, asking: socket.socket = asking) -> None:
            _talk(client, asking, served.log, served.credentials)

        def stand_in(
            client: socket.socket = client,
            asking: socket.socket = asking,
            answering: socket.socket = answering,
        ) -> None:
            for sock in (listener, client, asking):
                sock.close()
            OneAccount(served, Channel(answering)).answer()

        fork(talk, served.log)
        fork(stand_in, served.log)
        for sock in (client, asking, answering):
            sock.close()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("expected a port from 0 to 65535")
    return int(text)


def _address(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("expected an address")
    return text


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="ftpsd serve",
        description="Serve a directory by FTP from here, as yourself, to try it. "
        "The service for real users is ftpsd.socket.",
    )
    made.add_argument("directory", metavar="DIR", help="what clients see as /")
    made.add_argument(
        "--address", type=_address, default="127.0.0.1", help="listen here (default: %(default)s)"
    )
    made.add_argument("--port", type=_port, default=2121, help="0 for any (default: %(default)s)")
    made.add_argument("--user", default="ftp", help="the one account (default: %(default)s)")
    made.add_argument("--password", help="its password (default: made up, and shown)")
    made.add_argument(
        "--credentials", metavar="DIR", help="where ftpsd.pem is, key and certificate: TLS with it"
    )
    made.add_argument("--require-tls", action="store_true", help="refuse logins without TLS")
    made.add_argument(
        "--config", metavar="DIR", help="read settings here, as the service does in /etc/ftpsd"
    )
    made.add_argument("--read-only", action="store_true", help="refuse every change")
    return made


def main(argv: list[str]) -> int:
    """Serve until interrupted; give the exit status."""
    arguments = parser().parse_args(argv)
    if not Path(arguments.directory).is_dir():
        print(f"ftpsd serve: {arguments.directory} is not a directory", file=sys.stderr)
        return 2
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    family = socket.AF_INET6 if ":" in arguments.address else socket.AF_INET
    temporary = tempfile.mkdtemp(prefix="ftpsd-")
    # By the descriptor, for $TMPDIR may be longer than the path of a socket (unix(7)).
    place = os.open(temporary, os.O_PATH)
    try:
        served = Served(arguments, f"/proc/self/fd/{place}/org.ftpsd.Ports")
        with socket.create_server(served.broker, family=socket.AF_UNIX) as broker:
            fork(lambda: Broker(broker, lambda *_: None, served.log).serve(), served.log)
        with socket.create_server((arguments.address, arguments.port), family=family) as listener:
            _say(served, listener)
            _accept(listener, served)
    except OSError as error:
        print(f"ftpsd serve: {arguments.address}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        os.close(place)
        shutil.rmtree(temporary, ignore_errors=True)


def _say(served: Served, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    clear = "Passwords and files travel unencrypted"
    if served.require_tls:
        clear = "Nobody logs in without TLS"
    elif served.credentials.certificate():
        clear += " where a client does not begin TLS"
    print(
        f"Serving {served.root} at ftp://{shown}:{port}/"
        f" - user {served.user}, password {served.password}\n"
        f"{clear}, and the sandbox of the service is not here:"
        " for trying only. Ctrl-C ends it.",
        flush=True,
    )
