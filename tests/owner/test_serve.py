# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gives files away looks at each, and gives only what root has named, to whom root has named.

Without root a test can give nothing but to itself: the rest is in tests/system.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ftpsd import events, limits
from ftpsd.owner.serve import Owners, give
from ftpsd.wire.binding import BINDING, Attach, SetOwner
from ftpsd.wire.channel import Channel, Closed, Peer
from ftpsd.wire.codec import encode_call
from ftpsd.wire.message import Call, Done, Interface
from ftpsd.wire.owner import OWNER, Give, NotGiven

ME = os.geteuid() or 4711
"""Some user who is not root."""


class Driven:
    """What gives files away, and what it has logged; a test says when it takes its turn."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.stack = stack
        self.said: list[str] = []
        self.kept: dict[str, int] = {}
        self._begun: list[threading.Thread] = []
        self._path = str(path / "owner")
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(self._path)
        listener.listen()
        log = events.Log(lambda *lines: self.said.append(lines[0]))
        self.owners = Owners(listener, self.kept.__setitem__, log)
        stack.callback(self._end)

    def _end(self) -> None:
        for one in self._begun:
            one.join(5.0)
        for client in list(self.owners._clients.values()):
            self.owners._leave(client)
        self.owners._epoll.close()

    def turn(self, seconds: float = 5.0) -> None:
        """Let it handle one thing, and wait so long for the end of that."""
        before = set(threading.enumerate())
        self.owners.turn()
        self._begun = [*self._begun, *(set(threading.enumerate()) - before)]
        for one in self._begun:
            one.join(seconds)

    def connect(self, interface: Interface = OWNER) -> Peer:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(self._path)
        peer = Peer(Channel(sock), interface)
        self.stack.callback(peer.close)
        self.turn()
        return peer

    def ask(self, peer: Peer, call: Call[Any], interface: Interface = OWNER) -> Any:
        peer.channel.send(*encode_call(interface, call))
        self.turn()
        return peer.answer(type(call), 5.0)

    def bound(self, uid: int = ME, owner: int = ME) -> Peer:
        peer = self.connect()
        assert isinstance(self.ask(peer, SetOwner(uid=uid, owner=owner), BINDING), Done)
        return peer

    @property
    def left(self) -> int:
        return len(self.owners._clients)


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[Driven]:
    """Give one; whatever was asked of it, no descriptor may be left."""
    before = len(os.listdir("/proc/self/fd"))
    with ExitStack() as stack:
        yield Driven(tmp_path, stack)
    assert len(os.listdir("/proc/self/fd")) == before


def opened(driven: Driven, path: str | Path, flags: int = os.O_RDONLY) -> Give:
    fd = os.open(path, flags)
    driven.stack.callback(os.close, fd)
    return Give(file_fd=fd)


def a_file(path: Path, uid: int = ME) -> Path:
    path.write_text("content")
    if os.geteuid() == 0:
        os.chown(path, uid, -1)
    return path


def somebody_elses(path: Path) -> Path:
    """Give a file of another user: one of the system's only where it could not be given anyway."""
    return a_file(path, ME + 1) if os.geteuid() == 0 else Path("/etc/passwd")


def test_a_file_of_the_user_is_given(driven: Driven, tmp_path: Path) -> None:
    path = a_file(tmp_path / "x")

    assert isinstance(driven.ask(driven.bound(), opened(driven, path)), Done)


def a_link(path: Path) -> Path:
    os.link(a_file(path), path.with_name("second"))
    return path


def a_directory(path: Path) -> Path:
    path.mkdir()
    return path


def a_fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def executed_as_its_owner(path: Path) -> Path:
    a_file(path).chmod(0o4755)
    return path


@pytest.mark.parametrize("make", [a_link, a_directory, a_fifo, executed_as_its_owner])
def test_nothing_else_is_given(
    driven: Driven, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path / "x")
    peer = driven.bound()

    with pytest.raises(NotGiven):
        driven.ask(peer, opened(driven, path, os.O_RDONLY | os.O_NONBLOCK))
    # the channel goes on
    assert isinstance(driven.ask(peer, opened(driven, a_file(tmp_path / "y"))), Done)


def test_what_belongs_to_somebody_else_is_not_given(driven: Driven, tmp_path: Path) -> None:
    with pytest.raises(NotGiven):
        driven.ask(driven.bound(), opened(driven, somebody_elses(tmp_path / "x")))
    with pytest.raises(NotGiven):
        driven.ask(driven.bound(ME + 1), opened(driven, a_file(tmp_path / "y")))


def test_a_file_that_was_only_found_and_not_opened_is_not_given(
    driven: Driven, tmp_path: Path
) -> None:
    with pytest.raises(NotGiven):
        driven.ask(driven.bound(), opened(driven, a_file(tmp_path / "x"), os.O_PATH))


def test_a_socket_is_not_given(driven: Driven) -> None:
    with socket.socket() as sock, pytest.raises(NotGiven):
        driven.ask(driven.bound(), Give(file_fd=sock.fileno()))


@pytest.mark.parametrize(("uid", "owner"), [(0, ME), (ME, 0), (-1, ME), (ME, -1)])
def test_root_neither_gives_nor_gets(driven: Driven, uid: int, owner: int) -> None:
    with pytest.raises(Closed):
        driven.ask(driven.connect(), SetOwner(uid=uid, owner=owner), BINDING)
    assert driven.left == 0
    assert len(driven.said) == 1


def test_nothing_is_given_before_root_has_said_whose(driven: Driven, tmp_path: Path) -> None:
    with pytest.raises(Closed):
        driven.ask(driven.connect(), opened(driven, a_file(tmp_path / "x")))
    assert driven.left == 0


def test_whose_files_is_said_once(driven: Driven) -> None:
    peer, other = driven.bound(), driven.bound()
    with pytest.raises(Closed):
        driven.ask(peer, SetOwner(uid=ME + 1, owner=ME + 1), BINDING)
    assert driven.left == 1
    assert not other.channel.pending


def test_what_the_port_broker_is_asked_is_not_understood(driven: Driven) -> None:
    attach = Attach(
        control_fd=0, first_port=0, last_port=0, source_port=0, seconds=1, ways=["passive"]
    )
    with pytest.raises(Closed):
        driven.ask(driven.connect(), attach, BINDING)


def test_garbage_ends_its_channel_alone(driven: Driven, tmp_path: Path) -> None:
    peer, other = driven.bound(), driven.bound()
    peer.channel.send(b"garbage\0", [])
    driven.turn()

    with pytest.raises(Closed):
        peer.channel.receive(5.0)
    assert isinstance(driven.ask(other, opened(driven, a_file(tmp_path / "x"))), Done)


def test_half_a_message_keeps_nobody_waiting(driven: Driven, tmp_path: Path) -> None:
    peer, other = driven.bound(), driven.bound()
    peer.channel.send(b'{"method', [])
    driven.turn()

    assert isinstance(driven.ask(other, opened(driven, a_file(tmp_path / "x"))), Done)
    assert driven.left == 1


@pytest.fixture
def lingering() -> Iterator[socket.socket]:
    """Give a socket that keeps waiting whoever closes it last (SO_LINGER, socket(7))."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        peer, _ = listener.accept()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 20))
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                sock.send(bytes(100_000))
        sock.setblocking(True)
        yield sock
        # reset, so that it has nothing to wait for
        peer.close()


def test_a_file_that_is_slow_to_close_holds_up_nobody_else(
    driven: Driven, tmp_path: Path, lingering: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of a user's own file system (FUSE) may be."""
    monkeypatch.setattr(limits, "OWNER_BUSY", 1)
    begun = time.monotonic()
    slow, again, other = driven.bound(), driven.bound(), driven.bound(ME + 1)
    slow.channel.send(*encode_call(OWNER, Give(file_fd=lingering.fileno())))
    lingering.close()
    driven.turn(0.1)
    path = a_file(tmp_path / "x", ME + 1)
    other.channel.send(*encode_call(OWNER, opened(driven, path)))
    driven.turn(0.1)
    other.channel.receive(5.0)
    # one thing at a time for the same user
    again.channel.send(*encode_call(OWNER, opened(driven, path)))
    driven.turn(0.1)
    with pytest.raises(Closed):
        again.channel.receive(5.0)
    assert "whose file system does not answer" in driven.said[0]

    assert time.monotonic() - begun < 10


def test_a_thread_that_cannot_be_had_ends_its_channel_alone(
    driven: Driven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many may hang in file systems as the unit may have tasks."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    refused, other = driven.bound(), driven.bound()
    with monkeypatch.context() as without:
        without.setattr("threading.Thread.start", start)
        with pytest.raises(Closed):
            driven.ask(refused, opened(driven, a_file(tmp_path / "x")))

    assert isinstance(driven.ask(other, opened(driven, tmp_path / "x")), Done)


def test_connections_beyond_the_bound_are_closed(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 1)
    kept, refused = driven.bound(), driven.connect()

    with pytest.raises(Closed):
        refused.channel.receive(5.0)
    assert driven.said == ["MESSAGE=ftpsd-owner refused a session: too many connections."]
    kept.close()
    driven.turn()
    assert driven.left == 0


def test_a_file_system_that_refuses_is_no_mistake_of_ours(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    os.close(fd)
    with pytest.raises(NotGiven):
        give(fd, ME, ME)


@pytest.mark.parametrize(("code", "quota"), [(errno.EDQUOT, True), (errno.EROFS, False)])
def test_a_quota_is_told_from_what_else_is_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, quota: bool
) -> None:
    def fchown(*_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.fchown", fchown)
    with a_file(tmp_path / "x").open("rb") as file, pytest.raises(NotGiven) as refused:
        give(file.fileno(), ME, ME)
    assert refused.value.quota is quota


def restart(driven: Driven) -> None:
    """Forget the one channel, and adopt what was kept of it."""
    ((name, fd),) = driven.kept.items()
    (old,) = driven.owners._clients.values()
    kept = socket.socket(fileno=os.dup(fd))
    driven.owners._clients.clear()
    driven.owners._epoll.unregister(fd)
    old.channel.close()
    driven.owners.adopt(kept, name)


def test_whose_files_is_not_said_again_after_a_restart(driven: Driven) -> None:
    peer = driven.bound()
    restart(driven)
    with pytest.raises(Closed):
        driven.ask(peer, SetOwner(uid=ME + 1, owner=ME), BINDING)
    assert driven.left == 0


def test_what_a_channel_is_bound_to_outlives_a_restart(driven: Driven, tmp_path: Path) -> None:
    peer, path = driven.bound(), a_file(tmp_path / "x")
    restart(driven)

    assert isinstance(driven.ask(peer, opened(driven, path)), Done)
    with pytest.raises(NotGiven):
        driven.ask(peer, opened(driven, somebody_elses(tmp_path / "y")))
