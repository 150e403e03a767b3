# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login asks of the spawner, inside the helper: root talking to root."""

from __future__ import annotations

from ftpsd.wire.message import Call, Done, Fd, Int, Interface, Name, Path, Text, Texts


class Spawn(Call[Done]):
    """Start a worker. A byte is written to `ready` when it is the user, and nothing if it failed.

    `settings` are those of the user that a worker holds to, as `ftpsd.options` writes them. The
    writing end of `ready` stays open for as long as the worker lives. `owner` leads to who gives
    its uploads away, if anybody does.
    """

    user: Name
    group: Name
    uid: Int
    gid: Int
    groups: Text
    root: Path
    settings: Texts
    files_fd: Fd
    ready_fd: Fd
    owner_fd: Fd | None


SPAWNER = Interface("org.ftpsd.Spawner", "The helper's spawner: starts workers.", (Spawn,), ())
