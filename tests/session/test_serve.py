# SPDX-License-Identifier: GPL-3.0-or-later
"""A session from its greeting to its end, and beside others."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from typing import TYPE_CHECKING

import pytest
from served import Client, Served, eventually

if TYPE_CHECKING:
    from pathlib import Path


def test_twenty_sessions_at_once_do_not_meet(served: Served, root: Path) -> None:
    with contextlib.ExitStack() as keep:
        clients = [keep.enter_context(Client(served)) for _ in range(20)]
        for number, client in enumerate(clients):
            client.login()
            assert client.codes(f"MKD {number}", f"CWD {number}") == ["257", "250"]
        connections = [keep.enter_context(client.passive()) for client in clients]
        for client in clients:
            assert client.says("STOR new")[:3] == "150"
        for number, data in enumerate(connections):
            data.sendall(f"for {number}".encode())
            data.close()

        assert [client.reply()[:3] for client in clients] == ["226"] * 20
        assert all(client.in_step() for client in clients)
    found = [(root / str(number) / "new").read_text() for number in range(20)]
    assert found == [f"for {number}" for number in range(20)]


def test_a_client_that_does_not_log_in_is_sent_away(impatient: Served) -> None:
    with Client(impatient) as client:
        assert client.reply() == "421 Nothing heard for too long."
        assert client.ended()


@pytest.mark.parametrize("command", ["NOOP", "REIN"])
def test_chattering_does_not_put_off_the_login(impatient: Served, command: str) -> None:
    with Client(impatient) as client:

        def sent_away() -> bool:
            return client.says(command) == "421 Nothing heard for too long."

        assert eventually(sent_away)
        assert client.ended()


def test_a_client_that_is_silent_is_sent_away_and_the_log_tells_after_how_long(
    impatient: Served,
) -> None:
    with Client(impatient) as client:
        client.login()
        client.store("STOR new", b"x" * 11)

        assert client.reply() == "421 Nothing heard for too long."
        assert client.ended()
    assert eventually(lambda: "time-out; 11 bytes received" in impatient.log())
    seconds = re.findall(r"left after (\d+) s: time-out; 11 bytes", impatient.log())
    assert len(seconds) == 1
    # More where the machine is busy.
    assert int(seconds[0]) >= 1


def stop(pids: set[int]) -> None:
    """Do what systemd does first; some of these processes may be gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


@pytest.mark.parametrize("sends", [True, False])
def test_a_session_that_is_stopped_says_how_far_it_came(
    served: Served, root: Path, sends: bool
) -> None:
    (root / "large").write_bytes(bytes(1 << 26))
    before = set(served.processes())
    with Client(served) as client:
        assert client.codes("NOOP") == ["200"]
        # there is no worker yet: it is no process of ftpsd@.service
        session = set(served.processes()) - before
        client.login()
        with client.passive() as data:
            client.send("RETR large" if sends else "STOR new")
            assert client.reply()[:3] == "150"
            data.recv(1000) if sends else data.sendall(bytes(1000))
            assert sends or eventually(lambda: (root / "new").stat().st_size == 1000)
            stop(session)

            assert client.reply() == "421 The server ends this session."
            assert client.ended()
    what = "RETR /large" if sends else "STOR /new"
    [moved] = eventually_found(rf"{what} ended after (\d+) bytes: stopped", served)
    [told] = eventually_found(rf"left after \d+ s: stopped; {'' if sends else moved}", served)
    assert int(moved) >= 1000
    assert told


def eventually_found(pattern: str, served: Served) -> list[str]:
    assert eventually(lambda: re.search(pattern, served.log()) is not None)
    return re.findall(pattern, served.log())


def test_a_session_that_is_stopped_before_its_login_says_so(served: Served) -> None:
    before = set(served.processes())
    with Client(served) as client:
        assert client.codes("NOOP") == ["200"]
        stop(set(served.processes()) - before)

        assert client.reply() == "421 The server ends this session."
        assert client.ended()


def test_the_death_of_a_worker_ends_its_session_alone(served: Served, root: Path) -> None:
    assert root.is_dir()
    with Client(served) as other, Client(served) as client:
        other.login()
        before = set(served.processes())
        client.login()
        [worker] = set(served.processes()) - before
        os.kill(worker, signal.SIGKILL)

        assert client.says("SIZE x")[:3] == "421"
        assert client.ended()
        assert other.in_step()
        assert other.codes("MKD a") == ["257"]


def test_the_death_of_all_its_processes_ends_a_session_alone(
    served: Served,
) -> None:
    assert served.at_rest()
    before = set(served.processes())
    with Client(served) as client:
        assert client.login().in_step()
        for pid in set(served.processes()) - before:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

        assert client.ended()
    assert served.at_rest()
