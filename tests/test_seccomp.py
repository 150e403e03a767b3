# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of system calls decide alike on every machine, as the kernel reads them."""

from __future__ import annotations

import os
import struct

import pytest

from ftpsd import seccomp
from ftpsd.seccomp import MACHINES, program
from ftpsd.session import filter as session
from ftpsd.worker import filter as worker

ALLOWED, REFUSED = 0x7FFF0000, 0x00050001
CLOEXEC, NONBLOCK = 0x80000, 0x800


def decide(
    machine: str, rules: dict[str, list[bytes]], call: str | int, *arguments: int, own: bool = True
) -> bool:
    """Run a filter as the kernel does (seccomp_data, linux/seccomp.h); say whether it allows."""
    architecture, column = MACHINES[machine]
    number = seccomp._NUMBERS[call][column] if isinstance(call, str) else call
    assert number is not None
    filled = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=iIQ6Q", number, architecture if own else 1, 0, *filled)
    steps = list(struct.iter_unpack("=HBBI", program(machine, rules)))
    at = value = 0
    while True:
        code, if_true, if_false, constant = steps[at]
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, constant)
        elif code == 0x54:
            value &= constant
        elif code == 0x15:
            at += if_true if value == constant else if_false
        elif code == 0x45:
            at += if_true if value & constant else if_false
        else:
            assert (code, constant in (ALLOWED, REFUSED)) == (0x06, True)
            return bool(constant == ALLOWED)


@pytest.mark.parametrize("column", [0, 1])
def test_no_two_calls_have_the_same_number(column: int) -> None:
    numbers = [one[column] for one in seccomp._NUMBERS.values() if one[column] is not None]

    assert len(set(numbers)) == len(numbers)


def test_every_call_that_has_a_number_is_in_some_filter() -> None:
    assert {*session.RULES, *worker.RULES} == {*seccomp._NUMBERS}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("openat", (0, 0, os.O_WRONLY)),
        ("openat", (0, 0, os.O_RDONLY | os.O_CREAT)),
        ("openat2", ()),
        ("utimensat", ()),
        ("sendto", (3, 0, 0, 0x20000000)),
        ("sendto", (3, 0, 0, 1)),
        ("sendmsg", (3, 0, 0x20004000)),
        ("sendmmsg", (3, 0, 1, 0x20000000)),
        *(("fcntl", (3, command)) for command in (6, 7, 8, 10, 15, 37, 38)),
        *(("ioctl", (3, request)) for request in (0x5452, 0x8901, 0x8902)),
        *(("setsockopt", (3, level, 57)) for level in (0, 41)),
        *(("setsockopt", (3, 1, option)) for option in (13, 16, 76)),
        ("prlimit64", (1,)),
    ],
)
def test_a_session_may_not(machine: str, call: str, arguments: tuple[int, ...]) -> None:
    assert not decide(machine, session.RULES, call, *arguments)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("openat", (0, 0, os.O_RDONLY | os.O_CLOEXEC)),
        ("sendto", (3, 0, 0, 0x4000)),
        ("sendmsg", (3, 0, 0x4040)),
        *(("fcntl", (3, command)) for command in (1, 2, 3, 4, 1030)),
        ("ioctl", (3, 0x5421)),
        *(("setsockopt", (3, 6, option)) for option in (1, 3, 31)),
        *(("setsockopt", (3, 1, option)) for option in (9, 10, 20, 21)),
        ("setsockopt", (3, 282, 1)),
        ("prlimit64", (0,)),
    ],
)
def test_a_session_may(machine: str, call: str, arguments: tuple[int, ...]) -> None:
    assert decide(machine, session.RULES, call, *arguments)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_worker_may_do_what_it_does_and_no_more(machine: str) -> None:
    def may(call: str, *arguments: int) -> bool:
        return decide(machine, worker.RULES, call, *arguments)

    assert may("socket", 1, 2 | CLOEXEC | NONBLOCK)
    assert not may("socket", 1, 1 | CLOEXEC)
    assert not may("socket", 1, 5)
    assert not may("clone", 17)
    assert not may("connect", 3)
    assert may("fcntl", 0, 4)
    assert not may("fcntl", 0, 10)
    assert may("prlimit64", 0, 7)
    assert not may("prlimit64", 1, 7)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("rules", [session.RULES, worker.RULES], ids=["session", "worker"])
def test_other_calls_are_allowed_and_those_of_another_machine_are_not(
    machine: str, rules: dict[str, list[bytes]]
) -> None:
    assert decide(machine, rules, 9999)
    assert not decide(machine, rules, 9999, own=False)


def test_an_unknown_machine_has_no_filter() -> None:
    with pytest.raises(KeyError):
        program("vax", session.RULES)
