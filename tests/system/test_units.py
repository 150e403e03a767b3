# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd takes the units without complaint, they are as tight as promised, and take drop-ins."""

from __future__ import annotations

import ftplib
import os
from pathlib import PurePosixPath

import pytest
from drop_ins import drop_in, shown
from ftp_session import Session
from machine import REPOSITORY, Machine, eventually, run_once

UNITS = sorted(path.name for path in (REPOSITORY / "units").iterdir() if path.is_file())
EXPOSURE = {
    "ftpsd@.service": 2,
    "ftpsd-keygen.service": 7,
    "ftpsd-ports.service": 10,
    "ftpsd-owner.service": 7,
    "ftpsd-helper.service": 15,
}
"""The most that systemd-analyze may find exposed, in tenths of what it shows."""


def unit_paths(machine: Machine) -> list[str]:
    show = ("systemctl", "show", "--property=FragmentPath", "--value", "ftpsd.socket")
    directory = PurePosixPath(machine.run(*show).stdout.strip()).parent
    return [f"{directory}/{unit}" for unit in UNITS]


def test_there_are_the_units_of_the_design() -> None:
    helper, ports = ("ftpsd-helper.service", "ftpsd-ports.service")
    sockets = ("ftpsd.socket", "ftpsd-helper.socket", "ftpsd-ports.socket")

    assert {"ftpsd@.service", helper, ports, *sockets} <= set(UNITS)


def test_units_verify_without_a_word(machine: Machine) -> None:
    done = machine.run("systemd-analyze", "verify", "--man=no", *unit_paths(machine), check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_units_verify_with_the_next_systemd() -> None:
    """Of testing's systemd there is no machine, only the program that reads units."""
    if os.geteuid() != 0:
        pytest.fail("system tests need root", pytrace=False)
    script = """
        version=$(systemctl --version | sed -n '1s/systemd \\([0-9]*\\).*/\\1/p')
        [ "$version" -gt 257 ] || { echo "no newer systemd than $version"; exit 1; }
        DESTDIR=/staged SYSTEMD_VERSION=$version /src/install.sh --prefix=/usr >/dev/null
        cp -r /staged/. /
        cd /usr/lib/systemd/system
        ls ftpsd*.socket ftpsd*.service >/dev/null
        systemd-analyze verify --man=no ftpsd*.socket ftpsd*.service 2>&1
        while [ $# -gt 0 ]; do
            systemd-analyze security --offline=yes --no-pager --threshold="$2" "./$1" >found ||
                cat found
            shift 2
        done
    """
    bounds = [word for unit, most in EXPOSURE.items() for word in (unit, str(most))]
    done = run_once("testing", "sh", "-euc", script, "sh", *bounds)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("unit", EXPOSURE)
def test_exposure_is_as_low_as_promised(machine: Machine, unit: str) -> None:
    (path,) = (path for path in unit_paths(machine) if path.endswith(f"/{unit}"))
    security = ("systemd-analyze", "security", "--offline=yes", "--no-pager")
    done = machine.run(*security, f"--threshold={EXPOSURE[unit]}", path, check=False)

    assert done.returncode == 0, done.stdout


def test_what_belongs_to_the_server_is_enabled_and_disabled_with_it(machine: Machine) -> None:
    sockets = [unit for unit in UNITS if unit.endswith(".socket")]

    def states() -> list[str]:
        return machine.run("systemctl", "is-enabled", *sockets, check=False).stdout.split()

    machine.run("systemctl", "disable", "ftpsd.socket")
    try:
        assert states() == ["disabled"] * len(sockets)
    finally:
        machine.run("systemctl", "enable", "ftpsd.socket")
    assert states() == ["enabled"] * len(sockets)


def answers(machine: Machine, port: int) -> bool:
    url = f"ftp://anna@192.0.2.1:{port}/"
    password = f"anna:{machine.passwords['anna']}"
    curl = ("curl", "--silent", "--user", password, url)
    return machine.run(*curl, check=False).returncode == 0


def test_another_port_is_a_drop_in(machine: Machine) -> None:
    text = "[Socket]\nListenStream=\nListenStream=2121\n"
    with drop_in(machine, "ftpsd.socket", text):
        assert answers(machine, 2121)
        assert not answers(machine, 21)
    assert answers(machine, 21)


def test_a_second_port_is_a_drop_in(machine: Machine) -> None:
    with drop_in(machine, "ftpsd.socket", "[Socket]\nListenStream=2121\n"):
        assert answers(machine, 2121)
        assert answers(machine, 21)


def test_a_lower_limit_of_connections_is_a_drop_in(machine: Machine) -> None:
    with drop_in(machine, "ftpsd.socket", "[Socket]\nMaxConnections=2\n"):
        eventually(lambda: shown(machine, "ftpsd.socket", "NConnections") == "0")
        with Session(machine, "anna"), Session(machine, "bob"):
            with pytest.raises((EOFError, ConnectionResetError)):
                Session(machine)
            assert shown(machine, "ftpsd.socket", "NRefused") == "1"
        eventually(lambda: shown(machine, "ftpsd.socket", "NConnections") == "0")
        with Session(machine, "anna") as anna:
            assert anna.works()


def test_limits_of_a_session_are_a_drop_in(machine: Machine) -> None:
    text = "[Service]\nMemoryMax=100M\nCPUQuota=50%\nRuntimeMaxSec=1h\n"
    with drop_in(machine, "ftpsd@.service", text), Session(machine, "anna") as anna:
        assert anna.works()
        assert shown(machine, anna.unit, "MemoryMax") == str(100 << 20)
        assert shown(machine, anna.unit, "CPUQuotaPerSecUSec") == "500ms"
        assert shown(machine, anna.unit, "RuntimeMaxUSec") == "1h"


def test_a_directory_from_elsewhere_is_a_drop_in(machine: Machine) -> None:
    machine.write("/srv/data/from elsewhere", "shared\n")
    machine.run("mkdir", "/home/anna/data", user="anna")
    text = "[Service]\nBindPaths=/srv/data:/home/anna/data\n"
    try:
        with (
            Session(machine, "anna") as before,
            drop_in(machine, "ftpsd-helper.service", text),
            Session(machine, "anna") as anna,
        ):
            assert anna.fetch("data/from elsewhere") == b"shared\n"
            assert anna.nlst("data") == ["data/from elsewhere"]
            machine.run("chown", "anna:", "/srv/data")
            anna.store("data/new", b"x")
            assert before.nlst("data") == []
        assert machine.run("cat", "/srv/data/new").stdout == "x"
        with Session(machine, "anna") as after:
            assert after.nlst("data") == []
    finally:
        machine.run("rm", "-rf", "/srv/data", "/home/anna/data")


def test_a_read_only_view_is_a_drop_in(machine: Machine) -> None:
    text = "[Service]\nReadOnlyPaths=/home/anna\n"
    with drop_in(machine, "ftpsd-helper.service", text), Session(machine, "anna") as anna:
        anna.sendcmd("EPSV")
        assert anna.code("STOR new") in ("550", "553")
        assert ".profile" not in anna.nlst()


def test_a_session_that_is_not_sealed_does_not_serve(machine: Machine) -> None:
    text = "[Service]\nRestrictAddressFamilies=AF_INET\n"
    refused = pytest.raises(ftplib.error_temp, match="421 ")
    with drop_in(machine, "ftpsd@.service", text), refused:
        Session(machine, "anna")
    assert answers(machine, 21)
