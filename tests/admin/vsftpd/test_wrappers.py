# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of tcp_wrappers become rules of addresses, or are named as what cannot."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.admin.vsftpd.wrappers import beyond, rules


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


NETWORK = st.one_of(
    st.ip_addresses().map(lambda one: str(ipaddress.ip_network(one))),
    st.sampled_from(["any", "127.0.0.0/8", "127.0.0.0/30", "2001:db8::/32", "::/0"]),
)
CLIENT = st.one_of(
    st.ip_addresses(),
    st.sampled_from(["127.0.0.1", "127.0.0.9", "2001:db8::1"]).map(ipaddress.ip_address),
)


@given(st.lists(st.one_of(NETWORK, st.just("localhost")), max_size=3), st.lists(NETWORK), CLIENT)
def test_a_policy_keeps_out_whom_systemd_keeps_out(
    allowed: list[str],
    denied: list[str],
    client: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    def among(names: list[str]) -> bool:
        words = {"any": ["0.0.0.0/0", "::/0"], "localhost": ["127.0.0.0/8", "::1/128"]}
        each = [one for name in names for one in words.get(name, [name])]
        return any(client in ipaddress.ip_network(one) for one in each)

    written = beyond(allowed, denied)
    kept_out = bool(written) and among(written.removeprefix("!").split()) != written.startswith("!")

    assert kept_out == (among(denied) and not among(allowed))
