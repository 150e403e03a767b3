# SPDX-License-Identifier: GPL-3.0-or-later
"""What SystemCallFilter= cannot say of a session, for it sees no arguments.

All sessions share one uid (systemd has one for all instances of a unit), so whatever a process may
do to another of its uid, a session that was taken over could do to its neighbours.
"""

from __future__ import annotations

import posix

from ftpsd import seccomp
from ftpsd.seccomp import never, only, unless, without

_WRITING = posix.O_WRONLY | posix.O_RDWR | posix.O_CREAT | posix.O_TRUNC
# MSG_FASTOPEN: a socket is connected, which SystemCallFilter= refuses by its name. MSG_OOB: what is
# passed so through a Unix socket is not received with the rest, nor closed with it by all kernels.
_SENDING = 0x20000000 | 1

RULES = {
    # They change a file by its name. A session does so by a descriptor that its worker gave it.
    **dict.fromkeys(
        ("creat", "openat2", "truncate", "utime", "utimes", "futimesat", "utimensat"), never()
    ),
    # A file that everyone may write could otherwise be opened anew for writing, by /proc/self/fd,
    # where the worker has handed it over for reading.
    "open": without(1, _WRITING),
    "openat": without(2, _WRITING),
    "sendto": without(3, _SENDING),
    "sendmsg": without(2, _SENDING),
    "sendmmsg": without(3, _SENDING),
    # F_SETOWN, F_SETSIG, F_SETOWN_EX: a signal of choice to a process of choice, SIGKILL too.
    # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW: a lock that others wait for, on a file that is
    # there to be read.
    "fcntl": unless((1, (6, 7, 8, 10, 15, 37, 38))),
    # FIOASYNC, FIOSETOWN, SIOCSPGRP: signals by another way.
    "ioctl": unless((1, (0x5452, 0x8901, 0x8902))),
    # IPPROTO_IP, IPPROTO_IPV6: a route of choice (IPV6_RTHDR) leads what is sent to any host first.
    # SO_LINGER: whoever closes such a socket last waits, be it systemd or journald. SO_PASSCRED,
    # SO_PASSPIDFD: who sends from such a socket without a name is given one (unix(7), "autobind"),
    # and can then send itself descriptors. They are counted for the uid until they are received,
    # and beyond LimitNOFILE= no session could pass its client to the helper any more.
    "setsockopt": unless((1, (0, 41)), (2, (13, 16, 76))),
    # Its own limits, not those of another session.
    "prlimit64": only(0, 0),
}


def install() -> None:
    """Put the filter on this process. Raise `OSError`, or `KeyError` on an unknown machine."""
    seccomp.install(RULES)


def forbid_opening() -> None:
    """Let this process open no file by its name any more. Raises as `install` does."""
    seccomp.install(dict.fromkeys(("open", "openat"), never()))
