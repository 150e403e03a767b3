# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has to use TLS, which TLS that is, and to whom a data connection belongs."""

from __future__ import annotations

import contextlib
import ftplib
import hashlib
import io
import socket
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest
from certificates import authority, credential
from drop_ins import setting
from ftp_session import SERVER, Session, network
from machine import Machine
from tls_session import NAME, TlsSession, clear_refused, s_client, trusting

from ftpsd.events import Event
from ftpsd.session import events

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.fixture(scope="module", autouse=True)
def _as_installed(machine: Machine) -> Iterator[None]:
    with clear_refused(machine):
        yield


def logged(machine: Machine, unit: str, event: Event) -> list[dict[str, str]]:
    return machine.journal(f"--unit={unit}", f"MESSAGE_ID={event.id}")


def test_a_password_is_refused_before_it_is_sent(machine: Machine) -> None:
    with Session(machine) as session:
        unit = session.unit
        assert session.reply("USER anna").startswith("530 Send AUTH TLS first")
        assert session.code(f"PASS {machine.passwords['anna']}") == "503"
        (entry,) = logged(machine, unit, events.ENCRYPTION_MISSED)
        assert entry["FTPSD_USER"] == "anna"
        assert session.code("PWD") == "530"


def test_who_has_no_account_is_told_the_same(machine: Machine) -> None:
    with Session(machine) as session:
        assert session.reply("USER nobody-knows").startswith("530 Send AUTH TLS first")


def test_anonymous_visitors_need_no_tls(machine: Machine) -> None:
    with Session(machine, "anonymous") as session:
        assert session.nlst() is not None


def test_passwords_may_be_sent_in_the_clear_where_the_admin_says_so(machine: Machine) -> None:
    with setting(machine, "[TLS]\nRequireTLS=no\n"), Session(machine, "anna") as anna:
        assert anna.works()


def test_nobody_is_served_in_the_clear_where_the_admin_says_so(machine: Machine) -> None:
    with setting(machine, "[TLS]\nRequireTLS=always\n"):
        for user in ("anonymous", "anna"):
            with Session(machine) as session:
                assert session.code(f"USER {user}") == "530"
            with TlsSession(machine, user) as session:
                assert session.nlst() is not None


def test_data_in_the_clear_is_refused_where_the_admin_says_so(machine: Machine) -> None:
    with setting(machine, "[TLS]\nRequireDataTLS=yes\n"):
        with TlsSession(machine, "anna") as anna:
            assert anna.code("PROT C") == "534"
            assert anna.works()
        with TlsSession(machine) as anna:
            anna.prot_c()
            anna.login("anna", machine.passwords["anna"])
            anna.sendcmd("EPSV")
            assert anna.code("STOR never") == "521"
            anna.prot_p()
            assert anna.works()


@contextlib.contextmanager
def policy(machine: Machine, name: str, match: str, *lines: str) -> Iterator[None]:
    path = f"/etc/ftpsd/policies.d/{name}.conf"
    machine.write(path, "\n".join(("[Match]", match, "[TLS]", *lines, "")))
    try:
        yield
    finally:
        machine.run("rm", path)


def test_what_is_demanded_may_differ_by_network_and_by_user(machine: Machine) -> None:
    demands = ("RequireDataTLS=yes", "TLSResumption=require")
    with (
        policy(machine, "old-devices", "Address=127.9.0.0/16", "RequireTLS=no"),
        policy(machine, "careful", "User=anna", *demands),
    ):
        with Session(machine, source="127.9.200.1") as session:
            assert session.code("USER anna") == "331"
        with Session(machine) as session:
            assert session.code("USER anna") == "530"
        with TlsSession(machine, "anna") as anna:
            assert anna.code("PROT C") == "534"
            anna.resumed = None
            assert refusal(anna).startswith("522 ")
        with TlsSession(machine, "bob") as bob:
            bob.resumed = None
            assert bob.works()
            assert bob.code("PROT C") == "200"


def test_sums_are_told_under_tls_too(machine: Machine) -> None:
    """A session that has the key opens no file any more, its own modules neither."""
    with TlsSession(machine, "anna") as anna:
        anna.storbinary("STOR sum", io.BytesIO(b"hello"))
        sums = [anna.reply(f"{verb} sum").lower() for verb in ("HASH", "XCRC", "XMD5", "XSHA512")]
        anna.delete("sum")

    assert sums[0].split()[3] == hashlib.sha256(b"hello").hexdigest()
    assert sums[1] == "250 3610a686"
    assert sums[2] == f"250 {hashlib.md5(b'hello').hexdigest()}"
    assert sums[3] == f"250 {hashlib.sha512(b'hello').hexdigest()}"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_works(machine: Machine, version: ssl.TLSVersion) -> None:
    with TlsSession(machine, "anna", context=trusting(version=version)) as anna:
        assert anna.works()


def refusal(session: TlsSession) -> str:
    """Ask for a list; give the reply that says why there is none."""
    with contextlib.suppress(OSError):
        session.transfercmd("NLST").close()
        # 150 has come
    return session.getmultiline()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_data_connection_must_resume_where_the_admin_says_so(
    machine: Machine, version: ssl.TLSVersion
) -> None:
    with (
        setting(machine, "[TLS]\nTLSResumption=require\n"),
        TlsSession(machine, "anna", context=trusting(version=version)) as anna,
    ):
        anna.resumed = None
        assert refusal(anna).startswith("522 ")
        anna.resumed = anna
        assert anna.works()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_ticket_of_another_session_is_refused(
    machine: Machine, version: ssl.TLSVersion
) -> None:
    context = trusting(version=version)
    with (
        setting(machine, "[TLS]\nTLSResumption=require\n"),
        TlsSession(machine, "anna", context=context) as anna,
        TlsSession(machine, "bob", context=context) as bob,
    ):
        assert anna.works()
        bob.resumed = anna
        assert refusal(bob).startswith("522 ")
        bob.resumed = bob
        assert bob.works()


def offer(data: socket.socket, context: ssl.SSLContext, session: ssl.SSLSession | None) -> Any:
    """Begin TLS on a data connection, as far as the server goes along; give the session."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, session=session)
    with data, contextlib.suppress(OSError):
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                data.sendall(outgoing.read())
                incoming.write(data.recv(65536) or b"the end")
        data.sendall(outgoing.read())
        while data.recv(65536):
            pass
    return tls.session


def test_who_was_refused_once_cannot_resume_that(machine: Machine) -> None:
    """A client that resumes by the number of a session has it before the server looks at it."""
    twelve = trusting(version=ssl.TLSVersion.TLSv1_2)
    twelve.options |= ssl.OP_NO_TICKET
    session: ssl.SSLSession | None = None
    with (
        setting(machine, "[TLS]\nTLSResumption=require\n"),
        TlsSession(machine, "anna") as anna,
    ):
        for _ in range(3):
            with network(machine):
                data, _ = ftplib.FTP.ntransfercmd(anna, "NLST")
            session = offer(data, twelve, session)
            assert anna.getmultiline().startswith("522 ")
        assert anna.works()


@pytest.mark.parametrize(("wanted", "times"), [("prefer", 1), ("off", 0)])
def test_what_does_not_resume_is_logged_once(machine: Machine, wanted: str, times: int) -> None:
    with (
        setting(machine, f"[TLS]\nTLSResumption={wanted}\n"),
        TlsSession(machine, "anna") as anna,
    ):
        assert anna.works()
        assert logged(machine, anna.unit, events.NOT_RESUMED) == []
        anna.resumed = None
        assert anna.works()
        assert anna.works()
        assert len(logged(machine, anna.unit, events.NOT_RESUMED)) == times


@pytest.mark.parametrize(
    ("text", "options", "found"),
    [
        ("", "", "TLSv1.3"),
        ("", "-tls1_2", "TLSv1.2"),
        ("TLSMinimum=1.3", "-tls1_2", "alert protocol version"),
        ("TLSCiphers=ECDHE-RSA-CHACHA20-POLY1305", "-tls1_2", "ECDHE-RSA-CHACHA20-POLY1305"),
        ("TLSCiphers=AES256-GCM-SHA384", "-tls1_2", "AES256-GCM-SHA384"),
        ("TLSCipherSuites=TLS_CHACHA20_POLY1305_SHA256", "", "TLS_CHACHA20_POLY1305_SHA256"),
        ("TLSGroups=P-521", "", "secp521r1"),
        ("TLSGroups=P-521", "-groups P-256", "alert handshake failure"),
    ],
)
def test_versions_ciphers_and_groups_are_the_admins(
    machine: Machine, text: str, options: str, found: str
) -> None:
    with setting(machine, f"[TLS]\n{text}\n"):
        assert found in s_client(machine, "-brief", *options.split())


@pytest.mark.parametrize("name", ["TLSCiphers", "TLSCipherSuites", "TLSGroups"])
def test_a_name_that_openssl_does_not_know_is_told(machine: Machine, name: str) -> None:
    with setting(machine, f"[TLS]\n{name}=NONSENSE\n"), Session(machine) as session:
        assert session.code("AUTH TLS") == "431"
        (entry,) = logged(machine, session.unit, events.TLS_FAILED)
        assert entry["FTPSD_REASON"].startswith(f"{name}=")


def test_a_login_by_hand(machine: Machine) -> None:
    made = authority(machine)
    said = f"USER anna\nPASS {machine.passwords['anna']}\nPWD\nQUIT\n"
    trust = ("-CAfile", f"{made.path}.crt", "-verify_return_error", "-verify_hostname", NAME)
    with credential(machine, "ftpsd.pem", made.sign(NAME)):
        answers = s_client(machine, "-quiet", "-alpn", "ftp", *trust, text=said).splitlines()

    assert [line[:3] for line in answers if line[:3].isdigit() and line[:3] != "220"] == [
        "331",
        "230",
        "257",
        "221",
    ]


def test_who_means_to_speak_something_else_is_refused(machine: Machine) -> None:
    """A browser sent here by an attacker, say (ALPACA)."""
    assert "ALPN protocol: ftp" in s_client(machine, "-alpn", "h2,ftp")
    assert "alert no application protocol" in s_client(machine, "-alpn", "h2,http/1.1")


def test_a_scan_finds_nothing_weak(machine: Machine) -> None:
    scan = ("sslscan", "--starttls-ftp", "--no-groups", "--xml=-", f"{SERVER}:21")
    (test,) = ET.fromstring(machine.run(*scan).stdout).iter("ssltest")
    enabled = {
        f"{one.get('type')} {one.get('version')}"
        for one in test.iter("protocol")
        if one.get("enabled") == "1"
    }
    ciphers = {one.get("cipher") or "" for one in test.iter("cipher")}
    flaws = {one.get("sslversion"): one.get("vulnerable") for one in test.iter("heartbleed")}

    assert enabled == {"tls 1.2", "tls 1.3"}
    assert ciphers
    assert [one for one in ciphers if "GCM" not in one and "POLY1305" not in one] == []
    assert [one for one in ciphers if not one.startswith(("ECDHE-", "DHE-", "TLS_"))] == []
    assert {one.get("strength") for one in test.iter("cipher")} <= {"strong", "acceptable"}
    assert set(flaws.values()) <= {"0"}
    assert {one.get("supported") for one in test.iter("renegotiation")} == {"0"}


def test_nothing_is_compressed_and_renegotiation_is_secure_where_it_is_known(
    machine: Machine,
) -> None:
    said = s_client(machine, "-tls1_2")

    assert "Compression: NONE" in said
    assert "Secure Renegotiation IS supported" in said
