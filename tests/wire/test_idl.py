# SPDX-License-Identifier: GPL-3.0-or-later
"""Each interface is described in varlink's language, beside the classes that declare it."""

from __future__ import annotations

import json

import pytest
from idl import WIRE, describe

import ftpsd
from ftpsd.wire.binding import BINDING
from ftpsd.wire.files import FILES
from ftpsd.wire.helper import HELPER
from ftpsd.wire.introspection import (
    SERVICE,
    InterfaceNotFound,
    get_info,
    get_interface_description,
)
from ftpsd.wire.message import Interface
from ftpsd.wire.owner import OWNER
from ftpsd.wire.ports import PORTS
from ftpsd.wire.spawn import SPAWNER

INTERFACES = {
    interface.name: interface
    for interface in (SERVICE, HELPER, FILES, PORTS, OWNER, BINDING, SPAWNER)
}


@pytest.mark.parametrize("name", INTERFACES)
def test_a_description_is_of_what_is_declared(name: str) -> None:
    assert describe(INTERFACES[name]) == (WIRE / f"{name}.varlink").read_text()


@pytest.mark.parametrize("name", INTERFACES)
def test_a_description_has_every_call_and_error(name: str) -> None:
    interface, text = INTERFACES[name], describe(INTERFACES[name])
    lines = text.splitlines()

    assert f"interface {name}" in lines
    for call in interface.calls.values():
        assert f"method {call.__name__}(" in text
    for error in interface.errors.values():
        assert f"error {error.__name__}(" in text


def test_no_description_is_left_over() -> None:
    assert {file.stem for file in WIRE.glob("*.varlink")} == set(INTERFACES)


def test_a_service_says_who_it_is() -> None:
    info = get_info(HELPER)

    assert (info.product, info.version) == ("ftpsd", ftpsd.__version__)
    assert info.interfaces == ["org.varlink.service", "org.ftpsd.Helper"]


@pytest.mark.parametrize("interface", [SERVICE, HELPER])
def test_a_service_describes_what_it_offers(interface: Interface) -> None:
    found = get_interface_description(HELPER, interface.name)

    assert found.description == describe(interface)


def test_the_longest_description_fits_its_field() -> None:
    for interface in (HELPER, SERVICE):
        get_interface_description(HELPER, interface.name)


def test_an_unknown_interface_is_refused_by_its_name() -> None:
    with pytest.raises(InterfaceNotFound) as refused:
        get_interface_description(HELPER, "org.ftpsd.Ports")

    assert refused.value.interface == "org.ftpsd.Ports"


def test_names_of_different_interfaces_do_not_meet() -> None:
    names = [name for one in INTERFACES.values() for name in (*one.calls, *one.errors)]

    assert len(set(names)) == len(names)
    assert json.dumps(names).isascii()
