# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in, as often as it may fail."""

from __future__ import annotations

from served import PASSWORD, USER, Client, Served, eventually


def test_after_five_refusals_the_session_ends(impatient: Served) -> None:
    with Client(impatient) as client:
        for _ in range(5):
            assert client.codes(f"USER {USER}", "PASS wrong") == ["331", "530"]

        assert client.codes(f"USER {USER}", f"PASS {PASSWORD}") == ["331", "421"]
        assert client.ended()


def test_rein_gives_no_further_attempts(impatient: Served) -> None:
    with Client(impatient) as client:
        for _ in range(5):
            assert client.codes(f"USER {USER}", "PASS wrong", "REIN") == ["331", "530", "220"]

        assert client.codes(f"USER {USER}", f"PASS {PASSWORD}") == ["331", "421"]


def test_a_login_works_after_four_refusals(impatient: Served) -> None:
    with Client(impatient) as client:
        for _ in range(4):
            assert client.codes(f"USER {USER}", "PASS wrong") == ["331", "530"]

        assert client.login().in_step()


def test_passwords_of_any_bytes_are_refused_like_others(impatient: Served) -> None:
    with Client(impatient) as client:
        for word in ("", "\udcff\udcfe", "ü", "x" * 1024):
            assert client.codes(f"USER {USER}", f"PASS {word}") == ["331", "530"]
    assert not impatient.trouble()


def test_rein_and_a_new_login_leave_one_worker(served: Served) -> None:
    assert served.at_rest()
    before = set(served.processes())

    def come() -> int:
        return len(set(served.processes()) - before)

    with Client(served) as client:
        client.login()
        first = come()
        for _ in range(5):
            assert client.says("REIN")[:3] == "220"
            client.login()

        assert client.in_step()
        # A worker ends when it notices that its session has hung up on it.
        assert eventually(lambda: come() == first)
