# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ftpsdctl check` finds beside mistakes in a line: what is counted on, and not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftpsd.admin import check
from ftpsd.options import Settings


@pytest.fixture
def pam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a directory of PAM services that has one for ftpsd."""
    (tmp_path / "ftpsd").touch()
    monkeypatch.setattr(check, "PAM", (tmp_path, tmp_path / "usr"))
    return tmp_path


def found(**values: Any) -> list[str]:
    """Give what is missing where these settings hold."""
    return list(check.missing(Settings(**{"anonymous": False, **values})))


@pytest.mark.usefixtures("pam")
def test_the_defaults_count_on_nothing() -> None:
    assert found() == []


@pytest.mark.usefixtures("pam")
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("anonymous_user", "AnonymousUser"),
        ("virtual_user", "VirtualUser"),
        ("upload_owner", "UploadOwner"),
    ],
)
def test_an_account_that_is_not_there_is_told(name: str, key: str) -> None:
    told = found(**{"anonymous": True, "anonymous_user": "root", name: "no-such-account"})

    assert told == [f"{key}=no-such-account: there is no account of this name"]


@pytest.mark.usefixtures("pam")
def test_nobody_needs_the_account_of_anonymous_clients_who_may_not_come() -> None:
    assert found(anonymous=False, anonymous_user="no-such-account") == []


def test_a_service_of_pam_that_is_not_there_is_told(pam: Path) -> None:
    told = "PAMService=mine: there is no "
    assert found(pam_service="mine") == [f"{told}{pam / 'mine'}"]
    (pam / "usr").mkdir()
    (pam / "usr" / "mine").touch()
    assert found(pam_service="mine") == []


@pytest.mark.usefixtures("pam")
def test_a_list_that_cannot_be_read_is_told_for_it_keeps_everyone_out(tmp_path: Path) -> None:
    (tmp_path / "list").touch()
    there, none = f"file:{tmp_path}/list", f"file:{tmp_path}/none"

    assert found(allow_users=(there, "anna"), login_message=there) == []
    reason = "it cannot be read: No such file or directory"
    assert found(allow_users=("anna", none), login_message=none) == [
        f"AllowUsers={none}: {reason}",
        f"LoginMessage={none}: {reason}",
    ]


@pytest.mark.usefixtures("pam")
@pytest.mark.parametrize("name", ["anna,bob", "anna;", "anna,"])
def test_names_that_are_not_separated_by_spaces_are_told(name: str) -> None:
    told = f"DenyUsers={name}: this is one name; spaces separate several"

    assert found(deny_users=(name, "carla"), login_message="Hello, all") == [told]
