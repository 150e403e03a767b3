# SPDX-License-Identifier: GPL-3.0-or-later
"""What settings name and is not there is found before a login fails by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftpsd.admin import check
from ftpsd.helper import settings
from ftpsd.options import Settings
from ftpsd.session import openssl
from ftpsd.session.verbs import OLDER, SITE, VERBS

HERE: dict[str, Any] = {"pam_service": "here"}


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a directory with a PAM service, a greeting and a list."""
    for name in ("here", "mirror", "list"):
        (tmp_path / name).write_text("x\n")
    monkeypatch.setattr(check, "PAM", (tmp_path,))
    monkeypatch.setattr(check, "GREETINGS", tmp_path)
    monkeypatch.setattr(check, "BANNER", tmp_path / "banner")
    monkeypatch.setattr(check, "STORES", (tmp_path / "usr", tmp_path))
    return tmp_path


def said(**chosen: object) -> list[str]:
    values: dict[str, Any] = {**HERE, **chosen}
    return list(check.missing(Settings(**values)))


def test_nothing_is_said_of_what_is_there(places: Path) -> None:
    names = (f"file:{places}/list", "anna")
    root: dict[str, object] = dict.fromkeys(
        ("anonymous_user", "virtual_user", "upload_owner"), "root"
    )
    tls = {"tls_ciphers": "DEFAULT", "tls_groups": "X25519:P-256"}
    tls["tls_cipher_suites"] = "TLS_AES_256_GCM_SHA384"
    told = {"login_message": f"file:{places}/list", "greeting": "mirror"}

    assert said() == []
    assert said(allow_users=names, passive_address="127.0.0.1", **root, **tls, **told) == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("greeting", "nope", "Greeting=nope: there is no "),
        ("pam_service", "nope", "PAMService=nope: there is no "),
        ("anonymous_user", "no-such", "AnonymousUser=no-such: there is no account of this name"),
        ("virtual_user", "no-such", "VirtualUser=no-such: there is no account of this name"),
        ("upload_owner", "no-such", "UploadOwner=no-such: there is no account of this name"),
        ("allow_users", ("a", "file:/no/pe"), "AllowUsers=file:/no/pe: it cannot be read: No such"),
        ("deny_groups", ("file:/no/pe",), "DenyGroups=file:/no/pe: it cannot be read: No such"),
        ("login_message", "file:/no/pe", "LoginMessage=file:/no/pe: it cannot be read: No such"),
        ("deny_users", ("carla", "anna;"), "DenyUsers=anna;: this is one name; spaces separate"),
        ("deny_users", ("anna,bob",), "DenyUsers=anna,bob: this is one name; spaces separate"),
        ("passive_address", "no such", "PassiveAddress=no such: it has no IPv4 address here"),
        ("tls_ciphers", "NOPE", "TLSCiphers=NOPE: OpenSSL knows none of them"),
        ("tls_cipher_suites", "NOPE", "TLSCipherSuites=NOPE: OpenSSL does not know all"),
        ("tls_groups", "NOPE", "TLSGroups=NOPE: OpenSSL does not know all"),
    ],
)
def test_what_is_named_and_not_there_is_said(name: str, value: object, says: str) -> None:
    (line,) = said(**{name: value})

    assert line.startswith(says)


def test_a_name_that_is_no_command_is_said_with_its_file_and_line(tmp_path: Path) -> None:
    policies = tmp_path / "policies.d"
    policies.mkdir()
    main, policy = tmp_path / "ftpsd.conf", policies / "x.conf"
    main.write_text("[Session]\nDenyCommands=DELE site_chmod\nAllowCommands=RETR STRO\n")
    policy.write_text("[Match]\nUser=a\n[Session]\nDenyCommands=XMKD\n")
    found = check.unknown_commands((tmp_path,))

    assert [(one.file, one.line) for one in found] == [(main, 3), (policy, 4)]
    assert found[0].reason.endswith("there is no command STRO")


def test_every_command_is_known(tmp_path: Path) -> None:
    every = [*(set(VERBS) - set(OLDER)), *(f"SITE_{name}" for name in SITE)]
    (tmp_path / "ftpsd.conf").write_text(f"[Session]\nAllowCommands={' '.join(every)}\n")

    assert check.unknown_commands((tmp_path,)) == []
    assert settings.load(None, (tmp_path,))[1] == []


def test_a_greeting_of_former_days_is_said(places: Path) -> None:
    (places / "banner").write_text("x")

    assert "is not read any more" in said()[0]


@pytest.mark.parametrize(("one", "other"), [("ftpsd.crt", "ftpsd.key"), ("ftpsd.key", "ftpsd.crt")])
def test_a_certificate_without_its_key_is_said(places: Path, one: str, other: str) -> None:
    """The one that ftpsd has signed itself is served then, and no client trusts it."""
    (places / one).write_text("x")
    assert said() == [f"{one} alone is not used: ftpsd.crt and ftpsd.key belong together"]
    (places / "usr").mkdir()
    (places / "usr" / other).write_text("x")
    assert said() == []


def test_a_python_whose_tls_is_not_known_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openssl, "KNOWN", ((3, 10),))

    assert "is not known here" in said()[0]
