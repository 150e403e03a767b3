# SPDX-License-Identifier: GPL-3.0-or-later
"""An upload that is taken back takes nothing else with it; see tests/settings for the rest."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from asking import reason

from ftpsd.options import Settings
from ftpsd.wire import files
from ftpsd.wire.channel import Channel, Peer, close_all, receive_call
from ftpsd.wire.codec import encode_refusal, encode_reply
from ftpsd.wire.message import Done
from ftpsd.wire.owner import OWNER, NotGiven
from ftpsd.worker.beneath import Root
from ftpsd.worker.rights import TEMPORARY, Rights
from ftpsd.worker.uploads import Uploads


class Uploading:
    """Uploads beneath a root, by some settings."""

    def __init__(self, jail: Path, **chosen: Any) -> None:
        owner: Peer | None = chosen.pop("owner", None)
        self.root = Root(str(jail), Rights(Settings(**chosen)))
        self.uploads = Uploads(self.root, owner)

    def open(self, path: str) -> None:
        self.write(path, "")

    def write(self, path: str, text: str, mode: str = "store") -> None:
        call = files.Create(path=path, mode=mode, offset=0)
        with os.fdopen(self.uploads.create(call).file_fd, "w") as file:
            file.write(text)

    def finish(self, *, whole: bool) -> None:
        self.uploads.finish(files.Finish(whole=whole))

    def close(self) -> None:
        self.uploads.give_up()
        os.close(self.root.fd)


def test_what_took_the_place_of_a_failed_upload_stays(jail: Path) -> None:
    one = Uploading(jail, delete_failed_uploads=True)
    one.write("/new", "half")
    (jail / "other").write_text("other")
    (jail / "other").rename(jail / "new")
    one.finish(whole=False)
    one.close()

    assert (jail / "new").read_text() == "other"


@pytest.mark.parametrize("content", ["old", ""])
def test_a_file_that_no_upload_has_touched_stays(jail: Path, content: str) -> None:
    (jail / "old").write_text(content)
    one = Uploading(jail, delete_failed_uploads=True)
    one.open("/old")
    one.finish(whole=False)
    one.open("/old")
    one.open("/new")
    one.close()

    assert (jail / "old").read_text() == content
    assert not (jail / "new").exists()


@pytest.mark.parametrize("mode", ["store", "append", "unique"])
@pytest.mark.parametrize("how", ["", "sync_uploads", "delete_failed_uploads", "atomic_uploads"])
def test_a_refused_upload_leaves_nothing_and_takes_nothing(jail: Path, how: str, mode: str) -> None:
    (jail / "old").write_text("old")
    (jail / "nothing").touch()
    before = sorted(os.listdir(jail))
    one = Uploading(jail, keep_free=1 << 60, **dict.fromkeys(filter(None, [how]), True))
    for name in ("/old", "/nothing", "/in", "/new"):
        with pytest.raises(OSError, match="No space left"):
            one.write(name, "", mode)
        assert sorted(os.listdir(jail)) == before
    one.close()

    assert (jail / "old").read_text() == "old"
    assert (jail / "full/file").read_text() == "content"


def test_what_came_while_an_upload_was_refused_stays(
    jail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (jail / "new").write_text("another")
    # As if it had not been there yet when it was looked for.
    monkeypatch.setattr(Uploads, "_there", lambda *_: None)
    one = Uploading(jail, keep_free=1 << 60)
    assert reason(lambda: one.open("/new")) == "no_space"
    one.close()

    assert (jail / "new").read_text() == "another"


def test_an_upload_that_is_never_finished_is_taken_back_by_the_next(jail: Path) -> None:
    one = Uploading(jail, atomic_uploads=True)
    one.write("/full/file", "half")
    one.write("/full/next", "whole")
    one.finish(whole=True)
    one.close()

    assert sorted(os.listdir(jail / "full")) == ["file", "next"]
    assert (jail / "full/file").read_text() == "content"


def test_to_finish_twice_is_nothing(jail: Path) -> None:
    one = Uploading(jail, atomic_uploads=True)
    one.write("/new", "whole")
    one.finish(whole=True)
    one.finish(whole=False)
    one.finish(whole=True)
    one.close()

    assert (jail / "new").read_text() == "whole"


def test_a_file_that_is_too_large_is_found_out_however_it_was_written(jail: Path) -> None:
    one = Uploading(jail, atomic_uploads=True, max_file_size=3)
    one.write("/full/file", "four")
    assert reason(lambda: one.finish(whole=True)) == "too_large"
    one.close()

    assert (jail / "full/file").read_text() == "content"


@pytest.mark.parametrize("path", ["/loop", "/fifo", "/full"])
def test_what_is_no_file_is_not_replaced(jail: Path, path: str) -> None:
    one = Uploading(jail, atomic_uploads=True)
    assert reason(lambda: one.write(path, "x")) in ("loop", "not_regular", "is_directory")
    one.close()
    assert (jail / path[1:]).is_symlink() or not (jail / path[1:]).is_file()


def test_a_link_that_leads_nowhere_is_not_replaced(jail: Path) -> None:
    (jail / "nowhere").symlink_to("none")
    one = Uploading(jail, atomic_uploads=True)
    assert reason(lambda: one.write("/nowhere", "x")) == "not_regular"
    one.close()
    assert (jail / "nowhere").is_symlink()


def test_a_file_beyond_a_link_is_replaced_beneath_the_root(jail: Path) -> None:
    one = Uploading(jail, atomic_uploads=True)
    one.write("/in", "new")
    one.finish(whole=True)
    one.close()

    assert (jail / "in").is_symlink()
    assert (jail / "full/file").read_text() == "new"


def test_a_denied_directory_takes_no_file_by_a_link(jail: Path) -> None:
    (jail / "way").symlink_to("full")
    one = Uploading(jail, atomic_uploads=True, deny_names=("full",))
    assert reason(lambda: one.write("/way/new", "x")) == "denied"
    one.close()
    assert os.listdir(jail / "full") == ["file"]


@pytest.mark.parametrize("before", ["old", None])
def test_what_cannot_be_given_away_replaces_nothing_and_is_not_left(
    jail: Path, before: str | None
) -> None:
    if before is not None:
        (jail / "file").write_text(before)
    there = sorted(os.listdir(jail))
    gone, end = socket.socketpair()
    gone.close()
    owner = Peer(Channel(end), OWNER)
    one = Uploading(jail, owner=owner, atomic_uploads=True)
    one.write("/file", "new")
    with pytest.raises(PermissionError):
        one.finish(whole=True)
    one.close()
    owner.close()

    assert sorted(os.listdir(jail)) == there
    if before is not None:
        assert (jail / "file").read_text() == before


@pytest.mark.parametrize("how", ["delete_failed_uploads", "atomic_uploads"])
@pytest.mark.parametrize("before", ["old", None])
def test_a_name_that_does_not_reach_the_disk_takes_no_file_away(
    jail: Path, monkeypatch: pytest.MonkeyPatch, how: str, before: str | None
) -> None:
    """What the new file has replaced is gone by then."""
    if before is not None:
        (jail / "file").write_text(before)
    fsync = os.fsync

    def fails(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(fd)

    monkeypatch.setattr("os.fsync", fails)
    one = Uploading(jail, sync_uploads=True, **{how: True})
    one.write("/file", "new")
    assert reason(lambda: one.finish(whole=True)) == "failed"
    one.close()

    assert (jail / "file").read_text() == "new"
    assert not [name for name in os.listdir(jail) if name.startswith(TEMPORARY)]


def test_a_late_answer_is_none_to_the_next_upload(jail: Path) -> None:
    """What gives uploads away was stopped for too long, and goes on then."""
    end, theirs = socket.socketpair()
    owner = Peer(Channel(end), OWNER)
    one = Uploading(jail, owner=owner, atomic_uploads=True)
    given = encode_reply(Done())[0]
    theirs.sendall(b"broken\0" + given)
    for name in ("/a", "/b"):
        one.write(name, "new")
        with pytest.raises(PermissionError):
            one.finish(whole=True)
        assert not (jail / name[1:]).exists()
    one.close()
    owner.close()
    theirs.close()


def test_an_upload_beyond_the_quota_of_who_gets_it_is_refused_for_that(jail: Path) -> None:
    end, theirs = socket.socketpair()
    owner = Peer(Channel(end), OWNER)
    one = Uploading(jail, owner=owner, atomic_uploads=True)
    one.write("/new", "new")
    theirs.sendall(encode_refusal(OWNER, NotGiven(quota=True)))
    assert reason(lambda: one.finish(whole=True)) == "quota"
    one.close()
    owner.close()
    theirs.close()

    assert not (jail / "new").exists()


@pytest.mark.parametrize("before", ["old", None])
def test_an_upload_has_its_name_when_it_is_given_away_and_not_before(
    jail: Path, before: str | None
) -> None:
    """Another session of the same user could open it by that name, and write to it later."""
    if before is not None:
        (jail / "file").write_text(before)
    seen: list[str | None] = []
    end, theirs = socket.socketpair()

    def give() -> None:
        channel = Channel(theirs)
        request, _ = receive_call(channel, OWNER.calls)
        file = jail / "file"
        seen.append(file.read_text() if file.exists() else None)
        close_all(request.descriptors())
        channel.send(*encode_reply(Done()))

    thread = threading.Thread(target=give)
    thread.start()
    owner = Peer(Channel(end), OWNER)
    one = Uploading(jail, owner=owner, atomic_uploads=True)
    one.write("/file", "new")
    one.finish(whole=True)
    thread.join()
    one.close()
    owner.close()
    theirs.close()

    assert seen == [before]
    assert (jail / "file").read_text() == "new"


@pytest.mark.parametrize("mode", ["store", "append", "unique"])
def test_what_cannot_be_given_away_at_once_is_not_begun(jail: Path, mode: str) -> None:
    (jail / "old").write_text("old")
    there = sorted(os.listdir(jail))
    gone, end = socket.socketpair()
    gone.close()
    owner = Peer(Channel(end), OWNER)
    one = Uploading(jail, owner=owner)
    for name in ("/old", "/new"):
        with pytest.raises(PermissionError):
            one.write(name, "new", mode)
    one.close()
    owner.close()

    assert sorted(os.listdir(jail)) == there
    assert (jail / "old").read_text() == "old"
