# SPDX-License-Identifier: GPL-3.0-or-later
"""What root asks first of those that `ftpsd.wire.ports` and `ftpsd.wire.owner` are spoken to."""

from __future__ import annotations

from ftpsd.wire.message import Call, Done, Fd, Int, Interface, Texts


class Attach(Call[Done]):
    """Bind this channel to one control connection, and the addresses at its ends.

    Passive ports are drawn from `first_port` to `last_port`, 0 for any; active connections come
    from `source_port`, 0 for any. `ways` are "passive" and "active", as far as either is allowed,
    and "passive_any_peer" and "active_any_peer" where someone else than the client may be there.
    """

    control_fd: Fd
    first_port: Int
    last_port: Int
    source_port: Int
    seconds: Int
    ways: Texts


class SetOwner(Call[Done]):
    """Bind this channel to files of the user `uid`, which may be given to the user `owner`."""

    uid: Int
    owner: Int


BINDING = Interface("org.ftpsd.Binding", "What root binds a channel to.", (Attach, SetOwner), ())
