# SPDX-License-Identifier: GPL-3.0-or-later
"""Which users can be made, and which are refused with the reason."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
from pathlib import Path

import pytest
from hashes import KEPT
from hypothesis import given
from hypothesis import strategies as st

from ftpsd.admin import users
from ftpsd.admin.records import NO_SHELL, Record, Store
from ftpsd.admin.users import Refused, Wanted
from ftpsd.options import Settings

HASH = KEPT["yescrypt"]
DEFAULTS = Settings()
FOR_DAEMON = Settings(minimum_uid=1)
"""Every Debian has the account daemon, with user id 1."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "userdb").mkdir()
    return Store(tmp_path / "userdb")


@pytest.fixture
def home(tmp_path: Path) -> str:
    (tmp_path / "homes" / "scan").mkdir(parents=True)
    return str(tmp_path / "homes" / "scan")


def test_a_new_user_has_an_id_a_group_and_a_home_of_its_own_and_no_shell(
    store: Store, home: str
) -> None:
    made, new_home = users.add(Wanted(name="scan", home=home), HASH, store, DEFAULTS)

    assert made.uid in users.UIDS
    assert (made.uid, made.group, made.home) == (made.gid, "scan", home)
    assert made.shell == NO_SHELL
    assert made == store.read("scan")
    assert not new_home


def test_no_two_users_get_one_id(store: Store, home: str) -> None:
    made = [
        users.add(Wanted(name=f"scan{i}", home=home), HASH, store, DEFAULTS)[0] for i in range(5)
    ]

    assert len({one.uid for one in made}) == 5


def test_the_id_of_a_user_who_is_gone_is_not_given_to_the_next(store: Store, home: str) -> None:
    users.add(Wanted(name="first", home=home), HASH, store, DEFAULTS)
    second, _ = users.add(Wanted(name="second", home=home), HASH, store, DEFAULTS)
    users.delete("first", store)
    third, _ = users.add(Wanted(name="third", home=home), HASH, store, DEFAULTS)

    assert third.uid > second.uid


@pytest.mark.skipif(os.geteuid() != 0, reason="to give files away needs root")
def test_an_id_that_still_has_a_home_is_not_given_to_the_next(store: Store, home: str) -> None:
    first, _ = users.add(Wanted(name="first", home=home), HASH, store, DEFAULTS)
    os.chown(home, first.uid, first.uid)
    users.delete("first", store)
    second, _ = users.add(Wanted(name="second", home=home), HASH, store, DEFAULTS)

    assert second.uid != first.uid


class Closed:
    """A home upon which its user has mounted a file system of his own (FUSE)."""

    def stat(self, *, follow_symlinks: bool) -> os.stat_result:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(follow_symlinks))


def test_a_home_that_is_closed_to_root_keeps_nobody_from_making_users(
    store: Store, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.scandir", lambda _: contextlib.nullcontext([Closed()]))
    made, _ = users.add(Wanted(name="scan", home=home), HASH, store, DEFAULTS)

    assert made.uid in users.UIDS


def test_when_the_highest_id_is_used_a_free_one_below_is_found(store: Store, home: str) -> None:
    last = users.UIDS[-1]
    users.add(Wanted(name="last", home=home, uid=last), HASH, store, DEFAULTS)
    made, _ = users.add(Wanted(name="scan", home=home), HASH, store, DEFAULTS)

    assert made.uid in users.UIDS
    assert made.uid < last


def test_users_can_share_the_id_of_an_account(store: Store, home: str) -> None:
    daemon = pwd.getpwnam("daemon")
    for name in ("one", "two"):
        wanted = Wanted(name=name, home=home, shared_with="daemon")
        made, _ = users.add(wanted, HASH, store, FOR_DAEMON)
        assert (made.uid, made.gid, made.owner, made.group) == (
            daemon.pw_uid,
            daemon.pw_gid,
            False,
            None,
        )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "no user name"),
        ("a b", "no user name"),
        ("a:b", "no user name"),
        ("a/b", "no user name"),
        ("../x", "no user name"),
        ("..", "no user name"),
        (".hidden", "no user name"),
        ("-option", "no user name"),
        ("line\nend", "no user name"),
        ("x\n", "no user name"),
        ("null\0", "no user name"),
        ("m\u00fcller", "no user name"),
        ("\udce4", "no user name"),
        ("$x", "no user name"),
        ("4711", "taken for a user id"),
        ("x" * 65, "too long"),
        ("anonymous", "without a password"),
        ("FTP", "without a password"),
        ("root", "already an account"),
        ("daemon", "already an account"),
    ],
)
def test_a_name_is_refused_with_the_reason(store: Store, home: str, name: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        users.add(Wanted(name=name, home=home), HASH, store, DEFAULTS)

    assert list(store.directory.glob("[!.]*")) == []


@pytest.mark.parametrize("name", ["scan", "max@example.org", "1und1", "a.b-c_d+e", "_x", "X" * 64])
def test_names_as_other_servers_have_them_can_be_used(store: Store, home: str, name: str) -> None:
    users.add(Wanted(name=name, home=home), HASH, store, DEFAULTS)

    assert store.names() == [name]


@given(name=st.text(st.characters(codec=None), max_size=80))
def test_a_name_that_may_be_used_stays_in_its_directory(name: str) -> None:
    store = Store(Path("/nonexistent"))
    try:
        users.check_name(name, store, DEFAULTS)
    except Refused as reason:
        str(reason).encode("utf-8")
        return

    path = store.directory / f"{name}:ftpsd-users.membership"
    assert path.parent == store.directory
    assert path.name.split(":")[0] == name
    assert name.isascii()


def test_a_name_is_used_once(store: Store, home: str) -> None:
    users.add(Wanted(name="scan", home=home), HASH, store, DEFAULTS)
    with pytest.raises(Refused, match="already a user scan"):
        users.add(Wanted(name="scan", home=home), HASH, store, DEFAULTS)


def test_the_name_of_a_group_would_be_ambiguous(store: Store, home: str) -> None:
    with pytest.raises(Refused, match="already a group"):
        users.add(Wanted(name="shadow", home=home), HASH, store, DEFAULTS)


@pytest.mark.parametrize(
    "uid", [0, 1, 999, 60001, 61184, 65519, 65534, 65535, 2**32 - 1, 2**40, -1]
)
def test_an_id_that_nobody_could_log_in_with_is_refused(store: Store, home: str, uid: int) -> None:
    with pytest.raises(Refused, match="user id"):
        users.add(Wanted(name="scan", home=home, uid=uid), HASH, store, DEFAULTS)


def test_an_id_that_is_used_is_refused_and_sharing_it_is_offered(store: Store, home: str) -> None:
    users.add(Wanted(name="scan", home=home, uid=45678), HASH, store, DEFAULTS)
    with pytest.raises(Refused, match="used by another record"):
        users.add(Wanted(name="two", home=home, uid=45678), HASH, store, DEFAULTS)
    with pytest.raises(Refused, match="--as daemon"):
        users.add(Wanted(name="two", home=home, uid=1), HASH, store, FOR_DAEMON)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("root", "system account"),
        ("daemon", "system account"),
        ("nobody", "reserved"),
        ("?", "no account"),
    ],
)
def test_nobody_works_as_a_system_account(store: Store, home: str, other: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        users.add(Wanted(name="scan", home=home, shared_with=other), HASH, store, DEFAULTS)


@pytest.mark.parametrize(
    "home", ["relative", "", "/a/../b", "//a", "/a/", "/a//b", "/a:b", "/a\nb", "/a\0b", "/\udcff"]
)
def test_a_home_that_systemd_would_not_take_is_refused(store: Store, home: str) -> None:
    with pytest.raises(Refused, match="no home directory"):
        users.add(Wanted(name="scan", home=home), HASH, store, DEFAULTS)


def test_a_home_whose_parent_is_not_there_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be made in it"):
        users.add(Wanted(name="scan", home=str(tmp_path / "no/home")), HASH, store, DEFAULTS)


def test_a_home_is_made_for_its_user_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    own = Record(name="x", uid=os.getuid(), gid=os.getgid(), home=str(home))

    assert users.make_home(own)
    assert home.stat().st_mode & 0o7777 == 0o700


def test_a_home_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o751)

    assert not users.make_home(Record(name="x", uid=1, gid=1, home=str(tmp_path)))
    assert tmp_path.stat().st_mode & 0o7777 == 0o751
    assert tmp_path.stat().st_uid == os.getuid()


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(FileExistsError):
        users.make_home(Record(name="x", uid=1, gid=1, home=str(tmp_path / "home")))


def test_a_password_is_changed(store: Store, home: str) -> None:
    users.add(Wanted(name="scan", home=home), HASH, store, DEFAULTS)
    users.set_password("scan", KEPT["SHA-512"], store)

    text = (store.directory / "scan.user-privileged").read_text()
    assert KEPT["SHA-512"] in text
    assert HASH not in text


@pytest.mark.parametrize(("name", "reason"), [("daemon", "userdel"), ("nobody-knows", "no user")])
def test_only_users_with_a_record_are_changed_or_deleted(
    store: Store, name: str, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        users.set_password(name, HASH, store)
    with pytest.raises(Refused, match=reason):
        users.delete(name, store)


def test_a_user_as_whom_others_work_is_deleted_after_them(store: Store, home: str) -> None:
    made, _ = users.add(Wanted(name="scan", home=home), HASH, store, DEFAULTS)
    store.add(Record(name="two", uid=made.uid, gid=made.gid, home=home, owner=False), HASH)
    with pytest.raises(Refused, match="two works as scan"):
        users.delete("scan", store)
    users.delete("two", store)
    users.delete("scan", store)

    assert list(store.directory.glob("[!.]*")) == []


def test_it_is_told_why_a_user_does_not_get_in(store: Store, home: str) -> None:
    made, _ = users.add(Wanted(name="scan", home=home), HASH, store, DEFAULTS)
    assert users.obstacles(made, store, DEFAULTS) == []

    (store.directory / "scan:ftpsd-users.membership").unlink()
    Path(home).rmdir()
    told = " ".join(users.obstacles(made, store, Settings(minimum_uid=50000)))
    assert "MinimumUID=" in told
    assert "ftpsd-users" in told
    assert "no directory" in told
