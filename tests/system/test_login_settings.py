# SPDX-License-Identifier: GPL-3.0-or-later
"""What an admin sets in ftpsd.conf holds from the next login on."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest
from drop_ins import FILE, sessions_of, setting
from ftp_session import Session
from machine import Machine, eventually

from ftpsd import events
from ftpsd.session import events as session_events

PORTS_DROP_IN = "/etc/systemd/system/ftpsd-ports.service.d/x.conf"
PRIVILEGED_PORT = """\
[Service]
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
PrivateUsers=no
"""


def test_a_pam_session_lasts_as_long_as_the_login(machine: Machine) -> None:
    assert sessions_of(machine, "bob") == []
    with setting(machine, "[Login]\nPAMSession=yes\n"), Session(machine, "bob") as bob:
        (shown,) = sessions_of(machine, "bob")
        assert {"Remote=yes", "RemoteHost=192.0.2.1"} <= set(shown.splitlines())
        assert bob.works()
    eventually(lambda: not sessions_of(machine, "bob"))


def test_a_pam_session_outlives_a_restart_of_the_helper(machine: Machine) -> None:
    with setting(machine, "[Login]\nPAMSession=yes\n"), Session(machine, "bob") as bob:
        assert sessions_of(machine, "bob")
        machine.run("systemctl", "restart", "ftpsd-helper.service")
        assert bob.works()
        assert len(sessions_of(machine, "bob")) == 1
    eventually(lambda: not sessions_of(machine, "bob"))


def test_who_ends_a_pam_session_ends_the_login(machine: Machine) -> None:
    """Else it would go on where no admin, and no limit of logind's, sees it any more."""
    with setting(machine, "[Login]\nPAMSession=yes\n"), Session(machine, "bob") as bob:
        assert sessions_of(machine, "bob")
        assert bob.works()
        machine.run("loginctl", "terminate-user", "bob")
        eventually(lambda: not sessions_of(machine, "bob"))
        assert bob.code("SIZE x") == "421"
    closed = "pam_unix(ftpsd:session): session closed for user bob"
    messages = [one["MESSAGE"] for one in machine.journal("SYSLOG_FACILITY=10", "--lines=20")]
    assert closed in messages


def test_a_pam_session_ends_with_rein(machine: Machine) -> None:
    with setting(machine, "[Login]\nPAMSession=yes\n"), Session(machine, "bob") as bob:
        assert sessions_of(machine, "bob")
        assert bob.code("REIN") == "220"
        eventually(lambda: not sessions_of(machine, "bob"))
        bob.login("anna", machine.passwords["anna"])
        assert sessions_of(machine, "anna")
    eventually(lambda: not sessions_of(machine, "anna"))


@pytest.mark.parametrize("name", ["anonymous", "ftp", "FTP"])
def test_anonymous_clients_can_be_refused(machine: Machine, name: str) -> None:
    with (
        setting(machine, "[Login]\nAnonymous=no\n"),
        Session(machine, source="127.8.0.1") as session,
    ):
        session.sendcmd(f"USER {name}")
        assert session.reply("PASS guest@example.org") == "530 Login incorrect."


def test_passive_ports_are_of_the_range(machine: Machine) -> None:
    with setting(machine, "[Data]\nPassivePorts=20000-20009\n"), ExitStack() as stack:
        # outside the ports of connecting clients, which would be in the way
        made = (Session(machine, "anna", source="198.51.100.1") for _ in range(11))
        sessions = [stack.enter_context(session) for session in made]
        # which one finds no port is the last to ask
        *replies, last = [session.reply("EPSV") for session in sessions]
        ports = {int(reply.split("|")[3]) for reply in replies}
        assert ports == set(range(20000, 20010))
        assert last.startswith("425 ")
        assert sessions[0].nlst() is not None
        assert sessions[-1].code("EPSV") == "229"


def source_port(session: Session) -> int:
    session.set_pasv(False)
    with session.transfercmd("LIST") as data:
        port: int = data.getpeername()[1]
        while data.recv(1 << 16):
            pass
        # so that the last packets are the server's to wait for
        data.shutdown(socket.SHUT_RDWR)
    session.voidresp()
    return port


def test_active_connections_come_from_a_privileged_port(machine: Machine) -> None:
    def restart() -> None:
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", "ftpsd-ports.service")

    machine.write(PORTS_DROP_IN, PRIVILEGED_PORT)
    restart()
    try:
        with setting(machine, "[Data]\nActiveSourcePort=20\n"):
            for host in ("192.0.2.1", "2001:db8::1"):
                with Session(machine, "anna", host=host) as anna:
                    assert [source_port(anna) for _ in range(3)] == [20, 20, 20]
    finally:
        machine.run("rm", PORTS_DROP_IN)
        restart()
    with Session(machine, "anna") as anna:
        assert source_port(anna) != 20


def test_without_the_capability_a_privileged_port_is_refused_aloud(machine: Machine) -> None:
    with setting(machine, "[Data]\nActiveSourcePort=20\n"), Session(machine, "anna") as anna:
        anna.sendport("192.0.2.1", 40000)
        assert anna.code("LIST") == "425"
        assert anna.works()
        assert machine.journal(
            "--unit=" + anna.unit, f"MESSAGE_ID={session_events.DATA_REFUSED.id}"
        )


def test_a_mistake_is_told_with_its_place_and_does_no_harm(machine: Machine) -> None:
    text = "[Login]\nAnonymos=no\n[Data]\nPassivePorts=50000-50009\nPassivePorts=many\n"
    with setting(machine, text), Session(machine, "anna") as anna:
        ours = ("--unit=" + anna.unit, f"MESSAGE_ID={events.SETTING_WRONG.id}")
        first, second = machine.journal(*ours)

        assert (first["FTPSD_FILE"], first["FTPSD_LINE"]) == (FILE, "2")
        assert "Anonymous=" in first["FTPSD_REASON"]
        assert (second["FTPSD_FILE"], second["FTPSD_LINE"]) == (FILE, "5")
        assert first["MESSAGE"].startswith(f"{FILE}:2: ")
        assert int(anna.sendcmd("EPSV").split("|")[3]) in range(50000, 50010)
        assert anna.works()


def test_a_session_that_says_nothing_is_ended(machine: Machine) -> None:
    with setting(machine, "[Session]\nIdleTimeoutSec=1s\n"), Session(machine, "anna") as anna:
        assert anna.getmultiline().startswith("421 ")
        assert anna.ended()
