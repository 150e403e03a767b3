# SPDX-License-Identifier: GPL-3.0-or-later
"""Drop-ins for the units: where to listen, how many, who may connect, what needs a capability."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from ftpsd.admin.vsftpd.keys import MOST_SESSIONS, bounded
from ftpsd.admin.vsftpd.plan import Policy
from ftpsd.admin.vsftpd.wrappers import beyond, rules

if TYPE_CHECKING:
    from ftpsd.admin.vsftpd.plan import Plan
    from ftpsd.admin.vsftpd.tree import Tree
    from ftpsd.admin.vsftpd.values import Values

_SOCKET: Final = "ftpsd.socket"
_IMPLICIT: Final = 990
_NO_LIMIT: Final = 1_000_000
"""MaxConnections= has no value for "as many as there are"."""
_MOST: Final = 2**31 - 1


def units(v: Values, tree: Tree, plan: Plan) -> None:
    """Add the drop-ins."""
    if v.on("listen") or v.on("listen_ipv6"):
        _listen(v, plan)
        _limits(v, plan)
    else:
        plan.checks.append(
            "vsftpd did not listen itself (listen and listen_ipv6 are NO): what its inetd, xinetd "
            "or socket unit says of port, addresses and limits goes to ftpsd.socket by hand. "
            "ftpsd.socket listens on port 21."
        )
    if v.on("tcp_wrappers"):
        _wrappers(tree, plan)
    _capabilities(plan)


def _listen(v: Values, plan: Plan) -> None:
    if v.on("listen") and v.on("listen_ipv6"):
        plan.checks.append("listen and listen_ipv6 are both YES: vsftpd does not start with that.")
    port = _port(v, plan)
    if v.on("listen_ipv6"):
        address = v.text("listen_address6")
        stream = f"[{address.partition('%')[0]}]:{port}" if address else str(port)
    else:
        address = v.text("listen_address")
        stream = f"{address or '0.0.0.0'}:{port}"  # noqa: S104 - where vsftpd has listened
    if not _right(address, 6 if v.on("listen_ipv6") else 4):
        plan.checks.append(f"{address!r} is no address: vsftpd does not start with that.")
    elif port == 0:
        plan.checks.append("listen_port is 0: vsftpd got any port.")
    else:
        _, zone, interface = address.partition("%")
        plan.unit(_SOCKET, "Socket", "ListenStream=", f"ListenStream={stream}{zone}{interface}")
    if address:
        plan.unit(_SOCKET, "Socket", "FreeBind=yes")


def _port(v: Values, plan: Plan) -> int:
    port = v.number("listen_port") % 2**16
    if v.on("implicit_ssl") and v.on("ssl_enable"):
        if port != _IMPLICIT:
            plan.changes.append(f"TLS from the first byte is on port 990, no longer on {port}.")
        return _IMPLICIT
    if port == _IMPLICIT:
        plan.changes.append("On port 990 ftpsd expects TLS from the first byte.")
    return port


def _right(address: str, version: int) -> bool:
    if not address:
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return found.version == version and address.split() == [address]


def _limits(v: Values, plan: Plan) -> None:
    most, each = v.number("max_clients"), v.number("max_per_ip")
    plan.settings["Sessions"] = bounded(min(most, MOST_SESSIONS))
    plan.settings["SessionsPerAddress"] = bounded(min(each, MOST_SESSIONS))
    # As many again may be about to log in: who is too many is to hear 421, not nothing.
    plan.unit(
        _SOCKET,
        "Socket",
        f"MaxConnections={min(2 * most, _MOST) or _NO_LIMIT}",
        f"MaxConnectionsPerSource={min(2 * each, _MOST)}",
    )
    if most or each:
        plan.changes.append(
            "Who is one too many hears 421 at the login, no longer when connecting; beyond twice "
            "the limits systemd closes connections without a word."
        )
    if each and v.on("listen_ipv6"):
        plan.changes.append(
            "Addresses of one IPv6 network of 64 bits count as one for SessionsPerAddress=."
        )


def _wrappers(tree: Tree, plan: Plan) -> None:
    allow, deny = (
        rules((tree.read(f"/etc/hosts.{name}") or b"").decode("utf-8", "replace"))
        for name in ("allow", "deny")
    )
    for rule in allow.others + deny.others:
        plan.checks.append(
            f"The rule of tcp_wrappers {rule!r} is not of addresses alone. Until you have written "
            "it as IPAddressAllow= and IPAddressDeny= of ftpsd.socket, only those can connect whom "
            "another rule allows, and this machine."
        )
    networks = list(allow.networks)
    denied = list(deny.networks)
    if allow.others or deny.others:
        networks.append("localhost")
        denied = ["any"]
    for key, found in (("IPAddressAllow", networks), ("IPAddressDeny", denied)):
        if found:
            plan.unit(_SOCKET, "Socket", f"{key}={' '.join(dict.fromkeys(found))}")
    if addresses := beyond(networks, denied):
        about = "whom tcp_wrappers denied, also where systemd cannot filter addresses (containers)"
        nobody = {"LocalUsers": "no", "Anonymous": "no"}
        # By its name the last, so that no other lets them in again.
        plan.policies.append(Policy("90-vsftpd-wrappers", about, {"Address": addresses}, nobody))
    plan.changes.append(
        "Whom tcp_wrappers denied got a 421; now there is no answer at all, or, where systemd "
        "cannot filter addresses, a login is refused."
    )


def _capabilities(plan: Plan) -> None:
    ports = [plan.settings.get("ActiveSourcePort", "any")]
    ports += [one.settings.get("ActiveSourcePort", "any") for one in plan.policies]
    if any(port.isdecimal() and int(port) < 1024 for port in ports):
        plan.unit(
            "ftpsd-ports.service",
            "Service",
            "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
            "AmbientCapabilities=CAP_NET_BIND_SERVICE",
            "PrivateUsers=no",
        )
