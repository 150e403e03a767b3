# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a test's own, made with the machine's openssl."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from machine import Machine

CREDSTORE = "/etc/credstore"
_KEY = "-nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256"

_AUTHORITY = f"""
openssl req -x509 {_KEY} -days 30 -subj "/CN=$0" \\
    -addext keyUsage=critical,keyCertSign -keyout "$1.key" -out "$1.crt" 2>/dev/null
cat "$1.crt"
"""
# $0 is where the authority is, $1 a common name, $2 days
_SIGN = f"""
cd "$(mktemp -d)"
openssl req {_KEY} -subj "/CN=$1" -keyout key -out request 2>/dev/null
printf 'subjectAltName=DNS:%s\\n' "$(echo "$1" | tr A-Z a-z)" >extensions
ends="-days $2"
# newer ones take no days below 0, and older ones no dates
if [ "$2" -lt 0 ] && openssl x509 -help 2>&1 | grep -q not_after; then
    ends="-not_before 20200101000000Z -not_after 20210101000000Z"
fi
openssl x509 -req -in request -CA "$0.crt" -CAkey "$0.key" -CAcreateserial $ends \\
    -extfile extensions -out chain 2>/dev/null
cat key chain
rm -r "$PWD"
"""


@dataclasses.dataclass(frozen=True)
class Authority:
    """Signs certificates of servers and clients."""

    machine: Machine
    path: str
    pem: str

    def sign(self, name: str, days: int = 30) -> str:
        """Give a new key and a certificate for it, in PEM."""
        return self.machine.run("sh", "-euc", _SIGN, self.path, name, str(days)).stdout


def authority(machine: Machine, name: str = "Authority") -> Authority:
    """Make an authority that nobody trusts yet."""
    path = f"/var/tmp/{name}"
    return Authority(machine, path, machine.run("sh", "-euc", _AUTHORITY, name, path).stdout)


@contextmanager
def credential(machine: Machine, name: str, text: str, mode: int = 0o600) -> Iterator[None]:
    """Give the server a credential, as an admin does."""
    machine.write(f"{CREDSTORE}/{name}", text, mode)
    try:
        yield
    finally:
        machine.run("rm", "-f", f"{CREDSTORE}/{name}")
