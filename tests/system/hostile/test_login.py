# SPDX-License-Identifier: GPL-3.0-or-later
"""Guessing: nobody learns why a login was refused, nor tries more often than he may."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hostile import by_root, inside, wires
from hostile.conftest import ACCOUNTS
from hostile.ground import Ground, Probe

from ftpsd import limits

ANNA = ["anna", ACCOUNTS["anna"]]
WRONG = ["anna", "wrong"]
PASSWORD = "The Right 1"
ROUNDS = 2
REFUSED = {
    "wrong user": ("nobody-like-this", PASSWORD),
    "wrong password": ("anna", PASSWORD),
    "empty password": ("anna", ""),
    "root": ("root", PASSWORD),
    "in /etc/ftpusers": ("listed", PASSWORD),
    "system account": ("system", PASSWORD),
    "no shell": ("shellless", PASSWORD),
    "expired account": ("expired", PASSWORD),
    "expired password": ("stale", PASSWORD),
    "locked": ("locked", PASSWORD),
    "account without a password": ("open", ""),
    "another spelling": ("ANNA", ACCOUNTS["anna"]),
}


@pytest.fixture
def accounts(ground: Ground) -> Iterator[Ground]:
    """Give every kind of account that must stay out, although the password is right."""
    script = f"""
    useradd -m -s /bin/bash listed; useradd -m -r -s /bin/bash system
    useradd -m -s /usr/sbin/nologin shellless; useradd -m -s /bin/bash expired
    useradd -m -s /bin/bash stale; useradd -m -s /bin/bash locked; useradd -m -s /bin/bash open
    for one in root listed system shellless expired stale locked; do
        echo "$one:{PASSWORD}"
    done | chpasswd
    echo listed >>/etc/ftpusers
    passwd -q -d open; usermod -e 1 expired; chage -d 0 stale; usermod -L locked
    """
    ground.machine.run("sh", "-c", "id -u listed || { " + script + "}")
    yield ground
    ground.machine.run("passwd", "-q", "-l", "root")


def test_the_right_password_of_an_ordinary_user_is_right(accounts: Ground) -> None:
    accounts.machine.run("sh", "-c", "id good || useradd -m -s /bin/bash good")
    accounts.machine.run("chpasswd", text=f"good:{PASSWORD}\n")
    with accounts.ftp() as ftp:
        assert ftp.login("good", PASSWORD).startswith("230")


def test_all_refusals_are_the_same_and_take_as_long(accounts: Ground) -> None:
    def refused(number: int, user: str, password: str) -> tuple[str, str, float]:
        # from an address of its own, for failures are counted by address, too
        with accounts.ftp(source=f"127.1.0.{number}") as ftp:
            asked = ftp.say(f"USER {user}")
            begun = time.monotonic()
            answer = ftp.say(f"PASS {password}")
            return asked.replace(user, "USER"), answer, time.monotonic() - begun

    # no more at once than there are processors: the time is to be the server's
    with ThreadPoolExecutor(3) as pool:
        numbered = [(number + 1, *REFUSED[what]) for number, what in enumerate(REFUSED)] * ROUNDS
        answers = list(pool.map(lambda one: refused(*one), numbered))
    said = {(asked, answer) for asked, answer, _ in answers}
    took = {
        what: statistics.median(one[2] for one in answers[number :: len(REFUSED)])
        for number, what in enumerate(REFUSED)
    }
    quanta = {what: round(one / limits.FAILURE_SECONDS) for what, one in took.items()}

    assert len(said) == 1, said
    assert next(iter(said))[1].startswith("530")
    assert set(quanta.values()) == {1}, took
    assert max(took.values()) - min(took.values()) < 0.3 * limits.FAILURE_SECONDS, took


def test_who_interrupts_learns_no_more_than_who_waits(accounts: Ground) -> None:
    took = {
        what: accounts.by_root(by_root.seconds_interrupted, f"127.1.1.{number + 1}", *REFUSED[what])
        for number, what in enumerate(REFUSED)
    }

    # At a moment that would be the same if PAM had taken longer.
    assert all(one >= limits.FAILURE_SECONDS / 4 for one in took.values()), took
    assert all(one % (limits.FAILURE_SECONDS / 4) < 0.1 for one in took.values()), took


def test_the_helper_connection_gives_no_more_attempts_than_allowed(probe: Probe) -> None:
    for _ in range(limits.LOGIN_ATTEMPTS):
        assert probe.ask(wires.login, *WRONG) == "Denied"

    assert probe.ask(wires.login, *ANNA) == "Exhausted"


def test_a_session_gets_no_second_helper_connection(probe: Probe) -> None:
    for path in ("/run/ftpsd/org.ftpsd.Helper", "/proc/self/fd/0", "/dev/stdin"):
        assert probe.stopped(inside.connect, 1, path) == "EPERM"
        assert probe.stopped(inside.reopen, 0, 2) != "through"


def test_attempts_are_counted_over_all_helper_connections(ground: Ground) -> None:
    before = [WRONG] * limits.LOGIN_ATTEMPTS

    assert ground.by_root(by_root.replay, "127.2.0.1", before, [ANNA]) == ["Exhausted"]


def test_an_anonymous_login_gives_no_attempts_back(ground: Ground) -> None:
    """It takes no password, so it proves nothing."""
    before = [WRONG] * (limits.LOGIN_ATTEMPTS - 1)
    answers = ground.by_root(by_root.replay, "127.2.0.2", before, [["ftp", "x"], WRONG])

    assert answers == ["granted", "Exhausted"]


def test_attempts_at_the_same_time_do_not_disturb_each_other(ground: Ground) -> None:
    assert ground.by_root(by_root.fail, "127.2.0.7", 8) == ["Denied"] * 8


def test_an_address_that_fails_often_is_slowed_and_no_other(ground: Ground) -> None:
    ground.by_root(by_root.fail, "127.2.0.3", limits.ADDRESS_FAILURES + 2)
    slow = ground.by_root(by_root.seconds, "127.2.0.3", *ANNA)
    quick = ground.by_root(by_root.seconds, "127.2.0.4", *ANNA)

    assert slow >= 2
    assert quick < 1.5


def test_a_slowed_address_does_not_hold_up_others(ground: Ground) -> None:
    """Everybody can fail on purpose, from as many connections as he likes."""
    ground.by_root(by_root.fail, "127.2.0.5", limits.ADDRESS_FAILURES + 4)
    bob = ["127.2.0.6", "bob", ACCOUNTS["bob"]]
    took = ground.by_root(by_root.seconds_among, "127.2.0.5", limits.ATTEMPTS_AT_ONCE, bob)

    assert took < 2


def test_another_tcp_connection_counts_as_the_one_it_is(ground: Ground, probe: Probe) -> None:
    """A data connection passed as control is the same client's: it opens no other address."""
    probe.ask(wires.login, *ANNA)
    with ground.connect(probe.ask(wires.listen)):
        fd = probe.ask(wires.data)
        assert probe.ask(wires.login, "bob", ACCOUNTS["bob"], f"fd:{fd}") == "granted"
    stopped = probe.ask(wires.connect, "192.0.2.1", 2121)

    assert stopped == "foreign"
