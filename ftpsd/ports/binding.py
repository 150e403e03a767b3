# SPDX-License-Identifier: GPL-3.0-or-later
"""What a channel is bound to: one client, one local address, one range of ports."""

from __future__ import annotations

import dataclasses
import struct
from typing import TYPE_CHECKING, Final

from ftpsd.wire.control import Address, Control, NotConnected
from ftpsd.wire.message import Malformed
from ftpsd.wire.ports import NotOpened

if TYPE_CHECKING:
    from ftpsd.wire.binding import Attach

_NUMBERS: Final = struct.Struct("!IIHHHIB")
_FLAGS: Final = ("no_passive", "no_active", "passive_any_peer", "active_any_peer")
STORED: Final = "bound-"
"""How the names begin under which systemd keeps channels over a restart."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Set by the helper, once; nothing a session sends changes it."""

    local: Address
    remote: Address
    first_port: int
    last_port: int
    source_port: int
    seconds: int
    no_passive: bool = False
    no_active: bool = False
    passive_any_peer: bool = False
    active_any_peer: bool = False

    @property
    def name(self) -> str:
        """Give it as text for systemd to keep beside the channel (FDNAME=, sd_notify(3))."""
        numbers = _NUMBERS.pack(
            self.local.scope,
            self.remote.scope,
            self.first_port,
            self.last_port,
            self.source_port,
            self.seconds,
            sum(getattr(self, flag) << bit for bit, flag in enumerate(_FLAGS)),
        )
        return f"{STORED}{self.local.packed.hex()}-{self.remote.packed.hex()}-{numbers.hex()}"


def attached(request: Attach) -> Binding:
    """Bind to the control connection that the helper passes.

    Raise `Malformed` if it is none, `NotOpened` if the client has left.
    """
    try:
        control = Control(request.control_fd)
    except NotConnected:
        raise NotOpened(reason="unreachable") from None
    ports = (request.first_port, request.last_port, request.source_port)
    if not all(0 <= port <= 65535 for port in ports) or request.first_port > request.last_port:
        raise Malformed("ports")
    if not 1 <= request.seconds <= 86400:
        raise Malformed("seconds")
    return Binding(
        local=control.local,
        remote=control.remote,
        first_port=request.first_port,
        last_port=request.last_port,
        source_port=request.source_port,
        seconds=request.seconds,
        no_passive="passive" not in request.ways,
        no_active="active" not in request.ways,
        passive_any_peer="passive_any_peer" in request.ways,
        active_any_peer="active_any_peer" in request.ways,
    )


def restored(name: str) -> Binding:
    """Read what `Binding.name` gave."""
    local, remote, numbers = name.removeprefix(STORED).split("-")
    # A channel that was bound before there were flags has none of them.
    packed = bytes.fromhex(numbers).ljust(_NUMBERS.size, b"\0")
    scope, remote_scope, first, last, source, seconds, flags = _NUMBERS.unpack(packed)
    return Binding(
        local=Address(bytes.fromhex(local), scope),
        remote=Address(bytes.fromhex(remote), remote_scope),
        first_port=first,
        last_port=last,
        source_port=source,
        seconds=seconds,
        **{flag: bool(flags >> bit & 1) for bit, flag in enumerate(_FLAGS)},
    )
