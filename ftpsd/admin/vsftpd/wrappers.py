# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of tcp_wrappers for vsftpd (hosts_access(5)) as address rules of systemd.

Both look for a permission first, then for a denial, and let in whom neither names.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import Any, Final

_Network = Any  # of either family, and both of those in one comparison
_DAEMONS: Final = {"vsftpd", "ALL"}
_CONTINUED: Final = re.compile(r"\\\n")
_RULE: Final = re.compile(r"((?:\[[^]]*\]|[^:\[])*):?")


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """What holds for vsftpd in one file: networks, and rules that are not of addresses alone."""

    networks: tuple[str, ...]
    others: tuple[str, ...]


def rules(text: str) -> Rules:
    """Read /etc/hosts.allow or /etc/hosts.deny. Never raises."""
    networks: list[str] = []
    others: list[str] = []
    for line in _CONTINUED.sub(" ", text).split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        daemons, clients, *options = [*_RULE.findall(line)[:-1], "", ""]
        if "EXCEPT" not in daemons and not _DAEMONS & set(re.split(r"[\s,]+", daemons)):
            continue
        found = [_network(one) for one in re.split(r"[\s,]+", clients.strip())]
        good = [one for one in found if one]
        if "EXCEPT" in daemons or len(good) < len(found) or any(one.strip() for one in options):
            others.append(line.strip())
        else:
            networks += good
    return Rules(tuple(networks), tuple(others))


def beyond(allowed: list[str], denied: list[str]) -> str:
    """Give whom IPAddressDeny= keeps out beside IPAddressAllow=, as Address= of a policy has it.

    "" is nobody. Both lists are as `rules` makes them, and "localhost" may be in the first.
    """
    free = {net for one in allowed for net in _networks(one)}
    if "any" in denied and free:
        return "" if "any" in allowed else "!" + " ".join(sorted(map(str, free)))
    left = {net for one in denied for net in _networks(one)}
    for kept in free:
        left = {part for net in left for part in _without(net, kept)}
    return " ".join(sorted(map(str, left)))


def _without(net: _Network, kept: _Network) -> list[_Network]:
    if net.version != kept.version or not net.overlaps(kept):
        return [net]
    return list(net.address_exclude(kept)) if net.supernet_of(kept) else []


def _networks(client: str) -> list[_Network]:
    words = {"any": "0.0.0.0/0 ::/0", "localhost": "127.0.0.0/8 ::1/128"}.get(client, client)
    return [ipaddress.ip_network(one) for one in words.split()]


def _network(client: str) -> str:
    """Write a client as IPAddressAllow= has it, "" if it is none."""
    if client == "ALL":
        return "any"
    if re.fullmatch(r"(\d{1,3}\.){1,3}", client):
        octets = client.rstrip(".").split(".")
        client = ".".join(octets + ["0"] * (4 - len(octets))) + f"/{8 * len(octets)}"
    bare = re.sub(r"[\[\]]", "", client)
    try:
        return str(ipaddress.ip_network(bare, strict=False))
    except ValueError:
        return ""
