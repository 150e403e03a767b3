# SPDX-License-Identifier: GPL-3.0-or-later
"""Data sockets are of the server's address, the range, and the client alone."""

from __future__ import annotations

import os
import select
import socket
import struct
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd import limits
from ftpsd.ports import sockets
from ftpsd.ports.binding import Binding
from ftpsd.wire.control import Address
from ftpsd.wire.ports import NotOpened

HERE, CLIENT = "127.0.0.1", "127.0.0.2"


def address(text: str) -> Address:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return Address(socket.inet_pton(family, text))


def binding(**wanted: Any) -> Binding:
    plain: dict[str, Any] = {"first_port": 0, "last_port": 0, "source_port": 0, "seconds": 1}
    plain |= {"local": address(HERE), "remote": address(CLIENT)}
    return Binding(**plain | wanted)


def free_range(size: int) -> list[int]:
    """Take `size` neighbouring ports, all free; give them. They are free again when it returns."""
    for first in range(20000, 30000, size):
        with ExitStack() as taken:
            try:
                for port in range(first, first + size):
                    sock = taken.enter_context(socket.socket())
                    sock.bind((HERE, port))
            except OSError:
                continue
        return list(range(first, first + size))
    raise AssertionError("no free ports")


def reason(act: Any) -> str:
    with pytest.raises(NotOpened) as refused:
        act()
    return refused.value.reason


def test_a_listener_is_on_the_address_the_client_connected_to() -> None:
    with sockets.listen(binding()) as listener:
        host, port = listener.getsockname()

    assert host == HERE
    assert port >= limits.UNPRIVILEGED_PORT


def test_a_listener_speaks_ipv6_where_the_client_does() -> None:
    with sockets.listen(binding(local=address("::1"))) as listener:
        assert listener.getsockname()[0] == "::1"


def test_without_a_range_any_port_of_the_kernel_may_be_taken_not_only_the_lower_half() -> None:
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        lowest, highest = map(int, file.read().split())
    with ExitStack() as run:
        listeners = [run.enter_context(sockets.listen(binding())) for _ in range(64)]
        ports = [one.getsockname()[1] for one in listeners]

    assert min(ports) < (lowest + highest) // 2 < max(ports)


def test_a_port_of_a_range_can_be_taken_again_at_once() -> None:
    (port,) = free_range(1)
    held = binding(first_port=port, last_port=port)
    for _ in range(2):
        with sockets.listen(held) as listener:
            client = socket.create_connection((HERE, port), source_address=(CLIENT, 0))
            served, _ = listener.accept()
        # Who closes first keeps the port for a minute, in TIME_WAIT.
        served.close()
        assert client.recv(1) == b""
        client.close()


def test_a_range_that_is_used_up_has_no_other_port() -> None:
    ports = free_range(3)
    held = binding(first_port=ports[0], last_port=ports[-1])
    with ExitStack() as stack:
        for port in ports:
            stack.enter_context(socket.create_server((HERE, port)))

        assert reason(lambda: sockets.listen(held)) == "exhausted"


def test_the_last_free_port_of_a_range_is_always_found() -> None:
    ports = free_range(6)
    held = binding(first_port=ports[0], last_port=ports[-1])
    with ExitStack() as stack:
        for port in ports[1:]:
            stack.enter_context(socket.create_server((HERE, port)))
        for _ in range(100):
            with sockets.listen(held) as listener:
                assert listener.getsockname()[1] == ports[0]


def test_a_range_of_one_port_is_a_range() -> None:
    (port,) = free_range(1)
    with sockets.listen(binding(first_port=port, last_port=port)) as listener:
        assert listener.getsockname()[1] == port


def test_the_order_of_ports_is_not_foreseen() -> None:
    ports = free_range(50)
    held = binding(first_port=ports[0], last_port=ports[-1])
    runs = []
    for _ in range(3):
        with ExitStack() as run:
            listeners = [run.enter_context(sockets.listen(held)) for _ in range(8)]
            runs.append(tuple(one.getsockname()[1] for one in listeners))

    assert len(set(runs)) == 3


@given(st.integers(1, 70000))
def test_a_stride_meets_every_port(span: int) -> None:
    stride = sockets._stride(span)

    assert 1 <= stride <= span
    assert sockets._coprime(stride, span)


@pytest.mark.parametrize("span", [1, 2, 6, 97, 1000])
def test_steps_of_a_stride_are_all_different(span: int) -> None:
    stride = sockets._stride(span)

    assert len({step * stride % span for step in range(span)}) == span


def test_an_address_that_is_not_here_has_no_port() -> None:
    assert reason(lambda: sockets.listen(binding(local=address("192.0.2.1")))) == "exhausted"


def test_an_address_that_nobody_can_listen_on_is_unreachable() -> None:
    # A link-local address without its interface.
    assert reason(lambda: sockets.listen(binding(local=address("fe80::1")))) == "unreachable"


def test_the_client_is_accepted() -> None:
    with sockets.listen(binding()) as listener:
        where = listener.getsockname()
        with socket.create_connection(where, source_address=(CLIENT, 0)) as client:
            select.select([listener], [], [])
            sock, _ = sockets.accept(listener, binding())
            assert sock is not None
            with sock:
                assert sock.getpeername() == client.getsockname()
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_anyone_else_is_not_accepted_and_named() -> None:
    with sockets.listen(binding()) as listener:
        where = listener.getsockname()
        with socket.create_connection(where, source_address=("127.0.0.3", 0)) as thief:
            select.select([listener], [], [])

            assert sockets.accept(listener, binding()) == (None, "127.0.0.3")
            assert thief.recv(1) == b""


def test_nobody_is_nobody() -> None:
    with sockets.listen(binding()) as listener:
        assert sockets.accept(listener, binding()) == (None, "")


def test_a_connection_goes_to_the_client_from_the_server() -> None:
    with socket.create_server((CLIENT, 0)) as client:
        port = client.getsockname()[1]
        with sockets.connect(binding(), CLIENT, port) as sock, client.accept()[0] as got:
            assert got.getpeername()[0] == HERE
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_connection_that_the_client_resets_can_be_made_to_nobody_else() -> None:
    with socket.create_server((CLIENT, 0)) as client, socket.create_server((HERE, 0)) as third:
        port = client.getsockname()[1]
        with sockets.connect(binding(), CLIENT, port) as sock, client.accept()[0] as got:
            assert sockets.connected(sock)
            got.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            got.close()
            for _ in range(3):
                with pytest.raises(OSError, match="already connected"):
                    sock.sendto(b"x", socket.MSG_FASTOPEN, third.getsockname())


def test_a_connection_comes_from_the_port_that_is_set() -> None:
    (source,) = free_range(1)
    with socket.create_server((CLIENT, 0)) as client:
        held = binding(source_port=source)
        with sockets.connect(held, CLIENT, client.getsockname()[1]), client.accept()[0] as got:
            assert got.getpeername() == (HERE, source)


def test_ipv4_mapped_into_ipv6_is_the_same_client() -> None:
    with socket.create_server((CLIENT, 0)) as client:
        sockets.connect(binding(), f"::ffff:{CLIENT}", client.getsockname()[1]).close()


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("127.0.0.3", 5000, "foreign"),
        (HERE, 5000, "foreign"),
        ("::1", 5000, "foreign"),
        ("0.0.0.0", 5000, "foreign"),
        (CLIENT, 1023, "privileged"),
        (CLIENT, 0, "privileged"),
        (CLIENT, -1, "privileged"),
        (CLIENT, 65536, "privileged"),
        (CLIENT, 2**62, "privileged"),
        ("localhost", 5000, "unsupported"),
        ("127.2", 5000, "unsupported"),
        ("", 5000, "unsupported"),
        ("fe80::1%lo", 5000, "unsupported"),
        ("\u0661", 5000, "unsupported"),
        ("\udcff", 5000, "unsupported"),
    ],
)
def test_nothing_else_is_connected_to(host: str, port: int, why: str) -> None:
    assert reason(lambda: sockets.connect(binding(), host, port)) == why


@given(host=st.text(st.characters(exclude_characters="\0")), port=st.integers(-(2**63), 2**63 - 1))
def test_whatever_is_asked_for_nobody_else_is_connected_to(host: str, port: int) -> None:
    assert reason(lambda: sockets.connect(binding(), host, port)) in ("unsupported", "foreign")


def test_a_port_to_come_from_that_is_taken_is_not_blamed_on_the_client() -> None:
    """Nor one below 1024, without the right to it."""
    with socket.create_server((HERE, 0)) as taken:
        held = binding(source_port=taken.getsockname()[1])
        assert reason(lambda: sockets.connect(held, CLIENT, 5000)) == "exhausted"


def test_what_cannot_be_bound_is_exhausted() -> None:
    before = len(os.listdir("/proc/self/fd"))

    for local, remote in (("192.0.2.1", CLIENT), ("fe80::1", "fe80::2")):
        held = binding(local=address(local), remote=address(remote))
        assert reason(partial(sockets.connect, held, remote, 5000)) == "exhausted"
    assert len(os.listdir("/proc/self/fd")) == before


def test_anyone_is_accepted_where_that_is_set() -> None:
    open_to_all = binding(passive_any_peer=True)
    with sockets.listen(open_to_all) as listener:
        where = listener.getsockname()
        with socket.create_connection(where, source_address=("127.0.0.3", 0)):
            select.select([listener], [], [])
            sock, who = sockets.accept(listener, open_to_all)
        assert who == "127.0.0.3"
        assert sock is not None
        sock.close()


def test_anyone_is_connected_to_where_that_is_set() -> None:
    with socket.create_server(("127.0.0.3", 0)) as other:
        port = other.getsockname()[1]
        with sockets.connect(binding(active_any_peer=True), "127.0.0.3", port):
            other.accept()[0].close()
        for host, low in (("127.0.0.3", 22), ("::1", port)):
            with pytest.raises(NotOpened):
                sockets.connect(binding(active_any_peer=True), host, low)


def test_one_way_may_be_closed() -> None:
    with pytest.raises(NotOpened) as refused:
        sockets.listen(binding(no_passive=True))
    assert refused.value.reason == "forbidden"
    with pytest.raises(NotOpened) as refused:
        sockets.connect(binding(no_active=True), CLIENT, 5000)
    assert refused.value.reason == "forbidden"
