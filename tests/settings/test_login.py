# SPDX-License-Identifier: GPL-3.0-or-later
"""[Login]: who may, how often, and how long it takes; what needs PAM is in tests/system."""

from __future__ import annotations

import grp
import os
import pwd
import time
from typing import TYPE_CHECKING

import pytest
from served import PASSWORD, USER, Client

if TYPE_CHECKING:
    from configured import Configured


def reply(configured: Configured) -> str:
    """Log in, and give the reply."""
    with Client(configured.served) as client:
        assert client.says(f"USER {USER}")[:3] == "331"
        return client.says(f"PASS {PASSWORD}")


@pytest.mark.parametrize(
    "line",
    [
        "AllowUsers=bob",
        f"DenyUsers={USER}",
        "DenyUsers=*",
        "AllowUsers=file:/nowhere",
        "DenyUsers=file:/nowhere",
        "AllowGroups=nobody-is-in-it",
        "LocalUsers=no",
    ],
)
def test_who_is_not_allowed_is_refused(configured: Configured, place: str, line: str) -> None:
    configured.set(place, "Login", line)

    assert reply(configured) == "530 Login incorrect."


@pytest.mark.parametrize("line", [f"AllowUsers=bob {USER}", "DenyUsers=bob", "DenyGroups=x"])
def test_who_is_allowed_logs_in(configured: Configured, place: str, line: str) -> None:
    configured.set(place, "Login", line)

    assert reply(configured)[:3] == "230"


def test_members_of_a_group_are_let_in_or_refused(configured: Configured, place: str) -> None:
    user = pwd.getpwuid(os.geteuid()).pw_name
    group = grp.getgrgid(os.getegid()).gr_name
    text = f"[Match]\nGroup=!{group}\n[Login]\nLocalUsers=no\n"
    configured.add("policies.d/99.conf", text)
    assert user != USER
    # The one account of `ftpsd serve` is in no group, for there is no such account.
    assert reply(configured)[:3] == "530"
    configured.set(place, "Login", "DenyGroups=*")
    assert reply(configured)[:3] == "230"


def test_a_connection_may_try_so_often(configured: Configured, place: str) -> None:
    configured.set(place, "Login", "MaxLoginFailures=2")
    with Client(configured.served) as client:
        told = [client.codes(f"USER {USER}", "PASS wrong")[1] for _ in range(3)]

        assert told == ["530", "530", "421"]
        assert client.ended()


def test_a_failed_login_takes_its_time(configured: Configured, place: str) -> None:
    """A second is a hundredth of one here."""
    configured.set(place, "Login", "FailedLoginDelaySec=30s")
    with Client(configured.served) as client:
        client.says(f"USER {USER}")
        begun = time.monotonic()

        assert client.says("PASS wrong")[:3] == "530"
        assert time.monotonic() - begun >= 0.3


def test_a_login_takes_its_time(configured: Configured, place: str) -> None:
    configured.set(place, "Login", "LoginDelaySec=1s")
    begun = time.monotonic()

    assert reply(configured)[:3] == "230"
    assert time.monotonic() - begun >= 1
