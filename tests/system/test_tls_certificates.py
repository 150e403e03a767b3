# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: where the server's come from, what is told of them, and what clients' are for."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from certificates import CREDSTORE, Authority, authority, credential
from drop_ins import drop_in, setting
from ftp_session import Session
from machine import Machine
from test_login import account, own_address
from test_login_policies import PLACES, chosen
from tls_session import NAME, TlsSession, clear_refused, s_client, trusting

from ftpsd.events import Event
from ftpsd.session import events

SELF_SIGNED = f"{CREDSTORE}/ftpsd.self-signed"
OTHER = "other.example.org"
Context = Callable[..., ssl.SSLContext]


@pytest.fixture(scope="module", autouse=True)
def signer(machine: Machine) -> Iterator[Authority]:
    """Give an authority for the server; the server is as it is installed."""
    with clear_refused(machine):
        yield authority(machine)


@pytest.fixture
def showing(machine: Machine, tmp_path: Path) -> Iterator[Context]:
    """Give what makes a client that shows a certificate; who has signed it the server trusts."""
    trusted = authority(machine, "Clients")

    def make(name: str, by: Authority = trusted) -> ssl.SSLContext:
        (tmp_path / "pem").write_text(by.sign(name))
        context = trusting()
        context.load_cert_chain(tmp_path / "pem")
        return context

    with credential(machine, "ftpsd.ca", trusted.pem):
        yield make


def logged(machine: Machine, unit: str, event: Event) -> list[str]:
    entries = machine.journal(f"--unit={unit}", f"MESSAGE_ID={event.id}")
    return [entry["MESSAGE"] for entry in entries]


def shown(machine: Machine, *options: str) -> str:
    """Give the subject of the certificate that a client is shown."""
    said = s_client(machine, *options)
    return next(line for line in said.splitlines() if line.startswith("subject="))


def refused(machine: Machine, context: ssl.SSLContext | None = None) -> bool:
    """Say whether a client is refused for its certificate; in TLS 1.3 it learns that late."""
    try:
        session = TlsSession(machine, context=context)
    except (OSError, EOFError):
        return True
    with contextlib.closing(session):
        return session.code("NOOP") != "200"


def test_a_certificate_is_asked_for_if_the_admin_says_so(
    machine: Machine, showing: Context
) -> None:
    stranger = authority(machine, "Stranger")
    with setting(machine, "[TLS]\nClientCertificate=required\n"):
        with TlsSession(machine, "anna", context=showing("whoever")) as anna:
            assert anna.works()
        assert refused(machine)
        assert refused(machine, showing("anna", stranger))
    with setting(machine, "[TLS]\nClientCertificate=optional\n"):
        with TlsSession(machine, "anna") as anna:
            assert anna.works()
        assert refused(machine, showing("anna", stranger))


def test_a_certificate_may_have_to_be_the_users(machine: Machine, showing: Context) -> None:
    text = "[TLS]\nClientCertificate=optional\nCertificateLogin=with_password\n"
    with setting(machine, text):
        with TlsSession(machine, context=showing("anna")) as anna:
            assert anna.code("USER anna") == "331"
            assert anna.code(f"PASS {machine.passwords['anna']}") == "230"
            assert anna.works()
        for context in (showing("bob"), showing("ANNA"), None):
            with TlsSession(machine, context=context, source=own_address()) as session:
                assert session.code("USER anna") == "331"
                assert session.reply(f"PASS {machine.passwords['anna']}").startswith("530 ")


@pytest.mark.parametrize("place", PLACES)
def test_whom_a_certificate_lets_in_is_set_anywhere(
    machine: Machine, showing: Context, place: str
) -> None:
    options = ("ClientCertificate=optional", "CertificateLogin=without_password")
    with (
        chosen(machine, place, "TLS", *options),
        TlsSession(machine, context=showing("anna"), source="127.9.255.1") as anna,
    ):
        assert anna.code("USER anna") == "232"
    with TlsSession(machine, context=showing("anna"), source="127.9.255.1") as anna:
        assert anna.code("USER anna") == "331"


def test_a_certificate_may_be_all_that_is_needed(machine: Machine, showing: Context) -> None:
    text = "[TLS]\nClientCertificate=optional\nCertificateLogin=without_password\n"
    with setting(machine, text):
        with TlsSession(machine, context=showing("anna")) as anna:
            assert anna.code("USER anna") == "232"
            assert anna.works()
        # whatever the certificate says, it is that of somebody else
        with TlsSession(machine, context=showing("anna"), source=own_address()) as anna:
            assert anna.code("USER bob") == "331"
            assert anna.code(f"PASS {machine.passwords['bob']}") == "530"
        with TlsSession(machine, source=own_address()) as session:
            assert session.code("USER anna") == "331"
            assert session.code("PASS ") == "530"


def test_a_certificate_opens_no_account_that_is_closed(machine: Machine, showing: Context) -> None:
    text = "[TLS]\nClientCertificate=required\nCertificateLogin=without_password\n"
    second_root = ("--non-unique", "--uid", "0")

    def answer(name: str) -> str:
        with TlsSession(machine, context=showing(name), source=own_address()) as session:
            return session.reply(f"USER {name}")

    with setting(machine, text):
        assert answer("root") == "530 Login incorrect."
        assert answer("daemon") == "530 Login incorrect."
        with account(machine) as carl:
            assert answer(carl).startswith("232 ")
            machine.run("chage", "--expiredate", "0", carl)
            assert answer(carl) == "530 Login incorrect."
        machine.run("useradd", *second_root, "--shell", "/bin/bash", "zero")
        try:
            assert answer("zero") == "530 Login incorrect."
        finally:
            machine.run(
                "sed", "-i", "/^zero:/d", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"
            )


def test_clients_get_the_certificate_of_the_name_they_ask_for(
    machine: Machine, signer: Authority
) -> None:
    name = f"ftpsd.{OTHER}.pem"
    with (
        credential(machine, "ftpsd.pem", signer.sign(NAME)),
        credential(machine, name, signer.sign(OTHER)),
    ):
        assert shown(machine, "-servername", OTHER).endswith(OTHER)
        assert shown(machine, "-servername", OTHER.upper()).endswith(OTHER)
        assert shown(machine, "-servername", NAME).endswith(NAME)
        assert shown(machine, "-servername", "unknown.example.org").endswith(NAME)
        assert shown(machine, "-noservername").endswith(NAME)


def test_a_certificate_can_be_encrypted(machine: Machine, signer: Authority) -> None:
    sealed = "/etc/credstore.encrypted/ftpsd.pem"
    encrypt = ("systemd-creds", "encrypt", "--with-key=host", "--name=ftpsd.pem", "-", sealed)
    text = f"[Service]\nLoadCredentialEncrypted=ftpsd.pem:{sealed}\n"
    machine.run("mkdir", "-p", "-m", "0700", "/etc/credstore.encrypted")
    try:
        machine.run(*encrypt, text=signer.sign(NAME))
        with drop_in(machine, "ftpsd@.service", text):
            assert shown(machine).endswith(NAME)
    finally:
        machine.run("rm", "-f", sealed)


def test_key_and_chain_can_be_apart(machine: Machine, signer: Authority) -> None:
    key, begin, chain = signer.sign(NAME).partition("-----BEGIN CERT")
    with (
        credential(machine, "ftpsd.key", key),
        credential(machine, "ftpsd.crt", begin + chain),
    ):
        assert shown(machine).endswith(NAME)


def test_a_drop_in_takes_them_from_elsewhere(machine: Machine, signer: Authority) -> None:
    path = "/etc/ssl/private/ftp.example.org.pem"
    machine.write(path, signer.sign(NAME), 0o600)
    try:
        text = f"[Service]\nLoadCredential=ftpsd.pem:{path}\n"
        with drop_in(machine, "ftpsd@.service", text):
            assert shown(machine).endswith(NAME)
    finally:
        machine.run("rm", path)


def test_a_renewal_serves_the_next_connection(machine: Machine, signer: Authority) -> None:
    other = authority(machine, "Renewed")
    with (
        credential(machine, "ftpsd.pem", signer.sign(NAME)),
        TlsSession(machine, "anna", context=trusting(signer.pem)) as before,
    ):
        machine.write(f"{CREDSTORE}/ftpsd.pem", other.sign(NAME), 0o600)
        with TlsSession(machine, "anna", context=trusting(other.pem)) as anna:
            assert anna.works()
        with pytest.raises(ssl.SSLCertVerificationError):
            TlsSession(machine, context=trusting(signer.pem))
        assert before.works()


@contextlib.contextmanager
def without_certificate(machine: Machine) -> Iterator[None]:
    machine.run("mv", SELF_SIGNED, f"{SELF_SIGNED}.off")
    try:
        yield
    finally:
        machine.run("mv", "-f", f"{SELF_SIGNED}.off", SELF_SIGNED)


def test_without_a_certificate_there_is_no_tls(machine: Machine) -> None:
    with without_certificate(machine), Session(machine) as session:
        assert "AUTH" not in session.sendcmd("FEAT")
        assert session.code("AUTH TLS") == "431"
        assert session.code("USER anna") == "530"
        session.login()
        assert session.nlst() is not None


def broken(kind: str, signer: Authority) -> str:
    """Give a credential that is no good."""
    key, begin, chain = signer.sign(NAME).partition("-----BEGIN CERT")
    return {
        "garbage": "not a certificate\n",
        "empty": "",
        "no key": begin + chain,
        "no chain": key,
        "another's key": signer.sign(OTHER).partition("-----BEGIN CERT")[0] + begin + chain,
    }[kind]


@pytest.mark.parametrize("kind", ["garbage", "empty", "no key", "no chain", "another's key"])
def test_a_broken_certificate_is_told(machine: Machine, signer: Authority, kind: str) -> None:
    with (
        credential(machine, "ftpsd.pem", broken(kind, signer)),
        Session(machine) as session,
    ):
        assert session.code("AUTH TLS") == "431"
        assert session.code("AUTH SSL") == "431"
        (message,) = logged(machine, session.unit, events.TLS_FAILED)
        assert ": ftpsd.pem: " in message
        assert "pem lib" not in message
        session.login()
        assert session.nlst() is not None


def test_a_key_with_a_passphrase_is_told_and_asked_for_nowhere(
    machine: Machine, signer: Authority
) -> None:
    key, begin, chain = signer.sign(NAME).partition("-----BEGIN CERT")
    locked = machine.run("openssl", "pkey", "-aes256", "-passout", "pass:secret", text=key).stdout
    with (
        credential(machine, "ftpsd.pem", locked + begin + chain),
        Session(machine) as session,
    ):
        assert session.code("AUTH TLS") == "431"
        (message,) = logged(machine, session.unit, events.TLS_FAILED)
        assert "passphrase" in message


@pytest.mark.parametrize(("days", "times"), [(13, 1), (15, 0)])
def test_a_certificate_that_ends_soon_is_told(
    machine: Machine, signer: Authority, days: int, times: int
) -> None:
    with (
        credential(machine, "ftpsd.pem", signer.sign(NAME, days)),
        TlsSession(machine) as session,
    ):
        messages = logged(machine, session.unit, events.CERTIFICATE_ENDS)
        assert len(messages) == times
        assert all(" GMT" in message for message in messages)


def test_a_certificate_that_has_ended_is_told_as_such(machine: Machine, signer: Authority) -> None:
    with (
        credential(machine, "ftpsd.pem", signer.sign(NAME, -1)),
        TlsSession(machine) as session,
    ):
        (message,) = logged(machine, session.unit, events.CERTIFICATE_ENDED)
        assert message.startswith("The certificate of this server has ended: ")
        assert logged(machine, session.unit, events.CERTIFICATE_ENDS) == []


def test_installing_makes_a_certificate_that_is_roots_alone(machine: Machine) -> None:
    stat = machine.run("stat", "--format=%U:%G %a", SELF_SIGNED, CREDSTORE).stdout
    host = machine.run("hostname").stdout.strip()

    assert stat == "root:root 600\nroot:root 700\n"
    assert shown(machine).endswith(host)
    with TlsSession(machine, "anna") as anna:
        assert anna.works()


def test_a_certificate_is_made_once(machine: Machine) -> None:
    digest = ("sha256sum", SELF_SIGNED)
    before = machine.run(*digest).stdout
    machine.run("systemctl", "start", "ftpsd-keygen.service")
    machine.run("systemctl", "restart", "ftpsd.socket")
    assert machine.run("ftpsd", "keygen").returncode == 0
    assert machine.run(*digest).stdout == before


def test_the_socket_makes_a_certificate_unless_there_is_the_admins(
    machine: Machine, signer: Authority
) -> None:
    start = ("systemctl", "start", "ftpsd-keygen.service")
    with without_certificate(machine):
        for name in ("ftpsd.pem", "ftpsd.key"):
            with credential(machine, name, signer.sign(NAME)):
                machine.run(*start)
                assert machine.run("test", "-e", SELF_SIGNED, check=False).returncode == 1
        machine.run("systemctl", "restart", "ftpsd.socket")
        # it is part of the same start
        machine.run(*start)
        assert machine.run("stat", "--format=%U %a", SELF_SIGNED).stdout == "root 600\n"
        with TlsSession(machine, "anna") as anna:
            assert anna.works()


def test_a_certificate_that_cannot_be_read_is_told_and_no_other_shown(machine: Machine) -> None:
    link = f"{CREDSTORE}/ftpsd.pem"
    machine.run("ln", "-s", "/nowhere", link)
    try:
        with Session(machine) as session:
            assert session.code("AUTH TLS") == "431"
            (message,) = logged(machine, session.unit, events.TLS_FAILED)
            assert message.endswith(": ftpsd.pem: it is empty, or cannot be read.")
    finally:
        machine.run("rm", link)


def test_a_certificate_may_be_a_link_to_where_it_is_renewed(
    machine: Machine, signer: Authority
) -> None:
    machine.run("mkdir", "-m", "700", "-p", "/etc/letsencrypt/live")
    machine.write("/etc/letsencrypt/live/both.pem", signer.sign(NAME), 0o600)
    link = f"{CREDSTORE}/ftpsd.pem"
    machine.run("ln", "-s", "/etc/letsencrypt/live/both.pem", link)
    try:
        assert shown(machine).endswith(NAME)
    finally:
        machine.run("rm", "-r", link, "/etc/letsencrypt")
