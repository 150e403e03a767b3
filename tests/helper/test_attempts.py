# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts are counted whatever a session does, in tables that do not grow."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftpsd import limits
from ftpsd.helper.attempts import _QUESTION, DENIED, GRANTED, Asker, Book, Ledger, client
from ftpsd.options import Settings
from ftpsd.wire.helper import Unavailable

HERE, THERE = b"\xc0\0\2\1", b"\xc0\0\2\2"
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["admit", "failed", "succeeded"]),
        st.integers(0, 9),
        st.integers(0, 9).map(lambda number: bytes([number]) * 4),
        st.floats(0, 400),
    )
)


class Attempt:
    """Both ends of one attempt; the helper's answers as soon as it is asked."""

    def __init__(self, ledger: Ledger) -> None:
        ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.book = Book(ledger, ours)
        self.asker = Asker(self.theirs)

    def admit(
        self, cookie: int, packed: bytes, now: float, user: str = "anna", **chosen: int
    ) -> tuple[bool, float]:
        answering = threading.Thread(target=self.book.answer, args=(now,))
        answering.start()
        got = self.asker.admit(cookie, packed, user, Settings(**chosen))  # type: ignore[arg-type]
        answering.join()
        return got

    def close(self, now: float) -> None:
        self.theirs.close()
        self.book.close(now)


@pytest.fixture
def attempt() -> Iterator[Attempt]:
    """Give an attempt with a ledger of its own; no descriptor may be left."""
    before = len(os.listdir("/proc/self/fd"))
    made = Attempt(Ledger())
    yield made
    made.close(0)
    assert len(os.listdir("/proc/self/fd")) == before


def failures(ledger: Ledger, address: bytes, count: int, now: float = 0.0) -> None:
    for _ in range(count):
        ledger.failed(address, now)


def test_a_control_connection_may_try_so_often() -> None:
    ledger = Ledger()
    allowed = [ledger.admit(1, (HERE,), 0)[0] for _ in range(limits.LOGIN_ATTEMPTS + 2)]

    assert allowed == [True] * limits.LOGIN_ATTEMPTS + [False] * 2
    assert ledger.admit(2, (HERE,), 0)[0]


def test_who_succeeded_may_try_as_often_again() -> None:
    ledger = Ledger()
    for _ in range(limits.LOGIN_ATTEMPTS):
        ledger.admit(1, (HERE,), 0)
    ledger.succeeded(1)

    assert ledger.admit(1, (HERE,), 0)[0]


def test_an_address_waits_a_second_longer_for_each_failure_beyond_the_bound() -> None:
    ledger = Ledger()
    delays = []
    for number in range(limits.ADDRESS_FAILURES + 13):
        delays.append(ledger.admit(number, (HERE,), 0)[1])
        ledger.failed(HERE, 0)
    rising = [*map(float, range(1, 11)), limits.ADDRESS_DELAY_SECONDS]

    assert delays == [0.0] * (limits.ADDRESS_FAILURES + 1) + rising + [10.0]
    assert ledger.admit(0, (THERE,), 0)[1] == 0


def test_success_does_not_excuse_an_address() -> None:
    ledger = Ledger()
    failures(ledger, HERE, limits.ADDRESS_FAILURES + 3)
    ledger.succeeded(1)

    assert ledger.admit(1, (HERE,), 0)[1] == 3


def test_a_failure_is_forgiven_for_each_minute_without_one() -> None:
    ledger = Ledger()
    failures(ledger, HERE, limits.ADDRESS_FAILURES + 3)

    assert ledger.admit(1, (HERE,), 59)[1] == 3
    assert ledger.admit(2, (HERE,), 60)[1] == 2
    ledger.failed(HERE, 120)
    assert ledger.admit(3, (HERE,), 120)[1] == 2
    assert ledger.admit(4, (HERE,), 120 + 2 * 60)[1] == 0
    assert ledger.admit(5, (HERE,), 10**9)[1] == 0


def test_all_failures_are_forgiven_at_once() -> None:
    ledger = Ledger()
    failures(ledger, HERE, limits.ADDRESS_FAILURES + 3)
    ledger.forgive()

    assert ledger.admit(1, (HERE,), 0)[1] == 0


def test_a_user_is_slowed_wherever_the_failures_come_from(attempt: Attempt) -> None:
    for number in range(3):
        attempt.admit(number, bytes([10, 0, 0, number]), 0, user_failures=2)
        attempt.asker.settle(DENIED)
        attempt.book.answer(0)

    assert attempt.admit(4, THERE, 0, user_failures=2) == (True, 1.0)
    assert attempt.admit(5, THERE, 0, user="bob", user_failures=2) == (True, 0.0)
    assert attempt.admit(6, THERE, 59, user_failures=2, forgive_failure_sec=9) == (True, 0.0)


def test_a_user_who_is_never_slowed_is_not_remembered(attempt: Attempt) -> None:
    attempt.admit(7, HERE, 0, user="made up")
    attempt.asker.settle(DENIED)
    attempt.book.answer(0)

    assert list(attempt.book._ledger._failed) == [HERE]


def test_the_bounds_are_as_they_are_set(attempt: Attempt) -> None:
    failures(attempt.book._ledger, HERE, 30)

    assert attempt.admit(1, HERE, 0, address_failures=0) == (True, 0.0)
    assert attempt.admit(2, HERE, 0, address_failures=27) == (True, 3.0)
    assert attempt.admit(2, HERE, 0, max_login_failures=1) == (False, 0.0)


def test_the_oldest_address_is_forgotten_first() -> None:
    ledger = Ledger()
    failures(ledger, HERE, limits.ADDRESS_FAILURES + 1)
    failures(ledger, THERE, limits.ADDRESS_FAILURES + 1)
    for number in range(limits.ADDRESSES - 2):
        ledger.failed(number.to_bytes(8, "big"), 0)
    ledger.failed(HERE, 0)
    ledger.failed(b"one more", 0)

    assert ledger.admit(1, (HERE,), 0)[1] == 2
    assert ledger.admit(2, (THERE,), 0)[1] == 0


def test_the_oldest_connection_is_forgotten_first() -> None:
    ledger = Ledger()
    for _ in range(limits.LOGIN_ATTEMPTS):
        ledger.admit(0, (HERE,), 0)
    for cookie in range(1, limits.ADDRESSES):
        ledger.admit(cookie, (HERE,), 0)

    assert not ledger.admit(0, (HERE,), 0)[0]
    ledger.admit(limits.ADDRESSES, (HERE,), 0)
    assert ledger.admit(1, (HERE,), 0)[0]
    assert not ledger.admit(0, (HERE,), 0)[0]


@given(STEPS)
def test_whatever_happens_a_connection_is_counted(
    steps: list[tuple[str, int, bytes, float]],
) -> None:
    ledger, tried, now = Ledger(), dict.fromkeys(range(10), 0), 0.0
    for what, cookie, address, later in steps:
        now += later
        if what == "admit":
            tried[cookie] += 1
            allowed, delay = ledger.admit(cookie, (address,), now)
            assert allowed == (tried[cookie] <= limits.LOGIN_ATTEMPTS)
            assert 0 <= delay <= limits.ADDRESS_DELAY_SECONDS
        elif what == "failed":
            ledger.failed(address, now)
        else:
            tried[cookie] = 0
            ledger.succeeded(cookie)


@given(STEPS)
def test_whatever_happens_the_tables_stay_bounded(
    steps: list[tuple[str, int, bytes, float]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "ADDRESSES", 3)
        ledger, now = Ledger(), 0.0
        for what, cookie, address, later in steps:
            now += later
            if what == "admit":
                ledger.admit(cookie, (address,), now)
            elif what == "failed":
                ledger.failed(address, now)
            else:
                ledger.succeeded(cookie)
            assert len(ledger._tried) <= 3
            assert len(ledger._failed) <= 3


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8))
def test_an_ipv6_client_is_its_network(packed: bytes, host: bytes) -> None:
    assert client(packed) == client(packed[:8] + host)


@given(st.binary(min_size=4, max_size=4))
def test_an_ipv4_client_is_its_address(packed: bytes) -> None:
    assert client(packed) == packed


def test_an_ipv4_address_is_never_counted_as_an_ipv6_network() -> None:
    ledger = Ledger()
    for number in range(limits.ADDRESS_FAILURES + 2):
        attempt = Attempt(ledger)
        attempt.admit(number, b"\x20\x01\x0d\xb8", 0)
        attempt.close(0)
    attempt = Attempt(ledger)
    _, delay = attempt.admit(99, socket.inet_pton(socket.AF_INET6, "2001:db8::1"), 0)
    attempt.close(0)

    assert delay == 0


def test_an_attempt_is_answered_out_of_the_ledger(attempt: Attempt) -> None:
    verdicts = [attempt.admit(7, HERE, 0) for _ in range(limits.LOGIN_ATTEMPTS + 1)]

    assert verdicts == [(True, 0.0)] * limits.LOGIN_ATTEMPTS + [(False, 0.0)]


def test_an_attempt_that_fails_is_a_failure_of_its_address(attempt: Attempt) -> None:
    failures(attempt.book._ledger, HERE, limits.ADDRESS_FAILURES)
    attempt.admit(7, HERE, 0)
    attempt.asker.settle(DENIED)

    assert attempt.book.answer(0)
    assert attempt.admit(7, HERE, 0) == (True, 1.0)


def test_an_attempt_that_succeeds_starts_its_connection_anew(attempt: Attempt) -> None:
    for _ in range(limits.LOGIN_ATTEMPTS):
        attempt.admit(7, HERE, 0)
    attempt.asker.settle(GRANTED)
    attempt.book.answer(0)

    assert attempt.admit(7, HERE, 0) == (True, 0.0)


def test_an_attempt_that_ends_without_a_word_has_failed() -> None:
    ledger = Ledger()
    failures(ledger, HERE, limits.ADDRESS_FAILURES)
    attempt = Attempt(ledger)
    attempt.admit(7, HERE, 0)
    attempt.close(0)
    again = Attempt(ledger)

    assert again.admit(8, HERE, 0) == (True, 1.0)
    again.close(0)


def test_an_attempt_that_never_asked_counts_for_nobody(attempt: Attempt) -> None:
    size = _QUESTION.size
    for text in (b"+", b"-", b"x" * (size - 1), b"x" * (size + 1), b"x" * 1000):
        attempt.theirs.send(text)
        assert attempt.book.answer(0)

    assert not attempt.book._ledger._failed
    assert not attempt.book._ledger._tried


def test_an_attempt_that_is_over_is_heard(attempt: Attempt) -> None:
    attempt.theirs.close()

    assert not attempt.book.answer(0)


def test_an_attempt_without_a_helper_raises(attempt: Attempt) -> None:
    attempt.book.sock.shutdown(socket.SHUT_WR)
    with pytest.raises(Unavailable):
        attempt.asker.admit(7, HERE, "anna", Settings())
    attempt.book.sock.close()
    with pytest.raises(Unavailable):
        attempt.asker.admit(7, HERE, "anna", Settings())


def test_an_attempt_that_ends_after_its_helper_is_no_failure(attempt: Attempt) -> None:
    attempt.book.sock.close()
    attempt.asker.settle(GRANTED)

    assert attempt.theirs.fileno() >= 0


USER, OTHER = b"u" * 16, b"o" * 16
NONE = (0, 0, 0)


@pytest.mark.parametrize(
    ("bounds", "reached"), [((1, 0, 0), 1), ((0, 1, 0), 2), ((0, 0, 1), 3), (NONE, 0)]
)
def test_sessions_are_counted_by_user_by_address_and_in_all(
    bounds: tuple[int, ...], reached: int
) -> None:
    ledger, one = Ledger(), (USER, HERE, b"")
    assert ledger.claim(one, bounds) == 0
    assert ledger.claim(one, bounds) == reached
    assert ledger.claim((OTHER, THERE, b""), bounds) == (reached if reached == 3 else 0)
    ledger.release(one)

    assert reached == 3 or ledger.claim(one, bounds) == 0


def test_sessions_that_are_over_leave_nothing() -> None:
    ledger, one = Ledger(), (USER, HERE, b"")
    ledger.claim(one, NONE)
    ledger.claim(one, NONE)
    ledger.release(one)
    ledger.release(one)

    assert not ledger._sessions


def test_there_are_never_more_sessions_than_the_helper_can_watch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 2)
    ledger = Ledger()

    assert [ledger.claim((bytes([n]), HERE, b""), NONE) for n in range(3)] == [0, 0, 3]


def claim(attempt: Attempt, user: str = "anna", **chosen: int) -> str:
    attempt.admit(7, HERE, 0)
    answering = threading.Thread(target=attempt.book.answer, args=(0,))
    answering.start()
    got = attempt.asker.claim(user, Settings(**chosen))  # type: ignore[arg-type]
    answering.join()
    return got


def test_a_session_lasts_as_long_as_what_the_attempt_hands_over(attempt: Attempt) -> None:
    reading, writing = os.pipe()
    assert claim(attempt, sessions_per_user=1) == ""
    attempt.asker.settle(GRANTED, reading)
    attempt.book.answer(0)
    assert attempt.book.lasting is not None
    fd, counted = attempt.book.lasting
    again = Attempt(attempt.book._ledger)

    assert claim(again, sessions_per_user=1) == "SessionsPerUser"
    assert claim(again, user="bob", sessions_per_address=1) == "SessionsPerAddress"
    assert claim(again, user="bob", sessions=1) == "Sessions"
    attempt.book._ledger.release(counted)
    assert claim(again, sessions_per_user=1) == ""
    again.close(0)
    for one in (fd, reading, writing):
        os.close(one)


def test_a_session_that_never_began_is_not_counted() -> None:
    first = Attempt(Ledger())
    assert claim(first, sessions=1) == ""
    first.asker.settle(GRANTED)
    first.book.answer(0)
    first.close(0)

    assert not first.book._ledger._sessions
