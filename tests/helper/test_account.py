# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may log in: whatever PAM says, not root, not the system's own, not who is listed."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftpsd.helper import account
from ftpsd.helper.account import NotAllowed, find, listed
from ftpsd.options import Settings
from ftpsd.wire.message import Secret

EVERYONE = Settings(minimum_uid=0)


def ordinary() -> pwd.struct_passwd:
    """Give an account that is neither root's nor nobody's; every system has some."""
    for found in pwd.getpwall():
        if found.pw_uid not in (0, 65534) and found.pw_gid != 0:
            return found
    raise AssertionError("no account to try")


@pytest.fixture
def nobody_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file of those who may not log in, still empty."""
    file = tmp_path / "ftpusers"
    file.write_text("")
    monkeypatch.setattr(listed, "__defaults__", (file,))
    return file


@pytest.mark.parametrize("name", ["root", "\udcff", "", "no such account", "a\0b", "../root"])
def test_root_and_who_is_not_there_stay_out(name: str) -> None:
    with pytest.raises(NotAllowed):
        find(name, EVERYONE)


def test_every_account_of_root_stays_out(nobody_listed: Path) -> None:
    assert nobody_listed.exists()
    for found in pwd.getpwall():
        if found.pw_uid == 0 or found.pw_gid == 0:
            with pytest.raises(NotAllowed, match="root's"):
                find(found.pw_name, Settings(minimum_uid=-1))


def test_nobody_stays_out() -> None:
    name = pwd.getpwuid(65534).pw_name
    with pytest.raises(NotAllowed, match="system account"):
        find(name, EVERYONE)


def test_system_accounts_stay_out(nobody_listed: Path) -> None:
    assert nobody_listed.exists()
    who = ordinary()
    with pytest.raises(NotAllowed, match="system account"):
        find(who.pw_name, Settings(minimum_uid=who.pw_uid + 1))


def test_an_account_is_what_the_system_knows_of_it(nobody_listed: Path) -> None:
    assert nobody_listed.exists()
    who = ordinary()
    found = find(who.pw_name, Settings(minimum_uid=who.pw_uid))

    assert (found.user, found.uid, found.gid) == (who.pw_name, who.pw_uid, who.pw_gid)
    assert (found.root, found.anonymous) == (who.pw_dir, False)
    assert found.group == grp.getgrgid(who.pw_gid).gr_name
    assert set(found.groups) == set(os.getgrouplist(who.pw_name, who.pw_gid))


def test_a_group_without_a_name_is_its_number() -> None:
    gid = max(one.gr_gid for one in grp.getgrall() if one.gr_gid < 2**31) + 1
    who = pwd.struct_passwd(("daemon", "x", 5, gid, "", "/", ""))

    assert account._account(who, "daemon", Settings()).group == str(gid)


def test_who_is_listed_stays_out(nobody_listed: Path) -> None:
    who = ordinary()
    nobody_listed.write_text(f"# nobody else\n  {who.pw_name}  \n")
    with pytest.raises(NotAllowed, match="ftpusers"):
        find(who.pw_name, Settings(minimum_uid=who.pw_uid))


def test_without_a_list_nobody_is_listed(tmp_path: Path) -> None:
    assert not listed("anna", tmp_path / "missing")


def test_a_list_that_cannot_be_read_lists_everyone(tmp_path: Path) -> None:
    assert listed("anna", tmp_path)


def test_a_list_of_any_bytes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "ftpusers"
    file.write_bytes(b"\xff\xfe\0\nanna\n")

    assert listed("anna", file)
    assert listed("\udcff\udcfe\0", file)
    assert not listed("bob", file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1)))
def test_whoever_is_in_a_list_is_listed(tmp_path: Path, names: list[str]) -> None:
    file = tmp_path / "ftpusers"
    file.write_text("\n".join(names), "utf-8")

    assert all(listed(name, file) for name in names)
    assert not listed("not a name", file)


def test_anonymous_clients_are_the_account_ftp_or_refused() -> None:
    try:
        known = pwd.getpwnam("ftp")
    except KeyError:
        with pytest.raises(NotAllowed, match="no account ftp"):
            anonymous()
        return

    found = anonymous()
    assert (found.uid, found.groups, found.anonymous) == (known.pw_uid, (known.pw_gid,), True)


def anonymous(password: str = "", **chosen: Any) -> account.Account:
    return account.anonymous(Secret(password), Settings(**chosen))


def test_anonymous_clients_are_never_in_a_second_group() -> None:
    who = ordinary()
    found = anonymous(anonymous_user=who.pw_name)

    assert (found.user, found.groups, found.anonymous) == (who.pw_name, (who.pw_gid,), True)


def test_anonymous_clients_are_never_root() -> None:
    with pytest.raises(NotAllowed, match="root's"):
        anonymous(anonymous_user="root")


def test_without_an_account_there_is_no_anonymous_login() -> None:
    with pytest.raises(NotAllowed, match="no account"):
        anonymous(anonymous_user="no-such-account")


@pytest.mark.parametrize("password", ["", "guest@example.com", "x"])
def test_anonymous_clients_give_an_address_that_is_listed(password: str) -> None:
    allow = {
        "anonymous_user": ordinary().pw_name,
        "anonymous_password": "listed",
        "anonymous_allow_email": ("*@example.org",),
    }
    assert anonymous("guest@example.org", **allow).anonymous
    with pytest.raises(NotAllowed, match="AnonymousAllowEmail="):
        anonymous(password, **allow)


def test_anonymous_clients_may_not_give_an_address_that_is_denied(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("# these\n\n bot@example.org\n")
    deny = {"anonymous_user": ordinary().pw_name, "anonymous_deny_email": (f"file:{tmp_path}/bad",)}

    assert anonymous("guest@example.org", **deny).anonymous
    with pytest.raises(NotAllowed, match="AnonymousDenyEmail="):
        anonymous("bot@example.org", **deny)


def permit(user: str, **chosen: Any) -> str:
    """Give the reason why a user may not log in, or nothing."""
    try:
        account.permit(user, Settings(**chosen))
    except NotAllowed as reason:
        return str(reason)
    return ""


def test_a_list_of_users_is_of_names_patterns_and_files(tmp_path: Path) -> None:
    (tmp_path / "some").write_text("# some\nanna\n\nscan*\n")
    for allowed in (("anna", "scan*"), (f"file:{tmp_path}/some",)):
        assert permit("anna", allow_users=allowed) == ""
        assert permit("scanner", allow_users=allowed) == ""
        assert permit("bob", allow_users=allowed) == "AllowUsers= does not name it"
        assert permit("anna", deny_users=allowed) != ""
        assert permit("bob", deny_users=allowed) == ""


@pytest.mark.parametrize("name", ["allow_users", "deny_users"])
@pytest.mark.parametrize("file", ["file:/none", "file:", "file:relative", "file:/", "file:/\0"])
def test_a_list_of_users_that_cannot_be_read_lets_nobody_in(name: str, file: str) -> None:
    assert "cannot be read" in permit("anna", **{name: (file,)})


def test_who_is_in_a_list_twice_is_denied() -> None:
    assert permit("anna", allow_users=("anna",), deny_users=("*",)) != ""


def test_members_of_a_group_are_let_in_or_not() -> None:
    who = ordinary()
    group = grp.getgrgid(who.pw_gid).gr_name

    assert permit(who.pw_name, allow_groups=("no", group)) == ""
    assert permit(who.pw_name, allow_groups=("no",)) == "AllowGroups= does not name it"
    assert permit(who.pw_name, deny_groups=(group,)) != ""
    assert permit("nobody-knows", deny_groups=(group,)) == ""
    assert permit("nobody-knows", allow_groups=("*",)) != ""


def test_without_local_users_only_anonymous_clients_get_in() -> None:
    assert permit("anna", local_users=False) == "LocalUsers=no"


def test_every_user_becomes_the_virtual_one(nobody_listed: Path) -> None:
    assert nobody_listed.exists()
    who = ordinary()
    found = find("nobody-knows", Settings(virtual_user=who.pw_name, minimum_uid=2**31))

    assert (found.user, found.uid, found.root) == ("nobody-knows", who.pw_uid, who.pw_dir)
    nobody_listed.write_text("nobody-knows\n")
    with pytest.raises(NotAllowed, match="ftpusers"):
        find("nobody-knows", Settings(virtual_user=who.pw_name))


@pytest.mark.parametrize("name", ["root", "no such account"])
def test_a_virtual_user_is_never_root_and_is_there(name: str) -> None:
    with pytest.raises(NotAllowed):
        find("anna", Settings(virtual_user=name))
