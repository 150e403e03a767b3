# SPDX-License-Identifier: GPL-3.0-or-later
"""ftpsdctl as it is installed."""

from __future__ import annotations

from machine import Machine


def check(machine: Machine) -> tuple[int, str]:
    """Run ftpsdctl check; give its status and all it says."""
    done = machine.run("ftpsdctl", "check", check=False)
    return done.returncode, done.stdout + done.stderr


def test_mistakes_in_the_settings_are_found_before_a_login_does(machine: Machine) -> None:
    status, said = check(machine)
    assert status == 0
    assert said.startswith("No mistakes in /etc/ftpsd/ftpsd.conf, ")

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


def test_settings_are_checked_without_root_as_far_as_they_can_be_read(machine: Machine) -> None:
    file = "/etc/ftpsd/ftpsd.conf.d/x.conf"
    machine.write(file, "[Login]\nAnonymos=no\n")
    try:
        done = machine.run("ftpsdctl", "check", check=False, user="anna")
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.startswith(f"{file}:2: ")
    finally:
        machine.run("rm", file)


def test_policies_are_among_the_files_without_mistakes(machine: Machine) -> None:
    file = "/etc/ftpsd/policies.d/x.conf"
    machine.write(file, "[Match]\nUser=anna\n[Session]\nIdleTimeoutSec=1h\n")
    try:
        status, said = check(machine)
        assert status == 0
        assert said.endswith(f", {file}.\n")
    finally:
        machine.run("rm", file)


def test_nobody_is_banned_where_the_helper_does_not_run(machine: Machine) -> None:
    stopped = ("ftpsd-helper.service", "ftpsd-helper.socket")
    machine.run("systemctl", "stop", *stopped)
    try:
        said = machine.run("ftpsdctl", "unban")
        assert (said.stdout.partition(" does not run")[0], said.stderr) == (stopped[0], "")
    finally:
        machine.run("systemctl", "start", stopped[1])


def test_systemd_shows_the_files_that_are_read_in_their_order(machine: Machine) -> None:
    main = "/etc/ftpsd/ftpsd.conf"
    clear = "/etc/ftpsd/ftpsd.conf.d/00-clear.conf"
    masked = "/etc/ftpsd/ftpsd.conf.d/40.conf"
    read = ["/usr/lib/ftpsd/ftpsd.conf.d/10.conf", "/etc/ftpsd/ftpsd.conf.d/20.conf"]
    read.append("/run/ftpsd/ftpsd.conf.d/30.conf")
    hidden = ["/usr/lib/ftpsd/ftpsd.conf.d/20.conf", "/usr/lib/ftpsd/ftpsd.conf.d/40.conf"]
    for number, file in enumerate(read + hidden):
        machine.write(file, f"[Session]\nIdleTimeoutSec={number + 1}\n")
    machine.run("ln", "-s", "/dev/null", masked)
    try:
        lines = machine.run("systemd-analyze", "cat-config", "ftpsd/ftpsd.conf").stdout.splitlines()
        shown = [line[2:] for line in lines if line.startswith("# /") and line.endswith(".conf")]
        assert [one for one in shown if one not in (clear, masked)] == [main, *read]
        status, said = check(machine)
        assert status == 0
        assert said == f"No mistakes in {', '.join(one for one in shown if one != masked)}.\n"
    finally:
        machine.run("rm", masked, *read, *hidden)


def test_what_is_counted_on_and_not_there_is_found_too(machine: Machine) -> None:
    file, banner = "/etc/ftpsd/ftpsd.conf.d/x.conf", "/etc/credstore/ftpsd.banner"
    machine.write(file, "[Session]\nGreeting=ours\n[Files]\nUploadOwner=archive\n")
    machine.write(banner, "Hello\n")
    try:
        status, said = check(machine)
        assert status == 1
        assert said.splitlines() == [
            "Greeting=ours: there is no /etc/ftpsd/greetings/ours",
            f"{banner}: it is not read any more; /etc/ftpsd/greetings/default is",
            "UploadOwner=archive: there is no account of this name",
        ]
        machine.write(file, "[Files]\nUploadOwner=anna\n")
        machine.run("rm", banner)
        assert check(machine)[0] == 0
    finally:
        machine.run("rm", "-f", file, banner)
