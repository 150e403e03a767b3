# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings are read as systemd reads its own; what is wrong is left out and told by line."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from config_places import Places
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftpsd.helper.settings import DIRECTORIES, files
from ftpsd.options import OPTIONS, Settings

VALUES: dict[str, tuple[str, object]] = {
    "Anonymous": ("no", False),
    "AnonymousUser": ("guest", "guest"),
    "AnonymousPassword": ("listed", "listed"),
    "AnonymousAllowEmail": ("a@example.org *@example.com", ("a@example.org", "*@example.com")),
    "AnonymousDenyEmail": ("file:/etc/bad", ("file:/etc/bad",)),
    "LocalUsers": ("no", False),
    "MinimumUID": ("500", 500),
    "AllowUsers": ("anna bob", ("anna", "bob")),
    "DenyUsers": ("eve", ("eve",)),
    "AllowGroups": ("ftpusers", ("ftpusers",)),
    "DenyGroups": ("staff", ("staff",)),
    "VirtualUser": ("web", "web"),
    "PAMService": ("ftp-virtual", "ftp-virtual"),
    "Sessions": ("100", 100),
    "SessionsPerUser": ("2", 2),
    "SessionsPerAddress": ("3", 3),
    "MaxLoginFailures": ("3", 3),
    "AddressFailures": ("3", 3),
    "UserFailures": ("20", 20),
    "ForgiveFailureSec": ("5min", 300),
    "FailedLoginDelaySec": ("2s", 2),
    "LoginDelaySec": ("1s", 1),
    "PAMSession": ("yes", True),
    "Write": ("no", False),
    "Upload": ("no", False),
    "Download": ("no", False),
    "List": ("no", False),
    "Overwrite": ("no", False),
    "Append": ("no", False),
    "Delete": ("no", False),
    "Rename": ("no", False),
    "MakeDirectory": ("no", False),
    "Chmod": ("no", False),
    "SetModificationTime": ("no", False),
    "Root": ("/srv/%u/%%", "/srv/%u/%%"),
    "Directory": ("/pub", "/pub"),
    "WorldReadableOnly": ("yes", True),
    "HideNames": ('*.tmp "a b"', ("*.tmp", "a b")),
    "DenyNames": (".* *.key", (".*", "*.key")),
    "UploadNames": ("*.pdf", ("*.pdf",)),
    "DownloadNames": ("[a-z]*", ("[a-z]*",)),
    "UMask": ("077", 0o077),
    "FileMode": ("0640", 0o640),
    "DirectoryMode": ("750", 0o750),
    "UploadOwner": ("archive", "archive"),
    "HideOwners": ("yes", True),
    "ListNumericOwners": ("yes", True),
    "ListDotFiles": ("no", "no"),
    "ListRecursive": ("no", False),
    "ListTimezone": ("local", "local"),
    "AtomicUploads": ("yes", True),
    "DeleteFailedUploads": ("yes", True),
    "SyncUploads": ("yes", True),
    "MaxFileSize": ("10M", 10 << 20),
    "KeepFree": ("1G", 1 << 30),
    "IdleTimeoutSec": ("1min", 60),
    "Greeting": ("mirror", "mirror"),
    "LoginMessage": ("Hello = you", "Hello = you"),
    "DirectoryMessage": ("README", "README"),
    "AllowCommands": ("STOR site_chmod", ("STOR", "SITE_CHMOD")),
    "DenyCommands": ("DELE", ("DELE",)),
    "UploadRate": ("1M", 1_000_000),
    "DownloadRate": ("50K", 50_000),
    "RateBurst": ("1M", 1 << 20),
    "DataTimeoutSec": ("90s", 90),
    "Passive": ("no", False),
    "Active": ("no", False),
    "PassiveAnyPeer": ("yes", True),
    "ActiveAnyPeer": ("yes", True),
    "PassiveAddress": ("192.0.2.1", "192.0.2.1"),
    "PassivePorts": ("50000-50999", (50000, 50999)),
    "ActiveSourcePort": ("20", 20),
    "RequireTLS": ("always", "always"),
    "RequireDataTLS": ("yes", True),
    "TLSResumption": ("require", "require"),
    "RequireTLSClose": ("yes", True),
    "TLSMinimum": ("1.3", "1.3"),
    "TLSCiphers": ("DEFAULT:!SHA1", "DEFAULT:!SHA1"),
    "TLSCipherSuites": ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
    "TLSGroups": ("X25519:P-256", "X25519:P-256"),
    "ClientCertificate": ("optional", "optional"),
    "CertificateLogin": ("with_password", "with_password"),
}
"""A value other than the default for each option, as text and as what it means."""

ROOT = Path(__file__).parents[2]


def line(name: str, text: str) -> str:
    return f"[{OPTIONS[name].metadata['section']}]\n{name}={text}\n"


def mistakes(places: Places, text: str) -> list[tuple[int, str]]:
    (places.etc / "ftpsd.conf").write_text(text)
    return [(one.line, one.reason) for one in places.load()[1]]


def test_without_a_file_everything_is_as_declared(places: Places) -> None:
    found, wrong = places.load()

    assert (found, wrong) == (Settings(), [])


def test_files_are_where_systemd_looks() -> None:
    assert [str(one) for one in DIRECTORIES] == [
        "/etc/ftpsd",
        "/run/ftpsd",
        "/usr/local/lib/ftpsd",
        "/usr/lib/ftpsd",
    ]


def test_every_option_is_tried_here() -> None:
    assert set(VALUES) == set(OPTIONS)


@pytest.mark.parametrize("name", VALUES)
def test_an_option_can_be_set(places: Places, name: str) -> None:
    text, value = VALUES[name]
    (places.etc / "ftpsd.conf").write_text(line(name, text))
    found, wrong = places.load()
    field = OPTIONS[name].name

    assert wrong == []
    expected: dict[str, Any] = {field: value}
    assert found == dataclasses.replace(Settings(), **expected)
    assert found != Settings()


@pytest.mark.parametrize("name", VALUES)
def test_an_empty_value_is_the_default_again(places: Places, name: str) -> None:
    (places.etc / "ftpsd.conf").write_text(line(name, VALUES[name][0]))
    (places.etc / "ftpsd.conf.d/50.conf").write_text(line(name, ""))

    assert places.load()[0] == Settings()


@pytest.mark.parametrize("name", VALUES)
def test_the_last_value_wins(places: Places, name: str) -> None:
    text = OPTIONS[name].metadata["text"]
    (places.etc / "ftpsd.conf").write_text(line(name, VALUES[name][0]) + line(name, text))

    assert places.load()[0] == Settings()


def test_the_first_main_file_hides_the_others(places: Places) -> None:
    (places.lib / "ftpsd.conf").write_text("[Login]\nAnonymous=no\nPAMSession=yes\n")
    (places.run / "ftpsd.conf").write_text("[Login]\nPAMSession=yes\n")

    assert places.load()[0] == Settings(pam_session=True)
    (places.etc / "ftpsd.conf").symlink_to("/dev/null")
    assert places.load() == (Settings(), [])


def test_drop_ins_of_all_directories_are_read_by_name(places: Places) -> None:
    (places.etc / "ftpsd.conf").write_text("[Session]\nIdleTimeoutSec=1\n")
    (places.etc / "ftpsd.conf.d/20.conf").write_text("[Session]\nIdleTimeoutSec=2\n")
    (places.lib / "ftpsd.conf.d/30.conf").write_text("[Session]\nIdleTimeoutSec=3\n")
    (places.run / "ftpsd.conf.d/10.conf").write_text("[Data]\nDataTimeoutSec=4\n")

    assert [one.name for one in files(places.directories)] == [
        "ftpsd.conf",
        "10.conf",
        "20.conf",
        "30.conf",
    ]
    assert places.load()[0] == Settings(idle_timeout_sec=3, data_timeout_sec=4)


def test_a_drop_in_hides_those_of_its_name(places: Places) -> None:
    (places.lib / "ftpsd.conf.d/10.conf").write_text("[Login]\nAnonymous=no\n")
    (places.run / "ftpsd.conf.d/10.conf").write_text("[Login]\nPAMSession=yes\n")

    assert places.load()[0] == Settings(pam_session=True)


def test_a_link_to_nothing_masks(places: Places) -> None:
    (places.lib / "ftpsd.conf.d/10.conf").write_text("[Login]\nAnonymous=no\n")
    (places.etc / "ftpsd.conf.d/10.conf").symlink_to("/dev/null")

    assert places.load() == (Settings(), [])


def test_only_files_called_conf_are_drop_ins(places: Places) -> None:
    for name in ("10.conf~", "10.conf.dpkg-old", "conf", "README"):
        (places.etc / "ftpsd.conf.d" / name).write_text("[Login]\nAnonymous=no\n")

    assert places.load() == (Settings(), [])


def test_comments_blank_lines_and_space_are_nothing(places: Places) -> None:
    text = "\n# [Login]\n; Anonymous=no\n\t[Login] \n  PAMSession =  yes  \r\n   #x\n"

    assert mistakes(places, text) == []


def test_what_some_editors_put_before_a_text_is_nothing(places: Places) -> None:
    """As it is to systemd: a byte order mark."""
    assert mistakes(places, "\ufeff[Login]\nPAMSession=yes\n") == []
    assert places.load()[0].pam_session
    assert places.load()[0] == Settings(pam_session=True)


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        ("[Login]\nAnonymousx=no\n", 2, "there is no Anonymousx=, but there is Anonymous="),
        ("[Login]\nanonymous=no\n", 2, "but there is Anonymous="),
        ("[Login]\n\nWeather=fine\n", 3, "there is no Weather="),
        ("Anonymous=no\n", 1, "Anonymous= belongs in section [Login]"),
        ("[Data]\nAnonymous=no\n", 2, "Anonymous= belongs in section [Login]"),
        ("[Login]\nAnonymous\n", 2, "expected [Section] or Key=value"),
        ("[Login]\n=no\n", 2, "expected [Section] or Key=value"),
        ("[Login\n", 1, "expected [Section] or Key=value"),
        ("[Login]\nAnonymous=perhaps\n", 2, "expected yes or no"),
        ("[Login]\nPAMSession=2\n", 2, "expected yes or no"),
        ("[Session]\nIdleTimeoutSec=0\n", 2, "expected a time span from 1s to 1d"),
        ("[Data]\nDataTimeoutSec=2d\n", 2, "expected a time span"),
        ("[Data]\nPassivePorts=20-21\n", 2, 'expected "any" or a range within 1024-65535'),
        ("[Data]\nActiveSourcePort=65536\n", 2, 'expected "any" or a port'),
    ],
)
def test_a_mistake_names_its_line_and_what_would_be_right(
    places: Places, text: str, number: int, reason: str
) -> None:
    ((found, told),) = mistakes(places, text)

    assert found == number
    assert reason in told
    assert text.splitlines()[number - 1] in told


@pytest.mark.parametrize("value", ["a", "-1", "1_000", "1.5", "0x10", "4294967296"])
def test_a_user_id_is_a_number_and_the_mistake_says_so(places: Places, value: str) -> None:
    told = mistakes(places, f"[Login]\nMinimumUID={value}\n")

    assert [number for number, _ in told] == [2]
    assert "expected" in told[0][1]


def test_a_mistake_leaves_out_its_own_line_only(places: Places) -> None:
    text = "[Login]\nAnonymous=maybe\nPAMSession=yes\n[Session]\nx\nIdleTimeoutSec=7\n"

    assert [number for number, _ in mistakes(places, text)] == [2, 5]
    assert places.load()[0] == Settings(pam_session=True, idle_timeout_sec=7)


def test_a_mistake_names_its_file(places: Places) -> None:
    file = places.run / "ftpsd.conf.d/10.conf"
    file.write_text("x\n")
    (wrong,) = places.load()[1]

    assert (wrong.file, wrong.line) == (file, 1)


def test_a_file_that_cannot_be_read_is_a_mistake(places: Places) -> None:
    (places.etc / "ftpsd.conf").mkdir()
    (places.etc / "ftpsd.conf.d/10.conf").symlink_to("nowhere")
    found, wrong = places.load()

    assert found == Settings()
    assert [(one.file.name, one.line) for one in wrong] == [("ftpsd.conf", 0), ("10.conf", 0)]
    assert [one.reason for one in wrong] == ["Is a directory", "No such file or directory"]


PROGRAM = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from ftpsd.helper.settings import load
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
chosen, mistakes = load(None, (Path(sys.argv[2]),))
print(*(f"{one.file.name}:{one.line}: {one.reason}" for one in mistakes))
"""


def test_a_directory_that_cannot_be_entered_is_a_mistake() -> None:
    with tempfile.TemporaryDirectory() as place:
        closed = Path(place, "ftpsd")
        closed.mkdir()
        (closed / "ftpsd.conf").write_text("[Login]\nAnonymous=no\n")
        Path(place).chmod(0o755)
        closed.chmod(0)
        command = [sys.executable, "-I", "-c", PROGRAM, str(ROOT), str(closed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        closed.chmod(0o700)

    assert done.returncode == 0, done.stderr
    assert "Permission denied" in done.stdout


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(),
        st.lists(
            st.sampled_from(
                [
                    b"[Login]",
                    b"[Files]",
                    b"[",
                    b"Write=no",
                    b"Write=x",
                    b"Root=\\",
                    b"#",
                    b";",
                    b"=",
                ]
            )
            | st.binary(max_size=8)
        ).map(b"\n".join),
    )
)
def test_any_bytes_are_settings_or_mistakes(places: Places, data: bytes) -> None:
    (places.etc / "ftpsd.conf").write_bytes(data)
    found, wrong = places.load()

    assert isinstance(found, Settings)
    lines = data.count(b"\n") + data.count(b"\r") + 1
    assert all(1 <= one.line <= lines and one.reason for one in wrong)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(OPTIONS)),
    value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")),
)
def test_any_value_is_taken_or_a_mistake(places: Places, name: str, value: str) -> None:
    (places.etc / "ftpsd.conf").write_text(line(name, value), "utf-8")
    found, wrong = places.load()

    assert found == Settings() or not wrong
    assert all(one.line >= 2 for one in wrong)
