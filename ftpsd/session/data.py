# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the next data connection comes from: asked of the port broker, never made here."""

from __future__ import annotations

import _socket
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
    "cancelled": "The server has lost this data port: ask for another.",
    "exhausted": "No data port is free.",
    "forbidden": "This is not allowed here.",
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
        self._unanswered: type[Listen | Connect] | None = None
        self._family = -1
        self._connect: Connect | None = None
        self._kept: _socket.socket | None = None

    def close(self) -> None:
        """Give up what is prepared."""
        self._drop()
        self.ports.close()

    def listen(self) -> tuple[str, int]:
        """Wait for a connection from now on; give where. Raise `NoData`."""
        self._drop()
        self._connect = None
        self._send(Listen())
        try:
            opened = self._begun()
        except NotOpened as refusal:
            self._unanswered = None
            raise NoData(TEXTS[refusal.reason]) from None
        host = str(opened.host)
        self._family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
        return host, int(opened.port or 0)

    def connect(self, host: str, port: int) -> None:
        """Remember where the client waits (PORT); the connection is made when it is needed."""
        self._drop()
        self._connect = Connect(host=host, port=port)

    @property
    def prepared(self) -> bool:
        """Say whether PASV or PORT has come since the last transfer."""
        return self.active or self._unanswered is Listen or self._kept is not None

    @property
    def active(self) -> bool:
        """Say whether the next connection leads to the client."""
        return self._connect is not None

    def keep(self, sock: _socket.socket) -> None:
        """Hold a connection that is made already for the next transfer (ESTA, ESTP)."""
        self._kept = sock

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def open(self, wait: Callable[[int, float], bool], seconds: float) -> _socket.socket:
        """Give the data connection. Raise `NoData`, also when `wait` says to stop.

        `wait` waits until a descriptor is readable or a moment has come, minding the client
        meanwhile.
        """
        kept, self._kept = self._kept, None
        if kept is not None:
            return kept
        connect, self._connect = self._connect, None
        if connect is not None:
            self._send(connect)
        channel = self.ports.channel
        channel.look()
        # Two answers may have come at once; poll(2) knows nothing of what is read already.
        if not channel.pending and not wait(channel.fileno(), time.monotonic() + seconds):
            raise NoData(TEXTS["timeout"])
        try:
            data_fd = self._answer()
        except NotOpened as refusal:
            raise NoData(TEXTS[refusal.reason]) from None
        if data_fd is None:
            raise Closed("no descriptor")
        # With the family known Python need not ask the kernel for it.
        family = self._family if connect is None else -1
        return _socket.socket(family, _socket.SOCK_STREAM, 0, fileno=data_fd)

    def _send(self, call: Listen | Connect) -> None:
        """Ask; what was asked before is given up, and its answer taken out of the way.

        A broker that was started anew says "cancelled" to all, whether they wait or not, and each
        time again.
        """
        if self._outdated():
            self._unanswered = None
        last = self._unanswered
        self.ports.send(call)
        if last is not None:
            try:
                late = self._answer()
            except NotOpened:
                late = None
            if late is not None:
                close_all([late])
        self._unanswered = type(call)

    def _outdated(self) -> bool:
        """Drop whatever has come: nothing that is asked for now. Say whether there was any."""
        channel = self.ports.channel
        channel.look()
        found = channel.pending
        while channel.pending:
            channel.receive()
            close_all(channel.take_fds())
            channel.look()
        return found

    def _begun(self) -> Opened:
        try:
            return self.ports.answer(Listen)
        except NotOpened as refusal:
            if refusal.reason != "cancelled":
                raise
        # That was for whatever came before: the broker was started anew as it was asked.
        return self.ports.answer(Listen)

    def _answer(self) -> int | None:
        """Take the last answer to what was asked: the connection. Raise `NotOpened`."""
        asked, self._unanswered = self._unanswered, None
        if asked is Connect:
            return self.ports.answer(Connect).data_fd
        return self.ports.answer(Listen).data_fd
