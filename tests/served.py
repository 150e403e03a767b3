# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsd serve` as a process of its own, and a client that says and hears every line."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MAIN = Path(__file__).parents[1] / "ftpsd" / "__main__.py"
USER, PASSWORD = "anna", "se cret"
SECONDS = 5.0
"""What is not answered by then is not answered at all."""
TROUBLE = re.compile(r"Traceback|^\w+ failed: |Closed a channel from process", re.MULTILINE)
"""What the log has of mistakes of ours (events BUG and CONTRACT_BROKEN)."""

PATCHED = """\
import sys
sys.path.insert(0, {package!r})
from ftpsd import limits, options
{change}
sys.argv[0] = "ftpsd"
from ftpsd.admin import serve
sys.exit(serve.main(sys.argv[1:]))
"""
"""Starts the server with other bounds than it has, so that no test waits for minutes."""


class Served:
    """A server that runs."""

    def __init__(self, process: subprocess.Popen[str], root: Path, log: Path, first: str) -> None:
        self.process = process
        self.root = root
        self.first_line = first
        self._log = log
        host, _, port = first.partition("ftp://")[2].partition("/")[0].rpartition(":")
        self.host, self.port = host.strip("[]"), int(port)
        self._seen = 0
        self._at_rest = set(self.processes())

    def log(self) -> str:
        """Give what it has logged so far."""
        return self._log.read_text(errors="replace")

    def trouble(self) -> str:
        """Give what it has logged since the last call, if there are mistakes of ours in it."""
        log = self.log()
        new, self._seen = log[self._seen :], len(log)
        return new if TROUBLE.search(new) else ""

    def processes(self) -> list[int]:
        """List the processes it consists of."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._own(pid)]

    def at_rest(self) -> bool:
        """Wait until it consists of no more processes than at its start; say whether it does."""
        return eventually(lambda: set(self.processes()) <= self._at_rest)

    def ended(self) -> bool:
        """Wait until nothing of it is left; say whether nothing is."""
        return eventually(lambda: not self.processes())

    def _own(self, pid: int) -> bool:
        try:
            # Of all processes of the machine, so that those of others are not read.
            if os.getsid(pid) != self.process.pid:
                return False
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] != "Z"


@contextlib.contextmanager
def serving(root: Path, log: Path, *arguments: str, change: str = "") -> Iterator[Served]:
    """Serve `root` until the end of the block; `change` is Python that changes limits first."""
    program = [sys.executable, "-I", "-S", str(MAIN), "serve"]
    if change:
        code = PATCHED.format(package=str(MAIN.parents[1]), change=change)
        program = [sys.executable, "-I", "-S", "-c", code]
    account = ["--port", "0", "--user", USER, "--password", PASSWORD]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*program, str(root), *account, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
            # Where the tests run in the background Ctrl-C is ignored, and would be here too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        ) as process,
    ):
        assert process.stdout is not None
        try:
            yield Served(process, root, log, process.stdout.readline())
        finally:
            # As Ctrl-C does it: the interrupt reaches every process of the terminal.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(SECONDS)
                os.killpg(process.pid, signal.SIGKILL)


class Client:
    """A client that does exactly what it is told."""

    def __init__(self, served: Served, *, greeted: bool = True) -> None:
        self.served = served
        self.sock = socket.create_connection((served.host, served.port), SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._bytes = b""
        if greeted:
            greeting = self.reply()
            assert greeting == "220 FTP server ready."

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def login(self) -> Self:
        """Log in as the one user."""
        assert self.says(f"USER {USER}")[:3] == "331"
        assert self.says(f"PASS {PASSWORD}")[:3] == "230"
        return self

    def send(self, *commands: str) -> None:
        """Send commands, all in one piece."""
        self.raw("".join(f"{one}\r\n" for one in commands).encode("utf-8", "surrogateescape"))

    def raw(self, data: bytes, flags: int = 0) -> None:
        """Send bytes."""
        while data:
            data = data[self.sock.send(data, flags) :]

    def hear(self) -> bytes:
        """Wait for some bytes; nothing when the server has hung up."""
        return self.sock.recv(65536)

    def line(self) -> str:
        """Wait for one line, without its end; `EOFError` when the server has hung up."""
        while b"\r\n" not in self._bytes:
            piece = self.hear()
            if not piece:
                raise EOFError
            self._bytes += piece
        line, _, self._bytes = self._bytes.partition(b"\r\n")
        return line.decode("utf-8", "surrogateescape")

    def reply(self) -> str:
        """Wait for one whole reply; several lines are joined with a line feed."""
        lines = [self.line()]
        while lines[0][3:4] == "-" and lines[-1][:4] != lines[0][:3] + " ":
            lines.append(self.line())
        return "\n".join(lines)

    def replies(self, count: int) -> list[str]:
        """Wait for several replies, and give their codes."""
        return [self.reply()[:3] for _ in range(count)]

    def says(self, command: str) -> str:
        """Send one command and wait for its reply."""
        self.send(command)
        return self.reply()

    def codes(self, *commands: str) -> list[str]:
        """Send one command after the other, and give the codes of the replies."""
        return [self.says(one)[:3] for one in commands]

    def ended(self) -> bool:
        """Say whether the server hangs up without another word."""
        try:
            self.line()
        except (EOFError, ConnectionResetError):
            return True
        return False

    def in_step(self) -> bool:
        """Say whether every reply so far belonged to a command: the next one is that to NOOP."""
        return self.says("NOOP") == "200 OK." and not self._bytes

    def port(self) -> int:
        """Ask for a passive data connection; give its port."""
        return int(self.says("EPSV").split("|")[3])

    def passive(self) -> socket.socket:
        """Make a passive data connection."""
        return socket.create_connection((self.served.host, self.port()), SECONDS)

    def fetch(self, command: str) -> bytes:
        """Run a whole transfer from the server."""
        with self.passive() as data:
            first = self.says(command)
            assert first[:3] == "150", first
            found = everything(data)
        last = self.reply()
        assert last[:3] == "226", last
        return found

    def store(self, command: str, content: bytes) -> str:
        """Run a whole transfer to the server; give the last reply."""
        with self.passive() as data:
            first = self.says(command)
            assert first[:3] == "150", first
            data.sendall(content)
        return self.reply()


class Readable(Protocol):
    """What a transfer is read from."""

    def recv(self, size: int, /) -> bytes: ...


def everything(data: Readable) -> bytes:
    """Read a data connection to its end."""
    pieces = []
    while piece := data.recv(1 << 18):
        pieces.append(piece)
    return b"".join(pieces)


def eventually(happened: Callable[[], bool]) -> bool:
    """Wait until something has happened; say whether it has in time."""
    deadline = time.monotonic() + SECONDS
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def crowd(directory: Path, names: Iterable[str]) -> None:
    """Make an empty file of many names: another name costs less than another file."""
    parent = os.open(directory, os.O_PATH)
    first = ""
    for number, name in enumerate(names):
        # ext4 allows for no more than 65,000 names of one file.
        if number % 60_000 == 0:
            os.mknod(name, dir_fd=parent)
            first = name
        else:
            os.link(first, name, src_dir_fd=parent, dst_dir_fd=parent)
    os.close(parent)


def empty(root: Path) -> None:
    """Remove all that is in a directory, however deep."""
    for path in root.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
