# SPDX-License-Identifier: GPL-3.0-or-later
"""How a process of the helper's waits: over a refusal, and for the end of a session of PAM."""

from __future__ import annotations

import os
import signal
import socket
import time

import pytest
from answering import Answering

from ftpsd import limits
from ftpsd.helper import account
from ftpsd.wire.channel import Peer, close_all
from ftpsd.wire.helper import HELPER
from ftpsd.wire.message import Malformed


def test_when_who_interrupts_is_hung_up_on_does_not_tell_how_long_a_refusal_took(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> account.Account:
        # What is said while PAM works is heard when it has.
        answering.channel.send(b"!", [])
        raise account.NotAllowed("for one reason or another")

    monkeypatch.setattr(answering.conversation, "_account", refuse)
    Peer(answering.channel, HELPER).send(answering.login())
    counting, begun = answering.counting(), time.monotonic()
    with pytest.raises(Malformed, match="two requests at once"):
        answering.conversation.answer()
    took = time.monotonic() - begun
    answering.conversation._asker._sock.shutdown(socket.SHUT_WR)
    counting.join()

    assert limits.FAILURE_SECONDS / 4 <= took < limits.FAILURE_SECONDS


def test_without_a_session_of_pam_nothing_is_held(answering: Answering) -> None:
    answering.conversation.hold()

    assert answering.near.fileno() >= 0


def test_who_is_ended_twice_closes_its_session_of_pam_all_the_same(answering: Answering) -> None:
    class Attempt:
        closed = False

        def close(self, *, session: bool) -> None:
            signal.raise_signal(signal.SIGTERM)
            self.closed = session

    attempt, worker = Attempt(), socket.socketpair()
    ready, readied = os.pipe()
    os.close(readied)
    answering.conversation._session = attempt  # type: ignore[assignment]
    answering.conversation._held = ready, worker[0]
    before = signal.getsignal(signal.SIGTERM)
    try:
        answering.conversation.hold()
    finally:
        signal.signal(signal.SIGTERM, before)
        os.close(ready)

    assert attempt.closed
    # So much the session sees of the end of its worker.
    assert worker[1].recv(1) == b""
    close_all([one.detach() for one in worker])
