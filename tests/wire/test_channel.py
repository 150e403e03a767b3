# SPDX-License-Identifier: GPL-3.0-or-later
"""A channel gives whole messages whatever way their bytes come, and loses no descriptor."""

from __future__ import annotations

import array
import itertools
import os
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd import limits
from ftpsd.wire import files, helper
from ftpsd.wire.channel import NO_DESCRIPTORS, Channel, Closed, Peer, close_all, receive_call
from ftpsd.wire.codec import encode_call, encode_refusal, encode_reply
from ftpsd.wire.files import FILES
from ftpsd.wire.helper import HELPER
from ftpsd.wire.message import Done, Malformed, Secret

FRAMES = st.lists(st.binary(min_size=1, max_size=20).map(lambda one: one.replace(b"\0", b"x")))


class Pair:
    """A channel and what is at its other end."""

    def __init__(self) -> None:
        self.far, near = socket.socketpair()
        self.channel = Channel(near)

    def send(self, data: bytes, fds: tuple[int, ...] = ()) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.far.sendmsg([data], rights)

    def close(self) -> None:
        self.far.close()
        self.channel.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Give a pair; whatever a test did with it, no descriptor may be left."""
    before = opened()
    made = Pair()
    yield made
    made.close()
    assert opened() == before


def opened() -> int:
    return len(os.listdir("/proc/self/fd"))


@given(frames=FRAMES, cuts=st.lists(st.integers(0, 200)))
def test_messages_are_the_same_however_they_are_split(frames: list[bytes], cuts: list[int]) -> None:
    pair = Pair()
    data = b"".join(frame + b"\0" for frame in frames)
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    got = []
    for start, end in itertools.pairwise(edges):
        if start < end:
            pair.send(data[start:end])
        try:
            while True:
                got.append(pair.channel.receive(0.0))
        except Closed:
            pass
    pair.close()

    assert got == frames


def test_descriptors_come_with_the_first_byte(pair: Pair) -> None:
    with open("/dev/null", "rb") as file:
        pair.send(b"one", (file.fileno(), file.fileno()))
    pair.send(b" message\0")

    assert pair.channel.receive() == b"one message"
    fds = pair.channel.take_fds()
    assert [os.readlink(f"/proc/self/fd/{fd}") for fd in fds] == ["/dev/null"] * 2
    assert [os.get_inheritable(fd) for fd in fds] == [False] * 2
    assert pair.channel.take_fds() == []
    close_all(fds)


def test_descriptors_nobody_takes_are_closed(pair: Pair) -> None:
    before = opened()
    pair.send(b"one\0", (0, 0, 0, 0))
    pair.channel.receive()

    assert opened() == before + 4
    pair.channel.close()
    assert opened() == before - 1


@pytest.mark.parametrize("count", [limits.MESSAGE_FDS + 1, 12, 13, 60, 250])
def test_too_many_descriptors_are_malformed_and_closed(pair: Pair, count: int) -> None:
    before = opened()
    pair.send(b"one\0", (0,) * count)
    with pytest.raises(Malformed):
        pair.channel.receive()
    pair.channel.close()

    assert opened() == before - 1


def test_descriptors_that_add_up_to_too_many_are_malformed(pair: Pair) -> None:
    for _ in range(limits.MESSAGE_FDS):
        pair.send(b"x", (0,))
        with pytest.raises(Closed):
            pair.channel.receive(0.0)
    pair.send(b"x\0", (0,))
    with pytest.raises(Malformed):
        pair.channel.receive()


def test_credentials_are_those_of_the_kernel_and_leave_room_for_descriptors(pair: Pair) -> None:
    pair.channel.sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    pair.send(b"one\0", (0,) * limits.MESSAGE_FDS)
    pair.channel.receive()

    assert pair.channel.sender_pid == os.getpid()


def test_with_credentials_too_many_descriptors_are_cut_off_and_malformed(pair: Pair) -> None:
    pair.channel.sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    pair.send(b"one\0", (0,) * 200)
    with pytest.raises(Malformed, match="too many"):
        pair.channel.receive()


def test_a_message_of_the_longest_length_is_taken(pair: Pair) -> None:
    data = b"x" * (limits.MESSAGE_BYTES - 1)
    pair.send(data + b"\0")

    assert pair.channel.receive() == data


@pytest.mark.parametrize("first", [1, 4096, limits.MESSAGE_BYTES - 1, limits.MESSAGE_BYTES])
def test_a_longer_message_is_malformed_however_it_is_split(pair: Pair, first: int) -> None:
    data = b"x" * limits.MESSAGE_BYTES + b"\0"
    pair.send(data[:first])
    with pytest.raises((Malformed, Closed)):
        pair.channel.receive(0.0)
    pair.send(data[first:])
    with pytest.raises(Malformed):
        pair.channel.receive()


def test_a_peer_that_says_nothing_in_time_is_closed(pair: Pair) -> None:
    pair.send(b"half")
    with pytest.raises(Closed, match="no answer in time"):
        pair.channel.receive(0.01)


def test_a_peer_that_hangs_up_in_a_message_is_closed(pair: Pair) -> None:
    pair.send(b"half")
    pair.far.close()
    with pytest.raises(Closed, match="hung up"):
        pair.channel.receive(None)


def test_a_peer_that_resets_is_closed(pair: Pair) -> None:
    pair.channel.send(b"never read\0", [])
    pair.far.close()
    with pytest.raises(Closed):
        pair.channel.receive()


def test_sending_to_a_peer_that_is_gone_is_closed(pair: Pair) -> None:
    pair.far.close()
    with pytest.raises(Closed):
        pair.channel.send(b"x\0", [])


def test_sending_to_a_peer_that_does_not_read_is_closed(pair: Pair) -> None:
    with pytest.raises(Closed, match="no answer in time"):
        pair.channel.send(b"x" * 10_000_000, [], seconds=0.01)


def test_a_message_longer_than_the_buffer_is_sent_whole(pair: Pair) -> None:
    pair.channel.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    data = os.urandom(100_000)
    got: list[bytes] = []

    def read() -> None:
        while sum(map(len, got)) < len(data):
            got.append(pair.far.recv(len(data)))

    reading = threading.Thread(target=read)
    reading.start()
    pair.channel.send(data, [0])
    reading.join()

    assert b"".join(got) == data


def test_a_socket_that_is_closed_is_closed(pair: Pair) -> None:
    pair.channel.sock.shutdown(socket.SHUT_RD)
    with pytest.raises(Closed):
        pair.channel.receive()


def test_reading_what_cannot_be_read_is_closed() -> None:
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(Closed):
        Channel(sock).receive()


def test_bytes_that_are_gone_again_are_waited_for(pair: Pair) -> None:
    pair.channel.look()

    assert not pair.channel.pending


def test_a_channel_can_be_polled(pair: Pair) -> None:
    assert pair.channel.fileno() == pair.channel.sock.fileno()


def test_closing_what_is_closed_is_no_failure() -> None:
    close_all([-1])


def login(fd: int) -> tuple[bytes, list[int]]:
    call = helper.Login(
        user="anna", password=Secret("x"), tls=True, certificate=None, host=None, control_fd=fd
    )
    return encode_call(HELPER, call)


def test_a_call_is_received_with_its_descriptor(pair: Pair) -> None:
    data, (fd,) = login(0)
    pair.send(data, (fd,))
    request, oneway = receive_call(pair.channel, HELPER.calls)

    assert isinstance(request, helper.Login)
    assert not oneway
    assert request.descriptors() == [request.control_fd]
    os.close(request.control_fd)


@pytest.mark.parametrize(
    "data",
    [login(0)[0] * 2, login(0)[0] + b"{", b"{}\0", encode_call(FILES, files.Open(path="/"))[0]],
)
def test_a_call_that_is_none_is_malformed_and_its_descriptors_closed_with_the_channel(
    pair: Pair, data: bytes
) -> None:
    before = opened()
    pair.send(data, (0, 0))
    with pytest.raises(Malformed):
        receive_call(pair.channel, HELPER.calls)
    pair.channel.close()

    assert opened() == before - 1


def test_descriptors_without_room_for_them_never_arrive(pair: Pair) -> None:
    """Closing one could take for ever: the kernel drops it, and closes it as nobody's."""
    before = opened()
    pair.channel.sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    pair.channel.room = NO_DESCRIPTORS
    pair.send(b"{}\0")
    assert pair.channel.receive() == b"{}"
    assert pair.channel.sender_pid == os.getpid()
    pair.send(b"{}\0", (0,))
    with pytest.raises(Malformed):
        pair.channel.receive()

    assert (opened(), pair.channel.fds) == (before, [])


def test_what_is_asked_is_answered(pair: Pair) -> None:
    pair.send(encode_reply(Done())[0])
    reply = Peer(pair.channel, FILES).ask(files.Remove(path="/a"))

    assert isinstance(reply, Done)
    assert pair.far.recv(100).endswith(b'Remove","parameters":{"path":"/a"}}\0')


def test_what_is_asked_without_an_answer_is_not_waited_for(pair: Pair) -> None:
    Peer(pair.channel, FILES).send(files.Remove(path="/a"), oneway=True)

    assert pair.far.recv(100).endswith(b'"oneway":true}\0')


def test_a_refusal_is_raised(pair: Pair) -> None:
    pair.send(encode_refusal(FILES, files.Refused(reason="quota")))
    with pytest.raises(files.Refused) as refused:
        Peer(pair.channel, FILES).ask(files.Remove(path="/a"))

    assert refused.value.reason == "quota"


def test_a_descriptor_that_no_field_names_is_malformed_and_closed(pair: Pair) -> None:
    before = opened()
    pair.send(encode_reply(Done())[0], (0,))
    with pytest.raises(Malformed):
        Peer(pair.channel, FILES).ask(files.Remove(path="/a"))

    assert opened() == before


def test_a_descriptor_of_the_next_reply_is_not_given_to_this(pair: Pair) -> None:
    pair.send(encode_reply(Done())[0])
    pair.send(encode_reply(files.Opened(file_fd=0, size=5))[0], (0,))
    peer = Peer(pair.channel, FILES)
    peer.answer(files.Remove)
    reply = peer.answer(files.Open)

    assert reply.size == 5
    os.close(reply.file_fd)


def test_a_peer_hangs_up(pair: Pair) -> None:
    Peer(pair.channel, FILES).close()

    assert pair.far.recv(1) == b""


def test_a_peer_is_waited_for_again_without_end_after_a_bound_wait(pair: Pair) -> None:
    with pytest.raises(Closed, match="no answer in time"):
        pair.channel.receive(0.01)
    sending = threading.Timer(0.05, pair.send, (b"late\0",))
    sending.start()

    assert pair.channel.receive(None) == b"late"
    sending.join()


def test_a_message_that_has_begun_is_not_waited_for_for_ever(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The peer's own end may have come with it: nobody is left then who could go on, or hang up."""
    monkeypatch.setattr("ftpsd.limits.ANSWER_SECONDS", 0.05)
    pair.send(b"{")
    with pytest.raises(Closed, match="no answer in time"):
        pair.channel.receive(None)


@given(seconds=st.floats(0.0, 1e-5))
def test_no_bound_is_so_short_that_it_is_none(seconds: float) -> None:
    pair = Pair()
    with pytest.raises(Closed, match="no answer in time"):
        pair.channel.receive(seconds)
    pair.close()


def test_a_bound_from_before_is_not_that_of_a_new_channel(pair: Pair) -> None:
    with pytest.raises(Closed, match="no answer in time"):
        pair.channel.receive(0.01)
    sending = threading.Timer(0.05, pair.send, (b"late\0",))
    sending.start()

    assert Channel(pair.channel.sock).receive(None) == b"late"
    sending.join()


@given(seconds=st.floats(0.02, 1e6))
def test_the_kernel_waits_as_long_as_is_said(seconds: float) -> None:
    pair = Pair()
    pair.send(b"x\0")
    pair.channel.receive(seconds)
    pair.channel.send(b"x\0", [], seconds)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        whole, micro = struct.unpack(
            "ll", pair.channel.sock.getsockopt(socket.SOL_SOCKET, option, 16)
        )
        # It counts in ticks of its own, of 10 ms at most.
        assert seconds <= whole + micro / 1e6 < seconds + 0.02
    pair.close()


def test_who_is_waited_with_says_nothing(pair: Pair) -> None:
    pair.channel.idle(0.01)
    pair.send(b"!")

    with pytest.raises(Malformed, match="two requests at once"):
        pair.channel.idle(30)
