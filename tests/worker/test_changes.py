# SPDX-License-Identifier: GPL-3.0-or-later
"""What is changed is what was asked for, beneath the root, or nothing."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from asking import TOO_LONG, create, reason, write

from ftpsd.wire import files
from ftpsd.wire.message import Reply
from ftpsd.worker import files as handlers
from ftpsd.worker.beneath import Root


def test_entering_is_for_directories(root: Root) -> None:
    for path in ("/", "/empty", "/full/", "/up/empty"):
        handlers.enter(root, files.Enter(path=path))
    assert reason(lambda: handlers.enter(root, files.Enter(path="/full/file"))) == "not_directory"
    assert reason(lambda: handlers.enter(root, files.Enter(path="/none"))) == "not_found"


def test_entering_takes_the_right_to_search(root: Root, jail: Path) -> None:
    (jail / "empty").chmod(0o600)
    if os.geteuid() == 0:
        os.chown(jail, 65534, 65534)
        os.chown(jail / "empty", 65534, 65534)
        os.seteuid(65534)
    try:
        assert reason(lambda: handlers.enter(root, files.Enter(path="/empty"))) == "denied"
    finally:
        if os.getuid() == 0:
            os.seteuid(0)


def test_a_directory_is_made(root: Root, jail: Path) -> None:
    handlers.make_directory(root, files.MakeDirectory(path="/up/new/"))

    assert stat.S_IMODE((jail / "new").stat().st_mode) == 0o755
    assert not (jail.parent / "new").exists()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/full", "exists"),
        ("/out", "exists"),
        ("/none/a", "not_found"),
        ("/full/file/a", "not_directory"),
        ("/", "denied"),
        ("/full/..", "denied"),
        (TOO_LONG, "name"),
    ],
)
def test_what_cannot_be_made_is_refused(root: Root, path: str, why: str) -> None:
    assert reason(lambda: handlers.make_directory(root, files.MakeDirectory(path=path))) == why


def test_an_empty_directory_is_removed(root: Root, jail: Path) -> None:
    handlers.remove_directory(root, files.RemoveDirectory(path="/empty"))

    assert not (jail / "empty").exists()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/full", "not_empty"),
        ("/full/file", "not_directory"),
        ("/up", "not_directory"),
        ("/none", "not_found"),
        ("/", "denied"),
        ("/empty/.", "denied"),
    ],
)
def test_what_is_no_empty_directory_is_not_removed(root: Root, path: str, why: str) -> None:
    assert reason(lambda: handlers.remove_directory(root, files.RemoveDirectory(path=path))) == why


@pytest.mark.parametrize("name", ["full/file", "fifo", "out", "loop"])
def test_anything_but_a_directory_is_removed_itself(root: Root, jail: Path, name: str) -> None:
    handlers.remove(root, files.Remove(path=f"/{name}"))

    assert not os.path.lexists(jail / name)
    assert (jail.parent / "outside").exists()


@pytest.mark.parametrize(
    ("path", "why"), [("/empty", "is_directory"), ("/none", "not_found"), ("/", "denied")]
)
def test_what_cannot_be_removed_is_refused(root: Root, path: str, why: str) -> None:
    assert reason(lambda: handlers.remove(root, files.Remove(path=path))) == why


def rename(root: Root, path: str, new_path: str) -> Reply:
    return handlers.rename(root, files.Rename(path=path, new_path=new_path))


def test_a_file_is_renamed_and_replaces_a_file(root: Root, jail: Path) -> None:
    (jail / "empty/other").write_text("old")
    rename(root, "/full/file", "/empty/other")

    assert (jail / "empty/other").read_text() == "content"
    assert os.listdir(jail / "full") == []


def test_a_link_is_renamed_itself(root: Root, jail: Path) -> None:
    rename(root, "/out", "/up/moved")

    assert os.readlink(jail / "moved") == "../outside"


@pytest.mark.parametrize(
    ("path", "new_path", "why"),
    [
        ("/none", "/new", "not_found"),
        ("/full/file", "/none/new", "not_found"),
        ("/empty", "/full", "not_empty"),
        ("/empty", "/full/file", "not_directory"),
        ("/full/file", "/empty", "is_directory"),
        ("/full", "/full/inside", "name"),
        ("/", "/new", "denied"),
        ("/full", "/", "denied"),
        ("/full", "/..", "denied"),
        ("/full/file", TOO_LONG, "name"),
    ],
)
def test_what_cannot_be_renamed_is_refused(root: Root, path: str, new_path: str, why: str) -> None:
    assert reason(lambda: rename(root, path, new_path)) == why


@pytest.mark.parametrize(("mode", "bits"), [(0o640, 0o640), (0o7777, 0o777), (-1, 0o777)])
def test_permission_bits_are_set_but_lend_nobody_an_identity(
    root: Root, jail: Path, mode: int, bits: int
) -> None:
    handlers.set_mode(root, files.SetMode(path="/in", mode=mode))

    assert stat.S_IMODE((jail / "full/file").stat().st_mode) == bits


@pytest.mark.parametrize(
    ("before", "mode", "after"),
    [
        (0o2770, 0o750, 0o2750),
        (0o1777, 0o755, 0o1755),
        (0o3770, 0o775, 0o3775),
        (0o700, 0o7755, 0o755),
        (0o2700, 0o7755, 0o2755),
    ],
)
def test_a_directory_stays_a_shared_one_and_becomes_none(
    root: Root, jail: Path, before: int, mode: int, after: int
) -> None:
    (jail / "empty").chmod(before)
    handlers.set_mode(root, files.SetMode(path="/empty", mode=mode))

    assert stat.S_IMODE((jail / "empty").stat().st_mode) == after


def test_a_file_loses_what_a_directory_keeps(root: Root, jail: Path) -> None:
    (jail / "full/file").chmod(0o7755)
    handlers.set_mode(root, files.SetMode(path="/full/file", mode=0o7644))

    assert stat.S_IMODE((jail / "full/file").stat().st_mode) == 0o644


def test_the_time_of_modification_alone_is_set(root: Root, jail: Path) -> None:
    os.utime(jail / "full/file", ns=(5, 6))
    handlers.set_modified(root, files.SetModified(path="/in", modified=7_000_000_008))
    found = (jail / "full/file").stat()

    assert (found.st_atime_ns, found.st_mtime_ns) == (5, 7_000_000_008)


@pytest.mark.parametrize("modified", [-(2**63), 2**63 - 1])
def test_any_time_is_set_or_refused(root: Root, modified: int) -> None:
    try:
        handlers.set_modified(root, files.SetModified(path="/full/file", modified=modified))
    except OSError:
        pass


def test_attributes_of_what_is_no_file_are_left_alone(root: Root, jail: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(jail / "socket"))
        for path in ("/fifo", "/socket"):
            request = files.SetModified(path=path, modified=0)
            assert reason(lambda request=request: handlers.set_modified(root, request)) == (  # type: ignore[misc]
                "not_regular"
            )


def test_new_files_do_not_get_what_the_mask_says(root: Root, jail: Path) -> None:
    handlers.set_mask(root, files.SetMask(mask=0o7077))
    write(create(root, "/private"), "")

    assert stat.S_IMODE((jail / "private").stat().st_mode) == 0o600


@pytest.mark.parametrize("group", [2**32, 2**63 - 1, -5])
def test_a_group_that_cannot_be_is_refused(root: Root, group: int) -> None:
    assert reason(
        lambda: handlers.set_group(root, files.SetGroup(path="/full/file", group=group))
    ) in ("denied", "name", "range")


def test_a_file_is_given_to_a_group_of_the_user(root: Root, jail: Path) -> None:
    handlers.set_group(root, files.SetGroup(path="/full/file", group=os.getegid()))

    assert (jail / "full/file").stat().st_gid == os.getegid()


def test_a_link_is_made_and_leads_nowhere_beyond(root: Root, jail: Path) -> None:
    handlers.link(root, files.Link(target="../../outside", path="/full/link"))

    assert os.readlink(jail / "full/link") == "../../outside"
    assert reason(lambda: handlers.open_file(root, files.Open(path="/full/link"))) == "not_regular"
    assert reason(lambda: handlers.link(root, files.Link(target="a", path="/full"))) == "exists"


def test_there_is_room(root: Root) -> None:
    assert handlers.get_space(root, files.GetSpace(path="/full")).available > 0
    assert reason(lambda: handlers.get_space(root, files.GetSpace(path="/none"))) == "not_found"
