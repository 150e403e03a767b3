# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of its own, whose sessions are hostile: every test here attacks what it serves."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hostile.ground import LIB, Ground, Probe
from hostile.probe import PORT, TURNED_PORT
from machine import SUITES, CommandFailed, Machine

ACCOUNTS = {"anna": "Annas Passwort 1", "bob": "bob's password 2"}
_DROP_IN = f"""[Service]
ExecStart=
ExecStart=/usr/bin/python3 -I -S -B {LIB}/hostile/probe.py
"""


def _prepare(machine: Machine) -> None:
    machine.run("/src/install.sh", "--prefix=/usr")
    machine.run("cp", "-r", "/src/tests/system/hostile", LIB)
    machine.run("mkdir", "-p", "/srv/ftp")
    machine.write("/run/systemd/system/ftpsd@.service.d/hostile.conf", _DROP_IN)
    # In /run, ListenStream= beside the unit's own: the FTP port stays, for real sessions.
    ports = f"[Socket]\nListenStream={PORT}\nListenStream={TURNED_PORT}\n"
    machine.write("/run/systemd/system/ftpsd.socket.d/hostile.conf", ports)
    # what a session says in the clear can be read here; those of TLS take this away
    machine.write("/etc/ftpsd/ftpsd.conf.d/00-clear.conf", "[TLS]\nRequireTLS=no\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "ftpsd.socket")


@pytest.fixture(scope="session", params=SUITES)
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    """Give the machine that all hostile tests share, with two users and several addresses."""
    if os.geteuid() != 0:
        pytest.fail("system tests boot machines, which needs root", pytrace=False)
    with Machine(request.param) as machine:
        for number in range(1, 10):
            machine.run("ip", "address", "add", f"192.0.2.{number}/32", "dev", "lo")
        for name, password in ACCOUNTS.items():
            machine.add_user(name, password)
        try:
            _prepare(machine)
        except CommandFailed as failed:
            journal = machine.run("journalctl", "--lines=80", check=False).stdout
            pytest.fail(f"in {machine.suite}: {failed}\n{journal}", pytrace=False)
        yield Ground(machine)


@pytest.fixture
def probe(ground: Ground) -> Iterator[Probe]:
    """Give a hostile session of this test's own."""
    with ground.probe() as probe:
        yield probe


@pytest.fixture
def sibling(ground: Ground) -> Iterator[Probe]:
    """Give another session: the one that is attacked."""
    with ground.probe() as probe:
        yield probe
