# SPDX-License-Identifier: GPL-3.0-or-later
"""What the helper tells the port broker of a session by default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftpsd.wire.binding import BINDING, Attach
from ftpsd.wire.channel import Closed, Peer

PLAIN: dict[str, Any] = {
    **dict.fromkeys(("first_port", "last_port", "source_port"), 0),
    "seconds": 30,
    "ways": ["passive", "active"],
}


def attach_again(peer: Peer, control_fd: int, turn: Callable[[], None]) -> None:
    """Pass a descriptor where none may come: the kernel may refuse that already (SO_PASSRIGHTS)."""
    try:
        Peer(peer.channel, BINDING).send(Attach(control_fd=control_fd, **PLAIN))
    except Closed:
        peer.channel.send(b"{}\0", [])
    turn()
