# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients that people use, as `clients` has them, under TLS; each checks who the server is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import clients
from certificates import authority, credential
from clients import Copy
from drop_ins import drop_in
from machine import Machine
from tls_session import NAME, clear_refused

AUTHORITY = "/var/tmp/Authority.crt"
"""Where clients find who has signed the server's certificate."""
IMPLICIT = "ftps"


@dataclasses.dataclass(frozen=True)
class Client:
    """A client, and what it is told about TLS."""

    copy: Callable[[Machine, Copy], str]
    options: tuple[str, ...]
    scheme: str = "ftp"
    active: bool = True
    quick: bool = True
    resumes: bool = True


def _curl(*options: str, scheme: str = "ftp") -> Client:
    # before 8.0 it forgets TLS where the server connects, and sleeps before each data connection
    trust = f'cacert = "{AUTHORITY}"'
    return Client(clients.curl, (trust, *options), scheme, active=False, quick=False)


def _lftp(*options: str, scheme: str = "ftp") -> Client:
    trust = f"set ssl:ca-file {AUTHORITY}"
    return Client(clients.lftp, (trust, "set ftp:ssl-force yes", *options), scheme)


CLIENTS = {
    "curl, TLS 1.3": _curl("ssl-reqd", "tlsv1.3"),
    "curl, TLS 1.2": _curl("ssl-reqd", 'tls-max = "1.2"'),
    "curl, implicit": _curl(scheme=IMPLICIT),
    # data in the clear
    "curl, control only": _curl("ftp-ssl-control"),
    "lftp": _lftp("set ftp:ssl-protect-data yes", "set ftp:mode-z-level 1"),
    "lftp, implicit": _lftp("set ftp:use-mode-z no", scheme=IMPLICIT),
    "lftp, lists only": _lftp("set ftp:use-mode-z no", "set ftp:ssl-protect-data no"),
    "ftplib": Client(clients.ftplib, (AUTHORITY, "none"), resumes=False),
    "ftplib, resuming": Client(clients.ftplib, (AUTHORITY, "last")),
    "ftplib, a ticket once": Client(clients.ftplib, (AUTHORITY, "once")),
    # for it "ftps" is AUTH TLS
    "wget": Client(clients.wget, (f"--ca-certificate={AUTHORITY}",), "ftps"),
}


@contextmanager
def service(machine: Machine) -> Iterator[None]:
    """Let the server be as installed, with a certificate clients can check, and on port 990 too."""
    hosts = machine.run("cat", "/etc/hosts").stdout
    machine.write("/etc/hosts", f"{hosts}\n{clients.IPV4} {NAME}\n")
    pem = authority(machine).sign(NAME)
    try:
        with (
            clear_refused(machine),
            credential(machine, "ftpsd.pem", pem),
            drop_in(machine, "ftpsd.socket", "[Socket]\nListenStream=990\n"),
        ):
            yield
    finally:
        machine.write("/etc/hosts", hosts)
