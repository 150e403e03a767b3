# SPDX-License-Identifier: GPL-3.0-or-later
"""The key of the server: who has it, who can see it, and what TLS is worth to a hostile session."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from drop_ins import drop_in
from hostile import by_root, inside, key, wires
from hostile.conftest import ACCOUNTS
from hostile.ground import Ground, Probe
from tls_session import clear_refused

from ftpsd import limits
from ftpsd.wire.helper import HELPER

CREDENTIALS = "/run/credentials"
OPEN_BEFORE = "/usr/lib/os-release"
SELF_SIGNED = "ftpsd.self-signed"
CONTROL = {"controlFileDescriptor": 0}
SETTINGS = "/etc/ftpsd/ftpsd.conf.d/x.conf"
WAYS = ("open", "openat", "O_PATH", "directory", "itself")
"""Ways to see a file that are open to a session until it has loaded the key."""


@pytest.fixture
def secrets(ground: Ground) -> list[str]:
    """Give the key's first prime as bytes in hexadecimal, and the beginning of its text."""
    path = f"/etc/credstore/{SELF_SIGNED}"
    said = ground.machine.run("openssl", "pkey", "-in", path, "-noout", "-text").stdout
    found = re.search("prime1:([0-9a-f: \n]+)", said)
    assert found is not None
    prime = bytes.fromhex(re.sub("[: \n]", "", found[1])).lstrip(b"\0")
    text = ground.machine.run("sed", "-n", "5,6p", path).stdout.strip()
    # as OpenSSL keeps numbers, and as they are written
    return [prime[::-1].hex(), prime.hex(), text.encode("ascii").hex()]


def directory(unit: str) -> str:
    return f"{CREDENTIALS}/{unit}"


def test_a_session_that_has_the_key_opens_no_file_any_more(ground: Ground) -> None:
    with ground.turned() as turned:
        assert turned.greeting.startswith("220 ")
        path = OPEN_BEFORE
        # a probe that finds nothing would prove nothing
        assert {how: turned.stopped(key.see, how, path) for how in WAYS} == dict.fromkeys(
            WAYS, "through"
        )
        turned.protect()
        every = (*WAYS, "openat2", "descriptor", "openat beneath")
        stopped = {how: turned.stopped(key.see, how, path) for how in every}
        assert set(stopped.values()) == {"EPERM"}, stopped
        assert turned.login("anna", ACCOUNTS["anna"]).startswith("230 ")
        assert turned.stopped(inside.read, path) == "EPERM"
        assert turned.say("PWD").startswith("257 ")
        pid = ground.main_pid(ground.unit(turned))
        held = ground.machine.run("find", f"/proc/{pid}/fd", "-lname", "*memfd*").stdout
        assert held == ""
        assert turned.stopped(key.see, "x32", path) in ("EPERM", "ENOSYS", "ended")


def test_the_key_is_in_its_session_and_nowhere_else(ground: Ground, secrets: list[str]) -> None:
    others = ground.workers()
    with ground.ftp() as ftp, ground.ftp() as other:
        ftp.protect()
        assert ftp.login("anna", ACCOUNTS["anna"]).startswith("230 ")
        (worker,) = ground.workers() - others
        session = ground.main_pid(ground.unit(ftp))
        helper = ground.main_pid("ftpsd-helper.service")
        children = ground.machine.run("pgrep", "-P", str(helper)).stdout.split()
        broker = ground.main_pid("ftpsd-ports.service")
        in_the_clear = ground.main_pid(ground.unit(other))

        assert secrets[0] in ground.by_root(by_root.bytes_in_memory, session, secrets)
        for pid in (worker, helper, *map(int, children), broker, in_the_clear):
            assert ground.by_root(by_root.bytes_in_memory, pid, secrets) == [], pid


def given(probe: Probe) -> list[str]:
    """Ask for the key; name what is given."""
    came = probe.ask(wires.ask, "helper", f"{HELPER.name}.GetEncryption", CONTROL, ["client"])
    return [str(one).partition(" ")[2] for one in came["reply"]["parameters"]["credentials"]]


def test_a_session_is_given_the_key_once(ground: Ground, probe: Probe, sibling: Probe) -> None:
    """What it may not open any more, it may not ask for either; nor after the helper's restart."""
    assert SELF_SIGNED in given(probe)
    assert given(probe) == []
    ground.machine.run("systemctl", "restart", "ftpsd-helper.service")
    assert given(probe) == []
    assert SELF_SIGNED in given(sibling)
    ground.machine.run("systemctl", "restart", "ftpsd-helper.service")
    assert given(sibling) == []
    with ground.probe(source="127.0.0.78") as new:
        assert SELF_SIGNED in given(new)


@pytest.fixture
def handed(ground: Ground) -> Iterator[Ground]:
    """Give a machine where systemd hands each session the key, by a drop-in."""
    text = f"[Service]\nLoadCredential={SELF_SIGNED}\n"
    with drop_in(ground.machine, "ftpsd@.service", text):
        yield ground


def test_a_session_sees_no_credentials_but_its_own(
    handed: Ground, probe: Probe, sibling: Probe
) -> None:
    """All sessions are one uid: the permissions of a file keep none of them out."""
    ground = handed
    own, theirs = ground.unit(probe), ground.unit(sibling)
    path = f"{directory(theirs)}/{SELF_SIGNED}"

    assert probe.ask(inside.tree, CREDENTIALS) == [own]
    assert probe.ask(inside.read, f"{directory(own)}/{SELF_SIGNED}") > 0
    assert sibling.ask(inside.read, path) > 0
    assert probe.stopped(inside.read, path) == "ENOENT"
    assert probe.stopped(inside.read, f"/proc/{ground.main_pid(theirs)}/root{path}") == "ENOENT"
    for stored in ("/etc/credstore", "/etc/credstore.encrypted", "/var/lib/systemd"):
        assert probe.stopped(inside.tree, stored) == "ENOENT", stored


def test_a_session_changes_no_credential(handed: Ground, probe: Probe) -> None:
    path = directory(handed.unit(probe))

    for file in (f"{path}/{SELF_SIGNED}", f"{path}/new"):
        assert probe.stopped(inside.write, file) in ("EPERM", "EROFS", "EACCES"), file


def test_only_root_reads_what_is_stored(ground: Ground) -> None:
    ground.machine.run("sh", "-c", "id mallory || useradd -m -s /bin/bash mallory")
    for path in (f"/etc/credstore/{SELF_SIGNED}", f"{CREDENTIALS}/"):
        script = f"! cat {path}* {path}ftpsd@*/* 2>/dev/null | grep -q ."
        ground.machine.run("sh", "-c", script, user="mallory")


@pytest.fixture
def probe(ground: Ground) -> Iterator[Probe]:
    """Give a hostile session from an address of its own: its failures would slow others down."""
    with ground.probe(source="127.0.0.77") as probe:
        yield probe


@pytest.fixture
def settings(ground: Ground) -> Iterator[Ground]:
    """Give a machine as it is installed, whose settings a test may change."""
    with clear_refused(ground.machine):
        yield ground
    ground.machine.run("rm", "-f", SETTINGS)


@pytest.mark.parametrize("password", [ACCOUNTS["anna"], "wrong"])
def test_a_session_cannot_let_passwords_pass_in_the_clear(
    settings: Ground, probe: Probe, password: str
) -> None:
    """Its helper says no whatever the password is, and says the same."""
    for _ in range(limits.LOGIN_ATTEMPTS):
        claimed = {"tls": False}
        came = probe.ask(wires.login_claiming, "anna", password, claimed)
        assert came == "EncryptionRequired"
    assert settings.machine.run("pgrep", "-u", "anna", check=False).stdout == ""


@pytest.mark.parametrize("wanted", ["no", "with_password"])
def test_a_certificate_that_nobody_showed_replaces_no_password(
    settings: Ground, probe: Probe, wanted: str
) -> None:
    settings.machine.write(SETTINGS, f"[TLS]\nCertificateLogin={wanted}\n")
    claimed = {"certificate": "anna"}

    assert probe.ask(wires.login_claiming, "anna", "", claimed) == "Denied"


@pytest.mark.parametrize("user", ["root", "daemon", "bob"])
def test_a_certificate_that_nobody_showed_opens_no_other_account(
    settings: Ground, probe: Probe, user: str
) -> None:
    """Where it is all that is needed a session could claim any: but no account that is closed."""
    settings.machine.write(SETTINGS, "[TLS]\nCertificateLogin=without_password\n")
    claimed = {"certificate": user if user != "bob" else "anna"}

    assert probe.ask(wires.login_claiming, user, "", claimed) == "Denied"
