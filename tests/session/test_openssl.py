# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reached behind Python's back is what is meant, or nothing at all."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from secured import V12, V13, Protected, client_context
from tls_pairs import Session, connected, meet, tls

from ftpsd.session import openssl
from ftpsd.session.secure import Refused
from ftpsd.session.tls import _strong

SUITE, OTHER = "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"


@pytest.fixture
def context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python of which nobody has looked where it keeps its pointers."""
    monkeypatch.setattr(openssl, "KNOWN", ())


def test_this_python_is_known() -> None:
    """One more release is added to KNOWN when Modules/_ssl.c was looked at, and all this passes."""
    assert openssl.known()


@pytest.mark.parametrize("suite", [SUITE, OTHER])
def test_a_cipher_suite_is_chosen(credentials: Path, suite: str) -> None:
    with connected() as (ours, theirs):
        server = tls(credentials, tls_cipher_suites=suite).control(ours)
        meet(server, Protected(theirs, client_context(V13)))

        assert server.about == ("TLSv1.3", suite)


@pytest.mark.parametrize("group", ["X25519", "P-384"])
def test_a_group_is_chosen(credentials: Path, group: str) -> None:
    other = client_context()
    other.set_ecdh_curve("prime256v1")
    with connected() as (ours, theirs):
        server = tls(credentials, tls_groups=group).control(ours)
        theirs.sendall(Protected(theirs, other).begin())
        with pytest.raises(Refused, match="no suitable"):
            server.advance()
    with connected() as (ours, theirs):
        meet(tls(credentials, tls_groups=group).control(ours), Protected(theirs, client_context()))


def test_what_openssl_does_not_know_is_told(context: ssl.SSLContext) -> None:
    assert not openssl.set_cipher_suites(context, "NONSENSE")
    assert not openssl.set_groups(context, "NONSENSE")


@pytest.mark.parametrize("setting", ["tls_cipher_suites", "tls_groups", "tls_ciphers"])
def test_a_setting_that_openssl_does_not_know_leaves_no_tls(
    credentials: Path, setting: str
) -> None:
    with pytest.raises(Refused):
        tls(credentials, **{setting: "NONSENSE"})


@pytest.mark.parametrize("policy", ["DEFAULT", "ALL:COMPLEMENTOFALL:@SECLEVEL=0", "ECDHE+AESGCM"])
def test_ciphers_are_those_of_the_policy(context: ssl.SSLContext, policy: str) -> None:
    context.set_ciphers(policy)

    assert openssl.ciphers(context) == [one["name"] for one in context.get_ciphers()]


@pytest.mark.usefixtures("unknown")
def test_with_an_unknown_python_ciphers_are_named_all_the_same(context: ssl.SSLContext) -> None:
    assert openssl.ciphers(context) == [one["name"] for one in context.get_ciphers()]


def test_of_any_policy_only_strong_ciphers_are_left(context: ssl.SSLContext) -> None:
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    strong = _strong(openssl.ciphers(context)).split(":")
    told: dict[str, Any] = {one["name"]: dict(one) for one in context.get_ciphers()}

    assert {told[name]["kea"] for name in strong} == {"kx-ecdhe", "kx-dhe"}
    assert all(told[name]["aead"] for name in strong)
    assert not [name for name in strong if told[name]["auth"] == "auth-null"]


def test_a_ticket_needs_tls_13(credentials: Path) -> None:
    with Session(credentials, V12) as old, Session(credentials, V13) as new:
        assert not openssl.new_ticket(old.server._tls)
        assert openssl.new_ticket(new.server._tls)


@pytest.mark.parametrize("version", [V12, V13])
def test_whether_the_peer_has_announced_the_end_is_known(
    credentials: Path, version: ssl.TLSVersion
) -> None:
    with Session(credentials, version) as session:
        server, client = session.data()
        assert not openssl.closed(server._tls)
        client.notify()
        assert server.recv(1) == b""
        assert openssl.closed(server._tls)


@pytest.mark.usefixtures("unknown")
def test_with_an_unknown_python_nothing_is_touched(context: ssl.SSLContext) -> None:
    assert not openssl.set_ticket_life(context)
    assert not openssl.set_cipher_suites(context, SUITE)
    assert not openssl.set_groups(context, "X25519")


@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("setting", [{"tls_cipher_suites": SUITE}, {"tls_groups": "X25519"}])
def test_with_an_unknown_python_what_was_asked_for_is_not_left_out(
    credentials: Path, setting: dict[str, str]
) -> None:
    with pytest.raises(Refused, match="cannot be had"):
        tls(credentials, **setting)


@pytest.mark.usefixtures("unknown")
def test_with_an_unknown_python_there_is_tls_all_the_same(credentials: Path) -> None:
    with Session(credentials, V13) as session:
        session.server.renew_ticket()
        session.data(session.client.session, must_resume=True)

        assert session.client.tickets == 2
