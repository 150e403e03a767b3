# SPDX-License-Identifier: GPL-3.0-or-later
"""What SystemCallFilter= cannot say, for it sees no arguments: a filter of the session's own.

All sessions share one uid (systemd has one for all instances of a unit), so whatever a process may
do to another of its uid, a session that was taken over could do to its neighbours.
"""

from __future__ import annotations

import posix
import struct

from ftpsd.syscall import address, prctl

_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1
"""SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EPERM."""

_WRITING = posix.O_WRONLY | posix.O_RDWR | posix.O_CREAT | posix.O_TRUNC

ALWAYS = ("creat", "openat2", "truncate", "utime", "utimes", "futimesat", "utimensat")
"""Change a file by its name. A session does so only by a descriptor that its worker gave it."""

ONE_OF = {
    # F_SETOWN, F_SETSIG, F_SETOWN_EX: a signal of choice to a process of choice, SIGKILL too.
    # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW: a lock that others wait for, on a file that is
    # there to be read.
    "fcntl": ((1, (6, 7, 8, 10, 15, 37, 38)),),
    # FIOASYNC, FIOSETOWN, SIOCSPGRP: the same by another way.
    "ioctl": ((1, (0x5452, 0x8901, 0x8902)),),
    # SO_LINGER: whoever closes such a socket last waits, be it systemd or journald. SO_PASSCRED,
    # SO_PASSPIDFD: who sends from such a socket without a name is given one (unix(7), "autobind"),
    # and can then send itself descriptors. They are counted for the uid until they are received,
    # and beyond LimitNOFILE= no session could pass its client to the helper any more.
    # IPPROTO_IP, IPPROTO_IPV6: a route of choice (IPV6_RTHDR) leads what is sent to any host first.
    "setsockopt": ((1, (0, 41)), (2, (13, 16, 76))),
}
"""Refused when an argument, by its index, is one of these."""

_FAST_OPEN = 0x20000000

BITS = {
    # A file that everyone may write could otherwise be opened anew for writing, by /proc/self/fd,
    # where the worker has handed it over for reading.
    "open": (1, _WRITING),
    "openat": (2, _WRITING),
    # MSG_FASTOPEN: a socket is connected, which SystemCallFilter= refuses by its name.
    "sendto": (3, _FAST_OPEN),
    "sendmsg": (2, _FAST_OPEN),
    "sendmmsg": (3, _FAST_OPEN),
}
"""Refused when this argument has one of these bits."""

OPENING = ("open", "openat")
"""Open a file by its name: all of them, once nothing is left that a session needs."""

NOT_ZERO = {"prlimit64": 0}
"""Refused when this argument is not 0: the process whose limits are set, if it is another."""

_X86_64 = {
    "open": 2,
    "ioctl": 16,
    "sendto": 44,
    "sendmsg": 46,
    "setsockopt": 54,
    "fcntl": 72,
    "truncate": 76,
    "creat": 85,
    "utime": 132,
    "utimes": 235,
    "openat": 257,
    "futimesat": 261,
    "utimensat": 280,
    "prlimit64": 302,
    "sendmmsg": 307,
    "openat2": 437,
}
_GENERIC = {
    "fcntl": 25,
    "ioctl": 29,
    "truncate": 45,
    "openat": 56,
    "utimensat": 88,
    "sendto": 206,
    "setsockopt": 208,
    "sendmsg": 211,
    "prlimit64": 261,
    "sendmmsg": 269,
    "openat2": 437,
}
NUMBERS = {
    "x86_64": (0xC000003E, _X86_64),
    "aarch64": (0xC00000B7, _GENERIC),
    "riscv64": (0xC00000F3, _GENERIC),
}
"""For each machine its AUDIT_ARCH and the numbers of the calls that it has."""


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _argument(index: int) -> bytes:
    # The lower half, on machines that put it first; the kernel looks no further for these either.
    return _step(_LOAD, _ARGUMENTS + 8 * index)


def _rule(name: str) -> list[bytes]:
    """Give what decides on one call, beginning behind its number and ending with an answer."""
    end = [_step(_RETURN, _ALLOW), _step(_RETURN, _REFUSE)]
    if name in ONE_OF:
        left = sum(1 + len(values) for _, values in ONE_OF[name])
        steps: list[bytes] = []
        for index, values in ONE_OF[name]:
            steps.append(_argument(index))
            for one in values:
                steps.append(_step(_EQUAL, one, left - len(steps)))
        return [*steps, *end]
    if name in BITS:
        index, bits = BITS[name]
        return [_argument(index), _step(_ANY_BIT, bits, 1), *end]
    if name in NOT_ZERO:
        return [_argument(NOT_ZERO[name]), _step(_EQUAL, 0, 0, 1), *end]
    return [_step(_RETURN, _REFUSE)]


def _program(machine: str, rules: dict[str, list[bytes]]) -> bytes:
    architecture, numbers = NUMBERS[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, 1),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, _NUMBER),
    ]
    for name, rule in rules.items():
        if name in numbers:
            steps += [_step(_EQUAL, numbers[name], 0, len(rule)), *rule]
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def program(machine: str) -> bytes:
    """Give the filter for a machine as uname(2) names it. Raise `KeyError` for an unknown one."""
    names = (*ALWAYS, *ONE_OF, *BITS, *NOT_ZERO)
    return _program(machine, {name: _rule(name) for name in names})


def _install(steps: bytes) -> None:
    prctl(_SET_SECCOMP, _MODE_FILTER, struct.pack("HxxxxxxQ", len(steps) // 8, address(steps)))


def install() -> None:
    """Put the filter on this process for good. Raise `OSError`, or `KeyError` as `program` does."""
    _install(program(posix.uname().machine))


def forbid_opening() -> None:
    """Let this process open no file any more. Raises as `install` does."""
    refuse = [_step(_RETURN, _REFUSE)]
    _install(_program(posix.uname().machine, dict.fromkeys(OPENING, refuse)))
