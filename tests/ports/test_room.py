# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session passes to the broker is not received, also where the kernel lets it be sent."""

from __future__ import annotations

import socket

import pytest

from ftpsd.ports import serve
from ftpsd.ports.binding import Binding
from ftpsd.wire.channel import Channel
from ftpsd.wire.control import Address
from ftpsd.wire.message import Malformed


def test_a_descriptor_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Linux 6.16 (SO_PASSRIGHTS): received, it would have to be closed (FUSE)."""
    monkeypatch.setattr(serve, "_SO_PASSRIGHTS", -1)
    ours, theirs = socket.socketpair()
    # The credentials that the broker asks for fill what there is.
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    here = Address(bytes(4))
    binding = Binding(local=here, remote=here, first_port=0, last_port=0, source_port=0, seconds=1)
    client = serve.Client(theirs, binding)
    with ours, theirs:
        Channel(ours).send(b"{}\0", [0])
        with pytest.raises(Malformed, match="too many descriptors"):
            client.channel.receive(1.0)
    assert client.channel.take_fds() == []
