# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of system calls by their arguments, which SystemCallFilter= does not see (seccomp(2)).

A process puts its own on itself, for good, when it is somebody already who may do little. A rule is
a small program that decides on one call, from behind its number on, and ends with an answer.
"""

from __future__ import annotations

import posix
import struct

from ftpsd.syscall import address, prctl

_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _AND, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1
"""SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EPERM."""
_EVERY_BIT = 0xFFFFFFFF

_NUMBERS = {
    "open": (2, None),
    "ioctl": (16, 29),
    "socket": (41, 198),
    "connect": (42, 203),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "bind": (49, 200),
    "socketpair": (53, 199),
    "setsockopt": (54, 208),
    "clone": (56, 220),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "kill": (62, 129),
    "fcntl": (72, 25),
    "truncate": (76, 45),
    "creat": (85, None),
    "rt_sigqueueinfo": (129, 138),
    "utime": (132, None),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "utimes": (235, None),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "openat": (257, 56),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "rt_tgsigqueueinfo": (297, 240),
    "prlimit64": (302, 261),
    "sendmmsg": (307, 269),
    "execveat": (322, 281),
    "pidfd_send_signal": (424, 424),
    "clone3": (435, 435),
    "openat2": (437, 437),
}
"""The number of each call on x86-64 and on younger machines; `None` where it has not got one."""
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1), "riscv64": (0xC00000F3, 1)}
"""For each machine as uname(2) names it its AUDIT_ARCH, and which numbers it has."""


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _argument(index: int) -> bytes:
    # The lower half, on machines that put it first; the kernel looks no further for these either.
    return _step(_LOAD, _ARGUMENTS + 8 * index)


_END = [_step(_RETURN, _ALLOW), _step(_RETURN, _REFUSE)]


def never() -> list[bytes]:
    """Refuse a call."""
    return _END[1:]


def unless(*forbidden: tuple[int, tuple[int, ...]]) -> list[bytes]:
    """Refuse a call where an argument, by its index, is one of these."""
    left = sum(1 + len(values) for _, values in forbidden)
    steps: list[bytes] = []
    for index, values in forbidden:
        steps.append(_argument(index))
        for one in values:
            steps.append(_step(_EQUAL, one, left - len(steps)))
    return steps + _END


def without(index: int, bits: int) -> list[bytes]:
    """Refuse a call where an argument has one of these bits."""
    return [_argument(index), _step(_ANY_BIT, bits, 1), *_END]


def only(index: int, value: int, bits: int = _EVERY_BIT) -> list[bytes]:
    """Refuse a call unless these bits of an argument are this."""
    return [_argument(index), _step(_AND, bits), _step(_EQUAL, value, 0, 1), *_END]


def program(machine: str, rules: dict[str, list[bytes]]) -> bytes:
    """Give the filter of the calls that a machine has. Raise `KeyError` for an unknown machine."""
    architecture, column = MACHINES[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, 1),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, _NUMBER),
    ]
    for name, rule in rules.items():
        number = _NUMBERS[name][column]
        if number is not None:
            steps += [_step(_EQUAL, number, 0, len(rule)), *rule]
    return b"".join([*steps, _step(_RETURN, _ALLOW)])


def install(rules: dict[str, list[bytes]]) -> None:
    """Put a filter on this process; needs no_new_privs. Raise `OSError`, or as `program` does."""
    steps = program(posix.uname().machine, rules)
    prctl(_SET_SECCOMP, _MODE_FILTER, struct.pack("HxxxxxxQ", len(steps) // 8, address(steps)))
