# SPDX-License-Identifier: GPL-3.0-or-later
"""What an admin changes: settings, and drop-ins of units, for as long as a test takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from machine import Machine

FILE = "/etc/ftpsd/ftpsd.conf.d/x.conf"
MANAGED = ("ftpsd.socket", "ftpsd-helper.service", "ftpsd-ports.service", "ftpsd-owner.service")


@contextmanager
def setting(machine: Machine, text: str) -> Iterator[None]:
    """Set what holds from the next login on."""
    machine.write(FILE, text)
    try:
        yield
    finally:
        machine.run("rm", FILE)


@contextmanager
def drop_in(machine: Machine, unit: str, text: str) -> Iterator[None]:
    """Do what `systemctl edit` does, and restart what has to be."""
    path = f"/etc/systemd/system/{unit}.d/override.conf"

    def reload() -> None:
        machine.run("systemctl", "daemon-reload")
        if unit in MANAGED:
            # tests restart it more often than systemd would start it in ten seconds
            machine.run("systemctl", "reset-failed", unit)
            machine.run("systemctl", "restart", unit)

    machine.write(path, text)
    reload()
    try:
        yield
    finally:
        machine.run("rm", path)
        reload()


def shown(machine: Machine, unit: str, name: str) -> str:
    show = ("systemctl", "show", f"--property={name}", "--value", unit)
    return machine.run(*show).stdout.strip()


def sessions_of(machine: Machine, user: str) -> list[str]:
    """List what logind knows of a user's logins by FTP; there may be a manager besides."""
    found = []
    for line in machine.run("loginctl", "list-sessions", "--no-legend").stdout.splitlines():
        show = ("loginctl", "show-session", line.split()[0])
        shown = machine.run(*show, check=False).stdout
        if {f"Name={user}", "Service=ftpsd"} <= set(shown.splitlines()):
            found.append(shown)
    return found
