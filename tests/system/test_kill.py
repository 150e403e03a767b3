# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that is killed costs at most the session concerned; a restart costs none."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from functools import partial

import pytest
from ftp_session import Session
from machine import Machine, eventually
from processes import OWN, SERVICES, SHARED, gone, kill, main_pid, new_logins_work, spawner
from tls_session import TlsSession

CONTENT = os.urandom(1 << 20) * 64
"""More than the buffers of a connection hold: a download of it waits for whoever reads it."""


@pytest.fixture
def sessions(machine: Machine) -> Iterator[tuple[Session, Session]]:
    """Give a session of anna and one of bob, with the same file in both homes."""
    with Session(machine, "anna") as anna, Session(machine, "bob") as bob:
        anna.store("large", CONTENT)
        bob.store("large", CONTENT)
        yield anna, bob
    machine.run("rm", "-f", "/home/anna/large", "/home/bob/large")
    assert machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout == ""


def started_anew(machine: Machine, service: str, before: str) -> bool:
    return main_pid(machine, service) not in ("0", before)


def test_a_service_is_started_again_however_often_it_is_ended(machine: Machine) -> None:
    """By default systemd gives up after five times in ten seconds, and fails the socket too."""
    machine.run("systemctl", "start", *SERVICES)
    for _ in range(8):
        for service in SERVICES:
            pid = main_pid(machine, service)
            machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", service)
            eventually(partial(started_anew, machine, service, pid))

    assert new_logins_work(machine)


def begin(session: Session) -> tuple[socket.socket, bytes]:
    """Begin to download the large file; give the connection and what it begins with."""
    data = session.transfercmd("RETR large")
    return data, data.recv(1000)


def rest(data: socket.socket) -> bytes:
    with data, data.makefile("rb") as file:
        return file.read()


@pytest.mark.parametrize("process", SHARED)
def test_idle_sessions_outlive_what_they_share(
    machine: Machine, sessions: tuple[Session, Session], process: str
) -> None:
    anna, bob = sessions
    kill(machine, process, anna)

    assert anna.works()
    assert bob.works()
    assert new_logins_work(machine)


def test_a_login_does_without_the_worker_that_waited_for_it(
    machine: Machine, sessions: tuple[Session, Session]
) -> None:
    anna, bob = sessions
    parent = spawner(machine)
    kill(machine, "next worker", anna)

    assert new_logins_work(machine)
    assert spawner(machine) == parent
    assert anna.works()
    assert bob.works()


@pytest.mark.parametrize("process", SHARED)
def test_transfers_outlive_what_sessions_share(
    machine: Machine, sessions: tuple[Session, Session], process: str
) -> None:
    anna, bob = sessions
    data, head = begin(anna)
    kill(machine, process, anna)

    assert bob.works()
    assert head + rest(data) == CONTENT
    anna.voidresp()
    assert anna.works()
    assert new_logins_work(machine)


@pytest.mark.parametrize("process", SHARED)
def test_uploads_outlive_what_sessions_share(
    machine: Machine, sessions: tuple[Session, Session], process: str
) -> None:
    anna, bob = sessions
    with anna.transfercmd("STOR up") as upload:
        upload.sendall(CONTENT[:1000])
        kill(machine, process, anna)
        upload.sendall(CONTENT[1000:])
    anna.voidresp()

    assert anna.fetch("up") == CONTENT
    anna.delete("up")
    assert bob.works()


@pytest.mark.parametrize("process", OWN)
def test_an_uploading_session_ends_alone(
    machine: Machine, sessions: tuple[Session, Session], process: str
) -> None:
    anna, bob = sessions
    unit = anna.unit
    with anna.transfercmd("STOR large") as upload:
        upload.sendall(CONTENT[:1000])
        kill(machine, process, anna)
    # the file was open already: without its worker a session may well finish it
    if process == "worker":
        anna.getmultiline()
        anna.putcmd("MLST")

    assert anna.ended()
    assert bob.works()
    assert new_logins_work(machine)
    assert gone(machine, unit)


@pytest.mark.parametrize("process", OWN)
def test_an_idle_session_ends_alone(
    machine: Machine, sessions: tuple[Session, Session], process: str
) -> None:
    anna, bob = sessions
    data, head = begin(bob)
    unit = anna.unit
    kill(machine, process, anna)
    if process == "worker":
        anna.putcmd("MLST")

    assert anna.ended()
    assert head + rest(data) == CONTENT
    bob.voidresp()
    assert bob.works()
    assert new_logins_work(machine)
    assert gone(machine, unit)


@pytest.mark.parametrize("process", OWN)
def test_a_transferring_session_ends_alone(
    machine: Machine, sessions: tuple[Session, Session], process: str
) -> None:
    anna, bob = sessions
    unit = anna.unit
    data, head = begin(anna)
    kill(machine, process, anna)

    assert bob.works()
    whole = head + rest(data) == CONTENT
    # the file itself was open already: a worker that is gone need not cost the transfer
    if whole:
        anna.voidresp()
        anna.putcmd("MLST")
    assert anna.ended()
    assert new_logins_work(machine)
    assert gone(machine, unit)


@pytest.mark.parametrize("process", SHARED)
def test_a_login_under_way_ends_alone(
    machine: Machine, sessions: tuple[Session, Session], process: str
) -> None:
    _, bob = sessions
    with Session(machine) as late:
        late.sendcmd("USER anna")
        late.putcmd(f"PASS {machine.passwords['anna']}")
        kill(machine, process, late)
        answer = late.getmultiline()

        assert answer.startswith(("230", "421"))
        assert late.works() if answer.startswith("230") else late.ended()
    assert bob.works()
    assert new_logins_work(machine)


def test_a_restart_disturbs_no_transfer(
    machine: Machine, sessions: tuple[Session, Session]
) -> None:
    anna, bob = sessions
    download, head = begin(anna)
    with bob.transfercmd("STOR up") as upload:
        upload.sendall(CONTENT[:1000])
        machine.run("systemctl", "restart", *SERVICES)
        upload.sendall(CONTENT[1000:])
    bob.voidresp()

    assert head + rest(download) == CONTENT
    anna.voidresp()
    assert bob.fetch("up") == CONTENT
    bob.delete("up")
    for session in sessions:
        assert session.works()
    assert anna.code("REIN") == "220"
    anna.login("anna", machine.passwords["anna"])
    assert anna.works()
    assert new_logins_work(machine)


@pytest.mark.parametrize("after", ["EPSV", "RETR large"])
def test_a_restart_costs_at_most_the_data_port_that_waits(
    machine: Machine, sessions: tuple[Session, Session], after: str
) -> None:
    anna, _ = sessions
    anna.sendcmd("EPSV")
    machine.run("systemctl", "restart", *SERVICES)

    answer = anna.reply(after)
    assert answer.startswith(("229 ", "425 The server has lost this data port: ask for another."))
    assert anna.works()


@pytest.mark.parametrize("before", ["NOOP", "EPSV"])
@pytest.mark.parametrize("passive", [True, False])
def test_restarts_cost_an_idle_session_nothing_however_often(
    machine: Machine, sessions: tuple[Session, Session], before: str, *, passive: bool
) -> None:
    anna, _ = sessions
    anna.sendcmd(before)
    for _ in range(4):
        machine.run("systemctl", "restart", *SERVICES)
        machine.run("systemctl", "reset-failed", *SERVICES)
    anna.set_pasv(passive)

    assert anna.works()


@pytest.mark.usefixtures("sessions")
def test_tls_begins_where_a_restart_comes_after_the_greeting(machine: Machine) -> None:
    with TlsSession(machine, begin=False) as late:
        machine.run("systemctl", "restart", *SERVICES)
        late.protect()
        late.login("anna", machine.passwords["anna"])
        assert late.works()


def test_sessions_outlive_their_socket(machine: Machine, sessions: tuple[Session, Session]) -> None:
    anna, _ = sessions
    data, head = begin(anna)
    machine.run("systemctl", "restart", "ftpsd.socket")

    assert head + rest(data) == CONTENT
    anna.voidresp()
    for session in sessions:
        assert session.works()
    assert new_logins_work(machine)


def test_sessions_are_stopped_by_their_units(
    machine: Machine, sessions: tuple[Session, Session]
) -> None:
    anna, bob = sessions
    unit = anna.unit
    upload = anna.transfercmd("STOR stopped")
    upload.sendall(CONTENT[:1000])
    size = ("stat", "--format=%s", "/home/anna/stopped")
    eventually(lambda: machine.run(*size, check=False).stdout == "1000\n")
    machine.run("systemctl", "stop", unit)
    upload.close()
    assert anna.getmultiline().startswith("421 ")
    assert anna.ended()
    assert bob.works()
    assert gone(machine, unit)
    told = [entry["MESSAGE"] for entry in machine.journal("-u", unit)]
    assert "anna: STOR /stopped ended after 1000 bytes: stopped." in told
    assert any(" left after " in one and ": stopped; " in one for one in told)
    machine.run("rm", "/home/anna/stopped")

    data, _ = begin(bob)
    machine.run("systemctl", "stop", "ftpsd@*")
    data.close()
    eventually(lambda: bob.ended() or True)
    assert gone(machine, "ftpsd@*")
    workers = ("pgrep", "--uid", "bob", "--full", "ftpsd")
    eventually(lambda: machine.run(*workers, check=False).returncode)
    assert new_logins_work(machine)
