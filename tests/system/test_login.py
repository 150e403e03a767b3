# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in, who may not and for which reason, and as whom a session works then."""

from __future__ import annotations

import ftplib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ftp_session import Session
from machine import Machine, eventually

from ftpsd import events, limits

PASSWORD = "C\u00e4rls \\ 'password\" "
_NUMBERS = itertools.count(1)
FOR_FTP = ("--shell", "/usr/sbin/nologin", "--groups", "ftpsd-users")
"""How an account is made that is for FTP only."""
either = pytest.mark.parametrize("options", [(), FOR_FTP], ids=["by shell", "by group"])


def own_address() -> str:
    """Give a client address that no login has failed from."""
    return f"127.7.0.{next(_NUMBERS)}"


@contextmanager
def account(machine: Machine, *options: str, name: str = "carl") -> Iterator[str]:
    """Make an account for one test."""
    machine.run("useradd", "--create-home", "--shell", "/bin/bash", *options, name)
    try:
        machine.run("chpasswd", text=f"{name}:{PASSWORD}\n")
        yield name
    finally:
        machine.run("userdel", "--force", "--remove", name, check=False)


def log_in(machine: Machine, user: str, password: str) -> tuple[str, str]:
    """Try to log in from an address of its own; give the reply and the address."""
    source = own_address()
    with Session(machine, source=source) as session:
        assert session.reply(f"USER {user}").startswith("331 ")
        return session.reply(f"PASS {password}"), source


def refusals(machine: Machine, source: str) -> list[tuple[str, str]]:
    """Give user and reason of each refusal to an address, as the log of the sessions has them."""
    what = (f"MESSAGE_ID={events.LOGIN_REFUSED.id}", f"FTPSD_REMOTE={source}")
    found = machine.journal("--unit=ftpsd@*", *what)
    return [(entry["FTPSD_USER"], entry["FTPSD_REASON"]) for entry in found]


def assert_refused(machine: Machine, user: str, password: str, reason: str) -> None:
    reply, source = log_in(machine, user, password)

    assert reply == "530 Login incorrect."
    ((logged_user, logged_reason),) = refusals(machine, source)
    assert logged_user == user
    assert reason in logged_reason


def test_an_account_logs_in(machine: Machine) -> None:
    with account(machine) as carl:
        reply, source = log_in(machine, carl, PASSWORD)

        assert reply.startswith("230 ")
        assert refusals(machine, source) == []


def test_a_wrong_password_is_refused(machine: Machine) -> None:
    assert_refused(machine, "anna", "wrong", "Authentication failure")


def test_an_unknown_user_gets_the_same_answer(machine: Machine) -> None:
    assert_refused(machine, "nobody-knows", "wrong", "")


@pytest.mark.parametrize("groups", ["", "ftpsd-users"])
def test_root_is_refused(machine: Machine, groups: str) -> None:
    machine.run("chpasswd", text=f"root:{PASSWORD}\n")
    machine.run("usermod", "--groups", groups, "root")
    try:
        assert_refused(machine, "root", PASSWORD, "root")
    finally:
        machine.run("passwd", "--lock", "root")
        machine.run("usermod", "--groups", "", "root")


def test_a_second_name_of_root_is_refused(machine: Machine) -> None:
    machine.run("useradd", "--non-unique", "--uid", "0", "--shell", "/bin/bash", "toor")
    try:
        machine.run("chpasswd", text=f"toor:{PASSWORD}\n")
        assert_refused(machine, "toor", PASSWORD, "root")
    finally:
        machine.run("sed", "-i", "/^toor:/d", "/etc/passwd", "/etc/shadow")


@pytest.mark.parametrize("line", ["carl", "  carl\t"])
def test_an_account_in_ftpusers_is_refused(machine: Machine, line: str) -> None:
    machine.write("/etc/ftpusers", f"# who may not\n{line}\n")
    try:
        with account(machine) as carl:
            assert_refused(machine, carl, PASSWORD, "/etc/ftpusers")
    finally:
        machine.run("rm", "/etc/ftpusers")


@either
def test_a_system_account_is_refused(machine: Machine, options: tuple[str, ...]) -> None:
    with account(machine, "--system", *options) as carl:
        assert_refused(machine, carl, PASSWORD, "system account")


@pytest.mark.parametrize("shell", ["/usr/sbin/nologin", "/bin/false"])
def test_an_account_without_a_login_shell_is_refused(machine: Machine, shell: str) -> None:
    with account(machine, "--shell", shell) as carl:
        assert_refused(machine, carl, PASSWORD, "")


def test_an_account_for_ftp_needs_no_login_shell(machine: Machine) -> None:
    with account(machine, *FOR_FTP) as carl:
        reply, source = log_in(machine, carl, PASSWORD)

        assert reply.startswith("230 ")
        assert refusals(machine, source) == []
        assert_refused(machine, carl, "wrong", "Authentication failure")


@either
@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("passwd --lock carl", "Authentication failure"),
        ("chage --expiredate 0 carl", "account"),
        ("chage --lastday 0 carl", "no longer valid"),
    ],
)
def test_an_account_that_is_locked_or_expired_is_refused(
    machine: Machine, command: str, reason: str, options: tuple[str, ...]
) -> None:
    with account(machine, *options) as carl:
        machine.run(*command.split())
        assert_refused(machine, carl, PASSWORD, reason)


def test_nobody_logs_in_while_nologin_says_so(machine: Machine) -> None:
    machine.write("/etc/nologin", "Maintenance.\n")
    try:
        with account(machine) as carl:
            assert_refused(machine, carl, PASSWORD, "account")
    finally:
        machine.run("rm", "/etc/nologin")


@either
@pytest.mark.parametrize("password", ["", "anything"])
def test_an_account_without_a_password_is_refused(
    machine: Machine, password: str, options: tuple[str, ...]
) -> None:
    with account(machine, *options) as carl:
        machine.run("passwd", "--delete", carl)
        assert_refused(machine, carl, password, "")


@pytest.mark.parametrize("home", ["missing", "closed", "file"])
def test_a_home_that_cannot_be_entered_is_told(machine: Machine, home: str) -> None:
    changes = {
        "missing": "rm -r /home/carl",
        "closed": "chown root: /home/carl; chmod 0700 /home/carl",
        "file": "rm -r /home/carl; echo >/home/carl",
    }
    with account(machine) as carl:
        machine.run("sh", "-euc", changes[home])
        reply, source = log_in(machine, carl, PASSWORD)
        machine.run("rm", "-rf", "/home/carl")

    assert reply == "530 Your directory cannot be entered."
    what = (f"MESSAGE_ID={events.LOGIN_FAILED.id}", f"FTPSD_REMOTE={source}")
    (entry,) = machine.journal("--unit=ftpsd@*", *what)
    assert entry["FTPSD_USER"] == "carl"
    assert "/home/carl: " in entry["FTPSD_REASON"]


def test_a_login_without_the_port_broker_is_refused_and_leaves_no_worker(machine: Machine) -> None:
    there, elsewhere = "/run/ftpsd/org.ftpsd.Ports", "/run/ftpsd/elsewhere"
    machine.run("mv", there, elsewhere)
    try:
        reply, _ = log_in(machine, "anna", machine.passwords["anna"])
        assert reply == "421 Logging in is not possible now."
        workers = ("pgrep", "--uid", "anna", "--full", "ftpsd")
        eventually(lambda: machine.run(*workers, check=False).returncode)
    finally:
        machine.run("mv", elsewhere, there)
    with Session(machine, "anna") as session:
        assert session.works()


def test_files_belong_to_the_user(machine: Machine) -> None:
    with account(machine) as carl:
        machine.passwords[carl] = PASSWORD
        with Session(machine, carl) as session:
            session.store("new", b"x")
            session.mkd("made")
        stat = ("stat", "--format=%U:%G %a", "/home/carl/new", "/home/carl/made")
        assert machine.run(*stat).stdout == "carl:carl 644\ncarl:carl 755\n"


def test_a_private_home_is_served(machine: Machine) -> None:
    with account(machine) as carl:
        machine.passwords[carl] = PASSWORD
        machine.run("chmod", "0700", "/home/carl")
        with Session(machine, carl) as session:
            assert session.works()


def test_nothing_above_the_home_is_there(machine: Machine) -> None:
    with account(machine) as carl:
        machine.passwords[carl] = PASSWORD
        machine.run("ln", "-s", "/etc", "/home/carl/outside", user="carl")
        machine.run("ln", "-s", "../../etc/hostname", "/home/carl/file", user="carl")
        with Session(machine, carl) as session:
            for path in ("/etc/hostname", "../../etc/hostname", "outside/hostname", "file"):
                with pytest.raises(ftplib.error_perm, match="550 "):
                    session.fetch(path)
            assert session.code("CWD outside") == "550"
            assert session.code("CDUP") == "250"
            assert session.pwd() == "/"


def test_the_groups_of_a_user_count(machine: Machine) -> None:
    machine.run("groupadd", "team")
    try:
        with account(machine, "--groups", "team") as carl:
            machine.passwords[carl] = PASSWORD
            machine.run("install", "--directory", "--group=team", "--mode=2775", "/home/carl/team")
            machine.run("install", "--directory", "--group=root", "--mode=2775", "/home/carl/root")
            with Session(machine, carl) as session:
                session.store("team/new", b"x")
                with pytest.raises(ftplib.error_perm, match="553 "):
                    session.store("root/new", b"x")
            stat = ("stat", "--format=%U:%G %a", "/home/carl/team/new")
            assert machine.run(*stat).stdout == "carl:team 644\n"
    finally:
        machine.run("groupdel", "team")


def test_another_user_logs_in_after_rein(machine: Machine) -> None:
    with Session(machine, "anna") as session:
        session.store("hers", b"x")
        assert session.code("USER bob") == "530"
        assert session.code("REIN") == "220"
        assert session.code("PWD") == "530"
        session.login("bob", machine.passwords["bob"])
        assert "hers" not in session.nlst()
        assert session.works()
        assert session.code("REIN") == "220"
        session.login("anna", machine.passwords["anna"])
        session.delete("hers")
    workers = ("pgrep", "--uid", "anna,bob", "--full", "ftpsd")
    eventually(lambda: machine.run(*workers, check=False).returncode)


def start_over(session: Session, password: str) -> None:
    assert session.code("REIN") == "220"
    session.login("anna", password)


def test_who_logs_in_without_end_is_told_that_no_more_logins_are_possible(machine: Machine) -> None:
    with Session(machine, "anna") as session:
        # The settings for TLS are asked of the helper, too, and twice for each login.
        assert "AUTH TLS" in session.sendcmd("FEAT")
        for _ in range((limits.REQUESTS - 3) // 2):
            start_over(session, machine.passwords["anna"])
        with pytest.raises(ftplib.error_temp, match="421 Logging in is not possible now"):
            start_over(session, machine.passwords["anna"])
