# SPDX-License-Identifier: GPL-3.0-or-later
"""ftpsdctl as it is installed."""

from __future__ import annotations

from machine import Machine


def check(machine: Machine) -> tuple[int, str]:
    """Run ftpsdctl check; give its status and all it says."""
    done = machine.run("ftpsdctl", "check", check=False)
    return done.returncode, done.stdout + done.stderr


def test_mistakes_in_the_settings_are_found_before_a_login_does(machine: Machine) -> None:
    assert check(machine) == (0, "No mistakes in /etc/ftpsd/ftpsd.conf.\n")

    file = "/etc/ftpsd/ftpsd.conf.d/x.conf"
    machine.write(file, "[Login]\nAnonymos=no\n[Data]\nPassivePorts=many\n")
    try:
        status, said = check(machine)
        first, second = said.splitlines()
        assert status == 1
        assert first.startswith(f"{file}:2: ")
        assert "Anonymous=" in first
        assert second.startswith(f"{file}:4: ")
        assert "50000-50999" in second
    finally:
        machine.run("rm", file)
