# SPDX-License-Identifier: GPL-3.0-or-later
"""The helper itself, as a process of its own: whatever a session does, it ends that session alone.

No password is checked here: that takes PAM, and is in tests/system.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ftpsd import limits, options
from ftpsd.wire import helper
from ftpsd.wire.channel import Channel, Closed, Peer
from ftpsd.wire.codec import encode_call
from ftpsd.wire.helper import HELPER
from ftpsd.wire.message import Done, Refusal, Secret

ROOT = Path(__file__).parents[2]
MOST = "15"
"""The highest that MaxLoginFailures= may be: whoever is called "anonymous" has it."""
PROGRAM = """
import os, resource, signal, socket, sys
sys.path.insert(0, sys.argv[1])
from ftpsd import events, limits, options
from ftpsd.helper import serve, settings
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
listener, spawner, stored = (socket.socket(fileno=int(fd)) for fd in sys.argv[3:])
limits.CONNECTIONS, limits.ATTEMPTS_AT_ONCE, limits.FAILURE_SECONDS = 4, 2, 0.001
def load(who):
    name, _ = who.known()
    often = options.failures(sys.argv[2]) if name == "anonymous" else limits.LOGIN_ATTEMPTS
    chosen = {"anonymous_user": "no-such-account", "address_failures": 0}
    return options.Settings(max_login_failures=often, **chosen), []
settings.load = load
log = events.Log(lambda *lines: print(lines[0], file=sys.stderr, flush=True))
helper = serve.Helper(listener, spawner, lambda *_, **__: True, log)
helper.adopt(stored)
if os.getuid() == 0:
    # Nothing bounds how many processes root may have.
    os.setresuid(65533, 65533, 65533)
most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
for number, soft in (signal.SIGUSR1, 0), (signal.SIGUSR2, most):
    limit = resource.RLIMIT_NPROC, (soft, most)
    signal.signal(number, lambda *_, limit=limit: resource.setrlimit(*limit))
helper.serve()
"""


class Helper:
    """A helper of its own process, and what it listens on."""

    def __init__(self, stack: ExitStack, path: Path) -> None:
        self._stack = stack
        self._path = str(path / "helper")
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(self._path)
        listener.listen()
        self.spawner, spawner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stored, kept = socket.socketpair()
        inherited = [one.fileno() for one in (listener, spawner, kept)]
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROGRAM, str(ROOT), MOST, *map(str, inherited)],
            pass_fds=inherited,
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.callback(self.end)
        spawner.close()
        kept.close()
        self.stored = self.peer(stored)

    def peer(self, sock: socket.socket) -> Peer:
        peer = Peer(Channel(sock), HELPER)
        self._stack.callback(peer.close)
        return peer

    def connect(self) -> Peer:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(self._path)
        return self.peer(sock)

    def may_fork(self, *, yes: bool) -> None:
        """Let the kernel refuse it another process, or not any more."""
        self.process.send_signal(signal.SIGUSR2 if yes else signal.SIGUSR1)

    def end(self) -> str:
        """Take the spawner away, which ends the helper; give what it has said."""
        self.spawner.close()
        said = self.process.communicate(timeout=10)[1] if self.process.stderr else ""
        return said or ""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Helper]:
    """Give a helper that may have four sessions and two attempts at once."""
    with ExitStack() as stack:
        yield Helper(stack, tmp_path)


@pytest.fixture
def control() -> Iterator[socket.socket]:
    """Give a client's connection, as a session has it."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as sock,
    ):
        yield sock


def closed(peer: Peer) -> bool:
    """Wait until the helper has hung up; say whether it did so without an answer."""
    try:
        peer.channel.receive()
    except Closed as reason:
        return "in time" not in str(reason)
    return False


def test_a_session_is_answered(served: Helper) -> None:
    peer = served.connect()

    assert isinstance(peer.ask(helper.Ping()), Done)
    assert isinstance(peer.ask(helper.Ping()), Done)


def test_a_session_kept_over_a_restart_is_answered(served: Helper) -> None:
    assert isinstance(served.stored.ask(helper.Ping()), Done)


def test_a_session_that_breaks_the_contract_is_closed_and_others_go_on(served: Helper) -> None:
    honest, liar = served.connect(), served.connect()
    liar.channel.send(b'{"method":"org.ftpsd.Helper.Ping","parameters":{"x":1}}\0', [0])

    assert closed(liar)
    assert isinstance(honest.ask(helper.Ping()), Done)
    assert f"Closed a channel from process {os.getpid()}: more than declared." in served.end()


def test_a_session_that_asks_two_things_at_once_is_closed(served: Helper) -> None:
    peer = served.connect()
    peer.channel.send(encode_call(HELPER, helper.Ping())[0] * 2, [])

    assert closed(peer)


def test_a_session_that_hangs_up_in_a_message_ends_nobody_else(served: Helper) -> None:
    peer = served.connect()
    peer.channel.send(b"{", [])
    peer.close()

    assert isinstance(served.connect().ask(helper.Ping()), Done)


def test_a_session_may_ask_so_often(served: Helper) -> None:
    peer = served.connect()
    for _ in range(limits.REQUESTS):
        peer.ask(helper.Ping())
    peer.send(helper.Ping())

    assert closed(peer)
    assert "it is asked too often" in served.end()


def test_sessions_beyond_the_bound_are_closed_and_then_let_in_again(served: Helper) -> None:
    peers = [served.connect() for _ in range(3)]
    for peer in peers:
        peer.ask(helper.Ping())

    assert closed(served.connect())
    served.stored.channel.sock.shutdown(socket.SHUT_WR)
    assert closed(served.stored)
    assert isinstance(served.connect().ask(helper.Ping()), Done)
    assert served.end().count("too many connections") == 1


def test_more_attempts_than_at_once_wait_for_their_turn(served: Helper) -> None:
    peers = [served.connect() for _ in range(3)]
    # Two that take their time hold up the third until they have said what they want.
    for peer in peers[:2]:
        peer.channel.send(b"{", [])
    peers[2].send(helper.Ping())
    with pytest.raises(Closed, match="in time"):
        peers[2].channel.receive(0.05)
    peers[0].channel.send(b"}\0", [])

    assert isinstance(peers[2].answer(helper.Ping), Done)


def test_where_no_process_can_be_had_one_session_ends_and_the_helper_goes_on(
    served: Helper,
) -> None:
    first, other = served.connect(), served.connect()
    first.ask(helper.Ping())
    served.may_fork(yes=False)
    first.send(helper.Ping())

    assert closed(first)
    served.may_fork(yes=True)
    assert isinstance(other.ask(helper.Ping()), Done)
    assert "MESSAGE=ftpsd-helper cannot fork: " in served.end()


def test_attempts_are_counted_by_control_connection(served: Helper, control: socket.socket) -> None:
    refusals = []
    for _ in range(limits.LOGIN_ATTEMPTS + 1):
        # A session that connects to the helper anew gains nothing.
        peer = served.connect()
        call = helper.Login(
            user="ftp",
            password=Secret("x"),
            tls=True,
            certificate=None,
            host=None,
            control_fd=control.fileno(),
        )
        try:
            peer.ask(call)
        except Refusal as refusal:
            refusals.append(type(refusal))
        peer.close()

    assert refusals == [helper.Denied] * limits.LOGIN_ATTEMPTS + [helper.Exhausted]


def test_a_session_may_ask_what_it_has_to_and_no_more() -> None:
    once, never = {helper.GetEncryption, helper.GetGreeting}, {helper.Ping}
    each_login = set(HELPER.calls.values()) - once - never

    assert len(once) + len(each_login) * (int(MOST) + 1) == limits.REQUESTS


def test_the_highest_max_login_failures_is_reached_in_the_clear_and_under_tls(
    served: Helper, control: socket.socket
) -> None:
    """A session asks before each password, and of TLS and the greeting before all of them."""
    with pytest.raises(ValueError, match="15"):
        options.failures(str(int(MOST) + 1))
    who: dict[str, Any] = {"user": "anonymous", "tls": True, "host": None}
    who["control_fd"] = control.fileno()
    peer, refusals = served.connect(), []
    peer.ask(helper.GetGreeting(tls=True, control_fd=control.fileno()))
    peer.ask(helper.GetEncryption(control_fd=control.fileno()))
    for _ in range(int(MOST) + 1):
        assert peer.ask(helper.MaySendPassword(**who)).password
        try:
            peer.ask(helper.Login(password=Secret("x"), certificate=None, **who))
        except Refusal as refusal:
            refusals.append(type(refusal))

    assert refusals == [helper.Denied] * int(MOST) + [helper.Exhausted]


def test_a_helper_without_its_spawner_ends(served: Helper) -> None:
    served.end()

    assert served.process.returncode == 0
