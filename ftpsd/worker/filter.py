# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes from this process what a worker never does: make processes, connect, send signals.

The wall against what Landlock lets through, should the worker itself be taken over. A Unix socket
of the host may lead to what runs programs for the user, his own service manager above all: outside
of every sandbox, with a network. Processes would fill the unit that the helper is in, which could
make none then. And other programs may run as the same user, where signals reach them.
"""

from __future__ import annotations

import os
import struct
import sys
from typing import Final

from ftpsd.syscall import address, prctl

_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _AND, _EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1
"""SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EPERM."""
_EVERY_BIT: Final = 0xFFFFFFFF

NEVER: Final = (
    *("fork", "vfork", "clone", "clone3", "execve", "execveat"),
    *("connect", "bind", "socketpair"),
    *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"),
    # Of the helper's session keyring every child of it has a share.
    *("add_key", "request_key", "keyctl"),
)
ONLY: Final = {
    # SOCK_DGRAM: the journal is written to by one. What others offer takes a connection.
    "socket": (1, 0xF, 2),
    # Its own limits, not those of another process of the same user.
    "prlimit64": (0, _EVERY_BIT, 0),
}
"""Allowed when these bits of this argument are this."""
ONE_OF: Final = {
    # F_SETOWN, F_SETSIG, F_SETOWN_EX: a signal of choice to a process of choice, SIGKILL too.
    "fcntl": (1, (8, 10, 15)),
    # FIOASYNC, FIOSETOWN, SIOCSPGRP: the same by another way.
    "ioctl": (1, (0x5452, 0x8901, 0x8902)),
}
"""Refused when this argument is one of these."""

_NAMES: Final = (*NEVER, *ONLY, *ONE_OF)
_X86_64: Final = (57, 58, 56, 435, 59, 322, 42, 49, 53, 62, 200, 234, 129, 297, 424, 248, 249, 250,
                  41, 302, 72, 16)  # fmt: skip
_GENERIC: Final = (None, None, 220, 435, 221, 281, 203, 200, 199, 129, 130, 131, 138, 240, 424, 217,
                   218, 219, 198, 261, 25, 29)  # fmt: skip
NUMBERS: Final[dict[str, tuple[int, dict[str, int | None]]]] = {
    "x86_64": (0xC000003E, dict(zip(_NAMES, _X86_64, strict=True))),
    "aarch64": (0xC00000B7, dict(zip(_NAMES, _GENERIC, strict=True))),
    "riscv64": (0xC00000F3, dict(zip(_NAMES, _GENERIC, strict=True))),
}
"""For each machine its AUDIT_ARCH and the numbers of the calls; `None` where it has not got one."""


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _rule(name: str) -> list[bytes]:
    """Give what decides on one call, beginning behind its number and ending with an answer."""
    end = [_step(_RETURN, _ALLOW), _step(_RETURN, _REFUSE)]
    if name in ONLY:
        index, bits, value = ONLY[name]
        load = _step(_LOAD, _ARGUMENTS + 8 * index)
        return [load, _step(_AND, bits), _step(_EQUAL, value, 0, 1), *end]
    if name in ONE_OF:
        index, values = ONE_OF[name]
        tests = [_step(_EQUAL, one, len(values) - at) for at, one in enumerate(values)]
        return [_step(_LOAD, _ARGUMENTS + 8 * index), *tests, *end]
    return end[1:]


def program(machine: str) -> bytes:
    """Give the filter for a machine as uname(2) names it. Raise `KeyError` for an unknown one."""
    architecture, numbers = NUMBERS[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, 1),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, _NUMBER),
    ]
    for name, number in numbers.items():
        if number is not None:
            rule = _rule(name)
            steps += [_step(_EQUAL, number, 0, len(rule)), *rule]
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def install() -> None:
    """Put the filter on this process for good; needs no_new_privs. Raise `OSError`.

    On a machine of another kind sessions refuse to serve, where there is a sandbox at all.
    """
    machine = os.uname().machine
    if machine in NUMBERS and sys.maxsize > 2**32:
        steps = program(machine)
        prctl(_SET_SECCOMP, _MODE_FILTER, struct.pack("HxxxxxxQ", len(steps) // 8, address(steps)))
