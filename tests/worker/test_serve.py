# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker answers its session and nobody else, and ends with it."""

from __future__ import annotations

import array
import ctypes
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ftpsd.options import Settings
from ftpsd.wire import files
from ftpsd.wire.channel import Channel, Closed, Peer
from ftpsd.wire.codec import encode_call
from ftpsd.wire.files import FILES
from ftpsd.wire.message import Call, Malformed
from ftpsd.worker.beneath import Root
from ftpsd.worker.lines import Names
from ftpsd.worker.serve import READING, WRITING, Worker, prepare

LIST: dict[str, Any] = {
    "path": "/",
    "form": "names",
    "prefix": "",
    "facts": "",
    **dict.fromkeys(
        (
            "hidden",
            "own",
            "recursive",
            "by_time",
            "by_size",
            "reverse",
            "itself",
            "classify",
            "human",
        ),
        False,
    ),
}


class Served:
    """A worker in a thread, and the session's end of its channel."""

    def __init__(self, jail: Path, stack: ExitStack, *, read_only: bool) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours)
        self.peer = Peer(self.channel, FILES)
        self.ended: BaseException | None = None
        self._root = Root(str(jail))
        self._theirs = Channel(theirs)
        names = Names("anna", "users", read_only=read_only)
        self._worker = Worker(self._theirs, self._root, names)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        stack.callback(self.end)

    def _run(self) -> None:
        try:
            self._worker.serve()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            self.ended = error
        self._theirs.close()

    def end(self) -> BaseException | None:
        """Hang up; give what ended the worker, if it was not that."""
        if self.channel.fileno() >= 0:
            self.channel.close()
        self._thread.join()
        if self._root.fd >= 0:
            os.close(self._root.fd)
            self._root.fd = -1
        return self.ended


@pytest.fixture
def jail(tmp_path: Path) -> Path:
    """Make a root with a file and a directory."""
    (tmp_path / "file").write_text("content")
    (tmp_path / "dir").mkdir()
    return tmp_path


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Keep what a test starts, and look whether it left a descriptor."""
    before = len(os.listdir("/proc/self/fd"))
    mask = os.umask(0o022)
    with ExitStack() as stack:
        yield stack
    os.umask(mask)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def served(jail: Path, stack: ExitStack) -> Served:
    """Serve a user who may write."""
    return Served(jail, stack, read_only=False)


@pytest.fixture
def reading(jail: Path, stack: ExitStack) -> Served:
    """Serve a user who may only read."""
    return Served(jail, stack, read_only=True)


def leads_to(fd: int, path: Path) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{fd}") == str(path)
    except FileNotFoundError:
        return False


def text(fd: int) -> str:
    with os.fdopen(fd) as file:
        return file.read()


CHANGES: dict[type[Call[Any]], tuple[Call[Any], Callable[[Path], bool]]] = {
    files.MakeDirectory: (files.MakeDirectory(path="/new"), lambda jail: (jail / "new").is_dir()),
    files.RemoveDirectory: (
        files.RemoveDirectory(path="/dir"),
        lambda jail: not (jail / "dir").exists(),
    ),
    files.RemoveTree: (files.RemoveTree(path="/dir"), lambda jail: not (jail / "dir").exists()),
    files.Remove: (files.Remove(path="/file"), lambda jail: not (jail / "file").exists()),
    files.Link: (files.Link(target="x", path="/l"), lambda jail: (jail / "l").is_symlink()),
    files.Rename: (files.Rename(path="/file", new_path="/b"), lambda jail: (jail / "b").exists()),
    files.SetMode: (
        files.SetMode(path="/file", mode=0o600),
        lambda jail: (jail / "file").stat().st_mode & 0o777 == 0o600,
    ),
    files.SetModified: (
        files.SetModified(path="/file", modified=5),
        lambda jail: (jail / "file").stat().st_mtime_ns == 5,
    ),
    files.SetGroup: (
        files.SetGroup(path="/file", group=os.getegid()),
        lambda jail: (jail / "file").stat().st_gid == os.getegid(),
    ),
    files.SetMask: (files.SetMask(mask=0o077), lambda _: True),
    files.Create: (
        files.Create(path="/new", mode="store", offset=0),
        lambda jail: (jail / "new").exists(),
    ),
}


def test_every_request_has_a_handler() -> None:
    own = {files.List, files.Describe, files.RemoveTree, files.Create, files.Finish}

    assert set(READING) | set(WRITING) | own == set(FILES.calls.values())
    assert not set(READING) & set(WRITING)
    assert set(WRITING) | {files.RemoveTree, files.Create} == set(CHANGES)


def test_a_file_is_handed_over(served: Served) -> None:
    opened = served.peer.ask(files.Open(path="/file"))

    assert (opened.size, text(opened.file_fd)) == (7, "content")


def test_a_new_file_is_handed_over(served: Served, jail: Path) -> None:
    created = served.peer.ask(files.Create(path="/new", mode="store", offset=0))
    with os.fdopen(created.file_fd, "w") as file:
        file.write("x")

    assert (jail / "new").read_text() == "x"


@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.__name__)
def test_a_change_is_made(served: Served, jail: Path, kind: type[Call[Any]]) -> None:
    call, happened = CHANGES[kind]
    for fd in served.peer.ask(call).descriptors():
        os.close(fd)

    assert happened(jail)


@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.__name__)
def test_who_may_only_read_changes_nothing(reading: Served, kind: type[Call[Any]]) -> None:
    with pytest.raises(files.Refused) as refused:
        reading.peer.ask(CHANGES[kind][0])

    assert refused.value.reason == "read_only"


def test_who_may_only_read_reads(reading: Served) -> None:
    assert text(reading.peer.ask(files.Open(path="/file")).file_fd) == "content"
    assert isinstance(reading.peer.ask(files.Enter(path="/dir")), files.Entered)
    assert reading.peer.ask(files.Describe(path="/file")).kind == "file"
    assert reading.peer.ask(files.GetSpace(path="/")).available >= 0


def test_a_refusal_has_the_reason_and_the_worker_goes_on(served: Served) -> None:
    with pytest.raises(files.Refused) as refused:
        served.peer.ask(files.Open(path="/none"))

    assert refused.value.reason == "not_found"
    assert isinstance(served.peer.ask(files.Enter(path="/")), files.Entered)


def test_a_listing_is_handed_over_and_then_said_to_be_whole(served: Served) -> None:
    first = served.peer.ask(files.List(**LIST))
    assert first.listing_fd is not None
    listing = text(first.listing_fd)
    last = served.peer.answer(files.List)

    assert listing.splitlines() == ["dir", "file"]
    assert last.listing_fd is None


def test_a_listing_of_nothing_is_refused(served: Served) -> None:
    with pytest.raises(files.Refused):
        served.peer.ask(files.List(**LIST | {"path": "/none"}))


def test_a_listing_nobody_reads_to_its_end_is_no_failure(served: Served, jail: Path) -> None:
    for number in range(1500):
        (jail / ("x" * 200 + str(number))).symlink_to("x")
    first = served.peer.ask(files.List(**LIST))
    assert first.listing_fd is not None
    os.close(first.listing_fd)

    assert served.peer.answer(files.List).listing_fd is None
    assert isinstance(served.peer.ask(files.Enter(path="/")), files.Entered)


def test_a_listing_ends_with_a_session_that_has_left_both_its_ends_to_the_worker(
    served: Served, jail: Path
) -> None:
    """They would be on their way to it for ever: nobody reads, and nobody hangs up."""
    for number in range(1500):
        (jail / ("x" * 200 + str(number))).symlink_to("x")
    pipe = served.peer.ask(files.List(**LIST)).listing_fd
    assert pipe is not None
    served.channel.send(b"!\0", [pipe, served.channel.fileno()])
    os.close(pipe)

    assert isinstance(served.end(), Malformed)


def test_a_tree_is_removed_with_word_now_and_then(
    served: Served, jail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftpsd.worker.serve._PROGRESS", 2)
    for number in range(5):
        (jail / "dir" / str(number)).write_text("")
    said = [served.peer.ask(files.RemoveTree(path="/dir"))]
    while not said[-1].done:
        said.append(served.peer.answer(files.RemoveTree))

    assert [one.count for one in said] == [2, 4, 6, 6]
    assert not (jail / "dir").exists()


def test_what_needs_no_answer_gets_none(served: Served, jail: Path) -> None:
    served.peer.send(files.MakeDirectory(path="/new"), oneway=True)
    served.channel.sock.shutdown(socket.SHUT_WR)
    with pytest.raises(Closed, match="hung up"):
        served.channel.receive()

    assert (jail / "new").is_dir()


def test_a_worker_ends_with_its_session(served: Served) -> None:
    served.peer.ask(files.Enter(path="/"))

    assert served.end() is None


@pytest.mark.parametrize(
    "data",
    [
        b"{}\0",
        b"\xff\0",
        b'{"method":"org.ftpsd.Helper.Ping"}\0',
        b'{"method":"org.ftpsd.Files.Enter","parameters":{"path":"relative"}}\0',
        b'{"method":"org.ftpsd.Files.List","parameters":{}}\0',
        b"x" * 70_000,
    ],
)
def test_what_breaks_the_contract_ends_the_worker(served: Served, data: bytes) -> None:
    served.channel.send(data, [])
    with pytest.raises(Closed):
        served.channel.receive()

    assert isinstance(served.end(), Malformed)


def test_a_descriptor_ends_the_worker_and_is_closed(served: Served) -> None:
    data, _ = encode_call(FILES, files.Enter(path="/"))
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 0]))]
    served.channel.sock.sendmsg([data], rights)
    with pytest.raises(Closed):
        served.channel.receive()

    assert isinstance(served.end(), Malformed)


@pytest.mark.parametrize(
    "call",
    [
        files.Open(path="/file"),
        files.Open(path="/none"),
        files.List(**LIST),
        files.Enter(path="/"),
    ],
    ids=lambda call: type(call).__name__,
)
def test_a_session_that_is_gone_before_its_answer_is_no_failure(
    jail: Path, stack: ExitStack, call: Call[Any]
) -> None:
    ours, theirs = socket.socketpair()
    root = Root(str(jail))
    stack.callback(os.close, root.fd)
    channel = Channel(theirs)
    stack.callback(channel.close)
    Peer(Channel(ours), FILES).send(call)
    ours.close()

    Worker(channel, root, Names("anna", "users", read_only=False)).serve()


def test_a_prepared_worker_serves_from_its_jail(jail: Path, stack: ExitStack) -> None:
    """Landlock is of a thread, which ends here."""
    ours, theirs = socket.socketpair()
    channel, peer = Channel(theirs), Peer(Channel(ours), FILES)
    stack.callback(channel.close)
    stack.callback(peer.close)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
            prepare(str(jail), "anna", "users", Settings(write=False))(channel)
        except BaseException as error:  # noqa: BLE001 - looked at below
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    opened = peer.ask(files.Open(path="/../file"))
    with pytest.raises(files.Refused):
        peer.ask(files.Remove(path="/file"))
    peer.close()
    thread.join()
    content = text(opened.file_fd)
    # Its root, which a worker holds until it ends.
    os.close(next(fd for fd in range(3, 1000) if leads_to(fd, jail)))

    assert (content, failed) == ("content", [])


def test_a_root_that_cannot_be_entered_is_an_error(jail: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        prepare(str(jail / "none"), "anna", "users", Settings())
