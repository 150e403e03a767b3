# SPDX-License-Identifier: GPL-3.0-or-later
"""ftpsdctl import-vsftpd shows first, writes when told, and writes over nothing unasked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ftpsd.admin.control import main
from ftpsd.admin.vsftpd.command import guessed
from ftpsd.helper.settings import load

ROOT = Path(__file__).parents[3]
TEXT = (
    "listen=YES\nlocal_enable=YES\nanonymous_enable=NO\nidle_session_timeout=90\nftpd_banner=Hi\n"
)
SETTINGS = "etc/ftpsd/ftpsd.conf.d/50-vsftpd.conf"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a configuration, beside an empty root directory."""
    file = tmp_path / "vsftpd.conf"
    file.write_text(TEXT)
    (tmp_path / "root").mkdir()
    return file


def run(config: Path, *more: str) -> int:
    root = config.parent / "root"
    return main(["import-vsftpd", str(config), f"--root={root}", "--vendor=upstream", *more])


def written(config: Path) -> dict[str, str]:
    root = config.parent / "root"
    return {str(one.relative_to(root)): one.read_text() for one in root.rglob("*") if one.is_file()}


def test_without_write_it_shows_and_writes_nothing(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(config) == 0

    said = capsys.readouterr().out
    assert f"#### /{SETTINGS}\n" in said
    assert "LocalUsers=yes" in said
    assert "   2  local_enable=YES" in said
    assert written(config) == {}


def test_with_write_the_files_are_there_and_ftpsd_reads_them(config: Path) -> None:
    assert run(config, "--write") == 0

    assert {SETTINGS, "etc/ftpsd/greetings/vsftpd"} <= written(config).keys()
    chosen, mistakes = load(directories=(config.parent / "root/etc/ftpsd",))
    assert chosen.idle_timeout_sec == 90
    assert not chosen.anonymous
    assert [one.reason for one in mistakes] == []


def test_no_others_can_read_what_may_be_secret(config: Path) -> None:
    config.write_text(TEXT + "secure_email_list_enable=YES\nemail_password_file=/list\n")
    (config.parent / "root/list").write_text("a@example.org\n")

    assert run(config, "--write") == 0
    root = config.parent / "root"
    assert (root / "etc/ftpsd/vsftpd.email_passwords").stat().st_mode & 0o777 == 0o600
    assert (root / "etc/ftpsd/greetings/vsftpd").stat().st_mode & 0o777 == 0o644
    assert (root / SETTINGS).stat().st_mode & 0o777 == 0o644


def test_what_is_there_stays_unless_forced(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = config.parent / "root" / SETTINGS
    there.parent.mkdir(parents=True)
    there.write_text("mine")

    assert run(config, "--write") == 1
    assert written(config) == {SETTINGS: "mine"}
    assert f"/{SETTINGS}: is there; --force" in capsys.readouterr().err

    assert run(config, "--write", "--force") == 0
    assert "LocalUsers=yes" in written(config)[SETTINGS]


def test_a_link_that_is_there_is_replaced_and_not_followed(config: Path) -> None:
    there = config.parent / "root" / SETTINGS
    there.parent.mkdir(parents=True)
    there.symlink_to(config)

    assert run(config, "--write") == 1
    assert run(config, "--write", "--force") == 0
    assert config.read_text() == TEXT
    assert not there.is_symlink()


def test_what_an_earlier_import_wrote_and_this_does_not_is_told(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = config.parent / "root/etc/ftpsd/policies.d/50-vsftpd-user-anna.conf"
    old.parent.mkdir(parents=True)
    old.write_text("")

    assert run(config) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "/etc/ftpsd/policies.d/50-vsftpd-user-anna.conf is from an earlier import" in said


def test_a_configuration_that_vsftpd_refuses_is_refused_with_all_its_lines(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("listen=maybe\nlisten=YES\nnonsense=1\n")

    assert run(config, "--write") == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{config}:1", f"{config}:3"]
    assert written(config) == {}


def test_a_file_that_is_not_there_or_none_is_told(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(config.parent / "nothing") == 1
    assert "No such file" in capsys.readouterr().err
    assert main(["import-vsftpd", "/dev/null"]) == 1
    assert "regular files" in capsys.readouterr().err


def test_bytes_that_are_not_utf_8_are_shown_as_escapes(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_bytes(b"listen=YES\nftpd_banner=\xff\n")

    assert run(config, "--write") == 0
    assert "ftpd_banner=\\udcff" in capsys.readouterr().out
    assert (config.parent / "root/etc/ftpsd/greetings/vsftpd").read_bytes() == b"\xff\n"


@pytest.mark.parametrize(
    ("path", "os_release", "vendor"),
    [
        ("/etc/vsftpd/vsftpd.conf", "ID=debian", "redhat"),
        ("/etc/vsftpd.conf", 'ID=debian\nVERSION_ID="12"', "debian12"),
        ("/etc/vsftpd.conf", 'ID=debian\nVERSION_ID="13"', "debian13"),
        ("/etc/vsftpd.conf", "ID=debian", "debian"),
        ("/etc/vsftpd.conf", 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"', "debian13"),
        ("vsftpd.conf", 'ID="rocky"\nID_LIKE="rhel centos fedora"', "redhat"),
        ("vsftpd.conf", "ID=alpine", "upstream"),
        ("vsftpd.conf", "", "upstream"),
    ],
)
def test_whose_vsftpd_it_is_is_guessed(path: str, os_release: str, vendor: str) -> None:
    assert guessed(path, os_release).name == vendor


def test_it_is_a_command_of_ftpsdctl(config: Path) -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "ftpsd/__main__.py"), "ctl"]
    done = subprocess.run(
        [*command, "import-vsftpd", config], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "LocalUsers=yes" in done.stdout


def test_certificates_are_led_to_where_they_are_renewed(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = "ssl_enable=YES\nrsa_cert_file=/etc/ssl/a b%h.pem\nrsa_private_key_file=/etc/ssl/key\n"
    config.write_text(TEXT + given)
    store = config.parent / "root/etc/credstore"

    assert run(config) == 0
    assert "#### /etc/credstore/ftpsd.crt leads to /etc/ssl/a b%h.pem\n" in capsys.readouterr().out
    assert not store.exists()
    assert run(config, "--write") == 0
    assert "/etc/credstore/ftpsd.key leads to /etc/ssl/key" in capsys.readouterr().out
    assert store.stat().st_mode & 0o777 == 0o700
    assert {one.name: str(one.readlink()) for one in store.iterdir()} == {
        "ftpsd.crt": "/etc/ssl/a b%h.pem",
        "ftpsd.key": "/etc/ssl/key",
    }
    assert run(config, "--write") == 1
    assert "/etc/credstore/ftpsd.key: is there; --force" in capsys.readouterr().err
    assert run(config, "--write", "--force") == 0
