# SPDX-License-Identifier: GPL-3.0-or-later
"""Forks workers from a process that has never seen a secret, nor a user.

The spawner itself reads no request: each is read by the child that it is for, which waits for it
already. So nothing of one login is in the memory that the next one is forked from.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import traceback
from typing import TYPE_CHECKING, Any

from ftpsd import events
from ftpsd.helper.account import COPIED, Account
from ftpsd.helper.become import become
from ftpsd.wire.channel import Channel, Closed, close_all, receive_call
from ftpsd.wire.message import Malformed
from ftpsd.wire.spawn import SPAWNER, Spawn

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[[Channel], None]
    Prepare = Callable[[Spawn], Serve]
    """Jails this process in the user's root and gives what serves it. Raises `OSError`."""


def spawn(requests: socket.socket, prepare: Prepare, log: events.Log) -> None:
    """Keep a worker ready for the next message on `requests`, until the helper is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    poll = select.poll()
    poll.register(requests, 0)
    while not poll.poll(0):
        taken, taking = os.pipe()
        try:
            child = os.fork() == 0
        except OSError as error:
            close_all([taken, taking])
            # Before somebody asks it does not matter. What is asked then is not read but dropped,
            # and with it the descriptors by which the login hears of it.
            if select.select([requests], [], [], 0)[0]:
                log(events.NO_PROCESS, process="ftpsd-spawner", reason=error.strerror)
                requests.recv(1)
            select.select([requests], [], [])
            continue
        if child:
            os.close(taken)
            _child(requests, taking, prepare, log)
        os.close(taking)
        # Until this child has read its request, no other may wait for one.
        os.read(taken, 1)
        os.close(taken)


def _child(requests: socket.socket, taking: int, prepare: Prepare, log: events.Log) -> None:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        request, _ = receive_call(Channel(requests), SPAWNER.calls)
        assert isinstance(request, Spawn)
        os.close(taking)
        requests.close()
        _work(request, prepare, log)
        status = 0
    except (Closed, BrokenPipeError):
        pass  # whoever asks is gone
    except Exception:  # noqa: BLE001 - the end of a process
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _work(request: Spawn, prepare: Prepare, log: events.Log) -> None:
    copied: dict[str, Any] = {name: getattr(request, name) for name in COPIED}
    groups = tuple(map(int, request.groups.split()))
    become(Account(**copied, groups=groups, home=request.root, anonymous=False))
    try:
        serve = prepare(request)
    except OSError as error:
        os.write(request.ready_fd, (error.strerror or "failed").encode())
        return
    os.write(request.ready_fd, b"\0")
    channel = Channel(socket.socket(fileno=request.files_fd))
    # For the journal: which process it was that broke the contract.
    channel.sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    try:
        serve(channel)
    except Malformed as reason:
        pid = channel.sender_pid or "unknown"
        log(events.CONTRACT_BROKEN, pid=pid, reason=reason, user=request.user)
