# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine itself, and the installer that every other system test relies on."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ftp_session import Session
from machine import REPOSITORY, SUITES, Machine, cached_root, eventually, run_once

CONNECT = "exec 3<>/dev/tcp/127.0.0.1/21"
UNITS = ("ftpsd.socket", "ftpsd@.service", "ftpsd-helper.service", "ftpsd-ports.service")
SETTINGS = ("/etc/ftpsd/ftpsd.conf", "/etc/pam.d/ftpsd")


def files(machine: Machine) -> set[str]:
    """List every file that is not the business of the kernel, apt or the journal."""
    hidden = [f"-path {path} -o" for path in ("/proc", "/sys", "/var/log", "/var/cache", "/src")]
    command = f"find / ( {' '.join(hidden)} -path /tmp ) -prune -o -print"
    return set(machine.run(*command.split(), check=False).stdout.splitlines())


def sessions(machine: Machine) -> list[str]:
    listed = machine.run("systemctl", "list-units", "--plain", "--no-legend", "ftpsd@*")
    return listed.stdout.splitlines()


@contextlib.contextmanager
def logged_in(machine: Machine) -> Iterator[Session]:
    """Install, and give a session of anna."""
    machine.add_user("anna", "Annas Passwort 1")
    machine.write("/etc/ftpsd/ftpsd.conf.d/clear.conf", "[TLS]\nRequireTLS=no\n")
    machine.install()
    with Session(machine, "anna", host="127.0.0.1") as session:
        yield session


def test_boots_whole(machine: Machine) -> None:
    state = machine.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
    failed = machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout
    assert (state, failed) == ("running", "")


def test_users_are_themselves(machine: Machine) -> None:
    for name in ("anna", "bob"):
        assert machine.run("id", "-un", user=name).stdout == f"{name}\n"


def test_journal_is_read_as_text(machine: Machine) -> None:
    machine.run("logger", "--tag=ftpsd-test", "grüß\tGott")
    entries = machine.journal("-t", "ftpsd-test")
    assert [entry["MESSAGE"] for entry in entries] == ["grüß\tGott"]


def test_installed_server_answers(machine: Machine) -> None:
    assert machine.run("bash", "-c", f"{CONNECT} && head -c 4 <&3").stdout == "220 "


@pytest.mark.parametrize("suite", [*SUITES, "testing"])
def test_systemd_has_no_complaints(suite: str) -> None:
    install = "DESTDIR=/ /src/install.sh --prefix=/usr && cd /usr/lib/systemd/system"
    verify = f"systemd-analyze verify --man=no {' '.join(UNITS)}"
    done = run_once(suite, "bash", "-c", f"{install} && {verify}")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "ftpsd" in line] == []


def test_second_run_upgrades_under_a_session(bare_machine: Machine) -> None:
    assert "ftpsd answers on 127.0.0.1:21: 220 " in bare_machine.install()
    before = files(bare_machine)
    dialogue = f"{CONNECT}; read -u 3 -r; read -r; echo QUIT >&3; cat <&3"
    session = bare_machine.popen("bash", "-c", dialogue)
    eventually(lambda: sessions(bare_machine))
    # as if the version before had another unit
    for unit in ("ftpsd.socket", "ftpsd-helper.socket", "ftpsd-ports.socket"):
        path = f"/usr/local/lib/systemd/system/{unit}"
        bare_machine.run("sed", "--in-place", "$ a # old", path)
    bare_machine.install()
    # the one that the installer has looked with leaves in its own time
    eventually(lambda: len(sessions(bare_machine)) == 1)
    assert session.communicate("\n", timeout=30)[0].startswith("221")
    assert {
        path for path in files(bare_machine) - before if path.startswith(("/etc", "/usr"))
    } == set()


def test_an_upgrade_ends_no_session_that_is_logged_in(bare_machine: Machine) -> None:
    """It brings a unit that the version before had not, and another ftpsd.socket."""
    units = "/usr/local/lib/systemd/system"
    with logged_in(bare_machine) as anna:
        bare_machine.run("systemctl", "disable", "--now", "ftpsd-owner.socket")
        bare_machine.run("rm", f"{units}/ftpsd-owner.socket")
        bare_machine.run("sed", "--in-place", "$ a # old", f"{units}/ftpsd.socket")
        said = bare_machine.install()

        assert "ends sessions" not in said
        assert anna.works()


def test_a_session_keeps_its_version_over_an_upgrade(bare_machine: Machine) -> None:
    """What it has not loaded yet may take for granted what only the next version has."""
    next_version = """
        rm -rf /root/next; cp -r /src /root/next; cd /root/next/ftpsd
        sed --in-place "s/FTP server ready/Version $1/" session/first.py
        echo "ADDED_BY_$1 = 1" >>protocol/reply.py
        use="from ftpsd.protocol.reply import ADDED_BY_$1"
        sed --in-place "/^from ftpsd.protocol import/ a $use" session/commands/{copy,checksum}.py
        /root/next/install.sh
    """

    def upgrade(version: str) -> None:
        bare_machine.run("bash", "-euc", next_version, "bash", version)

    with logged_in(bare_machine) as first:
        first.store("one", b"1")
        upgrade("TWO")
        with Session(bare_machine, "anna", host="127.0.0.1") as second:
            assert "Version TWO" in second.getwelcome()
            bare_machine.run("/root/next/install.sh")
            assert first.code("SITE CPFR one") == "350"
            assert first.code("SITE CPTO two") == "250"
            upgrade("THREE")
            assert second.code("HASH two") == "213"
            assert second.works()
    trees = bare_machine.run("sh", "-c", "ls -d /usr/local/lib/ftpsd/*/ftpsd").stdout
    assert len(trees.splitlines()) == 2


def test_uninstall_leaves_nothing(bare_machine: Machine) -> None:
    before = files(bare_machine)
    bare_machine.install()
    assert "/usr/local/bin/ftpsd" in files(bare_machine) - before
    session = bare_machine.popen("bash", "-c", f"{CONNECT}; cat <&3")
    eventually(lambda: sessions(bare_machine))
    bare_machine.run("/src/install.sh", "--uninstall")
    session.communicate(timeout=30)
    left = {
        path for path in files(bare_machine) - before if "/ftp" in path or path.startswith("/usr")
    }
    assert {path for path in left if not path.startswith("/srv/ftp")} == set()
    known = (
        "systemctl",
        "list-units",
        "--all",
        "--plain",
        "--no-legend",
        "ftpsd*",
        "system-ftpsd*",
    )
    assert bare_machine.run(*known).stdout == ""
    assert bare_machine.run("bash", "-c", CONNECT, check=False).returncode != 0


def test_changed_settings_stay(bare_machine: Machine) -> None:
    bare_machine.install()
    for path in SETTINGS:
        bare_machine.write(f"{path}.new", "of an older version\n")
    bare_machine.install()
    for path in SETTINGS:
        assert bare_machine.run("test", "-e", f"{path}.new", check=False).returncode == 1
        bare_machine.run("sh", "-c", 'echo "# mine" >>"$0"', path)
    bare_machine.install()
    drop_in = "/etc/systemd/system/ftpsd@.service.d/override.conf"
    bare_machine.write(drop_in, "[Service]\nMemoryMax=100M\n")
    said = bare_machine.run("/src/install.sh", "--uninstall").stdout.splitlines()
    assert sorted(said[:-1]) == sorted(f"Left your {path}." for path in (*SETTINGS, drop_in))
    for path in SETTINGS:
        assert bare_machine.run("tail", "-n", "1", path).stdout == "# mine\n"


def test_uninstall_says_where_there_is_nothing_to_remove(bare_machine: Machine) -> None:
    bare_machine.run("/src/install.sh", "--prefix=/usr")
    there = bare_machine.run("/src/install.sh", "--uninstall", check=False)
    assert (there.returncode, "say --prefix=/usr too" in there.stderr) == (1, True)
    bare_machine.run("/src/install.sh", "--uninstall", "--prefix=/usr")
    assert bare_machine.run("/src/install.sh", "--uninstall").stdout.startswith("There is no ftpsd")


def test_busy_port_is_refused_by_name(bare_machine: Machine) -> None:
    before = files(bare_machine)
    bare_machine.popen("python3", "-m", "http.server", "21")
    knock = "exec 3<>/dev/tcp/127.0.0.1/21"
    eventually(lambda: bare_machine.run("bash", "-c", knock, check=False).returncode == 0)
    refused = bare_machine.run("/src/install.sh", check=False)
    assert refused.returncode == 1
    assert "port 21 is taken by python3 (process " in refused.stderr
    assert {path for path in files(bare_machine) - before if "ftpsd" in path} == set()


def test_packagers_get_files_only(tmp_path: Path) -> None:
    environment = {**os.environ, "DESTDIR": str(tmp_path), "SYSTEMD_VERSION": "252"}
    subprocess.run([REPOSITORY / "install.sh", "--prefix=/usr"], env=environment, check=True)
    for unit in UNITS:
        assert (tmp_path / "usr/lib/systemd/system" / unit).is_file()
    assert (tmp_path / "usr/lib/ftpsd/ftpsd/__main__.py").is_file()
    for page in ("man5/ftpsd.conf.5", "man8/ftpsd.8", "man8/ftpsdctl.8"):
        assert (tmp_path / "usr/share/man" / page).read_text().startswith('.\\" Made by')
    assert not list(tmp_path.glob("usr/lib/systemd/system/*.d/257-*"))


def test_packagers_are_told_of_an_error(tmp_path: Path) -> None:
    (tmp_path / "etc").touch()
    environment = {**os.environ, "DESTDIR": str(tmp_path), "SYSTEMD_VERSION": "252"}
    installer = [str(REPOSITORY / "install.sh"), "--prefix=/usr"]
    assert subprocess.run(installer, env=environment, check=False).returncode != 0


def test_host_without_systemd(tmp_path: Path) -> None:
    """A network of its own keeps the installer's machine away from the host's port 21."""
    state = tmp_path / "machine"
    state.mkdir()
    # without a network it cannot be downloaded
    subprocess.run(["cp", "--archive", cached_root("bookworm"), state / "root"], check=True)
    environment = {**os.environ, "FTPSD_MACHINE": str(state)}
    installer = str(REPOSITORY / "install.sh")
    knock = f"{CONNECT} && head -c 4 <&3"
    script = f"ip link set lo up; {installer} --machine && {{ {knock}; }}"
    try:
        done = subprocess.run(
            ["unshare", "--net", "bash", "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "ftpsd answers on 127.0.0.1:21: 220 " in done.stdout, done.stderr
        assert done.stdout.endswith("220 ")
    finally:
        subprocess.run([installer, "--stop"], env=environment, check=True)
    assert not state.exists()
