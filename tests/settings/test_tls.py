# SPDX-License-Identifier: GPL-3.0-or-later
"""[TLS]: each setting does something, wherever it is set; a policy is for the client's address."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

import pytest
from configured import Configured
from secured import V12, V13, SecureClient, client_context, make_certificate
from served import PASSWORD, USER, Client, empty, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "[Match]\nAddress=127.0.0.1\n"


@pytest.fixture(scope="module")
def with_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Configured]:
    """Give a server with a certificate, which it takes for the authority of clients as well."""
    credentials, config, log, root = (
        tmp_path_factory.mktemp(name) for name in ("credentials", "config", "log", "root")
    )
    make_certificate(credentials / "ftpsd.pem", "localhost")
    (credentials / "ftpsd.ca").write_bytes((credentials / "ftpsd.pem").read_bytes())
    options = ("--config", str(config), "--credentials", str(credentials))
    with serving(root, log / "log", *options) as served:
        yield Configured(served, config)


@pytest.fixture
def server(with_tls: Configured) -> Iterator[Configured]:
    """Give it with nothing set but that passwords may pass in the clear."""
    empty(with_tls.root)
    with_tls.write("main", "[TLS]\nRequireTLS=no\n")
    yield with_tls
    assert not with_tls.served.trouble()


def choose(server: Configured, place: str, *lines: str) -> None:
    """Set options; before a login it is only known where a client is."""
    text = "[TLS]\n" + "".join(f"{line}\n" for line in lines)
    if place == "policy":
        server.write("main", "")
        server.add("policies.d/x.conf", HERE + text)
    else:
        server.write(place, text)


def shaken(server: Configured, context: ssl.SSLContext) -> tuple[str, str]:
    """Give the version and the cipher that are spoken; nothing if there is no agreement."""
    try:
        with SecureClient(server.served, context=context) as client:
            assert client.tls is not None
            name, version, _ = client.tls.tls.cipher() or ("", "", 0)
            assert client.says("NOOP")[:3] == "200"
            return version, name
    except (OSError, EOFError):
        return "", ""


def test_a_password_needs_tls(server: Configured, place: str) -> None:
    server.write("main", "")
    with Client(server.served) as client:
        assert client.says(f"USER {USER}")[:3] == "530"
    choose(server, place, "RequireTLS=no")
    with Client(server.served) as client:
        assert client.codes(f"USER {USER}", f"PASS {PASSWORD}") == ["331", "230"]
    choose(server, place, "RequireTLS=passwords")
    with Client(server.served) as client:
        assert client.says(f"USER {USER}")[:3] == "530"
    with SecureClient(server.served) as secure:
        assert secure.codes(f"USER {USER}", f"PASS {PASSWORD}") == ["331", "230"]


@pytest.mark.parametrize(("value", "code"), [("yes", "534"), ("no", "200")])
def test_data_needs_tls(server: Configured, place: str, value: str, code: str) -> None:
    choose(server, place, f"RequireDataTLS={value}")
    with SecureClient(server.served) as client:
        assert client.login().says("PROT C")[:3] == code


@pytest.mark.parametrize(("value", "code"), [("require", "522"), ("off", "226")])
def test_data_has_to_resume(server: Configured, place: str, value: str, code: str) -> None:
    (server.root / "file").write_text("x")
    choose(server, place, f"TLSResumption={value}")
    with SecureClient(server.served, V12) as client:
        client.login()
        with client.passive() as data:
            assert client.says("RETR file")[:3] == "150"
            with contextlib.suppress(OSError):
                client.protect(data, resume=False).shake()
            assert client.reply()[:3] == code


@pytest.mark.parametrize(("value", "code"), [("yes", "426"), ("no", "226")])
def test_an_upload_has_to_announce_its_end(
    server: Configured, place: str, value: str, code: str
) -> None:
    choose(server, place, f"RequireTLSClose={value}")
    with SecureClient(server.served) as client:
        client.login()
        with client.transfer("STOR new") as data:
            data.sendall(b"x")
        assert client.reply()[:3] == code


def test_old_versions_are_refused(server: Configured, place: str) -> None:
    assert shaken(server, client_context(V12))[0] == "TLSv1.2"
    choose(server, place, "TLSMinimum=1.3")
    assert shaken(server, client_context(V12)) == ("", "")
    assert shaken(server, client_context(V13))[0] == "TLSv1.3"


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("TLSCiphers=ECDHE-ECDSA-CHACHA20-POLY1305", V12),
        ("TLSCipherSuites=TLS_CHACHA20_POLY1305_SHA256", V13),
    ],
)
def test_ciphers_are_those_of_the_list(
    server: Configured, place: str, line: str, version: ssl.TLSVersion
) -> None:
    assert "CHACHA20" not in shaken(server, client_context(version))[1]
    choose(server, place, line)
    assert shaken(server, client_context(version))[1] == line.partition("=")[2]


def test_groups_are_those_of_the_list(server: Configured, place: str) -> None:
    context = client_context()
    context.set_ecdh_curve("prime256v1")
    assert shaken(server, context)[0]
    choose(server, place, "TLSGroups=P-521")
    assert shaken(server, context) == ("", "")
    assert shaken(server, client_context())[0]


def test_a_certificate_is_asked_for(server: Configured, place: str) -> None:
    assert shaken(server, client_context())[0]
    choose(server, place, "ClientCertificate=required")
    assert shaken(server, client_context()) == ("", "")
