# SPDX-License-Identifier: GPL-3.0-or-later
"""Users who log in by FTP only: made, changed and deleted by ftpsdctl, or by hand, or converted."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ftp_session import Session
from hashes import ARGON2, KEPT
from machine import Machine

from ftpsd import events

PASSWORD = "C\u00e4rls \\ 'password\" "
_NUMBERS = itertools.count(1)


def control(machine: Machine, *words: str, text: str = "") -> tuple[int, str]:
    """Run ftpsdctl; give its status and all it says."""
    done = machine.run("ftpsdctl", *words, text=text, check=False)
    return done.returncode, done.stdout + done.stderr


@contextmanager
def user(machine: Machine, name: str = "scan", *options: str) -> Iterator[str]:
    """Make a user for one test."""
    add = ("user", "add", name, "--password-stdin", *options)
    status, said = control(machine, *add, text=f"{PASSWORD}\n")
    assert status == 0, said
    try:
        yield name
    finally:
        control(machine, "user", "del", name)
        machine.run("rm", "-rf", f"/home/{name}")


@contextmanager
def login(machine: Machine, name: str, password: str = PASSWORD) -> Iterator[Session]:
    """Log in from an address that no login has failed from."""
    number = next(_NUMBERS)
    with Session(machine, source=f"127.11.{number >> 8}.{number & 255}") as session:
        session.login(name, password)
        yield session


def refusal(machine: Machine, name: str, password: str = PASSWORD) -> str:
    """Try to log in, in vain; give the reason that the log has."""
    number = next(_NUMBERS)
    source = f"127.11.{number >> 8}.{number & 255}"
    with Session(machine, source=source) as session:
        assert session.reply(f"USER {name}").startswith("331 ")
        assert session.reply(f"PASS {password}") == "530 Login incorrect."
    what = (f"MESSAGE_ID={events.LOGIN_REFUSED.id}", f"FTPSD_REMOTE={source}")
    (entry,) = machine.journal("--unit=ftpsd@*", *what)
    return entry["FTPSD_REASON"]


def owner(machine: Machine, path: str) -> str:
    return machine.run("stat", "--format=%U:%G %a", path).stdout.strip()


def userdb(machine: Machine) -> list[str]:
    return machine.run("sh", "-c", "ls -A /etc/userdb 2>/dev/null || true").stdout.split()


@pytest.mark.parametrize("name", ["scan", "max@example.org", "1und1", "a.b-c_d+e", "x" * 64])
def test_a_new_user_logs_in_at_once_and_owns_its_files(machine: Machine, name: str) -> None:
    with user(machine, name), login(machine, name) as session:
        assert session.works()
        session.store("mine", b"x")
        number = machine.run("id", "--user", name).stdout.strip()
        assert int(number) >= 30000
        assert machine.run("stat", "--format=%u:%g", f"/home/{name}/mine").stdout.split(":") == [
            number,
            f"{number}\n",
        ]
        assert machine.run("stat", "--format=%U %a", f"/home/{name}").stdout == f"{name} 700\n"


def test_a_new_user_has_no_shell_and_no_group_but_its_own_and_that_of_ftp(machine: Machine) -> None:
    with user(machine) as scan:
        assert machine.run("getent", "passwd", scan).stdout.endswith(":/usr/sbin/nologin\n")
        assert machine.run("id", "-Gn", scan).stdout.split() == ["scan", "ftpsd-users"]


def test_the_hash_is_yescrypt_and_only_root_sees_it(machine: Machine) -> None:
    with user(machine) as scan:
        assert machine.run("getent", "shadow", scan).stdout.startswith("scan:$y$")
        assert machine.run("getent", "shadow", scan, user="anna", check=False).stdout == ""
        seen = machine.run("sh", "-c", "cat /etc/userdb/*", user="anna", check=False).stdout
        assert "scan" in seen
        assert "$y$" not in seen


def test_a_wrong_password_is_refused(machine: Machine) -> None:
    with user(machine) as scan:
        assert "Authentication failure" in refusal(machine, scan, "wrong")
        assert "empty" in refusal(machine, scan, "")


def test_a_deleted_user_cannot_log_in_any_more(machine: Machine) -> None:
    before = userdb(machine)
    with user(machine) as scan:
        with login(machine, scan):
            pass
        assert control(machine, "user", "del", scan)[0] == 0
        assert refusal(machine, scan)
        assert userdb(machine) == before
        assert owner(machine, "/home/scan") == "UNKNOWN:UNKNOWN 700"


def test_a_new_password_holds_at_once_and_the_old_one_no_more(machine: Machine) -> None:
    with user(machine) as scan:
        changed = control(machine, "user", "passwd", scan, "--password-stdin", text="another\n")
        assert changed[0] == 0
        assert "Authentication failure" in refusal(machine, scan)
        with login(machine, scan, "another") as session:
            assert session.works()


def test_two_users_work_as_one_account_each_at_home(machine: Machine) -> None:
    with user(machine, "one", "--as", "anna"), user(machine, "two", "--as", "anna"):
        for name in ("one", "two"):
            with login(machine, name) as session:
                session.store(f"from-{name}", b"x")
                assert session.nlst() == [f"from-{name}"]
            assert owner(machine, f"/home/{name}/from-{name}") == "anna:anna 644"
        assert control(machine, "user", "del", "one")[0] == 0
        assert refusal(machine, "one")
        with login(machine, "two") as session:
            assert session.works()
    with Session(machine, "anna") as anna:
        assert anna.works()


def test_a_user_as_whom_another_works_is_not_deleted(machine: Machine) -> None:
    with user(machine, "one"), user(machine, "two", "--as", "one"):
        status, said = control(machine, "user", "del", "one")
        assert status == 1
        assert "two works as one" in said
        with login(machine, "one") as session:
            assert session.works()


def test_a_home_may_be_elsewhere_and_be_there_already(machine: Machine) -> None:
    before = owner(machine, "/home/anna")
    with (
        user(machine, "team", "--as", "anna", "--home", "/home/anna"),
        login(machine, "team") as team,
    ):
        assert owner(machine, "/home/anna") == before
        team.store("from-team", b"x")
        team.delete("from-team")
    with user(machine, "scan", "--home", "/srv/scans"), login(machine, "scan") as scan:
        assert scan.works()
        assert owner(machine, "/srv/scans") == "scan:scan 700"
    machine.run("rm", "-r", "/srv/scans")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("root", "already an account"),
        ("www-data", "already an account"),
        ("anna", "already an account"),
        ("ftp", "without a password"),
        ("a b", "no user name"),
        ("a:b", "no user name"),
        ("../x", "no user name"),
        ("m\u00fcller", "no user name"),
        ("4711", "taken for a user id"),
    ],
)
def test_a_name_is_refused_with_the_reason(machine: Machine, name: str, reason: str) -> None:
    before = userdb(machine)
    status, said = control(machine, "user", "add", "--password-stdin", "--", name, text="x\n")

    assert status == 1
    assert reason in said
    assert userdb(machine) == before


def test_new_accounts_of_the_machine_get_other_ids(machine: Machine) -> None:
    with user(machine) as scan:
        number = machine.run("id", "--user", scan).stdout.strip()
        taken = machine.run("useradd", "--uid", number, "carl", check=False)
        assert taken.returncode != 0
        assert machine.run("useradd", "scan", check=False).returncode != 0


def test_a_record_without_the_membership_is_locked_out_by_its_shell(machine: Machine) -> None:
    with user(machine) as scan:
        machine.run("rm", f"/etc/userdb/{scan}:ftpsd-users.membership")
        assert "Authentication failure" in refusal(machine, scan)
        assert "not in ftpsd-users" in control(machine, "user", "list")[1]


def test_where_the_pam_file_knows_no_such_users_that_is_said(machine: Machine) -> None:
    """As after an upgrade that left a file the admin had changed."""
    machine.run("cp", "--archive", "/etc/pam.d/ftpsd", "/root/pam")
    machine.run("sed", "--in-place", "/succeed_if/d", "/etc/pam.d/ftpsd")
    try:
        added = control(machine, "user", "add", "scan", "--password-stdin", text=f"{PASSWORD}\n")
        assert added[0] == 1
        assert "It does not get in: no valid shell, and /etc/pam.d/ftpsd" in added[1]
        assert "Authentication failure" in refusal(machine, "scan")
    finally:
        machine.run("mv", "/root/pam", "/etc/pam.d/ftpsd")
        control(machine, "user", "del", "scan")
        machine.run("rm", "-r", "/home/scan")


def test_a_user_in_ftpusers_stays_out(machine: Machine) -> None:
    with user(machine) as scan:
        machine.write("/etc/ftpusers", f"{scan}\n")
        try:
            assert "/etc/ftpusers" in refusal(machine, scan)
            assert "/etc/ftpusers" in control(machine, "user", "list")[1]
        finally:
            machine.run("rm", "/etc/ftpusers")


def test_a_record_written_by_hand_logs_in_like_any_account(machine: Machine) -> None:
    """With a shell it needs no group; a hash that all may read is no password for systemd."""
    told = {"userName": "hand", "uid": 5000, "shell": "/bin/bash"}
    private = {"privileged": {"hashedPassword": [KEPT["SHA-512"]]}}
    record = "/etc/userdb/hand.user"
    machine.run("install", "-d", "-o", "5000", "-g", "5000", "/home/hand")
    try:
        machine.write(record, json.dumps({**told, **private}))
        assert refusal(machine, "hand", "secret")
        assert "it has no password" in control(machine, "user", "list")[1]
        add = ("user", "passwd", "hand", "--password-stdin")
        assert "all may read" in control(machine, *add, text="x\n")[1]
        machine.write(record, json.dumps(told))
        machine.write(f"{record}-privileged", json.dumps(private), 0o600)
        with login(machine, "hand", "secret") as session:
            assert session.works()
        assert control(machine, *add, text="another\n")[0] == 0
        with login(machine, "hand", "another") as session:
            assert session.works()
    finally:
        control(machine, "user", "del", "hand")
        machine.run("rm", "-r", "/home/hand")
    assert "hand" not in " ".join(userdb(machine))


def test_a_pam_session_is_opened_for_such_users_too(machine: Machine) -> None:
    machine.write("/etc/ftpsd/ftpsd.conf.d/x.conf", "[Login]\nPAMSession=yes\n")
    try:
        with user(machine) as scan, login(machine, scan) as session:
            assert session.works()
            assert scan in machine.run("loginctl", "list-users", "--no-legend").stdout
    finally:
        machine.run("rm", "/etc/ftpsd/ftpsd.conf.d/x.conf")


CONVERTED = [(f"u{i}", KEPT[name]) for i, name in enumerate(KEPT)]


@contextmanager
def converted(machine: Machine, kind: str, *options: str) -> Iterator[tuple[int, str]]:
    """Convert a file with every kind of hash; the users share a home and a user id."""
    end = {"proftpd": ":/srv/virtual:/bin/bash", "pure-ftpd": f":/srv/virtual/./{':' * 12}"}[kind]
    lines = [f"{name}:{hash_}:45001:45001:{end}\n" for name, hash_ in CONVERTED]
    machine.write("/root/virtual", "".join(lines) + f"modern:{ARGON2}:45001:45001:{end}\n")
    machine.run("install", "-d", "-o", "45001", "-g", "45001", "/srv/virtual")
    try:
        yield control(machine, "convert", kind, "/root/virtual", *options)
    finally:
        for name in ("modern", *(name for name, _ in reversed(CONVERTED))):
            control(machine, "user", "del", name)
        machine.run("rm", "-r", "/srv/virtual", "/root/virtual")


@pytest.mark.parametrize("kind", ["pure-ftpd", "proftpd"])
def test_converted_users_log_in_with_the_passwords_they_had(machine: Machine, kind: str) -> None:
    before = userdb(machine)
    with converted(machine, kind, "--write") as (status, said):
        assert status == 0, said
        for name, _ in CONVERTED:
            with login(machine, name, "secret") as session:
                assert session.works()
        assert "Authentication failure" in refusal(machine, "u0", "wrong")
    assert userdb(machine) == before


def test_whose_password_cannot_be_kept_logs_in_with_a_new_one(machine: Machine) -> None:
    with converted(machine, "pure-ftpd", "--write") as (_, said):
        assert "argon2id" in said
        assert refusal(machine, "modern", "secret")
        assert "it has no password" in control(machine, "user", "list")[1]
        control(machine, "user", "passwd", "modern", "--password-stdin", text="secret\n")
        with login(machine, "modern", "secret") as session:
            assert session.works()


def test_a_conversion_writes_nothing_unless_it_is_told_to(machine: Machine) -> None:
    before = userdb(machine)
    with converted(machine, "proftpd") as (status, said):
        assert status == 0
        assert "nothing is written yet" in said
        assert userdb(machine) == before
        assert refusal(machine, "u0", "secret")
