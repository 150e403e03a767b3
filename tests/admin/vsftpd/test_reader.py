# SPDX-License-Identifier: GPL-3.0-or-later
"""vsftpd.conf is read as vsftpd reads it, its traps included."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftpsd.admin.vsftpd.reader import MOST_BYTES, Read, lines_of, read, unsigned
from ftpsd.admin.vsftpd.row import VENDORS, Kind, Vendor
from ftpsd.admin.vsftpd.table import TABLE

UPSTREAM, DEBIAN, DEBIAN13 = VENDORS["upstream"], VENDORS["debian"], VENDORS["debian13"]
REAL = os.environ.get("FTPSD_VSFTPD") or shutil.which("vsftpd", path="/usr/sbin")
"""A vsftpd to compare with, and by FTPSD_VSFTPD_VENDOR whose it is."""


def value(text: bytes, name: str, vendor: Vendor = UPSTREAM) -> object:
    found = read(text, vendor)
    assert found.mistakes == ()
    return found.last()[name].value


def said(text: bytes, vendor: Vendor = UPSTREAM) -> list[tuple[int, str]]:
    return [(one.line, one.said) for one in read(text, vendor).mistakes]


@pytest.mark.parametrize("text", [b"YES", b"yes", b"Yes", b"TRUE", b"true", b"1"])
def test_a_boolean_is_on_in_any_case(text: bytes) -> None:
    assert value(b"listen=" + text, "listen") is True


@pytest.mark.parametrize("text", [b"NO", b"no", b"FALSE", b"fAlSe", b"0"])
def test_a_boolean_is_off_in_any_case(text: bytes) -> None:
    assert value(b"listen=" + text, "listen") is False


@pytest.mark.parametrize(
    "text", [b"on", b"off", b"y", b"2", b"YES # why", b"YES ", b" YES", b"YES\r"]
)
def test_what_vsftpd_takes_for_no_boolean_is_refused_with_its_line(text: bytes) -> None:
    assert said(b"# one\nlisten=" + text) == [(2, "bad bool value in config file for: listen")]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"22", 22),
        (b"022", 0o22),
        (b"0", 0),
        (b"0x1f", 0),
        (b"089", 0),
        (b"0178", 0o17),
        (b"10m", 10),
        (b"none", 0),
        (b"-1", 2**32 - 1),
        (b"+7", 7),
        (b" 022", 22),
        (b"4294967296", 0),
        (b"99999999999999999999", 2**32 - 1),
        (b"-99999999999999999999", 0),
        (b"040000000001", 1),
        (b"- 1", 0),
        (b"9" * 5000, 2**32 - 1),
    ],
)
def test_a_number_is_what_vsftpd_makes_of_it(text: bytes, number: int) -> None:
    assert unsigned(text) == number
    assert value(b"local_umask=" + text, "local_umask") == number


def test_a_mask_without_a_zero_is_decimal_and_told() -> None:
    (one,) = read(b"local_umask=22", UPSTREAM).assignments

    assert one.value == 0o26
    assert "reads 22 as 026" in one.trap


@pytest.mark.parametrize("text", [b"10m", b"089", b"0x1f", b"-1", b"4294967296", b"9" * 5000])
def test_a_number_that_is_not_what_is_written_is_told(text: bytes) -> None:
    (one,) = read(b"max_clients=" + text, UPSTREAM).assignments

    assert one.trap


@pytest.mark.parametrize("text", [b"022", b"10", b"0"])
def test_a_number_that_is_what_is_written_is_not_told(text: bytes) -> None:
    (one,) = read(b"max_clients=" + text, UPSTREAM).assignments

    assert one.trap == ""


def test_the_last_assignment_counts() -> None:
    assert value(b"listen=YES\nlisten=NO\n", "listen") is False


def test_only_the_first_column_begins_a_comment() -> None:
    assert read(b"#x\n\n \t \n\r\n", UPSTREAM) == Read((), ())
    assert said(b" # x\n") == [(1, "missing value in config file for: # x")]


def test_blanks_before_a_name_are_skipped_and_before_the_equals_sign_are_not() -> None:
    assert value(b" \tlisten=NO", "listen") is False
    assert said(b"listen =NO") == [(1, "unrecognised variable in config file: listen ")]


def test_an_empty_value_unsets_text_and_nothing_else() -> None:
    assert value(b"pam_service_name=", "pam_service_name") is None
    assert value(b"pam_service_name", "pam_service_name") is None
    assert said(b"listen=\nlisten") == [
        (1, "missing value in config file for: listen"),
        (2, "missing value in config file for: listen"),
    ]


def test_the_first_equals_sign_splits() -> None:
    assert value(b"ftpd_banner=a=b", "ftpd_banner") == "a=b"


def test_names_are_in_lower_case() -> None:
    assert said(b"Listen=NO") == [(1, "unrecognised variable in config file: Listen")]


def test_blanks_around_a_text_are_part_of_it_upstream() -> None:
    (one,) = read(b"local_root= /srv \r", UPSTREAM).assignments

    assert one.value == " /srv \r"
    assert "blanks" in one.trap


def test_debian_takes_blanks_around_a_text_away_and_in_time_around_everything() -> None:
    assert value(b"local_root= /srv \r", "local_root", DEBIAN13) == "/srv"
    assert said(b"listen=NO\r", DEBIAN13)
    assert value(b"listen = NO \r", "listen", DEBIAN) is False


def test_blanks_alone_as_a_text_crash_debians_older_vsftpd_and_are_refused() -> None:
    assert [line for line, _ in said(b"local_root=  ", DEBIAN13)] == [1]
    assert value(b"local_root=  ", "local_root", DEBIAN) is None


def test_a_note_behind_a_text_is_part_of_it_and_told() -> None:
    (one,) = read(b"local_root=/srv # files", DEBIAN).assignments

    assert one.value == "/srv # files"
    assert "no comments" in one.trap


def test_what_follows_a_nul_is_not_read() -> None:
    assert value(b"listen=NO\0x", "listen") is False


def test_what_lies_beyond_100000_bytes_is_not_read() -> None:
    found = read(b"#" * (MOST_BYTES - 1) + b"\nnonsense", UPSTREAM)

    assert found.mistakes == ()
    assert found.cut


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.vendor == "debian"])
def test_an_option_of_debians_is_refused_elsewhere_and_its_vsftpd_named(name: str) -> None:
    text = f"{name}=YES".encode()
    (mistake,) = read(text, UPSTREAM).mistakes

    assert "--vendor=debian" in mistake.hint
    assert said(text, DEBIAN) == []


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    (mistake,) = read(b"anonymous_enabled=NO", UPSTREAM).mistakes

    assert mistake.hint == "did you mean anonymous_enable?"


def test_red_hats_names_of_tls_versions_are_the_same_options() -> None:
    found = read(b"ssl_tlsv12=YES\nssl_tlsv1_2=NO\n", VENDORS["redhat"])

    assert found.last()["ssl_tlsv12"].value is False


def test_a_list_has_whole_lines() -> None:
    assert lines_of(b"anna\n bert\r\n\ncarl") == ["anna", " bert\r", "carl"]


LINE = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda before, name, around, value, after: before + name + around + value + after,
        st.sampled_from([b"", b" ", b"\t", b"#", b" #"]),
        st.sampled_from([name.encode() for name in TABLE] + [b"nonsense", b"LISTEN", b""]),
        st.sampled_from([b"=", b" =", b"= ", b" = ", b"", b"=="]),
        st.sampled_from(
            [b"YES", b"no", b"1", b"0", b"022", b"0x9", b"10m", b"-1", b"/srv/x", b"", b" ", b"a b"]
        ),
        st.sampled_from([b"", b" ", b"\r", b"#", b" # note", b"\0x", b"\f", b"\xff"]),
    ),
)
CONFIG = st.lists(LINE, max_size=6).map(b"\n".join)


@given(data=st.one_of(st.binary(max_size=300), CONFIG), vendor=st.sampled_from(list(VENDORS)))
def test_any_bytes_give_values_or_mistakes_with_lines_that_are_there(
    data: bytes, vendor: str
) -> None:
    found = read(data, VENDORS[vendor])

    lines = data.split(b"\n")
    numbers = [one.line for one in found.assignments] + [one.line for one in found.mistakes]
    assert all(lines[number - 1].strip() for number in numbers)
    assert min(numbers, default=1) >= 1
    for setting in found.assignments:
        kinds = {Kind.BOOLEAN: bool, Kind.NUMBER: int, Kind.TEXT: str | None}
        assert isinstance(setting.value, kinds[TABLE[setting.name].kind])


def _really_said(vsftpd: str, file: Path) -> bytes:
    """Let a real vsftpd read a file and end (-v); give why it does not take it."""
    ours, its = socket.socketpair()
    with ours, its:
        done = subprocess.run(
            [vsftpd, str(file), "-v"], stdin=its.fileno(), capture_output=True, check=False
        )
        its.shutdown(socket.SHUT_WR)
        answer = ours.recv(1 << 18)
    if done.returncode == 0:
        return b""
    if done.returncode < 0:
        return b"(it crashes"
    assert done.returncode == 2
    return answer.removeprefix(b"500 OOPS: ").removesuffix(b"\r\n")


@pytest.mark.skipif(not REAL, reason="needs a vsftpd: FTPSD_VSFTPD, FTPSD_VSFTPD_VENDOR")
@settings(max_examples=500, deadline=None)
@given(data=CONFIG)
def test_a_real_vsftpd_refuses_the_same_for_the_same_reason(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vendor = VENDORS[os.environ.get("FTPSD_VSFTPD_VENDOR", "debian13")]
    file = tmp_path_factory.getbasetemp() / "vsftpd.conf"
    file.write_bytes(data)
    mistakes = read(data, vendor).mistakes
    first = mistakes[0].said.encode("utf-8", "surrogateescape") if mistakes else b""

    assert _really_said(REAL or "", file) == first.partition(b" on blanks")[0]
