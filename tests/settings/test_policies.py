# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting holds from the next login on, wherever it stands, for whom its policy names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from served import USER, Client

if TYPE_CHECKING:
    from configured import Configured


def idle(client: Client) -> str:
    """Say after how many seconds the session ends."""
    return client.says("SITE IDLE").split()[-3]


def test_a_setting_holds_from_the_next_login_on(configured: Configured, place: str) -> None:
    with configured.client() as before:
        configured.set(place, "Session", "IdleTimeoutSec=77")
        with configured.client() as after:
            assert (idle(before), idle(after)) == ("300", "77")


@pytest.mark.parametrize(
    ("match", "applies"),
    [
        (f"User={USER}", True),
        (f"User=bob {USER}", True),
        ("User=*", True),
        (f"User=!{USER}", False),
        ("User=bob", False),
        ("Address=127.0.0.0/8 2001:db8::/32", True),
        ("Address=127.0.0.1", True),
        ("Address=!127.0.0.0/8", False),
        ("Address=192.0.2.0/24", False),
        ("TLS=no", True),
        ("TLS=yes", False),
        ("Anonymous=no", True),
        ("Anonymous=yes", False),
        ("Host=ftp.example.org", False),
        ("Port=!21", True),
        ("Port=21 990", False),
        (f"User={USER}\nAddress=127.0.0.1", True),
        (f"User={USER}\nAddress=192.0.2.1", False),
        ("User=bob\nUser=*", True),
    ],
)
def test_a_policy_is_for_whom_it_names(configured: Configured, match: str, applies: bool) -> None:
    configured.add("policies.d/10.conf", f"[Match]\n{match}\n[Session]\nIdleTimeoutSec=77\n")
    with configured.client() as client:
        assert idle(client) == ("77" if applies else "300")


def test_the_host_that_was_named_is_for_one_login(configured: Configured) -> None:
    text = "[Match]\nHost=ftp.example.org\n[Session]\nIdleTimeoutSec=77\n"
    configured.add("policies.d/10.conf", text)
    with Client(configured.served) as client:
        assert client.says("HOST ftp.example.org")[:3] == "220"
        assert idle(client.login()) == "77"
        assert client.says("REIN")[:3] == "220"
        assert idle(client.login()) == "300"
        assert client.codes("REIN", "HOST ftp.example.org") == ["220", "220"]
        assert idle(client.login()) == "77"


def test_a_policy_wins_over_the_settings_and_a_later_one_over_it(configured: Configured) -> None:
    configured.set("main", "Session", "IdleTimeoutSec=70")
    for name, seconds in (("20", "72"), ("10", "71")):
        text = f"[Match]\nUser=*\n[Session]\nIdleTimeoutSec={seconds}\n"
        configured.add(f"policies.d/{name}.conf", text)
    with configured.client() as client:
        assert idle(client) == "72"


@pytest.mark.parametrize(
    "text", ["[Match]\nUsr=*\n", "[Match]\nAddress=x\n", "[Match]\n", "", "[Match]\nUser=!\n"]
)
def test_a_policy_with_a_wrong_match_never_applies_and_that_is_said(
    configured: Configured, text: str
) -> None:
    configured.add("policies.d/wrong.conf", text + "[Session]\nIdleTimeoutSec=77\n")
    before = configured.served.log()
    with configured.client() as client:
        assert idle(client) == "300"
    assert "; this policy never applies." in configured.served.log().removeprefix(before)


@pytest.mark.parametrize("name", ["ftpsd.conf", "ftpsd.conf.d/x.conf", "policies.d/x.conf"])
def test_who_cannot_be_told_the_settings_is_not_let_in(configured: Configured, name: str) -> None:
    (configured.directory / name).unlink(missing_ok=True)
    (configured.directory / name).mkdir(parents=True)
    with Client(configured.served) as client:
        assert client.says(f"USER {USER}")[:3] == "421"
        assert client.ended()
