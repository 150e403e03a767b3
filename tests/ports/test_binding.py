# SPDX-License-Identifier: GPL-3.0-or-later
"""A binding is read from the kernel once, and is the same after a restart."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.ports.binding import _FLAGS, STORED, Binding, attached, restored
from ftpsd.wire.binding import Attach
from ftpsd.wire.control import Address
from ftpsd.wire.message import Malformed

ADDRESSES = st.builds(
    Address,
    st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16),
    st.integers(0, 2**32 - 1),
)
BINDINGS = st.builds(
    Binding,
    local=ADDRESSES,
    remote=ADDRESSES,
    first_port=st.integers(0, 65535),
    last_port=st.integers(0, 65535),
    source_port=st.integers(0, 65535),
    no_passive=st.booleans(),
    no_active=st.booleans(),
    passive_any_peer=st.booleans(),
    active_any_peer=st.booleans(),
    seconds=st.integers(1, 86400),
)


@pytest.fixture
def control() -> Iterator[socket.socket]:
    """Give the server's end of a control connection."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname(), source_address=("127.0.0.2", 0)),
        listener.accept()[0] as sock,
    ):
        yield sock


def attach(fd: int, first: int = 0, last: int = 0, source: int = 0, seconds: int = 1) -> Attach:
    return Attach(
        control_fd=fd,
        first_port=first,
        last_port=last,
        source_port=source,
        seconds=seconds,
        ways=["passive", "active"],
    )


def plain(binding: Binding) -> list[object]:
    ends = (binding.local, binding.remote)
    ports = [binding.first_port, binding.last_port, binding.source_port, binding.seconds]
    flags = [getattr(binding, flag) for flag in _FLAGS]
    return [*((end.packed, end.scope, end.text) for end in ends), *ports, *flags]


@given(BINDINGS)
def test_a_binding_survives_a_restart(binding: Binding) -> None:
    assert plain(restored(binding.name)) == plain(binding)


@given(BINDINGS)
def test_its_name_is_one_that_systemd_keeps(binding: Binding) -> None:
    """Up to 255 printable ASCII characters without a colon (sd_notify(3))."""
    name = binding.name

    assert name.startswith(STORED)
    assert name.isascii()
    assert name.isprintable()
    assert ":" not in name
    assert len(name) <= 255


def test_its_ends_are_those_of_the_control_connection(control: socket.socket) -> None:
    binding = attached(attach(control.fileno(), 50000, 50009, 20, 30))

    assert (binding.local.text, binding.remote.text) == ("127.0.0.1", "127.0.0.2")
    assert plain(binding)[2:] == [50000, 50009, 20, 30, False, False, False, False]


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": -1},
        {"first": 5, "last": 4},
        {"first": 5, "last": 65536},
        {"source": 65536},
        {"source": -1},
        {"seconds": 0},
        {"seconds": 86401},
    ],
)
def test_numbers_that_cannot_be_are_malformed(
    control: socket.socket, wrong: dict[str, int]
) -> None:
    with pytest.raises(Malformed):
        attached(attach(control.fileno(), **wrong))


def test_a_channel_that_was_bound_by_an_older_broker_is_restored(control: socket.socket) -> None:
    found = attached(attach(control.fileno(), seconds=7))

    assert plain(restored(found.name[:-2])) == plain(found)
