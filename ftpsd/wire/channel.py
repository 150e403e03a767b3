# SPDX-License-Identifier: GPL-3.0-or-later
"""A varlink connection: NUL-framed messages, descriptors beside their first byte.

The only place that calls `recvmsg` and `sendmsg`. Every receive is bounded in bytes, descriptors
and seconds. The kernel joins bytes that came without descriptors to those that came with them,
never the other way about: descriptors belong to the last message of a read.
"""

from __future__ import annotations

import _socket
import posix
import struct
import time

from ftpsd import limits
from ftpsd.wire.codec import decode_call, decode_reply, encode_call
from ftpsd.wire.message import Call, Interface, Malformed, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from ftpsd.wire.message import Reply

    R = TypeVar("R", bound=Reply)

_CREDENTIALS = struct.Struct("iII")
NO_DESCRIPTORS = _socket.CMSG_SPACE(_CREDENTIALS.size)
_ANCILLARY = _socket.CMSG_SPACE(limits.MESSAGE_FDS * 4) + _socket.CMSG_SPACE(_CREDENTIALS.size)


class Closed(Exception):
    """The peer is gone, or did not answer in time."""


class Channel:
    """One end of a connection; it owns `sock` and the descriptors that are not yet taken."""

    def __init__(self, sock: _socket.socket) -> None:
        """Take over a connected Unix stream socket."""
        # The kernel waits, and `_wait_at_most` tells it how long: no poll(2) for each message.
        sock.setblocking(True)
        self.sock = sock
        self.sender_pid: int | None = None
        """Who sent the message just received, as the kernel says (unix(7), SCM_CREDENTIALS)."""
        self.room = _ANCILLARY
        """For what comes beside bytes. The kernel drops descriptors that it has no room for without
        closing them as a process does: it asks no file system (FUSE) that never answers."""
        self._bytes = b""
        self.fds: list[int] = []
        self._seconds: dict[int, float | None] = {}

    def fileno(self) -> int:
        """Give the descriptor, for poll(2)."""
        return self.sock.fileno()

    def close(self) -> None:
        """Close the socket and every descriptor that nobody took."""
        close_all(self.take_fds())
        self.sock.close()

    def take_fds(self) -> list[int]:
        """Hand over the descriptors of the message just received; they are the caller's now."""
        fds, self.fds = self.fds, []
        return fds

    def send(self, data: bytes, fds: list[int], seconds: float = limits.ANSWER_SECONDS) -> None:
        """Send one message, `fds` with its first byte. Raise `Closed` if it is not taken."""
        # Not by array: to load it loads collections, which a session has no other use for.
        passed = struct.pack(f"{len(fds)}i", *fds) if fds else b""
        ancillary = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, passed)] if fds else []
        deadline, left = time.monotonic() + seconds, seconds
        try:
            while data:
                flags = _socket.MSG_NOSIGNAL | self._wait_at_most(left, _socket.SO_SNDTIMEO)
                sent = self.sock.sendmsg([data], ancillary, flags)
                data, ancillary = data[sent:], []
                left = max(0.0, deadline - time.monotonic())
        except BlockingIOError:
            raise Closed("no answer in time") from None
        except OSError as error:
            raise Closed(error.strerror) from error

    def receive(self, seconds: float | None = limits.ANSWER_SECONDS) -> bytes:
        """Wait for one message; give its bytes without the NUL. `take_fds` gives its descriptors.

        Raise `Closed` when the peer hangs up or `seconds` pass (`None`: only once it has begun),
        `Malformed` beyond a bound.
        """
        until, left = time.monotonic() + (seconds or 0.0), seconds
        while True:
            data, end, rest = self._bytes.partition(b"\0")
            if len(data) >= limits.MESSAGE_BYTES:
                raise Malformed("too long")
            if end:
                self._bytes = rest
                return data
            if not self._fill(left):
                raise Closed("no answer in time")
            left = limits.ANSWER_SECONDS if seconds is None else max(0.0, until - time.monotonic())

    def look(self) -> None:
        """Read what has come, without waiting; `pending` tells. Raise as `receive` does."""
        if not self._bytes:
            self._fill(0.0)

    def idle(self, seconds: float) -> None:
        """Wait. Raise `Malformed` if the peer says anything, `Closed` if it hangs up."""
        # Heard at once, it would tell the peer how long that took of which the wait hides it.
        time.sleep(unheard := seconds % (limits.FAILURE_SECONDS / 4))
        # Whatever descriptors came with that are on their way until they are received.
        if self._fill(seconds - unheard):
            raise Malformed("two requests at once")

    @property
    def pending(self) -> bool:
        """Say whether bytes beyond the last message have already been read."""
        return bool(self._bytes)

    def _wait_at_most(self, seconds: float | None, option: int) -> int:
        """Have the kernel wait so long, `None` for ever (socket(7)); give what flags do not."""
        if seconds == 0.0:
            return _socket.MSG_DONTWAIT
        if seconds != self._seconds.get(option, 0.0):
            # To the kernel 0 is for ever.
            us = 0 if seconds is None else int(seconds * 1e6) + 1
            self.sock.setsockopt(_socket.SOL_SOCKET, option, struct.pack("ll", *divmod(us, 10**6)))
            self._seconds[option] = seconds
        return 0

    def _fill(self, seconds: float | None) -> bool:
        """Read once; `False` if nothing came in time."""
        try:
            flags = _socket.MSG_CMSG_CLOEXEC | self._wait_at_most(seconds, _socket.SO_RCVTIMEO)
            data, ancillary, seen, _ = self.sock.recvmsg(limits.MESSAGE_BYTES, self.room, flags)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Closed(error.strerror) from error
        for level, kind, content in ancillary:
            if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                self.fds.extend(struct.unpack_from(f"{len(content) // 4}i", content))
            elif (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_CREDENTIALS):
                self.sender_pid = _CREDENTIALS.unpack(content)[0]
        if seen & _socket.MSG_CTRUNC or len(self.fds) > limits.MESSAGE_FDS:
            raise Malformed("too many descriptors")
        if not data:
            raise Closed("hung up")
        self._bytes += data
        return True


def receive_call(
    channel: Channel, known: dict[str, type[Call[Any]]], seconds: float | None = None
) -> tuple[Call[Any], bool]:
    """Wait for a call of `known`; give it and whether it is oneway.

    The descriptors it carries are the caller's to close; of anything else they are the channel's.
    Raise `Closed` as `Channel.receive` does, `Malformed` for anything else, or for two at once.
    """
    data = channel.receive(seconds)
    if channel.pending:
        raise Malformed("two requests at once")
    # Until it is a call they are the channel's to close: with a user's own file system (FUSE) that
    # may take for ever, and no signal ends it.
    call = decode_call(data, channel.fds, known)
    channel.take_fds()
    return call


class Peer:
    """The asking end of a channel: sends calls of one interface, gives their replies."""

    def __init__(self, channel: Channel, interface: Interface) -> None:
        """Ask for what `interface` declares over `channel`, which the peer owns from now on."""
        self.channel = channel
        self._interface = interface

    def close(self) -> None:
        """Hang up."""
        self.channel.close()

    def send(self, call: Call[Any], *, oneway: bool = False) -> None:
        """Send `call` and do not wait. Raise `Closed`."""
        self.channel.send(*encode_call(self._interface, call, oneway=oneway))

    def answer(self, call: type[Call[R]], seconds: float = limits.ANSWER_SECONDS) -> R:
        """Wait for a reply to a `call` sent before.

        Raise the `Refusal` that came instead, `Closed` if nothing came, `Malformed` if it broke
        the contract.
        """
        data = self.channel.receive(seconds)
        # Descriptors that came joined to this message may belong to the next.
        fds = self.channel.take_fds() if not self.channel.pending else []
        try:
            reply, _ = decode_reply(data, fds, call, self._interface)
        except Malformed:
            close_all(fds)
            raise
        if isinstance(reply, Refusal):
            raise reply
        # decode_reply built it as call.REPLY, which is R: a tie that the type system cannot state.
        return reply  # type: ignore[return-value]

    def ask(self, call: Call[R], seconds: float = limits.ANSWER_SECONDS) -> R:
        """Send `call` and wait for its reply; raises as `send` and `answer` do."""
        self.send(call)
        return self.answer(type(call), seconds)


def close_all(fds: list[int]) -> None:
    """Close descriptors that nobody will use."""
    for fd in fds:
        try:
            posix.close(fd)
        except OSError:
            pass
