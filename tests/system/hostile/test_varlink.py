# SPDX-License-Identifier: GPL-3.0-or-later
"""The sockets as systemd's own tools see them; and who may see them at all."""

from __future__ import annotations

import json

import pytest
from hostile.ground import Ground
from idl import describe

from ftpsd.wire.binding import BINDING
from ftpsd.wire.files import FILES
from ftpsd.wire.helper import HELPER
from ftpsd.wire.introspection import SERVICE
from ftpsd.wire.message import Interface
from ftpsd.wire.owner import OWNER
from ftpsd.wire.ports import PORTS
from ftpsd.wire.spawn import SPAWNER

SOCKET = "/run/ftpsd/org.ftpsd.Helper"


@pytest.fixture
def varlinkctl(ground: Ground) -> Ground:
    """Give a machine that has varlinkctl: systemd 252 has not."""
    if ground.machine.run("sh", "-c", "command -v varlinkctl", check=False).returncode:
        pytest.skip("this systemd has no varlinkctl")
    return ground


def test_the_helper_tells_who_it_is(varlinkctl: Ground) -> None:
    said = varlinkctl.machine.run("varlinkctl", "info", "--json=short", SOCKET).stdout

    assert json.loads(said)["interfaces"] == ["org.varlink.service", "org.ftpsd.Helper"]


@pytest.mark.parametrize("arguments", [[], ["org.ftpsd.Helper"], ["org.varlink.service"]])
def test_the_helper_describes_itself(varlinkctl: Ground, arguments: list[str]) -> None:
    said = varlinkctl.machine.run("varlinkctl", "introspect", SOCKET, *arguments)

    assert said.stderr == ""
    assert "interface " in said.stdout


def test_the_helper_can_be_called(varlinkctl: Ground) -> None:
    call = ("varlinkctl", "call", "--json=short", SOCKET, "org.ftpsd.Helper.Ping", "{}")

    assert varlinkctl.machine.run(*call).stdout == "{}\n"


def test_a_login_by_hand_is_refused(varlinkctl: Ground) -> None:
    """It has no control connection, and so no address that could be counted."""
    parameters = '{"user":"anna","password":"x","tls":true,"controlFileDescriptor":0}'
    call = ("varlinkctl", "call", SOCKET, "org.ftpsd.Helper.Login", parameters)

    assert varlinkctl.machine.run(*call, check=False).returncode != 0


@pytest.mark.parametrize(
    "interface", [HELPER, FILES, PORTS, OWNER, BINDING, SERVICE, SPAWNER], ids=lambda i: i.name
)
def test_systemd_accepts_every_description(varlinkctl: Ground, interface: Interface) -> None:
    said = varlinkctl.machine.run("varlinkctl", "validate-idl", text=describe(interface))

    assert f"interface {interface.name}" in said.stdout


@pytest.mark.parametrize("name", ["Helper", "Ports"])
@pytest.mark.parametrize("user", ["bob", "nobody", "ftp"])
def test_only_root_can_connect(ground: Ground, name: str, user: str) -> None:
    source = f"import socket; socket.socket(socket.AF_UNIX).connect('/run/ftpsd/org.ftpsd.{name}')"

    assert (
        "PermissionError"
        in ground.machine.run("python3", "-c", source, user=user, check=False).stderr
    )
    assert ground.machine.run("python3", "-c", source).stderr == ""
