# SPDX-License-Identifier: GPL-3.0-or-later
"""User records are written as nss-systemd(8) reads them, and no half of one is left."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from hashes import KEPT

from ftpsd.admin.records import BadRecord, Record, Store

HASH = KEPT["yescrypt"]
SCAN = Record(name="scan", uid=30000, gid=30000, home="/home/scan", group="scan")
SECOND = Record(name="second", uid=30000, gid=30000, home="/home/second", owner=False)
ALL = {
    "scan.user",
    "scan.user-privileged",
    "scan.group",
    "scan:ftpsd-users.membership",
    "30000.user",
    "30000.user-privileged",
    "30000.group",
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def files(store: Store) -> set[str]:
    return {entry.name for entry in store.directory.iterdir()}


def test_a_user_is_found_by_name_and_by_id(store: Store) -> None:
    store.add(SCAN, HASH)

    assert files(store) == ALL
    for suffix in ("user", "user-privileged", "group"):
        assert os.readlink(store.directory / f"30000.{suffix}") == f"scan.{suffix}"


def test_what_is_written_is_read_again(store: Store) -> None:
    store.add(SCAN, HASH)
    store.add(SECOND, HASH)

    assert store.all() == [SCAN, SECOND]


def test_the_hash_is_for_root_only_and_nowhere_else(store: Store) -> None:
    before = os.umask(0)
    try:
        store.add(SCAN, HASH)
    finally:
        os.umask(before)

    readable = [entry for entry in store.directory.iterdir() if entry.stat().st_mode & 0o077]
    private = store.directory / "scan.user-privileged"
    assert private.stat().st_mode & 0o777 == 0o600
    assert json.loads(private.read_text()) == {"privileged": {"hashedPassword": [HASH]}}
    assert [entry for entry in readable if HASH in entry.read_text()] == []


def test_the_record_can_be_read_by_all_whatever_the_umask(store: Store) -> None:
    before = os.umask(0o077)
    try:
        store.add(SCAN, HASH)
    finally:
        os.umask(before)

    assert (store.directory / "scan.user").stat().st_mode & 0o777 == 0o644


def test_a_membership_is_no_empty_file(store: Store) -> None:
    """systemd before 258 takes an empty one for none."""
    store.add(SCAN, HASH)

    assert (store.directory / "scan:ftpsd-users.membership").read_text().strip() == "{}"


def test_a_user_who_shares_an_id_does_not_take_it(store: Store) -> None:
    store.add(SCAN, HASH)
    store.add(SECOND, HASH)

    assert os.readlink(store.directory / "30000.user") == "scan.user"
    assert files(store) - ALL == {
        "second.user",
        "second.user-privileged",
        "second:ftpsd-users.membership",
    }


def test_of_a_user_that_is_removed_nothing_is_left(store: Store) -> None:
    store.add(SCAN, HASH)
    (store.directory / "scan:other.membership").write_text("{}")
    store.remove(store.read("scan"))

    assert files(store) == set()


def test_to_remove_one_user_leaves_the_others(store: Store) -> None:
    store.add(SCAN, HASH)
    store.add(SECOND, HASH)
    (store.directory / "second.group").write_text('{"groupName":"second","gid":5000}')
    store.remove(store.read("second"))

    assert files(store) == {*ALL, "second.group"}


def test_of_a_user_that_could_not_be_written_nothing_is_left(store: Store) -> None:
    """The name is as long as a file's may be but for that of the membership."""
    name = "x" * 230
    with pytest.raises(OSError, match="too long"):
        store.add(Record(name=name, uid=30000, gid=30000, home="/", group=name), HASH)

    assert files(store) == set()


def test_a_new_password_takes_the_place_of_the_old_and_of_nothing_else(store: Store) -> None:
    store.add(SCAN, HASH)
    private = store.directory / "scan.user-privileged"
    told = {"privileged": {"hashedPassword": [HASH], "sshAuthorizedKeys": ["key"]}, "more": 1}
    private.write_text(json.dumps(told))
    store.set_hash("scan", KEPT["SHA-512"])

    told["privileged"] = {"hashedPassword": [KEPT["SHA-512"]], "sshAuthorizedKeys": ["key"]}
    assert json.loads(private.read_text()) == told
    assert private.stat().st_mode & 0o777 == 0o600


def test_no_password_is_set_beside_one_that_all_may_read(store: Store) -> None:
    told = {"userName": "hand", "uid": 5000, "privileged": {"hashedPassword": [HASH]}}
    (store.directory / "hand.user").write_text(json.dumps(told))
    with pytest.raises(BadRecord, match="privileged section"):
        store.set_hash("hand", HASH)


def test_it_is_known_who_has_no_password(store: Store) -> None:
    store.add(SCAN, HASH)
    store.add(SECOND, None)
    told = {"userName": "hand", "uid": 5000, "privileged": {"hashedPassword": [HASH]}}
    (store.directory / "hand.user").write_text(json.dumps(told))

    assert {name: store.has_password(name) for name in store.names()} == {
        "scan": True,
        "second": False,
        "hand": False,
    }


def test_a_record_written_by_hand_may_leave_out_what_systemd_knows(store: Store) -> None:
    (store.directory / "hand.user").write_text('{"userName":"hand","uid":5000}')

    assert store.read("hand") == Record(
        name="hand", uid=5000, gid=5000, home="/home/hand", shell="", owner=False
    )


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"userName":"other","uid":1}', '{"userName":"x"}', "\0"]
)
def test_what_is_no_record_is_named(store: Store, text: str) -> None:
    (store.directory / "x.user").write_text(text)
    with pytest.raises(BadRecord, match=r"/x\.user"):
        store.read("x")


def test_a_link_put_in_the_way_is_not_followed(store: Store, tmp_path: Path) -> None:
    victim = tmp_path.parent / "victim"
    victim.write_text("whole")
    for name in (".scan.user.new", "scan.user", "30000.user", ".scan.user-privileged.new"):
        (store.directory / name).symlink_to(victim)
    store.add(SCAN, HASH)

    assert victim.read_text() == "whole"
    assert store.read("scan") == SCAN


def _count(directory: Path) -> None:
    store, count = Store(directory), directory / "count"
    for _ in range(50):
        with store.changing():
            count.write_text(str(int(count.read_text()) + 1))


def test_only_one_changes_records_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("0")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_count, args=(tmp_path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert (tmp_path / "count").read_text() == "150"


def test_who_may_only_read_the_records_keeps_nobody_from_changing_them(tmp_path: Path) -> None:
    """A lock of flock(2) can be had on whatever can be opened, and everyone may open these."""
    tmp_path.chmod(0o755)
    store = Store(tmp_path)
    with store.changing():
        store.add(SCAN, HASH)
    every = [path for path in (tmp_path, *tmp_path.iterdir()) if not path.is_symlink()]
    held = [os.open(path, os.O_RDONLY) for path in every if path.stat().st_mode & 0o044]
    try:
        for fd in held:
            fcntl.flock(fd, fcntl.LOCK_EX)
        signal.alarm(10)
        with store.changing():
            store.remove(SCAN)
    finally:
        signal.alarm(0)
        for fd in held:
            os.close(fd)

    assert store.names() == []


def test_there_are_no_users_where_there_is_no_directory(tmp_path: Path) -> None:
    assert Store(tmp_path / "none").names() == []
