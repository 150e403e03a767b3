# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a machine: the same dialogue with several servers, over the same files each time.

The standard input has a JSON object: servers (name: [host, port]), logins ([user, password] each),
tls ("", "explicit" or "implicit"), commands, scenes. The output is one, too: what was seen of each
server, by step. Texts of replies differ, so a step is its codes, and what a client works with: the
path of PWD, the value of SIZE, the names of LIST, contents, in the end every file that changed.
"""

from __future__ import annotations

import contextlib
import grp
import json
import os
import pwd
import re
import shutil
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

PLACES = {
    "/home/anna": "anna",
    "/home/bob": "bob",
    "/srv/ftp": "root",
    "/srv/mirror": "root",
    "/srv/guests/visitor": "vftp",
}
FILES = {
    "readme": "read me\n",
    "old": "old\n",
    "photo.jpg": "photo\n",
    "tool.exe": "tool\n",
    ".hidden": "hidden\n",
    "closed": "closed\n",
    "incoming/there": "there\n",
    "pub/inside": "inside\n",
    "pub/.message": "Hello in pub.\n",
}
TOLD = ("PWD", "SIZE", "MDTM")
"""Commands with replies whose text is for a program."""
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TLS.check_hostname = False
_TLS.verify_mode = ssl.CERT_NONE


def reset() -> None:
    """Make all files as they were."""
    for place, owner in PLACES.items():
        root = Path(place)
        root.mkdir(parents=True, exist_ok=True)
        for one in root.iterdir():
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        for name, mode in (("pub", 0o755), ("empty", 0o755), ("incoming", 0o777)):
            (root / name).mkdir()
            (root / name).chmod(mode)
        for name, text in FILES.items():
            (root / name).write_text(text)
            (root / name).chmod(0o640 if name == "closed" else 0o644)
        for one in (root, *root.rglob("*")):
            shutil.chown(one, owner, owner)
            os.utime(one, (0, 1_600_000_000))


def snapshot() -> dict[str, str]:
    """Give mode, owner and content of every file there is."""
    found = {}
    for place in PLACES:
        for one in Path(place).rglob("*"):
            status = one.stat()
            names = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
            content = one.read_text() if one.is_file() else "/"
            found[str(one)] = f"{status.st_mode & 0o7777:o} {':'.join(names)} {content!r}"
    return found


class Client:
    """One control connection; what it hears is kept by step."""

    def __init__(self, server: tuple[str, int], tls: str, source: str = "127.0.0.1") -> None:
        self.host = server[0]
        self.protected = False
        self.source = source
        self.sock = socket.create_connection(server, 30, source_address=(source, 0))
        if tls == "implicit":
            self.sock = _TLS.wrap_socket(self.sock)
        self.lines = self.sock.makefile("rb")

    def hear(self) -> str:
        """Read a reply; "" if the server has hung up."""
        with contextlib.suppress(OSError):
            text = line = self.lines.readline().decode("utf-8", "replace")
            while line and not re.match(rf"{text[:3]} ", line):
                line = self.lines.readline().decode("utf-8", "replace")
                text += line
            return text
        return ""

    def say(self, command: str) -> str:
        """Send a command and read the reply to it."""
        try:
            self.sock.sendall(f"{command}\r\n".encode())
        except OSError:
            return ""
        return self.hear()

    def encrypt(self) -> None:
        """Begin TLS on the control connection."""
        self.sock = _TLS.wrap_socket(self.sock)
        self.lines = self.sock.makefile("rb")

    def transfer(self, command: str) -> tuple[str, bytes]:
        """Do one transfer; give the codes, and what was received."""
        told = self.say("EPSV")
        if told[:3] != "229":
            return told[:3], b""
        port = int(re.findall(r"\|\|\|(\d+)\|", told)[0])
        try:
            data = socket.create_connection((self.host, port), 30, source_address=(self.source, 0))
        except OSError:
            return f"{told[:3]} unreachable", b""
        with contextlib.closing(data):
            codes = self.say(command)[:3]
            if codes != "150":
                return codes, b""
            received = self._pump(data, command)
        return f"{codes} {self.hear()[:3]}", received

    def _pump(self, data: socket.socket, command: str) -> bytes:
        received = b""
        with contextlib.suppress(OSError):
            channel = _TLS.wrap_socket(data) if self.protected else data
            with channel:
                if command.split(maxsplit=1)[0] in ("STOR", "APPE"):
                    channel.sendall(b"new\r\n")
                    if isinstance(channel, ssl.SSLSocket):
                        channel.unwrap().close()
                else:
                    while chunk := channel.recv(65536):
                        received += chunk
        return received


def listed(data: bytes) -> dict[str, str]:
    """Give what two servers can agree on of a listing, by path; owners by themselves."""
    found, directory = {}, ""
    for line in data.decode().splitlines():
        row = line.split(maxsplit=8)
        if len(row) == 9:
            name = directory + row[8]
            found[name] = f"{row[0]} {row[4]}" if row[0][0] == "-" else row[0]
            found[f"{name} owners"] = ":".join(row[2:4])
        elif line.endswith(":"):
            directory = line.removesuffix(":").removeprefix(".").lstrip("/")
            directory += "/" if directory else ""
    return found


def step(client: Client, command: str) -> dict[str, str]:
    """Do one step; give what was seen, by what it is about."""
    verb = command.split(maxsplit=1)[0]
    if verb in ("LIST", "NLST", "RETR", "STOR", "APPE"):
        codes, data = client.transfer(command)
        seen = {"": codes}
        if verb == "LIST" and data:
            seen |= listed(data)
        elif verb == "NLST" and data:
            seen["names"] = " ".join(sorted(data.decode().split()))
        elif data:
            seen["data"] = repr(data)
        return seen
    told = client.say(command)
    if verb in TOLD and told[:1] == "2" and len(command.split()) < 3:
        return {"": " ".join(re.findall(r'^\d+ ("[^"]*"|\S+)', told)) or told[:3]}
    if command == "PROT P":
        client.protected = told[:3] == "200"
    if verb == "AUTH" and told[:3] == "234":
        client.encrypt()
    return {"": told[:3]}


def in_the_clear(server: tuple[str, int], user: str) -> str:
    """Give the answer to who begins without TLS; vsftpd hangs up then."""
    client = Client(server, "")
    with contextlib.closing(client.sock):
        client.hear()
        return client.say(f"USER {user}")[:3]


def dialogue(server: tuple[str, int], asked: dict[str, Any]) -> dict[str, str]:
    """Do it all with one server."""
    seen: dict[str, str] = {}
    for login in asked["logins"]:
        user, password, *source = login
        reset()
        before = snapshot()
        who = " ".join([user, *source])
        try:
            client = Client(server, asked["tls"], *source)
        except OSError:
            seen[f"{who}: greeting"] = "none"
            continue
        said = client.hear()
        # Without a text of the admin's each has its own.
        own = "vsFTPd" in said or "FTP server ready." in said
        seen[f"{who}: greeting"] = said[:3] if own else said
        if asked["tls"] == "explicit":
            seen[f"{who}: USER without TLS"] = in_the_clear(server, user)
        secure = ["AUTH TLS"] if asked["tls"] == "explicit" else []
        protect = ["PBSZ 0", "PROT P"] if asked["tls"] else []
        steps = [*secure, *protect, f"USER {user}", f"PASS {password}"]
        for command in [*steps, *asked["commands"], "QUIT"]:
            seen |= {
                f"{who}: {command} {about}".rstrip(): what
                for about, what in step(client, command).items()
            }
            if command == steps[-1] and seen[f"{who}: {command}"] != "230":
                break
        client.sock.close()
        after = snapshot()
        changed = {path for path, _ in before.items() ^ after.items()}
        seen |= {f"{who}: file {path}": after.get(path, "gone") for path in sorted(changed)}
    if asked["scenes"]:
        from twins_scenes import play  # it is made of what is here

        reset()
        seen |= play(server, asked["scenes"], asked["logins"][0])
    return seen


if __name__ == "__main__":
    given = json.load(sys.stdin)
    found = {name: dialogue(tuple(at), given) for name, at in given["servers"].items()}
    json.dump(found, sys.stdout)
