# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever tries how often from wherever: the ledger stays small, and slows those who fail alone."""

from __future__ import annotations

import collections

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ftpsd import limits
from ftpsd.helper.attempts import Ledger

ADDRESSES = st.integers(0, 5).map(lambda number: bytes([192, 0, 2, number]))
COOKIES = st.integers(0, 30)
MOST, WAITING, HONEST = 4, 3, b"\xcb\0\x71\1"


def admit(ledger: Ledger, cookie: int, address: bytes, now: float) -> tuple[bool, float]:
    return ledger.admit(cookie, (address,), now)


class Attacked(RuleBasedStateMachine):
    """A ledger of few places, clients that do what they like, and one that never fails."""

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(limits, "ADDRESSES", MOST)
        self.patch.setattr(limits, "ADDRESS_WAITING", WAITING)
        self.ledger, self.now, self.honest = Ledger(), 0.0, 1000
        self.failed: collections.Counter[bytes] = collections.Counter()
        self.waits: list[bytes] = []
        self.sessions: list[tuple[bytes, bytes, bytes]] = []

    @rule(later=st.sampled_from([0.5, 60.0, 3600.0]))
    def time_passes(self, later: float) -> None:
        self.now += later

    @rule(address=ADDRESSES, cookie=COOKIES, times=st.sampled_from([1, 30]))
    def guess(self, address: bytes, cookie: int, times: int) -> None:
        for _ in range(times):
            allowed, delay = admit(self.ledger, cookie, address, self.now)
            assert 0 <= delay <= limits.ADDRESS_DELAY_SECONDS
            assert delay <= max(0, self.failed[address] - limits.ADDRESS_FAILURES)
            assert not (allowed and delay) or self.waits.count(address) < WAITING
            assert allowed or delay == 0 or self.waits.count(address) >= WAITING
            self.ledger.failed(address, self.now)
            self.failed[address] += 1

    @rule(address=ADDRESSES, times=st.integers(1, 6))
    def wait(self, address: bytes, times: int) -> None:
        for _ in range(times):
            self.honest += 1
            allowed, delay = admit(self.ledger, self.honest, address, self.now)
            if allowed and delay:
                self.ledger.wait(address, 1)
                self.waits.append(address)
            assert self.waits.count(address) <= WAITING

    @rule()
    def stop_waiting(self) -> None:
        if self.waits:
            self.ledger.wait(self.waits.pop(), -1)

    @rule(cookie=COOKIES)
    def succeed(self, cookie: int) -> None:
        self.ledger.succeeded(cookie)

    @rule(user=st.sampled_from([b"a", b"b"]), address=ADDRESSES, most=st.integers(0, 3))
    def claim(self, user: bytes, address: bytes, most: int) -> None:
        counted = (user, address, b"")
        if not self.ledger.claim(counted, (most, 0, 0)):
            self.sessions.append(counted)
            assert not most or [one[0] for one in self.sessions].count(user) <= most

    @rule()
    def leave(self) -> None:
        if self.sessions:
            self.ledger.release(self.sessions.pop())

    @invariant()
    def the_honest_client_is_not_slowed(self) -> None:
        self.honest += 1
        assert admit(self.ledger, self.honest, HONEST, self.now) == (True, 0.0)

    @invariant()
    def the_tables_are_bounded(self) -> None:
        assert len(self.ledger._tried) <= MOST
        assert len(self.ledger._failed) <= MOST
        assert sum(self.ledger._waiting.values()) == len(self.waits)
        assert len(self.ledger._waiting) == len(set(self.waits))
        assert self.ledger._sessions[b""] == len(self.sessions)
        assert len(self.ledger._sessions) <= 3 * len(self.sessions)

    def teardown(self) -> None:
        self.patch.undo()


test_whatever_clients_do_the_ledger_holds = Attacked.TestCase
Attacked.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


def test_a_thousand_guesses_of_one_address_take_hours_and_nobody_elses_time() -> None:
    ledger, now = Ledger(), 0.0
    for number in range(1000):
        allowed, delay = admit(ledger, number, b"\xc0\0\2\1", now)
        assert allowed
        now += delay
        ledger.failed(b"\xc0\0\2\1", now)
        assert admit(ledger, 10_000 + number, HONEST, now) == (True, 0.0)

    slowed = 1000 - limits.ADDRESS_FAILURES - int(limits.ADDRESS_DELAY_SECONDS)
    assert now >= slowed * limits.ADDRESS_DELAY_SECONDS


def test_guesses_of_a_hundred_thousand_addresses_leave_no_more_than_the_table_holds() -> None:
    ledger = Ledger()
    for number in range(100_000):
        address = number.to_bytes(4, "big")
        admit(ledger, number, address, 0)
        ledger.failed(address, 0)

    assert len(ledger._tried) == len(ledger._failed) == limits.ADDRESSES
    assert admit(ledger, 1, HONEST, 0)[1] == 0
