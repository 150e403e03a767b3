# SPDX-License-Identifier: GPL-3.0-or-later
"""The broker, asked by a session that has been taken over: only ever its client."""

from __future__ import annotations

import json
import socket
import struct
import time

import pytest
from hostile import inside, wires
from hostile.conftest import ACCOUNTS
from hostile.ground import Ground, Probe, Stopped
from hostile.test_helper import BROKEN, SOME_BROKEN
from machine import eventually

from ftpsd import events

LISTEN = '{"method":"org.ftpsd.Ports.Listen","parameters":{},"more":true}\0'


@pytest.fixture
def anna(probe: Probe) -> Probe:
    """Give a hostile session with a channel to the broker."""
    assert probe.ask(wires.login, "anna", ACCOUNTS["anna"]) == "granted"
    return probe


def taken(session: Probe, kinds: list[str], text: str = LISTEN) -> bool:
    """Say whether a message with descriptors is: since Linux 6.16 it cannot even be sent."""
    try:
        return bool(session.ask(wires.say, "ports", text, kinds) != {"closed": True})
    except Stopped as reason:
        return str(reason) != "EPERM"


@pytest.fixture
def bob(sibling: Probe) -> Probe:
    """Give another such session, whom nothing may disturb."""
    assert sibling.ask(wires.login, "bob", ACCOUNTS["bob"]) == "granted"
    return sibling


def _served(ground: Ground, probe: Probe) -> bool:
    """Say whether a session gets its data connection."""
    with ground.connect(probe.ask(wires.listen)) as client:
        fd = probe.ask(wires.data)
        return isinstance(fd, int) and bool(client.getpeername())


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "foreign"),
        ("127.0.0.2", "foreign"),
        ("0.0.0.0", "foreign"),
        ("255.255.255.255", "foreign"),
        ("::1", "foreign"),
        ("::", "foreign"),
        ("::ffff:192.0.2.1", "foreign"),
        ("fe80::1", "foreign"),
        ("localhost", "unsupported"),
        ("127.1", "unsupported"),
        ("", "unsupported"),
        ("\udc80", "unsupported"),
        ("127.0.0.1%lo", "unsupported"),
    ],
)
def test_nobody_but_the_client_is_connected_to(anna: Probe, host: str, reason: str) -> None:
    assert anna.ask(wires.connect, host, 2121) == reason


@pytest.mark.parametrize("port", [-1, 0, 1, 20, 22, 1023, 65536, 1 << 40])
def test_no_service_of_the_client_is_connected_to(anna: Probe, port: int) -> None:
    assert anna.ask(wires.connect, "127.0.0.1", port) == "privileged"


def test_the_client_is_connected_to(ground: Ground, anna: Probe) -> None:
    with ground.listen("127.0.0.1") as listener:
        fd = anna.ask(wires.connect, "127.0.0.1", listener.getsockname()[1])

        assert anna.ask(wires.peer, fd) == "127.0.0.1"


def test_a_connection_to_the_client_is_turned_to_no_third_when_it_is_reset(
    ground: Ground, anna: Probe
) -> None:
    with ground.listen("127.0.0.1") as listener, ground.listen("192.0.2.1") as third:
        fd = anna.ask(wires.connect, "127.0.0.1", listener.getsockname()[1])
        client = listener.accept()[0]
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        to = ("192.0.2.1", third.getsockname()[1], int(socket.AF_INET), fd)

        assert [anna.stopped(inside.fast_open, *to) for _ in range(3)] == ["EPERM"] * 3
        third.settimeout(0.3)
        with pytest.raises(TimeoutError):
            third.accept()


def test_a_port_is_open_where_the_client_connected_and_nowhere_else(ground: Ground) -> None:
    with ground.probe("192.0.2.1", source="192.0.2.2") as probe:
        probe.ask(wires.login, "anna", ACCOUNTS["anna"])
        port = probe.ask(wires.listen)
        for address in ("127.0.0.1", "192.0.2.3"):
            with pytest.raises(ConnectionRefusedError):
                ground.connect(port, address, source="192.0.2.2")
        with ground.connect(port, "192.0.2.1", source="192.0.2.2"):
            assert probe.ask(wires.peer, probe.ask(wires.data)) == "192.0.2.2"


def test_a_stranger_is_not_handed_over_and_is_logged(ground: Ground, anna: Probe) -> None:
    before = ground.cursor()
    port = anna.ask(wires.listen)
    with ground.connect(port, source="127.0.0.9") as stranger:
        assert stranger.recv(1) == b""
    with ground.connect(port):
        assert anna.ask(wires.peer, anna.ask(wires.data)) == "127.0.0.1"
    logged = [
        one["FTPSD_FOREIGN"]
        for one in ground.journal(before)
        if one.get("MESSAGE_ID") == events.FOREIGN_DATA.id
    ]

    assert logged == ["127.0.0.9"]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_session_cannot_attach_its_channel_anew(
    ground: Ground, anna: Probe, bob: Probe, *, restarted: bool
) -> None:
    """Nor with the broker that finds the channel, bound, when it is started anew."""
    if restarted:
        ground.machine.run("systemctl", "restart", "ftpsd-ports.service")
        for probe in (anna, bob):
            assert probe.ask(wires.data) == "cancelled"
    numbers: dict[str, object] = {"firstPort": 0, "lastPort": 0, "sourcePort": 0, "seconds": 60}
    numbers["ways"] = ["passive", "active", "passive_any_peer", "active_any_peer"]
    parameters = {"controlFileDescriptor": 0, **numbers}
    call = {"method": "org.ftpsd.Binding.Attach", "parameters": parameters}

    assert not taken(anna, ["client"], json.dumps(call) + "\0")
    assert _served(ground, bob)


def test_a_second_port_takes_the_place_of_the_first(ground: Ground, anna: Probe) -> None:
    first = anna.ask(wires.listen)

    assert anna.ask(wires.listen) == "cancelled"
    second = anna.ask(wires.data_port)
    assert isinstance(second, int)
    with pytest.raises(ConnectionRefusedError):
        ground.connect(first)
    ground.connect(second).close()


def test_one_session_holds_one_port(ground: Ground, anna: Probe) -> None:
    anna.ask(wires.flood, "ports", LISTEN, 1)
    broker = ground.main_pid("ftpsd-ports.service")
    count = f"ss --no-header --tcp --listening --processes | grep -c pid={broker},"
    before = int(ground.machine.run("sh", "-c", count, check=False).stdout)
    for _ in range(20):
        anna.ask(wires.listen)

    assert int(ground.machine.run("sh", "-c", count, check=False).stdout) <= max(before, 1)


@pytest.mark.parametrize("what", SOME_BROKEN)
def test_a_broken_message_closes_that_channel_only(
    ground: Ground, anna: Probe, bob: Probe, what: str
) -> None:
    text = BROKEN[what].replace("Helper.Ping", "Ports.Listen").replace("Ports.Attach", "Ports.Bind")
    text = text.replace('"parameters":{}}\0', '"parameters":{},"more":true}\0')

    assert anna.ask(wires.say, "ports", text) == {"closed": True}
    assert _served(ground, bob)


@pytest.mark.parametrize("kinds", [["client"], ["pipe"] * 4, ["proc"] * 5, ["unix"] * 200])
def test_no_descriptor_is_taken(ground: Ground, anna: Probe, bob: Probe, kinds: list[str]) -> None:
    broker = ground.main_pid("ftpsd-ports.service")

    def held() -> int:
        return len(ground.machine.run("ls", f"/proc/{broker}/fd").stdout.split())

    before = held()

    assert not taken(anna, kinds)
    assert _served(ground, bob)
    # what bob has is closed there just after he has it
    assert eventually(lambda: held() <= before)


def test_a_flood_disturbs_nobody(ground: Ground, anna: Probe, bob: Probe) -> None:
    """Without listening: answers pile up until the channel is closed."""
    taken = anna.ask(wires.flood_apart, "ports", LISTEN, 3000)
    begun = time.monotonic()

    assert taken < 3000
    assert _served(ground, bob)
    assert time.monotonic() - begun < 2


def test_a_broken_contract_with_the_broker_names_the_client(ground: Ground, anna: Probe) -> None:
    before = ground.cursor()
    anna.ask(wires.say, "ports", "hello\0")
    (entry,) = [
        one for one in ground.journal(before) if one.get("MESSAGE_ID") == events.CONTRACT_BROKEN.id
    ]

    assert entry["FTPSD_REASON"] == "not JSON"
    assert "127.0.0.1" in json.dumps(entry)
