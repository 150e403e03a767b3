# SPDX-License-Identifier: GPL-3.0-or-later
"""No path leaves the root, whatever links say and whoever moves them; nothing opened blocks."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apart import in_thread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftpsd.worker.beneath import Root, kind

READ, WRITE = os.O_RDONLY, os.O_WRONLY | os.O_CREAT
LINKS = {
    "absolute": "/secret",
    "relative": "../secret",
    "far": "../" * 40 + "secret",
    "self": "self",
    "inside": "/a/b/file",
    "up": "a/../a/b/../b/file",
    "directory": "..",
    "slash": "/",
    "kernel": "/proc/self/root/secret",
    "dangling": "nowhere",
}


@pytest.fixture
def jail(tmp_path: Path) -> Path:
    """Make a root with a secret beside it, and links of all sorts in it."""
    (tmp_path / "secret").write_text("secret")
    jail = tmp_path / "jail"
    (jail / "a/b").mkdir(parents=True)
    (jail / "a/b/file").write_text("inside")
    for name, target in LINKS.items():
        (jail / name).symlink_to(target)
    (jail / "real").symlink_to(tmp_path / "secret")
    return jail


@pytest.fixture
def root(jail: Path) -> Iterator[Root]:
    """Open the root; no descriptor may be left in the end."""
    before = len(os.listdir("/proc/self/fd"))
    made = Root(str(jail))
    yield made
    os.close(made.fd)
    assert len(os.listdir("/proc/self/fd")) == before


def read(root: Root, path: str) -> str:
    fd, _ = root.regular(path, READ)
    with os.fdopen(fd) as file:
        return file.read()


def refusal(act: Callable[[], object]) -> int | None:
    with pytest.raises(OSError, match="Errno") as caught:
        act()
    return caught.value.errno


@pytest.mark.parametrize(
    "path", ["/a/b/file", "/inside", "/up", "/../../a/b/file", "//a//./b/file"]
)
def test_what_is_beneath_is_opened(root: Root, path: str) -> None:
    assert read(root, path) == "inside"


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/absolute", errno.ENXIO),
        ("/relative", errno.ENXIO),
        ("/far", errno.ENXIO),
        ("/real", errno.ENXIO),
        ("/dangling", errno.ENXIO),
        ("/kernel", errno.ENXIO),
        ("/self", errno.ELOOP),
        ("/directory/secret", errno.ENOENT),
        ("/../secret", errno.ENOENT),
        ("/slash/../secret", errno.ENOENT),
        ("/a/b/file/x", errno.ENOTDIR),
        ("/a/b/file/", errno.ENOTDIR),
        ("/a", errno.EISDIR),
        ("/", errno.EISDIR),
        ("/..", errno.EISDIR),
        ("/" + "x" * 256, errno.ENAMETOOLONG),
        ("/x" * 2048, errno.ENAMETOOLONG),
    ],
)
def test_what_is_not_beneath_is_not_there(root: Root, path: str, number: int) -> None:
    assert refusal(lambda: root.regular(path, READ)) == number


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from([*LINKS, "real", "a", "b", "file", "..", ".", "", "secret"])))
def test_no_walk_leaves_the_root(root: Root, parts: list[str]) -> None:
    try:
        assert read(root, "/" + "/".join(parts)) == "inside"
    except OSError:
        pass


def test_nothing_is_made_outside(root: Root, jail: Path) -> None:
    for name in ("absolute", "relative", "far", "real", "dangling", "kernel"):
        assert refusal(lambda name=name: root.regular(f"/{name}", WRITE)) == errno.ENXIO  # type: ignore[misc]

    assert (jail.parent / "secret").read_text() == "secret"
    assert not (jail / "nowhere").exists()


def test_links_of_the_kernel_are_not_followed(tmp_path: Path) -> None:
    assert tmp_path.exists()
    root = Root("/proc")
    with open(__file__, "rb") as file:
        for path in (f"/self/fd/{file.fileno()}", "/self/root/etc/passwd", "/self/cwd/.."):
            assert refusal(lambda path=path: root.open(path, READ)) == errno.ELOOP  # type: ignore[misc]
    os.close(root.fd)


def move(jail: Path, stop: threading.Event) -> None:
    """Move a directory out of the root and back, again and again."""
    inside, outside = jail / "a/b/c", jail.parent / "moved"
    while not stop.is_set():
        inside.rename(outside)
        outside.rename(inside)


def swap(jail: Path, stop: threading.Event) -> None:
    """Make one name a directory and a link to the secret by turns."""
    link, there = jail / "link", jail / "there"
    while not stop.is_set():
        there.mkdir()
        there.rmdir()
        link.symlink_to("../secret")
        link.rename(there)
        there.unlink()


def read_all(root: Root, paths: tuple[str, ...], times: int) -> set[str]:
    got = set()
    for path in paths * times:
        try:
            got.add(read(root, path))
        except OSError:
            continue
    return got


def test_who_moves_directories_meanwhile_gets_nobody_out(root: Root, jail: Path) -> None:
    (jail / "a/b/c/d").mkdir(parents=True)
    stop = threading.Event()
    threads = [threading.Thread(target=one, args=(jail, stop)) for one in (move, swap)]
    for thread in threads:
        thread.start()
    paths = ("/a/b/c/d/../../../../secret", "/there", "/a/b/c/d/../../../b/file")
    got = read_all(root, paths, 1500)
    stop.set()
    for thread in threads:
        thread.join()

    assert got <= {"inside"}


def test_a_fifo_never_blocks(root: Root, jail: Path) -> None:
    os.mkfifo(jail / "fifo")

    assert refusal(lambda: root.regular("/fifo", READ)) == errno.ENXIO
    assert refusal(lambda: root.regular("/fifo", WRITE)) == errno.ENXIO
    assert refusal(lambda: root.attributes("/fifo")) == errno.ENXIO


def test_a_socket_is_not_opened(root: Root, jail: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(jail / "socket"))

        assert refusal(lambda: root.regular("/socket", READ)) == errno.ENXIO


def test_a_device_is_not_opened() -> None:
    root = Root("/dev")

    assert refusal(lambda: root.regular("/null", READ)) == errno.ENXIO
    assert refusal(lambda: root.attributes("/null")) == errno.ENXIO
    os.close(root.fd)


def test_what_takes_the_place_of_a_file_is_looked_at_again(jail: Path) -> None:
    class Outrun(Root):
        """A root in which a file is replaced after it was looked at."""

        def status(self, path: str) -> os.stat_result:
            found = super().status(path)
            (jail / "a/b/file").unlink()
            os.mkfifo(jail / "a/b/file")
            return found

    root = Outrun(str(jail))
    before = len(os.listdir("/proc/self/fd"))

    assert refusal(lambda: root.regular("/a/b/file", READ)) == errno.ENXIO
    assert len(os.listdir("/proc/self/fd")) == before
    os.close(root.fd)


def test_what_is_opened_blocks_and_is_not_inherited(root: Root) -> None:
    fd, found = root.regular("/a/b/file", READ)

    assert os.get_blocking(fd)
    assert not os.get_inheritable(fd)
    assert found.st_size == 6
    os.close(fd)


def mask() -> int:
    """Give the mask of new files, which can only be read by setting it."""
    found = os.umask(0)
    os.umask(found)
    return found


def test_a_file_that_is_not_there_is_made_only_if_asked(root: Root, jail: Path) -> None:
    assert refusal(lambda: root.regular("/new", os.O_WRONLY)) == errno.ENOENT
    fd, _ = root.regular("/new", WRITE)
    os.close(fd)

    assert stat.S_IMODE((jail / "new").stat().st_mode) == 0o666 & ~mask()


def test_the_root_has_no_name(root: Root) -> None:
    for path in ("/", "//", "/.", "/..", "/a/..", "/a/.", "/a/../"):
        assert refusal(lambda path=path: root.parent(path)) == errno.EPERM  # type: ignore[misc]


@pytest.mark.parametrize("path", ["/a/b", "/a/b/", "/slash/a/b", "/directory/a/b"])
def test_a_parent_and_a_name_are_the_file(root: Root, jail: Path, path: str) -> None:
    parent, name = root.parent(path)

    assert os.stat(name, dir_fd=parent).st_ino == (jail / "a/b").stat().st_ino
    os.close(parent)


def test_a_parent_is_never_outside(root: Root, jail: Path) -> None:
    parent, name = root.parent("/directory/../../secret")

    assert (name, os.fstat(parent).st_ino) == ("secret", jail.stat().st_ino)
    os.close(parent)


def test_a_link_that_leads_nowhere_is_looked_at_itself(root: Root) -> None:
    assert stat.S_ISLNK(root.status("/absolute").st_mode)
    assert stat.S_ISREG(root.status("/inside").st_mode)
    assert refusal(lambda: root.status("/none")) == errno.ENOENT


def test_attributes_are_those_of_files_and_directories(root: Root, jail: Path) -> None:
    (jail / "readable").write_text("")
    for path in ("/a", "/readable"):
        os.close(root.attributes(path))
    assert refusal(lambda: root.attributes("/dangling")) == errno.ENXIO


@pytest.mark.parametrize("mode", [0o000, 0o200, 0o644])
@pytest.mark.parametrize("path", ["a/b/file", "a/b"])
def test_permissions_may_be_given_back(root: Root, jail: Path, path: str, mode: int) -> None:
    (jail / path).chmod(mode)
    as_ordinary(lambda: root.set_mode("/" + path, 0o740), jail)

    assert stat.S_IMODE((jail / path).stat().st_mode) == 0o740


def test_a_directory_that_is_closed_to_its_owner_stays_a_shared_one(root: Root, jail: Path) -> None:
    (jail / "a/b").chmod(0o1000)
    as_ordinary(lambda: root.set_mode("/a/b", 0o750), jail)

    assert stat.S_IMODE((jail / "a/b").stat().st_mode) == 0o1750


def as_ordinary(act: Callable[[], None], jail: Path) -> None:
    """Act without the privileges of root, if this is root; the files are the actor's then."""
    if os.geteuid() != 0:
        act()
        return
    for path in (jail, *jail.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    os.seteuid(65534)
    try:
        act()
    finally:
        os.seteuid(0)


def test_permissions_of_others_are_theirs(jail: Path) -> None:
    """A kernel before 6.6 has no fchmodat2(2): then nobody is refused less."""
    root = Root("/")
    path = "/proc/1/environ"

    def change() -> None:
        assert refusal(lambda: root.set_mode(path, 0o777)) in (errno.EPERM, errno.EACCES)

    as_ordinary(change, jail)
    os.close(root.fd)


def test_a_file_may_be_written_that_may_not_be_read(root: Root, jail: Path) -> None:
    (jail / "a/b/file").chmod(0o200)

    def touch() -> None:
        os.close(root.attributes("/a/b/file"))

    as_ordinary(touch, jail)


def test_a_root_that_is_no_directory_is_refused(jail: Path) -> None:
    assert refusal(lambda: Root(str(jail / "a/b/file"))) == errno.ENOTDIR
    assert refusal(lambda: Root(str(jail / "none"))) == errno.ENOENT


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOSYS])
def test_without_the_call_of_the_kernel_there_is_no_root(jail: Path, number: int) -> None:
    def refused() -> None:
        forbid(437, number)
        assert refusal(lambda: Root(str(jail))) == number

    in_thread(refused, no_new_privs=False)


def forbid(call: int, number: int) -> None:
    """Have the kernel answer a system call of this thread with an error, for good (seccomp(2))."""
    import ctypes
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    filters = b"".join(
        struct.pack("HBBI", *one)
        for one in (
            (0x20, 0, 0, 0),  # load the number of the call
            (0x15, 0, 1, call),  # another one: skip what follows
            (0x06, 0, 0, 0x00050000 | number),  # answer with the error
            (0x06, 0, 0, 0x7FFF0000),  # allow
        )
    )
    buffer = ctypes.create_string_buffer(filters)
    program = struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.create_string_buffer(program)) == 0, ctypes.get_errno()


def test_only_a_regular_file_is_one(jail: Path) -> None:
    kind((jail / "a/b/file").stat())

    assert refusal(lambda: kind(jail.stat())) == errno.EISDIR
    assert refusal(lambda: kind((jail / "self").lstat())) == errno.ENXIO
