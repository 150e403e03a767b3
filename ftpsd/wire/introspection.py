# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface every varlink service has (varlink.org, "Service")."""

from __future__ import annotations

import ftpsd
from ftpsd.wire.message import Call, Interface, Refusal, Reply, Text, Texts


class Info(Reply):
    """Who answers here."""

    vendor: Text
    product: Text
    version: Text
    url: Text
    interfaces: Texts


class GetInfo(Call[Info]):
    """Say what this service is and which interfaces it has."""


class Description(Reply):
    """One interface."""

    description: Text


class GetInterfaceDescription(Call[Description]):
    """Describe one interface in varlink's own language."""

    interface: Text


class InterfaceNotFound(Refusal):
    """There is no such interface here."""

    interface: Text


SERVICE = Interface(
    "org.varlink.service",
    "What every varlink service answers.",
    (GetInfo, GetInterfaceDescription),
    (InterfaceNotFound,),
)


def get_info(interface: Interface) -> Info:
    """Introduce a service that offers `interface`."""
    return Info(
        vendor="ftpsd",
        product="ftpsd",
        version=ftpsd.__version__,
        url=ftpsd.__url__,
        interfaces=[SERVICE.name, interface.name],
    )


def get_interface_description(interface: Interface, wanted: str) -> Description:
    """Describe `wanted`, which is `interface` or this one. Raise `InterfaceNotFound`."""
    for known in (SERVICE, interface):
        if known.name == wanted:
            with open(f"{__file__.rpartition('/')[0]}/{wanted}.varlink", encoding="utf-8") as file:
                return Description(description=file.read())
    raise InterfaceNotFound(interface=wanted)
