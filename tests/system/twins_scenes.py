# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a machine, beside the dialogue: what takes more than one connection at a time.

A scene is played with one server, in files made anew, and gives what was seen, by step. None is
timed: a server of which a rate is wanted is slow if it has not sent or taken all in a moment.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from twins_inside import Client

Server = tuple[str, int]
MUCH: Final = 32 << 20
"""More than all the buffers on the way hold."""
MOMENT: Final = 0.4
LONGEST: Final = 10.0
WELCOME: Final = ("third in all", "another instead of the first")


def arrive(server: Server, source: str, user: str, password: str) -> tuple[Client, str]:
    """Connect and log in; give the codes until it is done, or refused."""
    client = Client(server, "", source)
    codes = [client.hear()[:3]]
    for command in (f"USER {user}", f"PASS {password}"):
        if codes[-1][:1] in "23":
            codes.append(client.say(command)[:3])
    return client, " ".join(codes)


def crowd(server: Server, login: tuple[str, str]) -> dict[str, str]:
    """Come two by two, where two of an address and three in all are let in."""
    seen: dict[str, str] = {}
    here: list[Client] = []
    with contextlib.ExitStack() as stack:
        for who, source in (
            ("first", "127.0.8.1"),
            ("second of an address", "127.0.8.1"),
            ("third of an address", "127.0.8.1"),
            ("third in all", "127.0.8.2"),
            ("fourth in all", "127.0.8.3"),
            ("another instead of the first", "127.0.8.3"),
        ):
            if "instead" in who:
                seen["first leaves"] = here[0].say("QUIT")[:3]
                here[0].sock.close()
            client, seen[who] = arrive(server, source, *login)
            deadline = time.monotonic() + LONGEST
            # Whoever has left, or was refused, may count for some moments more, with systemd too.
            while who in WELCOME and not seen[who].endswith("230") and time.monotonic() < deadline:
                client.sock.close()
                time.sleep(0.05)
                client, seen[who] = arrive(server, source, *login)
            stack.enter_context(contextlib.closing(client.sock))
            if "421" in seen[who]:
                client.sock.close()
            here.append(client)
    return seen


def active(server: Server, login: tuple[str, str]) -> dict[str, str]:
    """Let the server connect: from which port does it, and whereto."""
    client, _ = arrive(server, "127.0.0.1", *login)
    seen = {"PASV and PORT": client.say("PASV")[:3]}
    with contextlib.closing(client.sock), socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LONGEST)
        port = listener.getsockname()[1]
        for command in (
            f"PORT 127,0,0,1,{port >> 8},{port & 255}",
            f"EPRT |1|127.0.0.1|{port}|",
        ):
            verb = command[:4]
            codes = [client.say(command)[:3], client.say("NLST pub")[:3]]
            if codes == ["200", "150"]:
                data, (_, source) = listener.accept()
                with data:
                    seen[f"{verb} names"] = repr(data.recv(4096))
                seen[f"{verb} source"] = "20" if source == 20 else "another"
                codes.append(client.hear()[:3])
            seen[verb] = " ".join(codes)
        for told, where in (("elsewhere", "127,0,0,9,200,1"), ("a low port", "127,0,0,1,0,25")):
            seen[f"PORT to {told}"] = client.say(f"PORT {where}")[:3]
        seen["EPRT to elsewhere"] = client.say("EPRT |1|127.0.0.9|50000|")[:3]
    return seen


def resumption(server: Server, login: tuple[str, str]) -> dict[str, str]:
    """Protect data connections with the session of the control connection, and without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    seen = {}
    client = Client(server, "")
    client.hear()
    with contextlib.closing(client.sock):
        client.say("AUTH TLS")
        client.sock = control = context.wrap_socket(client.sock)
        client.lines = control.makefile("rb")
        for command in (f"USER {login[0]}", f"PASS {login[1]}", "PBSZ 0", "PROT P"):
            client.say(command)
        for told, session in (
            ("the session", control.session),
            ("a session of its own", None),
            ("the session again", control.session),
        ):
            offered = client.say("EPSV")
            if offered[:3] != "229":
                seen[told] = offered[:3]
                continue
            port = int(re.findall(r"\|\|\|(\d+)\|", offered)[0])
            received = b""
            with socket.create_connection((server[0], port), LONGEST) as data:
                codes = [client.say("RETR readme")[:3]]
                with (
                    contextlib.suppress(OSError),
                    context.wrap_socket(data, session=session) as protected,
                ):
                    while piece := protected.recv(4096):
                        received += piece
            codes.append(client.hear()[:3])
            seen[told] = f"{' '.join(codes)} {received!r}"
    return seen


def rate(server: Server, login: tuple[str, str]) -> dict[str, str]:
    """Fetch and send much, and leave after a moment."""
    large = Path(f"/home/{login[0]}/pub/large")
    with large.open("wb") as file:
        file.truncate(MUCH)
    large.chmod(0o644)
    seen = {}
    for command in ("RETR pub/large", "STOR incoming/large"):
        client, _ = arrive(server, "127.0.0.1", *login)
        port = int(re.findall(r"\|\|\|(\d+)\|", client.say("EPSV"))[0])
        with (
            contextlib.closing(client.sock),
            socket.create_connection((server[0], port), LONGEST) as data,
        ):
            seen[command] = client.say(command)[:3]
            moved, step = 0, _get if command[:4] == "RETR" else _put
            deadline = time.monotonic() + MOMENT
            while moved < MUCH and (left := deadline - time.monotonic()) > 0:
                data.settimeout(left)
                with contextlib.suppress(TimeoutError):
                    moved += step(data)
            seen[f"{command} is"] = "slowed" if moved < MUCH else "done at once"
    large.unlink()
    return seen


def _get(data: socket.socket) -> int:
    return len(data.recv(1 << 20))


def _put(data: socket.socket) -> int:
    return data.send(bytes(1 << 20))


SCENES: Final[dict[str, Callable[[Server, tuple[str, str]], dict[str, str]]]] = {
    "crowd": crowd,
    "active": active,
    "resumption": resumption,
    "rate": rate,
}


def play(server: Server, names: list[str], login: list[str]) -> dict[str, str]:
    """Play scenes; give what was seen, by scene and step."""
    return {
        f"{name}: {step}": what
        for name in names
        for step, what in SCENES[name](server, (login[0], login[1])).items()
    }
