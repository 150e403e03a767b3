# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers one session, request by request, until it hangs up."""

from __future__ import annotations

import os
import select
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from ftpsd.wire import files
from ftpsd.wire.channel import Channel, Closed, Peer, close_all, receive_call
from ftpsd.wire.codec import encode_refusal, encode_reply
from ftpsd.wire.gate import Gate, Rule
from ftpsd.wire.message import Call, Refusal, Reply
from ftpsd.wire.owner import OWNER
from ftpsd.worker import files as handlers
from ftpsd.worker.beneath import Root
from ftpsd.worker.confine import confine
from ftpsd.worker.directory import Directory
from ftpsd.worker.filter import install
from ftpsd.worker.lines import Names
from ftpsd.worker.refusal import refusal
from ftpsd.worker.rights import Rights
from ftpsd.worker.tree import remove_tree
from ftpsd.worker.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO

    from ftpsd.options import Settings

    Handler = Callable[[Root, Any], Reply]

READING: Final[dict[type[Call[Any]], Handler]] = {
    files.Open: handlers.open_file,
    files.Enter: handlers.enter,
    files.GetSpace: handlers.get_space,
}
WRITING: Final[dict[type[Call[Any]], Handler]] = {
    files.MakeDirectory: handlers.make_directory,
    files.RemoveDirectory: handlers.remove_directory,
    files.Remove: handlers.remove,
    files.Rename: handlers.rename,
    files.Link: handlers.link,
    files.SetGroup: handlers.set_group,
    files.SetMode: handlers.set_mode,
    files.SetModified: handlers.set_modified,
    files.SetMask: handlers.set_mask,
}
_PROGRESS: Final = 1000
RULES: Final = tuple(Rule(call) for call in files.FILES.calls.values())


class Worker:
    """The files of one user, for one session."""

    def __init__(
        self, channel: Channel, root: Root, names: Names, owner: Peer | None = None
    ) -> None:
        """Serve `root` over `channel`; `names` says who the user is and whether he may write.

        `owner` gives his uploads away, if anybody does.
        """
        self._channel = channel
        self._root = root
        self._names = names
        self._uploads = Uploads(root, owner)
        self._own: dict[type[Call[Any]], Callable[[Any], Reply]] = {
            files.List: self._list,
            files.Describe: lambda request: handlers.describe(root, request, names),
            files.RemoveTree: self._remove_tree,
            files.Create: self._uploads.create,
            files.Finish: self._uploads.finish,
        }
        self._gate = Gate(RULES)

    def serve(self) -> None:
        """Answer until the session hangs up. Raise `Malformed` if it breaks the contract."""
        try:
            while True:
                request, oneway = receive_call(self._channel, files.FILES.calls)
                self._gate.admit(request)
                self._answer(request, (lambda *_: None) if oneway else self._channel.send)
        except Closed:
            return
        finally:
            self._uploads.give_up()

    def _answer(self, request: Call[Any], send: Callable[[bytes, list[int]], None]) -> None:
        try:
            reply = self._handle(request)
        except OSError as error:
            send(encode_refusal(files.FILES, refusal(error)), [])
        except Refusal as error:
            send(encode_refusal(files.FILES, error), [])
        else:
            try:
                send(*encode_reply(reply))
            finally:
                close_all(reply.descriptors())

    def _handle(self, request: Call[Any]) -> Reply:
        kind = type(request)
        if self._names.read_only and kind in (*WRITING, files.Create, files.RemoveTree):
            raise files.Refused(reason="read_only")
        self._root.rights.admit(request)
        if kind in self._own:
            return self._own[kind](request)
        return (READING.get(kind) or WRITING[kind])(self._root, request)

    def _remove_tree(self, request: files.RemoveTree) -> files.Progress:
        """Remove, and say now and then how far it is: the session waits, and so does its client."""
        count = 0
        for count in remove_tree(self._root, request.path):
            if count % _PROGRESS == 0:
                step = files.Progress(count=count, done=False)
                self._channel.send(*encode_reply(step, continues=True))
        return files.Progress(count=count, done=True)

    def _list(self, request: files.List) -> files.Listing:
        """Hand over the reading end of a pipe, then write the listing into the other.

        The session reads while this process writes, so a directory of any size needs no memory.
        """
        directory = Directory(self._root, request, self._names, int(time.time()))
        try:
            reading, writing = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(writing, False)
            with os.fdopen(writing, "wb", buffering=0) as pipe:
                try:
                    reply = files.Listing(listing_fd=reading)
                    self._channel.send(*encode_reply(reply, continues=True))
                finally:
                    os.close(reading)
                for piece in directory.pieces(lambda: _check(pipe)):
                    self._write(pipe, piece)
        except BrokenPipeError:
            # The session stopped reading (ABOR); that is no failure of the listing.
            pass
        finally:
            directory.close()
        return files.Listing()

    def _write(self, pipe: FileIO, piece: bytes) -> None:
        """Write all of it. Raise `BrokenPipeError` if the session wants no more.

        Nobody may read, and nobody hang up: a session can send this process both the reading end
        and its end of the channel, and be gone. Whatever it says, it has said in the middle.
        """
        poll = select.poll()
        poll.register(pipe, select.POLLOUT)
        poll.register(self._channel, select.POLLIN)
        left = memoryview(piece)
        while left := left[pipe.write(left) or 0 :]:
            if any(fd == self._channel.fileno() for fd, _ in poll.poll()):
                raise BrokenPipeError


def _check(pipe: FileIO) -> None:
    """Raise `BrokenPipeError` if nobody reads any more, before there is anything to write."""
    poll = select.poll()
    poll.register(pipe, 0)
    if poll.poll(0):
        raise BrokenPipeError


def prepare(
    root: str, user: str, group: str, chosen: Settings, owner_fd: int | None = None
) -> Callable[[Channel], None]:
    """Jail this process in `root`; give what serves it over a channel, as the settings allow.

    `owner_fd` leads to who gives uploads away, if anybody does.
    Raise `OSError` if `root` cannot be entered, or the jail cannot be had.
    """
    os.umask(chosen.umask)
    # The file of the time zone is out of reach once this process is confined.
    time.tzset()
    beneath = Root(root, Rights(chosen))
    confine(beneath.fd)
    if chosen.list_numeric_owners:
        user = group = ""
    names = Names(user, group, read_only=not chosen.write, hide_owners=chosen.hide_owners)
    owner = None if owner_fd is None else Peer(Channel(socket.socket(fileno=owner_fd)), OWNER)
    install()
    return lambda channel: Worker(channel, beneath, names, owner).serve()
