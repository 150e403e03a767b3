# SPDX-License-Identifier: GPL-3.0-or-later
"""The spawner, up to where it would become a user; the rest is in tests/system."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftpsd.wire.codec import encode_call
from ftpsd.wire.spawn import SPAWNER, Spawn

ROOT = Path(__file__).parents[2]
SECONDS = 10
PROGRAM = """
import os, resource, signal, socket, sys, types
sys.path.insert(0, sys.argv[1])
sys.modules["ftpsd.helper.become"] = types.SimpleNamespace(become=lambda _: None)
from ftpsd import events
from ftpsd.helper import spawner
if os.getuid() == 0:
    # Nothing bounds how many processes root may have.
    os.setresuid(65532, 65532, 65532)
most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
limit = lambda soft: resource.setrlimit(resource.RLIMIT_NPROC, (soft, most))
limit(0)
signal.signal(signal.SIGUSR2, lambda *_: limit(most))
log = events.Log(lambda *lines: print(lines[0], file=sys.stderr, flush=True))
print(flush=True)
spawner.spawn(socket.socket(fileno=0), lambda _: lambda _: None, log)
"""


class Poor:
    """A spawner that may not fork, until it is told that it may."""

    def __init__(self, requests: socket.socket, theirs: socket.socket) -> None:
        self._requests, self.said = requests, ""
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROGRAM, str(ROOT)],
            stdin=theirs.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        assert self.process.stdout
        self.process.stdout.readline()

    def may_fork(self) -> None:
        self.process.send_signal(signal.SIGUSR2)

    def ask(self) -> bytes:
        """Ask for a worker; give what is said of it, nothing when there is none."""
        files, theirs = socket.socketpair()
        ready, readied = os.pipe()
        request = Spawn(
            user="anna",
            group="anna",
            uid=1000,
            gid=1000,
            groups="1000",
            root="/",
            settings=[],
            files_fd=theirs.fileno(),
            ready_fd=readied,
            owner_fd=None,
        )
        data, fds = encode_call(SPAWNER, request)
        socket.send_fds(self._requests, [data], fds)
        theirs.close()
        os.close(readied)
        with files, open(ready, "rb") as said:
            return said.read()

    def end(self) -> str:
        """Hang up, which ends it; give what it has said."""
        if self.process.returncode is None:
            self._requests.close()
            self.said = self.process.communicate(timeout=SECONDS)[1].decode()
        return self.said


@pytest.fixture
def poor() -> Iterator[Poor]:
    """Give a spawner that cannot fork."""
    made = Poor(*socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    yield made
    made.end()


def test_where_no_process_can_be_had_one_login_fails_and_the_next_one_does_not(poor: Poor) -> None:
    assert poor.ask() == b""
    poor.may_fork()
    assert poor.ask() == b"\0"

    said = poor.end()
    assert said.count("MESSAGE=ftpsd-spawner cannot fork: ") == 1
    assert "Traceback" not in said
    assert poor.process.returncode == 0


def test_a_spawner_that_cannot_fork_ends_with_its_helper(poor: Poor) -> None:
    poor.ask()
    poor.end()

    assert poor.process.returncode == 0
