# SPDX-License-Identifier: GPL-3.0-or-later
"""[Login] of the installed service: in the main file, in a drop-in and in a policy."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from drop_ins import sessions_of
from ftp_session import Session
from machine import Machine, eventually

MAIN = "/etc/ftpsd/ftpsd.conf"
PLACES = {
    "main": (MAIN, ""),
    "drop-in": ("/etc/ftpsd/ftpsd.conf.d/x.conf", ""),
    "policy": ("/etc/ftpsd/policies.d/x.conf", "[Match]\nAddress=127.9.0.0/16\n"),
}
_NUMBERS = itertools.count(1)


def own_address() -> str:
    """Give a client address that no test has used."""
    number = next(_NUMBERS)
    return f"127.9.{number // 250}.{number % 250 + 1}"


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """Each place that a setting may stand in."""
    where: str = request.param
    return where


@contextmanager
def chosen(machine: Machine, place: str, section: str, *lines: str) -> Iterator[None]:
    """Set options of a section; in a policy, for clients from 127.9.0.0/16."""
    file, match = PLACES[place]
    kept = machine.run("cat", MAIN).stdout
    machine.write(file, f"{match}[{section}]\n" + "".join(f"{line}\n" for line in lines))
    try:
        yield
    finally:
        machine.run("rm", file)
        machine.write(MAIN, kept)


def login(machine: Machine, place: str, *lines: str) -> AbstractContextManager[None]:
    """Set options of [Login]."""
    return chosen(machine, place, "Login", *lines)


def reply(machine: Machine, user: str, password: str | None = None, source: str = "") -> str:
    """Log in; give the reply."""
    with Session(machine, source=source or own_address()) as session:
        session.sendcmd(f"USER {user}")
        return session.reply(f"PASS {password or machine.passwords.get(user, 'a@example.org')}")


def test_users_are_allowed_and_denied(machine: Machine, place: str) -> None:
    for line in ("AllowUsers=bob", "DenyUsers=an*", "AllowGroups=bob", "DenyGroups=anna"):
        with login(machine, place, line):
            assert (line, reply(machine, "anna")[:3]) == (line, "530")
            assert (line, reply(machine, "bob")[:3]) == (line, "230")


def test_accounts_of_the_system_are_those_below_an_id(machine: Machine, place: str) -> None:
    uids = [int(machine.run("id", "-u", name).stdout) for name in ("anna", "bob")]
    assert uids == sorted(uids)
    with login(machine, place, f"MinimumUID={uids[1]}"):
        assert (reply(machine, "anna")[:3], reply(machine, "bob")[:3]) == ("530", "230")


def test_a_login_is_a_session_of_pam(machine: Machine, place: str) -> None:
    with Session(machine, "bob", source=own_address()):
        assert sessions_of(machine, "bob") == []
    with (
        login(machine, place, "PAMSession=yes"),
        Session(machine, "bob", source=own_address()),
    ):
        assert len(sessions_of(machine, "bob")) == 1
    eventually(lambda: not sessions_of(machine, "bob"))


def test_a_list_may_be_a_file(machine: Machine, place: str) -> None:
    machine.write("/etc/ftpsd/some", "# some\nbob\n")
    with login(machine, place, "AllowUsers=file:/etc/ftpsd/some"):
        assert (reply(machine, "anna")[:3], reply(machine, "bob")[:3]) == ("530", "230")
        machine.run("rm", "/etc/ftpsd/some")
        assert reply(machine, "bob")[:3] == "530"


def test_only_anonymous_clients_are_let_in(machine: Machine, place: str) -> None:
    with login(machine, place, "LocalUsers=no"):
        assert (reply(machine, "anna")[:3], reply(machine, "ftp")[:3]) == ("530", "230")


def test_only_who_has_an_account_is_let_in(machine: Machine, place: str) -> None:
    with login(machine, place, "Anonymous=no"):
        assert (reply(machine, "anna")[:3], reply(machine, "ftp")[:3]) == ("230", "530")


def test_anonymous_clients_are_another_account(machine: Machine, place: str) -> None:
    machine.run("useradd", "--create-home", "--system", "--shell", "/usr/sbin/nologin", "mirror")
    machine.write("/home/mirror/news", "x\n")
    machine.run("chmod", "755", "/home/mirror")
    try:
        with (
            login(machine, place, "AnonymousUser=mirror"),
            Session(machine, "anonymous", source=own_address()) as session,
        ):
            assert "news" in session.nlst()
    finally:
        machine.run("userdel", "--force", "--remove", "mirror", check=False)


def test_anonymous_clients_give_an_address_that_is_allowed(machine: Machine, place: str) -> None:
    lines = ("AnonymousPassword=listed", "AnonymousAllowEmail=*@example.org")
    with login(machine, place, *lines):
        assert reply(machine, "ftp", "guest@example.org")[:3] == "230"
        assert reply(machine, "ftp", "guest@example.com")[:3] == "530"
    with login(machine, place, "AnonymousDenyEmail=bot@*"):
        assert reply(machine, "ftp", "bot@example.org")[:3] == "530"


def test_anonymous_clients_are_not_asked_for_a_password(machine: Machine, place: str) -> None:
    with login(machine, place, "AnonymousPassword=none"):
        for name in ("anonymous", "ftp", "FTP"):
            with Session(machine, source=own_address()) as session:
                assert session.reply(f"USER {name}")[:3] == "230"
                assert session.nlst() is not None
        with Session(machine, source=own_address()) as session:
            assert session.reply("USER anna")[:3] == "331"
            assert session.reply("PASS")[:3] == "530"
    with (
        login(machine, place, "AnonymousPassword=none", "Anonymous=no"),
        Session(machine, source=own_address()) as session,
    ):
        assert session.reply("USER ftp")[:3] == "331"


def waits(machine: Machine, source: str) -> float:
    """Log in as anna; give the seconds it took."""
    begun = time.monotonic()
    assert reply(machine, "anna", source=source)[:3] == "230"
    return time.monotonic() - begun


@pytest.mark.parametrize("line", ["AddressFailures=1", "UserFailures=1"])
def test_who_fails_is_slowed_until_it_is_forgiven(machine: Machine, place: str, line: str) -> None:
    """By its address, and by the name wherever it comes from."""
    address = own_address()
    with login(machine, place, line):
        for _ in range(4):
            assert reply(machine, "anna", "wrong", address)[:3] == "530"
        source = address if line[0] == "A" else own_address()
        assert waits(machine, source) >= 3
        said = machine.run("ftpsdctl", "unban").stdout
        assert said.startswith("All failed logins are forgotten")
        # Less than a minute later nothing else would have forgiven anything.
        eventually(lambda: waits(machine, source) < 3)


def test_failures_are_forgiven_after_a_time(machine: Machine, place: str) -> None:
    address = own_address()
    with login(machine, place, "AddressFailures=1", "ForgiveFailureSec=1s"):
        for _ in range(4):
            reply(machine, "anna", "wrong", address)
        eventually(lambda: waits(machine, address) < 3)


def test_every_user_is_the_virtual_one(machine: Machine, place: str) -> None:
    machine.run("useradd", "--create-home", "--system", "--shell", "/usr/sbin/nologin", "web")
    try:
        with (
            login(machine, place, "VirtualUser=web"),
            Session(machine, "anna", source=own_address()) as anna,
        ):
            anna.store("mine", b"x")
            assert machine.run("stat", "-c", "%U", "/home/web/mine").stdout == "web\n"
            assert anna.works()
    finally:
        machine.run("userdel", "--force", "--remove", "web", check=False)


def test_passwords_are_checked_by_the_pam_file_that_is_set(machine: Machine, place: str) -> None:
    machine.write(
        "/etc/pam.d/ftpsd-open", "auth required pam_permit.so\naccount required pam_permit.so\n"
    )
    with login(machine, place, "PAMService=ftpsd-open"):
        assert reply(machine, "anna", "whatever")[:3] == "230"
    assert reply(machine, "anna", "whatever")[:3] == "530"


def test_sessions_are_counted(machine: Machine, place: str) -> None:
    here = own_address()
    for line, other in (
        ("SessionsPerUser=1", "bob"),
        ("SessionsPerAddress=1", ""),
        ("Sessions=1", ""),
    ):
        with login(machine, place, line), Session(machine, "anna", source=here) as anna:
            full = reply(machine, "anna", source=here)
            assert (line, full) == (line, "421 Too many sessions; come back later.")
            if other:
                assert reply(machine, other, source=here)[:3] == "230"
            # who logs in anew is counted once
            assert anna.code("REIN") == "220"
            eventually(lambda: anna.login("anna", machine.passwords["anna"]))
        with login(machine, place, line):
            # the worker of the session that left may take a moment to end
            eventually(lambda: reply(machine, "anna", source=here)[:3] == "230")


def test_another_address_has_sessions_of_its_own(machine: Machine, place: str) -> None:
    with (
        login(machine, place, "SessionsPerAddress=1"),
        Session(machine, "anna", source=own_address()),
    ):
        assert reply(machine, "anna")[:3] == "230"


def test_a_connection_may_try_so_often(machine: Machine, place: str) -> None:
    with (
        login(machine, place, "MaxLoginFailures=2"),
        Session(machine, source=own_address()) as session,
    ):
        told = []
        for _ in range(3):
            session.sendcmd("USER anna")
            told.append(session.code("PASS wrong"))
        assert told == ["530", "530", "421"]


def test_a_connection_may_try_as_often_as_can_be_set(machine: Machine) -> None:
    lines = ("MaxLoginFailures=15", "AddressFailures=infinity")
    with login(machine, "main", *lines), Session(machine, source=own_address()) as session:
        # In the clear each password is asked about before it is sent.
        told = [session.code(one) for _ in range(15) for one in ("USER anna", "PASS wrong")]
        assert told == ["331", "530"] * 15
        assert session.code("USER anna") == "331"
        assert session.reply("PASS wrong") == "421 Too many logins failed."


def test_logins_take_their_time(machine: Machine, place: str) -> None:
    with login(machine, place, "FailedLoginDelaySec=3s", "LoginDelaySec=2s"):
        begun = time.monotonic()
        assert reply(machine, "anna", "wrong")[:3] == "530"
        failed = time.monotonic()
        assert reply(machine, "anna")[:3] == "230"
        assert (failed - begun >= 3, time.monotonic() - failed >= 2) == (True, True)
