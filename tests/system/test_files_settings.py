# SPDX-License-Identifier: GPL-3.0-or-later
"""[Files] of the installed service, where worker and session are in their sandboxes."""

from __future__ import annotations

import ftplib
import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ftp_session import Session
from machine import Machine, eventually
from test_login_policies import PLACES, chosen

POLICY = "/etc/ftpsd/policies.d/x.conf"


@contextmanager
def files(machine: Machine, *lines: str, match: str = "User=anna") -> Iterator[None]:
    machine.write(POLICY, f"[Match]\n{match}\n[Files]\n" + "".join(f"{one}\n" for one in lines))
    try:
        yield
    finally:
        machine.run("rm", POLICY)


def refusal(session: Session, path: str, data: bytes = b"x") -> str:
    """Upload, and give the code of the reply that refuses it."""
    with pytest.raises(ftplib.Error) as refused:
        session.store(path, data)
    return str(refused.value)[:3]


def test_no_file_becomes_too_large(machine: Machine) -> None:
    with files(machine, "MaxFileSize=100K"), Session(machine, "anna") as anna:
        assert refusal(anna, "large", bytes(200_000)) == "552"
        assert anna.size("large") == 100 << 10
        anna.store("small", bytes(100_000))
        anna.delete("small")
        anna.delete("large")
    with Session(machine, "anna") as anna:
        anna.store("large", bytes(200_000))
        anna.delete("large")


def test_an_upload_is_whole_or_nothing(machine: Machine) -> None:
    with files(machine, "AtomicUploads=yes", "SyncUploads=yes"), Session(machine, "anna") as anna:
        anna.store("file", b"old")
        data = anna.transfercmd("STOR file")
        data.sendall(bytes(100_000))
        eventually(lambda: "100000 bytes" in anna.reply("STAT"))
        assert machine.run("cat", "/home/anna/file").stdout == "old"
        anna.putcmd("ABOR")
        assert [anna.getmultiline()[:3], anna.getmultiline()[:3]] == ["426", "226"]
        data.close()
        assert anna.fetch("file") == b"old"
        anna.store("file", b"new")
        assert anna.works()
        anna.delete("file")
        assert ".ftpsd" not in machine.run("ls", "-a", "/home/anna").stdout


@pytest.mark.parametrize("place", PLACES)
def test_an_upload_is_synced_before_it_is_complete(machine: Machine, place: str) -> None:
    def both() -> str:
        """Find the spawner, and the process that waits to be the next worker."""
        spawner = ("pgrep", "--uid", "root", "--full", "__main__.py spawner")
        found = machine.run(*spawner, check=False).stdout
        return found if len(found.split()) == 2 else ""

    machine.run("systemctl", "start", "ftpsd-helper.service")
    two = eventually(both)
    with chosen(machine, place, "Files", "SyncUploads=yes"):
        strace = machine.popen("strace", "-f", "-p", two, "-e", "trace=fsync")
        assert strace.stdout is not None
        assert all("attached" in strace.stdout.readline() for _ in two.split())
        with Session(machine, "anna", source="127.9.254.1") as anna:
            anna.store("file", b"x")
            anna.delete("file")
        machine.run("pkill", "-INT", "-x", "strace")
        assert "fsync(" in strace.stdout.read()


def test_what_is_denied_is_nowhere(machine: Machine) -> None:
    machine.write("/home/anna/own/my.key", "secret")
    machine.run("chown", "-R", "anna:", "/home/anna/own")
    machine.run("ln", "-s", "own/my.key", "/home/anna/link")
    lines = ("DenyNames=*.key", "HideNames=own", "DownloadNames=*.txt")
    with files(machine, *lines), Session(machine, "anna") as anna:
        for path in ("own/my.key", "link"):
            with pytest.raises(ftplib.error_perm, match="550"):
                anna.fetch(path)
        assert "own" not in anna.nlst()
        assert anna.nlst("own") == []
        anna.store("a.txt", b"a")
        assert anna.fetch("a.txt") == b"a"
        anna.delete("a.txt")
    machine.run("rm", "-r", "/home/anna/own", "/home/anna/link")


def test_anonymous_clients_write_where_a_policy_lets_them(machine: Machine) -> None:
    machine.run("install", "-d", "-o", "ftp", "/srv/ftp/incoming")
    lines = ("Write=yes", "Download=no", "Delete=no", "Overwrite=no", "FileMode=0600")
    with files(machine, *lines, match="Anonymous=yes"), Session(machine, "ftp") as guest:
        guest.store("incoming/x", b"x")
        assert refusal(guest, "incoming/x") == "553"
        assert guest.code("DELE incoming/x") == "550"
        with pytest.raises(ftplib.error_perm, match="550"):
            guest.retrbinary("RETR incoming/x", io.BytesIO().write)
    with files(machine, *lines, match="Address=::/0 0.0.0.0/0"), Session(machine, "ftp") as guest:
        assert refusal(guest, "incoming/y") == "550"
    assert machine.run("ls", "/srv/ftp/incoming").stdout == "x\n"
    machine.run("rm", "-r", "/srv/ftp/incoming")


def test_the_root_is_made_of_who_logs_in(machine: Machine) -> None:
    machine.run("install", "-d", "-o", "anna", "/srv/data/anna/in")
    lines = ("Root=/srv/data/%u", "Directory=/in", "ListTimezone=local")
    with files(machine, *lines), Session(machine, "anna") as anna:
        assert anna.pwd() == "/in"
        anna.store("x", b"x")
        assert anna.nlst() == ["x"]
    machine.run("rm", "/srv/data/anna/in/x")
    machine.run("rmdir", "-p", "/srv/data/anna/in", check=False)


def test_times_are_those_of_the_machine(machine: Machine) -> None:
    before = machine.run("readlink", "/etc/localtime", check=False).stdout.strip()
    machine.run("ln", "-sf", "/usr/share/zoneinfo/Etc/GMT-14", "/etc/localtime")
    if machine.run("test", "-e", "/etc/localtime", check=False).returncode:
        pytest.skip("there are no time zones in this machine")
    machine.run("touch", "-d", "@1000000000", "/home/anna/old")
    try:
        with files(machine, "ListTimezone=local"), Session(machine, "anna") as anna:
            lines: list[str] = []
            anna.dir("old", lines.append)
            assert lines[0].split()[5:7] == ["Sep", "9"]
            machine.run("touch", "-d", "@1000050000", "/home/anna/old")
            lines.clear()
            anna.dir("old", lines.append)
            assert lines[0].split()[5:7] == ["Sep", "10"]
    finally:
        machine.run("rm", "-f", "/home/anna/old", "/etc/localtime")
        if before:
            machine.run("ln", "-s", before, "/etc/localtime")
