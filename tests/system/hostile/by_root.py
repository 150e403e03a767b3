# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the machine as root, for what no session can do: look into memory, be many clients.

Called with a function's name and its arguments, as JSON on standard input; prints JSON.
"""

from __future__ import annotations

import fcntl
import json
import socket
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HELPER = "/run/ftpsd/org.ftpsd.Helper"


def found_in_memory(pid: int, needles: list[str]) -> list[str]:
    """Search all of a process's memory; give the needles that are there."""
    return _search(pid, {one: one.encode("utf-8") for one in needles})


def bytes_in_memory(pid: int, needles: list[str]) -> list[str]:
    """Search it for bytes, given in hexadecimal."""
    return _search(pid, {one: bytes.fromhex(one) for one in needles})


def _search(pid: int, needles: dict[str, bytes]) -> list[str]:
    found = set()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, rights, *_ = line.split()
            if rights[0] != "r" or "[v" in line:
                continue
            start, end = (int(one, 16) for one in where.split("-"))
            memory.seek(start)
            try:
                content = memory.read(end - start)
            except OSError:
                continue
            found |= {name for name, needle in needles.items() if needle in content}
    return sorted(found)


class Clients:
    """Control connections from one address, to a listener that is nobody's business."""

    def __init__(self, source: str) -> None:
        self._listener = socket.create_server((source, 0), backlog=256)
        self._source = source
        self._accepted: list[socket.socket] = []

    def connection(self) -> socket.socket:
        """Give the server's end of a new connection."""
        name = self._listener.getsockname()
        self._accepted.append(socket.create_connection(name, source_address=(self._source, 0)))
        return self._listener.accept()[0]


def attempt(
    control: socket.socket, user: str, password: str, *, more: bytes = b""
) -> tuple[str, float]:
    """Try a login over a helper connection of its own; give the answer and the seconds it took.

    Say `more` while it is under way.
    """
    begun = time.monotonic()
    who = {"user": user, "password": password, "tls": True, "controlFileDescriptor": 0}
    call = {"method": "org.ftpsd.Helper.Login", "parameters": who}
    with socket.socket(socket.AF_UNIX) as helper:
        helper.settimeout(15)
        helper.connect(HELPER)
        socket.send_fds(helper, [json.dumps(call).encode("utf-8") + b"\0"], [control.fileno()])
        if more:
            # When the request is taken: with it the rest would be refused at once.
            while fcntl.ioctl(helper, termios.TIOCOUTQ, b"\0" * 4) != b"\0" * 4:
                pass
            time.sleep(0.02)
            helper.send(more)
        data = b""
        try:
            while not data.endswith(b"\0") and (piece := helper.recv(4096)):
                data += piece
        except TimeoutError:
            data = b'{"error":"no answer"}\0'
    reply = json.loads(data[:-1]) if data else {"error": "closed"}
    took = time.monotonic() - begun
    return reply.get("error", "granted").rpartition(".")[2], took


def replay(source: str, before: list[list[str]], after: list[list[str]]) -> list[str]:
    """Try logins over one control connection, each over another helper connection.

    Those of `before` come at once, those of `after` one by one; gives the answers to the latter.
    """
    control = Clients(source).connection()
    with ThreadPoolExecutor(len(before)) as pool:
        list(pool.map(lambda one: attempt(control, *one), before))
    return [attempt(control, *one)[0] for one in after]


def fail(source: str, times: int) -> list[str]:
    """Fail from one address, with as many control connections at once; gives the answers."""
    clients = Clients(source)
    controls = [clients.connection() for _ in range(times)]
    with ThreadPoolExecutor(len(controls)) as pool:
        answers = pool.map(lambda one: attempt(one, "nobody-like-this", "x"), controls)
    return [answer for answer, _ in answers]


def seconds(source: str, user: str, password: str) -> float:
    """Say how long a login takes from an address."""
    return attempt(Clients(source).connection(), user, password)[1]


def seconds_interrupted(source: str, user: str, password: str) -> float:
    """Say after how long one is hung up on who says something while the login is under way."""
    answer, took = attempt(Clients(source).connection(), user, password, more=b"!")
    assert answer == "closed"
    return took


def seconds_among(busy: str, times: int, login: list[str]) -> float:
    """Say how long a login takes while another address has `times` of its own under way."""
    clients = Clients(busy)
    controls = [clients.connection() for _ in range(times)]
    with ThreadPoolExecutor(times) as pool:
        attempts = [pool.submit(attempt, one, "nobody-like-this", "x") for one in controls]
        time.sleep(0.5)  # all are under way then, and none is over for a second
        took = seconds(*login)
        for one in attempts:
            one.result()
    return took


def main() -> Any:
    return globals()[sys.argv[1]](*json.load(sys.stdin))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
