# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the next data connection comes from: asked of the port broker, never made here."""

from __future__ import annotations

import socket
import time

from ftpsd.wire.channel import Closed, close_all
from ftpsd.wire.ports import Connect, Listen, NotOpened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ftpsd.wire.channel import Peer
    from ftpsd.wire.ports import Opened


class NoData(Exception):
    """There is no data connection; the text tells the client why."""


TEXTS = {
    "cancelled": "Another data connection was asked for.",
    "exhausted": "No data port is free.",
    "foreign": "Data connections lead only to your own address.",
    "privileged": "Data connections lead only to ports from 1024.",
    "timeout": "No data connection was made in time.",
    "unreachable": "Your data port does not answer.",
    "unsupported": "This address cannot be used.",
}


class DataPort:
    """What PASV or PORT has prepared."""

    def __init__(self, ports: Peer) -> None:
        """Ask `ports`."""
        self.ports = ports
        self.extended_only = False
        self._listening = False
        self._connect: Connect | None = None

    def close(self) -> None:
        """Give up what is prepared."""
        self.ports.close()

    def listen(self) -> tuple[str, int]:
        """Wait for a connection from now on; give where. Raise `NoData`."""
        self._connect = None
        opened = self._ask(Listen())
        self._listening = True
        return str(opened.host), int(opened.port or 0)

    def connect(self, host: str, port: int) -> None:
        """Remember where the client waits (PORT); the connection is made when it is needed."""
        self._connect = Connect(host=host, port=port)

    @property
    def prepared(self) -> bool:
        """Say whether PASV or PORT has come since the last transfer."""
        return self._listening or self._connect is not None

    def _ask(self, call: Listen) -> Opened:
        try:
            self.ports.send(call)
            self._drop_last()
            return self.ports.answer(Listen)
        except NotOpened as refusal:
            raise NoData(TEXTS[refusal.reason]) from None

    def _drop_last(self) -> None:
        """Take the last answer to what was given up: a connection after all, or that it is off."""
        if self._listening:
            self._listening = False
            try:
                close_all(self.ports.answer(Listen).descriptors())
            except NotOpened:
                pass

    def open(self, wait: Callable[[int, float], bool], seconds: float) -> socket.socket:
        """Give the data connection, not blocking. Raise `NoData`, also when `wait` says to stop.

        `wait` waits until a descriptor is readable or a moment has come, minding the client
        meanwhile.
        """
        connect, self._connect = self._connect, None
        if connect is not None:
            self.ports.send(connect)
            self._drop_last()
        self._listening = connect is None
        if not wait(self.ports.channel.fileno(), time.monotonic() + seconds):
            raise NoData("No data connection was made in time.")
        self._listening = False
        try:
            reply = self.ports.answer(Listen) if connect is None else self.ports.answer(Connect)
        except NotOpened as refusal:
            raise NoData(TEXTS[refusal.reason]) from None
        if reply.data_fd is None:
            raise Closed("no descriptor")
        sock = socket.socket(fileno=reply.data_fd)
        sock.setblocking(False)
        return sock
