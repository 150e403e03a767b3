# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clients at once are all served, and leave nothing behind."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from ftp_session import SERVER, network
from machine import Machine, eventually

SECONDS = 60
"""How long any one client waits; how fast they are served is for the benchmarks to say."""
SERVICES = ("ftpsd-helper.service", "ftpsd-ports.service")


class Client:
    """A client that waits for nobody else: what it sends and what it reads are told apart."""

    def __init__(self, stack: ExitStack, source: str) -> None:
        address = (source, 0)
        sock = socket.create_connection((SERVER, 21), SECONDS, source_address=address)
        self.sock = stack.enter_context(sock)
        self._lines = stack.enter_context(sock.makefile("rb"))

    def send(self, *commands: str) -> None:
        self.sock.sendall("".join(f"{command}\r\n" for command in commands).encode())

    def reply(self) -> str:
        return self._lines.readline().decode().rstrip()

    def ended(self) -> bool:
        return self._lines.read() == b""


def show(machine: Machine, unit: str, name: str) -> str:
    command = ("systemctl", "show", f"--property={name}", "--value", unit)
    return machine.run(*command).stdout.strip()


def held(machine: Machine) -> dict[str, str]:
    """Give what sessions could leave behind: units, processes, descriptors."""
    units = ("systemctl", "list-units", "--all", "--plain", "--no-legend", "ftpsd@*")
    count = """
        for pid in $(pgrep --full 'ftpsd/__main__.py (helper|spawner|ports)'); do
            echo "$(tr '\\0' ' ' <"/proc/$pid/cmdline") $(stat -c %U "/proc/$pid")" \\
                "$(ls "/proc/$pid/fd" | wc -l)"
        done | sort
    """
    stored = {name: show(machine, name, "NFileDescriptorStore") for name in SERVICES}
    return stored | {
        "units": machine.run(*units).stdout,
        "failed": machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout,
        "processes": machine.run("sh", "-c", count).stdout,
        "refused": show(machine, "ftpsd.socket", "NRefused"),
        "connected": show(machine, "ftpsd.socket", "NConnections"),
        "socket": show(machine, "ftpsd.socket", "ActiveState"),
        "restarts": "".join(show(machine, name, "NRestarts") for name in SERVICES),
    }


@contextmanager
def nothing_left(machine: Machine) -> Iterator[None]:
    machine.run("systemctl", "start", *SERVICES)
    eventually(lambda: show(machine, "ftpsd.socket", "NConnections") == "0")
    eventually(lambda: held(machine)["units"] == "")
    before = held(machine)
    assert before["failed"] == ""
    assert before["socket"] == "active"
    yield
    try:
        eventually(lambda: held(machine) == before, timeout=30)
    except TimeoutError:
        assert held(machine) == before


def sources(number: int) -> list[str]:
    """Give client addresses, as many clients to one address as a company's gateway has."""
    return [f"127.6.{one % 7}.1" for one in range(number)]


def test_two_hundred_clients_at_once_are_all_served(machine: Machine) -> None:
    with nothing_left(machine), ExitStack() as stack:
        with network(machine):
            clients = [Client(stack, source) for source in sources(200)]
        assert {client.reply()[:4] for client in clients} == {"220 "}
        for number, client in enumerate(clients):
            user = ("anna", "bob")[number % 2]
            client.send(f"USER {user}", f"PASS {machine.passwords[user]}")
        assert {client.reply()[:4] for client in clients} == {"331 "}
        assert {client.reply()[:4] for client in clients} == {"230 "}
        with network(machine):
            listings = [listing(stack, client) for client in clients]
        assert {data.read(1) for data in listings} <= {b"", b"."}
        assert {client.reply()[:4] for client in clients} == {"150 "}
        assert {client.reply()[:4] for client in clients} == {"226 "}
        for client in clients:
            client.send("QUIT")
        assert {client.reply()[:4] for client in clients} == {"221 "}
        assert all(client.ended() for client in clients)


def listing(stack: ExitStack, client: Client) -> socket.SocketIO:
    client.send("EPSV")
    port = int(client.reply().split("|")[3])
    address = (client.sock.getsockname()[0], 0)
    data = socket.create_connection((SERVER, port), SECONDS, source_address=address)
    client.send("NLST")
    return stack.enter_context(stack.enter_context(data).makefile("rb", buffering=0))


@pytest.mark.parametrize("manner", ["quit", "hang up", "reset"])
def test_three_hundred_clients_within_two_seconds_are_all_served(
    machine: Machine, manner: str
) -> None:
    number = 300 if manner == "quit" else 50
    with nothing_left(machine), ExitStack() as stack:
        with network(machine):
            clients = [Client(stack, source) for source in sources(number)]
        assert {client.reply()[:4] for client in clients} == {"220 "}
        for client in clients:
            client.send("NOOP", *(["QUIT"] if manner == "quit" else []))
        assert {client.reply()[:4] for client in clients} == {"200 "}
        if manner == "quit":
            assert {client.reply()[:4] for client in clients} == {"221 "}
            assert all(client.ended() for client in clients)
        if manner == "reset":
            for client in clients:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def test_clients_that_leave_before_they_are_greeted_leave_nothing(machine: Machine) -> None:
    with nothing_left(machine), ExitStack() as stack, network(machine):
        for source in sources(50):
            Client(stack, source)
