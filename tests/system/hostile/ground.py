# SPDX-License-Identifier: GPL-3.0-or-later
"""The test's side: connections into the machine's network, the probe, a plain FTP client."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hostile.probe import PORT, TURNED_PORT
from machine import Machine, eventually

_CLONE_NEWNET = 0x40000000
FTP_PORT = 21
LIB = "/usr/lib/ftpsd"


class Stopped(Exception):
    """What the probe tried failed; the text is errno's name, or the exception it got instead."""


class Ground:
    """A machine whose sessions are hostile on one port, and real ones on the other."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        # Any process that has entered the machine leads to its network.
        self._inside = machine.popen("cat")
        self._network = Path(f"/proc/{self._inside.pid}/ns/net")
        own = os.readlink("/proc/self/ns/net")
        eventually(lambda: os.readlink(self._network) != own)

    def new_socket(self, family: int = socket.AF_INET) -> socket.socket:
        """Make a socket of the machine's network; a socket stays where it was made."""
        made: list[socket.socket] = []

        def make() -> None:
            with self._network.open() as network:
                if ctypes.CDLL(None).setns(network.fileno(), _CLONE_NEWNET) == 0:
                    made.append(socket.socket(family))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        made[0].settimeout(30)
        return made[0]

    def connect(
        self, port: int, address: str = "127.0.0.1", source: str | None = None
    ) -> socket.socket:
        """Connect from `source` (or the address itself) to the machine."""
        sock = self.new_socket()
        try:
            sock.bind((source or address, 0))
            sock.connect((address, port))
        except OSError:
            sock.close()
            raise
        return sock

    def listen(self, address: str = "127.0.0.1", port: int = 0) -> socket.socket:
        sock = self.new_socket()
        sock.bind((address, port))
        sock.listen()
        return sock

    def probe(self, address: str = "127.0.0.1", source: str | None = None) -> Probe:
        """Let somebody connect whose session is hostile from its first moment."""
        return Probe(self.connect(PORT, address, source))

    def turned(self) -> Turned:
        """Let somebody connect to a real session that is taken over when the test says so."""
        return Turned(self.connect(TURNED_PORT))

    def ftp(self, source: str = "127.0.0.1") -> Ftp:
        """Connect to a real session, from `source`."""
        return Ftp(self.connect(FTP_PORT, source=source))

    def unit(self, client: Probe | Ftp) -> str:
        """Give the name of the unit that serves a client."""
        mine = f":{client.sock.getsockname()[1]}.service"
        listed = self.machine.run("systemctl", "list-units", "--plain", "--no-legend", "ftpsd@*")
        (found,) = (one.split()[0] for one in listed.stdout.splitlines() if mine in one)
        return found

    def main_pid(self, unit: str) -> int:
        return int(self.machine.run("systemctl", "show", "-P", "MainPID", unit).stdout)

    def workers(self) -> set[int]:
        """List the processes of the helper's unit that are not root's."""
        script = (
            "for one in $(cat /sys/fs/cgroup$(systemctl show -P ControlGroup ftpsd-helper)"
            "/cgroup.procs); do grep -qs '^Uid:.0' /proc/$one/status || echo $one; done"
        )
        return {int(one) for one in self.machine.run("sh", "-c", script).stdout.split()}

    def by_root(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of `by_root` in the machine; give what came of it."""
        script = f"{LIB}/hostile/by_root.py"
        asked = json.dumps(arguments)
        said = self.machine.run("python3", script, function.__name__, text=asked)
        return json.loads(said.stdout)

    def python(self, source: str, *arguments: str) -> Any:
        """Run Python as root in the machine; give the JSON that it prints."""
        return json.loads(self.machine.run("python3", "-c", source, *arguments).stdout)

    def journal(self, after: str, *matches: str) -> list[dict[str, str]]:
        return self.machine.journal(f"--after-cursor={after}", *matches)

    def cursor(self) -> str:
        """Mark a place in the journal."""
        self.machine.run("journalctl", "--sync")
        said = self.machine.run("journalctl", "--lines=0", "--show-cursor", "--quiet").stdout
        return said.strip().removeprefix("-- cursor: ")


class _Client:
    """A connection that is closed at the end of a `with`."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._lines = sock.makefile("r", encoding="utf-8", newline="\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._lines.close()
        self.sock.close()

    def line(self) -> str:
        """Read one line; nothing if the server hung up."""
        return self._lines.readline().rstrip("\r\n")


class Probe(_Client):
    """A session that does what the test asks."""

    def tell(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Begin something, and do not wait for what comes of it."""
        asked = {
            "module": function.__module__,
            "function": function.__name__,
            "arguments": arguments,
        }
        self.sock.sendall(json.dumps(asked).encode("ascii") + b"\n")

    def told(self) -> Any:
        """Give what came of it. Raise `Stopped`, or `EOFError` if the probe is gone."""
        if not (line := self.line()):
            raise EOFError("the probe is gone")
        answer = json.loads(line)
        if "value" not in answer:
            raise Stopped(answer.get("errno") or answer["raised"])
        return answer["value"]

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Let the probe call a function of `inside` or `wires`; give what came of it."""
        self.tell(function, *arguments)
        return self.told()

    def stopped(self, function: Callable[..., Any], *arguments: Any) -> str:
        """Say by which error the probe is stopped; "through" if it is not."""
        try:
            self.ask(function, *arguments)
        except Stopped as reason:
            return str(reason)
        return "through"


class Ftp(_Client):
    """A client of FTP that compares replies word by word."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.greeting = self.reply()

    def reply(self) -> str:
        """Read one reply, all its lines."""
        lines = [self.line()]
        while lines[-1][3:4] == "-" or (lines[0][3:4] == "-" and lines[-1][:3] != lines[0][:3]):
            lines.append(self.line())
        return "\n".join(lines)

    def say(self, command: str) -> str:
        """Send a command; give the reply."""
        self.sock.sendall(command.encode("utf-8") + b"\r\n")
        return self.reply()

    def login(self, user: str, password: str) -> str:
        self.say(f"USER {user}")
        return self.say(f"PASS {password}")

    def protect(self) -> None:
        """Begin TLS."""
        assert self.say("AUTH TLS").startswith("234 ")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._lines.close()
        self.sock = context.wrap_socket(self.sock)
        self._lines = self.sock.makefile("r", encoding="utf-8", newline="\n")


class Turned(Ftp):
    """A client of a session that serves until it is told what else to do."""

    def stopped(self, function: Callable[..., Any], *arguments: Any) -> str:
        """Say by which error a function is stopped in the session; "through" if it is not.

        A session that was killed for it has "ended".
        """
        asked = {
            "module": function.__module__,
            "function": function.__name__,
            "arguments": arguments,
        }
        said = self.say(f"XPROBE {json.dumps(asked)}")
        if not said:
            return "ended"
        answer = json.loads(said.partition(" ")[2])
        return "through" if "value" in answer else str(answer.get("errno") or answer["raised"])
