# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads that are given away: to whom, and that nothing else is."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from ftp_session import Session
from machine import Machine, eventually
from test_login import own_address
from test_login_policies import chosen, place

__all__ = ["place"]
WRITING = "/etc/ftpsd/policies.d/10-anonymous.conf"
IN = "/srv/ftp/incoming"


@pytest.fixture(autouse=True)
def archive(machine: Machine) -> Iterator[None]:
    """Make an account that gets uploads, and a directory that anonymous clients may write to."""
    machine.run("useradd", "--system", "--shell", "/usr/sbin/nologin", "archive")
    machine.run("install", "-d", "-o", "ftp", IN)
    machine.write(WRITING, "[Match]\nAnonymous=yes\n[Files]\nWrite=yes\n")
    yield
    machine.run("rm", "-r", WRITING, IN)
    machine.run("userdel", "archive")
    assert machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout == ""


def guest(source: str = "127.9.200.1") -> dict[str, str]:
    return {"user": "anonymous", "source": source}


def owners(machine: Machine) -> str:
    return machine.run("sh", "-c", f"cd {IN} && stat -c '%n %U %a' * | sort").stdout


def test_uploads_belong_to_whom_the_settings_name(machine: Machine, place: str) -> None:
    lines = ("UploadOwner=archive", "FileMode=0600")
    with chosen(machine, place, "Files", *lines), Session(machine, **guest()) as session:
        session.cwd("incoming")
        session.store("a", b"first")
        session.storbinary("APPE b", io.BytesIO(b"x"))
        assert session.code("MKD c") == "257"
        # it is the archive's now: nobody reads it, goes on with it or puts another in its place
        assert session.code("SIZE a") == "213"
        for command in ("RETR a", "APPE a", "STOR a"):
            session.sendcmd("EPSV")
            assert session.code(command) in ("550", "553"), command
        assert session.code("SITE CHMOD 777 a") == "550"
    assert owners(machine) == "a archive 600\nb archive 600\nc ftp 755\n"
    with Session(machine, **guest()) as session:
        session.store("incoming/d", b"x")
    assert owners(machine).endswith("d ftp 644\n")


def test_uploads_aside_are_given_as_they_get_their_name(machine: Machine) -> None:
    sticky(machine)
    lines = ("UploadOwner=archive", "AtomicUploads=yes", "SyncUploads=yes")
    with (
        chosen(machine, "drop-in", "Files", *lines),
        Session(machine, **guest()) as session,
    ):
        session.store("incoming/a", b"first")
        session.store("incoming/b", b"second")
    assert owners(machine) == "a archive 644\nb archive 644\n"


def sticky(machine: Machine) -> None:
    machine.run("chmod", "1777", IN)
    machine.run("chown", "root", IN)


def content(machine: Machine) -> str:
    return machine.run("sh", "-c", f"cd {IN} && for f in $(ls -A); do cat $f; done").stdout


def test_where_only_owners_rename_a_file_that_is_there_is_written_in_place(
    machine: Machine,
) -> None:
    """Given away first, the new one could not take its place, nor be removed."""
    sticky(machine)
    machine.write(f"{IN}/a", "old and longer")
    machine.run("chown", "ftp", f"{IN}/a")
    lines = ("UploadOwner=archive", "AtomicUploads=yes")
    with chosen(machine, "drop-in", "Files", *lines), Session(machine, **guest()) as session:
        session.store("incoming/a", b"new")
    assert machine.run("ls", "-A", IN).stdout == "a\n"
    assert (owners(machine), content(machine)) == ("a archive 644\n", "new")


@pytest.mark.parametrize("command", ["STOR incoming/a", "STOU incoming/a"])
def test_where_only_owners_remove_nothing_but_the_name_stays_of_what_fails(
    machine: Machine, command: str
) -> None:
    sticky(machine)
    lines = ("UploadOwner=archive", "DeleteFailedUploads=yes")
    with chosen(machine, "drop-in", "Files", *lines), Session(machine, **guest()) as session:
        data = session.transfercmd(command)
        with data:
            data.sendall(b"half")
            eventually(lambda: content(machine) == "half")
            assert session.code("ABOR") == "426"
        assert session.getmultiline()[:3] == "226"
    assert (owners(machine), content(machine)) == ("a archive 644\n", "")


def test_users_with_an_account_of_their_own_give_away_theirs(machine: Machine) -> None:
    with (
        chosen(machine, "drop-in", "Files", "UploadOwner=archive"),
        Session(machine, "anna", source=own_address()) as anna,
    ):
        anna.store("given", b"x")
        machine.write("/home/anna/others", "x")
        machine.run("chmod", "666", "/home/anna/others")
        anna.storbinary("APPE others", io.BytesIO(b"y"))
        anna.delete("given")
    found = machine.run("stat", "-c", "%U %s", "/home/anna/others").stdout
    machine.run("rm", "/home/anna/others")
    assert found == "root 2\n"


@pytest.mark.parametrize("name", ["root", "nobody-of-this-name"])
def test_nobody_logs_in_where_uploads_cannot_be_given(machine: Machine, name: str) -> None:
    with (
        chosen(machine, "policy", "Files", f"UploadOwner={name}"),
        Session(machine, source="127.9.200.2") as session,
    ):
        session.sendcmd("USER ftp")
        assert session.code("PASS x@example.org") == "530"
        messages = [entry["MESSAGE"] for entry in machine.journal("--unit=ftpsd-helper.service")]
    assert any(name in message for message in messages[-5:])


@pytest.mark.parametrize("how", ["restart", "kill --signal=KILL"])
def test_a_session_gives_its_uploads_away_whatever_is_restarted(machine: Machine, how: str) -> None:
    with chosen(machine, "drop-in", "Files", "UploadOwner=archive"):
        with Session(machine, **guest()) as session:
            session.store("incoming/a", b"x")
            machine.run("systemctl", *how.split(), "ftpsd-owner.service")
            session.store("incoming/b", b"x")
        with Session(machine, **guest()) as session:
            session.store("incoming/c", b"x")
    assert owners(machine) == "".join(f"{name} archive 644\n" for name in "abc")


def test_an_upload_that_cannot_be_given_is_refused(machine: Machine) -> None:
    """Its service was stopped: the session goes on, without uploads, and the next has them."""
    with chosen(machine, "drop-in", "Files", "UploadOwner=archive"):
        with Session(machine, **guest()) as session:
            session.store("incoming/a", b"x")
            machine.run("systemctl", "stop", "ftpsd-owner.service")
            session.sendcmd("EPSV")
            assert session.code("STOR incoming/b")[0] in "45"
            assert session.code("PWD") == "257"
        with Session(machine, **guest()) as session:
            session.store("incoming/c", b"x")
    assert "c archive 644" in owners(machine)


def test_its_service_is_started_by_who_needs_it_and_opens_no_file(machine: Machine) -> None:
    machine.run("systemctl", "stop", "ftpsd-owner.service")
    with Session(machine, **guest()):
        assert machine.run("systemctl", "is-active", "ftpsd-owner.service", check=False).returncode
    with (
        chosen(machine, "drop-in", "Files", "UploadOwner=archive"),
        Session(machine, **guest()),
    ):
        show = ("systemctl", "show", "--value", "--property=MainPID", "ftpsd-owner.service")
        pid = machine.run(*show).stdout.strip()
        status = machine.run("cat", f"/proc/{pid}/status").stdout
        sets = {line.split(":")[0]: line.split()[-1] for line in status.splitlines()}
        for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
            assert int(sets[name], 16) == 1, name
        assert "0" not in status.partition("Uid:")[2].split("\n")[0].split()
        assert machine.run("ls", f"/proc/{pid}/root/home").stdout == ""
