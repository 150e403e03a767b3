# SPDX-License-Identifier: GPL-3.0-or-later
"""The greeting of the installed service: one for all, others for some, and no wait without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from drop_ins import drop_in
from ftp_session import SERVER, Session
from machine import Machine
from processes import main_pid
from test_login_policies import PLACES, chosen, own_address
from test_tls_certificates import logged

from ftpsd.session import events

USUAL = "220 FTP server ready."
DIRECTORY = "/etc/ftpsd/greetings"


@contextmanager
def greetings(machine: Machine, **texts: str) -> Iterator[None]:
    """Write texts to greet with."""
    for name, text in texts.items():
        machine.write(f"{DIRECTORY}/{name}", text)
    machine.run("chmod", "755", DIRECTORY)
    try:
        yield
    finally:
        machine.run("rm", "-r", DIRECTORY)


def greeting(machine: Machine, source: str = "") -> str | None:
    with Session(machine, source=source) as session:
        assert session.code("NOOP")[:1] in "25"
        return session.welcome


def told(machine: Machine) -> str:
    """Give what the journal says of a greeting that a client did not get."""
    with Session(machine, source=own_address()) as session:
        assert session.welcome == USUAL
        (message,) = logged(machine, session.unit, events.GREETING_UNREADABLE)
        return message


@pytest.mark.parametrize("place", PLACES)
def test_clients_are_greeted_with_the_text_that_is_set(machine: Machine, place: str) -> None:
    text = "Gr\u00fc\u00df Gott\n220 not the last\tline\n"
    with (
        greetings(machine, default="Hello\n", mirror=text),
        chosen(machine, place, "Session", "Greeting=mirror"),
    ):
        said = greeting(machine, own_address()) or ""
        assert said.startswith("220-Gr\u00fc\u00df Gott\n220 220 not the last")
        if place == "policy":
            assert greeting(machine) == "220 Hello"
    assert greeting(machine, own_address()) == USUAL


def test_where_tls_begins_with_the_first_byte_there_is_a_greeting_too(machine: Machine) -> None:
    policy = "/etc/ftpsd/policies.d/x.conf"
    argv = ("timeout", "20", "openssl", "s_client", "-connect", f"{SERVER}:990", "-crlf", "-quiet")
    machine.write(policy, "[Match]\nTLS=yes\nPort=990\n[Session]\nGreeting=sealed\n")
    try:
        with (
            greetings(machine, sealed="Sealed\n"),
            drop_in(machine, "ftpsd.socket", "[Socket]\nListenStream=990\n"),
        ):
            said = machine.run(*argv, text="QUIT\n", check=False).stdout
            assert said.startswith("220 Sealed")
            assert greeting(machine) == USUAL
    finally:
        machine.run("rm", policy)


def test_a_greeting_that_a_session_cannot_read_is_told(machine: Machine) -> None:
    with greetings(machine, default="Hello\n"):
        machine.run("chmod", "600", f"{DIRECTORY}/default")
        assert told(machine) == "The greeting default cannot be read: Permission denied."
        machine.run("chmod", "700", DIRECTORY)
        assert told(machine) == "The greeting default cannot be read: Permission denied."
        machine.run("chmod", "755", DIRECTORY)
        machine.run("ln", "-sf", "/etc/passwd", f"{DIRECTORY}/other")
        for name in ("other", "missing"):
            with chosen(machine, "policy", "Session", f"Greeting={name}"):
                reason = f"The greeting {name} cannot be read: No such file or directory."
                assert told(machine) == reason


def test_where_there_is_no_greeting_nobody_waits_for_the_helper(machine: Machine) -> None:
    pid = main_pid(machine, "ftpsd-helper.service")
    machine.run("kill", "-STOP", pid)
    try:
        with Session(machine) as session:
            assert session.welcome == USUAL
    finally:
        machine.run("kill", "-CONT", pid)
