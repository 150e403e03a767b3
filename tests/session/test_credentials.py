# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate is used, of those that are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ftpsd.session.credentials import Credentials


def having(directory: Path, *names: str) -> Credentials:
    for name in names:
        (directory / name).write_text(name)
    return Credentials(str(directory))


@pytest.mark.parametrize(
    ("names", "chain", "key"),
    [
        (("ftpsd.self-signed",), "ftpsd.self-signed", None),
        (("ftpsd.self-signed", "ftpsd.pem"), "ftpsd.pem", None),
        (("ftpsd.pem", "ftpsd.crt", "ftpsd.key"), "ftpsd.crt", "ftpsd.key"),
        (("ftpsd.self-signed", "ftpsd.crt"), "ftpsd.self-signed", None),
        (("ftpsd.pem", "ftpsd.key"), "ftpsd.pem", None),
    ],
)
def test_what_an_admin_has_put_there_goes_before_what_was_made(
    tmp_path: Path, names: tuple[str, ...], chain: str, key: str | None
) -> None:
    found = having(tmp_path, *names).certificate()

    assert found is not None
    assert found.chain == str(tmp_path / chain)
    assert found.key == (key and str(tmp_path / key))


@pytest.mark.parametrize("names", [(), ("ftpsd.crt",), ("ftpsd.key",), ("ftpsd.a.example.pem",)])
def test_half_a_certificate_is_none(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert having(tmp_path, *names).certificate() is None


@pytest.mark.parametrize("directory", [None, "", "/nowhere"])
def test_where_nothing_is_handed_over_there_is_nothing(directory: str | None) -> None:
    found = Credentials(directory)

    assert (found.certificate(), found.others()) == (None, {})


def test_certificates_for_other_names_are_found_by_these(tmp_path: Path) -> None:
    names = ("ftpsd.pem", "ftpsd.FTP.Example.org.pem", "ftpsd.b.example.pem", "ftpsd.b.example.crt")
    found = having(tmp_path, *names, "other.pem").others()

    assert {name: one.chain for name, one in found.items()} == {
        "ftp.example.org": str(tmp_path / "ftpsd.FTP.Example.org.pem"),
        "b.example": str(tmp_path / "ftpsd.b.example.pem"),
    }


def test_a_greeting_may_have_any_bytes(tmp_path: Path) -> None:
    (tmp_path / "default").write_bytes(b"one\r\nt\xfcwo\n")

    assert Credentials(None, str(tmp_path)).greeting("default") == ["one", "t\ufffdwo"]


def test_where_no_greeting_is_written_there_is_none_to_choose(tmp_path: Path) -> None:
    assert not Credentials(None).has_greetings
    assert not Credentials(None, "/nowhere").has_greetings
    assert not Credentials(None, str(tmp_path)).has_greetings

    (tmp_path / "default").write_text("")
    assert Credentials(None, str(tmp_path)).has_greetings


def test_an_authority_is_where_it_is(tmp_path: Path) -> None:
    found = having(tmp_path, "ftpsd.ca")

    assert found.path("ftpsd.ca") == str(tmp_path / "ftpsd.ca")
    assert found.path("ftpsd.pem") is None


def brought(tmp_path: Path, **contents: bytes) -> Credentials:
    """Give credentials that came from the helper, into a directory that has others."""
    found = Credentials(str(tmp_path))
    memory = os.memfd_create("all")
    os.write(memory, b"".join(contents.values()))
    found.bring([f"{len(one)} ftpsd.{name}" for name, one in contents.items()], memory)
    os.close(memory)
    return found


def test_what_is_brought_can_be_read_until_it_is_dropped(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    found = brought(tmp_path, pem=b"key and chain", ca=b"", crt=b"chain")
    paths = {name: found.path(f"ftpsd.{name}") for name in ("pem", "ca", "crt")}

    read = {name: Path(path or "").read_bytes() for name, path in paths.items()}
    assert read == {"pem": b"key and chain", "ca": b"", "crt": b"chain"}
    certificate = found.certificate()
    assert certificate is not None
    assert (certificate.name, certificate.chain) == ("ftpsd.pem", paths["pem"])
    found.drop()
    assert found.certificate() is None
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_systemd_has_handed_over_goes_first(tmp_path: Path) -> None:
    (tmp_path / "ftpsd.pem").write_text("systemd's")
    found = brought(tmp_path, pem=b"the helper's", ca=b"authority")

    assert found.path("ftpsd.pem") == str(tmp_path / "ftpsd.pem")
    found.drop()
    assert found.path("ftpsd.pem") == str(tmp_path / "ftpsd.pem")
    assert found.path("ftpsd.ca") is None
