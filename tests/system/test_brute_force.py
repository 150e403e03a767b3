# SPDX-License-Identifier: GPL-3.0-or-later
"""Who guesses passwords is slowed, by whatever names and connections; who knows one is not."""

from __future__ import annotations

import itertools
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from ftp_session import SERVER, network
from machine import Machine

from ftpsd import limits

GUESSES, AT_ONCE = 1000, 40
GUESSER, HONEST = "198.51.100.1", "192.0.2.1"


class Client:
    """A client at one of the machine's addresses."""

    def __init__(self, source: str) -> None:
        self._sock = socket.create_connection((SERVER, 21), 60, source_address=(source, 0))
        self._lines = self._sock.makefile("rb")
        self.reply()

    def reply(self) -> str:
        return self._lines.readline().decode()[:3]

    def log_in(self, user: str, password: str) -> str:
        """Give the code of the last reply; "" if the server has hung up."""
        try:
            self._sock.sendall(f"USER {user}\r\nPASS {password}\r\n".encode())
            first = self.reply()
            return self.reply() if first == "331" else first
        except OSError:
            return ""

    def close(self) -> None:
        self._lines.close()
        self._sock.close()


def guess(numbers: itertools.count[int]) -> Counter[str]:
    """Guess until there were enough guesses, each at another name; give the answers."""
    heard: Counter[str] = Counter()
    while (number := next(numbers)) < GUESSES:
        client = Client(GUESSER)
        code = "530"
        while code == "530" and number < GUESSES:
            code = client.log_in(f"user{number}", "guess")
            heard[code] += 1
            number = next(numbers) if code == "530" else number
        client.close()
    return heard


def test_a_thousand_guesses_are_slowed_and_who_knows_a_password_is_not(machine: Machine) -> None:
    numbers, begun, welcome = itertools.count(), time.monotonic(), 0
    with network(machine), ThreadPoolExecutor(AT_ONCE) as pool:
        guessing = [pool.submit(guess, numbers) for _ in range(AT_ONCE)]
        while not all(one.done() for one in guessing):
            client = Client(HONEST)
            assert client.log_in("anna", machine.passwords["anna"]) == "230"
            client.close()
            welcome += 1
    seconds = time.monotonic() - begun
    heard = sum((one.result() for one in guessing), Counter[str]())

    assert welcome > 1
    assert set(heard) <= {"530", "421", ""}
    # those under way when the address begins to be slowed; then a few at a time, for a second each
    at_most = limits.ADDRESS_FAILURES + AT_ONCE + limits.ADDRESS_WAITING * (seconds + 1)
    assert heard["530"] <= at_most, heard
    machine.run("ftpsdctl", "unban")
