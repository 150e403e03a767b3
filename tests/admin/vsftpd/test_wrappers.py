# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of tcp_wrappers become rules of addresses, or are named as what cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.admin.vsftpd.wrappers import rules


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("vsftpd: 192.0.2.1", ["192.0.2.1/32"]),
        ("vsftpd : 192.0.2., 198.51.", ["192.0.2.0/24", "198.51.0.0/16"]),
        ("sshd,vsftpd: 10.0.0.0/255.0.0.0", ["10.0.0.0/8"]),
        ("ALL: [2001:db8::]/32 [::1]", ["2001:db8::/32", "::1/128"]),
        ("vsftpd: ALL", ["any"]),
        ("vsftpd: 192.0.2.1 \\\n 192.0.2.2", ["192.0.2.1/32", "192.0.2.2/32"]),
        ("sshd: ALL\n# vsftpd: ALL\n\n", []),
    ],
)
def test_addresses_are_taken_over(text: str, networks: list[str]) -> None:
    found = rules(text)

    assert list(found.networks) == networks
    assert found.others == ()


@pytest.mark.parametrize(
    "text",
    [
        "vsftpd: .example.org",
        "vsftpd: LOCAL",
        "ALL: ALL EXCEPT 192.0.2.1",
        "ALL EXCEPT sshd: 192.0.2.1",
        "vsftpd: 192.0.2.1 : deny",
        "vsftpd: 192.0.2.1 : setenv VSFTPD_LOAD_CONF /etc/x",
        "vsftpd: user@192.0.2.1",
        "vsftpd: 192.0.2.1 256.1.",
        "vsftpd",
    ],
)
def test_a_rule_of_anything_else_is_named_and_nothing_of_it_taken_over(text: str) -> None:
    found = rules(text)

    assert found.networks == ()
    assert found.others == (text,)


@given(st.text())
def test_any_text_gives_rules(text: str) -> None:
    assert rules(text).networks is not None
    assert rules(f"vsftpd: {text}") is not None
