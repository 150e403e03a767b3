# SPDX-License-Identifier: GPL-3.0-or-later
"""How often each client has tried: kept by the helper, asked about by the process of an attempt.

A control connection is known by the kernel's own number for it (SO_COOKIE), a client by its
address; neither changes when a session connects to the helper anew.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

from ftpsd import limits
from ftpsd.wire.helper import Unavailable

if TYPE_CHECKING:
    from ftpsd.options import Settings

_QUESTION: Final = struct.Struct("QBIIII16s16s")
_CLAIM: Final = struct.Struct("16sIII")
_VERDICT: Final = struct.Struct("?d")


_BOUNDS: Final = ("max_login_failures", "forgive_failure_sec", "address_failures", "user_failures")
BOUNDS: Final = (limits.LOGIN_ATTEMPTS, 60, limits.ADDRESS_FAILURES, 0)
"""How often a connection may try, and after how many failures an address and a user are slowed."""
GRANTED, DENIED, NEITHER = b"+", b"-", b"="
"""How an attempt may end. Neither counts as a failure nor gives anything back: a login without a
password, and one that something else has ended than a wrong password."""
ANSWERED = b"!"
"""The session has its answer, or its channel is closed."""


class Ledger:
    """Counts attempts by control connection, and failures by address. Bounded, and forgetful."""

    def __init__(self) -> None:
        """Start with nobody known."""
        self._tried: collections.OrderedDict[int, int] = collections.OrderedDict()
        self._failed: collections.OrderedDict[bytes, tuple[int, float]] = collections.OrderedDict()
        self._waiting: collections.Counter[bytes] = collections.Counter()
        self._sessions: collections.Counter[bytes] = collections.Counter()

    def admit(
        self, cookie: int, who: tuple[bytes, ...], now: float, bounds: tuple[int, ...] = BOUNDS
    ) -> tuple[bool, float]:
        """Count an attempt; say whether it may go on, and how many seconds it must wait first.

        `who` is an address, and perhaps a user. Of an address that is slowed only some may wait:
        each that waits is a process. Who may not go on waits 0 seconds where it is its connection
        that has tried often enough.
        """
        most, forgiven, *free = bounds
        tried = self._tried.pop(cookie, 0) + 1
        self._tried[cookie] = tried
        _bound(self._tried)
        slowed = [(one, few) for one, few in zip(who, free, strict=False) if few]
        beyond = [self._count(one, now, forgiven) - few for one, few in slowed]
        delay = min(limits.ADDRESS_DELAY_SECONDS, float(max([0, *beyond])))
        crowded = delay > 0 and self._waiting[who[0]] >= limits.ADDRESS_WAITING
        return tried <= most and not crowded, delay if tried <= most else 0.0

    def _count(self, one: bytes, now: float, forgiven: int) -> int:
        failures, last = self._failed.get(one, (0, now))
        return max(0, failures - int((now - last) / forgiven))

    def wait(self, address: bytes, step: int) -> None:
        """Count one more (1) or one less (-1) attempt of an address that waits."""
        self._waiting += collections.Counter({address: step})

    def claim(self, counted: tuple[bytes, ...], bounds: tuple[int, ...]) -> int:
        """Count one more session as each of `counted`; give 0, or which bound is reached, from 1.

        A bound of 0 is none.
        """
        if self._sessions[counted[-1]] >= limits.CONNECTIONS:
            return len(counted)
        for number, (one, most) in enumerate(zip(counted, bounds, strict=True), 1):
            if most and self._sessions[one] >= most:
                return number
        self._sessions.update(counted)
        return 0

    def release(self, counted: tuple[bytes, ...]) -> None:
        """Count one session less."""
        self._sessions -= collections.Counter(counted)

    def failed(self, one: bytes, now: float, forgiven: int = BOUNDS[1]) -> None:
        """Count a failure of an address, or of a user."""
        self._failed[one] = self._count(one, now, forgiven) + 1, now
        self._failed.move_to_end(one)
        _bound(self._failed)

    def forgive(self, *_: object) -> None:
        """Forget all failures."""
        self._failed = collections.OrderedDict()

    def succeeded(self, cookie: int) -> None:
        """Give a control connection back what it tried before its password was right (REIN)."""
        self._tried.pop(cookie, None)


def _bound(table: collections.OrderedDict[Any, Any]) -> None:
    if len(table) > limits.ADDRESSES:
        table.popitem(last=False)


def client(packed: bytes) -> bytes:
    """Give what an address is counted as: an IPv4 address, or an IPv6 network of 64 bits."""
    return packed[:8] if len(packed) == 16 else packed


def _digest(user: str) -> bytes:
    return hashlib.blake2b(user.encode("utf-8", "surrogateescape"), digest_size=16).digest()


class Book:
    """The helper's end of one attempt: answers its questions out of the ledger."""

    def __init__(self, ledger: Ledger, sock: socket.socket) -> None:
        """Answer on `sock`, a SOCK_SEQPACKET pair's one end."""
        self.sock = sock
        self._ledger = ledger
        self._asked: tuple[int, tuple[bytes, ...]] | None = None
        self._forgiven = BOUNDS[1]
        self._counted: tuple[bytes, ...] = ()
        self.lasting: tuple[int, tuple[bytes, ...]] | None = None
        """What ends with the session that the attempt has led to, and what that is counted as."""
        self._settled = self._slowed = self.answered = False

    @property
    def working(self) -> bool:
        """Say whether it does more than wait."""
        return not self._settled and not self._slowed

    def answer(self, now: float) -> bool:
        """Read one message of the attempt and answer it; say whether the attempt goes on."""
        data, fds, _, _ = socket.recv_fds(self.sock, _QUESTION.size + 1, 1)
        if len(data) == _QUESTION.size:
            # Its length tells an IPv4 address from an IPv6 network that begins with the same bytes.
            cookie, length, *bounds, padded, user = _QUESTION.unpack(data)
            # Whoever is not slowed is not remembered: names can be made up.
            self._asked = cookie, (padded[:length], user)[: 2 if bounds[3] else 1]
            self._forgiven = bounds[1]
            allowed, delay = self._ledger.admit(*self._asked, now, tuple(bounds))
            self._slow(slowed=allowed and delay > 0)
            self.sock.send(_VERDICT.pack(allowed, delay))
        elif len(data) == _CLAIM.size and self._asked:
            user, *bounds = _CLAIM.unpack(data)
            counted = (user, self._asked[1][0], b"")
            reached = self._ledger.claim(counted, tuple(bounds))
            self._counted = () if reached else counted
            self.sock.send(bytes([reached]))
        elif data == ANSWERED:
            self.answered = True
        elif data and self._asked:
            self._settled = True
            if fds:
                self.lasting, self._counted = (fds[0], self._counted), ()
            if data == GRANTED:
                self._ledger.succeeded(self._asked[0])
            elif data == DENIED:
                self._failed(self._asked[1], now)
        return bool(data)

    def _slow(self, *, slowed: bool) -> None:
        if self._asked and slowed != self._slowed:
            self._slowed = slowed
            self._ledger.wait(self._asked[1][0], 1 if slowed else -1)

    def _failed(self, who: tuple[bytes, ...], now: float) -> None:
        for one in who:
            self._ledger.failed(one, now, self._forgiven)

    def close(self, now: float) -> None:
        """End the book of an attempt; one that ended without a word has failed."""
        if self._asked and not self._settled:
            self._failed(self._asked[1], now)
        self._slow(slowed=False)
        self._ledger.release(self._counted)
        self.sock.close()


class Asker:
    """The attempt's end. Without the helper nobody may log in: `Unavailable` is raised then."""

    def __init__(self, sock: socket.socket) -> None:
        """Ask over `sock`."""
        self._sock = sock

    def admit(self, cookie: int, packed: bytes, user: str, chosen: Settings) -> tuple[bool, float]:
        """Ask whether an attempt may go on, and how many seconds it waits."""
        address = client(packed)
        bounds = [getattr(chosen, name) for name in _BOUNDS]
        question = _QUESTION.pack(cookie, len(address), *bounds, address, _digest(user))
        allowed, delay = _VERDICT.unpack(self._ask(question, _VERDICT.size))
        return allowed, delay

    def claim(self, user: str, chosen: Settings) -> str:
        """Ask for one more session of a user; give the setting that refuses it, or nothing."""
        bounds = chosen.sessions_per_user, chosen.sessions_per_address, chosen.sessions
        number = self._ask(_CLAIM.pack(_digest(user), *bounds), 1)[0]
        return ("", "SessionsPerUser", "SessionsPerAddress", "Sessions")[number]

    def _ask(self, question: bytes, size: int) -> bytes:
        with contextlib.suppress(OSError):
            self._sock.send(question)
            if data := self._sock.recv(size):
                return data
        raise Unavailable

    def settle(self, outcome: bytes, lasting: int | None = None) -> None:
        """Tell how the attempt ended, or `ANSWERED`, if the helper is there to hear it.

        `lasting` is a descriptor that is readable when the session is over.
        """
        with contextlib.suppress(OSError):
            socket.send_fds(self._sock, [outcome], [] if lasting is None else [lasting])
