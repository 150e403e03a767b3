# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes from this process what a worker never does: make processes, connect, send signals.

The wall against what Landlock lets through, should the worker itself be taken over. A Unix socket
of the host may lead to what runs programs for the user, his own service manager above all: outside
of every sandbox, with a network. Processes would fill the unit that the helper is in, which could
make none then. And other programs may run as the same user, where signals reach them.
"""

from __future__ import annotations

import os
import sys
from typing import Final

from ftpsd import seccomp
from ftpsd.seccomp import never, only, unless

RULES: Final = {
    **dict.fromkeys(("fork", "vfork", "clone", "clone3", "execve", "execveat"), never()),
    **dict.fromkeys(("connect", "bind", "socketpair"), never()),
    # SOCK_DGRAM: the journal is written to by one. What others offer takes a connection.
    "socket": only(1, 2, 0xF),
    **dict.fromkeys(("kill", "tkill", "tgkill", "pidfd_send_signal"), never()),
    **dict.fromkeys(("rt_sigqueueinfo", "rt_tgsigqueueinfo"), never()),
    # F_SETOWN, F_SETSIG, F_SETOWN_EX: a signal of choice to a process of choice, SIGKILL too.
    "fcntl": unless((1, (8, 10, 15))),
    # FIOASYNC, FIOSETOWN, SIOCSPGRP: the same by another way.
    "ioctl": unless((1, (0x5452, 0x8901, 0x8902))),
    # Of the helper's session keyring every child of it has a share.
    **dict.fromkeys(("add_key", "request_key", "keyctl"), never()),
    # Its own limits, not those of another process of the same user.
    "prlimit64": only(0, 0),
}


def install() -> None:
    """Put the filter on this process for good; needs no_new_privs. Raise `OSError`.

    On a machine of another kind sessions refuse to serve, where there is a sandbox at all.
    """
    if os.uname().machine in seccomp.MACHINES and sys.maxsize > 2**32:
        seccomp.install(RULES)
