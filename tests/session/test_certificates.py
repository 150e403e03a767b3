# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, of the server and of clients, and how weak a client's TLS may be."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import pytest
from secured import EC, V12, Protected, client_context, make_certificate, openssl
from tls_pairs import connected, meet, tls

from ftpsd.session.secure import Refused, Secure
from ftpsd.session.tls import seconds_left


@pytest.fixture(scope="module")
def known(credentials: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of two names, and an authority that has signed anna's."""
    found = tmp_path_factory.mktemp("known")
    shutil.copy(credentials / "ftpsd.pem", found)
    make_certificate(found / "ftpsd.other.example.pem", "other.example", "subjectAltName=DNS:x")
    make_certificate(found / "ftpsd.ca", "an authority")
    for name in ("anna", "two"):
        subject = "/CN=anna" if name == "anna" else "/CN=anna/CN=bob"
        request, key, signed = (str(found / f"{name}.{end}") for end in ("csr", "key", "crt"))
        openssl("req", "-new", "-nodes", *EC, "-subj", subject, "-keyout", key, "-out", request)
        authority = ("-CA", str(found / "ftpsd.ca"), "-CAkey", str(found / "ftpsd.ca"))
        openssl("x509", "-req", "-in", request, *authority, "-CAcreateserial", "-out", signed)
    return found


def shaken(directory: Path, context: ssl.SSLContext, **wanted: object) -> tuple[Secure, Protected]:
    name = str(wanted.pop("name", "localhost"))
    with connected() as (ours, theirs):
        server = tls(directory, **wanted).control(ours)
        client = Protected(theirs, context, name=name)
        meet(server, client)
        client.arrived()
        return server, client


def showing(directory: Path, name: str) -> ssl.SSLContext:
    """Give a context of a client that has a certificate."""
    context = client_context()
    context.load_cert_chain(directory / f"{name}.crt", directory / f"{name}.key")
    return context


def verifying(directory: Path, file: str) -> ssl.SSLContext:
    """Give a context of a client that trusts one certificate alone."""
    context = ssl.create_default_context(cafile=str(directory / file))
    context.check_hostname = False
    # counts tickets elsewhere
    vars(context)["tickets"] = {}
    return context


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("other.example", "ftpsd.other.example.pem"),
        ("OTHER.example", "ftpsd.other.example.pem"),
        ("localhost", "ftpsd.pem"),
        ("unknown.example", "ftpsd.pem"),
        ("127.0.0.1", "ftpsd.pem"),
    ],
)
def test_a_client_gets_the_certificate_of_the_name_it_asks_for(
    known: Path, name: str, file: str
) -> None:
    shaken(known, verifying(known, file), name=name)


def test_a_client_that_asks_for_another_name_resumes_too(known: Path) -> None:
    made, context = tls(known), client_context(V12)
    with connected() as (ours, theirs):
        control = Protected(theirs, context, name="other.example")
        meet(made.control(ours), control)
        with connected() as (data, their_data):
            server = made.data(data, must_resume=True)
            meet(server, Protected(their_data, context, control.session, name="other.example"))

            assert server.resumed


@pytest.mark.parametrize(
    ("asks", "name", "expected"),
    [
        ("no", "anna", None),
        ("optional", None, None),
        ("optional", "anna", "anna"),
        ("required", "anna", "anna"),
        ("required", "two", None),
    ],
)
def test_the_name_of_a_client_is_the_one_in_its_certificate(
    known: Path, asks: str, name: str | None, expected: str | None
) -> None:
    """One with two names has none: which of them an authority meant is not for us to say."""
    context = showing(known, name) if name else client_context()

    assert shaken(known, context, client_certificate=asks)[0].certificate == expected


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_where_a_certificate_is_required_none_is_refused(known: Path, version: str) -> None:
    context = client_context(V12 if version == "1.2" else None)
    with pytest.raises(Refused, match="did not return a certificate"):
        shaken(known, context, client_certificate="required")


@pytest.mark.parametrize("asks", ["optional", "required"])
def test_a_certificate_that_nobody_has_signed_is_refused(known: Path, asks: str) -> None:
    context = client_context()
    context.load_cert_chain(known / "ftpsd.other.example.pem")
    with pytest.raises(Refused, match="certificate verify failed"):
        shaken(known, context, client_certificate=asks)


def test_without_an_authority_certificates_cannot_be_asked_for(credentials: Path) -> None:
    with pytest.raises(Refused, match=r"ftpsd\.ca"):
        tls(credentials, client_certificate="required")


def test_an_older_version_than_wanted_is_refused(known: Path) -> None:
    with pytest.raises(Refused, match="unsupported protocol"):
        shaken(known, client_context(V12), tls13_only=True)


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256", "AES128-SHA"])
def test_a_weak_cipher_is_refused(known: Path, cipher: str) -> None:
    context = client_context(V12)
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with pytest.raises(Refused, match="no shared cipher"):
        shaken(known, context)


def test_an_admin_may_allow_a_weak_cipher(known: Path) -> None:
    context = client_context(V12)
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA")
    server, _ = shaken(known, context, tls_ciphers="DEFAULT")

    assert server.about == ("TLSv1.2", "ECDHE-ECDSA-AES128-SHA")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", r"ftpsd\.pem: "),
        ("nonsense", r"ftpsd\.pem: "),
        ("a key and no certificate", r"ftpsd\.pem: "),
        ("a key of another", "key values mismatch"),
        ("a passphrase", "passphrase"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_told(
    known: Path, tmp_path: Path, content: str, reason: str
) -> None:
    file = tmp_path / "ftpsd.pem"
    mine, others = ((known / name).read_text() for name in ("ftpsd.pem", "ftpsd.ca"))
    end = "-----END PRIVATE KEY-----\n"
    if content == "a passphrase":
        source = str(known / "ftpsd.pem")
        openssl("pkcs8", "-topk8", "-in", source, "-out", str(file), "-passout", "pass:x")
        content = file.read_text() + mine.partition(end)[2]
    elif content == "a key of another":
        content = others.partition(end)[0] + end + mine.partition(end)[2]
    elif content == "a key and no certificate":
        content = mine.partition(end)[0] + end
    file.write_text(content)

    with pytest.raises(Refused, match=reason):
        tls(tmp_path)


def test_no_certificate_is_no_tls(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no certificate"):
        tls(tmp_path)


def test_it_is_known_when_a_certificate_ends(known: Path) -> None:
    """`openssl req` makes them for thirty days."""
    ends = tls(known).ends
    begin = ssl.cert_time_to_seconds("Jan  1 00:00:00 2020 GMT")

    assert ends.endswith(" GMT")
    assert seconds_left("Jan  2 00:00:01 2020 GMT", begin) == 86401
    assert seconds_left(ends, begin) > 0
