# SPDX-License-Identifier: GPL-3.0-or-later
"""Who was let in, and what was allowed, is what ftpsd's settings say after an import."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftpsd.admin.vsftpd.command import make
from ftpsd.admin.vsftpd.plan import ETC, Plan
from ftpsd.admin.vsftpd.report import report
from ftpsd.admin.vsftpd.row import VENDORS
from ftpsd.admin.vsftpd.tree import Tree
from ftpsd.helper.settings import Who, load
from ftpsd.options import Settings

LOCAL = "anonymous_enable=NO\nlocal_enable=YES\n"
BOTH = "anonymous_enable=YES\nlocal_enable=YES\n"


def test_anonymous_clients_are_asked_for_a_password_as_before(tmp_path: Path) -> None:
    listed = "secure_email_list_enable=YES\nemail_password_file=/emails\n"
    for text, manner in (
        ("", "any"),
        ("no_anon_password=YES\n", "none"),
        (f"no_anon_password=YES\n{listed}", "listed"),
    ):
        chosen = settings(BOTH + text, tmp_path, "ftp", emails="a@example.org\n")
        assert (text, chosen.anonymous_password) == (text, manner)


def planned(text: str, place: Path) -> Plan:
    return make(text.encode(), VENDORS["upstream"], "/vsftpd.conf", Tree(place))[1]


def settings(text: str, place: Path, user: str, **lists: str) -> Settings:
    """Import a configuration, and give what ftpsd reads of it for a user."""
    for name, content in lists.items():
        (place / name).write_text(content)
    plan = planned(text, place)
    assert plan.problems == []
    for path, content in plan.files().items():
        target = place / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    anonymous = user.lower() in ("anonymous", "ftp")
    who = Who(known=lambda: (user, ()), anonymous=anonymous, address="192.0.2.1", port=21)
    chosen, mistakes = load(who, (place / ETC.lstrip("/"),))
    assert mistakes == []
    return chosen


def test_passwords_still_travel_without_tls_where_there_was_none(tmp_path: Path) -> None:
    assert settings(LOCAL, tmp_path, "anna").require_tls == "no"


def test_passwords_take_tls_where_there_was_some(tmp_path: Path) -> None:
    assert settings(LOCAL + "ssl_enable=YES\n", tmp_path, "anna").require_tls == "passwords"


@pytest.mark.parametrize(
    ("config", "write"),
    [
        ("", False),
        ("write_enable=YES\n", True),
        ("write_enable=YES\nanon_upload_enable=YES\n", True),
    ],
)
def test_anonymous_clients_change_what_they_could(tmp_path: Path, config: str, write: bool) -> None:
    found = settings(BOTH + config, tmp_path, "ftp")

    assert found.write is write
    assert found.upload is ("anon_upload" in config)
    assert (found.delete, found.overwrite, found.make_directory) == (False, False, False)


@pytest.mark.parametrize(
    ("deny", "listed", "let_in"),
    [
        ("YES", "anna\n", {"ftp", "anonymous", "FTP"}),
        ("YES", "ftp\n", {"anonymous", "FTP"}),
        ("YES", "anonymous\n", {"ftp", "FTP"}),
        ("YES", "ftp\nanonymous\n", set[str]()),
        ("NO", "anna\n", set[str]()),
        ("NO", "anna\nftp\n", {"ftp"}),
        ("NO", "anonymous\n", {"anonymous"}),
    ],
)
def test_a_list_of_users_holds_for_the_names_of_anonymous_clients(
    tmp_path: Path, deny: str, listed: str, let_in: set[str]
) -> None:
    config = f"{BOTH}userlist_enable=YES\nuserlist_deny={deny}\nuserlist_file=/users\n"

    found = {
        name
        for name in ("ftp", "anonymous", "FTP")
        if settings(config, tmp_path, name, users=listed).anonymous
    }

    assert found == let_in


@pytest.mark.parametrize("name", ["ftp", "anonymous", "FTP"])
def test_no_list_of_local_users_takes_an_anonymous_client_out_of_its_jail(
    tmp_path: Path, name: str
) -> None:
    config = (
        f"{BOTH}chroot_local_user=YES\nchroot_list_enable=YES\nchroot_list_file=/jailed\n"
        "passwd_chroot_enable=YES\n"
    )
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(f"{name}:x:1000:1000::/srv/./ftp:/bin/sh\n")
    jailed = f"anna\n{name}\n"

    assert settings(config, tmp_path, name, jailed=jailed).root == "%h"
    assert settings(config, tmp_path, "anna", jailed=jailed).root == "/"


def test_as_many_may_be_logged_in_and_the_next_can_hear_why_not(tmp_path: Path) -> None:
    config = f"{LOCAL}max_clients=20\nmax_per_ip=3\n"

    found = settings(config, tmp_path, "anna")

    assert (found.sessions, found.sessions_per_address) == (20, 3)
    socket = planned(config, tmp_path).files()["/etc/systemd/system/ftpsd.socket.d/50-vsftpd.conf"]
    assert "\nMaxConnections=40\nMaxConnectionsPerSource=6\n" in socket


def test_without_bounds_there_are_none(tmp_path: Path) -> None:
    found = settings(f"{LOCAL}max_clients=0\nmax_per_ip=0\n", tmp_path, "anna")

    assert (found.sessions, found.sessions_per_address) == (0, 0)


def test_giving_uploads_to_root_is_told_to_be_lost_with_what_to_do_instead(tmp_path: Path) -> None:
    config = f"{BOTH}write_enable=YES\nanon_upload_enable=YES\nchown_uploads=YES\n".encode()

    found, plan = make(config, VENDORS["upstream"], "/vsftpd.conf", Tree(tmp_path))

    assert "UploadOwner= gives them to any other" in " ".join(
        report("/vsftpd.conf", found, plan).split()
    )
    assert any("chown_uploads" in one for one in plan.checks)
    assert "UploadOwner" not in "".join(plan.files().values())


def test_uploads_of_anonymous_clients_are_given_to_whom_vsftpd_gave_them(tmp_path: Path) -> None:
    given = "chown_uploads=YES\nchown_username=archive\nchown_upload_mode=0640\nanon_umask=027\n"
    config = f"{BOTH}write_enable=YES\nanon_upload_enable=YES\n{given}"

    of_anonymous, of_anna = (settings(config, tmp_path, name) for name in ("ftp", "anna"))

    assert (of_anonymous.upload_owner, of_anna.upload_owner) == ("archive", "")
    assert of_anonymous.file_mode & ~of_anonymous.umask == 0o640
    assert of_anonymous.directory_mode & ~of_anonymous.umask == 0o750


@pytest.mark.parametrize("pattern", ["x" * 5000, "{a,b}" * 12, f"{{{'x,' * 3000}secret}}"])
def test_a_restriction_that_no_setting_can_have_is_refused_with_its_line(
    tmp_path: Path, pattern: str
) -> None:
    plan = planned(f"{LOCAL}deny_file={pattern}\n", tmp_path)

    assert [(one.file, one.line) for one in plan.problems] == [("/vsftpd.conf", 3)]
