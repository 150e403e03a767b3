# SPDX-License-Identifier: GPL-3.0-or-later
"""One session against another, and against what all of them share. They run as the same uid."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hostile import inside, wires
from hostile.conftest import ACCOUNTS
from hostile.ground import Ground, Probe
from machine import eventually


def _pid(ground: Ground, probe: Probe) -> int:
    return ground.main_pid(ground.unit(probe))


def test_another_session_is_not_even_seen(probe: Probe, sibling: Probe) -> None:
    assert sibling.ask(inside.alive)
    assert probe.ask(inside.processes) == []


@pytest.mark.parametrize(
    "how", ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"]
)
def test_no_signal_reaches_another_session(
    ground: Ground, probe: Probe, sibling: Probe, how: str
) -> None:
    stopped = probe.stopped(inside.signal_sibling, how, _pid(ground, sibling))

    assert stopped in ("EPERM", "ESRCH")


def test_no_signal_reaches_another_session_by_a_descriptor_it_owns(
    ground: Ground, probe: Probe, sibling: Probe
) -> None:
    """F_SETOWN and F_SETSIG (fcntl(2)): the kernel sends the signal, and no kill(2) is called."""
    probe.stopped(inside.signal_by_owner, _pid(ground, sibling), int(signal.SIGKILL))

    assert sibling.ask(inside.alive)


def test_another_session_keeps_its_limits(ground: Ground, probe: Probe, sibling: Probe) -> None:
    pid = _pid(ground, sibling)
    limits = ("cat", f"/proc/{pid}/limits")
    # systemd sets them as the last thing before the program runs.
    eventually(lambda: " 4096 " in ground.machine.run(*limits).stdout)
    before = ground.machine.run(*limits).stdout
    stopped = probe.stopped(inside.limit_sibling, pid)

    assert stopped in ("EPERM", "ESRCH")
    assert ground.machine.run("cat", f"/proc/{pid}/limits").stdout == before


@pytest.mark.parametrize(
    "how",
    ["process_vm_readv", "pidfd_getfd", "ptrace", "kcmp", "environ", "maps", "mem", "cmdline"],
)
def test_another_session_cannot_be_read(
    ground: Ground, probe: Probe, sibling: Probe, how: str
) -> None:
    stopped = probe.stopped(inside.read_sibling, how, _pid(ground, sibling))

    assert stopped in ("EPERM", "EACCES", "ESRCH", "ENOENT")


def test_no_unit_lets_a_session_at_the_keys_of_its_uid(ground: Ground) -> None:
    """A key may be read by every process of its uid, and all sessions are one. systemd-nspawn
    forbids these calls itself, so that trying would prove nothing here.
    """
    unit = "ftpsd@hostile.service"
    allowed = ground.machine.run("systemctl", "show", "-P", "SystemCallFilter", unit).stdout.split()

    assert {"add_key", "keyctl", "request_key"} & set(allowed) == set()


def test_descriptors_in_flight_keep_nobody_from_logging_in(probe: Probe, sibling: Probe) -> None:
    """One session may not use up what the kernel allows all sessions together, being one uid."""
    probe.stopped(wires.hold_in_flight, 100)

    assert sibling.stopped(wires.login, "bob", ACCOUNTS["bob"]) == "through"


@pytest.mark.parametrize("option", [socket.SO_PASSCRED, 76], ids=["SO_PASSCRED", "SO_PASSPIDFD"])
def test_a_session_sends_itself_no_descriptors(probe: Probe, sibling: Probe, option: int) -> None:
    """That would be enough of them, with a socket that a name of its own is made for."""
    probe.stopped(wires.hold_in_flight_to_itself, 20, option)

    assert sibling.stopped(wires.login, "bob", ACCOUNTS["bob"]) == "through"


def test_a_session_leaves_no_descriptors_where_the_helper_waits(
    probe: Probe, sibling: Probe
) -> None:
    probe.stopped(wires.hold_in_flight_to_helper, 20)
    time.sleep(0.2)

    assert sibling.stopped(wires.login, "bob", ACCOUNTS["bob"]) == "through"


@contextmanager
def lingering(ground: Ground, probe: Probe, to: str) -> Iterator[None]:
    """Log in, get a data socket whose client never reads, and give it to somebody to close."""
    assert probe.ask(wires.login, "anna", ACCOUNTS["anna"]) == "granted"
    with ground.connect(probe.ask(wires.listen)):
        probe.stopped(wires.hand_over_lingering, to, probe.ask(wires.data), 5)
        yield


def test_a_descriptor_slow_to_close_does_not_hold_up_the_broker(
    ground: Ground, probe: Probe, sibling: Probe
) -> None:
    """SO_LINGER (socket(7)) makes whoever closes a socket last wait for the peer."""
    sibling.ask(wires.login, "bob", ACCOUNTS["bob"])
    with lingering(ground, probe, "ports"):
        begun = time.monotonic()
        sibling.ask(wires.listen)
        waited = time.monotonic() - begun

    assert waited < 2


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/run/systemd/notify", "systemctl show ftpsd.socket"),
        ("/run/systemd/journal/socket", "journalctl --sync"),
    ],
)
def test_a_descriptor_slow_to_close_does_not_hold_up_systemd(
    ground: Ground, probe: Probe, path: str, command: str
) -> None:
    with lingering(ground, probe, path):
        begun = time.monotonic()
        ground.machine.run(*command.split())
        waited = time.monotonic() - begun

    assert waited < 2
