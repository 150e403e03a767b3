# SPDX-License-Identifier: GPL-3.0-or-later
"""A control connection is connected TCP, and its ends are the kernel's to name."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.ports.sockets import at
from ftpsd.wire.control import Address, Control, address_of
from ftpsd.wire.message import Malformed


def opened_fds() -> int:
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def connected(listen: str, connect: str, *, dual: bool = False) -> Iterator[socket.socket]:
    """Give the server's end of a connection."""
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family))
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not dual))
        listener.bind((listen, 0))
        listener.listen()
        near = (connect, listener.getsockname()[1])
        stack.enter_context(socket.create_connection(near))
        yield stack.enter_context(listener.accept()[0])


def test_its_ends_are_those_of_the_connection() -> None:
    with connected("127.0.0.1", "127.0.0.1") as sock:
        control = Control(sock.fileno())

    assert (control.local.text, control.remote.text) == ("127.0.0.1", "127.0.0.1")
    assert control.remote.packed == b"\x7f\0\0\1"


def test_ipv6_is_no_different() -> None:
    with connected("::1", "::1") as sock:
        control = Control(sock.fileno())

    assert (control.local.text, control.remote.text) == ("::1", "::1")
    assert control.remote.family == socket.AF_INET6


def test_ipv4_on_a_dual_stack_listener_is_ipv4() -> None:
    with connected("::", "127.0.0.1", dual=True) as sock:
        control = Control(sock.fileno())

    assert (control.local.text, control.remote.text) == ("127.0.0.1", "127.0.0.1")
    assert control.remote.family == socket.AF_INET


def test_its_number_is_the_same_through_every_descriptor() -> None:
    here = "127.0.0.1"
    with connected(here, here) as one, connected(here, here) as other, one.dup() as again:
        numbers = [Control(sock.fileno()).cookie for sock in (one, again, other)]

    assert numbers[0] == numbers[1] != numbers[2]


def test_the_descriptor_stays_open_and_no_other_does() -> None:
    with connected("127.0.0.1", "127.0.0.1") as sock:
        before = opened_fds()
        Control(sock.fileno())

        assert opened_fds() == before


def pipe(stack: ExitStack) -> int:
    ends = os.pipe()
    for end in ends:
        stack.callback(os.close, end)
    return ends[0]


def device(stack: ExitStack) -> int:
    fd = os.open("/dev/null", os.O_RDWR)
    stack.callback(os.close, fd)
    return fd


def path(stack: ExitStack) -> int:
    fd = os.open("/", os.O_PATH)
    stack.callback(os.close, fd)
    return fd


def unix(stack: ExitStack) -> int:
    one, other = socket.socketpair()
    stack.enter_context(other)
    return stack.enter_context(one).fileno()


def udp(stack: ExitStack) -> int:
    sock = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
    sock.connect(("127.0.0.1", 9))
    return sock.fileno()


def unconnected(stack: ExitStack) -> int:
    return stack.enter_context(socket.socket()).fileno()


def listening(stack: ExitStack) -> int:
    sock = stack.enter_context(socket.socket())
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    return sock.fileno()


def closed(_: ExitStack) -> int:
    fd = os.dup(0)
    os.close(fd)
    return fd


IMPOSTORS: dict[str, Callable[[ExitStack], int]] = {
    "a pipe": pipe,
    "a device": device,
    "a path": path,
    "a Unix socket": unix,
    "UDP": udp,
    "not connected": unconnected,
    "listening": listening,
    "closed": closed,
}


@pytest.mark.parametrize("kind", IMPOSTORS)
def test_anything_else_is_malformed_and_leaves_no_descriptor_open(kind: str) -> None:
    with ExitStack() as stack:
        fd = IMPOSTORS[kind](stack)
        before = opened_fds()
        with pytest.raises(Malformed):
            Control(fd)

        assert opened_fds() == before


@given(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16))
def test_an_address_is_the_same_as_text_and_as_bytes(packed: bytes) -> None:
    address = Address(packed, 5)
    name = at(address, 21)

    assert address_of(name).packed == address.packed
    assert len(name) == (2 if address.family == socket.AF_INET else 4)
    assert socket.inet_pton(address.family, address.text) == address.packed


@given(st.binary(min_size=4, max_size=4))
def test_ipv4_mapped_into_ipv6_is_ipv4(packed: bytes) -> None:
    assert Address(bytes(10) + b"\xff\xff" + packed).packed == packed


def test_a_link_local_address_keeps_its_scope() -> None:
    address = address_of(("fe80::1%lo", 21, 0, 7))

    assert at(address, 20) == ("fe80::1", 20, 0, 7)
